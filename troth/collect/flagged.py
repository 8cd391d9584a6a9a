"""What should a person look at? Texts that speak of special categories, and people who may be children: pointers, never words.

It removes nothing: an operator decides, and `troth.rights.review` acts. What a program with the secret key says of a
child is believed and waits for nobody (`DUE`); what anybody may have typed waits for an operator.
Source: GDPR Art. 5(1)(c), 8, 9
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant
from troth.base.database import metadata

CHILD = "child"

flagged_table = Table(
    "flagged",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),  # 0: about the person, not about one event
    Column("type", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("flagged_ref", flagged_table.c.ref)
Index("flagged_state", flagged_table.c.state)


class Look(StrEnum):
    """Where a flag stands."""

    OPEN = "open"
    DUE = "due"  # a child's by the word of somebody who is believed; removed by itself
    KEPT = "kept"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Flag:
    """One thing to look at. `what`: the category, or `child`."""

    id: int
    ref: int
    event: int
    type: str
    item: str
    what: str
    state: Look
    at: datetime


def note(conn: Connection, ref: int, event: int, type: str, item: str, what: str, at: int, state: Look = Look.OPEN) -> None:
    """Ask for a look, in the transaction that keeps what is to be looked at. The same is asked once."""
    same = "SELECT 1 FROM flagged WHERE ref = ? AND event = ? AND item = ? AND what = ? AND state IN ('open', 'due')"
    if conn.exec_driver_sql(same, (ref, event, item, what)).first() is None:
        conn.exec_driver_sql(
            "INSERT INTO flagged (ref, event, type, item, what, state, at) VALUES (?, ?, ?, ?, ?, ?, ?)", (ref, event, type, item, what, state, at)
        )


def waiting(conn: Connection, canaries: bool = False) -> list[Flag]:
    """What waits for an operator, the oldest first; of proofs' own people only when asked for."""
    whose = "EXISTS (SELECT 1 FROM subject WHERE subject.ref = flagged.ref AND subject.canary = ?)"
    rows = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM flagged WHERE state = 'open' AND {whose} ORDER BY id", (int(canaries),))
    return [_flag(tuple(row)) for row in rows]


def due(conn: Connection) -> list[Flag]:
    """Whoever is to be removed without anybody's deciding."""
    return [_flag(tuple(row)) for row in conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM flagged WHERE state = 'due' ORDER BY id")]


def flag_of(conn: Connection, id: int) -> Flag | None:
    """One flag, or None."""
    row = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM flagged WHERE id = ?", (id,)).first()
    return _flag(tuple(row)) if row else None


def settle(conn: Connection, ids: Iterable[int], state: Look) -> None:
    """It was looked at."""
    for id in ids:
        conn.exec_driver_sql("UPDATE flagged SET state = ? WHERE id = ?", (state, id))


_COLUMNS = "id, ref, event, type, item, what, state, at"


def _flag(row: tuple[int, int, int, str, str, str, str, int]) -> Flag:
    return Flag(row[0], row[1], row[2], row[3], row[4], row[5], Look(row[6]), instant(row[7]))
