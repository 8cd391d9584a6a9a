"""What is said in a chat, and where does it rest? Each line is an event of the policy, through the gate like any other.

The words rest sealed in the journal under the person's key and the transcript's retention rule. Here stand only
pointers: which conversation, in which order, from which side. Who knows a conversation's secret may read that conversation and
nothing else of anybody. Somebody who gives no address is filed under a name made from that secret, never under the visitor's
cookie: nothing here puts a chat together with visits.
Source: GDPR Art. 5(1)(c), 25; ePrivacy Directive Art. 5(3) (what a person asked for)
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_reference, new_token
from troth.collect.batch import Answer
from troth.collect.free_text import free_texts
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.gate.grant import Grant
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.conduct import Transcripts
from troth.policy.model import Cookie, EventType, Policy
from troth.store.reveal import reveal_events
from troth.subjects.keys import KeyMissing
from troth.workspace import Workspace

LONGEST_LINE = 2_000
COOKIE = "troth_chat"
NAME = "chat-"  # how the names of those begin who gave no address
_SIDE = "properties.side"
_MICROSECOND = timedelta(microseconds=1)

chat_table = Table(
    "chat",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("session", LargeBinary, nullable=False, unique=True),  # a hash of the conversation's secret
    Column("ref", BigInteger, nullable=False),
    Column("sealed", LargeBinary),  # the address that was given, under the person's key
    Column("began_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("lines", Integer, nullable=False),
    Column("waiting", Integer, nullable=False),  # the person spoke last
    Column("closed", Integer, nullable=False),
    Column("wish", Text, nullable=False),  # what they asked for that waits for an address
)
Index("chat_ref", chat_table.c.ref)
chat_line = Table(
    "chat_line",
    metadata,
    Column("chat", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("ref", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("side", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("chat_line_ref", chat_line.c.ref)


class Side(StrEnum):
    """Who wrote a line."""

    VISITOR = "visitor"
    OPERATOR = "operator"
    AUTOMATIC = "automatic"  # what the system says of a wish it carried out


@dataclass(frozen=True, slots=True)
class Offer:
    """The chat as a policy declares it. `text`, `side`: items; `cookie`: what the page may keep of it, if declared."""

    event: EventType
    text: str
    side: str
    text_at: str
    cookie: Cookie | None
    keep: str
    email: bool


@dataclass(frozen=True, slots=True)
class Chat:
    """One conversation, without its words."""

    id: int
    session: bytes
    ref: int
    began_at: datetime
    last_at: datetime
    lines: int
    waiting: bool
    closed: bool
    wish: str

    @property
    def shown(self) -> str:
        """The id as addresses carry it."""
        return f"{self.id:016x}"

    @property
    def name(self) -> str:
        """What somebody is filed under who gave no address."""
        return name_of(self.session)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, opened."""

    n: int
    side: Side
    at: datetime
    text: str


def offer_of(policy: Policy) -> Offer | None:
    """The chat that a policy offers: an event of the channel `chat` with words and a side, and a channel that keeps transcripts."""
    rules = policy.channels.get("chat")
    if rules is None or rules.transcripts is not Transcripts.KEPT:
        return None
    for event in policy.events.values():
        side = next((id for id in event.items if _SIDE in policy.items[id].at), None)
        if event.channel != "chat" or event.call != "track" or side is None:
            continue
        for text in free_texts(policy, event):
            at = next((path.removeprefix("properties.") for path in policy.items[text].at if path.startswith("properties.")), None)
            if at is not None:
                cookie = policy.cookies.get(COOKIE)
                return Offer(event, text, side, at, cookie, policy.items[text].keep, "contact.email" in event.items)
    return None


def must_offer(policy: Policy) -> Offer:
    """The same; raises `no-chat`."""
    offer = offer_of(policy)
    if offer is None:
        raise Fault("no-chat", "the policy offers no chat here", status=404)
    return offer


def purposes_of(policy: Policy, offer: Offer) -> list[str]:
    """The purposes that see what is said, those that the channel names first."""
    named = policy.channels["chat"].purposes
    seeing = [one.id for one in policy.purposes.values() if offer.event.id in one.events and offer.text in one.items]
    return sorted(seeing, key=lambda id: id not in named)


# saying


