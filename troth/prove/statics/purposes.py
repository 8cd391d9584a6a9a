"""Is data used only for what the policy says? Analyses of purposes, by the plan and the gate's decisions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.gate.decide import Deny, Permit, looks_at_others
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.model import Basis, Controller, Kind, Permission, Policy, Purpose
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import (
    able_roles,
    agreeing,
    kept,
    may_ask,
    mode,
    phrase,
    says,
    serving,
    told,
    told_of_purpose,
    unknown,
    use,
)

# one purpose


def _drop_the_purpose(policy: Policy, purpose: str, basis: str = "", items: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> Policy:
    return altering.without_purposes(policy, [purpose])


@proves_static(breaks=_drop_the_purpose)
def serves(policy: Policy, purpose: str, basis: str = "", items: tuple[str, ...] = (), events: tuple[str, ...] = ()) -> Iterator[str]:
    """The use is declared with its basis and told; those who may ask for it can, others cannot; what it needs is kept for it."""
    yield from unknown(policy, (purpose,))
    if purpose not in policy.purposes:
        return
    plan, found = Plan(policy), policy.purposes[purpose]
    if basis and found.basis != basis:
        yield f"purpose {purpose} rests on {found.basis}"
    said = told_of_purpose(policy, purpose)
    if not says(said, found.notice) or not says(said, phrase(policy, f"bases.{found.basis}")):
        yield f"the notice does not say what {purpose} is and what it rests on"
    yield from _asked_by_the_able(plan, purpose)
    yield from (f"purpose {purpose} does not use {item}" for item in items if item not in found.items)
    yield from (f"purpose {purpose} does not use event {event}" for event in events if event not in found.events)
    for event in found.events:
        for law in policy.regimes:
            if not serving(plan, event, found, agreeing(policy, law, policy.events[event].population)):
                yield f"event {event} is not kept for {purpose} though it is permitted"


def _asked_by_the_able(plan: Plan, purpose: str) -> Iterator[str]:
    able = able_roles(plan, purpose)
    if not able and plan.policy.roles:
        yield f"nobody's role may ask for {purpose}"
    for role in plan.policy.roles:
        if role not in able and may_ask(plan, purpose, role) != Deny(Reason.ROLE_NOT_ALLOWED, purpose):
            yield f"role {role} is not refused {purpose}"
    without = Plan(altering.without_purposes(plan.policy, [purpose]))
    if any(may_ask(without, purpose, role) != Deny(Reason.UNKNOWN_PURPOSE, purpose) for role in able):
        yield f"{purpose} is answered even when the policy does not have it"


def _another_basis(policy: Policy, purposes: tuple[str, ...], basis: str) -> Policy:
    other = Basis.LEGITIMATE_INTERESTS if basis != Basis.LEGITIMATE_INTERESTS else Basis.LEGAL_OBLIGATION
    return altering.purposes(policy, purposes, lambda one: replace(one, basis=other))


@proves_static(breaks=_another_basis)
def rests_on(policy: Policy, purposes: tuple[str, ...], basis: str) -> Iterator[str]:
    """The purposes rest on this basis, people read it, and the plan acts as the basis asks."""
    yield from unknown(policy, purposes)
    plan = Plan(policy)
    for purpose in (policy.purposes[id] for id in purposes if id in policy.purposes):
        if purpose.basis != basis:
            yield f"purpose {purpose.id} rests on {purpose.basis}"
        if not says(told_of_purpose(policy, purpose.id), phrase(policy, f"bases.{basis}")):
            yield f"the notice does not say that {purpose.id} rests on it"
        for law in policy.regimes:
            yield from _acts_on_basis(plan, purpose, law)


def _acts_on_basis(plan: Plan, purpose: Purpose, law: str) -> Iterator[str]:
    policy = plan.policy
    match purpose.basis:
        case Basis.CONSENT:
            if mode(policy, purpose, law) is not Permission.ASK_BEFORE:
                yield f"purpose {purpose.id} rests on consent and does not ask first under {law}"
        case Basis.CONTRACT:
            strangers = [one for one in policy.populations if purpose.populations and one not in purpose.populations]
            for stranger in strangers:
                if isinstance(use(plan, purpose.id, agreeing(policy, law, stranger)), Permit):
                    yield f"purpose {purpose.id} rests on a contract and serves a {stranger} who has none"
            if not purpose.populations:
                yield f"purpose {purpose.id} rests on a contract and does not say with whom"
        case _:
            pass


# items and purposes


def _serve_all(policy: Policy, items: tuple[str, ...], purposes: tuple[str, ...]) -> Policy:
    others = [one for one in policy.purposes if one not in purposes]
    return altering.purposes(policy, others, lambda one: replace(one, items=tuple(dict.fromkeys((*one.items, *items)))))


@proves_static(breaks=_serve_all)
def serves_only(policy: Policy, items: tuple[str, ...], purposes: tuple[str, ...]) -> Iterator[str]:
    """These items serve these purposes; for every other the gate refuses them, and nobody else has them for another."""
    yield from unknown(policy, purposes)
    yield from (f"no item {item} is declared" for item in items if item not in policy.items)
    plan = Plan(policy)
    for purpose in policy.purposes.values():
        for item in items:
            allowed = [role for role in policy.roles if isinstance(may_ask(plan, purpose.id, role, [item]), Permit)]
            if allowed and purpose.id not in purposes:
                yield f"item {item} serves {purpose.id} as well"
    for item in items:
        if not any(item in policy.purposes[one].items for one in purposes if one in policy.purposes):
            yield f"item {item} serves none of them"
    for recipient in policy.recipients.values():
        if set(items) & set(recipient.items) and not set(recipient.purposes) & set(purposes):
            yield f"recipient {recipient.id} has such items for another purpose"


def _serve_kind(policy: Policy, items: tuple[str, ...], kinds: tuple[str, ...]) -> Policy:
    kind = Kind(kinds[0])
    first = next(iter(policy.purposes))
    return altering.purposes(policy, [first], lambda one: replace(one, kind=kind, items=tuple(dict.fromkeys((*one.items, *items)))))


@proves_static(breaks=_serve_kind)
def never_serves(policy: Policy, items: tuple[str, ...], kinds: tuple[str, ...]) -> Iterator[str]:
    """No purpose of these kinds may see these items, whoever asks."""
    plan = Plan(policy)
    yield from (f"no item {item} is declared" for item in items if item not in policy.items)
    for purpose in policy.purposes.values():
        if purpose.kind not in kinds:
            continue
        rule = plan.view_rule(purpose.id)
        seen = set(items) & (rule.items if rule else set())
        yield from (f"item {item} serves {purpose.id}, which is {purpose.kind}" for item in sorted(seen))


def _take_more(policy: Policy) -> Policy:
    spare = next(item for item in policy.items.values() if item.form == "sealed")
    event = next(iter(policy.events.values()))
    changed = altering.without_items(policy, [spare.id])
    return altering.events(changed, [event.id], lambda one: replace(one, items=tuple(dict.fromkeys((*one.items, spare.id)))))


@proves_static(breaks=_take_more)
def needs_every_item(policy: Policy) -> Iterator[str]:
    """Every item that an event carries is needed by a purpose of that event, and nothing else is kept."""
    plan = Plan(policy)
    for event in policy.events.values():
        needed = {item for purpose in policy.purposes.values() if event.id in purpose.events for item in purpose.items}
        for item in event.items:
            if item not in needed and item in policy.items and policy.items[item].on:
                yield f"event {event.id} carries {item}, which nothing needs"
        for law in policy.regimes:
            if kept(plan, event.id, agreeing(policy, law, event.population)) - needed:
                yield f"event {event.id} keeps more than its purposes need"


# bases


def _vital(policy: Policy, bases: tuple[str, ...]) -> Policy:
    first = next(iter(policy.purposes))
    return altering.purposes(policy, [first], lambda one: replace(one, basis=next(basis for basis in Basis if basis not in bases)))


@proves_static(breaks=_vital)
def names_every_basis(policy: Policy, bases: tuple[str, ...]) -> Iterator[str]:
    """The purposes rest on these bases and no other, each is used, and people read each purpose's."""
    found = {str(purpose.basis) for purpose in policy.purposes.values()}
    yield from (f"no purpose rests on {basis}" for basis in bases if basis not in found)
    for purpose in policy.purposes.values():
        if purpose.basis not in bases:
            yield f"purpose {purpose.id} rests on {purpose.basis}"
        if not says(told_of_purpose(policy, purpose.id), phrase(policy, f"bases.{purpose.basis}")):
            yield f"the notice does not say what {purpose.id} rests on"


