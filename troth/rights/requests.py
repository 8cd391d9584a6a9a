"""Which right is somebody using, and where does it stand? Durable records of subject requests: ids and codes only.

What a person writes rests sealed beside the record, and serves that subject request alone. It decides nothing:
one file a right does that. Every opening, step and closing is an entry of the ledger, and each event of the
clock is a step, so that the deadline can always be worked out again.
Source: GDPR Art. 12, 15-22; Cal. Civ. Code 1798.130; DESIGN section 6
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import hex_in
from troth.ledger.entry import EntryKind
from troth.rights.deadlines import ClockEvent, Deadline, Pause, Tick, day_of, deadline, facts_for
from troth.subjects.keys import KeyMissing
from troth.workspace import Workspace

PROOF = "proof"  # the channel of what our own test persons ask
KEEP = "request"  # the name under which a person's key seals what they wrote here

subject_request = Table(
    "subject_request",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("ref", BigInteger, nullable=False),  # 0: somebody who has not shown who they are, or who was erased
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("about", Text, nullable=False),  # a purpose's id, where it is about one
    Column("received_at", BigInteger, nullable=False),
    Column("due_on", Text, nullable=False),
    Column("closed_at", BigInteger),
    Column("outcome", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("fee", Integer, nullable=False),  # in the smallest unit of money; 0 is free
    Column("sealed", LargeBinary),
)
Index("subject_request_ref", subject_request.c.ref)
request_step = Table(
    "request_step",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("request", BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),  # `person`, `troth` or an operator's reference
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
Index("request_step_request", request_step.c.request)


class Right(StrEnum):
    """What somebody may ask for. The value is the kind of the record."""

    ACCESS = "access"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    LIFTING = "lifting"  # of a restriction, by the person who asked for it
    PORTABILITY = "portability"
    OBJECTION = "objection"
    COMPLAINT = "complaint"
    QUESTION = "question"
    KNOW = "know"
    MEASURES = "measures"
    WITHDRAWAL = "withdrawal"  # of a yes, or of messages, told to somebody who works here, by text or in the chat
    UNCLEAR = "unclear"  # nobody could tell yet what is wanted; never dropped


class Status(StrEnum):
    """Where a subject request stands."""

    OPEN = "open"
    WAITING = "waiting-for-person"
    IN_PROGRESS = "in-progress"
    FULFILLED = "fulfilled"
    REFUSED = "refused"
    EXPIRED = "expired"


CLOSED = frozenset({Status.FULFILLED, Status.REFUSED, Status.EXPIRED})


class Step(StrEnum):
    """What can happen on the way."""

    RECEIVED = "received"
    MORE_ASKED = "more-asked"
    ANSWERED = "answered"
    STARTED = "started"
    EXTENDED = "extended"
    FEE_SET = "fee-set"
    TOLD = "told"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class SubjectRequest:
    """One right being used. `id` is shown to people as hexadecimal (`shown`)."""

    id: int
    ref: int
    kind: Right
    status: Status
    channel: str
    regime: str
    about: str
    received_at: datetime
    due_on: date
    closed_at: datetime | None
    outcome: str
    reason: str
    fee: int

    @property
    def shown(self) -> str:
        """The id as people and addresses carry it."""
        return f"{self.id:016x}"

    @property
    def closed(self) -> bool:
        """Whether it was answered, refused or ran out."""
        return self.status in CLOSED


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One line of a subject request's history."""

    step: Step
    why: str
    by: str
    at: datetime
    entry: int


@dataclass(frozen=True, slots=True)
class Note:
    """One thing written in a subject request: by whom, when, what."""

    by: str
    at: str
    text: str


