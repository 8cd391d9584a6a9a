"""What ends when somebody wants no more of something, however they say it? Purposes, the messages of a channel, or all that sells.

The acts are recorded like any other, so that they hold everywhere at once, and stand on the tape. A no to a channel is a word on
the channel itself, and takes back the purposes that go by no other: what also goes by e-mail does not end with a text.
Source: GDPR Art. 7(3), 21(2)-(3); 47 CFR 64.1200(a)(10); docs/decisions/0028
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength, way
from troth.consent.standing import Standing, read_standing
from troth.gate.plan import Plan, can_object
from troth.policy.conduct import ASKS, ChannelConsent
from troth.policy.finding import meant, quoted
from troth.policy.model import Kind, Permission, Policy, Purpose
from troth.rights import requests
from troth.rights.objection import must_be_weighed
from troth.rights.requests import Right
from troth.workspace import Workspace

MESSAGES = ("email", "sms", "post")  # the channels that a person can be written to by


@dataclass(frozen=True, slots=True)
class What:
    """What a person says no, or yes, to. `selling`: every purpose that sells."""

    purposes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    selling: bool = False


def check(policy: Policy, what: What) -> None:
    """Raises `no-such-purpose` or `no-such-channel` for what the policy does not know, `nothing-named` when nothing is."""
    for purpose in what.purposes:
        if purpose not in policy.purposes:
            help = meant(purpose, policy.purposes)
            raise Fault("no-such-purpose", f"the policy names no purpose {quoted(purpose)}", help=help, status=404)
    for channel in what.channels:
        if channel not in MESSAGES:
            raise Fault("no-such-channel", f"people are written to by {', '.join(MESSAGES)}, and not by {quoted(channel)}", status=404)
    if not (what.purposes or what.channels or what.selling):
        raise Fault("nothing-named", "name what ends: purposes, channels, or everything that sells")


def channels_of(policy: Policy) -> list[str]:
    """The channels by which this policy writes to people."""
    return [id for id in MESSAGES if id in policy.channels and policy.channels[id].purposes]


def alone_by(policy: Policy, channel: str) -> list[str]:
    """The purposes whose messages go by this channel and no other."""
    others = {purpose for id, rules in policy.channels.items() if id != channel and id in MESSAGES for purpose in rules.purposes}
    rules = policy.channels.get(channel)
    return [purpose for purpose in (rules.purposes if rules else ()) if purpose not in others and purpose in policy.purposes]


def end(workspace: Workspace, conn: Connection, ref: int, what: What, how: str, strength: Strength = Strength.EXPLICIT) -> dict[str, State]:
    """Say no for one person; it holds when the caller's transaction commits. Returns what was news.

    What cannot be stopped (it rests on a contract or a law) is left as it is.
    """
    plan, standing = workspace.plan_at(conn, now_micros()), read_standing(conn, ref)
    if standing is None:
        return {}
    before = plan.heard(standing).states
    acts = {p.id: _no(plan, p, standing) for p in _wanted(plan.policy, what) if before.get(p.id) not in PROHIBITIONS and can_stop(plan, p, standing)}
    for channel in what.channels:
        if before.get(way(channel)) not in PROHIBITIONS:
            acts[way(channel)] = State.WITHDRAWN if before.get(way(channel)) is State.GIVEN else State.REFUSED
    if acts:
        choices.say(workspace, conn, ref, acts, _evidence(plan, standing, how, strength), now_micros())
    for id in (id for id in acts if id in plan.policy.purposes):
        _have_weighed(workspace, conn, plan, plan.policy.purposes[id], standing)
    return acts


def allow(workspace: Workspace, conn: Connection, ref: int, what: What, how: str, strength: Strength = Strength.EXPLICIT) -> dict[str, State]:
    """Say yes for one person: to channels, with the purposes that go by them alone, and to purposes. Returns what was news.

    Raises `cannot-allow` where the policy says how a yes to a channel's messages must come, and this is not it.
    """
    plan, standing = workspace.plan_at(conn, now_micros()), read_standing(conn, ref)
    if standing is None:
        return {}
    policy, purposes = plan.policy, [*what.purposes, *(id for channel in what.channels for id in alone_by(plan.policy, channel))]
    for rules in policy.channels.values():
        if rules.consent in ASKS - {ChannelConsent.EXPLICIT} and set(purposes) & set(rules.purposes):
            raise Fault("cannot-allow", "such messages need a yes that is given in another way", help="the person says it by the form", status=409)
    before = plan.heard(standing).states
    asked = [id for id in purposes if plan.mode(policy.purposes[id], standing.regime) is not Permission.NONE]
    acts = {id: State.GIVEN for id in asked if before.get(id) is not State.GIVEN}
    acts |= {way(channel): State.GIVEN for channel in what.channels if before.get(way(channel)) in PROHIBITIONS}
    if acts:
        choices.say(workspace, conn, ref, acts, _evidence(plan, standing, how, strength), now_micros())
    return acts


def resume(workspace: Workspace, conn: Connection, ref: int, channel: str, how: str) -> dict[str, State]:
    """Take a no to a channel's messages back, as far as silence is enough: what must be asked for first stays as it is."""
    plan, standing = workspace.plan_at(conn, now_micros()), read_standing(conn, ref)
    if standing is None:
        return {}
    silent = [id for id in alone_by(plan.policy, channel) if plan.mode(plan.policy.purposes[id], standing.regime) is Permission.MAY_OBJECT]
    rules = plan.policy.channels.get(channel)
    silent = [] if rules is not None and rules.consent in ASKS else silent
    acts = {name: State.GIVEN for name in (*silent, way(channel)) if standing.states.get(name) in PROHIBITIONS}
    if acts:
        choices.say(workspace, conn, ref, acts, _evidence(plan, standing, how, Strength.EXPLICIT), now_micros())
    return acts


def can_stop(plan: Plan, purpose: Purpose, standing: Standing) -> bool:
    """Whether a person's word ends this purpose, or has it weighed."""
    return plan.mode(purpose, standing.regime) is not Permission.NONE or can_object(purpose)


def shown(policy: Policy, acts: Iterable[str]) -> list[str]:
    """What was said, in the policy's own labels."""
    return [policy.purposes[id].label if id in policy.purposes else id for id in acts]


def _wanted(policy: Policy, what: What) -> Collection[Purpose]:
    ids = {*what.purposes, *(id for channel in what.channels for id in alone_by(policy, channel))}
    return [p for p in policy.purposes.values() if p.id in ids or (what.selling and p.kind is Kind.MARKETING)]


def _evidence(plan: Plan, standing: Standing, how: str, strength: Strength) -> Evidence:
    return Evidence(strength, how, plan.policy.version, "", standing.regime)


def _no(plan: Plan, purpose: Purpose, standing: Standing) -> State:
    if plan.heard(standing).states.get(purpose.id) is State.GIVEN:
        return State.WITHDRAWN
    return State.REFUSED if plan.mode(purpose, standing.regime) is Permission.ASK_BEFORE else State.OBJECTED


def _have_weighed(workspace: Workspace, conn: Connection, plan: Plan, purpose: Purpose, standing: Standing) -> None:
    """What is no marketing and needs no permission stops too, and somebody weighs it, as after a press in the centre."""
    if must_be_weighed(plan, purpose, standing.regime):
        made = requests.open_request(workspace, conn, Right.OBJECTION, standing.ref, standing.regime, about=purpose.id)
        requests.start(workspace, conn, made.id, "troth")

