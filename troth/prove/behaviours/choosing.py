"""Proofs of how people are asked, and how what they say is obeyed."""

from __future__ import annotations

from troth.policy.model import permission_under
from troth.prove.registry import proves
from troth.prove.world import BERLIN, CALIFORNIA, LONDON, World, check


@proves(sabotage="hide-the-question")
def the_first_visit_offers_an_opt_out(world: World) -> None:
    someone = world.visitor(CALIFORNIA)
    asked = someone.asked()
    modes = {one["id"]: one["mode"] for one in asked["purposes"]}
    check(modes.get(world.visiting().id) == "may-object", "the first visit offers no opt-out")
    check(asked["text"].get("reject") and asked["text"].get("accept"), "refusing is not offered beside accepting")
    check(someone.view("/").get("stored") == 1, "a visitor who may object was not counted before objecting")
    someone.choose("reject-all", **dict.fromkeys((id.replace("-", "_") for id in modes), "refused"))
    check(someone.view("/").get("stored") == 0, "a visitor who opted out is still linked")
    check(not someone.seen(), "a visitor who opted out is still seen")


@proves(sabotage="forget-the-law")
def using_the_site_never_stands_in_for_explicit_consent(world: World) -> None:
    someone = world.visitor(BERLIN)
    someone.view("/")
    check(someone.view("/pricing").get("stored") == 0, "use of the site was taken for consent")
    plan = {one.id: permission_under(world.policy, one, world.law(LONDON)) for one in world.policy.purposes.values()}
    asked = {one["id"]: one["mode"] for one in world.visitor(LONDON).asked()["purposes"]}
    check("ask-before" in asked.values(), "no purpose asks for consent in the United Kingdom")
    check(all(mode == plan[purpose] for purpose, mode in asked.items()), "a purpose asks for less than it needs in the United Kingdom")
