"""What would be stored of an event, for somebody of whom this holds, and why? The plan's own answer, spelled out item by item.

It decides nothing: what is kept is what `decide` says for the same question, and each purpose's reason is `Plan.denial`'s.
Source: GDPR Art. 5(1)(a) (transparency), 13
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from troth.base.errors import Fault
from troth.consent.record import State, Strength
from troth.consent.standing import NOBODY, Standing
from troth.gate.decide import Deny, MayCollect, decide
from troth.gate.plan import Plan, Treatment
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.finding import meant, quoted
from troth.policy.model import STRICTNESS, EventType, Item, Permission, Purpose
from troth.policy.promises import about
from troth.policy.words import length


class Stored(StrEnum):
    """How much of an event is kept."""

    ALL = "kept"
    REMAINDER = "anonymous-remainder"
    NOTHING = "nothing"


class Fate(StrEnum):
    """What becomes of one item."""

    CLEAR = "kept clear"
    COARSENED = "coarsened"
    SEALED = "sealed"
    DROPPED = "dropped"


COARSE: Mapping[str, str] = {
    "route": "as one of the site's declared paths",
    "host": "as a host name alone",
    "browser": "as the browser's name and major version",
    "os": "as the operating system's name",
    "device": "as the kind of device",
}
HOW: Mapping[str, str] = {
    "given": "the person said yes", "unobjected": "nobody need ask first, and the person has not objected",
    "needless": "no permission is needed", "remainder": "only for what is left without a person",
}


@dataclass(frozen=True, slots=True)
class ItemShown:
    """One item of the event. `purposes`: whom it is kept for; `why`: how it is kept, or why it is not."""

    item: str
    label: str
    fate: Fate
    purposes: tuple[str, ...]
    why: str
    keep: str


@dataclass(frozen=True, slots=True)
class PurposeShown:
    """One purpose of the event. `reason` is None when it is permitted; `law` is set when a law is stricter than the policy."""

    purpose: str
    label: str
    basis: str
    policy_says: Permission
    holds: Permission
    law: str
    how: str
    reason: Reason | None
    promises: tuple[tuple[str, str], ...]  # ids of promises about it, each with its clause

    @property
    def sentence(self) -> str:
        """Why it is permitted, or refused, in words."""
        return SENTENCES[self.reason] if self.reason else HOW[self.how]


@dataclass(frozen=True, slots=True)
class Shown:
    """The whole answer."""

    event: str
    label: str
    regime: str
    said: Mapping[str, State]
    stored: Stored
    reason: Reason | None
    items: tuple[ItemShown, ...]
    purposes: tuple[PurposeShown, ...]

    @property
    def when(self) -> str:
        """How exactly the time is kept."""
        return {Stored.ALL: "the exact time", Stored.REMAINDER: "the day alone", Stored.NOTHING: "no time"}[self.stored]

    def as_json(self) -> dict[str, Any]:
        """The answer for a program."""
        return {
            "event": self.event, "regime": self.regime, "said": {purpose: str(state) for purpose, state in self.said.items()},
            "stored": str(self.stored), "reason": str(self.reason) if self.reason else None, "time": self.when,
            "items": [
                {"item": one.item, "fate": str(one.fate), "purposes": list(one.purposes), "why": one.why, "keep": one.keep} for one in self.items
            ],
            "purposes": [
                {"purpose": one.purpose, "basis": one.basis, "permitted": one.reason is None, "reason": str(one.reason) if one.reason else None,
                 "why": one.sentence, "policy_says": str(one.policy_says), "holds": str(one.holds), "law": one.law or None,
                 "promises": [{"id": id, "clause": clause} for id, clause in one.promises]}
                for one in self.purposes
            ],
        }


def standing_of(plan: Plan, event: str, said: Mapping[str, State], regime: str = "", restricted: bool = False, nobody: bool = False) -> Standing:
    """The standing of somebody new who said this; raises Fault for names the policy does not have."""
    policy = plan.policy
    law = regime or policy.settings.default_regime
    if event not in policy.events:
        raise Fault("undeclared-event", f"the policy declares no event {quoted(event)}", help=meant(event, policy.events) or _known(policy.events))
    if law not in policy.regimes:
        raise Fault("undeclared-regime", f"the policy names no law {quoted(law)}", help=_known(policy.regimes))
    for purpose in said:
        if purpose not in policy.purposes:
            help = meant(purpose, policy.purposes) or _known(policy.purposes)
            raise Fault("undeclared-purpose", f"the policy declares no purpose {quoted(purpose)}", help=help)
    if nobody:
        return NOBODY
    strength = Strength.EXPLICIT if State.GIVEN in said.values() else Strength.NONE
    signature = (law, restricted, frozenset(said.items()), strength)
    return Standing(1, 0, policy.events[event].population, law, restricted, said, strength, False, signature)


def _known(names: Mapping[str, object]) -> str:
    return "there are " + ", ".join(quoted(name) for name in names)


def show(plan: Plan, event: str, standing: Standing, at: datetime) -> Shown:
    """What `decide` would have stored of this event about somebody of this standing, and why."""
    declared = plan.policy.events[event]
    verdict = decide(MayCollect(event), plan, standing, at)
    treatment = None if isinstance(verdict, Deny) else verdict.treatment
    reason = verdict.reason if isinstance(verdict, Deny) else treatment.withheld if treatment else None
    stored = Stored.NOTHING if treatment is None else Stored.REMAINDER if treatment.anonymous else Stored.ALL
    purposes = tuple(_purpose(plan, purpose, standing) for purpose in plan.policy.purposes.values() if event in purpose.events)
    items = tuple(_item(plan, declared, plan.policy.items[id], treatment, purposes) for id in declared.items)
    return Shown(event, declared.label, standing.regime, standing.states, stored, reason, items, purposes)


def _purpose(plan: Plan, purpose: Purpose, standing: Standing) -> PurposeShown:
    denial, holds = plan.denial(purpose, standing), plan.mode(purpose, standing.regime)
    stricter = STRICTNESS[holds] > STRICTNESS[purpose.permission]
    law = plan.policy.regimes[standing.regime].label if stricter and standing.regime in plan.policy.regimes else ""
    given = standing.states.get(purpose.id) is State.GIVEN
    how = "given" if given else "needless" if holds is Permission.NONE else "unobjected"
    promises = tuple((promise.id, promise.clause) for promise in about(plan.policy, purpose.id))
    return PurposeShown(purpose.id, purpose.label, str(purpose.basis), purpose.permission, holds, law, how, denial, promises)


def _item(plan: Plan, event: EventType, item: Item, treatment: Treatment | None, purposes: tuple[PurposeShown, ...]) -> ItemShown:
    """One item's fate, read from the treatment: clear, sealed, or in neither."""
    rule = plan.policy.retention.get(item.keep)
    keep = f"{item.keep}, {length(rule.keep_for)}" if rule else item.keep
    kept_for = tuple(id for id, _ in treatment.row_class.permitted if item.id in _wanted(plan, id, treatment.anonymous)) if treatment else ()
    if treatment and item.id in treatment.clear:
        coarse = COARSE.get(item.values or "")
        return ItemShown(item.id, item.label, Fate.COARSENED if coarse else Fate.CLEAR, kept_for, coarse or "readable by questions", keep)
    if treatment and any(item.id in group for _, group in treatment.sealed):
        return ItemShown(item.id, item.label, Fate.SEALED, kept_for, "under the person's own key", keep)
    return ItemShown(item.id, item.label, Fate.DROPPED, (), _why_dropped(plan, event, item, treatment, purposes), "")


def _wanted(plan: Plan, purpose: str, anonymous: bool) -> tuple[str, ...]:
    declared = plan.policy.purposes[purpose]
    return declared.remainder if anonymous else declared.items


def _why_dropped(plan: Plan, event: EventType, item: Item, treatment: Treatment | None, purposes: tuple[PurposeShown, ...]) -> str:
    wanting = [one for one in purposes if item.id in plan.policy.purposes[one.purpose].items]
    if not wanting:
        return f"no purpose of {event.id} uses it"
    refused = [one for one in wanting if one.reason is not None]
    if refused:
        return "; ".join(f"{one.purpose}: {one.reason}" for one in refused)
    return "the gate keeps nothing of this event" if treatment is None else "not held under this policy"
