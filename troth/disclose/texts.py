"""What does a text mean that somebody sends us? STOP, HELP, START, or words; and what is done about it, once, with one answer.

1. understand   the whole message, case, punctuation and width aside; the provider's own word for it goes first
2. stop         the number is written to no more, whoever it belongs to; every person who was written to there has said no
3. answer       one text without any offer; none where the provider has answered, and none where it had stopped before
A START lifts the stop of the number, and a no that was silence before it. It is no yes: what the policy asks for first stays unasked.
Words that plainly ask to stop do the same as STOP, and somebody reads them.
Source: Twilio documentation, "Receive messages" and "Advanced opt-out"; 47 CFR 64.1200(a)(10)-(12); docs/decisions/0028
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text

from troth.base.clock import now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.collect.regime import regime_for
from troth.collect.telephone import country_of, spelled
from troth.collect.twilio import Form
from troth.consent.standing import read_standing
from troth.disclose import stopped
from troth.disclose.composing import REQUEST, Channel, Letter
from troth.disclose.ending import What, end, resume
from troth.disclose.outbox import send
from troth.policy.conduct import ChannelRules
from troth.policy.model import Policy
from troth.rights import requests
from troth.rights.requests import Right
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

BY_TEXT = "by-text"
SMS = Channel.SMS
_REMEMBERED = timedelta(days=7)
_DAY = 86_400_000_000
_LONGEST = 1_600

text_seen = Table(
    "text_seen",
    metadata,
    Column("hash", LargeBinary, primary_key=True),  # a keyed hash of the provider's own number of the message
    Column("meant", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
)


class Meant(StrEnum):
    """What a text means."""

    STOP = "stop"
    ASKED_TO_STOP = "asked-to-stop"  # in words of their own
    HELP = "help"
    START = "start"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One text, once its signature was checked. `answered`: the provider has seen to its own opt-out, and answered."""

    id: str
    sender: str
    body: str
    opt_out: str = ""
    canary: bool = False

    @property
    def answered(self) -> bool:
        return bool(self.opt_out)


# 1. understand

# Source: CTIA Short Code Monitoring Handbook; 47 CFR 64.1200(a)(10)
STOPS = ("stop", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "opt out")
HELPS, STARTS = ("help", "info"), ("start", "unstop")
_PLAINLY = re.compile("|".join((
    r"\b(stop|quit|cease|don ?t|do not|never)\b.{0,12}\b(texting|messaging|contacting|sending|writing)\b",
    r"\b(stop|quit|cease|don ?t|do not|never)\b.{0,12}\b(text|message|contact|send|write( to)?) (me|us)\b",
    r"\bno more (texts|text messages|messages|sms|offers|ads)\b", r"\b(take|remove|delete) (me|my number) (off|from)\b",
    r"\b(unsubscribe|opt) me\b", r"\bleave me alone\b", r"\b(withdraw|revoke) my consent\b",
    r"^(please )?(stop|end) (this|it|these|them)( please)?$", r"^please stop$", r"^stop please$",
    r"\bkeine (weiteren )?(sms|nachrichten|texte)\b", r"\b(mich|bitte) (abmelden|austragen)\b", r"\bhört? (bitte )?auf\b",
    r"\bbitte aufhören\b", r"\bwiderrufe\b",
)))  # fmt: skip
_NEVERTHELESS = re.compile(r"\b(do not|don ?t|never|nicht) (stop|unsubscribe|opt|quit|cease|abmelden|aufhören)\b|\bkeep (texting|sending)\b")


def understood(body: str, opt_out: str, rules: ChannelRules | None) -> Meant:
    """What a text means. `opt_out`: what the provider took it for, when it said so."""
    named = {"STOP": Meant.STOP, "HELP": Meant.HELP, "START": Meant.START}.get(opt_out.strip().upper())
    if named is not None:
        return named
    words = plain(body)
    bare = words.replace(" ", "")
    own = rules.stop_words if rules is not None else ()
    if bare and bare in {plain(one).replace(" ", "") for one in (*STOPS, *own)}:
        return Meant.STOP
    if bare in HELPS:
        return Meant.HELP
    if bare in STARTS:
        return Meant.START
    return Meant.ASKED_TO_STOP if _PLAINLY.search(words) and not _NEVERTHELESS.search(words) else Meant.WORDS


def plain(text: str) -> str:
    """Only letters and digits, small, in their usual width, with one space between words; letters of any script stay."""
    found = unicodedata.normalize("NFKC", text[:_LONGEST].encode("utf-8", "replace").decode()).casefold()
    found = "".join(letter for letter in found if unicodedata.category(letter) != "Cf")  # marks that nobody sees
    return " ".join("".join(letter if unicodedata.category(letter)[0] in "LNM" else " " for letter in found).split())


def read_text(form: Form, canary_key: str) -> Inbound:
    """One message of Twilio's. Raises `bad-text` when it does not say which, or from whom."""
    fields = dict(form)
    id, sender = fields.get("MessageSid") or fields.get("SmsSid") or "", spelled(fields.get("From", ""))
    if not 2 <= len(id) <= 64 or not (id.isascii() and id.isalnum()) or not sender:
        raise Fault("bad-text", "a text needs `MessageSid` and `From`")
    canary = bool(canary_key) and fields.get("TrothCanary") == canary_key
    return Inbound(id, sender, fields.get("Body", "")[:_LONGEST], fields.get("OptOutType", "")[:16], canary)


