"""Row 6: how long until an erasure is in force, beside one fdatasync on the same disk?

Measured is what takes effect at once: the tombstone with its ledger entry in one durable transaction, and the
deletion of the person's keys. It must not grow with the person's events, nor with everybody's.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from bench.measure import Line, Size, at_most
from troth.base.clock import instant, now_micros
from troth.gate.admit import admit_subject
from troth.ledger.entry import EntryKind
from troth.serve import prepare_examples
from troth.settings import load
from troth.store import shred
from troth.workspace import House, Workspace

EVENTS_OF_A_PERSON = (10, 100, 1_000, 10_000)
DAY_EVENTS = 20  # events of one person a day


def tombstones(size: Size) -> list[Line]:
    """p50 over people of 10 to 10,000 events, and how flat it is in the number of all events."""
    totals = (10_000, 100_000, 1_000_000, 10_000_000) if size.full else (10_000, 100_000, 1_000_000)
    medians: dict[int, list[float]] = {total: [] for total in totals}
    syncs: dict[int, list[float]] = {total: [] for total in totals}
    correct, of_size = True, dict[int, list[float]]()
    for total in totals:
        folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
        try:
            house, workspace, people = _peopled(folder, total, size.repeats)
            for repeat in range(size.repeats):
                times, synced = [], []
                for many, refs in people.items():
                    for ref in refs[repeat * 3 : repeat * 3 + 3]:
                        synced.append(_fdatasync(folder))
                        times.append(_erase(workspace, ref))
                        of_size.setdefault(many, []).append(times[-1])
                medians[total].append(statistics.median(times) * 1e3)
                syncs[total].append(statistics.median(synced) * 1e3)
            correct &= _gone(workspace, people)
            house.close()
        finally:
            shutil.rmtree(folder)
    largest = totals[-1]
    note = "p50 by the person's events: " + ", ".join(f"{many:,}: {statistics.median(found) * 1e3:.2f} ms" for many, found in of_size.items())
    by_total = [statistics.median(medians[total]) for total in totals]
    slow, fast = totals[by_total.index(max(by_total))], totals[by_total.index(min(by_total))]
    return [
        at_most(f"erase, logical, p50 among {largest:,} events", 6, medians[largest], syncs[largest], "ms", 3, correct, note),
        at_most(f"erase, logical, {slow:,} events beside {fast:,}", 6, medians[slow], medians[fast], "ms", 1.5, correct),
    ]


def _erase(workspace: Workspace, ref: int) -> float:
    started = time.perf_counter()
    at = now_micros()
    with workspace.state.write() as conn:
        grant = admit_subject(conn, workspace.log, workspace.plan_at(conn, at), ref, "erasure")
        shred.tombstone(conn, grant, [ref], at)
        workspace.log.append(conn, EntryKind.ERASED, {"refs": [ref]}, instant(at))
    workspace.keys.destroy(ref, frozenset())
    return time.perf_counter() - started


def _fdatasync(folder: Path) -> float:
    """One small durable append, as the smallest database would make it."""
    handle = os.open(folder / "sync", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, os.urandom(4_096))
        started = time.perf_counter()
        os.fdatasync(handle)
        return time.perf_counter() - started
    finally:
        os.close(handle)


def _gone(workspace: Workspace, people: dict[int, list[int]]) -> bool:
    """Whether nobody who was erased can be found or read, and everybody else can."""
    erased = [ref for refs in people.values() for ref in refs]
    with workspace.state.read() as conn:
        marks = ",".join("?" * len(erased))
        left = conn.exec_driver_sql(f"SELECT count(*) FROM subject WHERE ref IN ({marks})", tuple(erased)).scalar_one()
        left += conn.exec_driver_sql(f"SELECT count(*) FROM identifier WHERE ref IN ({marks})", tuple(erased)).scalar_one()
        told = conn.exec_driver_sql("SELECT count(*) FROM erased_subject").scalar_one()
        others = conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one()
    return bool(left == 0 and told == len(erased) and others > 0)


def _peopled(folder: Path, total: int, repeats: int) -> tuple[House, Workspace, dict[int, list[int]]]:
    """A workspace that knows of `total` events: what it holds of each but the sealed bytes, which erasing at once does not touch."""
    settings = load(folder / "data")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    draw = random.Random(6)
    people = {many: [draw.getrandbits(62) + 1 for _ in range(repeats * 3)] for many in EVENTS_OF_A_PERSON if many * repeats * 3 <= total}
    holders = [(ref, many) for many, refs in people.items() for ref in refs]
    rest = total - sum(many for _, many in holders)
    holders += [(draw.getrandbits(62) + 1, 10) for _ in range(max(rest, 1_000) // 10)]
    at = now_micros()
    with workspace.state.write() as conn:
        conn.exec_driver_sql(
            "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, 'site-visitor', 'uk', 0, 0, ?)",
            [(ref, at) for ref, _ in holders],
        )
        conn.exec_driver_sql(
            "INSERT INTO identifier (hash, kind, ref, verified, since) VALUES (?, 'anonymous', ?, 0, ?)", [(draw.randbytes(16), ref, at) for ref, _ in holders]
        )
        conn.exec_driver_sql(
            "INSERT INTO held (ref, day) VALUES (?, ?)", [(ref, 20_000 + day) for ref, many in holders for day in range(-(-many // DAY_EVENTS))]
        )
        for start in range(0, len(holders), 20_000):
            seen = [(draw.randbytes(16), ref) for ref, many in holders[start : start + 20_000] for _ in range(many)]
            conn.exec_driver_sql("INSERT INTO seen (key, ref, day, kept) VALUES (?, ?, 20000, 0)", sorted(seen))
    workspace.keys.ensure({(ref, "usage") for ref, _ in holders[: len(holders) - max(rest, 1_000) // 10]})
    workspace.state.truncate_log()
    return house, workspace, people
