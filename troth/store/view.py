"""What may this purpose see? A purpose-bound table of events, of one instant, through Ibis on DuckDB.

It shows clear items of the grant's purpose alone, of people who permit it now, collected for it, within its
time; of older rows what the purpose used when they came in. Sealed items are `reveal`'s. Erased people and canaries are never in it.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import Connection

from troth.base.clock import micros
from troth.base.database import Database
from troth.base.errors import Fault
from troth.gate.grant import Grant
from troth.gate.plan import Plan, RowClass
from troth.policy.model import Form, Purpose
from troth.store.journal import Classes
from troth.store.lake import Lake, SettledFile, as_table

_names = count(1)
_own_folders: set[Path] = set()
_DAY = 86_400_000_000  # microseconds
_TRIES = 4
_CANARIES = "SELECT ref FROM subject WHERE canary = 1"
Columns = tuple[tuple[str, str], ...]


class Mark(NamedTuple):
    """Moves whenever anybody's standing, links or existence change; of whom, counts alone would not tell."""

    acts: int
    erased: int
    links: int
    living_links: int
    restricted: int
    restricted_whom: int


@dataclass(frozen=True, slots=True)
class Changed:
    """What an answer would have to follow: who is newly denied, whether joined references were parted, whether anybody was erased."""

    denied: frozenset[int]
    parted: bool
    erased: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one read transaction saw: everything a query needs to be of one instant."""

    files: tuple[SettledFile, ...]
    tail: pa.Table | None
    denied: tuple[int, ...]
    classes: tuple[tuple[int, str], ...]  # (class number, event type) that may serve
    links: tuple[tuple[int, int], ...]  # (reference, the person's first reference)
    hidden: tuple[tuple[str, tuple[int, ...]], ...]  # (item, classes whose rows did not come in for it)
    sooner: tuple[tuple[timedelta, tuple[int, ...]], ...]  # (how far back, classes that may be looked at no further)
    faded: tuple[tuple[str, timedelta, tuple[int, ...]], ...]  # (item, how long its own rule keeps it, classes): shorter than the purpose
    only: tuple[int, ...] | None  # the references seen at all; None: everyone
    mark: Mark


class Views:
    """Makes views of one workspace's events. One DuckDB, closed to everything but the lake's folder."""

    def __init__(self, lake: Lake, state: Database, classes: Classes, temp: Path) -> None:
        self._lake, self._state, self._classes = lake, state, classes
        temp = _own_folder(temp)
        self._duck = duckdb.connect(":memory:")
        self._duck.execute(f"SET temp_directory = {_quoted(temp)}")
        self._duck.execute("SET temp_file_encryption = true")
        self._duck.execute(f"SET allowed_directories = [{_quoted(f'{lake.folder}/')}, {_quoted(f'{temp}/')}]")
        self._backend = ibis.duckdb.from_connection(self._duck)
        self._duck.execute("SET enable_external_access = false")
        self._duck.execute("SET lock_configuration = true")
        self._one_at_a_time = threading.RLock()

    @contextmanager
    def open(self, grant: Grant) -> Iterator[View]:
        """A view for a grant; it holds its files while the block runs."""
        if grant.rule is None:
            raise Fault("grant-is-not-for-queries", "this grant names no purpose to see by", status=500)
        with self._one_at_a_time:
            with self._state.read() as conn:
                snapshot = self._snapshot(conn, grant)
            with self._lake.reading(snapshot.files) as paths:
                view = View(self._duck, self._backend, grant, snapshot, paths, self._since_then)
                try:
                    yield view
                finally:
                    view.close()

    def run(self, grant: Grant, question: Any) -> Any:
        """`question(view)` answered; asked again when somebody in it said no, was parted or erased while it was being answered.

        What is released is what the standing at release allows. Raises `view-unsettled` when that went on.
        """
        for _ in range(_TRIES):
            try:
                with self.open(grant) as view:
                    answer = question(view)
                    if view.still_holds():
                        return answer
            except (duckdb.IOException, FileNotFoundError):  # an erasure took a file away after the list was read
                continue
        raise Fault("view-unsettled", "what is held kept changing while this was read; ask again", status=503)

    # one instant

    def _snapshot(self, conn: Connection, grant: Grant) -> Snapshot:
        assert grant.rule is not None
        plan, purpose = grant.plan, grant.rule.purpose
        classes = {number: kind for number, kind in self._classes.all(conn).items() if plan.serves(kind, purpose)}
        serving = tuple((number, kind.event) for number, kind in classes.items())
        tail = conn.exec_driver_sql("SELECT seq, event, ref, class, day, at, clear, sealed FROM journal").all()
        links = _links(conn, purpose)
        denied, files = self._denied(conn, grant, links), tuple(self._lake.files(conn))
        hidden, sooner = _as_it_was(plan, purpose, classes)
        shown, only = as_table(tail) if tail else None, self._only(conn, grant)
        faded, bare = _by_own_rule(plan, purpose, classes)
        return Snapshot(files, shown, denied, serving, tuple(links.items()), hidden, sooner + bare, faded, only, _mark(conn))

    def _denied(self, conn: Connection, grant: Grant, links: dict[int, int]) -> tuple[int, ...]:
        assert grant.rule is not None
        purpose = grant.rule.purpose
        stopping = ",".join(f"'{state}'" for state in sorted(grant.plan.stopped_by(purpose)))
        no = _refs(conn, "SELECT ref FROM subject WHERE restricted = 1")
        if not grant.canaries:
            no |= _refs(conn, _CANARIES)
        no |= _refs(conn, "SELECT ref FROM erased_subject WHERE swept = 0 UNION SELECT ref FROM kept")
        if stopping:
            no |= _refs(conn, f"SELECT ref FROM standing WHERE purpose = ? AND state IN ({stopping})", purpose.id)
        heads = {links[ref] for ref in no if ref in links}  # the same person's no holds under every reference
        no |= {ref for ref, head in links.items() if head in heads}
        return tuple(no)

    @staticmethod
    def _only(conn: Connection, grant: Grant) -> tuple[int, ...] | None:
        """For proofs: canaries and nobody else."""
        if not grant.canaries:
            return None
        return tuple(_refs(conn, _CANARIES))

    def _since_then(self, grant: Grant, before: Snapshot) -> Changed | None:
        """What changed since a snapshot that this grant's answers must follow; None when nothing did."""
        assert grant.rule is not None
        with self._state.read() as conn:
            mark = _mark(conn)
            if mark == before.mark:
                return None
            links = _links(conn, grant.rule.purpose)
            denied = frozenset(self._denied(conn, grant, links)).difference(before.denied)
            parted = any(links.get(ref) is None or links[ref] != links.get(head) for ref, head in before.links)
            return Changed(denied, parted, mark.erased != before.mark.erased)


