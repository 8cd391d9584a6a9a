"""How is a person erased? At once in effect (`tombstone`), then in fact (`rewrite_without`, `look_for`).

What is erased: every row about the references, their identifiers, links, standing and keys. What stays: keyed
hashes that serve only to refuse what is sent again, and parts that a stated ground of law keeps, sealed and alone.
`ON_ERASURE` declares what happens in every table of the state database; an undeclared table fails a test and
stops an erasure from being called complete.
Source: GDPR Art. 17, 17(3); NIST SP 800-88 (cryptographic erase)
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from sqlalchemy import Connection

from troth.base.database import Database
from troth.base.errors import Fault
from troth.gate.grant import Grant
from troth.store.journal import outlive_row
from troth.store.lake import Lake


class Fate(StrEnum):
    """What erasure does to a table."""

    DELETE = "rows deleted"
    REDUCE = "rows deleted, parts kept by law stay sealed and alone"
    DETACH = "the reference is taken out, the fact stays"
    REFUSE_LIST = "keyed hashes stay, only to refuse what is sent again"
    NOT_PERSONAL = "holds nothing about a person"
    CASE = "holds the erasure itself; its own key is destroyed at the end"


@dataclass(frozen=True, slots=True)
class Rule:
    """A table's fate and the columns that name a subject."""

    fate: Fate
    columns: tuple[str, ...] = ()


ON_ERASURE: Mapping[str, Rule] = {
    "subject": Rule(Fate.DELETE, ("ref",)),
    "identifier": Rule(Fate.DELETE, ("ref",)),
    "consent_step": Rule(Fate.DELETE, ("ref",)),
    "standing": Rule(Fate.DELETE, ("ref",)),
    "consent_act": Rule(Fate.DELETE, ("ref",)),
    "link": Rule(Fate.DELETE, ("a", "b")),
    "held": Rule(Fate.REDUCE, ("ref",)),
    "journal": Rule(Fate.REDUCE, ("ref",)),
    "number_lease": Rule(Fate.DELETE, ("ref",)),
    "tracked_number": Rule(Fate.NOT_PERSONAL),
    "call_progress": Rule(Fate.NOT_PERSONAL),
    "call_step": Rule(Fate.NOT_PERSONAL),
    "disclosure": Rule(Fate.DETACH, ("ref",)),  # recipient, purpose and time stay, to answer for; the person does not
    "disclosure_detail": Rule(Fate.DELETE, ("ref",)),
    "recipient_notice": Rule(Fate.NOT_PERSONAL),  # recipients and numbers of disclosures, which by then name nobody
    "own_use": Rule(Fate.DELETE, ("ref",)),
    "customer_contact": Rule(Fate.DELETE, ("ref",)),
    "correction": Rule(Fate.DELETE, ("ref",)),
    "privacy_link": Rule(Fate.DELETE, ("ref", "visitor")),
    "privacy_session": Rule(Fate.DELETE, ("ref",)),
    "privacy_call": Rule(Fate.DELETE, ("ref",)),
    "privacy_try": Rule(Fate.NOT_PERSONAL),
    "subject_request": Rule(Fate.DETACH, ("ref",)),  # that somebody asked, and when it was answered, stays
    "request_step": Rule(Fate.NOT_PERSONAL),
    "outbox_message": Rule(Fate.DELETE, ("ref",)),  # its files go in the next step
    "stopped_address": Rule(Fate.REFUSE_LIST),
    "text_seen": Rule(Fate.NOT_PERSONAL),
    "waiting_yes": Rule(Fate.REFUSE_LIST),  # of nobody yet; what was asked before its address was erased goes with the erasure
    "flagged": Rule(Fate.DELETE, ("ref",)),
    "chat": Rule(Fate.DELETE, ("ref",)),
    "chat_line": Rule(Fate.DELETE, ("ref",)),
    "proof_result": Rule(Fate.NOT_PERSONAL),
    "attestation": Rule(Fate.NOT_PERSONAL),
    "seen": Rule(Fate.REFUSE_LIST, ("ref",)),
    "erased_subject": Rule(Fate.REFUSE_LIST),
    "erased_identifier": Rule(Fate.REFUSE_LIST),
    "refused_visitor": Rule(Fate.REFUSE_LIST),
    "anonymous_choice": Rule(Fate.NOT_PERSONAL),  # under random ids that point to nobody
    "kept": Rule(Fate.REFUSE_LIST),
    "row_class": Rule(Fate.NOT_PERSONAL),
    "refused": Rule(Fate.NOT_PERSONAL),
    "access_import": Rule(Fate.NOT_PERSONAL),
    "supplier_terms": Rule(Fate.NOT_PERSONAL),
    "supplier_safeguard": Rule(Fate.NOT_PERSONAL),
    "case_file": Rule(Fate.NOT_PERSONAL),
    "customer": Rule(Fate.NOT_PERSONAL),
    "customer_copy": Rule(Fate.NOT_PERSONAL),
    "sweep": Rule(Fate.NOT_PERSONAL),
    "lake_file": Rule(Fate.NOT_PERSONAL),
    "policy_version": Rule(Fate.NOT_PERSONAL),
    "version_notice": Rule(Fate.NOT_PERSONAL),
    "received_policy": Rule(Fate.NOT_PERSONAL),
    "announcement": Rule(Fate.NOT_PERSONAL),
    "announced_to": Rule(Fate.DELETE, ("ref",)),
    "mailed_to": Rule(Fate.DELETE, ("ref",)),
    "ledger_entry": Rule(Fate.NOT_PERSONAL),
    "ledger_node": Rule(Fate.NOT_PERSONAL),
    "ledger_head": Rule(Fate.NOT_PERSONAL),
    "ledger_checkpoint": Rule(Fate.NOT_PERSONAL),
    "erasure_case": Rule(Fate.CASE),
}


