"""Is there a case or ticket open under this number? What a disclosure for support or for a breach of terms leans on.

It holds numbers and two instants, nothing of what a case is about.
"""

from __future__ import annotations

import re
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.ledger.entry import EntryKind
from troth.workspace import Workspace

case_file = Table(
    "case_file",
    metadata,
    Column("number", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
)
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#-]{0,39}")


class CaseKind(StrEnum):
    TICKET = "ticket"  # a person asked for support
    BREACH = "breach"  # a breach of terms is looked into


def open_case(workspace: Workspace, number: str, kind: CaseKind, operator: str) -> None:
    """Open a case or ticket; raises `bad-case-number` or `case-known`."""
    if not _NUMBER.fullmatch(number):
        raise Fault("bad-case-number", "a case number has up to 40 letters, digits, dots, dashes and slashes")
    with workspace.state.write() as conn:
        if conn.exec_driver_sql("SELECT 1 FROM case_file WHERE number = ?", (number,)).first():
            raise Fault("case-known", "there is a case of this number", status=409)
        conn.exec_driver_sql("INSERT INTO case_file (number, kind, opened_at) VALUES (?, ?, ?)", (number, kind, now_micros()))
        _enter(conn, workspace, f"{kind}-opened", number, operator)


def close_case(workspace: Workspace, number: str, operator: str) -> None:
    """Close one; nothing is disclosed under it any more. Raises `no-such-case`."""
    with workspace.state.write() as conn:
        closed = conn.exec_driver_sql("UPDATE case_file SET closed_at = ? WHERE number = ? AND closed_at IS NULL", (now_micros(), number))
        if not closed.rowcount:
            raise Fault("no-such-case", "there is no open case of this number", status=404)
        _enter(conn, workspace, "case-closed", number, operator)


def open_numbers(conn: Connection, kind: CaseKind) -> frozenset[str]:
    """The numbers open now."""
    return frozenset(row[0] for row in conn.exec_driver_sql("SELECT number FROM case_file WHERE kind = ? AND closed_at IS NULL", (kind,)))


def _enter(conn: Connection, workspace: Workspace, act: str, number: str, operator: str) -> None:
    # A case number can look like a telephone number; the ledger knows it by its keyed hash.
    body = {"act": act, "case": workspace.keys.hash_identifier("case", number).hex(), "operator": operator}
    workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(now_micros()))
