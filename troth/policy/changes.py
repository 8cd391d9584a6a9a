"""In which facts do two policies differ, and does a fact let more be done than before? It says nothing in words.

Every difference is one `Fact`; equal policies have none. The order of mappings is not a fact, the order of lists is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from troth.policy.model import STRICTNESS, Basis, Form, Leaving, Permission, Policy, Without, permission_under

KEYED = ("populations", "retention", "items", "events", "purposes", "cookies", "recipients", "regimes", "roles", "promises", "readings")
RECORDS = ("organisation", "site", "calls", "settings", "notice")
WORDS = ("workspace", "title", "version", "effective_on", "changed_on", "language", "parent")


@dataclass(frozen=True, slots=True)
class Fact:
    """One difference. Without `field` the whole entry came or went.

    `member`: one thing joined or left a list or a mapping, named by `key`; else the field's value changed.
    """

    section: str
    id: str
    field: str
    before: Any
    after: Any
    key: str = ""
    member: bool = False

    @property
    def place(self) -> tuple[str, ...]:
        return tuple(step for step in (self.section, self.id, self.field) if step)


def facts(old: Policy, new: Policy) -> list[Fact]:
    """Every fact in which `new` differs from `old`, in the order of the file."""
    found: list[Fact] = []
    for name in WORDS:
        found += _values("", "", name, getattr(old, name), getattr(new, name))
    for section in RECORDS:
        found += _fields(section, "", getattr(old, section), getattr(new, section))
    for section in KEYED:
        found += _entries(section, getattr(old, section), getattr(new, section))
    return found


def _entries(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Fact]:
    for id in [*old, *(id for id in new if id not in old)]:
        if id not in new or id not in old:
            yield Fact(section, id, "", old.get(id), new.get(id))
        elif section == "roles":
            yield from _values(section, id, "", old[id], new[id])
        else:
            yield from _fields(section, id, old[id], new[id])


def _fields(section: str, id: str, old: Any, new: Any) -> Iterator[Fact]:
    for field in fields(old):
        yield from _values(section, id, field.name, getattr(old, field.name), getattr(new, field.name))


def _values(section: str, id: str, field: str, old: Any, new: Any) -> Iterator[Fact]:
    if old == new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        yield from _members(section, id, field, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key):
                yield Fact(section, id, field, old.get(key), new.get(key), str(key), True)
    else:
        yield Fact(section, id, field, old, new)


def _members(section: str, id: str, field: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Fact]:
    """What joined and left a list; when neither, its order changed. Group companies are told apart by their id."""
    were, are = set(old), set(new)
    left, joined = [each for each in old if each not in are], [each for each in new if each not in were]
    for each in left:
        yield Fact(section, id, field, each, None, getattr(each, "id", str(each)), True)
    for each in joined:
        yield Fact(section, id, field, None, each, getattr(each, "id", str(each)), True)
    if not left and not joined:
        yield Fact(section, id, field, old, new)


def widens(fact: Fact, old: Policy, new: Policy) -> bool:
    """Whether the fact lets more be collected, kept, joined, shown or sent, or asks people less than before."""
    if fact.section == "regimes" or fact.place == ("settings", "default_regime"):
        return _asks_less(old, new)
    if fact.section == "roles":
        return fact.after is not None and (fact.member or bool(fact.after))
    if not fact.field:
        return (fact.section in _NEW_WIDENS and fact.before is None) or (fact.section in _GONE_WIDENS and fact.after is None)
    rule = _RULES.get((fact.section, fact.field))
    return rule is not None and rule(fact, old, new)


def _asks_less(old: Policy, new: Policy) -> bool:
    """Whether anyone, wherever the law finds them, would be asked less for any purpose both policies have."""
    laws = {*old.regimes, *new.regimes, ""}
    return any(
        STRICTNESS[_asked(new, id, law)] < STRICTNESS[_asked(old, id, law)]
        for id in old.purposes if id in new.purposes for law in laws)


def _asked(policy: Policy, purpose: str, law: str) -> Permission:
    if law not in policy.regimes and policy.settings.default_regime not in policy.regimes:
        return Permission.NONE  # no law at all: the least that could be
    return permission_under(policy, policy.purposes[purpose], law)


_NEW_WIDENS = frozenset({"populations", "items", "events", "purposes", "cookies", "recipients"})
_GONE_WIDENS = frozenset({"promises"})

Rule = Callable[[Fact, Policy, Policy], bool]


def _always(fact: Fact, old: Policy, new: Policy) -> bool:
    return True


def _joined(fact: Fact, old: Policy, new: Policy) -> bool:
    return fact.member and fact.before is None


def _left(fact: Fact, old: Policy, new: Policy) -> bool:
    return fact.member and fact.after is None


def _signal_lost(fact: Fact, old: Policy, new: Policy) -> bool:
    """A purpose that the signal refused and no longer refuses; one that is gone loses nothing."""
    return fact.after is None and fact.key in new.purposes


def _longer(fact: Fact, old: Policy, new: Policy) -> bool:
    return longer(fact.before, fact.after)


def longer(before: timedelta | None, after: timedelta | None) -> bool:
    """Whether `after` keeps longer; no limit is the longest."""
    return before is not None and (after is None or after > before)


def _cookie_longer(fact: Fact, old: Policy, new: Policy) -> bool:
    """A cookie without a duration goes when the browser closes: the shortest."""
    return bool((fact.after or timedelta(0)) > (fact.before or timedelta(0)))


def _lower(fact: Fact, old: Policy, new: Policy) -> bool:
    return bool(fact.after < fact.before)


def _to(*values: Any) -> Rule:
    return lambda fact, old, new: fact.after in values


def _not_to(*values: Any) -> Rule:
    return lambda fact, old, new: fact.after not in values


def _looser(fact: Fact, old: Policy, new: Policy) -> bool:
    return STRICTNESS[fact.after] < STRICTNESS[fact.before]


def _kept_longer(fact: Fact, old: Policy, new: Policy) -> bool:
    """An item moved to another retention rule."""
    before, after = old.retention.get(fact.before), new.retention.get(fact.after)
    if before is None or after is None:
        return True
    return longer(before.keep_for, after.keep_for) or (after.ground is not None and after.ground != before.ground)


def _of_all(fact: Fact, old: Policy, new: Policy) -> bool:
    """A list that means everybody when it is empty."""
    before, after = (getattr(getattr(policy, fact.section)[fact.id], fact.field) for policy in (old, new))
    return bool(before) and (not after or not set(after) <= set(before))


def _cookie_purposes(fact: Fact, old: Policy, new: Policy) -> bool:
    """An empty list says strictly necessary, which is set without asking."""
    before, after = old.cookies[fact.id].purposes, new.cookies[fact.id].purposes
    return bool(before) and (not after or not set(after) <= set(before))


_RULES: Mapping[tuple[str, str], Rule] = {
    ("organisation", "name"): _always,
    ("organisation", "role"): _always,
    ("populations", "category"): _always,
    ("items", "category"): _always,
    ("items", "form"): _to(Form.CLEAR),
    ("items", "keep"): _kept_longer,
    ("items", "at"): _joined,
    ("items", "values"): _not_to(None),
    ("items", "populations"): _of_all,
    ("items", "personal"): _to(False),
    ("items", "special"): _always,
    ("retention", "keep_for"): _longer,
    ("retention", "ground"): _not_to(None),
    ("events", "items"): _joined,
    ("events", "population"): _always,
    ("events", "call"): _always,
    ("events", "name"): _always,
    ("events", "required"): _joined,
    ("events", "about"): _not_to(Leaving.DELETE),
    ("events", "channel"): _always,
    ("purposes", "kind"): _always,
    ("purposes", "basis"): _not_to(Basis.CONSENT),
    ("purposes", "permission"): _looser,
    ("purposes", "items"): _joined,
    ("purposes", "events"): _joined,
    ("purposes", "keep_for"): _longer,
    ("purposes", "without"): _to(Without.REMAINDER),
    ("purposes", "remainder"): _joined,
    ("purposes", "joins"): _joined,
    ("purposes", "populations"): _of_all,
    ("purposes", "below_floor"): _not_to(None),
    ("cookies", "storage"): _always,
    ("cookies", "purposes"): _cookie_purposes,
    ("cookies", "keep_for"): _cookie_longer,
    ("cookies", "personal"): _to(False),
    ("recipients", "label"): _always,
    ("recipients", "category"): _always,
    ("recipients", "country"): _always,
    ("recipients", "purposes"): _joined,
    ("recipients", "items"): _joined,
    ("recipients", "terms"): _to(None),
    ("recipients", "safeguard"): _always,
    ("recipients", "group"): _always,
    ("settings", "threshold"): _lower,
    ("settings", "ask_again_after"): _longer,
    ("settings", "legal_reasons"): _joined,
    ("settings", "regions"): _joined,
    ("settings", "region"): _always,
    ("settings", "measures"): _left,
    ("settings", "fee_after"): _lower,
    ("settings", "child_age"): _lower,
    ("settings", "global_privacy_control"): _signal_lost,
    ("promises", "sentence"): _always,
}