def tombstone(conn: Connection, grant: Grant, refs: Iterable[int], at: int) -> dict[str, int]:
    """Erase in effect, in the caller's one short transaction: from its commit on nobody's grant finds the subject.

    Needs the grant of the subject's own right, naming one of `refs`. Returns rows touched per table.
    """
    wanted = sorted(set(refs))
    if grant.reference not in wanted or grant.rule is not None:
        raise PermissionError("erasure needs the grant of the subject's own right")
    counts: dict[str, int] = {}
    cursor = conn.connection.cursor()  # the driver's own: what is in effect at once should not wait for what lies between
    for ref in wanted:
        cursor.execute("INSERT INTO erased_subject (ref, erased_at, swept) VALUES (?, ?, 0) ON CONFLICT DO NOTHING", (ref, at))
        cursor.execute(
            "INSERT INTO erased_identifier (hash, erased_at) SELECT hash, ? FROM identifier WHERE ref = ? "
            "ON CONFLICT (hash) DO UPDATE SET erased_at = excluded.erased_at",
            (at, ref),
        )
        for (table, column), many in _count(conn, ref, _AT_ONCE).items():
            counts[table] = counts.get(table, 0) + many
            if many:
                change = "DELETE FROM {} WHERE {} = ?" if ON_ERASURE[table].fate is Fate.DELETE else "UPDATE {} SET {} = 0 WHERE {} = ?"
                cursor.execute(change.format(table, column, column), (ref,))
    cursor.close()
    return counts


def remove_event(grant: Grant, lake: Lake, state: Database, ref: int, event: int) -> bool:
    """Remove one event of a person from journal and files; what else is held of them stays. Safe to run again.

    Needs the grant of the subject's own right. Returns whether it was there.
    """
    if grant.reference != ref or grant.rule is not None:
        raise PermissionError("removing an event needs the grant of the subject's own right")
    gone = False
    with lake.lease():
        with state.write() as conn:
            for row in conn.exec_driver_sql("SELECT seq FROM journal WHERE ref = ? AND event = ?", (ref, event)).all():
                outlive_row(conn, row[0], erased=True)
                gone = conn.exec_driver_sql("DELETE FROM journal WHERE seq = ?", (row[0],)).rowcount > 0
        with state.read() as conn:
            days = sorted({row[0] for row in conn.exec_driver_sql("SELECT day FROM held WHERE ref = ?", (ref,))})
            files = lake.files(conn, days)
        for file in files:
            here = pa.compute.equal(pq.read_table(lake.path(file), columns=["event"])["event"], event)
            if pa.compute.any(here).as_py():
                gone = True
                lake.rewrite([file], lambda whole: whole.filter(pa.compute.not_equal(whole["event"], event)))
    lake.unlink_retired(at_once=True)
    state.truncate_log()
    return gone


def count_left(conn: Connection, refs: Iterable[int]) -> dict[str, int]:
    """How many rows about erased references stand where they go only in fact, per table; for the receipt."""
    counts: dict[str, int] = {}
    for ref in refs:
        for (table, _), many in _count(conn, ref, _IN_FACT).items():
            counts[table] = counts.get(table, 0) + many
    return counts


_AT_ONCE = frozenset({Fate.DELETE, Fate.DETACH})
_IN_FACT = frozenset({Fate.REDUCE, Fate.REFUSE_LIST})