def _assume_another(policy: Policy, basis: str) -> Policy:
    defaulted = [purpose.id for purpose in policy.purposes.values() if purpose.basis_defaulted]
    return altering.purposes(policy, defaulted, lambda one: replace(one, basis=Basis.VITAL_INTERESTS))


@proves_static(breaks=_assume_another)
def assumes_basis(policy: Policy, basis: str) -> Iterator[str]:
    """A purpose that names no basis rests on this one, and people read so."""
    defaulted = [purpose for purpose in policy.purposes.values() if purpose.basis_defaulted]
    if not defaulted:
        yield "every purpose names its basis, so nothing is assumed"
    for purpose in defaulted:
        if purpose.basis != basis or not says(told_of_purpose(policy, purpose.id), phrase(policy, f"bases.{basis}")):
            yield f"purpose {purpose.id} does not rest on what is assumed, or people do not read so"


def _own_use(policy: Policy, populations: tuple[str, ...]) -> Policy:
    mine = [purpose.id for purpose in _about(policy, populations)]
    return altering.purposes(policy, mine[:1], lambda one: replace(one, basis=Basis.LEGITIMATE_INTERESTS))


def _about(policy: Policy, populations: tuple[str, ...]) -> list[Purpose]:
    """The purposes for which something of these people is kept or used."""
    def theirs(purpose: Purpose) -> bool:
        events = {policy.events[event].population for event in purpose.events if event in policy.events}
        return bool((set(purpose.populations) or events) & set(populations))

    return [purpose for purpose in policy.purposes.values() if theirs(purpose) and not looks_at_others(purpose)]


@proves_static(breaks=_own_use)
def acts_as_instructed(policy: Policy, populations: tuple[str, ...]) -> Iterator[str]:
    """For these people every use rests on the client's instruction, the client answers for them, and they read so."""
    mine = _about(policy, populations)
    if not mine:
        yield "nothing is done for these people, so nothing is instructed"
    for purpose in mine:
        if purpose.basis is not Basis.CLIENT_INSTRUCTION:
            yield f"purpose {purpose.id} rests on {purpose.basis}, not on an instruction"
    for population in populations:
        found = policy.populations.get(population)
        if found is None or found.controller is not Controller.CLIENT:
            yield f"nobody but us answers for a {population}"
    if not says(told(policy), "instruct"):
        yield "the notice does not say that we act as instructed"
