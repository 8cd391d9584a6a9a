"""Proofs of what becomes of an objection: it stops its purpose, somebody weighs it, and the outcome has its ground."""

from __future__ import annotations

import html
import secrets
from typing import Any

from troth.policy.model import Permission, Purpose, permission_under
from troth.prove.registry import proves
from troth.prove.staff import Console, at_the_console
from troth.prove.world import LONDON, Centre, Told, World, check

WHY = "my situation is a particular one"


def _purpose(world: World, id: str) -> Purpose:
    found = world.policy.purposes.get(id)
    check(found and found.events, f"the policy has no purpose {id} that something is collected for")
    assert found is not None
    check(permission_under(world.policy, found, world.law(LONDON)) is Permission.NONE, f"an objection to {id} needs no weighing")
    return found


def _objected(world: World, purpose: Purpose, centre: Centre) -> str:
    """Object with reasons; the number of the case that it became."""
    page = centre.post("/choices", purpose=purpose.id, say="stop", why=WHY)
    check(page.status_code == 200, "an objection was not taken")
    made = [one for one in centre.data()["requests"] if one["right"] == "objection" and one["about"] == purpose.id]
    check(len(made) == 1 and made[0]["status"] == "in-progress" and made[0]["due_on"], "an objection did not become a case with a deadline")
    return str(made[0]["id"])


def _outcome(centre: Centre, case: str) -> dict[str, Any]:
    return next(one for one in centre.data()["requests"] if one["id"] == case)


def _seen(world: World, purpose: str, told: Told) -> bool:
    return bool(told.among(world.events(purpose)))


def _decide(console: Console, case: str, decision: str, words: str) -> int:
    return console.post(f"/requests/{case}/{decision}", f"/requests/{case}", text=words).status_code


@proves(sabotage="decide-without-a-ground")
def an_objection_is_weighed_and_decided_with_its_ground(world: World, purpose: str) -> None:
    found = _purpose(world, purpose)
    other = next(
        one.id for one in world.policy.purposes.values()
        if one.id != purpose and found.events[0] in one.events and permission_under(world.policy, one, world.law(LONDON)) is Permission.NONE
    )  # fmt: skip
    event = world.policy.events[found.events[0]]
    with at_the_console(world) as console:
        for decision, outcome in (("override", "compelling-grounds"), ("uphold", "upheld")):
            known = world.known(event)
            told = world.tell(event, account=known.account)
            check(_seen(world, purpose, told), f"{purpose} does not see what is collected for it")
            with world.centre().by_mail(str(known.values["contact.email"])) as centre:
                case, ground = _objected(world, found, centre), "ground " + secrets.token_hex(6)
                check(not _seen(world, purpose, told), "the purpose goes on while an objection is weighed")
                check(_seen(world, other, told), "another purpose stopped as well")
                opened = console.get(f"/requests/{case}")
                check(opened.status_code == 200 and WHY in html.unescape(opened.text), "whoever weighs an objection does not read its reasons")
                check(_decide(console, case, decision, "  ") >= 400, "an objection was decided without a ground")
                check(_decide(console, case, decision, ground) == 303, "an objection could not be decided")
                done = _outcome(centre, case)
                check(outcome in (done["outcome"], done["reason"]) and ground in str(done["written"]), "the outcome and its ground are not on record")
            check(_seen(world, purpose, told) is (decision == "override"), "what was decided of an objection is not obeyed")
