"""The behaviours that prove promises, by theme. Importing this package enters them all in the registry."""

from troth.prove.behaviours import californian, calls, chatting, choosing, disclosing, events, notices, refusing, rights, visits, writing

__all__ = [
    "californian", "calls", "chatting", "choosing", "disclosing", "events", "notices", "refusing", "rights", "visits", "writing",
]
