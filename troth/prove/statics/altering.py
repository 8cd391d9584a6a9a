"""How is a policy changed in one place? The changes that turn an analysis red; none of them is ever published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from troth.policy.model import Cookie, EventType, Item, Policy, Purpose, Recipient

T = TypeVar("T")


def items(policy: Policy, names: Iterable[str], change: Callable[[Item], Item]) -> Policy:
    """The policy with these items changed."""
    return replace(policy, items=_changed(policy.items, names, change))


def events(policy: Policy, names: Iterable[str], change: Callable[[EventType], EventType]) -> Policy:
    """The policy with these events changed."""
    return replace(policy, events=_changed(policy.events, names, change))


def purposes(policy: Policy, names: Iterable[str], change: Callable[[Purpose], Purpose]) -> Policy:
    """The policy with these purposes changed."""
    return replace(policy, purposes=_changed(policy.purposes, names, change))


def recipients(policy: Policy, names: Iterable[str], change: Callable[[Recipient], Recipient]) -> Policy:
    """The policy with these recipients changed."""
    return replace(policy, recipients=_changed(policy.recipients, names, change))


def cookies(policy: Policy, names: Iterable[str], change: Callable[[Cookie], Cookie]) -> Policy:
    """The policy with these cookies changed."""
    return replace(policy, cookies=_changed(policy.cookies, names, change))


def without_items(policy: Policy, names: Iterable[str]) -> Policy:
    """The policy with no purpose that uses these items."""
    gone = frozenset(names)
    return purposes(policy, policy.purposes, lambda one: replace(one, items=tuple(item for item in one.items if item not in gone)))


def without_purposes(policy: Policy, names: Iterable[str]) -> Policy:
    """The policy without these purposes."""
    return replace(policy, purposes=_without(policy.purposes, names))


def section(policy: Policy, name: str, **fields: Any) -> Policy:
    """The policy with fields of one section changed."""
    changed: Policy = replace(policy, **{name: replace(getattr(policy, name), **fields)})
    return changed


def _changed(found: Mapping[str, T], names: Iterable[str], change: Callable[[T], T]) -> dict[str, T]:
    wanted = frozenset(names)
    return {id: change(one) if id in wanted else one for id, one in found.items()}


def _without(found: Mapping[str, T], names: Iterable[str]) -> dict[str, T]:
    gone = frozenset(names)
    return {id: one for id, one in found.items() if id not in gone}
