"""May we notice that an e-mail was opened, or which of its links was followed? Only of whom it is permitted, as the message leaves.

What notices is put in as the message leaves: a link through our door, a picture of one point. Each carries a token that names the
recipient, encrypted under the workspace's own key; so it shows nothing, leads nowhere else and holds here alone. What comes back
passes the gate like every event. Links of our own (unsubscribe, privacy centre) stay as they are.
Source: ePrivacy Directive Art. 5(3); EDPB Guidelines 2/2023 on the scope of Art. 5(3), 2.3; docs/decisions/0028
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from troth.base.clock import now
from troth.base.errors import Fault
from troth.consent.standing import Standing
from troth.disclose.carriers import WHOLE
from troth.gate.decide import MayCollect, Permit, decide
from troth.gate.plan import Plan
from troth.policy.conduct import ChannelRules, Tracks
from troth.policy.model import EventType, Policy
from troth.workspace import Workspace

NAMES: Mapping[Tracks, str] = {Tracks.OPENS: "Email Opened", Tracks.CLICKS: "Email Link Clicked"}  # usual names of such events
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
_NONCE = 12
_LONGEST = 700  # of a link's target: a line of a message has at most 990 characters


@dataclass(frozen=True, slots=True)
class Noticed:
    """Who noticed what: the recipient, their address, which message, and where a followed link leads."""

    ref: int
    address: str
    letter: str
    target: str = ""


def event_for(policy: Policy, what: Tracks) -> EventType | None:
    """The event that an opening or a followed link is kept as."""
    return next((one for one in policy.events.values() if one.call == "track" and one.name == NAMES[what]), None)


def may_notice(plan: Plan, standing: Standing | None, rules: ChannelRules | None) -> frozenset[Tracks]:
    """What of this person's mail may be noticed now: what the channel says is noticed, and the gate lets be kept of them; each by itself."""
    return frozenset(what for what in (rules.tracks if rules else ()) if standing is not None and _permitted(plan, standing, what))


def _permitted(plan: Plan, standing: Standing, what: Tracks) -> bool:
    """Where purposes exist for noticing alone, each must permit it: whoever objects to those is spared, whatever else it would serve."""
    event = event_for(plan.policy, what)
    verdict = decide(MayCollect(event.id), plan, standing, now()) if event is not None else None
    if event is None or not isinstance(verdict, Permit) or verdict.treatment is None or verdict.treatment.anonymous:
        return False
    noticed = {one.id for one in (event_for(plan.policy, each) for each in Tracks) if one is not None}
    alone = [one for one in plan.policy.purposes.values() if event.id in one.events and set(one.events) <= noticed]
    return all(plan.denial(one, standing) is None for one in alone)


def dress(workspace: Workspace, ref: int, kind: str, body: bytes, tracks: Collection[Tracks]) -> bytes:
    """The message with links that lead through our door, a picture of one point, or both: whichever may be noticed (`may_notice`)."""
    message = message_from_bytes(body, policy=WHOLE)
    assert isinstance(message, EmailMessage)
    part = message.get_body(("plain",))
    if part is None:
        return body
    noticed = Noticed(ref, str(message["To"]), re.sub(r"[^a-z0-9-]", "-", kind)[:40])
    text = str(part.get_content())
    if Tracks.CLICKS in tracks:
        text = _LINK.sub(lambda found: _through(workspace, noticed, found[0]), text)
    attached = list(message.iter_attachments())
    message.clear_content()
    message.set_content(text, cte="7bit" if text.isascii() else "8bit")
    if Tracks.OPENS in tracks:
        message.add_alternative(_page(text, door(workspace, "opened", noticed)), subtype="html", cte="8bit")
    if attached:
        message.make_mixed()
        for one in attached:
            message.attach(one)
    return message.as_bytes(policy=WHOLE)


def _through(workspace: Workspace, noticed: Noticed, target: str) -> str:
    ours = f"{workspace.settings.base_url}/{workspace.id}/"
    if target.startswith(ours) or len(target) > _LONGEST // 2:
        return target
    return door(workspace, "followed", Noticed(noticed.ref, noticed.address, noticed.letter, target))


def _page(text: str, picture: str) -> str:
    """The same words as a page. Links are links, and the picture is the last thing."""
    words = _LINK.sub(lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(text, quote=False)).replace("\n", "<br>\n")
    return f'<!doctype html><html><body>{words}<img src="{picture}" width="1" height="1" alt=""></body></html>'


def door(workspace: Workspace, what: str, noticed: Noticed) -> str:
    """Where what is noticed comes in: `opened` or `followed`."""
    nonce = os.urandom(_NONCE)
    said = json.dumps([noticed.ref, noticed.address, noticed.letter, noticed.target]).encode()
    token = base64.urlsafe_b64encode(nonce + _cipher(workspace).encrypt(nonce, said, f"{workspace.id}/{what}".encode())).decode().rstrip("=")
    return f"{workspace.settings.base_url}/{workspace.id}/mail/{what}/{token}"


def read_door(workspace: Workspace, what: str, token: str) -> Noticed:
    """What a token says. Raises `no-such-link` for whatever was not made here, for this."""
    try:
        raw = base64.urlsafe_b64decode(token[:2048] + "=" * (-len(token) % 4))
        said = _cipher(workspace).decrypt(raw[:_NONCE], raw[_NONCE:], f"{workspace.id}/{what}".encode())
        return Noticed(*json.loads(said))
    except (ValueError, TypeError, InvalidTag):
        help = "open the link of the message itself"
        raise Fault("no-such-link", "this link was not made here, or it is not whole", help=help, status=404) from None


def _cipher(workspace: Workspace) -> AESGCM:
    return AESGCM(workspace.keys.hash_identifier("noticing-key", workspace.id))
