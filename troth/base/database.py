"""How do we reach the database? Opens SQLite the one safe way and hands out transactions.

It knows no table: every room declares its own on `metadata` (state) or `key_metadata` (keys).
Settings: WAL, `synchronous=FULL` (an acknowledged commit survives power loss), `secure_delete=ON`
(freed bytes are overwritten). Source: sqlite.org/pragma.html, sqlite.org/wal.html
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, MetaData, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import QueuePool
from sqlalchemy.schema import CreateColumn

from troth.base.errors import Fault

metadata = MetaData()
key_metadata = MetaData()

SCHEMA_VERSION = 1
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA busy_timeout=15000",
    "PRAGMA wal_autocheckpoint=2000",
)
_IN_FORCE = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "foreign_keys": 1, "temp_store": 2}  # asserted, not hoped for


class Database:
    """One SQLite file: `write()` is an immediate transaction, `read()` one consistent snapshot."""

    def __init__(self, path: Path, tables: MetaData) -> None:
        self.path = path
        self._engine = create_engine(
            URL.create("sqlite", database=str(path)), poolclass=QueuePool, pool_size=8, max_overflow=24,
            hide_parameters=True,  # a failed statement is told without its values
        )
        self._writing = threading.Lock()
        event.listen(self._engine, "connect", _prepare)
        try:
            with self.write() as conn:
                _check_version(conn)
                tables.create_all(conn)
                _add_columns(conn, tables)
                _add_indexes(conn, tables)
        except DatabaseError as failure:
            raise readable(failure, path.name) from None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction, alone in this process and, by SQLite's lock, on this machine."""
        with self._writing, self._engine.connect() as conn:
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield conn
                conn.exec_driver_sql("COMMIT")
            except BaseException:
                with suppress(DatabaseError):  # on a full disk SQLite has undone it already
                    conn.exec_driver_sql("ROLLBACK")
                raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read transaction: everything read inside it is of one instant."""
        with self._engine.connect() as conn:
            conn.exec_driver_sql("BEGIN")
            try:
                yield conn
            finally:
                conn.exec_driver_sql("ROLLBACK")

    def truncate_log(self) -> bool:
        """Move the write-ahead log into the database and cut it to nothing; False if a reader held it."""
        with self._writing, self._engine.connect() as conn:
            busy, _, _ = conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
            return not busy

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()


def _prepare(driver: object, _record: object) -> None:
    driver.isolation_level = None  # type: ignore[attr-defined]  # we say BEGIN ourselves
    cursor = driver.cursor()  # type: ignore[attr-defined]
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    for name, value in _IN_FORCE.items():
        if cursor.execute(f"PRAGMA {name}").fetchone()[0] != value:
            raise Fault("database-unsafe", f"SQLite does not take the setting `{name}` here", help="keep the data folder on a local disk", status=503)
    cursor.close()


def _check_version(conn: Connection) -> None:
    found = conn.exec_driver_sql("PRAGMA user_version").scalar_one()
    if found > SCHEMA_VERSION:
        raise Fault("data-too-new", "this data folder was written by a newer Troth", help="install that version or a later one")
    conn.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")


def _add_columns(conn: Connection, tables: MetaData) -> None:
    """Columns that tables have got since this file was made; a new column may be empty, so that older rows stand as they are."""
    for table in tables.tables.values():
        there = {row[1] for row in conn.exec_driver_sql(f"PRAGMA table_info({table.name})")}
        for column in table.columns:
            if column.name not in there:
                conn.exec_driver_sql(f"ALTER TABLE {table.name} ADD COLUMN {CreateColumn(column).compile(conn)}")


def _add_indexes(conn: Connection, tables: MetaData) -> None:
    """Indexes that tables have got since this file was made."""
    there = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'index'")}
    for table in tables.tables.values():
        for index in table.indexes:
            if index.name not in there:
                index.create(conn)


def readable(failure: DatabaseError, name: str) -> Fault:
    """What SQLite could not do, in words; of a failed statement without its values."""
    text = str(failure.orig)
    if "readonly" in text or "unable to open" in text:
        return Fault("data-not-writable", f"`{name}` cannot be written", help="check who owns the data folder and its rights", status=503)
    if "full" in text:
        return Fault("disk-full", f"no room left to write `{name}`", help="free some space and start again", status=503)
    return Fault("database-unusable", f"`{name}` cannot be used: {text[:120]}", status=503)
