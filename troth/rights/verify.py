"""Is it really this person? One-time links to an address that is held, sessions of the centre, and matching details.

It sends nothing and shows nothing. A token is 128 random bits, kept as a hash, good once and for half an hour; it
is opened by a GET that changes nothing and used by a POST, because mail scanners follow links. Possession of a
browser's random identifier shows that the browser is one's own, and opens that browser's own data alone.
Source: GDPR Art. 11, 12(6); 11 CCR 7060-7063; OWASP forgotten-password guidance
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.consent.standing import read_standing
from troth.ledger.entry import EntryKind
from troth.rights.requests import KEEP
from troth.subjects import directory, links
from troth.subjects.directory import IdentifierKind
from troth.subjects.keys import KeyMissing
from troth.subjects.links import How
from troth.workspace import Workspace

LINK_LASTS = timedelta(minutes=30)
SESSION_LASTS = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_LEAST_VISITOR_ID = 22  # 128 bits need at least 22 letters and digits; anything shorter can be guessed

privacy_link = Table(
    "privacy_link",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("ref", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("visitor", BigInteger, nullable=False),  # the browser it was asked from, 0 when it did not say
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("privacy_link_ref", privacy_link.c.ref)
privacy_session = Table(
    "privacy_session",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("ref", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("points", Integer, nullable=False),  # how many reliable details matched
    Column("sealed", LargeBinary, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("privacy_session_ref", privacy_session.c.ref)
privacy_try = Table(
    "privacy_try",
    metadata,
    Column("key", LargeBinary, primary_key=True),  # a keyed hash: of an address, of a client
    Column("since", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
)


class LinkUse(StrEnum):
    """What a one-time link is for."""

    OPEN = "open"
    CONFIRM_ADDRESS = "confirm-address"
    WITHDRAW = "withdraw"  # what was asked for in a chat takes effect once it is opened


class Shown(StrEnum):
    """How a person showed who they are."""

    MAILBOX = "mailbox"
    BROWSER = "browser"


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link just made: the only moment its token is known. `address` is where it goes, in its one spelling."""

    token: str
    ref: int
    address: str


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that can still be used."""

    ref: int
    what: LinkUse
    visitor: int
    address: str
    case: int = 0  # the subject request that it carries out


@dataclass(frozen=True, slots=True)
class Session:
    """A person who has shown who they are. `refs`: every reference that is this person, as far as was shown."""

    ref: int
    refs: frozenset[int]
    shown: Shown
    points: int
    address: str
    regime: str
    population: str
    restricted: bool
    opened_at: datetime


# one-time links


def make_link(workspace: Workspace, conn: Connection, address: str, visitor: str = "") -> NewLink | None:
    """A link for whoever holds this e-mail address; None when nothing is held under it.

    The caller tells the asker nothing of which it was. `visitor` is the identifier of the browser it is asked from.
    """
    ref = find_by_email(workspace, conn, address)
    if ref is None:
        return None
    plain = directory.normalise(IdentifierKind.EMAIL, address)
    return NewLink(_new_link(workspace, conn, ref, LinkUse.OPEN, plain, visitor_ref(workspace, conn, visitor) or 0), ref, plain)


def make_confirmation(workspace: Workspace, conn: Connection, ref: int, address: str, case: int) -> NewLink:
    """A link to a new address that must be opened there before the address counts; `case`: the correction that waits for it."""
    plain = directory.normalise(IdentifierKind.EMAIL, address)
    return NewLink(_new_link(workspace, conn, ref, LinkUse.CONFIRM_ADDRESS, plain, 0, case), ref, plain)


def make_withdrawal(workspace: Workspace, conn: Connection, address: str, case: int) -> NewLink | None:
    """A link that carries out a withdrawal asked for in somebody's name; None when nothing is held under the address."""
    ref = find_by_email(workspace, conn, address)
    if ref is None:
        return None
    plain = directory.normalise(IdentifierKind.EMAIL, address)
    return NewLink(_new_link(workspace, conn, ref, LinkUse.WITHDRAW, plain, 0, case), ref, plain)


