"""What may people demand, who may see them, and are they profiled? Analyses of rights, roles, children and profiles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.collect.children import is_child
from troth.gate.decide import Deny, Permit
from troth.gate.plan import Plan
from troth.policy.conduct import Automated, ProfilingAllowed
from troth.policy.demands import ChildrenThen, Excessive, ObjectionEffect, SpecialCategories
from troth.policy.model import Kind, Policy, Purpose
from troth.policy.notice_law import given
from troth.policy.packs import categories
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import able_roles, agreeing, kept, may_ask, only_told, phrase, says, told_in

_PROFILING = (Kind.PERSONALISATION, Kind.ADVERTISING)
_DONE = ("user.behavior", "user.content", "user.social", "user.telemetry")  # what somebody did, of which a profile is made


# rights


def _take_rights(policy: Policy, rights: tuple[str, ...], laws: tuple[str, ...] = ()) -> Policy:
    changed = {id: replace(law, rights=tuple(one for one in law.rights if one not in rights)) for id, law in policy.regimes.items()}
    offered = tuple(one for one in policy.rights.offered if one not in rights)
    return altering.section(replace(policy, regimes=changed), "rights", offered=offered)


@proves_static(breaks=_take_rights)
def offers(policy: Policy, rights: tuple[str, ...], laws: tuple[str, ...] = ()) -> Iterator[str]:
    """People whom these laws cover, or every law of the policy, have these rights and read so in their own part of the notice."""
    for law in laws or tuple(policy.regimes):
        if law not in policy.regimes:
            yield f"the policy does not know the law {law}"
            continue
        words = f"{told_in(policy, 'rights')} {told_in(policy, 'california')}"
        for right in rights:
            if right not in given(policy, policy.regimes[law]):
                yield f"people under {law} do not have the right {right}"
            elif not says(words, phrase(policy, f"right.{right}")):
                yield f"the notice does not offer the right {right}"


def _for_everyone(policy: Policy, laws: tuple[str, ...]) -> Policy:
    return altering.section(policy, "rights", only_under=())


@proves_static(breaks=_for_everyone)
def offers_only_under(policy: Policy, laws: tuple[str, ...]) -> Iterator[str]:
    """People whom these laws cover have their rights; the rest of the world has none of this policy; people read whom they are for."""
    for law in laws:
        if law not in policy.regimes or not given(policy, policy.regimes[law]):
            yield f"people under {law} have no rights"
    if set(policy.rights.only_under) != set(laws):
        yield "the policy offers its rights under other laws"
    if not only_told(_for_everyone(policy, laws), policy) and any("*" in law.countries for law in policy.regimes.values()):
        yield "people do not read whom the rights are for"


def _lose_a_law(policy: Policy, laws: tuple[str, ...] = ()) -> Policy:
    return replace(policy, regimes={id: law for id, law in policy.regimes.items() if laws and id != laws[0]})


@proves_static(breaks=_lose_a_law)
def names_the_authority(policy: Policy, laws: tuple[str, ...] = ()) -> Iterator[str]:
    """Where people read of complaints, the authority of each of these laws, or of every law of the policy, stands with its address."""
    words = told_in(policy, "complaints")
    if not policy.regimes:
        yield "the notice names no authority"
    for law in laws or tuple(policy.regimes):
        facts = [phrase(policy, f"laws.{law}.{key}") for key in ("authority", "contact")]
        if law not in policy.regimes or not all(says(words, fact) for fact in facts):
            yield f"the notice does not name the authority of {law} and where it is"


def _unreachable(policy: Policy, routes: tuple[str, ...]) -> Policy:
    return altering.section(altering.section(policy, "organisation", email="", telephone="", address=""), "rights", routes=())


@proves_static(breaks=_unreachable)
def reached_by(policy: Policy, routes: tuple[str, ...]) -> Iterator[str]:
    """Each of these ways to ask is offered, and what it needs (address, number) stands in the notice."""
    needs = {"email": policy.organisation.email, "telephone": policy.organisation.telephone, "post": policy.organisation.address}
    who, rights = f"{told_in(policy, 'who')} {told_in(policy, 'contact')}", told_in(policy, "rights")
    for route in routes:
        if route in needs and not says(who, needs[route]):
            yield f"the notice does not say how to reach us by {route}"
        if route not in policy.rights.routes and route not in needs:
            yield f"nobody is told that they may ask by {route}"
        if route in policy.rights.routes and not says(rights, phrase(policy, f"routes.{route}")):
            yield f"the notice does not offer to ask by {route}"


def _nobody_named(policy: Policy, who: str) -> Policy:
    changed = altering.section(policy, "organisation", officer="", officer_email="", representative="")
    return altering.section(changed, "complaints", email="")


@proves_static(breaks=_nobody_named)
def names_officer(policy: Policy, who: str) -> Iterator[str]:
    """Whoever answers for this (officer, representative or complaints) stands in the notice with a way to reach them."""
    us = policy.organisation
    facts = {"officer": (us.officer, us.officer_email), "representative": (us.representative,), "complaints": (policy.complaints.email,)}
    words = f"{told_in(policy, 'who')} {told_in(policy, 'contact')} {told_in(policy, 'complaints')}"
    yield from (f"the notice does not name the {who}" for fact in facts.get(who, ("",)) if not says(words, fact))


def _free_always(policy: Policy, excessive: str) -> Policy:
    return altering.section(policy, "rights", fees=replace(policy.rights.fees, excessive=Excessive.UNSTATED))


@proves_static(breaks=_free_always)
def may_charge_or_refuse(policy: Policy, excessive: str) -> Iterator[str]:
    """People read that it is free, and what may become of what repeats too often; the first of a year never counts as repeating."""
    words, fees = told_in(policy, "rights"), policy.rights.fees
    if fees.excessive != excessive or fees.after < 1:
        yield f"what repeats too often meets: {fees.excessive}"
    if not says(words, phrase(policy, "rights.free")) or not only_told(policy, _free_always(policy, excessive)):
        yield "the notice does not say what becomes of what repeats too often"


def _another_effect(policy: Policy, about: str, effect: str) -> Policy:
    other = ObjectionEffect.WEIGHED if effect != ObjectionEffect.WEIGHED else ObjectionEffect.UNSTATED
    return altering.section(policy, "rights", objection=replace(policy.rights.objection, **{about: other}))


@proves_static(breaks=_another_effect)
def objection_is(policy: Policy, about: str, effect: str) -> Iterator[str]:
    """People read what an objection to marketing, to profiling or to anything else does."""
    if str(getattr(policy.rights.objection, about)) != effect:
        yield f"an objection to {about} is {getattr(policy.rights.objection, about)}"
    if not says(told_in(policy, "rights-details"), phrase(policy, f"details.{about}-{effect}")):
        yield f"the notice does not say what an objection to {about} does"


# children and special categories


def _take_children(policy: Policy, age: int = 18) -> Policy:
    return altering.section(policy, "children", then=ChildrenThen.UNSTATED)


@proves_static(breaks=_take_children)
def refuses_children(policy: Policy, age: int = 18) -> Iterator[str]:
    """A form that declares a lower age is refused, one of that age is not; people read whom we do not knowingly take data of."""
    if not is_child(policy, str(age - 1)) or is_child(policy, str(age)):
        yield f"a form that declares an age below {age} is not the one that is refused"
    if not told_in(policy, "children"):
        yield "the notice says nothing of children"


def _seek_health(policy: Policy) -> Policy:
    first = next(iter(policy.items))
    return altering.items(policy, [first], lambda item: replace(item, category="user.health_and_medical"))


@proves_static(breaks=_seek_health)
def refuses_special_categories(policy: Policy) -> Iterator[str]:
    """No item of a special category is declared or kept, and people are asked not to send any."""
    plan = Plan(policy)
    special = tuple(categories().special)
    for item in policy.items.values():
        if item.special or item.sensitive or item.category.startswith(special):
            yield f"item {item.id} is of a special category"
    for event in policy.events.values():
        for one in kept(plan, event.id, agreeing(policy, next(iter(policy.regimes)), event.population)):
            if policy.items[one].category.startswith(special):
                yield f"event {event.id} keeps {one}"
    if policy.special_categories is SpecialCategories.COLLECTED or not told_in(policy, "special"):
        yield "the notice does not say that such data is not wanted"


# profiles


def _profile(policy: Policy) -> Policy:
    item = next(item.id for item in policy.items.values() if item.category.startswith(_DONE))
    first = next(iter(policy.purposes))
    return altering.purposes(policy, [first], lambda one: replace(one, kind=Kind.PERSONALISATION, items=tuple(dict.fromkeys((*one.items, item)))))


@proves_static(breaks=_profile)
def never_profiles(policy: Policy) -> Iterator[str]:
    """No purpose that fits things to people or advertises sees what anybody did; the policy builds no profiles, and people read so."""
    for purpose in policy.purposes.values():
        if purpose.kind in _PROFILING:
            seen = [item for item in purpose.items if item in policy.items and policy.items[item].category.startswith(_DONE)]
            yield from (f"purpose {purpose.id} sees {item}" for item in seen)
    if policy.profiling.allowed is not ProfilingAllowed.NEVER or policy.profiling.purposes or policy.profiling.items:
        yield "the policy does not say that no profiles are built"
    if not only_told(policy, altering.section(policy, "profiling", allowed=ProfilingAllowed.UNSTATED)):
        yield "people do not read that no profiles are built"


def _decide_by_machine(policy: Policy, event: str = "", item: str = "") -> Policy:
    changed = altering.events(policy, [event], lambda one: replace(one, required=tuple(each for each in one.required if each != item)))
    return altering.section(changed, "profiling", automated_decisions=Automated.WITH_REVIEW)


@proves_static(breaks=_decide_by_machine)
def never_decides_alone(policy: Policy, event: str = "", item: str = "") -> Iterator[str]:
    """No decision is a machine's alone, and people read so; a decision on record (event) is not taken without who decided (item)."""
    if event and (event not in policy.events or item not in policy.events[event].required):
        yield f"{event} is taken without {item}"
    if policy.profiling.automated_decisions is not Automated.NEVER:
        yield "the policy does not say that no decision is a machine's alone"
    if not only_told(policy, altering.section(policy, "profiling", automated_decisions=Automated.UNSTATED)):
        yield "people do not read that no decision is a machine's alone"


