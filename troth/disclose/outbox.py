"""How does a message leave? One outbox: each message names its purpose, passes the gate as it leaves, and can be forgotten.

1. write   what is written rests as a file; its row names a purpose, a channel and no address but by keyed hash
2. leave   in one transaction: is the address stopped, does the gate permit it now, are the hours quiet, was it one too many? It is
           marked as leaving before anybody has it
3. settle  what the carrier said. A message that was leaving when a process died may have arrived: it is not sent again

Without a carrier for its channel, and to a person made up by a proof, it rests in the outbox folder, for a while, for whoever runs
this to read. A message about a person's own subject request needs no other purpose. A file without a row is removed, so that
whoever is erased leaves none behind.
Source: GDPR Art. 5(1)(b), 12(3); docs/decisions/0028
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, micros, now_micros
from troth.base.database import metadata
from troth.base.ids import new_token
from troth.collect.telephone import spelled
from troth.consent.standing import read_standing
from troth.disclose import carriers, stopped, trackers
from troth.disclose.carriers import NotKnown, NotTaken
from troth.disclose.composing import ENDINGS, KINDS, REQUEST, Attachment, Channel, Letter, compose
from troth.disclose.hours import counted_since, is_one_too_many, next_hour
from troth.gate.admit import admit_message
from troth.gate.reasons import Reason, Refused
from troth.policy.conduct import Tracks
from troth.subjects import directory
from troth.workspace import Workspace

__all__ = ["KEPT_FOR", "REQUEST", "Attachment", "Channel", "Letter", "Sent", "send"]

KEPT_FOR = timedelta(days=3)
_TRIES = 8
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
_SURELY_OVER = timedelta(minutes=2)  # longer than any carrier is waited for
_MICROSECOND = timedelta(microseconds=1)

outbox_message = Table(
    "outbox_message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("channel", Text, nullable=False, server_default="email"),
    Column("address", LargeBinary),  # its keyed hash
    Column("not_before", BigInteger, nullable=False, server_default="0"),
    Column("left_at", BigInteger, nullable=False, server_default="0"),
    Column("entry", Integer, nullable=False, server_default="0"),  # of the gate's last yes
    Column("rehearsal", Integer, nullable=False, server_default="0"),
)
Index("outbox_message_ref", outbox_message.c.ref)


class Sent(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    LEAVING = "leaving"
    IN_FOLDER = "in-folder"
    SENT = "sent"
    FAILED = "failed"
    STOPPED = "stopped"  # not permitted any more when it was to leave
    HELD = "held"  # one more than the policy lets a person have
    UNKNOWN = "unknown"  # handed over, and nobody knows whether it was taken


@dataclass(frozen=True, slots=True)
class _Row:
    """A message that waits."""

    id: str
    ref: int
    purpose: str
    kind: str
    channel: Channel
    address: bytes
    attempts: int
    at: int
    rehearsal: bool


# 1. write


def send(workspace: Workspace, letter: Letter, id: str = "") -> str:
    """Send a message, or leave it in the folder; returns its id. Raises Refused when its purpose is not permitted now.

    With an `id` of the caller's own it is sent once, however often it is tried. What became of it: `became`.
    """
    body = compose(workspace, letter)
    id = id or new_token()
    with workspace.state.write() as conn:
        if conn.exec_driver_sql("SELECT 1 FROM outbox_message WHERE id = ? AND status != ?", (id, Sent.WAITING)).first():
            return id
        row = _Row(id, letter.ref, letter.purpose, letter.kind, letter.channel, _hashed(workspace, letter), 0, now_micros(), letter.rehearsal)
        entry = _pass_the_gate(workspace, conn, row)
        conn.exec_driver_sql("DELETE FROM outbox_message WHERE id = ?", (id,))  # begun, and never written
        conn.exec_driver_sql(
            "INSERT INTO outbox_message (id, ref, purpose, kind, status, attempts, at, channel, address, rehearsal, entry) "
            "VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
            (id, row.ref, row.purpose, row.kind, Sent.WAITING, row.at, row.channel, row.address, int(row.rehearsal), entry),
        )
    _write(path_of(workspace, id, letter.channel), body)
    deliver(workspace, id)
    return id


def became(workspace: Workspace, id: str) -> Sent:
    """How a message stands."""
    with workspace.state.read() as conn:
        row = conn.exec_driver_sql("SELECT status FROM outbox_message WHERE id = ?", (id,)).first()
    return Sent(row[0]) if row is not None else Sent.FAILED


def _hashed(workspace: Workspace, letter: Letter) -> bytes:
    kind = KINDS.get(letter.channel)
    if kind is None:
        return b""
    return directory.hash_of(workspace.keys, kind, spelled(letter.to) if letter.channel is Channel.SMS else letter.to)


# 2. leave


def deliver(workspace: Workspace, id: str) -> Sent:
    """Take one waiting message further. The gate is asked again: a withdrawal may have come since it was written."""
    at = now_micros()
    with workspace.state.write() as conn:
        row = _waiting_row(conn, id)
        if row is None:
            return Sent.FAILED
        path = path_of(workspace, id, row.channel)
        if not path.exists():  # still being written, by whoever made the row
            return Sent.WAITING
        body = path.read_bytes()
        done, tracked = _let_leave(workspace, conn, row, body, at)
    if tracked:  # what a carrier does not take now waits as it was written: by the next try it may be noticed no more
        body = trackers.dress(workspace, row.ref, row.kind, body, tracked)
        if done is Sent.IN_FOLDER:
            _write(path, body)
    if done is Sent.LEAVING:
        done = _settle(workspace, row, body)
    if done not in (Sent.WAITING, Sent.IN_FOLDER):
        path.unlink(missing_ok=True)
    return done


def _waiting_row(conn: Connection, id: str) -> _Row | None:
    columns = "id, ref, purpose, kind, channel, address, attempts, at, rehearsal"
    read = f"SELECT {columns} FROM outbox_message WHERE id = ? AND status = ? AND not_before <= ?"
    row = conn.exec_driver_sql(read, (id, Sent.WAITING, now_micros())).first()
    if row is None:
        return None
    return _Row(row[0], row[1], row[2], row[3], Channel(row[4]), row[5] or b"", row[6], row[7], bool(row[8]))


def _let_leave(workspace: Workspace, conn: Connection, row: _Row, body: bytes, at: int) -> tuple[Sent, frozenset[Tracks]]:
    """Mark it as leaving, as waiting or as not leaving at all; and what may be noticed of it."""
    plan = workspace.plan_at(conn, at)
    rules = plan.policy.channels.get(row.channel) if row.purpose != REQUEST else None
    to = str(msgspec.json.decode(body)["to"]) if row.channel is Channel.SMS else ""
    later = next_hour(rules, to, instant(at))
    if later is not None:
        _mark(conn, row.id, Sent.WAITING, not_before=micros(later))
        return Sent.WAITING, frozenset()
    if is_one_too_many(conn, rules, row.ref, row.purpose, at):
        _mark(conn, row.id, Sent.HELD)
        return Sent.HELD, frozenset()
    try:
        entry = _pass_the_gate(workspace, conn, row)
    except Refused:
        _mark(conn, row.id, Sent.STOPPED)
        return Sent.STOPPED, frozenset()
    leaves = Sent.LEAVING if _carried(workspace, conn, row) else Sent.IN_FOLDER
    _mark(conn, row.id, leaves, attempts=row.attempts + 1, left_at=at, entry=entry)
    mail = row.channel is Channel.EMAIL
    return leaves, trackers.may_notice(plan, read_standing(conn, row.ref), rules) if mail else frozenset()


def _carried(workspace: Workspace, conn: Connection, row: _Row) -> bool:
    """Whether somebody carries this message; of a person made up by a proof nobody does."""
    carrier = {Channel.EMAIL: workspace.settings.smtp_url, Channel.SMS: workspace.settings.sms_url}.get(row.channel, "")
    if not carrier or row.rehearsal:
        return False
    return conn.exec_driver_sql("SELECT 1 FROM subject WHERE ref = ? AND canary = 1", (row.ref,)).first() is None


def _pass_the_gate(workspace: Workspace, conn: Connection, row: _Row) -> int:
    if row.purpose == REQUEST:
        if row.ref and read_standing(conn, row.ref) is None:  # erased since it was written
            raise Refused(Reason.UNKNOWN_SUBJECT)
        return 0
    plan = workspace.plan_at(conn, now_micros())
    entry = admit_message(conn, workspace.log, plan, row.purpose, row.channel, read_standing(conn, row.ref), row.kind)
    if row.address and stopped.is_stopped(conn, row.address, row.channel):
        raise Refused(Reason.NOT_THIS_WAY, row.channel)
    return entry


# 3. settle


def _settle(workspace: Workspace, row: _Row, body: bytes) -> Sent:
    done, wait = Sent.SENT, timedelta(0)
    try:
        _hand_over(workspace, row.channel, body)
    except NotTaken as answer:
        done = Sent.WAITING if answer.retry and row.attempts + 1 < _TRIES else Sent.FAILED
        wait = max(answer.after, min(_FIRST_WAIT * 2**row.attempts, _LONGEST_WAIT))
    except NotKnown:
        done = Sent.UNKNOWN
    with workspace.state.write() as conn:
        _mark(conn, row.id, done, not_before=now_micros() + wait // _MICROSECOND)
    return done


def _hand_over(workspace: Workspace, channel: Channel, body: bytes) -> None:
    if channel is Channel.EMAIL:
        carriers.hand_over(workspace.settings.smtp_url, body)
    else:
        said = msgspec.json.decode(body)
        carriers.hand_over_text(workspace.settings, carriers.Text(str(said["to"]), str(said["text"])))


def deliver_waiting(workspace: Workspace) -> int:
    """Try again what could not be sent; returns how many went out. For the maintenance round."""
    give_up_leaving(workspace)
    with workspace.state.read() as conn:
        read = "SELECT id FROM outbox_message WHERE status = ? AND not_before <= ? ORDER BY at"
        waiting = [row[0] for row in conn.exec_driver_sql(read, (Sent.WAITING, now_micros()))]
    return sum(deliver(workspace, id) is Sent.SENT for id in waiting)


def give_up_leaving(workspace: Workspace) -> int:
    """Whoever handed these over is gone: nobody knows whether they were taken, so they are not sent again; returns how many."""
    before = now_micros() - _SURELY_OVER // _MICROSECOND
    with workspace.state.write() as conn:
        left = "SELECT id, channel FROM outbox_message WHERE status = ? AND left_at < ?"
        lost = [(row[0], Channel(row[1])) for row in conn.exec_driver_sql(left, (Sent.LEAVING, before))]
        for id, _ in lost:
            _mark(conn, id, Sent.UNKNOWN)
    for id, channel in lost:
        path_of(workspace, id, channel).unlink(missing_ok=True)
    return len(lost)


# forgetting


def sweep(workspace: Workspace) -> int:
    """Remove files that no row names (their person was erased) and those kept long enough; returns how many went.

    A row without its file stays as long as it must be counted (`at_most`).
    """
    old = now_micros() - KEPT_FOR // _MICROSECOND
    counted = counted_since(workspace.policy.channels.values(), now_micros())
    # The files are listed before the rows: a row is always there before its file.
    files = list(folder_of(workspace).iterdir())
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM outbox_message WHERE at < ? AND left_at < ?", (old, min(old, counted)))
        named = {row[0] for row in conn.exec_driver_sql("SELECT id FROM outbox_message WHERE at >= ?", (old,))}
    gone = [path for path in files if path.stem not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def forget(workspace: Workspace, refs: Iterable[int]) -> int:
    """Remove every message to a person, files and rows; returns how many files went."""
    wanted = list(refs)
    with workspace.state.write() as conn:
        read = "SELECT id, channel FROM outbox_message WHERE ref = ?"
        found = [(row[0], Channel(row[1])) for ref in wanted for row in conn.exec_driver_sql(read, (ref,))]
        for ref in wanted:
            conn.exec_driver_sql("DELETE FROM outbox_message WHERE ref = ?", (ref,))
    for id, channel in found:
        path_of(workspace, id, channel).unlink(missing_ok=True)
    return len(found)


def folder_of(workspace: Workspace) -> Path:
    """Where messages rest; readable by its owner alone."""
    folder = workspace.folder / "outbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def path_of(workspace: Workspace, id: str, channel: Channel = Channel.EMAIL) -> Path:
    """The file of one message; its name says nothing."""
    return folder_of(workspace) / f"{id}.{ENDINGS[channel]}"


def _write(path: Path, body: bytes) -> None:
    """The whole file or none: another process may look for it while it is written."""
    draft = path.with_suffix(".part")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)


def _mark(conn: Connection, id: str, status: Sent, **more: int) -> None:
    names = "".join(f", {name} = ?" for name in more)
    conn.exec_driver_sql(f"UPDATE outbox_message SET status = ?{names} WHERE id = ?", (status, *more.values(), id))
