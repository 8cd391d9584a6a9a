"""Row 5: what does looking through a purpose cost? Five dashboard questions over 10 million events, beside the same SQL on the raw files.

Through the purpose everything is on: who may be seen, by their standing; retention; links between references. The raw
side reads the same Parquet files with the same DuckDB and asks nothing of anybody. Answers are compared with a third
way: SQL in which every duty is written out by hand.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from bench.measure import Line, Size, at_most
from troth.base.clock import day_of, micros, now, now_micros
from troth.consent.record import Strength
from troth.gate.plan import RowClass
from troth.serve import prepare_examples
from troth.settings import load
from troth.store.view import View
from troth.workspace import House, Workspace

EVENTS, PEOPLE, DAYS, OLD_DAYS = 10_000_000, 400_000, 90, 10
PURPOSE = "site-analytics"
FORMAT = "2"  # of the generated folder: another number makes it anew
Table = ir.Table


@dataclass(frozen=True, slots=True)
class Question:
    """One panel of a dashboard: through the view in Ibis, and as SQL over `{rows}`, where `{person}` is whom a row is about."""

    name: str
    ask: Callable[[Table], Any]
    sql: str


QUESTIONS = [
    Question(
        "views and visitors a day",
        lambda t: t.group_by("day").aggregate(views=t.count(), visitors=t.person.nunique()),
        "SELECT day, count(*) AS views, count(DISTINCT {person}) AS visitors FROM {rows} GROUP BY day",
    ),
    Question(
        "sources and mediums",
        lambda t: t.group_by(["visit.source", "visit.medium"]).aggregate(views=t.count(), visitors=t.person.nunique()),
        'SELECT "visit.source", "visit.medium", count(*) AS views, count(DISTINCT {person}) AS visitors FROM {rows} GROUP BY ALL',
    ),
    Question(
        "pages",
        lambda t: t.group_by("page.route").aggregate(views=t.count()),
        'SELECT "page.route", count(*) AS views FROM {rows} GROUP BY ALL',
    ),
    Question(
        "browsers and kinds of device",
        lambda t: t.group_by(["device.browser", "device.kind"]).aggregate(views=t.count()),
        'SELECT "device.browser", "device.kind", count(*) AS views FROM {rows} GROUP BY ALL',
    ),
    Question(
        "first pages of campaigns",
        lambda t: t.filter(t["visit.campaign"].notnull()).group_by(["visit.campaign", "visit.landing"]).aggregate(views=t.count(), visitors=t.person.nunique()),
        'SELECT "visit.campaign", "visit.landing", count(*) AS views, count(DISTINCT {person}) AS visitors FROM {rows} '
        'WHERE "visit.campaign" IS NOT NULL GROUP BY ALL',
    ),
]


def dashboard(size: Size) -> list[Line]:
    """The sum over the five, and the worst of them."""
    house, workspace = _prepared(50_000_000 if size.full else EVENTS)
    try:
        return _measured(workspace, size)
    finally:
        house.close()


def _measured(workspace: Workspace, size: Size) -> list[Line]:
    raw = duckdb.connect(":memory:")
    with workspace.state.read() as conn:
        paths = ", ".join(f"'{workspace.lake.path(file)}'" for file in workspace.lake.files(conn))
    raw_rows = f"read_parquet([{paths}], union_by_name = true)"
    correct = _right(workspace, raw, raw_rows)
    ours: list[list[float]] = []
    beside: list[list[float]] = []
    for _ in range(size.repeats + 1):
        pairs = [(_through_the_purpose(workspace, one), _raw(raw, raw_rows, one)) for one in QUESTIONS]
        ours.append([pair[0] for pair in pairs])
        beside.append([pair[1] for pair in pairs])
    ours, beside = ours[1:], beside[1:]  # the first warms both up
    medians = [statistics.median(run[n] for run in ours) / statistics.median(run[n] for run in beside) for n in range(len(QUESTIONS))]
    worst = medians.index(max(medians))
    note = "each question, ours to raw: " + ", ".join(f"{one.name} {ratio:.2f}" for one, ratio in zip(QUESTIONS, medians, strict=True))
    return [
        at_most("view, five questions together", 5, [sum(run) * 1e3 for run in ours], [sum(run) * 1e3 for run in beside], "ms", 1.5, correct, note),
        at_most(
            f"view, worst: {QUESTIONS[worst].name}", 5, [run[worst] * 1e3 for run in ours], [run[worst] * 1e3 for run in beside], "ms", 2.5, correct
        ),
    ]


def _through_the_purpose(workspace: Workspace, question: Question) -> float:
    started = time.perf_counter()
    _ask(workspace, question)
    return time.perf_counter() - started


def _ask(workspace: Workspace, question: Question) -> list[dict[str, Any]]:
    grant = workspace.grant(PURPOSE, "owner", "bench")

    def answer(view: View) -> Any:
        return view.execute(question.ask(view.events))

    return workspace.views.run(grant, answer)  # type: ignore[no-any-return]


def _raw(raw: duckdb.DuckDBPyConnection, rows: str, question: Question) -> float:
    started = time.perf_counter()
    raw.execute(question.sql.format(rows=rows, person="ref")).fetchall()
    return time.perf_counter() - started


def _right(workspace: Workspace, raw: duckdb.DuckDBPyConnection, rows: str) -> bool:
    """Compare with SQL in which standing, retention and links are written out by hand."""
    with workspace.state.read() as conn:
        no = {row[0] for row in conn.exec_driver_sql(f"SELECT ref FROM standing WHERE purpose = '{PURPOSE}' AND state <> 'given'")}
        no |= {row[0] for row in conn.exec_driver_sql("SELECT ref FROM erased_subject UNION SELECT ref FROM subject WHERE restricted = 1 OR canary = 1")}
        links = [(row[0], row[1]) for row in conn.exec_driver_sql("SELECT a, b FROM link WHERE until IS NULL AND purpose = ''")]
        permitting = ", ".join(str(row[0]) for row in conn.exec_driver_sql(f"SELECT id FROM row_class WHERE permitted LIKE '%\"{PURPOSE}\"%'"))
    heads = {ref: min(pair) for pair in links for ref in pair}
    no |= _families(heads, no)
    no_table = pa.table({"ref": pa.array(sorted(no), pa.int64())})
    head_table = pa.table({"ref": pa.array(list(heads), pa.int64()), "head": pa.array(list(heads.values()), pa.int64())})
    raw.register("no", no_table)
    raw.register("heads", head_table)
    keep_for = workspace.policy.purposes[PURPOSE].keep_for
    assert keep_for is not None
    since = micros(now() - keep_for)
    kept = (
        f"(SELECT e.*, coalesce(h.head, e.ref) AS person FROM {rows} e LEFT JOIN heads h USING (ref) "
        f"WHERE class IN ({permitting}) AND at >= {since} AND NOT EXISTS (SELECT 1 FROM no WHERE no.ref = e.ref))"
    )
    right = True
    for question in QUESTIONS:
        told = raw.execute(question.sql.format(rows=kept, person="person")).fetch_arrow_table().to_pylist()
        right &= _sorted(told) == _sorted(_ask(workspace, question)) and len(told) > 2
    raw.unregister("no")
    raw.unregister("heads")
    return right


def _families(heads: dict[int, int], no: set[int]) -> set[int]:
    """Everybody who is the same person as somebody who may not be seen."""
    hidden = {heads[ref] for ref in no if ref in heads}
    return {ref for ref, head in heads.items() if head in hidden}


def _sorted(rows: list[dict[str, Any]]) -> list[Any]:
    return sorted(repr(sorted(row.items())) for row in rows)


# a workspace of that many events


def _prepared(events: int) -> tuple[House, Workspace]:
    """A workspace with the events; made once and kept in the machine's temporary folder while its days are of use."""
    folder = Path(tempfile.gettempdir()) / f"troth-bench-views-{FORMAT}-{os.getuid()}-{events}-{day_of(now_micros())}"
    settings = load(folder / "data")
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        prepare_examples(settings)
        house = House(settings)
        _generate(house.workspace("infinity"), events)
        house.close()
        (folder / "complete").touch()
    house = House(settings)
    return house, house.workspace("infinity")