def open_request(
    workspace: Workspace, conn: Connection, kind: Right, ref: int, regime: str, channel: str = "centre", about: str = "", text: str = "",
    by: str = "person", received_at: int = 0,
) -> SubjectRequest:
    """Record a right being used, start its clock and enter it in the ledger, in the caller's write transaction.

    `ref` is 0 for somebody who has not shown who they are. `channel` is `centre`, `post`, `email`, `telephone`...;
    what a proof's own person asks comes by `PROOF`, and is in nobody's queue. `received_at`: when it came, if not now.
    """
    id, at = secrets.randbits(62) + 1, received_at or now_micros()
    if ref and conn.exec_driver_sql("SELECT 1 FROM subject WHERE ref = ? AND canary = 1", (ref,)).first():
        channel = PROOF
    facts, within = facts_for(regime), workspace.policy.rights.answer_within
    day = day_of(facts, instant(at))
    due = deadline(facts, [ClockEvent(Tick.STARTED, day)], day, within).due_on
    conn.exec_driver_sql(
        "INSERT INTO subject_request (id, ref, kind, status, channel, regime, about, received_at, due_on, outcome, reason, fee) "
        "VALUES (?, ?, ?, 'open', ?, ?, ?, ?, ?, '', '', 0)",
        (id, ref, kind, channel, regime, about, at, due.isoformat()),
    )
    body = {"request": id, "right": kind, "ref": ref, "regime": regime, "channel": channel, "due": due.isoformat(), "about": about}
    entry = workspace.log.append(conn, EntryKind.REQUEST_OPENED, body, instant(at))
    _step(conn, id, Step.RECEIVED, "", by, at, entry)
    if text.strip():
        write_note(workspace, conn, id, by, text)
    return get(conn, id)


def ask_person(workspace: Workspace, conn: Connection, id: int, why: Pause, by: str, text: str = "") -> SubjectRequest:
    """Ask the person for something; the subject request waits, and the clock stops where the law lets it."""
    _must_be_open(get(conn, id))
    if text.strip():
        write_note(workspace, conn, id, by, text)
    return _move(workspace, conn, id, Status.WAITING, Step.MORE_ASKED, why, by)


def answer(workspace: Workspace, conn: Connection, id: int, text: str) -> SubjectRequest:
    """What the person was asked for has come; the clock runs again."""
    found = get(conn, id)
    if found.status is not Status.WAITING:
        raise Fault("not-waiting", "this request is not waiting for anything from you", status=409)
    write_note(workspace, conn, id, "person", text)
    return _move(workspace, conn, id, Status.IN_PROGRESS, Step.ANSWERED, "", "person")


def start(workspace: Workspace, conn: Connection, id: int, by: str) -> SubjectRequest:
    """Somebody is working on it."""
    _must_be_open(get(conn, id))
    return _move(workspace, conn, id, Status.IN_PROGRESS, Step.STARTED, "", by)


def extend(workspace: Workspace, conn: Connection, id: int, why: str, by: str) -> SubjectRequest:
    """Take the further time the law allows, once, with a reason that the person is told."""
    found = get(conn, id)
    _must_be_open(found)
    if not why.strip():
        raise Fault("reason-missing", "more time needs a reason")
    if any(one.step is Step.EXTENDED for one in steps(conn, id)):
        raise Fault("extended-before", "more time can be taken once", status=409)
    write_note(workspace, conn, id, by, why)
    return _move(workspace, conn, id, found.status, Step.EXTENDED, "", by)


def fulfil(workspace: Workspace, conn: Connection, id: int, outcome: str, by: str = "troth") -> SubjectRequest:
    """Close it as done; `outcome` is a code (`upheld`, `delivered`, an erasure case's id...)."""
    return _close(workspace, conn, id, Status.FULFILLED, outcome, "", by)


def refuse(workspace: Workspace, conn: Connection, id: int, reason: str, by: str, text: str = "") -> SubjectRequest:
    """Close it as refused. `reason` is a code and is never empty; `text` says it in words to the person."""
    if not reason.strip():
        raise Fault("reason-missing", "a refusal needs its reason")
    if text.strip():
        write_note(workspace, conn, id, by, text)
    return _close(workspace, conn, id, Status.REFUSED, "refused", reason, by)


