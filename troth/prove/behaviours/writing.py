"""Proofs of what people write into forms and comments."""

from __future__ import annotations

from troth.policy.model import EventType
from troth.prove.registry import proves
from troth.prove.world import World, check


def _form(world: World, name: str) -> EventType:
    return world.event("track", {"contact": "Contact Requested", "newsletter": "Newsletter Requested"}[name])


def _seen(world: World, event: EventType, email: str) -> list[dict[str, object]]:
    """What the purposes of a form see of somebody's e-mail address, once each."""
    purposes = [one for one in world.policy.purposes.values() if event.id in one.events and "contact.email" in one.items]
    check(purposes, f"no purpose sees who sent {event.id}")
    return [row["items"] for row in world.events(purposes[0].id) if row["items"].get("contact.email") == email]


@proves(sabotage="ignore-fields")
def a_contact_form_is_kept_with_its_source(world: World) -> None:
    email, phone, event = world.address(), world.number(), _form(world, "contact")
    fields = {"name": "Someone", "email": email, "phone": phone, "message": "please write back"}
    answer = world.post("/forms/contact", {"fields": fields})
    check(answer["status"] == 200, f"the form was answered with {answer['status']}")
    mine = _seen(world, event, email)
    check(len(mine) == 1 and mine[0].get("contact.name") == "Someone", "the form's fields were not kept")
    check("contact.phone" not in event.items or mine[0].get("contact.phone") == phone, "the form's telephone number was not kept")
    check(mine[0].get("contact.source") == event.channel, "the form is not noted as the source")


@proves(sabotage="forget-channels")
def every_detail_is_kept_with_the_channel_it_came_by(world: World) -> None:
    events = [one for one in world.policy.events.values() if {"contact.email", "contact.source"} <= set(one.items) and one.call in ("track", "group")]
    channels = {}
    for event in {one.channel: one for one in events}.values():
        told = world.tell(event)
        seen = _seen(world, event, str(told.values["contact.email"]))
        channels[event.channel] = seen[0].get("contact.source") if seen else ""
    check(len(channels) > 1 and all(channel == found for channel, found in channels.items()), "a detail is not kept with its channel")


@proves(sabotage="hide-undeclared")
def only_declared_fields_are_taken(world: World) -> None:
    email = world.address()
    answer = world.post("/forms/newsletter", {"fields": {"name": "Someone", "email": email, "date_of_birth": "1990-01-01"}})
    check(answer["status"] == 200, f"the form was answered with {answer['status']}")
    check(answer.get("dropped", {}).get("undeclared-item") == 1, "an undeclared field was not refused and counted")
    rows = _seen(world, _form(world, "newsletter"), email)
    check(rows, "the declared fields were not kept")
    check("1990-01-01" not in str(rows), "an undeclared field was kept")


@proves(sabotage="require-nothing")
def a_newsletter_needs_its_required_fields(world: World) -> None:
    email, whole = world.address(), {"name": "Someone", "email": world.address()}
    asked = {item.rpartition(".")[2] for item in _form(world, "newsletter").required}
    for missing in sorted(asked & whole.keys()):
        fields = {name: value for name, value in whole.items() if name != missing}
        answer = world.post("/forms/newsletter", {"fields": fields})
        check(answer["status"] == 400 and answer.get("code") == "missing-item", "a form without a required field was taken")
    check(asked, "the form asks for nothing")
    answer = world.post("/forms/newsletter", {"fields": {"name": "Someone", "email": email}})
    check(answer["status"] == 200 and _seen(world, _form(world, "newsletter"), email), "a complete form was not taken")


@proves(sabotage="skip-the-warning")
def comments_are_public_and_say_so_beforehand(world: World) -> None:
    article, email = next(route for route in world.policy.site.routes if "blog" in route), world.address()
    shown = world.http.get(f"/{world.workspace}/comments", params={"article": article}).json()["warning"]
    check("public" in shown["text"].lower(), "no warning that comments are public")
    without = world.post("/comments", {"article": article, "name": "Someone", "email": email, "text": "first", "warning": "not-shown"})
    check(without["status"] == 409, "a comment was taken without its warning")
    comment = {"article": article, "name": "Someone", "email": email, "text": "second " + email[8:20], "warning": shown["version"]}
    posted = world.post("/comments", comment)
    check(posted["status"] == 200, "a comment was not taken after its warning")
    kept = _seen(world, world.event("track", "Comment Posted"), email)
    check(len(kept) == 1 and kept[0].get("contact.source") == "blog", "a comment is not kept with the blog as its source")
    if not world.canary:
        listed = world.http.get(f"/{world.workspace}/comments", params={"article": article}).json()["comments"]
        check(any(email[8:20] in one["text"] for one in listed), "a posted comment cannot be read by everyone")
        check(email not in str(listed), "an address is shown to everyone")
