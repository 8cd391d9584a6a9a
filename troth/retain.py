"""How long is it kept? Works out what of each stored row still serves, and sweeps the rest away for good.

Views are cut by their purpose's time to the second; the sweep is when the bytes go. An item stays while a purpose it
was collected for still needs it and its own retention rule allows it; what a ground of law keeps stays alone.
A sweep is one transaction that swaps files, rows and its ledger entry; then keys with nothing left are destroyed.
Source: GDPR Art. 5(1)(e), 17(3)(b), 25
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.filelock import exclusive
from troth.gate.plan import Plan, RowClass
from troth.ledger.entry import EntryKind
from troth.policy.model import Form, Policy
from troth.store.correct import correction
from troth.store.journal import outlive_row
from troth.store.lake import SettledFile
from troth.subjects.directory import move_epoch
from troth.workspace import Workspace

sweep_table = Table(
    "sweep",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("newest_file", Integer, nullable=False),
    Column("report", Text, nullable=False),
    Column("entry", Integer, nullable=False),
)
_DAY = 86_400_000_000
_MICROSECOND = timedelta(microseconds=1)
_FIXED = frozenset({"seq", "event", "ref", "class", "day", "at", "sealed"})


@dataclass(frozen=True, slots=True)
class Staying:
    """What stays of a row: whether it stays at all, which clear items, and the sealed parts of which rules."""

    row: bool
    clear: frozenset[str]
    parts: frozenset[str]


GONE = Staying(False, frozenset(), frozenset())


@dataclass(slots=True)
class SweepReport:
    """What a sweep removed. `parts` counts sealed parts by retention rule, `events` whole rows by event type."""

    parts: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    reduced: int = 0
    files: int = 0
    keys: int = 0

    def as_json(self) -> dict[str, Any]:
        """Counts only; the shape of the ledger's entry too."""
        return {"parts": dict(sorted(self.parts.items())), "events": dict(sorted(self.events.items())),
                "reduced": self.reduced, "files": self.files, "keys": self.keys}  # fmt: skip


def what_stays(plan: Plan, kind: RowClass, parts: Iterable[str], age: timedelta) -> Staying:
    """What of a row of this class and age still serves a purpose or a ground of law. Pure.

    `parts` names the retention rules under which the row holds something sealed.
    """
    policy = plan.policy
    then = plan.then  # no later version keeps longer, or for more, than what was collected was collected for
    if then.policy(kind.policy_version) is None:
        return _unjudged(policy, kind, parts, age)
    serving = [p for p in policy.purposes.values() if plan.serves(kind, p) and within(then.keep_for(kind.policy_version, p), age)]
    carried = then.carried(kind.policy_version, kind.event)
    used = {item for purpose in serving for item in then.items(kind.policy_version, purpose)}
    needed = {item for item in used & carried if within(then.item_keeps(kind.policy_version, item), age)}
    clear = frozenset(item for item in needed if policy.items[item].form is Form.CLEAR)
    stay = frozenset(part for part in parts if _part_stays(policy, kind, part, needed, bool(serving), age))
    bare = bool(serving) and not carried  # an event of no items is itself what is kept
    return Staying(bool(stay or clear or bare), clear, stay)


def _unjudged(policy: Policy, kind: RowClass, parts: Iterable[str], age: timedelta) -> Staying:
    """A row whose version cannot be shown serves nothing, and is not destroyed for that: it stays as long as today's rules allow."""
    event = policy.events.get(kind.event)
    known = event.items if event is not None else tuple(policy.items)
    clear = frozenset(item for item in known if policy.items[item].form is Form.CLEAR and item_in_time(policy, item, age))
    stay = frozenset(part for part in parts if (rule := policy.retention.get(part)) is None or within(rule.keep_for, age))
    return Staying(bool(stay or clear), clear, stay)


def _part_stays(policy: Policy, kind: RowClass, part: str, needed: set[str], serves: bool, age: timedelta) -> bool:
    rule = policy.retention.get(part)
    if rule is not None and not within(rule.keep_for, age):
        return False
    if rule is not None and rule.ground:
        return True
    event = policy.events.get(kind.event)
    known = event.items if event is not None else tuple(policy.items)
    inside = [item for item in known if policy.items[item].keep == part and policy.items[item].form is Form.SEALED]
    # A part whose rule was renamed or moved since cannot be judged item by item: it stays while its row serves.
    return any(item in needed for item in inside) if inside else serves


def item_in_time(policy: Policy, item: str, age: timedelta) -> bool:
    """Whether an item's own retention rule allows it at this age."""
    declared = policy.items.get(item)
    rule = policy.retention.get(declared.keep) if declared else None
    return declared is not None and (rule is None or within(rule.keep_for, age))


