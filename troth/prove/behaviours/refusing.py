"""Proofs of what is not taken: children's data, special categories, identity numbers nobody asked for; and of answering those who write."""

from __future__ import annotations

import html
import secrets
from datetime import date
from typing import Any

from troth.base.clock import now
from troth.policy.demands import OF_AGE
from troth.policy.model import EventType, Kind
from troth.policy.packs import categories
from troth.prove.registry import proves
from troth.prove.statics.people import refuses_special_categories
from troth.prove.world import LONDON, Told, World, check


def _form(world: World, id: str = "") -> EventType:
    """A form of the policy that leaves an e-mail address: the one named, else one that has free text, else any."""
    found = [one for one in world.policy.events.values() if one.channel == "form" and one.call == "track" and "contact.email" in one.items]
    check(found, "the policy has no form that leaves an address")
    return next((one for one in found if one.id == id), max(found, key=lambda one: any(_is_text(world, item) for item in one.items)))


def _is_text(world: World, item: str) -> bool:
    return world.policy.items[item].category.startswith("user.content") and bool(world.policy.items[item].at)


def _fields(world: World, event: EventType) -> dict[str, Any]:
    """The fields of a form, filled in."""
    values = world.values(event, event.items, world.address())
    return {world.policy.items[item].at[-1].partition(".")[2]: value for item, value in values.items()}


def _send(world: World, event: EventType, fields: dict[str, Any]) -> dict[str, Any]:
    return world.post(f"/forms/{event.id}", {"fields": fields, "tz": LONDON})


def _seen(world: World, event: EventType, needle: object) -> bool:
    """Whether any purpose of an event sees something."""
    return any(str(needle) in str(world.events(one.id)) for one in world.policy.purposes.values() if event.id in one.events)


@proves(sabotage="take-children")
def children_are_refused_and_removed(world: World, age: int = OF_AGE) -> None:
    """Below the age nothing is kept by any door, from the birthday on it is; a stored child is erased on that ground."""
    event = _form(world)
    young, old = _fields(world, event), _fields(world, event)
    refused = _send(world, event, young | {"age": str(age - 1)})
    check(refused["status"] == 403 and refused.get("code") == "child", "a form that declares a child's age was taken")
    check(not _seen(world, event, young["email"]), "something of a child was kept")
    taken = _send(world, event, old | {"age": str(age)})
    check(taken["status"] == 200 and _seen(world, event, old["email"]), "a form of somebody of age was not taken")
    today = now().date()
    born, younger = _years_before(today, age), _years_before(today, age - 1)
    for day, kept in ((born, True), (younger, False)):
        answer = world.tell(event, more={"date_of_birth": day.isoformat()}).answer
        check((answer.get("stored") == 1) is kept, f"somebody who turns {age if kept else age - 1} today is {'refused' if kept else 'taken'}")
    removed = world.program("POST", "/child", {"email": str(old["email"])})
    check(removed["status"] == 200 and removed.get("case"), "a stored person could not be flagged as a child")
    check(not _seen(world, event, old["email"]), "a person who turned out to be a child is still there")
    own = world.policy.notice.children[:40]
    check(not own or own in html.unescape(world.page("/policy")), "the notice says nothing of children")


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return date(day.year - years, 3, 1)


@proves(sabotage="overlook-words")
def special_categories_are_refused_and_flagged(world: World) -> None:
    """No such field is declared, one that is sent is dropped, and a text that speaks of health waits for a look."""
    check(not list(refuses_special_categories(world.policy)), "the policy declares data of a special category")
    event, secret = _form(world), f"lupus-{secrets.token_hex(5)}"
    names = {kind.rpartition(".")[2] for kind in categories().special} | {"health", "religion", "politics"}
    fields = _fields(world, event)
    answer = _send(world, event, fields | dict.fromkeys(names, secret))
    check(answer["status"] == 200 and answer.get("dropped", {}).get("undeclared-item") == len(names), "a field of a special category was not refused")
    check(_seen(world, event, fields["email"]) and not _seen(world, event, secret), "a field of a special category was kept")
    text = next((item for item in event.items if _is_text(world, item)), "")
    check(text, "the form has no free text")
    name = world.policy.items[text].at[-1].partition(".")[2]
    words = f"I have diabetes, {secrets.token_hex(5)}"
    check(_send(world, event, _fields(world, event) | {name: words})["status"] == 200, "a message was not taken")
    flags = world.program("GET", "/flags")
    mine = [one for one in flags.get("list", []) if one["what"] == "health" and one["event"] == event.id]
    check(mine, "a text that speaks of health is not flagged for a look")
    check("diabetes" not in str(flags), "the queue repeats the text")
    check(world.program("POST", f"/flags/{mine[-1]['id']}/remove")["status"] == 200, "a flagged text could not be removed")
    check(not _seen(world, event, words), "a text that was removed is still there")


