"""Row 6: how long until an erasure is in effect, beside one fdatasync on the same disk?

Ours: the grant with its ledger entry, the tombstone and its commit, the person's keys gone and that commit: from then
on nobody finds the person. Beside: 4,096 bytes appended to a file and one fdatasync. What follows later in batches
(files, key generation, the receipt) is row 7's. N is the number of events the workspace knows of.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
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
WARM = 2  # of each span go before anything is timed


@dataclass(slots=True)
class World:
    """One workspace that knows of so many events, and what was measured in it by the span of those who went."""

    house: House
    workspace: Workspace
    events: int
    leaving: dict[int, list[int]]
    how: dict[int, str] = field(default_factory=dict)
    ours: dict[int, list[float]] = field(default_factory=dict)
    beside: dict[int, list[float]] = field(default_factory=dict)


def tombstones(size: Size) -> list[Line]:
    """A line for each N and each span of a person's events, and how flat it is in N."""
    each = max(EACH, size.repeats)
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
    try:
        worlds = [_world(folder / str(events), events, each) for events in SIZES + ((10_000_000,) if size.full else ())]
        before = [_count(world.workspace) for world in worlds]
        with (folder / "beside").open("wb", buffering=0) as file:
            _take_turns(worlds, each, file.fileno())
        right = [_gone(world, there) for world, there in zip(worlds, before, strict=True)]
        for world in worlds:
            world.house.close()
    finally:
        shutil.rmtree(folder)
    lines = [_line(world, span, good) for world, good in zip(worlds, right, strict=True) for span in world.ours]
    return [*lines, *(_flat(worlds, span, all(right)) for span in SPANS if all(span in world.ours for world in worlds))]


def _world(folder: Path, events: int, each: int) -> World:
    settings = load(folder / "data")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    spans = [span for span in SPANS if span * (each + WARM) <= events // 2]
    return World(house, workspace, events, _fill(workspace, events, {span: each + WARM for span in spans}))


def _take_turns(worlds: list[World], each: int, handle: int) -> None:
    """Every N and span in turn, each with its fdatasync: what slows the disk for a while slows all of them."""
    for world in worlds:
        for span, people in world.leaving.items():
            _erase(world.workspace, people[0])  # reads the policy, which a running server has read
            world.how[span] = profiled(lambda world=world, ref=people[1]: _erase(world.workspace, ref))  # type: ignore[misc]
    for turn in range(WARM, WARM + each):
        for world in worlds:
            for span, people in world.leaving.items():
                world.beside.setdefault(span, []).append(seconds(lambda: _append(handle)) * 1e3)
                world.ours.setdefault(span, []).append(seconds(lambda world=world, ref=people[turn]: _erase(world.workspace, ref)) * 1e3)  # type: ignore[misc]


def _line(world: World, span: int, correct: bool) -> Line:
    first = span == SPANS[0] and world.events == SIZES[0]
    note = "ours: two commits, SQLite WAL, synchronous=FULL. Beside: one append of 4,096 bytes and fdatasync." if first else ""
    # The quotient of the medians, not the median of the quotients: one fdatasync is no pair to one erasure.
    named = f"erase, a person with {span:,} of {world.events:,} events"
    line = at_most(named, 6, world.ours[span], world.beside[span], "ms", 3, correct, note).of_medians(3)
    return line if line.met else line.with_note(f"{note} Where the time goes: {world.how[span]}.".strip())


def _flat(worlds: list[World], span: int, correct: bool) -> Line:
    by_median = sorted(worlds, key=lambda world: statistics.median(world.ours[span]))
    fastest, slowest = by_median[0], by_median[-1]
    note = f"slowest at {slowest.events:,} known events, fastest at {fastest.events:,}"
    named = f"erase, a person with {span:,}: slowest N beside fastest"
    return at_most(named, 6, slowest.ours[span], fastest.ours[span], "ms", 1.5, correct, note).of_medians(1.5)


def _append(handle: int) -> None:
    os.write(handle, bytes(4096))
    os.fdatasync(handle)


def _erase(workspace: Workspace, ref: int) -> None:
    at = now_micros()
    with workspace.state.write() as conn:
        grant = admit_subject(conn, workspace.log, workspace.plan_at(conn, at), ref, "erasure")
        shred.tombstone(conn, grant, [ref], at)
    workspace.keys.destroy(ref, frozenset())


def _gone(world: World, before: tuple[int, int]) -> bool:
    """Whether nobody finds those who went, their keys are gone, each event of theirs is still known (and so refused
    if it is sent again), and everybody else is where they were."""
    workspace, people = world.workspace, [ref for some in world.leaving.values() for ref in some]
    marks, values = ",".join("?" * len(people)), tuple(people)
    with workspace.state.read() as conn:
        found = any(read_standing(conn, ref) for ref in people)
        left = [conn.exec_driver_sql(f"SELECT count(*) FROM {t} WHERE ref IN ({marks})", values).scalar_one() for t in ("identifier", "standing")]
        noted = conn.exec_driver_sql(f"SELECT count(*) FROM erased_subject WHERE ref IN ({marks})", values).scalar_one()
    keyless = not any(workspace.keys.wrapped(ref) for ref in people)
    subjects, known = before
    return not found and not any(left) and noted == len(people) and keyless and _count(workspace) == (subjects - len(people), known)


def _count(workspace: Workspace) -> tuple[int, int]:
    """How many people there are, and how many events are known by their key."""
    with workspace.state.read() as conn:
        row = conn.exec_driver_sql("SELECT (SELECT count(*) FROM subject), (SELECT count(*) FROM seen)").one()
        return row[0], row[1]


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
