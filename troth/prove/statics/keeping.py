"""Is nothing kept longer than the policy says? Analyses of retention, by what the sweep would leave of a row at each age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from troth.consent.record import Strength
from troth.gate.plan import Plan, RowClass
from troth.policy.model import Policy, Purpose
from troth.policy.notice_uses import kept_by
from troth.policy.notice_voice import live_items, voice
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import agreeing, says, told_in
from troth.retain import GONE, what_stays

_DAY = timedelta(days=1)


def _for_ever(policy: Policy, purposes: tuple[str, ...] = ()) -> Policy:
    endless = {id: replace(rule, keep_for=None) for id, rule in policy.retention.items()}
    return altering.purposes(replace(policy, retention=endless), policy.purposes, lambda one: replace(one, keep_for=None))


@proves_static(breaks=_for_ever)
def keeps_no_longer(policy: Policy, purposes: tuple[str, ...] = ()) -> Iterator[str]:
    """A row stays while a purpose needs it; past its purposes' time and its items' own, the sweep leaves nothing of it."""
    plan = Plan(policy)
    found = [policy.purposes[one] for one in (purposes or policy.purposes) if one in policy.purposes]
    yield from (f"there is no purpose {one}" for one in purposes if one not in policy.purposes)
    for purpose in found:
        for event in purpose.events:
            for law in policy.regimes:
                yield from _ends(plan, purpose, event, law)


def _ends(plan: Plan, purpose: Purpose, event: str, law: str) -> Iterator[str]:
    policy = plan.policy
    treated = plan.treatment(event, agreeing(policy, law, policy.events[event].population))
    parts = [keep for keep, _ in treated.sealed]
    if treated.refusal is not None:
        yield f"event {event} is kept for nobody"
        return
    times = [rule.keep_for for item in (*treated.clear, *(one for _, group in treated.sealed for one in group))
             if (rule := policy.retention.get(policy.items[item].keep)) is not None]  # fmt: skip
    if any(time is None for time in times):
        yield f"event {event} holds items with no time after which they go"
        return
    longest = max((time for time in times if time), default=timedelta())
    if not what_stays(plan, treated.row_class, parts, timedelta(hours=1)).row:
        yield f"event {event} goes while {purpose.id} still needs it"
    if what_stays(plan, treated.row_class, parts, longest + _DAY) != GONE:
        yield f"something of event {event} stays after {longest.days} days"


def _no_ground(policy: Policy, rules: tuple[str, ...]) -> Policy:
    return replace(policy, retention={id: replace(rule, ground=None) if id in rules else rule for id, rule in policy.retention.items()})


@proves_static(breaks=_no_ground)
def keeps_for_law(policy: Policy, rules: tuple[str, ...]) -> Iterator[str]:
    """When no purpose is left, what the law keeps stays alone and only until its time; all else goes; people read the ground."""
    plan, words = Plan(policy), told_in(policy, "held")
    others = [rule.id for rule in policy.retention.values() if not rule.ground]
    for id in rules:
        rule = policy.retention.get(id)
        if rule is None or not rule.ground or rule.keep_for is None:
            yield f"retention rule {id} has no ground of law and no time"
            continue
        under = {item.id for item in policy.items.values() if item.keep == id}
        carriers = [event.id for event in policy.events.values() if under & set(event.items)]
        if not carriers:
            yield f"nothing is kept under {id}"
        for event in carriers:
            orphan = RowClass(policy.version, event, next(iter(policy.regimes)), (), Strength.NONE)
            left = what_stays(plan, orphan, [id, *others], _DAY)
            if left.parts != {id} or left.clear:
                yield f"of an event {event} that serves nothing any more, other things stay than what the law keeps"
            if what_stays(plan, orphan, [id], rule.keep_for + _DAY) != GONE:
                yield f"what the law keeps of {event} stays after its time"
        if not says(words, rule.ground):
            yield f"the notice does not name the ground of {id}"


def _untold(policy: Policy) -> Policy:
    return replace(policy, retention={id: replace(rule, keep_for=None, told_on_request=False) for id, rule in policy.retention.items()})


@proves_static(breaks=_untold)
def tells_how_long(policy: Policy) -> Iterator[str]:
    """People read of each kind of data how long it is kept and why; where no time is given, they are told on request."""
    words, live = told_in(policy, "held"), {item.keep for item in live_items(policy)}
    for rule in (one for one in policy.retention.values() if one.id in live):
        if not says(words, rule.label) or not says(words, kept_by(voice(policy), rule)) or not says(words, rule.why or rule.ground or ""):
            yield f"the notice does not say how long {rule.id} is kept and why"
        if not rule.told_on_request:
            yield f"who asks how long {rule.id} is kept is not told"
