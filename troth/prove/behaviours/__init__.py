"""The behaviours that prove promises, by theme. Importing this package enters them all in the registry."""

from troth.prove.behaviours import (
    californian,
    calls,
    chatting,
    choosing,
    cookies,
    disclosing,
    events,
    joining,
    messaging,
    notices,
    publishing,
    refusing,
    rights,
    visits,
    weighing,
    writing,
)

__all__ = [
    "californian", "calls", "chatting", "choosing", "cookies", "disclosing", "events", "joining",
    "messaging", "notices", "publishing", "refusing", "rights", "visits", "weighing", "writing",
]
