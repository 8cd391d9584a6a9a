"""What does a message look like as it leaves, and what must stand in it? An e-mail as a file of its kind, a text or letter as JSON.

A text or a letter that people can be spared says how to end them, and what its carrier may charge, in the policy's own words:
one without is refused. An e-mail says it in its head. It sends nothing.
Source: RFC 5322, RFC 8058; CTIA Messaging Principles and Best Practices 5.1; docs/decisions/0028
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from enum import StrEnum

from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect.telephone import spelled
from troth.disclose.carriers import WHOLE
from troth.disclose.unsubscribe import headers_for
from troth.gate.decide import spares
from troth.policy.conduct import ChannelRules
from troth.policy.model import Policy
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

REQUEST = "request"  # the one purpose that is not the policy's: a person's own subject request
OPT_OUT, CHARGES = "{opt-out}", "{charges}"
_LONGEST_TEXT = 1_600
_LONGEST_ADDRESS = 500


class Channel(StrEnum):
    """How a message goes."""

    EMAIL = "email"
    SMS = "sms"
    POST = "post"


ENDINGS = {Channel.EMAIL: "eml", Channel.SMS: "sms", Channel.POST: "post"}
KINDS = {Channel.EMAIL: IdentifierKind.EMAIL, Channel.SMS: IdentifierKind.PHONE}


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person. `kind` is a code (`link`, `receipt`...); `to` is never stored but in the file."""

    ref: int
    to: str
    purpose: str
    kind: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()
    channel: Channel = Channel.EMAIL
    rehearsal: bool = False  # part of a proof: no carrier gets it


def compose(workspace: Workspace, letter: Letter) -> bytes:
    """The message as its file holds it. Raises `bad-address`, `bad-number`, `opt-out-missing`, `charges-missing` or `too-long`."""
    if letter.channel is Channel.EMAIL:
        return _mail(workspace, letter).as_bytes(policy=WHOLE)
    check_carries(workspace.policy, letter.channel, letter.purpose, letter.text)
    to = spelled(letter.to) if letter.channel is Channel.SMS else letter.to.strip()
    if not to:
        raise Fault("bad-number" if letter.channel is Channel.SMS else "bad-address", "this is nowhere a message can go")
    if len(to) > _LONGEST_ADDRESS or (letter.channel is Channel.SMS and len(letter.text) > _LONGEST_TEXT):
        raise Fault("too-long", f"a text message has at most {_LONGEST_TEXT} characters")
    return json.dumps({"to": to, "text": letter.text}, ensure_ascii=False).encode()


def filled(policy: Policy, channel: Channel, text: str) -> str:
    """A text with what the policy lets stand for `{opt-out}` and `{charges}` in it."""
    rules = policy.channels.get(channel) or ChannelRules(channel)
    return text.replace(OPT_OUT, rules.opt_out_text).replace(CHARGES, rules.carrier_charges)


def check_carries(policy: Policy, channel: Channel, purpose: str, text: str) -> None:
    """Raises `opt-out-missing` or `charges-missing` for a text or letter that people can be spared and that does not say what it must."""
    declared = policy.purposes.get(purpose)
    if channel is Channel.EMAIL or declared is None or not spares(policy, declared, channel):
        return
    rules = policy.channels.get(channel) or ChannelRules(channel)
    if not rules.opt_out_text:
        raise Fault("opt-out-missing", f"the policy does not say how messages by `{channel}` end", help=f"give `channels.{channel}.opt_out_text`")
    if rules.opt_out_text not in text:
        raise Fault("opt-out-missing", "the message does not say how to end such messages", help=f"write `{OPT_OUT}` where it is to stand")
    if rules.carrier_charges and rules.carrier_charges not in text:
        raise Fault("charges-missing", "the message does not say what a carrier may charge", help=f"write `{CHARGES}` where it is to stand")


def _mail(workspace: Workspace, letter: Letter) -> EmailMessage:
    us = workspace.policy.organisation
    message = EmailMessage(policy=WHOLE)
    try:
        message["To"] = Address(addr_spec=letter.to)
        message["From"] = Address(us.name, addr_spec=us.email)
        message["Subject"] = " ".join(letter.subject.split())
    except (ValueError, IndexError, MessageError):  # the address itself is never repeated
        raise Fault("bad-address", "this is not an e-mail address") from None
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=us.email.partition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    for name, value in headers_for(workspace, letter.ref, letter.purpose).items():
        message[name] = value
    # As it is, not wrapped or quoted: a link stays whole for whoever reads the file.
    message.set_content(letter.text, cte="7bit" if letter.text.isascii() else "8bit")
    for one in letter.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.body, maintype=main, subtype=sub, filename=one.name)
    return message
