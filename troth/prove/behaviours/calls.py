"""Proofs of telephone calls, and of joining them with visits."""

from __future__ import annotations

from troth.prove.registry import proves
from troth.prove.world import CALIFORNIA, World, check


@proves("infinity-016", sabotage="lose-callers")
def a_call_is_kept_with_the_telephone_as_its_source(world: World) -> None:
    caller = world.number()
    world.call(caller, world.policy.calls.fallback, seconds=42)
    mine = [row["items"] for row in world.events("telephone") if row["items"].get("call.caller") == caller]
    check(len(mine) == 1, "a finished call is not kept once with its caller's number")
    check(mine[0].get("contact.source") == "telephone" and mine[0].get("call.seconds") == 42, "a call is not kept as it was")


@proves("infinity-100", sabotage="never-join")
def a_call_is_read_together_with_the_visit_that_led_to_it(world: World) -> None:
    someone, caller, other = world.visitor(CALIFORNIA), world.number(), world.number()
    someone.view("/pricing", referrer="https://news.example/")
    someone.choose(call_journey="given")
    shown = someone.number()
    check(shown.get("leased"), "a permitted visitor is shown no number of their own")
    world.call(caller, shown["number"])
    world.call(other, world.policy.calls.fallback)
    rows = world.events("call-journey")
    visitor = {row["person"] for row in rows if row["items"].get("cookie.visitor") == someone.id}
    calls = {row["items"].get("call.caller"): row["person"] for row in rows if row["event"] == "call"}
    check(len(visitor) == 1 and calls.get(caller) in visitor, "a call to the number shown is not joined with its visit")
    check(calls.get(other) not in visitor, "a call to another number is joined with the visit")


@proves("infinity-101", sabotage="skip-consent")
def opting_out_stops_the_join_and_the_call_is_still_taken(world: World) -> None:
    someone, caller = world.visitor(CALIFORNIA), world.number()
    someone.view("/pricing")
    shown = someone.number()
    someone.choose(call_journey="refused")
    world.call(caller, shown["number"])
    check([row for row in world.events("telephone") if row["items"].get("call.caller") == caller], "the call of somebody who opted out was not taken")
    joined = {row["person"] for row in world.events("call-journey") if row["items"].get("cookie.visitor") == someone.id}
    check(not joined, "somebody who opted out is still seen together with calls")
    check(not someone.number().get("leased"), "somebody who opted out is shown a number of their own")
    someone.choose(call_journey="given")
    world.call(caller, someone.number()["number"])
    rows = world.events("call-journey")
    visitor = {row["person"] for row in rows if row["items"].get("cookie.visitor") == someone.id}
    calls = {row["person"] for row in rows if row["items"].get("call.caller") == caller}
    check(visitor and visitor == calls, "after opting in again, a later call is not joined")