def _profile_of_nothing(policy: Policy, purpose: str, items: tuple[str, ...]) -> Policy:
    return altering.purposes(policy, [purpose], lambda one: replace(one, items=tuple(item for item in one.items if item not in items)))


@proves_static(breaks=_profile_of_nothing)
def profiles_from(policy: Policy, purpose: str, items: tuple[str, ...]) -> Iterator[str]:
    """The purpose that profiles sees these items once they are permitted, and the policy says that profiles are made of them."""
    found: Purpose | None = policy.purposes.get(purpose)
    if found is None or policy.profiling.allowed in (ProfilingAllowed.NEVER, ProfilingAllowed.UNSTATED):
        yield f"no profiles are built for {purpose}"
        return
    plan = Plan(policy)
    for role in able_roles(plan, purpose) or [""]:
        for item in items:
            if isinstance(may_ask(plan, purpose, role, [item]), Deny):
                yield f"purpose {purpose} does not see {item}"
    for item in items:
        carriers = [event for event in found.events if event in policy.events and item in policy.events[event].items]
        laws = policy.regimes
        if not any(item in kept(plan, one, agreeing(policy, law, policy.events[one].population)) for one in carriers for law in laws):
            yield f"item {item} is never kept for {purpose}"
        if policy.profiling.items and item not in policy.profiling.items:
            yield f"the policy does not say that profiles are made of {item}"
    if not told_in(policy, "profiling"):
        yield "people do not read that profiles are built"


