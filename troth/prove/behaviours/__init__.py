"""The behaviours that prove promises, by theme. Importing this package enters them all in the registry."""

from troth.prove.behaviours import calls, choosing, disclosing, events, notices, rights, visits, writing

__all__ = ["calls", "choosing", "disclosing", "events", "notices", "rights", "visits", "writing"]
