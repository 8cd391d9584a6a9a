"""What policy does a small business start with? A short file from a few answers, ready to be read and changed.

It promises nothing beyond what the rest of Troth does by itself for the parts that were chosen.
Source: GDPR Art. 5, 6, 13; ePrivacy Directive Art. 5(3), 13
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from troth.policy.draft_parts import flow
from troth.policy.phrases import table


class Does(StrEnum):
    """What a small business does with people's data; each brings its events, items and purposes."""

    VISITS = "visits"
    FORM = "form"
    CALLS = "calls"
    APPOINTMENTS = "appointments"
    SMS = "sms-reminders"
    ORDERS = "orders"
    NEWSLETTER = "newsletter"


ASKED: Mapping[Does, str] = {
    Does.VISITS: "count visits to the site?",
    Does.FORM: "have a contact form?",
    Does.CALLS: "take calls on numbers that Troth follows?",
    Does.APPOINTMENTS: "take appointments?",
    Does.SMS: "send reminders by text message?",
    Does.ORDERS: "take orders?",
    Does.NEWSLETTER: "send a newsletter?",
}
USUAL = frozenset({Does.VISITS, Does.FORM})
_PURPOSES: Mapping[Does, str] = {
    Does.VISITS: "site-analytics", Does.FORM: "enquiries", Does.CALLS: "telephone", Does.APPOINTMENTS: "appointments",
    Does.SMS: "sms-service", Does.ORDERS: "orders", Does.NEWSLETTER: "newsletter",
}
_SPARED = frozenset({"contact.birthday", "contact.health", "payment.card", "call.recording", "location.place", "company.name", "account.login"})
_GROUPS = (("label", "kind", "basis", "permission", "events"), ("items", "keep_for", "without", "remainder"), ("wording", "notice", "loses"))
LAWS: Mapping[str, tuple[str, ...]] = {"GB": ("uk", "gdpr", "elsewhere"), "US": ("california", "elsewhere")}
_EUROPE = ("gdpr", "uk", "elsewhere")


@dataclass(frozen=True)
class Answers:
    """What a newcomer was asked. `numbers`: tracked telephone numbers, the last one for when all are taken."""

    workspace: str
    name: str
    email: str
    country: str = "GB"
    address: str = ""
    telephone: str = ""
    origins: tuple[str, ...] = ()
    does: frozenset[Does] = USUAL
    numbers: tuple[str, ...] = ()
    today: date = field(default=date.min)


def starter(answers: Answers) -> str:
    """The policy file for these answers."""
    chosen = [does for does in Does if does in answers.does | ({Does.APPOINTMENTS} if Does.SMS in answers.does else frozenset())]
    purposes = {_PURPOSES[does]: _purpose(_PURPOSES[does]) for does in chosen}
    events = _events(purposes)
    lines = [*_head(answers), *_declared(purposes, events), *_used(purposes, events), *_site(answers, chosen), *_told(answers, chosen, purposes)]
    return "\n".join(lines) + "\n"


def _purpose(id: str) -> dict[str, Any]:
    known = table("catalogue")["purposes"][id]
    purpose = {key: value for key, value in known.items() if key not in ("needs", "keep")}
    purpose["items"] = [item for item in known["items"] if item not in _SPARED]
    purpose["keep_for"] = table("catalogue")["retention"][known["keep"]]["keep_for"]
    if id == "site-analytics":
        purpose |= {"without": "anonymous-remainder", "remainder": ["page.route", "visit.source"]}
    return purpose