class View:
    """One purpose's events as an Ibis table: `events`. Valid inside `Views.open` only."""

    def __init__(
        self, duck: duckdb.DuckDBPyConnection, backend: Any, grant: Grant, snapshot: Snapshot, paths: Sequence[Path],
        since_then: Callable[[Grant, Snapshot], Changed | None],
    ) -> None:  # fmt: skip
        self._duck, self._backend, self._grant, self._snapshot, self._since_then = duck, backend, grant, snapshot, since_then
        self._number = next(_names)
        self._made: list[str] = []
        items = grant.plan.policy.items
        self.items = tuple(sorted(item for item in grant.items if items[item].form is Form.CLEAR))
        self._numbers = frozenset(item for item in self.items if items[item].values == "number")
        self.events = self._build(paths)

    def _register(self, name: str, table: pa.Table) -> str:
        full = f"troth_{name}_{self._number}"
        self._duck.register(full, table)
        self._made.append(full)
        return full

    def _build(self, paths: Sequence[Path]) -> ir.Table:
        selects = []
        for (columns, cut), alike in self._alike(paths).items():
            listed = ", ".join(map(_quoted, alike))
            selects.append(self._select(f"read_parquet([{listed}])", dict(columns), cut))
        if self._snapshot.tail is not None:
            types = {field.name: str(field.type) for field in self._snapshot.tail.schema}
            selects.append(self._select(self._register("tail", self._snapshot.tail), types, True))
        if not selects:
            selects.append(self._select(self._register("none", as_table([])), {}, False))
        rows = f"troth_rows_{self._number}"
        self._duck.execute(f"CREATE TEMP VIEW {rows} AS {' UNION ALL '.join(selects)}")
        return self._bounded(self._backend.table(rows))

    def _alike(self, paths: Sequence[Path]) -> dict[tuple[Columns, bool], list[Path]]:
        """The files by their columns and types: files alike need only one of them looked into before they are read.

        Apart from the others: files of the day on which the time is up, whose rows must be looked at one by one.
        """
        found: dict[tuple[Columns, bool], list[Path]] = {}
        since = self._since()
        for file, path in zip(self._snapshot.files, paths, strict=True):
            if since is None or file.day >= since // _DAY:  # an older file has no row that may be seen
                cut = since is not None and file.day == since // _DAY
                found.setdefault((_columns_of(path), cut), []).append(path)
        return found

    def _since(self) -> int | None:
        """The instant before which the purpose sees nothing, in microseconds."""
        assert self._grant.rule is not None
        keep_for = self._grant.rule.keep_for
        return None if keep_for is None else micros(self._grant.at - keep_for)

    def _select(self, source: str, present: Mapping[str, str], cut: bool) -> str:
        def column(item: str) -> str:
            kind, stored = ("BIGINT", "int64") if item in self._numbers else ("VARCHAR", "string")
            if item not in present:
                return f'CAST(NULL AS {kind}) AS "{item}"'
            value = f'"{item}"' if present[item] == stored else f'TRY_CAST("{item}" AS {kind})'  # an earlier version kept it as the other
            if item not in unseen:
                return value if present[item] == stored else f'{value} AS "{item}"'
            return f'CASE WHEN {" OR ".join(unseen[item])} THEN NULL ELSE {value} END AS "{item}"'

        unseen = self._unseen()
        wanted = "".join(f", {column(item)}" for item in self.items)
        since = self._since()
        late = f' WHERE "at" >= {since}' if cut and since is not None else ""
        return f'SELECT seq, ref, "class", day, "at"{wanted} FROM {source}{late}'

    def _unseen(self) -> dict[str, list[str]]:
        """By item, of which rows it is not shown: those that did not come in for it, and those older than its own rule keeps it."""
        found: dict[str, list[str]] = {}
        for item, numbers in self._snapshot.hidden:
            found.setdefault(item, []).append(f'"class" IN ({",".join(map(str, numbers))})')
        for item, span, numbers in self._snapshot.faded:
            old = f'"at" < {micros(self._grant.at - span)}'
            found.setdefault(item, []).append(f'({old} AND "class" IN ({",".join(map(str, numbers))}))')
        return found

    def _bounded(self, rows: ir.Table) -> ir.Table:
        snapshot = self._snapshot
        numbers = [number for number, _ in snapshot.classes]
        rows = rows.filter(rows["class"].isin(numbers) if numbers else ibis.literal(False))
        for keep_for, older in snapshot.sooner:
            rows = rows.filter((rows.at >= micros(self._grant.at - keep_for)) | ~rows["class"].isin(older))
        if snapshot.denied:
            denied = self._backend.table(self._register("denied", pa.table({"ref": pa.array(snapshot.denied, pa.int64())})))
            rows = rows.anti_join(denied, "ref")
        if snapshot.only is not None:
            only = self._backend.table(self._register("only", pa.table({"ref": pa.array(snapshot.only, pa.int64())})))
            rows = rows.semi_join(only, "ref")
        rows = rows.mutate(event=rows["class"].cases(*snapshot.classes, else_=None) if snapshot.classes else ibis.literal(""))
        return self._persons(rows)

    def _persons(self, rows: ir.Table) -> ir.Table:
        """`person`: the first reference of whoever the row is about; 0 where it is about nobody."""
        if not self._snapshot.links:
            return rows.mutate(person=rows.ref)
        refs, heads = zip(*self._snapshot.links, strict=True)
        table = pa.table({"ref": pa.array(refs, pa.int64()), "head": pa.array(heads, pa.int64())})
        links = self._backend.table(self._register("links", table))
        links = links.group_by("ref").aggregate(head=links["head"].max())  # one row each, so that DuckDB joins only where `person` is asked for
        joined = rows.left_join(links, rows.ref == links.ref)
        return joined.mutate(person=ibis.coalesce(joined["head"], joined.ref)).drop("head", "ref_right")

    def execute(self, expression: ir.Expr) -> list[dict[str, Any]]:
        """An Ibis expression over `events`, answered as rows."""
        return self._backend.to_pyarrow(expression).to_pylist()  # type: ignore[no-any-return]

    def hold(self, expression: ir.Table) -> ir.Table:
        """A table expression answered once and kept while this view is open, for questions that share it."""
        return self._backend.table(self._register(f"held{len(self._made)}", self._backend.to_pyarrow(expression)))

    def still_holds(self) -> bool:
        """Whether this view still shows only what it may: nobody in it has said no since, was parted from another or erased.

        A yes, a no to something else, and a no of somebody of whom it shows nothing change no answer.
        """
        changed = self._since_then(self._grant, self._snapshot)
        if changed is None:
            return True
        return not (changed.erased or changed.parted or self._shows(changed.denied))

    def _shows(self, refs: Collection[int]) -> bool:
        return bool(refs) and self.execute(self.events.filter(self.events.ref.isin(sorted(refs))).limit(1)) != []

    def close(self) -> None:
        self._duck.execute(f"DROP VIEW IF EXISTS troth_rows_{self._number}")
        for name in self._made:
            self._duck.unregister(name)


