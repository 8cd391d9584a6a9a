"""Proofs of telephone calls, and of joining them with visits."""

from __future__ import annotations

from troth.policy.model import Purpose
from troth.prove.registry import proves
from troth.prove.world import CALIFORNIA, VISITOR, World, check

PAIR = "web-call"


def _taking(world: World) -> Purpose:
    """The purpose that calls are taken for."""
    found = [one for one in world.policy.purposes.values() if {"call.caller", "contact.source"} <= set(one.items) and not one.joins]
    check(found and world.policy.calls.fallback, "this policy takes no calls")
    return found[0]


def _joining(world: World) -> Purpose:
    """The purpose that joins calls with visits."""
    found = [one for one in world.policy.purposes.values() if PAIR in one.joins]
    check(found, "this policy joins no calls with visits")
    return found[0]


@proves(sabotage="lose-callers")
def a_call_is_kept_with_the_telephone_as_its_source(world: World) -> None:
    caller = world.number()
    world.call(caller, world.policy.calls.fallback, seconds=42)
    mine = [row["items"] for row in world.events(_taking(world).id) if row["items"].get("call.caller") == caller]
    check(len(mine) == 1, "a finished call is not kept once with its caller's number")
    check(mine[0].get("contact.source") == "telephone" and mine[0].get("call.seconds") == 42, "a call is not kept as it was")


@proves(sabotage="forget-visitors")
def calls_and_callers_can_be_counted(world: World, purpose: str) -> None:
    frequent, rare = world.number(), world.number()
    for caller, seconds in ((frequent, 30), (frequent, 40), (rare, 50)):
        world.call(caller, world.policy.calls.fallback, seconds=seconds)
    rows = [row for row in world.events(purpose) if row["event"] in _call_events(world)]
    check(len(rows) == 3 and len({row["person"] for row in rows}) == 2, "three calls of two callers are not counted so")
    check(sum(int(row["items"].get("call.seconds", 0)) for row in rows) == 120, "the length of the calls is not counted")


def _call_events(world: World) -> list[str]:
    return [one.id for one in world.policy.events.values() if one.channel == "telephone" and one.call is None]


@proves(sabotage="never-join")
def a_call_is_read_together_with_the_visit_that_led_to_it(world: World) -> None:
    someone, caller, other, joining = world.visitor(CALIFORNIA), world.number(), world.number(), _joining(world).id
    someone.view("/", referrer="https://news.example/")
    someone.choose(**{joining.replace("-", "_"): "given"})
    shown = someone.number()
    check(shown.get("leased"), "a permitted visitor is shown no number of their own")
    world.call(caller, shown["number"])
    world.call(other, world.policy.calls.fallback)
    rows = world.events(joining)
    visitor = {row["person"] for row in rows if row["items"].get(VISITOR) == someone.id}
    calls = {row["items"].get("call.caller"): row["person"] for row in rows if row["event"] in _call_events(world)}
    check(len(visitor) == 1 and calls.get(caller) in visitor, "a call to the number shown is not joined with its visit")
    check(calls.get(other) not in visitor, "a call to another number is joined with the visit")


@proves(sabotage="skip-consent")
def opting_out_stops_the_join_and_the_call_is_still_taken(world: World) -> None:
    someone, caller, joining = world.visitor(CALIFORNIA), world.number(), _joining(world).id
    said = joining.replace("-", "_")
    someone.view("/")
    shown = someone.number()
    someone.choose(**{said: "refused"})
    world.call(caller, shown["number"])
    taken = [row for row in world.events(_taking(world).id) if row["items"].get("call.caller") == caller]
    check(taken, "the call of somebody who opted out was not taken")
    joined = {row["person"] for row in world.events(joining) if row["items"].get(VISITOR) == someone.id}
    check(not joined, "somebody who opted out is still seen together with calls")
    check(not someone.number().get("leased"), "somebody who opted out is shown a number of their own")
    someone.choose(**{said: "given"})
    world.call(caller, someone.number()["number"])
    rows = world.events(joining)
    visitor = {row["person"] for row in rows if row["items"].get(VISITOR) == someone.id}
    calls = {row["person"] for row in rows if row["items"].get("call.caller") == caller}
    check(visitor and visitor == calls, "after opting in again, a later call is not joined")