@proves(sabotage="overlook-numbers")
def numbers_of_cards_and_identities_are_blanked(world: World) -> None:
    event = _form(world)
    text = next((item for item in event.items if _is_text(world, item)), "")
    check(text, "the form has no free text")
    name = world.policy.items[text].at[-1].partition(".")[2]
    fields = _fields(world, event) | {name: "card 4111-1111-1111-1111, number 219-09-9999, order 1042"}
    answer = _send(world, event, fields)
    refused = answer["status"] == 403 and answer.get("code") in ("card-number", "national-id")
    check(refused or answer["status"] == 200, "a message was not taken")
    check(not _seen(world, event, "4111-1111") and not _seen(world, event, "219-09"), "a number of a card or identity was kept in a text")
    check(refused or _seen(world, event, "order 1042"), "what is no such number was blanked")


def _identity_number(world: World, event: str, item: str) -> tuple[str, Told]:
    """An identity number, and the event that was sent with it."""
    number = f"219-{secrets.randbelow(80) + 10}-{secrets.randbelow(9000) + 1000}"
    told = world.tell(world.policy.events[event], more={world.policy.items[item].at[0].partition(".")[2]: number})
    check(told.answer["status"] == 200 and told.answer.get("stored") == 1, f"event {event} was not kept")
    return number, told


@proves(sabotage="hide-undeclared")
def an_identity_number_waits_for_its_client(world: World, event: str, item: str) -> None:
    """Where nobody switched it on it is refused, counted and kept nowhere; no role is told it whole but those the policy names."""
    check(not world.policy.items[item].on, f"{item} is switched on here")
    number, told = _identity_number(world, event, item)
    seen = {one.id: told.among(world.events(one.id)) for one in world.policy.purposes.values() if event in one.events}
    check(any(seen.values()) and number not in str(seen), "an identity number that nobody switched on was kept")
    check(told.answer.get("dropped", {}).get("undeclared-item") == 1, "an identity number that nobody switched on was not refused")
    able = [role for role, purposes in world.policy.roles.items() if any(item in world.policy.purposes[one].items for one in purposes)]
    check(set(able) - set(world.policy.access_control.unmask), "every role that sees identity numbers sees them whole")


@proves(sabotage="show-identity-numbers")
def identity_numbers_are_masked(world: World, event: str, item: str, purpose: str) -> None:
    """Shown whole to the roles that the policy names alone; to every other as a mask with the last four signs."""
    number, told = _identity_number(world, event, item)
    rows = {role: told.among(world.events(purpose, role)) for role, purposes in world.policy.roles.items() if purpose in purposes}
    unmask = world.policy.access_control.unmask
    check(rows and all(rows.values()) and set(rows) - set(unmask), f"nobody may see {item}, or everybody sees it whole")
    for role, seen in rows.items():
        shown = str(seen[0]["items"].get(item))
        check((shown == number) is (role in unmask), f"role {role} sees an identity number {'as a mask' if role in unmask else 'whole'}")
        check(shown.endswith(number[-4:]), "a mask does not show by which number it was made")


@proves(sabotage="reply-elsewhere")
def who_writes_is_answered_and_put_on_no_list(world: World, event: str, purpose: str) -> None:
    """Kept for the purpose of replying; the reply goes to the address that was given; nothing that sells sees it."""
    found = world.policy.events[event]
    fields = _fields(world, found)
    check(_send(world, found, fields)["status"] == 200, "what was written was not taken")
    rows = [row for row in world.events(purpose) if row["items"].get("contact.email") == fields["email"]]
    check(len(rows) == 1, "what was written is not kept to be answered")
    check(all(str(value) in str(rows[0]["items"]) for value in fields.values()), "a part of what was written is lost")
    said = f"Thank you, {secrets.token_hex(5)}"
    body = {"purpose": purpose, "email": fields["email"], "text": said}
    sent = world.program("POST", f"/reply?role={world.role(purpose)}", body)
    check(sent["status"] == 200, f"a reply was answered with {sent['status']}")
    check(said in world.letter_to(str(fields["email"]), 2.0), "the reply did not come to the address that was given")
    selling = [one.id for one in world.policy.purposes.values() if one.kind in (Kind.MARKETING, Kind.ADVERTISING)]
    check(not any(fields["email"] in str(world.events(one)) for one in selling), "whoever wrote was put on a list")
    refused = world.program("POST", f"/reply?role={world.role(selling[0])}" if selling else "/reply", body | {"purpose": (selling or ["none"])[0]})
    check(refused["status"] in (403, 404), "whoever wrote is written to for something that sells")
