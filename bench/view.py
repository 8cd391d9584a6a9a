"""Row 5: what do five dashboard questions cost through a purpose, beside the same SQL on the raw files?

Ours: each question is a grant, a view of one instant and Ibis, as the reports ask it, with everybody's no, erasures,
restrictions, the cut-off in time, links and the classes of rows all on. Beside: the same question in SQL, DuckDB, the
same files, the same number of threads, and no exclusion at all. What is right is the raw SQL with every exclusion by hand.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from bench.measure import Line, Size, at_most, profiled, seconds
from troth.base.clock import day_of, micros, now
from troth.consent.record import Strength
from troth.gate.grant import Grant
from troth.gate.plan import RowClass
from troth.serve import prepare_examples
from troth.settings import load
from troth.store.view import View
from troth.workspace import House, Workspace

PURPOSE, ROLE, OPERATOR = "site-analytics", "analyst", "op-bench"
DAYS, KEPT = 440, 395  # the purpose keeps for 395: the cut-off falls inside
PEOPLE = 200_000
_MIX, _SPREAD = 0x9E3779B97F4A7C15 % (1 << 61), 1 << 61
GAP = 30 * 60 * 1_000_000
DAY = 86_400_000_000
SERVING, OTHER, ANONYMOUS = 0, 1, 2  # kinds of rows: may serve, collected for something else, without a person


@dataclass(frozen=True, slots=True)
class Question:
    """One dashboard question both ways; {rows} stands for the table and {person} for who a row is about."""

    name: str
    ours: Callable[[ir.Table], ir.Table]
    sql: str


def dashboard(size: Size) -> list[Line]:
    """The five together, and the worst of them."""
    events = 10_000_000 if size.full else 2_000_000
    folder = Path(tempfile.mkdtemp(prefix="troth-bench-"))
    try:
        house, workspace = _workspace(folder)
        _people(workspace)
        _events(workspace, _classes(workspace), events)
        lines = _measure(workspace, size, events)
        house.close()
        return lines
    finally:
        shutil.rmtree(folder)


# the questions


def _by_day(rows: ir.Table) -> ir.Table:
    return rows.group_by("day").aggregate(views=rows.count(), people=rows.person.nunique())


def _pages(rows: ir.Table) -> ir.Table:
    return rows.group_by(name=rows["page.route"]).aggregate(views=rows.count(), people=rows.person.nunique())


def _sources(rows: ir.Table) -> ir.Table:
    rows = rows.filter(rows["visit.source"].notnull())
    return rows.group_by(source=rows["visit.source"], medium=rows["visit.medium"]).aggregate(views=rows.count(), people=rows.person.nunique())


def _devices(rows: ir.Table) -> ir.Table:
    named = {"browser": rows["device.browser"], "os": rows["device.os"], "kind": rows["device.kind"]}
    return rows.group_by(**named).aggregate(views=rows.count())


def _visits(rows: ir.Table) -> ir.Table:
    rows = rows.filter(rows.person != 0).select("person", "at", "day")
    before = rows["at"].lag().over(ibis.window(group_by="person", order_by="at"))
    begun = rows.mutate(begins=before.isnull() | (rows["at"] - before > GAP))
    begun = begun.filter(begun.begins)
    return begun.group_by("day").aggregate(visits=begun.count())


QUESTIONS = (
    Question("views and people by day", _by_day, "SELECT day, count(*) views, count(DISTINCT {person}) people FROM {rows} GROUP BY 1"),
    Question("pages", _pages, 'SELECT "page.route" AS "name", count(*) views, count(DISTINCT {person}) people FROM {rows} GROUP BY 1'),
    Question(
        "sources", _sources,
        'SELECT "visit.source" AS source, "visit.medium" AS medium, count(*) views, count(DISTINCT {person}) people FROM {rows} '
        'WHERE "visit.source" IS NOT NULL GROUP BY 1, 2',
    ),
    Question(
        "devices", _devices,
        'SELECT "device.browser" AS browser, "device.os" AS os, "device.kind" AS kind, count(*) views FROM {rows} GROUP BY ALL',
    ),
    Question(
        "visits by day", _visits,
        'SELECT day, count(*) visits FROM (SELECT day, "at", lag("at") OVER (PARTITION BY {person} ORDER BY "at") AS before '
        f'FROM {{rows}} WHERE {{person}} <> 0) WHERE before IS NULL OR "at" - before > {GAP} GROUP BY 1',
    ),
)  # fmt: skip


# the world


def _workspace(folder: Path) -> tuple[House, Workspace]:
    settings = load(folder / "data")
    prepare_examples(settings)
    house = House(settings)
    return house, house.workspace("infinity")


def _reference(number: int) -> int:
    """The reference of a person by their number: spread over 61 bits, as those that are drawn by chance; `_MIX` is odd, so no two are the same."""
    return number * _MIX % _SPREAD


def _people(workspace: Workspace) -> None:
    """People 1 to PEOPLE: 5% said no, a few are restricted or erased since, 2% have two references."""
    draw = random.Random(5)
    at = micros(now())
    people = [_reference(number) for number in range(1, PEOPLE + 1)]
    said_no = draw.sample(people, PEOPLE // 20)
    with workspace.state.write() as conn:
        conn.exec_driver_sql(
            "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, 'site-visitor', 'gdpr', ?, 0, ?)",
            [(ref, int(ref % 1_000 == 7), at) for ref in people],
        )
        conn.exec_driver_sql(
            "INSERT INTO standing (ref, purpose, state, strength, at) VALUES (?, ?, 'objected', 'explicit', ?)",
            [(ref, PURPOSE, at) for ref in said_no],
        )
        erased = [(ref, at) for ref in draw.sample(people, PEOPLE // 1_000)]
        conn.exec_driver_sql("INSERT INTO erased_subject (ref, erased_at, swept) VALUES (?, ?, 0)", erased)
        paired = draw.sample(people, PEOPLE // 50)
        pairs = [(a, b, at) for a, b in zip(paired[::2], paired[1::2], strict=True)]
        conn.exec_driver_sql("INSERT INTO link (a, b, how, purpose, since, until) VALUES (?, ?, 'signed-in', '', ?, NULL)", pairs)


def _classes(workspace: Workspace) -> dict[int, int]:
    """The number of each kind of row."""
    version = workspace.policy.version
    kinds = {
        SERVING: RowClass(version, "page-view", "gdpr", ((PURPOSE, "given"),), Strength.NONE),
        OTHER: RowClass(version, "page-view", "gdpr", (("call-journey", "given"),), Strength.NONE),
        ANONYMOUS: RowClass(version, "page-view", "", ((PURPOSE, "remainder"),), Strength.NONE),
    }
    with workspace.state.write() as conn:
        return {kind: workspace.classes.number(conn, found) for kind, found in kinds.items()}


def _events(workspace: Workspace, classes: dict[int, int], events: int) -> None:
    """Page views straight into files of the lake, one file a day; 5% are of another purpose, 10% without a person."""
    today, each = day_of(micros(now())), events // DAYS
    made = duckdb.connect()
    written = []
    for day in range(today - DAYS + 1, today + 1):
        first = (day - today + DAYS - 1) * each
        many = each if day < today else events - first
        kind = f"CASE WHEN h[1] % 20 = 0 THEN {classes[OTHER]} WHEN h[1] % 20 IN (1, 2) THEN {classes[ANONYMOUS]} ELSE {classes[SERVING]} END"
        table = made.sql(
            f"""
            WITH drawn AS (SELECT i, [hash(i * 8 + k) >> 8 FOR k IN range(8)] AS h FROM range({first}, {first + many}) t(i))
            SELECT i + 1 AS seq, (i + 1) * 7 AS event,
                CASE WHEN h[1] % 20 IN (1, 2) THEN 0 ELSE (1 + h[2] % {PEOPLE})::HUGEINT * {_MIX} % {_SPREAD} END::BIGINT AS ref,
                ({kind})::INTEGER AS "class", {day}::INTEGER AS day, ({day} * {DAY}::BIGINT + (h[3] % {DAY})::BIGINT)::BIGINT AS "at",
                encode(h[4]::VARCHAR || h[5]::VARCHAR) AS sealed,
                '/page-' || (h[4] % 7) * (h[5] % 12) AS "page.route",
                CASE WHEN h[6] % 3 = 0 THEN 'source-' || h[6] % 24 END AS "visit.source",
                CASE WHEN h[6] % 3 = 0 THEN 'medium-' || h[6] % 4 END AS "visit.medium",
                'browser-' || h[7] % 9 AS "device.browser", 'os-' || h[7] % 5 AS "device.os", 'kind-' || h[8] % 3 AS "device.kind"
            FROM drawn
            """
        ).to_arrow_table()
        written.append(workspace.lake.write_file(table, day))
    with workspace.state.write() as conn:
        workspace.lake.enlist(conn, written)


# both sides


def _measure(workspace: Workspace, size: Size, events: int) -> list[Line]:
    raw = duckdb.connect()
    threads = workspace.views._duck.execute("SELECT current_setting('threads')").fetchone()
    raw.execute(f"SET threads = {threads[0] if threads else 1}")
    files = f"read_parquet('{workspace.lake.folder}/*.parquet')"
    correct = _right(workspace, raw, files)
    ours: list[list[float]] = [[] for _ in QUESTIONS]
    beside: list[list[float]] = [[] for _ in QUESTIONS]
    for _ in range(size.repeats):
        for index, question in enumerate(QUESTIONS):
            beside[index].append(seconds(lambda question=question: _raw(raw, question.sql, files, "ref")))  # type: ignore[misc]
            ours[index].append(seconds(lambda question=question: _ask(workspace, question)))  # type: ignore[misc]
    note = f"{events:,} events in {DAYS} files, {PEOPLE:,} people, {threads[0] if threads else 1} threads each side; nothing is written."
    total = at_most("view, five questions together", 5, _sums(ours), _sums(beside), "s", 1.5, correct, note)
    each = [at_most(f"view, {q.name}", 5, mine, theirs, "s", 2.5, correct) for q, mine, theirs in zip(QUESTIONS, ours, beside, strict=True)]
    lines = [total, *each]
    if not all(line.met for line in lines):
        worst = max(range(len(QUESTIONS)), key=lambda index: each[index].ratio)
        lines[0] = total.with_note(f"{note} Where the time of `{QUESTIONS[worst].name}` goes: {profiled(lambda: _ask(workspace, QUESTIONS[worst]))}.")
    return lines


def _sums(times: list[list[float]]) -> list[float]:
    return [sum(one) for one in zip(*times, strict=True)]


def _ask(workspace: Workspace, question: Question) -> list[dict[str, Any]]:
    return _through(workspace, workspace.grant(PURPOSE, ROLE, OPERATOR), question)


def _through(workspace: Workspace, grant: Grant, question: Question) -> list[dict[str, Any]]:
    def answer(view: View) -> list[dict[str, Any]]:
        return view.execute(question.ours(view.events))

    found: list[dict[str, Any]] = workspace.views.run(grant, answer)
    return found


def _raw(raw: duckdb.DuckDBPyConnection, sql: str, rows: str, person: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = raw.sql(sql.format(rows=rows, person=person)).to_arrow_table().to_pylist()
    return found


def _right(workspace: Workspace, raw: duckdb.DuckDBPyConnection, files: str) -> bool:
    """Whether the view answers as the raw files do once everything to be left out is left out by hand.

    One grant for all: the cut-off is counted back from its instant, to the microsecond, on both sides.
    """
    grant = workspace.grant(PURPOSE, ROLE, OPERATOR)
    with workspace.state.read() as conn:
        no = {row[0] for row in conn.exec_driver_sql("SELECT ref FROM subject WHERE restricted = 1")}
        no |= {row[0] for row in conn.exec_driver_sql("SELECT ref FROM standing WHERE purpose = ? AND state = 'objected'", (PURPOSE,))}
        no |= {row[0] for row in conn.exec_driver_sql("SELECT ref FROM erased_subject WHERE swept = 0")}
        pairs = [tuple(sorted(row)) for row in conn.exec_driver_sql("SELECT a, b FROM link WHERE until IS NULL")]
        serving = [row[0] for row in conn.exec_driver_sql(f"SELECT id FROM row_class WHERE permitted LIKE '%{PURPOSE}%'")]
    no |= {ref for pair in pairs if no & set(pair) for ref in pair}
    raw.execute("CREATE TEMP TABLE no (ref BIGINT); CREATE TEMP TABLE pair (ref BIGINT, head BIGINT)")
    raw.executemany("INSERT INTO pair VALUES (?, ?)", [(b, a) for a, b in pairs])
    raw.execute("INSERT INTO no SELECT unnest($1::BIGINT[])", [sorted(no)])
    raw.execute(
        f'CREATE TEMP VIEW left_over AS SELECT f.*, coalesce(p.head, f.ref) AS person FROM {files} f LEFT JOIN pair p ON p.ref = f.ref '
        f'WHERE f."class" IN ({", ".join(map(str, serving))}) AND f.ref NOT IN (SELECT ref FROM no) '
        f'AND f."at" >= {micros(grant.at - timedelta(days=KEPT))}'
    )
    return all(_sorted(_through(workspace, grant, q)) == _sorted(_raw(raw, q.sql, "left_over", "person")) for q in QUESTIONS)


def _sorted(rows: list[dict[str, Any]]) -> list[list[tuple[str, str]]]:
    return sorted(sorted((name, str(value)) for name, value in row.items()) for row in rows)
