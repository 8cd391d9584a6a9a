"""Are the settings in force that keep bytes from resting where they may not? docs/residues.md names each place."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy.exc import DatabaseError

from troth.base.database import Database, metadata
from troth.base.errors import Fault
from troth.collect.people import People
from troth.serve import without_words
from troth.settings import Settings
from troth.store.lake import FIXED, Lake, as_table
from troth.store.view import _own_folder
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

PLACES = Path(__file__).resolve().parent.parent / "docs" / "residues.md"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    house = House(Settings(tmp_path / "data", tmp_path / "secrets", tmp_path / "tape"))
    yield house.create("harbour")
    house.close()


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("temp_store", 2), ("foreign_keys", 1)]
)
def test_every_connection_to_a_database_has_the_setting(tmp_path: Path, pragma: str, value: object) -> None:
    database = Database(tmp_path / "state.db", metadata)
    for open_ in (database.read, database.write):
        with open_() as conn:
            assert conn.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    database.close()


def test_a_database_that_does_not_take_a_setting_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("troth.base.database._PRAGMAS", ("PRAGMA journal_mode=DELETE", "PRAGMA busy_timeout=1000"))
    with pytest.raises(Fault) as refused:
        Database(tmp_path / "state.db", metadata)
    assert refused.value.code == "database-unsafe"


def test_a_failed_statement_tells_nothing_of_its_values(tmp_path: Path) -> None:
    database = Database(tmp_path / "what is 100% sure?.db", metadata)
    with pytest.raises(DatabaseError) as failed, database.write() as conn:
        conn.exec_driver_sql("INSERT INTO nowhere VALUES (?)", ("edda@mail.example",))
    assert "edda" not in str(failed.value)
    assert (tmp_path / "what is 100% sure?.db").exists()
    database.close()


def test_what_the_server_logs_of_a_failure_is_its_place_and_kind_alone() -> None:
    told = logging.Formatter()
    try:
        int("edda@mail.example")
    except ValueError as failure:
        record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 1, "it failed", None, (type(failure), failure, failure.__traceback__))
    assert without_words(record)
    text = told.format(record)
    assert "ValueError" in text and "test_residues.py" in text and "edda@" not in text.replace('int("edda@mail.example")', "")


def test_no_address_or_number_is_remembered_once_it_is_hashed(workspace: Workspace) -> None:
    people = People(workspace)
    for kind, value in ((IdentifierKind.EMAIL, "edda@mail.example"), (IdentifierKind.PHONE, "+442079460123"), (IdentifierKind.ANONYMOUS, "a1b2c3d4")):
        assert people.hash(kind, value) == people.hash(kind, value)
    assert "edda" not in str(people._hashes) and "0123" not in str(people._hashes) and "a1b2c3d4" in str(people._hashes)


def test_what_a_killed_process_of_the_same_number_spilled_is_gone(tmp_path: Path) -> None:
    left = tmp_path / "tmp" / str(os.getpid()) / "spilled"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of somebody")
    own = _own_folder(tmp_path / "tmp")
    assert own.exists() and not left.exists()
    (own / "spilling").write_bytes(b"now")
    assert _own_folder(tmp_path / "tmp") == own and (own / "spilling").exists()


def test_the_database_keeps_no_statistics_of_values(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", metadata)
    with database.read() as conn:
        names = {row[0] for row in conn.exec_driver_sql("SELECT name FROM sqlite_master")}
    database.close()
    assert not {name for name in names if name.startswith("sqlite_stat")}


def test_after_truncating_the_log_is_empty(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", metadata)
    log = tmp_path / "state.db-wal"
    assert log.stat().st_size > 0
    assert database.truncate_log()
    assert log.stat().st_size == 0
    database.close()


def test_a_footer_of_the_lake_holds_no_value_of_an_item(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", Database(tmp_path / "state.db", metadata))
    rows = [(seq, 7, 11, 1, 20_000, 5, b'{"page.route":"/pricing","visit.source":"news"}', b"\x90") for seq in range(3)]
    name, _, _ = lake.write_file(as_table(rows), 20_000)
    found = pq.ParquetFile(lake.folder / name).metadata
    with_values = {
        column.path_in_schema
        for group in range(found.num_row_groups)
        for at in range(found.num_columns)
        if (column := found.row_group(group).column(at)).is_stats_set and column.statistics.has_min_max
    }
    assert with_values <= set(FIXED.names) - {"event", "sealed"}
    assert b"/pricing" not in (lake.folder / name).read_bytes()[-found.serialized_size - 8 :]


def test_the_query_engine_writes_encrypted_and_reads_nothing_else(workspace: Workspace) -> None:
    duck = workspace.views._duck
    assert duck.execute("SELECT current_setting('temp_file_encryption')").fetchone() == (True,)
    assert duck.execute("SELECT current_setting('enable_external_access')").fetchone() == (False,)
    with pytest.raises(duckdb.Error):
        duck.execute(f"SELECT * FROM read_text('{workspace.secrets / 'access.json'}')")
    with pytest.raises(duckdb.Error):
        duck.execute("SET enable_external_access = true")


def test_the_temp_folders_of_processes_that_are_gone_are_emptied(tmp_path: Path) -> None:
    left = tmp_path / "data" / "harbour" / "tmp" / "999999999"
    left.mkdir(parents=True)
    (left / "spill").write_bytes(b"old")
    house = House(Settings(tmp_path / "data", tmp_path / "secrets", tmp_path / "tape"))
    house.create("harbour")
    house.close()
    assert not left.exists()


def test_secrets_can_be_read_by_their_owner_alone(workspace: Workspace) -> None:
    files = [path for path in workspace.secrets.rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert {oct(path.stat().st_mode & 0o077) for path in files} == {"0o0"}
    assert workspace.secrets.stat().st_mode & 0o077 == 0


def test_every_file_of_a_workspace_is_in_the_list_of_places(workspace: Workspace) -> None:
    told = PLACES.read_text("utf-8")
    folder = workspace.folder
    there = {path.relative_to(folder).parts[0] for path in folder.rglob("*")} | {"outbox"}
    assert {name for name in there if f"`<w>/{name}" not in told} == set()