# roles


def _open_to_all(policy: Policy, purposes: tuple[str, ...], roles: tuple[str, ...]) -> Policy:
    opened = {role: tuple(dict.fromkeys((*has, *purposes))) for role, has in policy.roles.items()}
    return replace(policy, roles={**opened, "passer-by": purposes})


@proves_static(breaks=_open_to_all)
def opens_only_to(policy: Policy, purposes: tuple[str, ...], roles: tuple[str, ...]) -> Iterator[str]:
    """These roles may ask for each of these purposes, and the gate refuses every other role, and nobody's."""
    plan = Plan(policy)
    for purpose in purposes:
        if purpose not in policy.purposes:
            yield f"there is no purpose {purpose}"
        for role in (*policy.roles, *roles, "nobody-at-all"):
            permitted = isinstance(may_ask(plan, purpose, role), Permit)
            if permitted is not (role in roles):
                yield f"role {role} {'may ask' if permitted else 'may not ask'} for {purpose}"


def _open_to_many(policy: Policy, at_most: int = 3) -> Policy:
    return replace(policy, roles={f"role-{count}": tuple(policy.purposes) for count in range(at_most + 1)})


@proves_static(breaks=_open_to_many)
def opens_to_few(policy: Policy, at_most: int = 3) -> Iterator[str]:
    """No purpose is open to more roles than that, and no role is open to every purpose."""
    plan = Plan(policy)
    if not policy.roles:
        yield "no role may ask for anything"
    for purpose in policy.purposes:
        if len(able_roles(plan, purpose)) > at_most:
            yield f"{purpose} is open to {len(able_roles(plan, purpose))} roles"
    for role, purposes in policy.roles.items():
        if set(purposes) >= set(policy.purposes):
            yield f"role {role} may ask for everything"
