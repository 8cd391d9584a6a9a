"""Rows 1 and 2: how fast are events taken, beside an endpoint that does nothing but keep them durably?

The same client, the same bytes and the same server program (uvicorn, one process) on both sides; both acknowledge
after the disk has it. On our side every event is consent-checked, sealed, known by its message id and in the ledger.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from msgspec import convert

from bench.load import Outcome, request
from bench.measure import Line, Size, at_least, at_most
from troth.base.clock import now_micros
from troth.collect.choices import choose
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.people import People
from troth.collect.pipeline import Origin
from troth.serve import prepare_examples
from troth.settings import load
from troth.store import journal
from troth.workspace import House

ROOT = Path(__file__).resolve().parent.parent
PEOPLE, CONNECTIONS = 1_000, 64
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PATHS = [
    "/",
    "/pricing",
    "/product",
    "/blog",
    "/contact",
    *(f"/blog/article-{number}" for number in range(40)),
    *(f"/product/{number}" for number in range(40)),
]
SOURCES = ["", "?utm_source=news&utm_medium=email&utm_campaign=autumn", "?utm_source=partner&utm_medium=referral"]
REFERRERS = ["", "https://www.google.com/", "https://duckduckgo.com/", "https://example.org/list", "http://127.0.0.1:8101/"]


@dataclass(frozen=True, slots=True)
class Side:
    """A server to load: where it is and how its events are sent."""

    process: int
    port: int
    path: str
    headers: dict[str, str]


def single(size: Size) -> list[Line]:
    """Row 1: single events."""
    return _rows(1, "single events", 1, 20_000 if size.full else 6_000, size, "file", "appends to a file, one fdatasync a group")


def batches(size: Size) -> list[Line]:
    """Row 2: batches of 20."""
    return _rows(
        2,
        "batches of 20",
        20,
        60_000 if size.full else 20_000,
        size,
        "sqlite",
        "a row in SQLite (WAL, synchronous=FULL) under a unique index, group commit",
    )


def _rows(row: int, name: str, together: int, events: int, size: Size, kind: str, how: str) -> list[Line]:
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
    try:
        with _bare(folder, kind) as bare, _ours(folder, "/v1/page" if together == 1 else "/v1/batch") as ours:
            pairs = []
            for _ in range(size.repeats + 1):
                pairs.append((_drive(bare, together, events), _drive(ours, together, events)))
            shares = [_processor(side.process) / (events * len(pairs)) * 1e6 for side in (ours, bare)]
        correct = _answered(pairs, events // together) and _kept(folder, kind, events * len(pairs))
        where = _where_time_goes(folder, together)
    finally:
        shutil.rmtree(folder)
    pairs = pairs[1:]  # the first warms both up
    note = f"both: one process, {CONNECTIONS} connections, acknowledged after the disk. Ours: SQLite WAL, FULL. Beside: {how}."
    rates = [[events / outcome.seconds for outcome in side] for side in zip(*pairs, strict=True)]
    late = [[outcome.p99 for outcome in side] for side in zip(*pairs, strict=True)]
    line = at_least(f"ingest, {name}", row, rates[1], rates[0], "events/s", 0.5, correct, note)
    why = f"{note} Processor time an event, settling and all: ours {shares[0]:.0f} us, beside {shares[1]:.0f} us. Of our writer's: {where}."
    lines = [line if line.met else line.with_note(why)]
    if row == 1:
        lines.append(at_most(f"ingest, {name}, p99", row, late[1], late[0], "ms", 2, correct))
    return lines


def _processor(process: int) -> float:
    """Seconds of processor time a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _where_time_goes(folder: Path, together: int) -> str:
    """The shares of each stage of a group commit, in this process, undisturbed by HTTP."""
    house = House(load(folder / "data"))
    workspace = house.workspace("infinity")
    spent: Counter[str] = Counter()
    with _timed(spent):
        ingest = Ingest(workspace)
        for _ in range(max(4, 64 // together)):
            origin = Origin(True, "127.0.0.1", AGENT, now_micros())
            messages = [convert(page_view(), Message) for _ in range(CONNECTIONS * together)]
            spent["all of it"] -= time.perf_counter_ns()
            ingest.submit_and_wait(messages, origin)
            spent["all of it"] += time.perf_counter_ns()
        ingest.close()
    house.close()
    whole = spent.pop("all of it")
    spent["transaction and commit"] = whole - spent.total()
    return ", ".join(f"{share / whole:.0%} {stage}" for stage, share in spent.most_common())


STAGES = {
    "reading messages": (Ingest, "_read"), "duplicates": (Ingest, "_drop_duplicates"), "whom it is about": (People, "meet"),
    "deciding": (Ingest, "_decide"), "sealing": (Ingest, "_seal"), "rows, keys and ledger": (journal, "append"),
}  # fmt: skip


@contextmanager
def _timed(spent: Counter[str]) -> Iterator[None]:
    honest = {stage: getattr(owner, name) for stage, (owner, name) in STAGES.items()}

    def timing(stage: str) -> Callable[..., object]:
        def timed(*given: object, **named: object) -> object:
            started = time.perf_counter_ns()
            try:
                return honest[stage](*given, **named)
            finally:
                spent[stage] += time.perf_counter_ns() - started

        return timed

    for stage, (owner, name) in STAGES.items():
        setattr(owner, name, timing(stage))
    try:
        yield
    finally:
        for stage, (owner, name) in STAGES.items():
            setattr(owner, name, honest[stage])


def page_view() -> dict[str, object]:
    """A page view of about 600 bytes as a browser's client sends it."""
    page = {
        "url": "http://127.0.0.1:8101" + random.choice(PATHS) + random.choice(SOURCES),
        "title": "A page of the site",
        "referrer": random.choice(REFERRERS),
    }
    context = {"page": page, "timezone": "Europe/Berlin", "locale": "en-GB", "userAgent": AGENT, "consent": {"cookies": "accepted"}}
    context["library"] = {"name": "analytics.js", "version": "5.1.0"}
    person = f"bench-visitor-{random.randrange(PEOPLE):06d}"
    return {
        "type": "page",
        "messageId": f"ajs-{uuid.uuid4().hex}",
        "anonymousId": person,
        "timestamp": "2026-01-01T05:00:00.000Z",
        "context": context,
    }


def _drive(side: Side, together: int, events: int) -> Outcome:
    bodies = []
    for _ in range(events // together):
        body: object = page_view() if together == 1 else {"batch": [page_view() for _ in range(together)]}
        bodies.append(request(side.path, json.dumps(body, separators=(",", ":")).encode(), side.headers))
    client = [sys.executable, "-m", "bench.load"]
    done = subprocess.run(client, cwd=ROOT, input=pickle.dumps((side.port, bodies, CONNECTIONS)), capture_output=True, check=True)
    return Outcome(**json.loads(done.stdout))


@contextmanager
def _bare(folder: Path, kind: str) -> Iterator[Side]:
    with _serving("bench.bare:application", {"BARE_KIND": kind, "BARE_FILE": str(folder / "bare")}) as (process, port):
        yield Side(process, port, "/v1/page", {"authorization": "Basic " + "x" * 40})


@contextmanager
def _ours(folder: Path, path: str) -> Iterator[Side]:
    settings = load(folder / "data")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    for number in range(PEOPLE):
        choices = {"site-analytics": "given", "call-journey": "given"}
        choose(workspace, {"anonymousId": f"bench-visitor-{number:06d}", "choices": choices, "how": "accept-all", "tz": "Europe/Berlin"})
    key = b64encode((workspace.access["write_key"] + ":").encode()).decode()
    house.close()
    with _serving("bench.ours:application", {"TROTH_DATA": str(settings.data)}) as (process, port):
        yield Side(process, port, path, {"authorization": f"Basic {key}"})


@contextmanager
def _serving(application: str, environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", application, "--factory", "--port", str(port), "--log-level", "warning", "--no-access-log"]
    server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment)
    try:
        _wait_for(port)
        yield server.pid, port
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("a side of the benchmark did not start")


def _answered(pairs: list[tuple[Outcome, Outcome]], calls: int) -> bool:
    return all(outcome.statuses == {"200": calls} for pair in pairs for outcome in pair)


def _kept(folder: Path, kind: str, events: int) -> bool:
    """Whether both sides hold exactly what they acknowledged, and our ledger follows from its entries."""
    if kind == "file":
        bare = (folder / "bare").read_bytes().count(b"\n")
    else:
        bare = sqlite3.connect(folder / "bare").execute("SELECT count(*) FROM event").fetchone()[0]
    house = House(load(folder / "data"))
    workspace = house.workspace("infinity")
    with workspace.state.read() as conn:
        rows = conn.exec_driver_sql("SELECT count(*) FROM journal WHERE ref <> 0").scalar_one()
        rows += conn.exec_driver_sql("SELECT coalesce(sum(rows), 0) FROM lake_file WHERE retired_at IS NULL").scalar_one()
        seen = conn.exec_driver_sql("SELECT (SELECT count(*) FROM seen) + (SELECT count(key) FROM journal)").scalar_one()
        workspace.log.verify(conn, workspace.ledger_key.public_key())
    house.close()
    return bool(bare == rows == seen == events)
