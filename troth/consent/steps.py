"""What became of an asking besides what the person said? It was put to them, they put it off, or their yes came to its end.

A step is no act: it permits nothing and forbids nothing, and stands in the history of a consent beside the acts.
Source: ISO/IEC TS 27560:2023 (consent requested, request deferred, consent expired)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant
from troth.base.database import metadata
from troth.consent.record import Evidence
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.subjects.directory import move_epoch

LAPSED = "lapsed"


class Step(StrEnum):
    """What happened to an asking."""

    REQUESTED = "requested"
    DEFERRED = "deferred"
    EXPIRED = "expired"


consent_step = Table(
    "consent_step",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("strength", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("screen", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
Index("consent_step_ref", consent_step.c.ref)


@dataclass(frozen=True, slots=True)
class ConsentStep:
    """One step of one purpose's asking. `at` in microseconds."""

    purpose: str
    step: Step
    how: str
    policy_version: str
    screen: str
    regime: str
    at: int
    entry: int
    strength: str = ""


def note(conn: Connection, log: Log, ref: int, purposes: Iterable[str], step: Step, evidence: Evidence, at: int) -> int:
    """Add a step of these purposes, in the caller's write transaction; returns the ledger entry's number."""
    wanted = sorted(purposes)
    body = {"ref": ref, "acts": dict.fromkeys(wanted, str(step)), "strength": evidence.strength, "how": evidence.how}
    body |= {"policy": evidence.policy_version, "screen": evidence.screen} | ({} if evidence.said_at is None else {"said_at": evidence.said_at})
    entry = log.append(conn, EntryKind.CONSENT, body, instant(at))
    happened_at = at if evidence.said_at is None else evidence.said_at
    for purpose in wanted:
        conn.exec_driver_sql(
            "INSERT INTO consent_step (ref, purpose, step, how, strength, policy_version, screen, regime, at, entry) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (ref, purpose, step, evidence.how, evidence.strength, evidence.policy_version, evidence.screen, evidence.regime, happened_at, entry),
        )
    return entry


def steps_of(conn: Connection, ref: int) -> list[ConsentStep]:
    """Every step of one person's askings, oldest first."""
    asked = "SELECT purpose, step, how, policy_version, screen, regime, at, entry, strength FROM consent_step WHERE ref = ? ORDER BY id"
    return [ConsentStep(row[0], Step(row[1]), *row[2:]) for row in conn.exec_driver_sql(asked, (ref,))]


def last_step(conn: Connection, ref: int, purpose: str) -> ConsentStep | None:
    """The newest step of one purpose's asking."""
    return next((one for one in reversed(steps_of(conn, ref)) if one.purpose == purpose), None)


def lapse(conn: Connection, log: Log, ref: int, purposes: Iterable[str], evidence: Evidence, at: int) -> int:
    """A yes comes to its end: it stands no more, and what was done while it stood stays lawful. Returns the entry's number."""
    wanted = sorted(purposes)
    for purpose in wanted:
        conn.exec_driver_sql("DELETE FROM standing WHERE ref = ? AND purpose = ? AND state = 'given'", (ref, purpose))
    move_epoch(conn, ref)
    return note(conn, log, ref, wanted, Step.EXPIRED, evidence, at)
