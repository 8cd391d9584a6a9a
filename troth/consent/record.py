"""What did a person say, when, and how do we know? Acts are only ever added; it judges none of them.

Source: GDPR Art. 7(1), 7(3), 21; ISO/IEC TS 27560:2023 (states and fields of a consent record)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant
from troth.base.database import metadata
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.subjects.directory import move_epoch
from troth.subjects.links import same_person


class State(StrEnum):
    """What stands between a subject and a purpose. Not asked is the absence of a row."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"


PROHIBITIONS = frozenset({State.REFUSED, State.WITHDRAWN, State.OBJECTED})
CARRIED = "joined"  # how an act came about that the other side of a join spoke


WAY = "channel:"


def way(channel: str) -> str:
    """Under which name a person's word on a channel itself stands, beside the purposes. No purpose's id holds a colon."""
    return WAY + channel


class Strength(StrEnum):
    """How good the evidence of an act is."""

    EXPLICIT = "explicit"  # the person acted on our own screen
    RELAYED = "relayed"  # another system says the person acted
    IMPORTED = "imported"  # a file or a cookie that another system left says so
    IMPLIED = "implied"  # the person went on with the question in view, or set the browser so
    BY_USE = "by-use"  # the person went on using the site
    NONE = "none"


WEAK = frozenset({Strength.IMPLIED, Strength.BY_USE})  # no yes where a law wants one that was given


consent_act = Table(
    "consent_act",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("strength", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("screen", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
Index("consent_act_ref", consent_act.c.ref)
standing_table = Table(
    "standing",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("purpose", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("strength", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("standing_purpose", standing_table.c.purpose, standing_table.c.state)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How an act came to us: on which screen, under which policy and law, by which means.

    `said_at`: when it was said, in microseconds, where that was before it came to us.
    """

    strength: Strength
    how: str
    policy_version: str
    screen: str
    regime: str
    said_at: int | None = None


def record(conn: Connection, log: Log, ref: int, acts: Mapping[str, State], evidence: Evidence, at: int) -> int:
    """Add a person's acts (purpose to state) with their evidence; they hold when the transaction commits.

    A prohibition also falls on every reference joined as the same person, and a later yes of whoever spoke it lifts
    it there; a yes goes no further than that. Whoever objected and says no again objects still: only a yes ends it, since
    what needs no permission heeds no lesser no. Returns the ledger entry's number.
    """
    acts = {purpose: _at_least(conn, ref, purpose, state) for purpose, state in acts.items()}
    body = {"ref": ref, "acts": {purpose: str(state) for purpose, state in sorted(acts.items())}}
    body |= {"strength": evidence.strength, "how": evidence.how, "policy": evidence.policy_version, "screen": evidence.screen}
    body |= {} if evidence.said_at is None else {"said_at": evidence.said_at}
    entry = log.append(conn, EntryKind.CONSENT, body, instant(at))
    family = same_person(conn, ref)
    carried = replace(evidence, strength=Strength.RELAYED, how=CARRIED)
    for purpose, state in acts.items():
        _write(conn, ref, purpose, state, evidence, at, entry)
        for other in family - {ref}:
            if state in PROHIBITIONS:
                _write(conn, other, purpose, _at_least(conn, other, purpose, state), carried, at, entry)
            elif _stopped_by(conn, ref, other, purpose):
                _restore(conn, other, purpose)
    move_epoch(conn, *family)
    return entry


def _at_least(conn: Connection, ref: int, purpose: str, state: State) -> State:
    """This word, or the objection that stands and that a lesser no must not end."""
    if state not in PROHIBITIONS or state is State.OBJECTED:
        return state
    objects = conn.exec_driver_sql("SELECT 1 FROM standing WHERE ref = ? AND purpose = ? AND state = ?", (ref, purpose, State.OBJECTED)).first()
    return State.OBJECTED if objects else state


def _stopped_by(conn: Connection, ref: int, other: int, purpose: str) -> bool:
    """Whether the other's last word on a purpose is a no that `ref` spoke for both."""
    last = "SELECT state, how, entry FROM consent_act WHERE ref = ? AND purpose = ? ORDER BY id DESC LIMIT 1"
    found = conn.exec_driver_sql(last, (other, purpose)).first()
    if found is None or State(found[0]) not in PROHIBITIONS or found[1] != CARRIED:
        return False
    spoke = "SELECT 1 FROM consent_act WHERE ref = ? AND purpose = ? AND entry = ? AND how != ?"
    return conn.exec_driver_sql(spoke, (ref, purpose, found[2], CARRIED)).first() is not None


def forbidden_elsewhere(conn: Connection, ref: int) -> set[str]:
    """The purposes that the same person forbade under another reference by its own word, which a yes here does not lift."""
    found: set[str] = set()
    for other in same_person(conn, ref) - {ref}:
        said = conn.exec_driver_sql("SELECT purpose, state FROM standing WHERE ref = ?", (other,)).all()
        found |= {purpose for purpose, state in said if State(state) in PROHIBITIONS and not _stopped_by(conn, ref, other, purpose)}
    return found


def _restore(conn: Connection, ref: int, purpose: str) -> None:
    """What this reference said itself holds again; nothing, if it said nothing."""
    conn.exec_driver_sql("DELETE FROM standing WHERE ref = ? AND purpose = ?", (ref, purpose))
    conn.exec_driver_sql(
        "INSERT INTO standing (ref, purpose, state, strength, at) SELECT ref, purpose, state, strength, at FROM consent_act "
        "WHERE ref = ? AND purpose = ? AND how != ? ORDER BY id DESC LIMIT 1",
        (ref, purpose, CARRIED),
    )


def _write(conn: Connection, ref: int, purpose: str, state: State, evidence: Evidence, at: int, entry: int) -> None:
    said_at = at if evidence.said_at is None else evidence.said_at
    conn.exec_driver_sql(
        "INSERT INTO consent_act (ref, purpose, state, strength, how, policy_version, screen, regime, at, entry) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (ref, purpose, state, evidence.strength, evidence.how, evidence.policy_version, evidence.screen, evidence.regime, said_at, entry),
    )
    conn.exec_driver_sql(
        "INSERT INTO standing (ref, purpose, state, strength, at) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (ref, purpose) DO UPDATE SET state = excluded.state, strength = excluded.strength, at = excluded.at",
        (ref, purpose, state, evidence.strength, said_at),
    )


@dataclass(frozen=True, slots=True)
class Act:
    """One line of a person's history."""

    purpose: str
    state: State
    evidence: Evidence
    at: int
    entry: int


def history(conn: Connection, ref: int) -> list[Act]:
    """Everything a person said, oldest first."""
    rows = conn.exec_driver_sql(
        "SELECT purpose, state, strength, how, policy_version, screen, regime, at, entry FROM consent_act WHERE ref = ? ORDER BY id", (ref,)
    )
    return [Act(r[0], State(r[1]), Evidence(Strength(r[2]), r[3], r[4], r[5], r[6]), r[7], r[8]) for r in rows]