def _count(conn: Connection, ref: int, fates: frozenset[Fate]) -> dict[tuple[str, str], int]:
    """Rows about a reference by table and column, for tables of these fates; in one statement."""
    cursor = conn.connection.cursor()
    present = {row[0] for row in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    named = [(name, column) for name, rule in ON_ERASURE.items() if name in present and rule.fate in fates for column in rule.columns]
    counts = ", ".join(f"(SELECT count(*) FROM {name} WHERE {column} = ?1)" for name, column in named)
    found = cursor.execute(f"SELECT {counts}", (ref,)).fetchone()
    cursor.close()
    return dict(zip(named, found, strict=True))


def keep_by_law(conn: Connection, refs: Iterable[int], grounds: Mapping[str, tuple[str, int]]) -> None:
    """Note what a ground keeps of erased references: retention rule to (ground, until when in microseconds)."""
    for ref in refs:
        for keep, (ground, until) in grounds.items():
            conn.exec_driver_sql(
                "INSERT INTO kept (ref, keep, ground, until) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (ref, keep, ground, until)
            )


def rewrite_without(lake: Lake, state: Database, grounds: Mapping[int, frozenset[str]]) -> int:
    """Erase in fact: journal rows and lake rows of each reference go, but the sealed parts its grounds keep.

    `grounds` maps each erased reference to the retention rules that stay. Batched: a file is rewritten once
    however many people leave. Returns rows removed or reduced. Safe to run again.
    """
    touched = 0
    with lake.lease():
        with state.read() as conn:
            days = sorted({row[0] for ref in grounds for row in conn.exec_driver_sql("SELECT day FROM held WHERE ref = ?", (ref,))})
            files = lake.files(conn, days)
        for file in files:
            table = pq.read_table(lake.path(file))
            about = pa.compute.is_in(table["ref"], value_set=pa.array(list(grounds), pa.int64()))
            many = pa.compute.sum(about).as_py() or 0
            if many:
                touched += many
                lake.rewrite([file], lambda whole, about=about: _without(whole, about, grounds))
        with state.write() as conn:
            for ref, stays in grounds.items():
                touched += _reduce_journal(conn, ref, stays)
                conn.exec_driver_sql("UPDATE seen SET ref = 0, kept = 1 WHERE ref = ?", (ref,))  # known for ever, and nobody's
                if not stays:
                    conn.exec_driver_sql("DELETE FROM held WHERE ref = ?", (ref,))
    lake.unlink_retired(at_once=True)
    return touched


def _without(table: pa.Table, about: pa.ChunkedArray, grounds: Mapping[int, frozenset[str]]) -> pa.Table:
    others = table.filter(pa.compute.invert(about))
    left = []
    for row in table.filter(about).to_pylist():
        sealed = _only(row["sealed"], grounds[row["ref"]])
        if sealed is not None:
            fixed = ("seq", "event", "ref", "class", "day", "at")
            left.append({name: row[name] if name in fixed else None for name in table.column_names} | {"sealed": sealed})
    if not left:
        return others
    return pa.concat_tables([others, pa.Table.from_pylist(left, schema=table.schema)])


def _only(sealed: bytes, stays: frozenset[str]) -> bytes | None:
    parts = [(keep, blob) for keep, blob in msgspec.msgpack.decode(sealed) if keep in stays]
    return msgspec.msgpack.encode(parts) if parts else None


def _reduce_journal(conn: Connection, ref: int, stays: frozenset[str]) -> int:
    rows = conn.exec_driver_sql("SELECT seq, sealed FROM journal WHERE ref = ?", (ref,)).all()
    for seq, sealed in rows:
        left = _only(sealed, stays)
        outlive_row(conn, seq, erased=True)
        if left is None:
            conn.exec_driver_sql("DELETE FROM journal WHERE seq = ?", (seq,))
        else:
            conn.exec_driver_sql("UPDATE journal SET key = NULL, clear = ?, sealed = ? WHERE seq = ?", (b"{}", left, seq))
    return len(rows)


def look_for(folders: Sequence[Path], needles: Iterable[bytes]) -> list[str]:
    """The names of files below `folders` in which any of the needles still stands, byte for byte.

    Looked for by a process of its own: opening and closing a database's file beside SQLite would drop the locks
    that SQLite holds for this process (sqlite.org/howtocorrupt.html, 2.2). The needles go by pipe, never by argument.
    """
    question = {"folders": [str(folder) for folder in folders], "needles": [needle.hex() for needle in needles]}
    done = subprocess.run([sys.executable, "-m", "troth.store.rescan"], input=json.dumps(question), capture_output=True, text=True, timeout=600)
    if done.returncode:
        raise Fault("rescan-failed", "the data folder could not be looked through", status=503)
    return list(json.loads(done.stdout))
