"""Do the details somebody gives match what is held? Counts matches of details that can be relied on; shows none.

A name or a company is known to many and proves nothing. Nothing is asked for that is not held, and what is given
here is compared and forgotten.
Source: 11 CCR 7060, 7062; GDPR Art. 12(6)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.policy.model import Item, Policy
from troth.store.reveal import RevealedEvent
from troth.subjects.directory import IdentifierKind, normalise

RELIABLE = ("user.contact.email", "user.contact.phone_number", "user.account.username", "user.financial")

Held = Mapping[str, frozenset[str]]


def held_details(policy: Policy, events: Iterable[RevealedEvent]) -> Held:
    """The reliable details that are held of a person, in one spelling each, by item."""
    found: dict[str, set[str]] = {}
    for event in events:
        for id, value in event.items.items():
            item = policy.items.get(id)
            if item is not None and is_reliable(item):
                found.setdefault(id, set()).add(_spelt(item, str(value)))
    return {id: frozenset(values) for id, values in found.items()}


def is_reliable(item: Item) -> bool:
    """Whether knowing this detail says something about who knows it."""
    return item.personal and item.category.startswith(RELIABLE) and item.values is None


def matching(policy: Policy, held: Held, given: Mapping[str, str]) -> int:
    """How many different reliable details match. A detail given twice under two names counts once."""
    matched = set()
    for id, value in given.items():
        item = policy.items.get(id)
        if item is not None and is_reliable(item) and value.strip() and _spelt(item, value) in held.get(id, frozenset()):
            matched.add(_spelt(item, value))
    return len(matched)


def can_ask_for(policy: Policy, held: Held, address: str) -> list[Item]:
    """The details that can be asked for beside the address a link was opened at."""
    known = normalise(IdentifierKind.EMAIL, address)
    return [policy.items[id] for id, values in held.items() if values - {known}]


def _spelt(item: Item, value: str) -> str:
    if item.category.startswith("user.contact.phone_number"):
        return normalise(IdentifierKind.PHONE, value).lstrip("+0")[-9:]  # people write their number with and without its country
    return value.strip().casefold()