def expire(workspace: Workspace, conn: Connection, id: int) -> SubjectRequest:
    """Close what waited for the person and never heard."""
    return _close(workspace, conn, id, Status.EXPIRED, "expired", "no-answer", "troth")


def set_fee(workspace: Workspace, conn: Connection, id: int, fee: int, by: str) -> SubjectRequest:
    """Put a price on it; whether that may be is `troth.rights.fees`'s to say."""
    found = get(conn, id)
    _must_be_open(found)
    conn.exec_driver_sql("UPDATE subject_request SET fee = ? WHERE id = ?", (fee, id))
    return _move(workspace, conn, id, found.status, Step.FEE_SET, "", by)


def note_told(workspace: Workspace, conn: Connection, id: int, by: str) -> SubjectRequest:
    """The person was told something about it; also after it was closed."""
    at = now_micros()
    entry = workspace.log.append(conn, EntryKind.REQUEST_STEP, {"request": id, "step": Step.TOLD, "by": by}, instant(at))
    _step(conn, id, Step.TOLD, "", by, at, entry)
    return get(conn, id)


# reading


def get(conn: Connection, id: int) -> SubjectRequest:
    """One subject request; raises `no-such-request`."""
    row = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM subject_request WHERE id = ?", (id,)).first()
    if row is None:
        raise Fault("no-such-request", "there is no such request", status=404)
    return _from_row(row)


def read_id(shown: str) -> int:
    """The id behind what people and addresses carry; 0 for what is none."""
    return hex_in(shown)


