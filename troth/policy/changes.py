"""Does a fact in which two policies differ let more be done than before? It says nothing in words.

The rules of conduct and rights have their own table in `changes_conduct`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from troth.policy.changes_conduct import CONDUCT_RULES, Rule, channel_widens, longer
from troth.policy.facts import Fact
from troth.policy.model import STRICTNESS, Basis, Controller, EnabledBy, Form, Leaving, Permission, Policy, Without, permission_under


def widens(fact: Fact, old: Policy, new: Policy) -> bool:
    """Whether the fact lets more be collected, kept, joined, shown or sent, or asks people less than before."""
    if fact.section == "regimes" or fact.place == ("settings", "default_regime"):
        return _asks_less(old, new)
    if fact.section == "roles":
        return fact.after is not None and (fact.member or bool(fact.after))
    if fact.section == "channels" and not fact.field:
        return channel_widens(fact, old, new)
    if not fact.field:
        return (fact.section in _NEW_WIDENS and fact.before is None) or (fact.section in _GONE_WIDENS and fact.after is None)
    rule = RULES.get((fact.section, fact.field)) or CONDUCT_RULES.get((fact.section, fact.field))
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


def _cookie_longer(fact: Fact, old: Policy, new: Policy) -> bool:
    """A cookie without a duration goes when the browser closes: the shortest."""
    return bool((fact.after or timedelta(0)) > (fact.before or timedelta(0)))


def _switched_on(fact: Fact, old: Policy, new: Policy) -> bool:
    """A client may switch on what its parent leaves to its clients; nobody else's file can."""
    before = old.items[fact.id]
    return bool(fact.after) and (before.enabled_by is EnabledBy.POLICY or new.parent != old.workspace)


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


RULES: Mapping[tuple[str, str], Rule] = {
    ("organisation", "name"): _always,
    ("organisation", "role"): _always,
    ("populations", "category"): _always,
    ("populations", "controller"): _to(Controller.CLIENT),
    ("items", "category"): _always,
    ("items", "form"): _to(Form.CLEAR),
    ("items", "keep"): _kept_longer,
    ("items", "at"): _joined,
    ("items", "values"): _not_to(None),
    ("items", "populations"): _of_all,
    ("items", "personal"): _to(False),
    ("items", "special"): _always,
    ("items", "sensitive"): _not_to(""),
    ("items", "enabled_by"): _always,
    ("items", "enabled"): _switched_on,
    ("retention", "keep_for"): _longer,
    ("retention", "ground"): _not_to(None),
    ("retention", "counted_from"): _always,
    ("retention", "told_on_request"): _to(False),
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
    ("recipients", "announced_by"): _always,
    ("settings", "ask_again_after"): _longer,
    ("settings", "legal_reasons"): _joined,
    ("settings", "regions"): _joined,
    ("settings", "region"): _always,
    ("settings", "measures"): _left,
    ("settings", "global_privacy_control"): _signal_lost,
    ("promises", "sentence"): _always,
}
