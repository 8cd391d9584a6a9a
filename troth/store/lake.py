"""Where do settled events rest? In immutable Parquet files by day, listed in the state database.

Settling, rewriting and sweeping are each one transaction that swaps rows of that list. One maintenance
lease per lake keeps them apart. Files no reader holds any more are unlinked.
Statistics exist only for day, time, class and reference.
Source: Apache Parquet format; SQLite for the list (a table format's own log was tried and keeps what was erased)
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import now_micros
from troth.base.database import Database, metadata
from troth.base.filelock import exclusive
from troth.base.ids import new_token
from troth.ledger.durable import sync_folder
from troth.store.journal import settle_keys

lake_file = Table(
    "lake_file",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("day", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("retired_at", BigInteger),
    sqlite_autoincrement=True,
)
Index("lake_file_day", lake_file.c.day)

FIXED = pa.schema(
    [
        pa.field("seq", pa.int64()),
        pa.field("event", pa.int64()),
        pa.field("ref", pa.int64()),
        pa.field("class", pa.int32()),
        pa.field("day", pa.int32()),
        pa.field("at", pa.int64()),
        pa.field("sealed", pa.binary()),
    ]
)
_STATISTICS = ["seq", "ref", "class", "day", "at"]
_MOST = 1 << 63
_SMALL = 8  # this many files of one day are made into one
_GRACE = 120_000_000  # a reader's lease: a retired file stays this long at the most


@dataclass(frozen=True, slots=True)
class SettledFile:
    id: int
    name: str
    day: int
    rows: int


class Lake:
    """The files of one workspace."""

    def __init__(self, folder: Path, state: Database) -> None:
        self.folder, self._state = folder, state
        folder.mkdir(parents=True, exist_ok=True)
        self._reading: dict[str, int] = {}
        self._guard = threading.Lock()

    # the list

    def files(self, conn: Connection, days: Sequence[int] | None = None) -> list[SettledFile]:
        """The files that stand, in the caller's transaction; only of `days` when given."""
        rows = conn.exec_driver_sql("SELECT id, name, day, rows FROM lake_file WHERE retired_at IS NULL ORDER BY id")
        found = [SettledFile(*row) for row in rows]
        return found if days is None else [file for file in found if file.day in set(days)]

    def path(self, file: SettledFile) -> Path:
        """Where a file is on disk."""
        return self.folder / file.name

    @contextmanager
    def reading(self, files: Sequence[SettledFile]) -> Iterator[list[Path]]:
        """Hold files against unlinking while they are read."""
        with self._guard:
            for file in files:
                self._reading[file.name] = self._reading.get(file.name, 0) + 1
        try:
            yield [self.path(file) for file in files]
        finally:
            with self._guard:
                for file in files:
                    self._reading[file.name] -= 1
                    if not self._reading[file.name]:
                        del self._reading[file.name]

    @contextmanager
    def lease(self) -> Iterator[None]:
        """The one maintenance lease: settling, erasing and sweeping exclude each other, across processes."""
        with exclusive(self.folder / "maintenance.lock"):
            yield

    # writing

    def write_file(self, table: pa.Table, day: int) -> tuple[str, int, int]:
        """Write one immutable file, durable on return: (name, day, rows), not yet on the list."""
        name = f"{day}-{new_token(12)}.parquet"
        path = self.folder / name
        table = table.sort_by([("ref", "ascending"), ("seq", "ascending")])
        dictionary = [field.name for field in table.schema if field.type == pa.string()]
        with path.open("wb") as file:
            pq.write_table(
                table, file, compression="zstd", use_dictionary=dictionary, write_statistics=_STATISTICS, row_group_size=100_000,
                store_schema=False,
            )
            file.flush()
            os.fsync(file.fileno())
        sync_folder(self.folder)  # its rows are deleted elsewhere on the strength of this file
        return name, day, table.num_rows

    def settle(self, limit: int = 200_000) -> int:
        """Move journal rows into files, one a day touched, in one transaction; returns how many moved."""
        with self.lease():
            with self._state.read() as conn:
                tail = conn.exec_driver_sql(
                    "SELECT seq, event, ref, class, day, at, clear, sealed FROM journal ORDER BY seq LIMIT ?", (limit,)
                ).all()
            if not tail:
                return 0
            days: dict[int, list[tuple]] = {}  # type: ignore[type-arg]
            for row in tail:
                days.setdefault(row[4], []).append(row)
            written = [self.write_file(as_table(rows), day) for day, rows in days.items()]
            with self._state.write() as conn:
                self.enlist(conn, written)
                settle_keys(conn, tail[-1][0])
                conn.exec_driver_sql("DELETE FROM journal WHERE seq <= ?", (tail[-1][0],))
            self._compact(set(days))
        return len(tail)

    def enlist(self, conn: Connection, written: Sequence[tuple[str, int, int]]) -> None:
        """Put files on the list, in the caller's write transaction."""
        conn.exec_driver_sql("INSERT INTO lake_file (name, day, rows) VALUES (?, ?, ?)", list(written))

    def retire(self, conn: Connection, files: Sequence[SettledFile]) -> None:
        """Take files off the list, in the caller's write transaction; `unlink_retired` removes them."""
        if files:
            at = now_micros()
            conn.exec_driver_sql("UPDATE lake_file SET retired_at = ? WHERE id = ?", [(at, file.id) for file in files])

    def _compact(self, days: set[int]) -> None:
        with self._state.read() as conn:
            standing = self.files(conn, sorted(days))
        for day in days:
            small = [file for file in standing if file.day == day]
            if len(small) >= _SMALL:
                self.rewrite(small, lambda table: table)

    def rewrite(self, files: Sequence[SettledFile], change) -> None:  # type: ignore[no-untyped-def]
        """Replace files of one day by one new file holding `change(table)` of their rows. Needs the lease."""
        tables = [pq.read_table(self.path(file)) for file in files]
        table = change(pa.concat_tables(_of_one_type(tables), promote_options="default"))
        written = [self.write_file(table, files[0].day)] if table.num_rows else []
        with self._state.write() as conn:
            self.retire(conn, files)
            if written:
                self.enlist(conn, written)

    def unlink_retired(self, at_once: bool = False) -> int:
        """Unlink files off the list that nobody reads any more, and files that never got on it.

        Readers here are known. Those of other processes have `_GRACE` to end; `at_once`, for erasures and sweeps, they have
        none: who finds a file gone asks again.
        """
        with self._state.read() as conn:
            retired = conn.exec_driver_sql("SELECT id, name, retired_at FROM lake_file WHERE retired_at IS NOT NULL").all()
        old = now_micros() - _GRACE
        with self._guard:
            free = [(i, name) for i, name, at in retired if not self._reading.get(name) and (at_once or at < old)]
        for _, name in free:
            (self.folder / name).unlink(missing_ok=True)
        with self._state.write() as conn:
            for i, _ in free:
                conn.exec_driver_sql("DELETE FROM lake_file WHERE id = ?", (i,))
            if at_once:  # what is being read here goes with the next round after its reader, not after `_GRACE`
                conn.exec_driver_sql("UPDATE lake_file SET retired_at = 0 WHERE retired_at IS NOT NULL")
        if self._unlisted():
            with self.lease():  # whoever writes files holds it until they are listed; what is unlisted now, a crash left
                for path in self._unlisted():
                    path.unlink(missing_ok=True)
        return len(free)

    def _unlisted(self) -> list[Path]:
        there = list(self.folder.glob("*.parquet"))
        with self._state.read() as conn:
            listed = {row[0] for row in conn.exec_driver_sql("SELECT name FROM lake_file")}
        return [path for path in there if path.name not in listed]


