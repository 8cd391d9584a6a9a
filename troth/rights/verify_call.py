"""Is this telephone really theirs? A person calls us from it, at a number that was shown to them alone.

Nothing of a caller is shown before that call came, not even whether the number ever called. It sends nothing.
Source: GDPR Art. 11(2), 12(6)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.collect.numbers import lend
from troth.collect.telephone import spelled
from troth.gate.admit import admit_subject
from troth.rights.verify import Session, join_shown
from troth.store.reveal import reveal_events
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import are_two
from troth.workspace import Workspace

CALL_WITHIN = timedelta(minutes=15)

privacy_call = Table(
    "privacy_call",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),  # of the number that is to call
    Column("number", Text, nullable=False),  # ours, shown to this person alone
    Column("asked_at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class CallUs:
    """Which of our numbers to call, and until when."""

    number: str
    until: datetime


def ask_to_call(workspace: Workspace, conn: Connection, session: Session, number: str) -> CallUs:
    """Take a number that is to be shown to be theirs; raises `bad-number` or `no-number-free`."""
    plain, at = spelled(number), now_micros()
    if not plain:
        raise Fault("bad-number", "write the number as +44 20 7946 0000, with its country")
    ours = lend(conn, workspace.policy.calls, session.ref, at)
    if ours is None:
        raise Fault("no-number-free", "all our numbers are shown to others just now", help="try again in half an hour", status=503)
    hashed = directory.hash_of(workspace.keys, IdentifierKind.PHONE, plain)
    conn.exec_driver_sql(
        "INSERT INTO privacy_call (ref, hash, number, asked_at) VALUES (?, ?, ?, ?) ON CONFLICT (ref) DO UPDATE "
        "SET hash = excluded.hash, number = excluded.number, asked_at = excluded.asked_at",
        (session.ref, hashed, ours, at),
    )
    return CallUs(ours, instant(at) + CALL_WITHIN)


def waiting_call(conn: Connection, session: Session) -> CallUs | None:
    """What was asked and can still be done."""
    row = conn.exec_driver_sql("SELECT number, asked_at FROM privacy_call WHERE ref = ?", (session.ref,)).first()
    if row is None or row[1] < now_micros() - CALL_WITHIN // timedelta(microseconds=1):
        return None
    return CallUs(row[0], instant(row[1]) + CALL_WITHIN)


def take_call(workspace: Workspace, conn: Connection, session: Session) -> bool:
    """Whether the call came; the caller's record is then joined with the person, who can undo it. Raises `number-of-another` for a
    telephone that others have a call on as well: at a desk or in a house it shows no single person.
    """
    if waiting_call(conn, session) is None:
        raise Fault("nothing-to-check", "no call is waited for any more", help="enter the number again", status=410)
    hashed, ours, asked_at = conn.exec_driver_sql("SELECT hash, number, asked_at FROM privacy_call WHERE ref = ?", (session.ref,)).one()
    caller = directory.find(conn, hashed)
    if caller is None or not _called(workspace, conn, caller, ours, asked_at):
        return False
    if are_two(conn, caller, session.ref):
        raise Fault("number-of-another", "this telephone stands with somebody else's data", help="if it is yours alone, ask us", status=409)
    conn.exec_driver_sql("DELETE FROM privacy_call WHERE ref = ?", (session.ref,))
    join_shown(workspace, conn, caller, session.ref)
    return True


def _called(workspace: Workspace, conn: Connection, caller: int, ours: str, asked_at: int) -> bool:
    grant = admit_subject(conn, workspace.log, workspace.plan, caller, "verification")
    events = reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({caller}))
    return any(event.at >= asked_at and spelled(str(event.items.get("call.number", ""))) == ours for event in events)