@lru_cache(maxsize=20_000)
def _columns_of(path: Path) -> Columns:
    """Names and types of a file's columns; remembered, since a file never changes and its name is used once."""
    return tuple((field.name, str(field.type)) for field in pq.read_schema(path))


def _as_it_was(
    plan: Plan, purpose: Purpose, classes: Mapping[int, RowClass]
) -> tuple[tuple[tuple[str, tuple[int, ...]], ...], tuple[tuple[timedelta, tuple[int, ...]], ...]]:
    """Where rows of earlier versions show less than a purpose may see today: items hidden, and times cut, by class."""
    hidden: dict[str, list[int]] = {}
    sooner: dict[timedelta, list[int]] = {}
    for number, kind in classes.items():
        if kind.policy_version != plan.policy.version:
            for item in frozenset(purpose.items) - plan.shows(kind, purpose):
                hidden.setdefault(item, []).append(number)
            keep_for = plan.then.keep_for(kind.policy_version, purpose)
            if keep_for is not None and keep_for != purpose.keep_for:
                sooner.setdefault(keep_for, []).append(number)
    return tuple((item, tuple(numbers)) for item, numbers in hidden.items()), tuple((span, tuple(numbers)) for span, numbers in sooner.items())


def _by_own_rule(
    plan: Plan, purpose: Purpose, classes: Mapping[int, RowClass]
) -> tuple[tuple[tuple[str, timedelta, tuple[int, ...]], ...], tuple[tuple[timedelta, tuple[int, ...]], ...]]:
    """Items whose own rule ends before the purpose's time, by class, and rows of which no item is left: a view does not wait for the sweep."""
    alike: dict[tuple[str, str], list[int]] = {}
    for number, kind in classes.items():
        alike.setdefault((kind.policy_version, kind.event), []).append(number)
    faded: list[tuple[str, timedelta, tuple[int, ...]]] = []
    bare: list[tuple[timedelta, tuple[int, ...]]] = []
    for (version, event), numbers in alike.items():
        keep_for = plan.then.keep_for(version, purpose)
        carried = plan.then.items(version, purpose) & plan.then.carried(version, event)
        kept = {item: plan.then.item_keeps(version, item) for item in carried}
        spans = {item: span for item, span in kept.items() if span is not None and (keep_for is None or span < keep_for)}
        faded += [(item, span, tuple(numbers)) for item, span in spans.items()]
        if spans and spans.keys() == carried:
            bare.append((max(spans.values()), tuple(numbers)))
    return tuple(faded), tuple(bare)


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _own_folder(temp: Path) -> Path:
    """This process's own empty folder for DuckDB; those of processes that are no more are emptied and go."""
    temp.mkdir(parents=True, exist_ok=True)
    own = temp / str(os.getpid())
    for left in temp.iterdir():
        living = left in _own_folders if left == own else left.name.isdigit() and Path(f"/proc/{left.name}").exists()
        if not living:  # one of our number may be left by a process that was killed: numbers come again
            shutil.rmtree(left, ignore_errors=True)
    own.mkdir(exist_ok=True)
    _own_folders.add(own)
    return own


