"""Who received what about a person? The record kept of each disclosure: to whom, which items, for what, when.

It discloses nothing and permits nothing; whoever sends writes it in the same transaction.
Source: GDPR Art. 15(1)(c), 15(2), 19, 30(1)(d); Cal. Civ. Code 1798.130(a)(4)
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.gate.disclosure import Mechanism
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log

NAMED_BY_PERSON = "named-by-person"  # a recipient the person chose, who is not in the policy

disclosure = Table(
    "disclosure",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", BigInteger, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
    # Who and where the recipient was that day, whatever a later policy says of it.
    Column("label", Text, nullable=False, server_default=""),
    Column("category", Text, nullable=False, server_default=""),
    Column("country", Text, nullable=False, server_default=""),
    Column("basis", Text, nullable=False, server_default=""),
    Column("mechanism", Text, nullable=False, server_default=""),
    Column("nature", Text, nullable=False, server_default="service"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("canary", Integer, nullable=False, server_default="0"),
)
Index("disclosure_ref", disclosure.c.ref)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One disclosure about one person; `at` in microseconds."""

    recipient: str
    purpose: str
    items: tuple[str, ...]
    at: int
    id: int = 0
    ref: int = 0
    entry: int = 0
    label: str = ""
    category: str = ""
    country: str = ""
    basis: str = ""
    mechanism: str = ""
    nature: str = "service"
    reason: str = ""
    canary: bool = False


def note_disclosure(conn: Connection, log: Log, ref: int, recipient: str, purpose: str, items: Iterable[str]) -> int:
    """Record that items about a person went to a recipient; returns the ledger entry's number."""
    at, listed = now_micros(), sorted(set(items))
    entry = log.append(conn, EntryKind.DISCLOSED, {"ref": ref, "recipient": recipient, "purpose": purpose, "items": listed}, instant(at))
    conn.exec_driver_sql(
        "INSERT INTO disclosure (ref, recipient, purpose, items, at, entry) VALUES (?, ?, ?, ?, ?, ?)",
        (ref, recipient, purpose, json.dumps(listed), at, entry),
    )
    return entry


def disclosures_of(conn: Connection, refs: Iterable[int]) -> list[Disclosed]:
    """Every disclosure about a person, oldest first."""
    found = [one for ref in refs for one in read_disclosures(conn, "ref = ?", ref)]
    return sorted(found, key=lambda one: (one.at, one.id))


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where one person's data went, and what protects it there. `at` in microseconds."""

    recipient: str
    label: str
    country: str
    mechanism: str
    at: int


def mechanisms_of(conn: Connection, refs: Iterable[int]) -> list[Transfer]:
    """Each transfer of a person's data out of the home countries, with its mechanism. Source: GDPR Art. 15(2)."""
    return [
        Transfer(one.recipient, one.label, one.country, one.mechanism, one.at)
        for one in disclosures_of(conn, refs)
        if one.mechanism not in ("", Mechanism.HOME)
    ]


def read_disclosures(conn: Connection, where: str, *values: object) -> list[Disclosed]:
    """The disclosures for which a condition on the table's columns holds, oldest first."""
    rows = conn.exec_driver_sql(
        "SELECT recipient, purpose, items, at, id, ref, entry, label, category, country, basis, mechanism, nature, reason, canary "
        f"FROM disclosure WHERE {where} ORDER BY id",
        values,
    )
    return [Disclosed(row[0], row[1], tuple(json.loads(row[2])), *_rest(row)) for row in rows]


def _rest(row: Any) -> tuple[int, int, int, int, str, str, str, str, str, str, str, bool]:
    return (row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10], row[11], row[12], row[13], bool(row[14]))