def look_at_link(workspace: Workspace, conn: Connection, token: str) -> OneTimeLink:
    """What a token opens, without using it; raises `link-not-good` alike for used, old and invented ones."""
    row = conn.exec_driver_sql(
        "SELECT hash, ref, what, visitor, sealed FROM privacy_link WHERE hash = ? AND expires_at > ?", (_hashed(token), now_micros())
    ).first()
    address = _open(workspace, row[1], row[0], row[4]) if row is not None else None
    if row is None or address is None:
        raise Fault("link-not-good", "this link was used, is too old or was never made", help="ask for a new one; it comes at once", status=410)
    what, _, case = row[2].partition(":")
    return OneTimeLink(row[1], LinkUse(what), row[3], address, int(case or "0", 16))


def use_link(workspace: Workspace, conn: Connection, token: str) -> OneTimeLink:
    """Use a token up, in the caller's write transaction; it is good once."""
    found = look_at_link(workspace, conn, token)
    conn.exec_driver_sql("DELETE FROM privacy_link WHERE hash = ? OR expires_at <= ?", (_hashed(token), now_micros()))
    return found


# sessions


def open_by_mailbox(workspace: Workspace, conn: Connection, link: OneTimeLink) -> str:
    """A session for whoever opened a link in their mailbox; returns its token. The address counts as verified now."""
    hashed = directory.hash_of(workspace.keys, IdentifierKind.EMAIL, link.address)
    directory.attach(conn, link.ref, hashed, IdentifierKind.EMAIL, verified=True)
    return _open_session(workspace, conn, link.ref, Shown.MAILBOX, 1, link.address)


def open_by_browser(workspace: Workspace, conn: Connection, visitor: str) -> str | None:
    """A session for whoever knows a browser's identifier; None when nothing is held under it."""
    ref = visitor_ref(workspace, conn, visitor)
    return None if ref is None else _open_session(workspace, conn, ref, Shown.BROWSER, 1, "")


def read_session(workspace: Workspace, conn: Connection, token: str) -> Session | None:
    """The session a token stands for; None when it ended, or when its person is erased."""
    row = conn.exec_driver_sql(
        "SELECT hash, ref, what, points, sealed, opened_at FROM privacy_session WHERE hash = ? AND expires_at > ?", (_hashed(token), now_micros())
    ).first()
    standing = read_standing(conn, row[1]) if row is not None else None
    if row is None or standing is None:
        return None
    shown = Shown(row[2])
    refs = links.same_person(conn, row[1]) if shown is Shown.MAILBOX else frozenset({row[1]})
    address = _open(workspace, row[1], row[0], row[4]) or ""
    return Session(row[1], refs, shown, row[3], address, standing.regime, standing.population, standing.restricted, instant(row[5]))


def end_session(conn: Connection, token: str) -> None:
    """Leave."""
    conn.exec_driver_sql("DELETE FROM privacy_session WHERE hash = ? OR expires_at <= ?", (_hashed(token), now_micros()))


def add_point(conn: Connection, token: str) -> None:
    """One more reliable detail matched."""
    conn.exec_driver_sql("UPDATE privacy_session SET points = points + 1 WHERE hash = ?", (_hashed(token),))


def form_token(token: str) -> str:
    """What every form of a session carries; worked out from the session's own secret, so nothing more is stored."""
    return hmac.digest(token.encode(), b"form", hashlib.sha256).hex()[:32]


# is this browser mine?


def join_shown(workspace: Workspace, conn: Connection, other: int, ref: int) -> int | None:
    """Join another reference with a person who has shown that it is theirs; returns the link's id.

    A browser is theirs by their word, with its identifier; another record by its mailbox. They can undo it. None
    when it was so already, the other is gone, or it is a browser that stands with somebody else.
    """
    if not other or read_standing(conn, other) is None or (not links.is_named(conn, other) and links.are_two(conn, other, ref)):
        return None
    made = links.join(conn, other, ref, How.VERIFIED_IDENTIFIER)
    if made is not None:
        body = {"link": made, "refs": sorted((other, ref)), "how": How.VERIFIED_IDENTIFIER}
        workspace.log.append(conn, EntryKind.JOINED, body, instant(now_micros()))
    return made