def within(keep_for: timedelta | None, age: timedelta) -> bool:
    """Whether a time to keep is not over at this age; None never is."""
    return keep_for is None or age <= keep_for


# the sweep


def sweep(workspace: Workspace, at: int | None = None) -> SweepReport:
    """Remove what is past its time, as of `at` (microseconds; default: now). Safe to run again and from any process."""
    report = SweepReport()
    with exclusive(workspace.secrets / "erasure.lock"), workspace.lake.lease():
        owed = _owes_a_turn(workspace)
        _Sweep(workspace, now_micros() if at is None else at, report).run()
    workspace.lake.unlink_retired(at_once=True)
    if report.keys or owed:
        _end_generation(workspace)
    workspace.state.truncate_log()
    return report


def sweep_when_due(workspace: Workspace, every: timedelta = timedelta(hours=1)) -> SweepReport | None:
    """Sweep unless the last sweep is younger than `every` and was under the policy in force; None when it was not due."""
    with workspace.state.read() as conn:
        last = last_sweep(conn)
        version = workspace.plan_at(conn, now_micros()).policy.version
    due = last is None or now_micros() - last.at > every // _MICROSECOND or last.version != version
    return sweep(workspace) if due else None


@dataclass(frozen=True, slots=True)
class LastSweep:
    """When the last sweep was, under which policy, and which files it knew."""

    at: int
    version: str
    newest_file: int
    report: Mapping[str, Any]


def last_sweep(conn: Connection) -> LastSweep | None:
    """The newest sweep, if there was one."""
    row = conn.exec_driver_sql("SELECT at, policy_version, newest_file, report FROM sweep ORDER BY id DESC LIMIT 1").first()
    return LastSweep(row[0], row[1], row[2], json.loads(row[3])) if row else None


def _owes_a_turn(workspace: Workspace) -> bool:
    """Whether the last sweep destroyed keys and died before their generation ended: until then they are not gone for good."""
    with workspace.state.read() as conn:
        last = last_sweep(conn)
    return last is not None and last.report.get("generation") == workspace.keys.generation


def _end_generation(workspace: Workspace) -> None:
    with exclusive(workspace.secrets / "erasure.lock"):
        workspace.keys.turn_generation()
        with workspace.state.write() as conn:
            workspace.log.append(conn, EntryKind.KEY_GENERATION, {"because": "retention"}, instant(now_micros()))


