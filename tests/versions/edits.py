"""What may change in a policy? Small edits with a name, for whatever policy they fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from troth.policy.demands import Announcements
from troth.policy.model import Cookie, Policy, Recipient

Edit = Callable[[Policy], Policy]


def entry(section: str, id: str, **values: Any) -> Edit:
    """Other values for one entry's fields."""

    def apply(policy: Policy) -> Policy:
        entries = getattr(policy, section)
        return replace(policy, **{section: {**entries, id: replace(entries[id], **values)}})

    return apply


def added(section: str, one: Any) -> Edit:
    """One more entry; a cookie goes by its name."""
    id = one.name if isinstance(one, Cookie) else one.id
    return lambda policy: replace(policy, **{section: {**getattr(policy, section), id: one}})


def without(section: str, id: str) -> Edit:
    """One entry fewer."""
    return lambda policy: replace(policy, **{section: {name: one for name, one in getattr(policy, section).items() if name != id}})


def promising(**values: Any) -> Edit:
    """Other rules of announcing."""
    return lambda policy: replace(policy, announcements=replace(Announcements(), **values))


def one_more_word(policy: Policy) -> Policy:
    """A small change: the notice says one thing in other words."""
    return replace(policy, notice=replace(policy.notice, changes=policy.notice.changes + " It is dated."))


def new_recipient(purpose: str, item: str, country: str = "FR") -> Edit:
    """Somebody new receives data: a disclosure that matters."""
    one = Recipient("new-house", "New House", "hosting", country, (purpose,), (item,))
    return added("recipients", one)


def kept_longer(rule: str, days: int) -> Edit:
    """A retention rule that keeps longer."""
    return entry("retention", rule, keep_for=timedelta(days=days))