def undo_join(workspace: Workspace, conn: Connection, session: Session, link_id: int) -> None:
    """Undo a join of this person's references; raises `no-such-link` for anyone else's."""
    if not any(one.id == link_id for ref in session.refs for one in links.standing_links(conn, ref)):
        raise Fault("no-such-link", "there is no such join", status=404)
    links.unjoin(conn, link_id)
    workspace.log.append(conn, EntryKind.UNJOINED, {"link": link_id, "by": "person"}, instant(now_micros()))


def find_by_email(workspace: Workspace, conn: Connection, address: str) -> int | None:
    """The reference filed under an e-mail address."""
    return directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.EMAIL, address))


def visitor_ref(workspace: Workspace, conn: Connection, visitor: str) -> int | None:
    """The reference of a browser's identifier; None for one that is unknown or could be guessed."""
    if not _LEAST_VISITOR_ID <= len(visitor) <= 128:
        return None
    return directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))


# how often?


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries in such a time."""

    tries: int
    within: timedelta


PER_ADDRESS = Limit(5, timedelta(minutes=15))
PER_CLIENT = Limit(100, timedelta(minutes=15))
PER_SESSION = Limit(5, timedelta(hours=1))


def may_try(workspace: Workspace, conn: Connection, what: str, who: str, limit: Limit) -> bool:
    """Count one more try of `who` at `what`; False when it is one too many. `who` rests as a keyed hash, briefly."""
    at, key = now_micros(), workspace.keys.hash_identifier(f"try-{what}", who)
    conn.exec_driver_sql("DELETE FROM privacy_try WHERE since < ?", (at - timedelta(hours=1) // _MICROSECOND,))
    row = conn.exec_driver_sql("SELECT since, count FROM privacy_try WHERE key = ?", (key,)).first()
    fresh = row is None or row[0] < at - limit.within // _MICROSECOND
    since, count = (at, 0) if row is None or fresh else (row[0], row[1])
    conn.exec_driver_sql(
        "INSERT INTO privacy_try (key, since, count) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET since = excluded.since, count = excluded.count",
        (key, since, count + 1),
    )
    return bool(count < limit.tries)


# forgetting


def forget(conn: Connection, refs: Iterable[int]) -> None:
    """End every session and link of a person."""
    for ref in refs:
        conn.exec_driver_sql("DELETE FROM privacy_link WHERE ref = ? OR visitor = ?", (ref, ref))
        conn.exec_driver_sql("DELETE FROM privacy_session WHERE ref = ?", (ref,))


def _new_link(workspace: Workspace, conn: Connection, ref: int, what: LinkUse, address: str, visitor: int, case: int = 0) -> str:
    token = new_token()
    hashed, until = _hashed(token), now_micros() + LINK_LASTS // _MICROSECOND
    conn.exec_driver_sql("DELETE FROM privacy_link WHERE expires_at <= ?", (now_micros(),))
    conn.exec_driver_sql(
        "INSERT INTO privacy_link (hash, ref, what, visitor, sealed, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        (hashed, ref, f"{what}:{case:016x}" if case else what, visitor, _seal(workspace, ref, hashed, address), until),
    )
    workspace.log.append(conn, EntryKind.REQUEST_STEP, {"act": "link-made", "ref": ref, "for": what}, instant(now_micros()))
    return token


def _open_session(workspace: Workspace, conn: Connection, ref: int, shown: Shown, points: int, address: str) -> str:
    token, at = new_token(), now_micros()
    hashed = _hashed(token)
    conn.exec_driver_sql(
        "INSERT INTO privacy_session (hash, ref, what, points, sealed, opened_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (hashed, ref, shown, points, _seal(workspace, ref, hashed, address), at, at + SESSION_LASTS // _MICROSECOND),
    )
    workspace.log.append(conn, EntryKind.REQUEST_STEP, {"act": "verified", "ref": ref, "by": shown}, instant(at))
    return token


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _seal(workspace: Workspace, ref: int, hashed: bytes, address: str) -> bytes:
    workspace.keys.ensure({(ref, KEEP)})
    return workspace.keys.seal(ref, KEEP, int.from_bytes(hashed[:7]), json.dumps(address).encode())


def _open(workspace: Workspace, ref: int, hashed: bytes, sealed: bytes) -> str | None:
    try:
        return str(json.loads(workspace.keys.open(ref, KEEP, int.from_bytes(hashed[:7]), sealed)))
    except KeyMissing:
        return None