def _people(pairs: Sequence[Any]) -> dict[int, int]:
    """Each linked reference to the smallest reference of its person."""
    head: dict[int, int] = {}

    def top(ref: int) -> int:
        while head.setdefault(ref, ref) != ref:
            ref = head[ref]
        return ref

    for a, b in pairs:
        low, high = sorted((top(a), top(b)))
        head[high] = low
    return {ref: top(ref) for ref in head}


def _links(conn: Connection, purpose: Purpose) -> dict[int, int]:
    """Each reference joined with another, for this purpose or for all, to the first reference of its person."""
    return _people(conn.exec_driver_sql("SELECT a, b FROM link WHERE until IS NULL AND purpose IN ('', ?)", (purpose.id,)).all())


def _refs(conn: Connection, question: str, *values: object) -> set[int]:
    return set(conn.exec_driver_sql(question, values).scalars().all())


def _mark(conn: Connection) -> Mark:
    one = conn.exec_driver_sql(
        "SELECT (SELECT coalesce(max(id), 0) FROM consent_act), (SELECT count(*) FROM erased_subject), "
        "(SELECT coalesce(max(id), 0) FROM link), (SELECT count(*) FROM link WHERE until IS NULL), "
        "(SELECT count(*) FROM subject WHERE restricted = 1), (SELECT coalesce(sum(ref % 1000000007), 0) FROM subject WHERE restricted = 1)"
    ).one()
    return Mark(*one)