class _Judge:
    """`what_stays` for many rows: remembered by class, parts and how many of the times are past that any version in it names.

    `kept` maps (erased reference, rule) to the instant until which a ground of law keeps that part.
    """

    def __init__(self, plan: Plan, classes: Mapping[int, RowClass], at: int, kept: Mapping[tuple[int, str], int]) -> None:
        self.classes, self.plan, self._at, self._kept = classes, plan, at, kept
        self._erased = frozenset(ref for ref, _ in kept)
        versions = (plan.then.policy(version) for version in {kind.policy_version for kind in classes.values()})
        policies = [plan.policy, *(policy for policy in versions if policy is not None)]
        spans = [one.keep_for for policy in policies for one in policy.purposes.values()]
        spans += [one.keep_for for policy in policies for one in policy.retention.values()]
        self._spans = sorted({span // _MICROSECOND for span in spans if span is not None})
        self._known: dict[tuple[int, tuple[str, ...], int], Staying] = {}

    def __call__(self, row_class: int, ref: int, at: int, parts: tuple[str, ...]) -> Staying:
        if ref in self._erased:
            stay = frozenset(part for part in parts if self._kept.get((ref, part), 0) > self._at)
            return Staying(bool(stay), frozenset(), stay)
        key = (row_class, parts, bisect_left(self._spans, self._at - at))
        found = self._known.get(key)
        if found is None:
            age = timedelta(microseconds=self._at - at)
            found = self._known[key] = what_stays(self.plan, self.classes[row_class], parts, age)
        return found

    def touches(self, file: SettledFile, last: LastSweep | None) -> bool:
        """Whether a row of this day's file may have passed one of its times since the last sweep.

        Everything is looked at again when the policy has changed.
        """
        if last is None or last.version != self.plan.policy.version:
            return True
        begins, ends, new = file.day * _DAY, (file.day + 1) * _DAY, file.id > last.newest_file
        return any(begins < self._at - span and (new or last.at - span < ends) for span in self._spans)


class _Sweep:
    """One run, under the lake's lease. What is read and written at length comes before the transaction."""

    def __init__(self, workspace: Workspace, at: int, report: SweepReport) -> None:
        self.workspace, self.at, self.report = workspace, at, report
        self.lake, self.keys = workspace.lake, workspace.keys
        self.lost: set[tuple[int, str]] = set()  # (reference, rule) that lost a sealed part
        self.dropped: dict[int, set[int]] = {}  # day to references that lost a row
        self.left: dict[int, pa.Table] = {}  # references and sealed parts of a swapped file, as they are to be
        self.journal: list[tuple[int, bytes | None, bytes | None]] = []  # seq, clear, sealed; nothing: the row goes

    def run(self) -> None:
        with self.workspace.state.read() as conn:
            plan = self.workspace.plan_at(conn, self.at)
            last, files = last_sweep(conn), self.lake.files(conn)
            kept = {(row[0], row[1]): row[2] for row in conn.exec_driver_sql("SELECT ref, keep, until FROM kept")}
            over = {ref for (ref, _), until in kept.items() if until <= self.at}
            days = {row[0] for ref in over for row in conn.exec_driver_sql("SELECT day FROM held WHERE ref = ?", (ref,))}
            self.judge = _Judge(plan, self.workspace.classes.all(conn), self.at, kept)
            self._sweep_journal(conn)
            swapped = [file for file in files if self.judge.touches(file, last) or file.day in days]
            written = [made for file in list(swapped) if (made := self._rewritten(file, swapped)) is not None]
            days_left, parts_left = self._still_held(conn, files)
        self.report.files = len(swapped)
        with self.workspace.state.write() as conn:
            self._swap(conn, swapped, [made for made in written if made[2]])
            self._forget_days(conn, days_left)
            conn.exec_driver_sql("DELETE FROM kept WHERE until <= ?", (self.at,))
            self._destroy_keys(conn, parts_left)
            self._enter(conn, plan)

    def _swap(self, conn: Connection, swapped: list[SettledFile], written: list[tuple[str, int, int]]) -> None:
        self.lake.retire(conn, swapped)
        if written:
            self.lake.enlist(conn, written)
        for seq, clear, sealed in self.journal:
            if clear is None:
                outlive_row(conn, seq, erased=False)
                conn.exec_driver_sql("DELETE FROM journal WHERE seq = ?", (seq,))
            else:
                conn.exec_driver_sql("UPDATE journal SET clear = ?, sealed = ? WHERE seq = ?", (clear, sealed, seq))

    def _forget_days(self, conn: Connection, gone: set[tuple[int, int]]) -> None:
        waiting = "NOT EXISTS (SELECT 1 FROM journal WHERE journal.ref = ? AND journal.day = ?)"
        for pair in gone:
            conn.exec_driver_sql(f"DELETE FROM seen WHERE ref = ? AND day = ? AND kept = 0 AND {waiting}", pair + pair)
            conn.exec_driver_sql(f"DELETE FROM held WHERE ref = ? AND day = ? AND {waiting}", pair + pair)

    def _enter(self, conn: Connection, plan: Plan) -> None:
        body = self.report.as_json() | {"policy": plan.policy.version}
        entry = self.workspace.log.append(conn, EntryKind.SWEPT, body, instant(self.at))
        newest = conn.exec_driver_sql("SELECT coalesce(max(id), 0) FROM lake_file").scalar_one()
        report = self.report.as_json() | ({"generation": self.keys.generation} if self.report.keys else {})
        conn.exec_driver_sql(
            "INSERT INTO sweep (at, policy_version, newest_file, report, entry) VALUES (?, ?, ?, ?, ?)",
            (self.at, plan.policy.version, newest, json.dumps(report), entry),
        )

    # rows

    def _rewritten(self, file: SettledFile, swapped: list[SettledFile]) -> tuple[str, int, int] | None:
        """Write a file anew with what stays of it (not listed yet); one in which all stays leaves `swapped`."""
        table = self._swept(pq.read_table(self.lake.path(file)))
        if table is None:
            swapped.remove(file)
            return None
        self.left[file.id] = table.select(["ref", "sealed"])
        return self.lake.write_file(table, file.day) if table.num_rows else ("", file.day, 0)

    def _swept(self, table: pa.Table) -> pa.Table | None:
        whole: list[bool] = []
        changed: list[dict[str, Any]] = []
        for row in table.to_pylist():
            clear = {name: value for name, value in row.items() if name not in _FIXED and value is not None}
            sealed = _parts(row["sealed"])
            stays = self._judged(row["class"], row["ref"], row["day"], row["at"], clear, sealed)
            whole.append(stays is None)
            if stays is not None and stays.row:
                fixed = {name: row[name] for name in _FIXED}
                changed.append(fixed | {name: clear[name] for name in stays.clear & clear.keys()} | {"sealed": _only(sealed, stays.parts)})
        if all(whole):
            return None
        untouched = table.filter(pa.array(whole, pa.bool_()))
        return pa.concat_tables([untouched, pa.Table.from_pylist(changed, schema=table.schema)]) if changed else untouched

    def _sweep_journal(self, conn: Connection) -> None:
        for seq, ref, row_class, day, at, clear, raw in conn.exec_driver_sql("SELECT seq, ref, class, day, at, clear, sealed FROM journal"):
            items, sealed = msgspec.json.decode(clear), _parts(raw)
            stays = self._judged(row_class, ref, day, at, items, sealed)
            if stays is not None and not stays.row:
                self.journal.append((seq, None, None))
            elif stays is not None:
                left = msgspec.json.encode({name: value for name, value in items.items() if name in stays.clear})
                self.journal.append((seq, left, _only(sealed, stays.parts)))

    def _judged(
        self, row_class: int, ref: int, day: int, at: int, clear: Mapping[str, Any], sealed: list[tuple[str, bytes]]
    ) -> Staying | None:
        """What stays of a row, counted; None when all of it does."""
        stays = self.judge(row_class, ref, at, tuple(keep for keep, _ in sealed))
        gone = [keep for keep, _ in sealed if keep not in stays.parts]
        if stays.row and not gone and stays.clear.issuperset(clear):
            return None
        self.report.parts.update(gone)
        self.lost |= {(ref, keep) for keep in gone}
        if stays.row:
            self.report.reduced += 1
        else:
            self.report.events[self.judge.classes[row_class].event] += 1
            self.dropped.setdefault(day, set()).add(ref)
        return stays

    # what is left afterwards

    def _still_held(self, conn: Connection, files: list[SettledFile]) -> tuple[set[tuple[int, int]], set[tuple[int, str]]]:
        """The (reference, day) pairs of which nothing is left, and the (reference, rule) pairs that still hold something.

        The journal is asked again in the transaction: only it can have grown meanwhile.
        """
        refs = {ref for ref, _ in self.lost}
        days = {row[0] for ref in refs for row in conn.exec_driver_sql("SELECT day FROM held WHERE ref = ?", (ref,))}
        gone = {(ref, day) for day, dropped in self.dropped.items() for ref in dropped if ref}
        parts: set[tuple[int, str]] = set()
        for file in files:
            if file.day in days or file.day in self.dropped:
                left = self.left.get(file.id)
                table = pq.read_table(self.lake.path(file), columns=["ref", "sealed"]) if left is None else left
                gone -= {(ref, file.day) for ref in pa.compute.unique(table["ref"]).to_pylist()}
                mine = table.filter(pa.compute.is_in(table["ref"], value_set=pa.array(sorted(refs), pa.int64())))
                parts |= {(row["ref"], keep) for row in mine.to_pylist() for keep, _ in _parts(row["sealed"])}
        return gone, parts

    def _destroy_keys(self, conn: Connection, left: set[tuple[int, str]]) -> None:
        """Destroy each key with nothing left under it. No event is sealed meanwhile: that needs this transaction's lock.

        The epoch moves so that no process goes on sealing with a key it remembers.
        """
        for ref in {ref for ref, _ in self.lost}:
            for row in conn.exec_driver_sql("SELECT sealed FROM journal WHERE ref = ?", (ref,)):
                left |= {(ref, keep) for keep, _ in _parts(row[0])}
        empty = self.lost - left
        for ref, keep in empty:
            corrected = [item.id for item in self.judge.plan.policy.items.values() if item.keep == keep]
            marks = ",".join("?" * len(corrected))
            conn.exec_driver_sql(f"DELETE FROM {correction.name} WHERE ref = ? AND item IN ({marks})", (ref, *corrected))
        self.keys.destroy_pairs(empty)
        move_epoch(conn, *{ref for ref, _ in empty})
        self.report.keys = len(empty)


def _parts(sealed: bytes) -> list[tuple[str, bytes]]:
    return [(keep, blob) for keep, blob in msgspec.msgpack.decode(sealed) if keep]


def _only(sealed: list[tuple[str, bytes]], stays: frozenset[str]) -> bytes:
    """The parts that stay; where none does, random bytes, so that no guess can be tested against the ledger."""
    left = [(keep, blob) for keep, blob in sealed if keep in stays]
    return msgspec.msgpack.encode(left or [("", os.urandom(16))])
