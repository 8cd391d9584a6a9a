"""May we? Decides one question from the plan and a standing, and touches nothing.

An undeclared purpose, item, event or role is a no. An unexpected error is a no.
Source: GDPR Art. 5, 6, 7(3), 18, 21
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from troth.consent.record import PROHIBITIONS, way
from troth.consent.standing import Standing
from troth.gate.plan import ABSOLUTE, Plan, Treatment, ViewRule
from troth.gate.reasons import Reason
from troth.policy.model import Kind, Permission, Policy, Purpose


@dataclass(frozen=True, slots=True)
class MayCollect:
    """May this event about this subject be kept?"""

    event: str


@dataclass(frozen=True, slots=True)
class MayUse:
    """May this subject's data serve a purpose? `items` empty: whatever the purpose uses.

    A purpose that collects nothing of its own needs a written `justification` each time.
    """

    purpose: str
    items: frozenset[str] = frozenset()
    justification: str = ""


@dataclass(frozen=True, slots=True)
class MayQuery:
    """May an operator of this role ask a question of many for a purpose?"""

    purpose: str
    role: str
    items: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class MaySend:
    """May a message for a purpose go to this subject by a channel?"""

    purpose: str
    channel: str


@dataclass(frozen=True, slots=True)
class MayJoin:
    """May what came by these channels be put together?"""

    pair: str


Question = MayCollect | MayUse | MayQuery | MaySend | MayJoin


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes: for these items, for this purpose."""

    purpose: str
    items: frozenset[str]
    treatment: Treatment | None = None
    rule: ViewRule | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """No, because."""

    reason: Reason
    about: str = ""


def decide(question: Question, plan: Plan, standing: Standing | None, at: datetime) -> Permit | Deny:
    """Permit or Deny. Pure: the same question on the same facts has the same answer.

    `at` is the instant asked about, aware. A failure inside the gate is a refusal.
    """
    try:
        return _decide(question, plan, standing, at)
    except Exception:  # fail closed: a gate that errs must not open
        return Deny(Reason.GATE_FAILED)


def _decide(question: Question, plan: Plan, standing: Standing | None, at: datetime) -> Permit | Deny:
    match question:
        case MayCollect(event):
            return _collect(event, plan, standing)
        case MayUse(purpose, items, justification):
            return _use(purpose, items, justification, plan, standing)
        case MaySend(purpose, channel):
            return _send(purpose, channel, plan, standing)
        case MayQuery(purpose, role, items):
            return _query(purpose, role, items, plan)
        case MayJoin(pair):
            return _join(pair, plan, standing)
        case _:
            assert_never(question)


def _collect(event: str, plan: Plan, standing: Standing | None) -> Permit | Deny:
    if event not in plan.policy.events:
        return Deny(Reason.UNDECLARED_EVENT)
    if standing is None:
        return Deny(Reason.UNKNOWN_SUBJECT)
    treatment = plan.treatment(event, standing)
    if treatment.refusal is not None:
        return Deny(treatment.refusal, event)
    return Permit("", treatment.items, treatment)


def looks_at_others(purpose: Purpose) -> bool:
    """Whether a purpose nobody is asked for collects nothing itself, and looks at what was collected for others."""
    return not purpose.events and purpose.permission is Permission.NONE


def _use(purpose: str, items: frozenset[str], justification: str, plan: Plan, standing: Standing | None) -> Permit | Deny:
    rule = plan.view_rule(purpose)
    if rule is None:
        return Deny(Reason.UNKNOWN_PURPOSE, purpose)
    if standing is None:
        return Deny(Reason.UNKNOWN_SUBJECT)
    if not items <= rule.items:
        return Deny(Reason.ITEM_NOT_FOR_PURPOSE, purpose)
    if rule.purpose.populations and standing.population not in rule.purpose.populations:
        return Deny(Reason.ITEM_NOT_FOR_POPULATION, purpose)
    denial = plan.denial(rule.purpose, standing)
    if denial is not None:
        return Deny(denial, purpose)
    if looks_at_others(rule.purpose):
        return Permit(purpose, items or rule.items) if justification.strip() else Deny(Reason.NO_JUSTIFICATION, purpose)
    return Permit(purpose, items or rule.items, rule=rule)


def _send(purpose: str, channel: str, plan: Plan, standing: Standing | None) -> Permit | Deny:
    """What the purpose permits, but for whom said no to this way of being written to: that ends what one may be spared."""
    verdict = _use(purpose, frozenset(), "", plan, standing)
    if isinstance(verdict, Deny) or standing is None or standing.states.get(way(channel)) not in PROHIBITIONS:
        return verdict
    return Deny(Reason.NOT_THIS_WAY, channel) if spares(plan.policy, plan.policy.purposes[purpose], channel) else verdict


def spares(policy: Policy, purpose: Purpose, channel: str) -> bool:
    """Whether a no to a channel ends its messages for this purpose: what the channel is for, and whatever sells."""
    rules = policy.channels.get(channel)
    return purpose.kind in ABSOLUTE or (rules is not None and purpose.id in rules.purposes)


def _query(purpose: str, role: str, items: frozenset[str], plan: Plan) -> Permit | Deny:
    rule = plan.view_rule(purpose)
    if rule is None:
        return Deny(Reason.UNKNOWN_PURPOSE, purpose)
    public = role == "public" and rule.purpose.kind is Kind.PUBLICATION  # what is published, anyone may see
    if not public and purpose not in plan.policy.roles.get(role, ()):
        return Deny(Reason.ROLE_NOT_ALLOWED, purpose)
    if not items <= rule.items:
        return Deny(Reason.ITEM_NOT_FOR_PURPOSE, purpose)
    return Permit(purpose, items or rule.items, rule=rule)


def _join(pair: str, plan: Plan, standing: Standing | None) -> Permit | Deny:
    joining = [purpose for purpose in plan.policy.purposes.values() if pair in purpose.joins]
    if not joining:
        return Deny(Reason.JOIN_NOT_PROMISED, pair)
    if standing is None:
        return Deny(Reason.UNKNOWN_SUBJECT)
    denials = [plan.denial(purpose, standing) for purpose in joining]
    for purpose, denial in zip(joining, denials, strict=True):
        if denial is None:
            return Permit(purpose.id, frozenset(purpose.items), rule=plan.view_rule(purpose.id))
    return Deny(denials[0] or Reason.NO_PERMISSION, joining[0].id)
