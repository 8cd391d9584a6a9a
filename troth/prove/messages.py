"""How does a proof write to people, hear from them, and read what they got? Through the same doors as a business and its provider.

What is in the outbox of people made up by a proof is handed to nobody, so that it can be read.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import json
import secrets
from collections.abc import Iterator
from email.message import EmailMessage
from urllib.parse import urlsplit

import httpx

from troth.policy.model import EventType
from troth.prove.world import Told, World, check

MARKS = {"sms": "{opt-out} {charges}", "post": "{opt-out}", "email": ""}
CATEGORIES = {"email": "user.contact.email", "sms": "user.contact.phone_number", "post": "user.contact.address"}


def address_item(world: World, event: EventType, channel: str) -> str:
    """The item of an event that a channel is addressed by; empty when it has none."""
    return next((id for id in event.items if world.policy.items[id].category.startswith(CATEGORIES[channel])), "")


def reached_by(world: World, purpose: str, channel: str) -> EventType:
    """The event that brings the address a purpose writes to; raises Broken where none does."""
    declared = world.policy.purposes[purpose]
    events = [world.policy.events[id] for id in declared.events]
    found = [event for event in events if event.call and address_item(world, event, channel)]
    check(found, f"no event brings an address that {purpose} may write to by {channel}")
    return found[0]


def address(told: Told, world: World, channel: str) -> str:
    """Where messages to this person go."""
    return str(told.values[address_item(world, told.event, channel)])


def write(world: World, purpose: str, *people: Told, channel: str = "email", text: str = "") -> dict[str, int]:
    """Send one message to these people, if the gate lets it; what became of how many."""
    said = message(world, purpose, *people, channel=channel, text=text)
    check(said["status"] == 201, f"a message for {purpose} by {channel} was answered with {said['status']} {said.get('code', '')}")
    return dict(said["became"])  # type: ignore[call-overload, no-any-return]


def message(world: World, purpose: str, *people: Told, channel: str = "email", text: str = "", bare: bool = False) -> dict[str, object]:
    """The same, with the whole answer. `bare`: without what a text or letter must say."""
    words = f"{text or 'A word from us.'} {'' if bare else MARKS[channel]} {secrets.token_hex(6)}"
    body = {"purpose": purpose, "channel": channel, "subject": "A word", "text": words, "to": [{"account": one.account} for one in people]}
    return world.program("POST", "/messages", body)


def mails(world: World, to: str) -> list[EmailMessage]:
    """Every e-mail to an address, the newest first."""
    found = []
    for path in sorted(world.outbox.glob("*.eml") if world.outbox else (), key=lambda one: one.stat().st_mtime, reverse=True):
        read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if isinstance(read, EmailMessage) and to in str(read["to"]):
            found.append(read)
    return found


def whole(mail: EmailMessage) -> str:
    """Every text of a mail, as a mail program shows it and as a page."""
    return "\n".join(str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text")


def texts(world: World, to: str) -> list[str]:
    """Every text to a number, the newest first."""
    return list(_texts(world, to))


def _texts(world: World, to: str) -> Iterator[str]:
    for path in sorted(world.outbox.glob("*.sms") if world.outbox else (), key=lambda one: one.stat().st_mtime, reverse=True):
        said = json.loads(path.read_bytes())
        if said["to"] == to:
            yield str(said["text"])


def text_in(world: World, sender: str, body: str, id: str = "", **more: str) -> httpx.Response:
    """Somebody texts us; the provider tells us, signed."""
    path = f"/{world.workspace}/hooks/twilio/sms"
    fields = {"MessageSid": id or "SM" + secrets.token_hex(16), "From": sender, "To": "+442079460000", "Body": body, **more}
    fields |= {"TrothCanary": world.access["canary_key"]} if world.canary else {}
    said = str(world.http.base_url).rstrip("/") + path + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(world.access["twilio_token"].encode(), said.encode(), "sha1")).decode()
    answer = world.http.post(path, data=fields, headers={"x-twilio-signature": signature})
    check(answer.status_code == 200, f"a text that came in was answered with {answer.status_code}")
    return answer


def tell_us(world: World, **said: object) -> dict[str, object]:
    """An operator's program records what somebody told us."""
    return world.program("POST", "/withdrawals", {"note": "They said so.", **said})


def follow(world: World, link: str, method: str = "GET", **more: object) -> httpx.Response:
    """Open or post to a link of a message, wherever it says we are; no cookie, no page of ours before it."""
    return world.http.request(method, urlsplit(link).path, headers={"accept": "text/html"}, **more)  # type: ignore[arg-type]