def as_table(rows: Sequence[Sequence[object]]) -> pa.Table:
    """Journal rows (seq, event, ref, class, day, at, clear, sealed) as a table with a column per clear item."""
    if not rows:
        return FIXED.empty_table()
    *fixed, texts, sealed = zip(*rows, strict=True)
    columns = {field.name: pa.array(values, field.type) for field, values in zip(FIXED, [*fixed, sealed], strict=True)}
    # All at once, not row by row: settling takes turns with collecting.
    clears = msgspec.json.decode(b"[" + b",".join(texts) + b"]", type=list[dict[str, Any]])
    return pa.table(columns | _by_item(clears))


def _by_item(clears: list[dict[str, Any]]) -> dict[str, pa.Array]:
    """A column per clear item: whole numbers, or words where any value of it is none."""
    try:
        found = pa.Table.from_struct_array(pa.array(clears))
    except (pa.ArrowException, OverflowError):  # an item that is a number in some rows only, as where versions of a policy differ
        found = None
    if found is not None and all(field.type in (pa.int64(), pa.string()) for field in found.schema):
        return {name: found[name] for name in sorted(found.column_names)}
    names = sorted({name for clear in clears for name in clear})
    return {name: _numbers_or_words([clear.get(name) for clear in clears]) for name in names}


def _numbers_or_words(values: list[Any]) -> pa.Array:
    if all(value is None or (type(value) is int and -_MOST <= value < _MOST) for value in values):
        return pa.array(values, pa.int64())
    return pa.array([value if value is None else str(value) for value in values], pa.string())


def _of_one_type(tables: Sequence[pa.Table]) -> list[pa.Table]:
    """The same tables, with an item as words in all where it is a number in some only."""
    types: dict[str, set[pa.DataType]] = {}
    for table in tables:
        for field in table.schema:
            types.setdefault(field.name, set()).add(field.type)
    mixed = {name for name, found in types.items() if len(found) > 1}
    return [_as_words(table, mixed.intersection(table.column_names)) for table in tables]


def _as_words(table: pa.Table, names: set[str]) -> pa.Table:
    for name in names:
        table = table.set_column(table.schema.get_field_index(name), name, table[name].cast(pa.string()))
    return table
