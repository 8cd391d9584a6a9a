"""Row 6: how long until an erasure is in effect, beside one fdatasync on the same disk?

Ours: the grant with its ledger entry, the tombstone and its commit, the person's keys gone and that commit: from then
on nobody finds the person. Beside: 4,096 bytes appended to a file and one fdatasync. What follows later in batches
(files, key generation, the receipt) is row 7's. N is the number of events the workspace knows of.
"""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection

from bench.measure import Line, Size, at_most, profiled, seconds
from troth.base.clock import day_of, now_micros
from troth.consent.standing import read_standing
from troth.gate.admit import admit_subject
from troth.rights import erasure  # noqa: F401  # declares the table of its cases
from troth.serve import prepare_examples
from troth.settings import load
from troth.store import shred
from troth.workspace import House, Workspace

SIZES = (10_000, 100_000, 1_000_000)
OTHERS = 50  # events of everybody who stays
SPANS = (10, 100, 1_000, 10_000)  # events of those who go
EACH = 15  # people of each span


def tombstones(size: Size) -> list[Line]:
    """A line for each N and each span of a person's events, and how flat it is in N."""
    lines: list[Line] = []
    of_hundred: dict[int, float] = {}
    for events in SIZES + ((10_000_000,) if size.full else ()):
        folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
        try:
            found = _of(folder, events, max(EACH, size.repeats))
        finally:
            shutil.rmtree(folder)
        lines += found
        of_hundred[events] = next(line.ours for line in found if " 100 of" in line.name)
    most, least = max(of_hundred.values()), min(of_hundred.values())
    named = f"erase, {len(of_hundred)} sizes, slowest beside fastest"
    lines.append(at_most(named, 6, [most], [least], "ms", 1.5, all(line.correct for line in lines), "p50 of people with 100 events"))
    return lines


def _of(folder: Path, events: int, each: int) -> list[Line]:
    settings = load(folder / "data")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    spans = [span for span in SPANS if span * each <= events // 2]
    leaving = _fill(workspace, events, {span: each + 1 for span in spans})
    lines = []
    for span in spans:
        first, *people = leaving[span]
        how = profiled(lambda first=first: _erase(workspace, first))  # type: ignore[misc]
        lines.append(_line(workspace, folder, events, span, people, how))
    house.close()
    return lines


def _line(workspace: Workspace, folder: Path, events: int, span: int, people: list[int], how: str) -> Line:
    there = _count(workspace)
    ours, beside = [], []
    with (folder / "beside").open("wb", buffering=0) as file:
        for ref in people:
            beside.append(seconds(lambda: _append(file.fileno())) * 1e3)
            ours.append(seconds(lambda ref=ref: _erase(workspace, ref)) * 1e3)  # type: ignore[misc]
    correct = _gone(workspace, people, span) and _count(workspace) == there - len(people)
    note = "ours: two commits, SQLite WAL, synchronous=FULL. Beside: one append of 4,096 bytes and fdatasync." if span == SPANS[0] else ""
    # The quotient of the medians, not the median of the quotients: one fdatasync is no pair to one erasure.
    line = at_most(f"erase, a person with {span:,} of {events:,} events", 6, ours, beside, "ms", 3, correct, note).of_medians(3)
    return line if line.met else line.with_note(f"{note} Where the time goes: {how}.".strip())


def _append(handle: int) -> None:
    os.write(handle, bytes(4096))
    os.fdatasync(handle)


def _erase(workspace: Workspace, ref: int) -> None:
    at = now_micros()
    with workspace.state.write() as conn:
        grant = admit_subject(conn, workspace.log, workspace.plan_at(conn, at), ref, "erasure")
        shred.tombstone(conn, grant, [ref], at)
    workspace.keys.destroy(ref, frozenset())


def _gone(workspace: Workspace, people: list[int], span: int) -> bool:
    """Whether nobody finds them, their keys are gone, and each of their events would be refused if sent again."""
    with workspace.state.read() as conn:
        found = any(read_standing(conn, ref) for ref in people)
        named = conn.exec_driver_sql(f"SELECT count(*) FROM identifier WHERE ref IN ({','.join('?' * len(people))})", tuple(people)).scalar_one()
        noted = conn.exec_driver_sql(f"SELECT count(*) FROM erased_subject WHERE ref IN ({','.join('?' * len(people))})", tuple(people)).scalar_one()
    return not found and not named and noted == len(people) and not any(workspace.keys.wrapped(ref) for ref in people)


def _count(workspace: Workspace) -> int:
    with workspace.state.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one())


# the world


def _fill(workspace: Workspace, events: int, leaving: dict[int, int]) -> dict[int, list[int]]:
    """People with their events known by key, held days, one event still in the journal, a standing, acts and keys."""
    draw = random.Random(events)
    spans = [span for span, many in leaving.items() for _ in range(many)]
    spans += [OTHERS] * ((events - sum(spans)) // OTHERS)
    refs = draw.sample(range(1, 2**53), len(spans))
    at = now_micros()
    today = day_of(at)
    seen = sorted((draw.randbytes(16), ref, today - n % 300) for ref, span in zip(refs, spans, strict=True) for n in range(span))
    held = [(ref, today - n) for ref, span in sorted(zip(refs, spans, strict=True)) for n in range(min(span, 300))]
    with workspace.state.write() as conn:
        _put(
            conn, "subject (ref, epoch, population, regime, restricted, canary, created_at)", [(r, 1, "site-visitor", "gdpr", 0, 0, at) for r in refs]
        )
        _put(conn, "identifier (hash, kind, ref, verified, since)", [(draw.randbytes(16), "anonymous", ref, 0, at) for ref in refs])
        _put(conn, "standing (ref, purpose, state, strength, at)", [(ref, "call-journey", "given", "explicit", at) for ref in refs])
        acts = [(ref, "call-journey", "given", "explicit", "accept-all", "1", "", "gdpr", at, 1) for ref in refs]
        _put(conn, "consent_act (ref, purpose, state, strength, how, policy_version, screen, regime, at, entry)", acts)
        _put(conn, "seen (key, ref, day, kept)", [(*row, 0) for row in seen])
        _put(conn, "held (ref, day)", held)
        rows = [(n, ref, 1, today, at, b"{}", draw.randbytes(64)) for n, ref in enumerate(refs)]
        _put(conn, "journal (event, ref, class, day, at, clear, sealed)", rows)
    for start in range(0, len(refs), 5_000):
        workspace.keys.ensure((ref, "usage") for ref in refs[start : start + 5_000])
    workspace.state.truncate_log()
    found: dict[int, list[int]] = {}
    for ref, span in zip(refs[: sum(leaving.values())], spans, strict=False):
        found.setdefault(span, []).append(ref)
    return found


def _put(conn: Connection, columns: str, rows: Sequence[tuple[object, ...]]) -> None:
    marks = ",".join("?" * len(rows[0]))
    conn.exec_driver_sql(f"INSERT INTO {columns} VALUES ({marks})", rows)