@dataclass(frozen=True, slots=True)
class Said:
    """A line that was kept: the conversation as it stands now, its number, and the words as they were kept."""

    chat: Chat
    n: int
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class From:
    """Where a line comes from: who writes, with which address, in which time zone, and whether a proof does."""

    side: Side
    origin: Origin
    email: str = ""
    tz: str = ""
    canary: str = ""


def begin_and_say(workspace: Workspace, ingest: Ingest, text: str, by: From) -> tuple[str, Said]:
    """Begin a conversation with its first line; returns its secret, known at this moment alone. Raises what `say` does."""
    secret = new_token()
    session = hash_of(secret)
    return secret, _say(workspace, ingest, None, session, text, by)


def say(workspace: Workspace, ingest: Ingest, chat: Chat, text: str, by: From) -> Said:
    """Add a line; raises the gate's reason as a Fault when it may not be kept: then nothing is."""
    return _say(workspace, ingest, chat, chat.session, text, by)


def _say(workspace: Workspace, ingest: Ingest, chat: Chat | None, session: bytes, text: str, by: From) -> Said:
    offer = must_offer(workspace.policy)
    if chat is not None and chat.closed:
        raise Fault("chat-closed", "this conversation has ended; begin another", status=409)
    email = by.email if chat is None else address_of(workspace, chat)
    properties: dict[str, Any] = {offer.text_at: text, "side": str(by.side)} | ({"email": email} if email and offer.email else {})
    message = Message(type="track", event=offer.event.name or offer.event.id, properties=properties, message_id=secrets.token_hex(12))
    message.anonymous_id = None if email and offer.email else name_of(session)
    message.context = {"timezone": by.tz, "canary": by.canary}
    kept: list[Said] = []

    def within(conn: Connection, answer: Answer) -> None:
        if answer.events:
            event, ref = answer.events[0]
            written = _write(workspace, conn, chat, session, email, offer, event, ref, by.side)
            kept.append(Said(written, written.lines, dict(answer.dropped)))

    answer = ingest.submit_and_wait([message], by.origin, within=within)
    if not kept:
        reason = Reason(next(iter(answer.reasons), Reason.NO_PERMISSION))
        raise Fault(str(reason), SENTENCES[reason], status=403)
    return kept[0]


def _write(
    workspace: Workspace, conn: Connection, chat: Chat | None, session: bytes, email: str, offer: Offer, event: int, ref: int, side: Side
) -> Chat:
    at, id = now_micros(), chat.id if chat is not None else new_reference()  # also as addresses carry it, it passes for no telephone number
    if chat is None:
        sealed = _seal(workspace, ref, offer.keep, id, email) if email else None
        conn.exec_driver_sql(
            "INSERT INTO chat (id, session, ref, sealed, began_at, last_at, lines, waiting, closed, wish) VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, '')",
            (id, session, ref, sealed, at, at),
        )
    n = conn.exec_driver_sql("SELECT lines FROM chat WHERE id = ?", (id,)).scalar_one() + 1
    conn.exec_driver_sql("INSERT INTO chat_line (chat, n, ref, event, side, at) VALUES (?, ?, ?, ?, ?, ?)", (id, n, ref, event, side, at))
    waiting = "waiting" if side is Side.AUTOMATIC else "1" if side is Side.VISITOR else "0"
    conn.exec_driver_sql(f"UPDATE chat SET lines = ?, last_at = ?, waiting = {waiting} WHERE id = ?", (n, at, id))
    found = get(conn, id)
    assert found is not None
    return found


# reading


