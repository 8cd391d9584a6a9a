"""Who may be given data, and what stands in the way? Questions put to the gate's own rules of disclosure.

Nothing is on record but what the policy itself says, and the day is the one it takes effect.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from troth.consent.record import State
from troth.consent.standing import Standing
from troth.gate.decide import Deny
from troth.gate.disclosure import Force, Known, MayDisclose, Nature, PermitDisclosure, decide_disclosure
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.model import Policy, Recipient
from troth.policy.packs import Adequacy, adequacy
from troth.prove.statics.looking import all_say, in_effect, person, population_of

CASE, TICKET = "case-1", "ticket-1"
EVIDENCE: dict[str, Any] = {
    "reference": "order 1", "force": Force.ENFORCEABLE, "named": "an authority", "country": "GB", "case": CASE, "ticket": TICKET,
    "approver": "an operator", "justification": "a written reason",
}


def recipients(policy: Policy, categories: Iterable[str] = ()) -> list[Recipient]:
    """The recipients of these categories; of all, when none is named."""
    wanted = frozenset(categories)
    return [one for one in policy.recipients.values() if not wanted or one.category in wanted]


def ask(plan: Plan, question: MayDisclose, someone: Standing, at: datetime | None = None, near: Adequacy | None = None) -> PermitDisclosure | Deny:
    """The gate's answer. `near`: the countries whose protection counts as good enough, if not today's."""
    known = Known(near or adequacy(), open_cases=frozenset({CASE}), open_tickets=frozenset({TICKET}))
    return decide_disclosure(question, plan, someone, at or in_effect(plan.policy), known)


def give(plan: Plan, recipient: Recipient, purpose: str, items: Iterable[str] = (), **more: Any) -> PermitDisclosure | Deny:
    """The gate's answer to giving a recipient data about somebody who agreed to everything."""
    return ask(plan, MayDisclose(recipient.id, purpose, frozenset(items)), willing(plan.policy, purpose), **more)


def willing(policy: Policy, purpose: str) -> Standing:
    """Somebody of the purpose's people who agreed to everything, under the policy's own default law."""
    return _of(policy, purpose, all_say(policy, State.GIVEN))


def saying(policy: Policy, purpose: str, state: State | None) -> Standing:
    """Somebody of the purpose's people who said one thing to it, and yes to the rest; None: was not asked about it."""
    said = all_say(policy, State.GIVEN)
    del said[purpose]
    return _of(policy, purpose, said | ({purpose: state} if state else {}))


def _of(policy: Policy, purpose: str, said: dict[str, State]) -> Standing:
    return person(policy, policy.settings.default_regime, said, population_of(policy, policy.purposes.get(purpose)))


def shared(policy: Policy, recipient: Recipient, purpose: str) -> frozenset[str]:
    """The items that a recipient may have for a purpose."""
    return frozenset(recipient.items) & frozenset(policy.purposes[purpose].items) if purpose in policy.purposes else frozenset()


def purpose_with_items(policy: Policy, recipient: Recipient) -> str:
    """A purpose for which the recipient gets something; empty when there is none."""
    return next((one for one in recipient.purposes if shared(policy, recipient, one)), "")


def for_reason(plan: Plan, reason: str, without: str = "") -> PermitDisclosure | Deny:
    """The gate's answer to a demand on a legal reason with all its evidence, `without` one piece of it."""
    policy = plan.policy
    evidence = {name: value for name, value in EVIDENCE.items() if name != without}
    receiver, purpose, items = "", "", frozenset([next(iter(policy.items), "")])
    if reason == "support-request":  # for one of our own suppliers, about a case of the person's
        supplier = next((one for one in recipients(policy) if purpose_with_items(policy, one)), None)
        if supplier is None:
            return Deny(Reason.UNKNOWN_RECIPIENT)
        receiver, purpose = supplier.id, purpose_with_items(policy, supplier)
        items = frozenset(list(shared(policy, supplier, purpose))[:1])
    someone = willing(policy, purpose)
    return ask(plan, MayDisclose(receiver, purpose, items, Nature.LEGAL, reason, **evidence), someone)


def nowhere_near() -> Adequacy:
    """A world in which no country outside home protects data well enough."""
    return replace(adequacy(), adequate=())
