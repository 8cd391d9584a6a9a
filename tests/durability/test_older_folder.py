"""Does a data folder of an older Troth open, and is one of a newer Troth left alone?"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, Table, Text

from troth.base.database import SCHEMA_VERSION, Database
from troth.base.errors import Fault


def tables(*columns: Column[object]) -> MetaData:
    """A table of two columns, and those that have come since."""
    found = MetaData()
    Table("told", found, Column("id", Integer, primary_key=True), Column("what", Text, nullable=False), *columns)
    return found


def test_columns_that_came_since_are_added_and_rows_stand_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    older = Database(path, tables())
    with older.write() as conn:
        conn.exec_driver_sql("INSERT INTO told VALUES (1, 'before')")
    older.close()
    for _ in range(2):
        newer = Database(path, tables(Column("key", LargeBinary), Column("note", Text, nullable=False, server_default="")))
        with newer.read() as conn:
            assert conn.exec_driver_sql("SELECT id, what, key, note FROM told").all() == [(1, "before", None, "")]
        newer.close()


def test_indexes_that_came_since_are_made(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Database(path, tables()).close()
    since = tables()
    Index("told_what", since.tables["told"].c.what)
    for _ in range(2):
        newer = Database(path, since)
        with newer.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'told_what'").scalar_one() == 1
        newer.close()


def test_a_folder_of_a_newer_troth_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    Database(path, tables()).close()
    with sqlite3.connect(path) as conn:
        conn.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    with pytest.raises(Fault) as refused:
        Database(path, tables(Column("key", LargeBinary)))
    assert refused.value.code == "data-too-new"
    with sqlite3.connect(path) as conn:
        assert [row[1] for row in conn.execute("PRAGMA table_info(told)")] == ["id", "what"]