# 2. stop


def take(workspace: Workspace, text: Inbound) -> Meant:
    """Do what a text asks for; it holds when this returns. The same message again changes nothing, and is answered no second time."""
    at = now_micros()
    seen = workspace.keys.hash_identifier("text", text.id)
    number = directory.hash_of(workspace.keys, IdentifierKind.PHONE, text.sender)
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM text_seen WHERE day < ?", ((at - _REMEMBERED // timedelta(microseconds=1)) // _DAY,))
        policy = workspace.plan_at(conn, at).policy
        before = conn.exec_driver_sql("SELECT meant FROM text_seen WHERE hash = ?", (seen,)).first()
        meant, answers = (Meant(before[0].rstrip("!")), not before[0].endswith("!")) if before else _take(workspace, conn, policy, text, number, at)
        if before is None:
            mark = str(meant) if answers else f"{meant}!"
            conn.exec_driver_sql("INSERT INTO text_seen (hash, meant, day) VALUES (?, ?, ?)", (seen, mark, at // _DAY))
        ref = directory.find(conn, number) or 0
    words = _answer(workspace, policy, meant)
    if answers and words:
        # Its number is the message's own, so that whoever asks again after a crash gets it once.
        send(workspace, Letter(ref, text.sender, REQUEST, f"text-{meant}", "", words, channel=SMS, rehearsal=text.canary), f"text{seen.hex()}")
    return meant


def _take(workspace: Workspace, conn: Connection, policy: Policy, text: Inbound, number: bytes, at: int) -> tuple[Meant, bool]:
    """What it means, and whether it is to be answered."""
    meant = understood(text.body, text.opt_out, policy.channels.get(SMS))
    people = _people_at(conn, number)
    match meant:
        case Meant.STOP | Meant.ASKED_TO_STOP:
            news = stopped.stop(workspace, conn, number, SMS, at)
            for ref in people:
                end(workspace, conn, ref, What(channels=(SMS,)), BY_TEXT)
            if meant is Meant.ASKED_TO_STOP and text.body.strip():
                _have_read(workspace, conn, policy, people, text, at)
            return meant, news and not text.answered
        case Meant.START:
            lifted = stopped.start(conn, number, SMS)
            said = [resume(workspace, conn, ref, SMS, BY_TEXT) for ref in people]
            return meant, (lifted or any(said)) and not text.answered
        case Meant.HELP | Meant.WORDS:
            return meant, meant is Meant.HELP and not text.answered


def _people_at(conn: Connection, number: bytes) -> list[int]:
    """Whose number it is, and whoever was lately written to there."""
    held = directory.find(conn, number)
    written = conn.exec_driver_sql("SELECT DISTINCT ref FROM outbox_message WHERE address = ? AND channel = ? AND ref > 0", (number, SMS))
    return sorted({*(row[0] for row in written), *((held,) if held else ())})


def _have_read(workspace: Workspace, conn: Connection, policy: Policy, people: list[int], text: Inbound, at: int) -> None:
    """Somebody reads what was understood by a machine; it holds until they say otherwise."""
    standing = read_standing(conn, people[0]) if people else None
    regime = standing.regime if standing else regime_for(policy, None, country_of(text.sender))
    ref, channel = people[0] if people else 0, requests.PROOF if text.canary else "sms"
    requests.open_request(workspace, conn, Right.WITHDRAWAL, ref, regime, channel, about="", text=text.body, received_at=at)


# 3. answer


def _answer(workspace: Workspace, policy: Policy, meant: Meant) -> str:
    us, rules = policy.organisation, policy.channels.get(SMS)
    home = f"{workspace.settings.base_url}/{workspace.id}/privacy"
    match meant:
        case Meant.STOP | Meant.ASKED_TO_STOP:
            return f"{us.name}: you get no more texts from us."
        case Meant.START:
            return f"{us.name}: texts are no longer stopped. What needs your yes still needs it: {home}"
        case Meant.HELP:
            labels = ", ".join(policy.purposes[id].label for id in (rules.purposes if rules else ()) if id in policy.purposes)
            said = (rules.carrier_charges, rules.opt_out_text) if rules else ()
            return " ".join(part for part in (f"{us.name}: {labels or 'text messages'}.", *said, us.email) if part)
        case Meant.WORDS:
            return ""


def as_sent(workspace: Workspace, text: Inbound) -> tuple[str, dict[str, str]] | None:
    """A text as the event that the policy keeps those by, and its properties; None where it keeps none."""
    policy = workspace.policy
    event = next((one for one in policy.events.values() if one.call == "track" and one.name == "Text Received"), None)
    if event is None:
        return None
    said = {"user.contact.phone_number": text.sender, "user.content.private": text.body}
    fields: dict[str, str] = {}
    for item in (policy.items[id] for id in event.items):
        paths = [path.removeprefix("properties.") for path in item.at if path.startswith("properties.")]
        if paths and said.get(item.category):
            fields[paths[0]] = said[item.category]
    return event.name or event.id, fields
