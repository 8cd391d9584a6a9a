"""Proofs of how a yes to messages comes about, and what is noticed of them."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from typing import Any

from troth.policy.finding import errors
from troth.policy.findings import check as findings_of
from troth.policy.model import EventType
from troth.prove.messages import MARKS, address, address_item, follow, mails, reached_by, tell_us, texts, whole, write
from troth.prove.registry import proves
from troth.prove.world import LONDON, Told, World, check

_ASIDE = 2.0  # seconds that a message may take


def _fields(world: World, event: EventType, *without: str) -> dict[str, Any]:
    """What a person types into a form: everything it must have."""
    values = world.values(event, event.required)
    return {world.policy.items[id].at[-1].partition(".")[2]: value for id, value in values.items() if id not in without}


def _sent(world: World, event: EventType, fields: dict[str, Any]) -> dict[str, Any]:
    return world.post(f"/forms/{event.id}", {"fields": fields, "tz": LONDON})


@proves(sabotage="take-half-a-form")
def a_number_and_agreement_together_are_the_yes(world: World, purpose: str, number: str, agreement: str) -> None:
    event = reached_by(world, purpose, "sms")
    beside = world.http.get(f"/{world.workspace}/forms/{event.id}").json()
    phone = world.policy.items[number].at[-1].partition(".")[2]
    for missing in (number, agreement):
        half = _sent(world, event, _fields(world, event, missing))
        check(half["status"] == 400 and "receipt" not in half, "half of it was taken for a yes to texts")
    fields = _fields(world, event)
    answer = _sent(world, event, fields)
    check(answer["status"] == 200 and answer.get("receipt"), "a number given together with agreement was not taken for a yes")
    receipt = answer["receipt"]
    check(receipt["screen"] == beside["screen"] and receipt["version"] == beside["version"], "the yes does not carry which words it was said to")
    to = [{"phone": str(fields[phone])}]
    said = {"purpose": purpose, "channel": "sms", "text": f"A word. {MARKS['sms']} {secrets.token_hex(4)}", "to": to}
    check(world.program("POST", "/messages", said).get("became") == {"told": 1}, "somebody who agreed by the form gets no text")


@proves(sabotage="say-nothing-beside-the-form")
def a_form_says_what_its_texts_are_like(world: World, purpose: str, says: str) -> None:
    """`says`: `charges` or `automated`."""
    event, rules = reached_by(world, purpose, "sms"), world.policy.channels["sms"]
    beside = world.http.get(f"/{world.workspace}/forms/{event.id}").json()
    wanted = rules.carrier_charges if says == "charges" else "may be sent by a machine"
    check(any(wanted in one for one in beside["says"]), "it is not said beside the form")
    answer = _sent(world, event, _fields(world, event))
    check(answer.get("receipt", {}).get("screen") == beside["screen"], "what was said beside the form is not part of the yes")
    someone = world.tell(event)
    if says == "charges":
        silent = world.program("POST", "/messages", {"purpose": purpose, "channel": "sms", "text": f"A word. {rules.opt_out_text}"})
        check(silent["status"] == 400 and silent.get("code") == "charges-missing", "a text that does not tell of charges was taken")
    check(write(world, purpose, someone, channel="sms") == {"told": 1}, "no text goes out by itself to somebody who agreed")
    check(says != "charges" or wanted in texts(world, address(someone, world, "sms"))[0], "the first text does not tell of charges")


@proves(sabotage="make-texts-a-condition")
def buying_needs_no_yes_to_messages(world: World, purpose: str, event: str) -> None:
    bought = _sent(world, world.policy.events[event], _fields(world, world.policy.events[event]))
    check(bought["status"] == 200, "nothing can be bought without agreeing to messages")
    someone = world.tell(world.policy.events[event], willing=False)
    check(someone.answer.get("stored") == 1, "an order of somebody who wants no messages is not kept")
    for id, rules in world.policy.channels.items():
        if purpose in rules.purposes:
            changed = replace(world.policy, channels={**world.policy.channels, id: replace(rules, condition_of_purchase=True)})
            check(any(one.code == "consent-as-condition" for one in errors(findings_of(changed))), "a policy that makes it a condition is let pass")


@proves(sabotage="believe-any-form")
def a_list_is_joined_by_its_own_link(world: World, form: str, purpose: str) -> None:
    event = world.policy.events[form]
    fields = _fields(world, event)
    mailbox = str(fields[world.policy.items[address_item(world, event, "email")].at[-1].partition(".")[2]])
    check(_sent(world, event, fields)["status"] == 200, "the form was refused")
    check(_written(world, purpose, mailbox) == 0, "an address that somebody typed in is on the list")
    link = re.search(r"http\S+/confirm/[a-z0-9]+", world.letter_to(mailbox, _ASIDE))
    check(link, "the message holds no link")
    assert link is not None
    check(follow(world, link[0]).status_code == 200 and _written(world, purpose, mailbox) == 0, "opening the link is taken for a yes")
    check(follow(world, link[0], "POST").status_code == 200, "the link cannot be used")
    check(_written(world, purpose, mailbox) == 1, "somebody who confirmed gets nothing")
    bad = (follow(world, link[0], "POST"), follow(world, link[0][:-3] + "abc"))
    check(all(one.status_code == 410 for one in bad), "a used or made-up link is taken")
    with world.centre().by_mail(mailbox) as centre:
        acts = centre.data()["choices"]
    check(any(act["purpose"] == purpose and act["said"] == "given" and act["how"] == "confirmed" for act in acts), "the yes is not on record")
    left = re.fullmatch(r"<(\S+)>", str(mails(world, mailbox)[0]["List-Unsubscribe"] or mails(world, mailbox)[1]["List-Unsubscribe"]))
    check(left and follow(world, left[1], "POST").status_code == 200, "the list cannot be left by its link")
    check(_written(world, purpose, mailbox) == 0, "somebody who left the list gets an issue")


def _written(world: World, purpose: str, mailbox: str) -> int:
    said = {"purpose": purpose, "subject": "An issue", "text": f"News {secrets.token_hex(4)}", "to": [{"email": mailbox}]}
    return int(dict(world.program("POST", "/messages", said).get("became", {})).get("told", 0))


@proves(sabotage="notice-everybody")
def what_becomes_of_a_mail_is_noticed_only_where_permitted(world: World, purpose: str, noticing: str) -> None:
    """`noticing`: the purpose that opens and clicks serve."""
    event = reached_by(world, purpose, "email")
    someone, other = world.tell(event, willing=None), world.tell(event, willing=None)
    _allow(world, other, noticing, False)
    page = f"{world.policy.site.origins[0]}{world.paths()[-1]}"
    check(write(world, purpose, someone, other, text=f"Look: {page}") == {"told": 2}, "somebody who said nothing against it got no message")
    theirs, spared = (whole(mails(world, address(one, world, "email"))[0]) for one in (someone, other))
    check("/mail/" not in spared and page in spared, "the mail to somebody who objected notices what becomes of it")
    opened, followed = (re.search(rf"http\S+/mail/{what}/[A-Za-z0-9_-]+", theirs) for what in ("opened", "followed"))
    check(opened and followed, "what becomes of a mail is not noticed")
    assert opened is not None and followed is not None
    check(follow(world, opened[0]).headers.get("content-type") == "image/gif", "opening a mail is not noticed")
    led = follow(world, followed[0])
    check(led.status_code == 302 and led.headers["location"] == page, "a link of a mail leads elsewhere")
    rows = world.events(noticing)
    theirs_noted, others_noted = ([row for row in rows if address(one, world, "email") in str(row["items"])] for one in (someone, other))
    check(len({row["event"] for row in theirs_noted}) == 2, "an opened mail and a followed link are not noted of whom they are")
    check(not others_noted, "something is noted of somebody who objected")
    forged = followed[0][:-6] + "AAAAAA"
    check(follow(world, forged).status_code == 404, "a link that was not made here leads on")


def _allow(world: World, told: Told, purpose: str, yes: bool) -> None:
    """Another system relays what somebody said to one purpose."""
    if not yes:
        tell_us(world, by="telephone", purposes=[purpose], person={"account": told.account})


@proves(sabotage="keep-it-from-the-client")
def a_client_hears_who_wants_no_more(world: World, event: str, purpose: str) -> None:
    """`event`: by which a client has somebody's address; `purpose`: what the client writes for."""
    check(world.clients, "this business serves no client")
    client = world.clients[0]
    someone, other = client.tell(client.policy.events[event]), client.tell(client.policy.events[event])
    mailbox = str(someone.values["contact.email"])
    check(write(client, purpose, someone) == {"told": 1}, "a client cannot write to its customer")
    said = tell_us(world, by="email", everything=True, note="Stop contacting me.", **{"from": mailbox})
    name = client.policy.organisation.name
    check(said.get("clients") == [name], "the client concerned is not found")
    check(any(name in one.get_content() for one in mails(world, mailbox)), "the answer does not name the client")
    check(write(client, purpose, someone) == {"not-permitted": 1}, "a client writes to somebody who wants no more")
    check(write(client, purpose, other) == {"told": 1}, "a client may write to nobody any more")
    with client.centre().by_mail(mailbox) as centre:
        asked = centre.data()["requests"]
    check(any("withdrawal" in str(one) for one in asked), "the client has not received the demand")

