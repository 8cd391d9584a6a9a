"""Which references are the same person, or belong together for one purpose? Joins are dated rows and can be undone.

It joins nothing by itself: whoever links asks the gate first. Rows keep their first reference for ever;
a view expands the links that stand.
Source: GDPR Art. 11, 16, 25
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import now_micros
from troth.base.database import metadata
from troth.subjects.directory import IdentifierKind, move_epoch

link = Table(
    "link",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("a", BigInteger, nullable=False),
    Column("b", BigInteger, nullable=False),
    Column("how", Text, nullable=False),
    Column("purpose", Text, nullable=False),  # empty: the same person, for every purpose
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
)
Index("link_a", link.c.a)
Index("link_b", link.c.b)


class How(StrEnum):
    """On what grounds two references were joined."""

    VERIFIED_IDENTIFIER = "verified-identifier"
    SIGNED_IN = "signed-in"
    NUMBER_AND_TIME = "number-and-time"
    CALLER_NUMBER = "caller-number"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Link:
    id: int
    a: int
    b: int
    how: How
    purpose: str
    since: int


def join(conn: Connection, a: int, b: int, how: How, purpose: str = "") -> int | None:
    """Join two references from now on; None when they are joined so already, or are one."""
    if a == b or any({one.a, one.b} == {a, b} and one.purpose == purpose for one in standing_links(conn, a)):
        return None
    cursor = conn.exec_driver_sql(
        "INSERT INTO link (a, b, how, purpose, since) VALUES (?, ?, ?, ?, ?)", (a, b, how, purpose, now_micros())
    )
    move_epoch(conn, *({a, b} | same_person(conn, a)))  # a no of one now holds for all whom either was joined with
    return int(cursor.lastrowid)


def unjoin(conn: Connection, link_id: int) -> bool:
    """Undo one join: each reference has its own again. False when there was none standing."""
    found = conn.exec_driver_sql("SELECT a, b FROM link WHERE id = ? AND until IS NULL", (link_id,)).first()
    if found is None:
        return False
    family = same_person(conn, found[0]) | {found[0], found[1]}
    conn.exec_driver_sql("UPDATE link SET until = ? WHERE id = ?", (now_micros(), link_id))
    move_epoch(conn, *family)
    return True


def standing_links(conn: Connection, ref: int) -> list[Link]:
    """The joins of one reference that stand now."""
    rows = conn.exec_driver_sql(
        "SELECT id, a, b, how, purpose, since FROM link WHERE a = ? AND until IS NULL "
        "UNION SELECT id, a, b, how, purpose, since FROM link WHERE b = ? AND until IS NULL",
        (ref, ref),
    )
    return [Link(row[0], row[1], row[2], How(row[3]), row[4], row[5]) for row in rows]


def are_two(conn: Connection, a: int, b: int) -> bool:
    """Whether these are known to be two people: each is, or stands with, somebody who has an account or a mailbox of their own.

    A browser or a telephone that both use does not make them one.
    """
    one, other = same_person(conn, a), same_person(conn, b)
    return not one & other and any(is_named(conn, ref) for ref in one) and any(is_named(conn, ref) for ref in other)


def is_named(conn: Connection, ref: int) -> bool:
    """Whether a reference is known by an account or a mailbox, and not by a browser or a telephone alone."""
    own = "SELECT 1 FROM identifier WHERE ref = ? AND kind IN (?, ?)"
    return conn.exec_driver_sql(own, (ref, IdentifierKind.ACCOUNT, IdentifierKind.EMAIL)).first() is not None


def same_person(conn: Connection, ref: int) -> frozenset[int]:
    """All references that are the same person as `ref`, itself included."""
    seen, ahead = {ref}, [ref]
    while ahead:
        for one in standing_links(conn, ahead.pop()):
            other = {one.a, one.b} - seen
            if one.purpose == "" and other:
                seen |= other
                ahead += other
    return frozenset(seen)
