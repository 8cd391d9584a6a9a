"""Proofs of what Californians may know, and of how it is made sure that it is they."""

from __future__ import annotations

import html
import re

from troth.prove.registry import proves
from troth.prove.world import CALIFORNIA, World, check


def _writer(world: World, phone: str = "") -> str:
    """Somebody in California who has written to us; returns their address."""
    address = world.address()
    fields = {"name": "Someone", "email": address, "message": "please write back"} | ({"phone": phone} if phone else {})
    answer = world.post("/forms/contact", {"fields": fields, "tz": CALIFORNIA})
    check(answer["status"] == 200, "a contact form was not taken")
    return address


def _text(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@proves(sabotage="know-nothing")
def a_californian_is_told_kinds_sources_and_purposes(world: World) -> None:
    with world.centre().by_mail(_writer(world)) as centre:
        told = _text(centre.post("/know").text)
    check("E-mail addresses" in told and "Invoices" not in told, "the kinds of data told are not those that were collected")
    check("forms you send" in told and "telephone calls" not in told, "the sources told are not those it came from")
    purposes = [one.label for one in world.policy.purposes.values() if any(world.policy.events[event].channel == "form" for event in one.events)]
    check(any(label in told for label in purposes), "the purposes it was collected for are not told")
    check("None was disclosed to anybody" in told, "it is not told that nobody received it")


@proves(sabotage="hide-who-received")
def a_californian_is_told_which_third_parties_received_data(world: World) -> None:
    recipient, purpose = next(
        (one, purpose) for one in world.policy.recipients.values() for purpose in one.purposes
        if "contact.email" in one.items and "contact.email" in world.policy.purposes[purpose].items and not one.group
    )  # fmt: skip
    event = next(world.policy.events[one] for one in world.policy.purposes[purpose].events if "contact.email" in world.policy.events[one].items)
    told = world.tell(event, ["contact.email"], tz=CALIFORNIA)
    asked = {"person": {"account": told.account}, "recipient": recipient.id, "operator": "proof", "purpose": purpose, "items": ["contact.email"]}
    check("payload" in world.program("POST", "/disclosures", asked), "a listed recipient was refused")
    with world.centre().by_mail(told.account) as centre:
        page = _text(centre.post("/know").text)
    check(recipient.category in page and recipient.label in page, "it is not told what kind of company received data")


@proves(sabotage="answer-for-ever")
def a_third_request_to_know_waits_for_its_day(world: World) -> None:
    with world.centre().by_mail(_writer(world)) as centre:
        answers = [centre.post("/know") for _ in range(3)]
        asked = [(one["status"], one["fee"]) for one in centre.data()["requests"] if one["right"] == "know"]
    check([answer.status_code for answer in answers] == [200, 200, 200], "a request to know met an error")
    check(sorted(asked) == [("fulfilled", 0), ("fulfilled", 0), ("refused", 0)], "not two in twelve months are answered free, and the third refused")
    check("next is free from" in _text(answers[2].text), "the day of the next free answer is not told")


@proves(sabotage="believe-any-detail")
def a_californian_matches_a_second_detail_before_data_is_handed_out(world: World) -> None:
    phone = world.number()
    address = _writer(world, phone)
    with world.centre().by_mail(address) as centre:
        check(address not in centre.get("/data").text.split("<main", 1)[-1], "data is handed out after one detail")
        wrong = centre.post("/detail", item="contact.phone", value=world.number())
        centre.post("/detail", item="contact.name", value="Someone")
        check(wrong.status_code == 403, "a detail that does not match was believed")
        check("events" not in centre.get("/data.json").text, "data is handed out after a detail that is not reliable")
        centre.post("/detail", item="contact.phone", value=phone)
        check(phone in str(centre.items()), "data is not handed out though two reliable details match")