def of_person(conn: Connection, refs: Iterable[int]) -> list[SubjectRequest]:
    """Everything a person asked for, newest first."""
    found = [row for ref in set(refs) - {0} for row in conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM subject_request WHERE ref = ?", (ref,))]
    return sorted((_from_row(row) for row in found), key=lambda one: one.received_at, reverse=True)


def unanswered(conn: Connection) -> list[SubjectRequest]:
    """The queue: everything not closed, the nearest deadline first; but for what proofs ask."""
    marks = ",".join(f"'{status}'" for status in sorted(CLOSED))
    waiting = f"status NOT IN ({marks}) AND channel != ? ORDER BY due_on, received_at"
    rows = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM subject_request WHERE {waiting}", (PROOF,))
    return [_from_row(row) for row in rows]


def closed(conn: Connection, most: int) -> list[SubjectRequest]:
    """What was closed last, the latest first."""
    last = "closed_at IS NOT NULL AND channel != ? ORDER BY closed_at DESC LIMIT ?"
    rows = conn.exec_driver_sql(f"SELECT {_COLUMNS} FROM subject_request WHERE {last}", (PROOF, most))
    return [_from_row(row) for row in rows]


def steps(conn: Connection, id: int) -> list[StepTaken]:
    """What happened to a subject request, in order."""
    rows = conn.exec_driver_sql('SELECT step, why, "by", at, entry FROM request_step WHERE request = ? ORDER BY id', (id,))
    return [StepTaken(Step(row[0]), row[1], row[2], instant(row[3]), row[4]) for row in rows]


def clock(conn: Connection, found: SubjectRequest) -> list[ClockEvent]:
    """The events of its clock, on the days of its law."""
    facts = facts_for(found.regime)
    ticks = {Step.RECEIVED: Tick.STARTED, Step.MORE_ASKED: Tick.PAUSED, Step.ANSWERED: Tick.RESUMED, Step.EXTENDED: Tick.EXTENDED}
    return [
        ClockEvent(ticks[one.step], day_of(facts, one.at), Pause(one.why) if one.step is Step.MORE_ASKED else None)
        for one in steps(conn, found.id)
        if one.step in ticks
    ]


def deadline_of(workspace: Workspace, conn: Connection, found: SubjectRequest, at: datetime) -> Deadline:
    """Its deadline as it stands at an instant: the law's, or the policy's where that is sooner."""
    facts = facts_for(found.regime)
    return deadline(facts, clock(conn, found), day_of(facts, at), workspace.policy.rights.answer_within)


# what was written


def write_note(workspace: Workspace, conn: Connection, id: int, by: str, text: str) -> None:
    """Add a text to a subject request, sealed under the person's key, or under its own while nobody is known."""
    found = get(conn, id)
    notes = [*notes_of(workspace, conn, id), Note(by, instant(now_micros()).isoformat(timespec="seconds"), text.strip()[:8_000])]
    owner = found.ref or found.id
    workspace.keys.ensure({(owner, KEEP)})
    payload = json.dumps([[note.by, note.at, note.text] for note in notes]).encode()
    conn.exec_driver_sql("UPDATE subject_request SET sealed = ? WHERE id = ?", (workspace.keys.seal(owner, KEEP, id, payload), id))


def notes_of(workspace: Workspace, conn: Connection, id: int) -> list[Note]:
    """What was written in a subject request; nothing once its key is gone."""
    row = conn.exec_driver_sql("SELECT ref, sealed FROM subject_request WHERE id = ?", (id,)).one()
    if row[1] is None:
        return []
    try:
        return [Note(*note) for note in json.loads(workspace.keys.open(row[0] or id, KEEP, id, row[1]))]
    except KeyMissing:
        return []


def forget_notes(workspace: Workspace, conn: Connection, id: int) -> None:
    """Destroy what somebody unknown wrote once it has served its subject request."""
    conn.exec_driver_sql("UPDATE subject_request SET sealed = NULL WHERE id = ?", (id,))
    if get(conn, id).ref == 0:
        workspace.keys.destroy(id, frozenset())


# the moves

_COLUMNS = "id, ref, kind, status, channel, regime, about, received_at, due_on, closed_at, outcome, reason, fee"


def _from_row(row: Any) -> SubjectRequest:
    id, ref, kind, status, channel, regime, about, received, due, closed, outcome, reason, fee = row
    ended = instant(closed) if closed is not None else None
    return SubjectRequest(
        id, ref, Right(kind), Status(status), channel, regime, about, instant(received), date.fromisoformat(due), ended, outcome, reason, fee
    )


def _must_be_open(found: SubjectRequest) -> None:
    if found.closed:
        raise Fault("request-closed", "this request is closed", status=409)


def _move(workspace: Workspace, conn: Connection, id: int, status: Status, step: Step, why: str, by: str) -> SubjectRequest:
    at = now_micros()
    conn.exec_driver_sql("UPDATE subject_request SET status = ? WHERE id = ?", (status, id))
    entry = workspace.log.append(conn, EntryKind.REQUEST_STEP, {"request": id, "step": step, "why": why, "by": by}, instant(at))
    _step(conn, id, step, why, by, at, entry)
    found = get(conn, id)
    due = deadline_of(workspace, conn, found, instant(at)).due_on
    conn.exec_driver_sql("UPDATE subject_request SET due_on = ? WHERE id = ?", (due.isoformat(), id))
    return get(conn, id)


def _close(workspace: Workspace, conn: Connection, id: int, status: Status, outcome: str, reason: str, by: str) -> SubjectRequest:
    _must_be_open(get(conn, id))
    at = now_micros()
    conn.exec_driver_sql(
        "UPDATE subject_request SET status = ?, outcome = ?, reason = ?, closed_at = ? WHERE id = ?", (status, outcome, reason, at, id)
    )
    body = {"request": id, "outcome": outcome, "reason": reason, "by": by}
    entry = workspace.log.append(conn, EntryKind.REQUEST_CLOSED, body, instant(at))
    _step(conn, id, Step.CLOSED, reason, by, at, entry)
    return get(conn, id)


def _step(conn: Connection, id: int, step: Step, why: str, by: str, at: int, entry: int) -> None:
    conn.exec_driver_sql('INSERT INTO request_step (request, step, why, "by", at, entry) VALUES (?, ?, ?, ?, ?, ?)', (id, step, why, by, at, entry))

