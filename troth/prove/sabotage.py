"""What if the system were broken in exactly this way? Named ways of breaking the running system, one behaviour each.

They exist so that every proof can be shown to turn red. Never on unless asked for by name
(`make sabotage NAME=…`), never in a data folder that is not a rehearsal's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from troth.base.errors import Fault


@dataclass(frozen=True, slots=True)
class Sabotage:
    """A way of breaking: in words, and the places it changes (owner, attribute, replacement maker)."""

    name: str
    words: str
    changes: Callable[[], list[tuple[Any, str, Any]]]


SABOTAGES: dict[str, Sabotage] = {}


def sabotage(words: str) -> Callable[[Callable[[], list[tuple[Any, str, Any]]]], Callable[[], list[tuple[Any, str, Any]]]]:
    """Enter a function that lists what is changed to break one behaviour; its name is the sabotage's name."""

    def enter(changes: Callable[[], list[tuple[Any, str, Any]]]) -> Callable[[], list[tuple[Any, str, Any]]]:
        name = changes.__name__.replace("_", "-")
        if name in SABOTAGES:
            raise ValueError(f"two sabotages are named {name}")
        SABOTAGES[name] = Sabotage(name, words, changes)
        return changes

    return enter


@contextmanager
def sabotaged(name: str) -> Iterator[None]:
    """Run the block on a system broken in this way; whole again afterwards. Raises `no-such-sabotage`."""
    undo = break_now(name)
    try:
        yield
    finally:
        undo()


def break_now(name: str) -> Callable[[], None]:
    """Break the running process in this way; returns what mends it."""
    import troth.prove.sabotages  # noqa: F401  (entering the list is what importing it does)

    found = SABOTAGES.get(name)
    if found is None:
        raise Fault("no-such-sabotage", f"there is no sabotage `{name[:40]}`", help="troth sabotage list")
    before: list[tuple[Any, Any, Any]] = []
    attribute: Any  # a name, or a key of a dictionary or list
    for owner, attribute, replacement in found.changes():
        if isinstance(owner, (dict, list)):
            before.append((owner, attribute, owner[attribute]))
            owner[attribute] = replacement
        else:
            before.append((owner, attribute, vars(owner)[attribute]))
            setattr(owner, attribute, replacement)

    def mend() -> None:
        for owner, attribute, was in reversed(before):
            if isinstance(owner, (dict, list)):
                owner[attribute] = was
            else:
                setattr(owner, attribute, was)

    return mend