def _generate(workspace: Workspace, events: int) -> None:
    draw = random.Random(5)
    refs = [draw.getrandbits(62) + 1 for _ in range(PEOPLE)]
    at = now_micros()
    with workspace.state.write() as conn:
        for start in range(0, PEOPLE, 50_000):
            rows = [(ref, at) for ref in refs[start : start + 50_000]]
            conn.exec_driver_sql("INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, 'site-visitor', 'uk', 0, 0, ?)", rows)
        states = [(ref, PURPOSE, draw.choice(("given", "given", "given", "objected", "refused", "withdrawn")), at) for ref in refs[: PEOPLE // 10]]
        conn.exec_driver_sql("INSERT INTO standing (ref, purpose, state, strength, at) VALUES (?, ?, ?, 'explicit', ?)", states)
        pairs = [(refs[n], refs[n + 1], at) for n in range(PEOPLE // 10 - 500, PEOPLE // 10 + 19_500, 2)]
        conn.exec_driver_sql("INSERT INTO link (a, b, how, purpose, since) VALUES (?, ?, 'verified-identifier', '', ?)", pairs)
        conn.exec_driver_sql("UPDATE subject SET restricted = 1 WHERE ref = ?", [(ref,) for ref in refs[-50:]])
        conn.exec_driver_sql("INSERT INTO erased_subject (ref, erased_at, swept) VALUES (?, ?, 0)", [(ref, at) for ref in refs[-150:-50]])
        version = workspace.policy.version
        kinds = [
            RowClass(version, "page-view", "uk", ((PURPOSE, "given"), ("call-journey", "given")), Strength.EXPLICIT),
            RowClass(version, "page-view", "elsewhere", ((PURPOSE, "unobjected"),), Strength.NONE),
            RowClass(version, "page-view", "uk", (("call-journey", "given"),), Strength.EXPLICIT),
        ]
        classes = [workspace.classes.number(conn, kind) for kind in kinds]
    today = day_of(at)
    keep_for = workspace.policy.purposes[PURPOSE].keep_for
    assert keep_for is not None
    # Most days are within retention, some lie across its edge and before it.
    days = [*range(today - DAYS, today), *range(today - keep_for.days - OLD_DAYS // 2, today - keep_for.days + OLD_DAYS // 2)]
    duck = duckdb.connect(":memory:")
    duck.execute("SELECT setseed(0.5)")
    duck.register("people", pa.table({"n": pa.array(range(PEOPLE), pa.int64()), "ref": pa.array(refs, pa.int64())}))
    duck.execute("CREATE TABLE person AS SELECT * FROM people")
    each = events // len(days)
    for number, day in enumerate(days):
        table = duck.execute(_DAY, {"each": each, "first": number * each, "day": day, "people": PEOPLE, "a": classes[0], "b": classes[1], "c": classes[2]}).fetch_arrow_table()
        written = workspace.lake.write_file(_typed(table), day)
        with workspace.state.write() as conn:
            workspace.lake.enlist(conn, [written])


# A few come often, most seldom; nine of ten rows are of a class that may serve the purpose.
_DAY = """
WITH drawn AS (
    SELECT n, random() AS a, random() AS b, random() AS c, random() AS d, random() AS e, least($people - 1, CAST(pow(random(), 2) * $people AS BIGINT)) AS who
    FROM range($each) AS r(n)
)
SELECT $first + drawn.n + 1 AS seq, CAST(random() * 4e18 AS BIGINT) AS event, person.ref AS ref,
    CAST(CASE WHEN a < 0.6 THEN $a WHEN a < 0.9 THEN $b ELSE $c END AS INTEGER) AS class, CAST($day AS INTEGER) AS day,
    CAST($day AS BIGINT) * 86400000000 + CAST(drawn.n * (86400000000.0 / $each) AS BIGINT) AS at,
    encode('sealed ' || drawn.n) AS sealed,
    list_extract(['/', '/pricing', '/product', '/blog', '/blog/:slug', '/contact', '/product/*', '(other)'], 1 + CAST(floor(b * b * 8) AS INTEGER)) AS "page.route",
    list_extract(['/', '/pricing', '/product', '/blog/:slug', '/contact'], 1 + CAST(floor(c * c * 5) AS INTEGER)) AS "visit.landing",
    list_extract(['direct', 'google', 'bing', 'news', 'partner', 'duckduckgo', 'chatgpt', 'example.org'], 1 + CAST(floor(d * d * 8) AS INTEGER)) AS "visit.source",
    list_extract(['none', 'organic', 'email', 'referral', 'cpc'], 1 + CAST(floor(d * d * 5) AS INTEGER)) AS "visit.medium",
    CASE WHEN e < 0.3 THEN 'campaign ' || CAST(floor(e * 100) AS INTEGER) END AS "visit.campaign",
    list_extract(['Chrome 140', 'Chrome 139', 'Safari 18', 'Firefox 143', 'Edge 140', 'unknown'], 1 + CAST(floor(c * c * 6) AS INTEGER)) AS "device.browser",
    list_extract(['desktop', 'phone', 'tablet', 'other'], 1 + CAST(floor(e * e * 4) AS INTEGER)) AS "device.kind"
FROM drawn JOIN person ON person.n = drawn.who
"""


def _typed(table: pa.Table) -> pa.Table:
    schema = pa.schema([pa.field(field.name, pa.string() if pa.types.is_large_string(field.type) else field.type) for field in table.schema])
    return table.cast(schema)
