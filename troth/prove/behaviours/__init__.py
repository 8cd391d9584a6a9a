"""The behaviours that prove promises, by theme. Importing this package enters them all in the registry."""

from troth.prove.behaviours import californian, calls, choosing, disclosing, events, joining, messaging, notices, rights, visits, writing

__all__ = ["californian", "calls", "choosing", "disclosing", "events", "joining", "messaging", "notices", "rights", "visits", "writing"]