def get(conn: Connection, id: int) -> Chat | None:
    """One conversation, or None."""
    return _chat(conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM chat WHERE id = ?", (id,)).first())


def by_secret(conn: Connection, secret: object) -> Chat:
    """The conversation that a secret belongs to; raises `no-such-chat` alike for forged, old and erased ones."""
    row = None
    if isinstance(secret, str) and len(secret) <= 128:
        row = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM chat WHERE session = ?", (hash_of(secret),)).first()
    found = _chat(row)
    if found is None:
        raise Fault("no-such-chat", "there is no such conversation", status=404)
    return found


def read_id(shown: str) -> int:
    """The id behind what addresses carry; 0 for what is none."""
    try:
        return int(shown, 16) if len(shown) == 16 else 0
    except ValueError:
        return 0


def conversations(conn: Connection, canaries: bool = False, most: int = 100) -> list[Chat]:
    """The queue: those that wait for an answer first, the longest waiting foremost; of proofs' people only when asked for."""
    whose = "EXISTS (SELECT 1 FROM subject WHERE subject.ref = chat.ref AND subject.canary = ?)"
    order = "ORDER BY waiting DESC, CASE waiting WHEN 1 THEN last_at ELSE -last_at END LIMIT ?"
    rows = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM chat WHERE {whose} {order}", (int(canaries), most))
    return [found for row in rows if (found := _chat(row)) is not None]


def pointers(conn: Connection, chat: Chat, after: int = 0) -> list[tuple[int, int, Side, datetime]]:
    """(number, event, side, instant) of the lines after a number, in order."""
    rows = conn.exec_driver_sql("SELECT n, event, side, at FROM chat_line WHERE chat = ? AND n > ? ORDER BY n", (chat.id, after))
    return [(row[0], row[1], Side(row[2]), instant(row[3])) for row in rows]


def lines(workspace: Workspace, conn: Connection, grant: Grant, chat: Chat, after: int = 0) -> list[Line]:
    """The words of a conversation for a grant that names its person; a line whose key is gone is left out."""
    wanted = pointers(conn, chat, after)
    text = must_offer(grant.plan.policy).text
    events = {event for _, event, _, _ in wanted}
    opened = reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({chat.ref})) if wanted else ()
    words = {one.event: one.items[text] for one in opened if one.event in events and text in one.items}
    return [Line(n, side, at, str(words[event])) for n, event, side, at in wanted if event in words]


def address_of(workspace: Workspace, chat: Chat) -> str:
    """The e-mail address that was given, or nothing. Nobody has shown that it is theirs."""
    with workspace.state.read() as conn:
        sealed = conn.exec_driver_sql("SELECT sealed FROM chat WHERE id = ?", (chat.id,)).scalar_one_or_none()
    if sealed is None:
        return ""
    keep = must_offer(workspace.policy).keep
    try:
        return str(json.loads(workspace.keys.open(chat.ref, keep, chat.id, sealed)))
    except KeyMissing:
        return ""


# what becomes of it


def close(conn: Connection, chat: Chat) -> None:
    """It has ended; what was said stays as the policy says."""
    conn.exec_driver_sql("UPDATE chat SET closed = 1, waiting = 0 WHERE id = ?", (chat.id,))


def remember_wish(conn: Connection, chat: Chat, wish: str) -> None:
    """What somebody asked for waits for their address; nothing: it waits no more."""
    conn.exec_driver_sql("UPDATE chat SET wish = ? WHERE id = ?", (wish, chat.id))


def forget_old(workspace: Workspace) -> int:
    """Remove the pointers of conversations whose words are past their time; returns how many."""
    policy = workspace.policy
    offer = offer_of(policy)
    rule = policy.retention.get(offer.keep) if offer is not None else None
    if rule is None or rule.keep_for is None:
        return 0
    with workspace.state.read() as conn:
        before = now_micros() - rule.keep_for // _MICROSECOND
        gone = [row[0] for row in conn.exec_driver_sql("SELECT id FROM chat WHERE last_at < ?", (before,))]
    if gone:
        with workspace.state.write() as conn:
            for id in gone:
                conn.exec_driver_sql("DELETE FROM chat_line WHERE chat = ?", (id,))
                conn.exec_driver_sql("DELETE FROM chat WHERE id = ?", (id,))
    return len(gone)


def hash_of(secret: str) -> bytes:
    """What a conversation's secret is kept as."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def name_of(session: bytes) -> str:
    """The name of whoever gave no address."""
    return NAME + session.hex()[:48]


_COLUMNS = "id, session, ref, began_at, last_at, lines, waiting, closed, wish"


def _chat(row: Any) -> Chat | None:
    if row is None:
        return None
    id, session, ref, began, last, many, waiting, closed, wish = row
    return Chat(id, session, ref, instant(began), instant(last), many, bool(waiting), bool(closed), wish)


def _seal(workspace: Workspace, ref: int, keep: str, id: int, email: str) -> bytes:
    workspace.keys.ensure({(ref, keep)})
    return workspace.keys.seal(ref, keep, id, json.dumps(email).encode())


__all__ = ["COOKIE", "LONGEST_LINE", "Chat", "From", "Line", "Offer", "Said", "Side", "offer_of"]
