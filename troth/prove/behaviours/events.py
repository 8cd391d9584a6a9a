"""Proofs of what is kept of any event a policy declares, told by a program through the trusted door."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path

from troth.policy.model import EventType, Permission, permission_under
from troth.prove.registry import proves
from troth.prove.world import CALIFORNIA, LONDON, Told, World, check
from troth.store.shred import look_for


def _event(world: World, id: str) -> EventType:
    check(id in world.policy.events, f"the policy has no event {id}")
    return world.policy.events[id]


def _purposes(world: World, event: EventType, items: tuple[str, ...], purpose: str) -> dict[str, list[str]]:
    """For each item, the purposes that see it of this event."""
    found = [one for one in world.policy.purposes.values() if event.id in one.events and purpose in ("", one.id)]
    return {item: [one.id for one in found if item in one.items] for item in items}


@proves(sabotage="lose-items")
def an_event_is_kept_as_sent(world: World, event: str, items: tuple[str, ...], purpose: str = "") -> None:
    found = _event(world, event)
    told = world.tell(found)
    check(told.answer["status"] == 200 and told.answer.get("stored") == 1, f"event {event} was not kept though everything was permitted")
    for item, purposes in _purposes(world, found, items, purpose).items():
        check(purposes, f"no purpose sees {item} of {event}")
        seen = told.among(world.events(purposes[0]))
        check(len(seen) == 1 and seen[0]["at"], f"event {event} is not seen once and dated under {purposes[0]}")
        expected = found.channel if item == "contact.source" else told.values.get(item)
        check(expected is not None and str(seen[0]["items"].get(item)) == str(expected), f"{item} of {event} was not kept as it was sent")
    _is_not_kept_of_somebody_unwilling(world, found, purpose)


def _is_not_kept_of_somebody_unwilling(world: World, event: EventType, purpose: str) -> None:
    """After a no, no purpose that can be refused sees what comes next."""
    account = world.tell(event).account
    later = world.tell(event, willing=False, account=account)
    law = world.law(LONDON)
    for one in world.policy.purposes.values():
        if event.id in one.events and purpose in ("", one.id) and permission_under(world.policy, one, law) is not Permission.NONE:
            check(not later.among(world.events(one.id)), f"{one.id} sees event {event.id} of somebody who said no")


@proves(sabotage="hide-undeclared")
def an_undeclared_field_is_dropped(world: World, event: str) -> None:
    found = _event(world, event)
    told = world.tell(found, more={"shoe_size": "forty-four-and-a-half"})
    check(told.answer["status"] == 200 and told.answer.get("stored") == 1, "the declared fields were not kept")
    check((told.answer.get("dropped") or {}).get("undeclared-item") == 1, "an undeclared field was not refused and counted")
    for purpose in (one.id for one in world.policy.purposes.values() if found.id in one.events):
        check("forty-four-and-a-half" not in str(told.among(world.events(purpose))), "an undeclared field was kept")


@proves(sabotage="require-nothing")
def an_event_is_refused_without(world: World, event: str, items: tuple[str, ...]) -> None:
    found = _event(world, event)
    for item in items:
        given = {one: value for one, value in world.values(found, found.items).items() if one != item}
        answer = _sent(world, found, given)
        check(answer["status"] == 400 and answer.get("code") == "missing-item", f"{event} was taken without {item}")
    told = world.tell(found)
    check(told.answer.get("stored") == 1, f"{event} was not taken though it was whole")
    for item, purposes in _purposes(world, found, items, "").items():
        rows = told.among(world.events(purposes[0])) if purposes else []
        check(len(rows) == 1 and rows[0]["at"], f"{event} is not seen with its time")
        check(str(rows[0]["items"].get(item)) == str(told.values[item]), f"{item} is not kept beside {event}")


def _sent(world: World, event: EventType, values: Mapping[str, object]) -> dict[str, object]:
    groups: dict[str, dict[str, object]] = {"properties": {}, "traits": {}}
    for one, value in values.items():
        group, _, name = world.policy.items[one].at[0].partition(".")
        groups[group][name] = value
    more = {"groupId": "g"} if event.call == "group" else {"event": event.name or event.id}
    return world.send(str(event.call), userId=world.address(), context={"timezone": LONDON}, **more, **groups)


@proves(sabotage="use-for-anything")
def a_survey_adds_what_was_answered_and_nothing_when_skipped(world: World, event: str, items: tuple[str, ...], purposes: tuple[str, ...]) -> None:
    found = _event(world, event)
    told = world.known()
    with world.centre().by_mail(str(told.values["contact.email"])) as centre:
        held = centre.items()
        check(not any(item in held for item in items), "somebody who skipped the survey has answers on record")
    check(told.answer.get("stored") == 1 and world.visitor().view("/")["status"] == 200, "who skips the survey is not served")
    values = world.values(found, (*items, "contact.email"), world.address())
    fields = {world.policy.items[item].at[0].partition(".")[2]: value for item, value in values.items()}
    check(world.post(f"/forms/{event}", {"fields": fields, "tz": CALIFORNIA})["status"] == 200, "an answered survey was not taken")
    sealed = next((item for item in items if world.policy.items[item].values is None), items[0])
    others = [one.id for one in world.policy.purposes.values() if one.events and one.id not in purposes]
    for purpose in (*purposes, *others[:6]):
        mine = [row["items"] for row in world.events(purpose) if str(row["items"].get(sealed)) == str(values[sealed])]
        check(bool(mine) is (purpose in purposes), f"{purpose} {'does not see' if purpose in purposes else 'sees'} what was answered")
        for item in items if mine else ():
            check(str(mine[0].get(item)) == str(values[item]), f"{item} of a survey was not kept as it was given")


def _known_best(world: World) -> Told:
    """Somebody who was asked nothing, of the sort that most is held of: whom every purpose concerns that concerns those before."""
    order = list(world.policy.populations)
    found = [one for one in world.policy.events.values() if one.call in ("track", "group") and "contact.email" in one.items]
    told = world.tell(max(found, key=lambda one: order.index(one.population)), willing=None)
    check(told.answer.get("stored") == 1, "nothing is held of somebody who was asked nothing")
    return told


@proves(sabotage="do-it-anyway")
def giving_details_can_be_declined(world: World, purposes: tuple[str, ...]) -> None:
    for purpose in purposes:
        one, told = world.policy.purposes[purpose], _known_best(world)
        event = _event(world, one.events[0])
        with world.centre().by_mail(str(told.values["contact.email"])) as centre:
            shown = html.unescape(centre.get().text)
            check(one.label in shown and 'value="give"' in shown, f"nobody is asked for {purpose}, with a way to refuse")
            unasked = world.tell(event, willing=None, account=told.account)
            check(not unasked.among(world.events(purpose)), f"{purpose} is done before anybody was asked")
            centre.post("/choices", purpose=purpose, say="give")
            agreed = world.tell(event, willing=None, account=told.account)
            check(agreed.among(world.events(purpose)), f"{purpose} is not done for who agreed")
            centre.post("/choices", purpose=purpose, say="stop")
        refused = world.tell(event, willing=None, account=told.account)
        check(not refused.among(world.events(purpose)), f"{purpose} is done for somebody who declined")
    check(world.visitor().view("/")["status"] == 200, "who declines cannot go on")


@proves(sabotage="hold-about-anyone")
def a_field_is_held_about_its_population_alone(world: World, event: str, item: str) -> None:
    found = world.policy.items.get(item)
    check(found and found.populations and found.at, f"{item} may be held about anyone")
    assert found is not None
    other = next((one for one in world.policy.events.values() if one.call == "track" and one.population not in found.populations), None)
    check(other, "everybody is of these populations")
    assert other is not None
    name = found.at[0].partition(".")[2]
    answer = world.tell(other, more={name: "Something said"}).answer
    check(answer["status"] == 400 and answer.get("code") == "item-not-for-population", f"{item} was taken about somebody else")
    an_event_is_kept_as_sent(world, event, (item,))


@proves(sabotage="lose-items")
def each_kind_of_event_is_kept_apart_and_dated(world: World, events: tuple[str, ...]) -> None:
    account, told = world.address(), []
    for event in events:
        told.append(world.tell(_event(world, event), account=account))
        check(told[-1].answer.get("stored") == 1, f"event {event} was not kept")
    kinds = set()
    for one in told:
        purpose = next(purpose for purpose in world.policy.purposes.values() if one.event.id in purpose.events)
        rows = one.among(world.events(purpose.id))
        check(len(rows) == 1 and rows[0]["at"], f"event {one.event.id} is not seen once and dated")
        kinds.add(rows[0]["event"])
    check(len(kinds) == len(events), "two kinds of event were taken for one")


@proves(sabotage="any-role")
def a_role_without_the_right_is_refused(world: World, purpose: str) -> None:
    able = [role for role, purposes in world.policy.roles.items() if purpose in purposes]
    barred = [role for role in world.policy.roles if role not in able]
    check(able and barred, "every role has the right, or none has")
    for role in (*barred, "nobody-at-all"):
        answer = world.program("GET", f"/events?purpose={purpose}&role={role}")
        check(answer["status"] == 403 and answer.get("code") == "role-not-allowed", f"role {role} may ask for {purpose}")
    answer = world.program("GET", f"/events?purpose={purpose}&role={able[0]}")
    check(answer["status"] == 200, "a role that has the right is refused")


@proves(sabotage="rest-in-the-open")
def sealed_values_rest_nowhere_in_clear(world: World, event: str, item: str) -> None:
    found = _event(world, event)
    told = world.tell(found)
    check(told.answer.get("stored") == 1 and item in told.values, f"event {event} was not kept with {item}")
    rows = [told.among(world.events(purpose)) for purpose in _purposes(world, found, (item,), "")[item]]
    check(str(told.values[item]) in str(rows), f"{item} cannot be read by those who may")
    check(world.outbox is not None, "the folder of this workspace is not here to be searched")
    assert world.outbox is not None
    left = look_for([world.outbox.parent], [str(told.values[item]).encode()])  # never by opening the database's file in here
    kinds = sorted({Path(name).suffix or "plain" for name in left})
    check(not left, f"a sealed value rests readable in files of the kind {', '.join(kinds)}")