def _events(purposes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    needed = {id for id, purpose in purposes.items() for id in purpose["events"]} - {"customer-details"}
    events: dict[str, dict[str, Any]] = {}
    for id, event in table("catalogue")["events"].items():
        if id in needed:
            used = {item for purpose in purposes.values() if id in purpose["events"] for item in purpose["items"]}
            events[id] = event | {"items": [item for item in event["items"] if item in used]}
    return events


def _head(answers: Answers) -> Iterator[str]:
    laws = LAWS.get(answers.country, _EUROPE)
    organisation = {"name": answers.name, "role": "controller", "email": answers.email}
    organisation |= {key: value for key, value in (("address", answers.address), ("telephone", answers.telephone)) if value}
    yield f"# The privacy policy of {answers.name}, as a file that runs. Change it to what you really do, then:"
    yield "#     troth policy check policy.yaml      what must be mended"
    yield "#     troth policy show policy.yaml --event NAME      what would be stored of an event, and why"
    yield "#     troth policy publish policy.yaml    put it in force"
    yield from ["troth: 1", f"workspace: {answers.workspace}", f"title: {flow(answers.name)}", 'version: "1"',
                f"effective_on: {answers.today}", f"changed_on: {answers.today}", "language: en", "",
                f"organisation: {flow(organisation)}", "",
                "# Bodies of law that may cover the people you deal with. The stricter of law and policy holds.", f"regimes: {flow(list(laws))}", ""]


def _declared(purposes: Mapping[str, Mapping[str, Any]], events: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    catalogue = table("catalogue")
    people = {event["population"] for event in events.values()}
    items = {item for event in events.values() for item in event["items"]} | {item for purpose in purposes.values() for item in purpose["items"]}
    items = {item for item in items if any(item in event["items"] for event in events.values())}
    kept = {catalogue["items"][item]["keep"] for item in items}
    yield "populations:"
    yield from (f"  {id}: {flow(one)}" for id, one in catalogue["populations"].items() if id in people)
    yield from ["", "# How long each kind of datum is kept: to the second in every view, and gone for good at the next sweep.", "retention:"]
    yield from (f"  {id}: {flow(one)}" for id, one in catalogue["retention"].items() if id in kept)
    yield from ["", "# Each kind of datum. `clear`: a closed vocabulary that can be counted. `sealed`: under the person's own key."]
    yield from ["# `at`: where a message carries it.", "items:"]
    yield from (f"  {id}: {flow(one)}" for id, one in catalogue["items"].items() if id in items)
    yield ""


def _used(purposes: Mapping[str, Mapping[str, Any]], events: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "# What happens, and which data comes with it. Everything else a message brings is dropped and counted."
    yield "events:"
    yield from (f"  {id}: {flow(event)}" for id, event in events.items())
    yield from ["", "# What data is for. permission: ask-before, may-object or none. Where a law asks for more, the law holds.", "purposes:"]
    for id, purpose in purposes.items():
        said = {**purpose, "events": [event for event in purpose["events"] if event in events]}
        groups = [flow({key: said[key] for key in keys if key in said})[1:-1] for keys in _GROUPS]
        yield f"  {id}: {{" + ",\n    ".join(group for group in groups if group) + "}"
    yield ""


def _site(answers: Answers, chosen: list[Does]) -> Iterator[str]:
    if Does.VISITS in chosen:
        visitor = {"provider": answers.name, "purposes": ["site-analytics"], "keep_for": "90d", "personal": True}
        visitor["label"] = "knows your browser again, so that visits can be counted"
        choice = {"provider": answers.name, "purposes": [], "keep_for": "180d", "label": "remembers what you said about cookies"}
        yield from ["cookies:", f"  troth_visitor: {flow(visitor)}", f"  troth_choice: {flow(choice)}", ""]
    yield "# Where your pages are. Only from these addresses are events taken; an address that is none of the routes is sealed."
    yield f"site: {flow({'origins': list(answers.origins), 'routes': ['/', '/contact']})}"
    if Does.CALLS in chosen:
        pool, fallback = list(answers.numbers[:-1]), answers.numbers[-1] if answers.numbers else ""
        yield f"calls: {flow({'pool': pool} | ({'fallback': fallback} if fallback else {}))}"
    channels = dict(_channels(chosen))
    if channels:
        yield from ["", "# What a message needs before it goes out, and how it is stopped."]
        yield "channels:"
        yield from (f"  {id}: {flow(one)}" for id, one in channels.items())
    yield ""


def _channels(chosen: list[Does]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if Does.SMS in chosen:
        yield "sms", {"consent": "number-and-policy", "purposes": ["sms-service"], "stop": ["reply"], "stop_words": ["STOP"],
                      "opt_out_text": "Reply STOP to end these messages.", "carrier_charges": "Your carrier may charge for replies."}
    if Does.NEWSLETTER in chosen:
        yield "email", {"consent": "explicit", "purposes": ["newsletter"], "stop": ["link"]}
    if Does.CALLS in chosen:
        yield "telephone", {"recorded": "never"}


def _told(answers: Answers, chosen: list[Does], purposes: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    laws = LAWS.get(answers.country, _EUROPE)
    yield f"roles: {flow({'owner': list(purposes)})}"
    yield f"settings: {flow({'default_regime': laws[0], 'legal_reasons': ['law']})}"
    yield f"sharing: {flow({'sale': 'never'})}"
    yield "notice:"
    yield f"  contact: {flow(f'Write to {answers.email}.')}"
    yield "  complaints: Please speak to us first if you are unhappy. You may always turn to the regulator."
    if "california" in laws:
        yield "  no_sale: We have not sold or shared personal information in the last twelve months."
    yield from ["", "# What people may hold you to, sentence by sentence. `about` names the purposes a sentence rests on.", "promises:"]
    for number, (sentence, about) in enumerate(_promised(chosen), 1):
        yield f"  {answers.workspace}-{number:03}: {flow({'clause': 'Our promises', 'sentence': sentence} | ({'about': about} if about else {}))}"


def _promised(chosen: list[Does]) -> Iterator[tuple[str, list[str]]]:
    said: Mapping[Does, str] = {
        Does.VISITS: "Whoever says no to being counted leaves only a count of the day.",
        Does.FORM: "What you write in the contact form is used to answer you.",
        Does.CALLS: "Calls are never recorded.",
        Does.APPOINTMENTS: "What you give us when you book is used to keep your appointment.",
        Does.SMS: "Reminders stop when you reply STOP.",
        Does.ORDERS: "What you give us when you order is used to carry the order out.",
        Does.NEWSLETTER: "The newsletter goes only to people who asked for it.",
    }
    yield "We take only what the matter in hand needs.", []
    yield "We never sell personal data.", []
    yield from ((said[does], [_PURPOSES[does]]) for does in chosen)
