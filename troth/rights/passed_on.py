"""Who must now be told, because they were given data about somebody that has since been erased, corrected or restricted?

It notes each telling in the transaction of the change itself, by disclosure numbers, never by person: nothing here
points to anybody once the register has let go of them. It sends nothing; `troth.disclose.told` does.
Source: GDPR Art. 19; Cal. Civ. Code 1798.105(c)(1), 1798.106
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant
from troth.base.database import metadata
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.rights.disclosed import NAMED_BY_PERSON, Disclosed, disclosures_of

_NOT_RECIPIENTS = frozenset({"legal"})

recipient_notice = Table(
    "recipient_notice",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("recipient", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("change", Text, nullable=False),
    Column("disclosures", Text, nullable=False),  # their numbers, by which a recipient knows what it was given
    Column("item", Text, nullable=False),  # the corrected one
    Column("erasure", Text, nullable=False),  # the case it belongs to
    Column("at", BigInteger, nullable=False),
    Column("told_at", BigInteger),
)


class Change(StrEnum):
    """What recipients must hear of."""

    ERASURE = "erasure"
    CORRECTION = "correction"
    RESTRICTION = "restriction"
    LIFTING = "lifting"  # of a restriction they were told of


@dataclass(frozen=True, slots=True)
class Telling:
    """One recipient to be told of one change. `told_at` in microseconds; None until the outbox has it."""

    id: int
    recipient: str
    label: str
    change: Change
    disclosures: tuple[int, ...]
    item: str
    erasure: str
    at: int
    told_at: int | None


def recipients_of(conn: Connection, refs: Iterable[int], item: str = "") -> dict[tuple[str, str], list[Disclosed]]:
    """(id or name, label) of every recipient of a person's data, with what each received; of one item, when it is named.

    # Reading: an authority that asked in a single inquiry is no recipient (GDPR Art. 4(9)), and whom the person chose
    # to send their own data to is theirs to tell: docs/decisions/0023.
    """
    found: dict[tuple[str, str], list[Disclosed]] = {}
    for one in disclosures_of(conn, refs):
        outside = one.nature in _NOT_RECIPIENTS or one.recipient == NAMED_BY_PERSON or one.canary
        if not outside and (not item or item in one.items):
            found.setdefault((one.recipient, one.label or one.recipient), []).append(one)
    return dict(sorted(found.items()))


def note_change(conn: Connection, log: Log, refs: Iterable[int], change: Change, at: int, item: str = "", erasure: str = "") -> int:
    """Note that every recipient of a person's data is to be told, in the caller's write transaction; returns how many.

    To be called before the person's references go. `item` narrows a correction to who received that item.
    """
    found = recipients_of(conn, refs, item)
    for (recipient, label), given in found.items():
        numbers = json.dumps(sorted(one.id for one in given))
        conn.exec_driver_sql(
            "INSERT INTO recipient_notice (recipient, label, change, disclosures, item, erasure, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (recipient, label, change, numbers, item, erasure, at),
        )
    if found:
        body = {"act": "recipients-to-tell", "change": change, "item": item, "case": erasure, "recipients": len(found)}
        log.append(conn, EntryKind.REQUEST_STEP, body, instant(at))
    return len(found)


def untold(conn: Connection) -> list[Telling]:
    """Everything that is still to be told, oldest first."""
    return _read(conn, "told_at IS NULL")


def tellings_of(conn: Connection, erasure: str) -> list[Telling]:
    """Who was, or is to be, told of one erasure."""
    return _read(conn, "erasure = ?", erasure)


def mark_told(conn: Connection, log: Log, one: Telling, at: int) -> None:
    """The outbox has the message to this recipient."""
    conn.exec_driver_sql("UPDATE recipient_notice SET told_at = ? WHERE id = ?", (at, one.id))
    body = {"act": "recipient-told", "change": one.change, "disclosures": list(one.disclosures), "case": one.erasure}
    log.append(conn, EntryKind.REQUEST_STEP, body, instant(at))


def _read(conn: Connection, where: str, *values: object) -> list[Telling]:
    rows = conn.exec_driver_sql(
        f"SELECT id, recipient, label, change, disclosures, item, erasure, at, told_at FROM recipient_notice WHERE {where} ORDER BY id", values
    )
    return [Telling(row[0], row[1], row[2], Change(row[3]), tuple(json.loads(row[4])), *row[5:]) for row in rows]
