"""Does what people say hold? Analyses of purposes that wait for a yes or end at a no, by the plan and the gate's decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.consent.record import State
from troth.gate.decide import Deny, MayUse, Permit, decide
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.demands import ObjectionEffect
from troth.policy.model import Basis, Kind, Permission, Policy, Purpose, stricter
from troth.policy.packs import regimes
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import (
    agreeing,
    all_say,
    in_effect,
    kept,
    person,
    population_of,
    says,
    serving,
    silent,
    told,
    told_of_purpose,
    unknown,
    use,
)


def _ask_nobody(policy: Policy, purposes: tuple[str, ...]) -> Policy:
    def change(one: Purpose) -> Purpose:
        return replace(one, permission=Permission.NONE, kind=Kind.SERVICE, basis=Basis.LEGAL_OBLIGATION)

    return altering.purposes(policy, purposes, change)


@proves_static(breaks=_ask_nobody)
def needs_a_yes(policy: Policy, purposes: tuple[str, ...]) -> Iterator[str]:
    """Under every law: permitted after a yes, not before it, and not after it was taken back; and people are told so."""
    yield from unknown(policy, purposes)
    plan = Plan(policy)
    for purpose in (policy.purposes[id] for id in purposes if id in policy.purposes):
        people = population_of(policy, purpose)
        for law in policy.regimes:
            expected = {State.GIVEN: True, State.REFUSED: False, State.WITHDRAWN: False, State.OBJECTED: False}
            for state, permitted in expected.items():
                if isinstance(use(plan, purpose.id, person(policy, law, {purpose.id: state}, people)), Permit) is not permitted:
                    yield f"purpose {purpose.id} is {'not ' if permitted else ''}permitted under {law} to use data of somebody who has {state}"
            if isinstance(use(plan, purpose.id, silent(policy, law, people)), Permit):
                yield f"purpose {purpose.id} does not wait for a yes under {law}"
            for event in purpose.events:
                if serving(plan, event, purpose, silent(policy, law, policy.events[event].population)):
                    yield f"event {event} is kept for {purpose.id} before a yes"
        if not says(told_of_purpose(policy, purpose.id), "ask you first"):
            yield f"the notice does not say that we ask first for {purpose.id}"


@proves_static(breaks=_ask_nobody)
def may_be_refused(policy: Policy, purposes: tuple[str, ...]) -> Iterator[str]:
    """A no ends the purpose under every law and no other purpose with it; people read that they may say no."""
    yield from unknown(policy, purposes)
    plan = Plan(policy)
    for purpose in (policy.purposes[id] for id in purposes if id in policy.purposes):
        people = population_of(policy, purpose)
        for law in policy.regimes:
            refused = person(policy, law, all_say(policy, State.GIVEN) | {purpose.id: State.OBJECTED}, people)
            if isinstance(use(plan, purpose.id, refused), Permit):
                yield f"purpose {purpose.id} goes on after a no under {law}"
            for other in policy.purposes.values():
                apart = other.id != purpose.id and (not other.populations or people in other.populations)
                if apart and isinstance(use(plan, other.id, refused), Deny):
                    yield f"a no to {purpose.id} ends {other.id} as well"
        words = told_of_purpose(policy, purpose.id)
        if not (says(words, "say no") or says(words, "ask you first") or says(words, "object")):
            yield f"the notice does not say that one may say no to {purpose.id}"


def _marketing(policy: Policy) -> tuple[str, ...]:
    return tuple(purpose.id for purpose in policy.purposes.values() if purpose.kind is Kind.MARKETING)


def _weigh_marketing(policy: Policy) -> Policy:
    return altering.section(policy, "rights", objection=replace(policy.rights.objection, marketing=ObjectionEffect.WEIGHED))


@proves_static(breaks=_weigh_marketing)
def marketing_ends_on_objection(policy: Policy) -> Iterator[str]:
    """Every purpose that sells stops at a no under every law; an objection to it is not weighed; people read that no reason is needed."""
    if not _marketing(policy):
        yield "the policy has no marketing to object to"
    plan = Plan(policy)
    for id in _marketing(policy):
        for law in policy.regimes:
            someone = person(policy, law, {id: State.OBJECTED}, population_of(policy, policy.purposes[id]))
            if isinstance(use(plan, id, someone), Permit):
                yield f"{id} goes on under {law} after an objection"
    if policy.rights.objection.marketing != "absolute":
        yield "an objection to marketing is weighed"
    if not says(told(policy), "without giving a reason"):
        yield "the notice does not say that objecting to marketing needs no reason"


def _make_it_marketing(policy: Policy, purpose: str, refused: tuple[str, ...]) -> Policy:
    return altering.purposes(policy, [purpose], lambda one: replace(one, permission=Permission.ASK_BEFORE))


@proves_static(breaks=_make_it_marketing)
def goes_on_without(policy: Policy, purpose: str, refused: tuple[str, ...]) -> Iterator[str]:
    """Whoever refused those still gets this: it is asked of nobody and depends on none of them."""
    yield from unknown(policy, (purpose, *refused))
    plan = Plan(policy)
    if purpose not in policy.purposes:
        return
    for law in policy.regimes:
        someone = person(policy, law, dict.fromkeys(refused, State.OBJECTED), population_of(policy, policy.purposes[purpose]))
        if isinstance(use(plan, purpose, someone), Deny):
            yield f"{purpose} ends under {law} for somebody who refused {', '.join(refused)}"
        if any(isinstance(use(plan, one, someone), Permit) for one in refused if one in policy.purposes):
            yield f"what was refused goes on under {law}"


def _sell_only_with_it(policy: Policy, purpose: str, event: str) -> Policy:
    others = [one for one in policy.purposes if one != purpose]
    changed = altering.purposes(policy, others, lambda one: replace(one, events=tuple(id for id in one.events if id != event)))
    return altering.purposes(changed, [purpose], lambda one: replace(one, events=tuple(dict.fromkeys((*one.events, event)))))


@proves_static(breaks=_sell_only_with_it)
def no_condition_of(policy: Policy, purpose: str, event: str) -> Iterator[str]:
    """Refusing the purpose leaves the event kept for all it is otherwise kept for; no channel makes a yes its condition."""
    yield from unknown(policy, (purpose,))
    if event not in policy.events or purpose not in policy.purposes:
        yield f"there is no event {event}" if event not in policy.events else "so nothing can depend on it"
        return
    plan, people = Plan(policy), policy.events[event].population
    for law in policy.regimes:
        yes = kept(plan, event, agreeing(policy, law, people))
        no = kept(plan, event, person(policy, law, all_say(policy, State.GIVEN) | {purpose: State.REFUSED}, people))
        if not no or yes != no:
            yield f"event {event} is not kept the same under {law} for somebody who refused {purpose}"
    for channel in policy.channels.values():
        if purpose in channel.purposes and channel.condition_of_purchase:
            yield f"a yes to {channel.id} is a condition of buying"


# looking at what was collected for others


def _of_its_own(policy: Policy, purposes: tuple[str, ...]) -> Policy:
    return altering.purposes(policy, purposes, lambda one: replace(one, events=(next(iter(policy.events)),)))


@proves_static(breaks=_of_its_own)
def needs_a_reason(policy: Policy, purposes: tuple[str, ...]) -> Iterator[str]:
    """These purposes collect nothing themselves; each look at what was collected for others needs a written reason; people read what for."""
    yield from unknown(policy, purposes)
    plan = Plan(policy)
    for purpose in (policy.purposes[id] for id in purposes if id in policy.purposes):
        for law in policy.regimes:
            someone = silent(policy, law, population_of(policy, purpose))
            for reason in ("", "   "):
                answer = decide(MayUse(purpose.id, frozenset(), reason), plan, someone, in_effect(policy))
                if answer != Deny(Reason.NO_JUSTIFICATION, purpose.id):
                    yield f"purpose {purpose.id} looks at people's data without a written reason"
            if isinstance(use(plan, purpose.id, someone), Deny):
                yield f"purpose {purpose.id} is refused even with a written reason"
        if not says(told_of_purpose(policy, purpose.id), purpose.notice):
            yield f"the notice does not say what {purpose.id} looks for"


def _lawless(policy: Policy, purposes: tuple[str, ...]) -> Policy:
    return replace(policy, regimes={id: replace(law, floor={}) for id, law in policy.regimes.items()})


@proves_static(breaks=_lawless)
def follows_each_law(policy: Policy, purposes: tuple[str, ...]) -> Iterator[str]:
    """Where a law asks for a yes first, somebody who said nothing is left out; where it does not, they are in until they say no; others never."""
    yield from unknown(policy, purposes)
    plan, strict, loose = Plan(policy), 0, 0
    for purpose in (policy.purposes[id] for id in purposes if id in policy.purposes):
        for law, dated in regimes().items():
            if law not in policy.regimes:
                continue
            first = stricter(purpose.permission, dated.floor.get(purpose.kind, Permission.NONE)) is Permission.ASK_BEFORE
            strict, loose = strict + first, loose + (not first)
            for population in policy.populations:
                barred = bool(purpose.populations) and population not in purpose.populations
                answer = use(plan, purpose.id, silent(policy, law, population))
                if isinstance(answer, Permit) is (first or barred):
                    yield f"{purpose.id} {'serves' if isinstance(answer, Permit) else 'leaves out'} a silent {population} under {law}"
    if not strict or not loose:
        yield "the laws of this policy do not differ in this"
