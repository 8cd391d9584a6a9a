"""May somebody read while files, standings and types change under them? They ask again, and never see whom they may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.running import BROWSER, PAGE, ROOT
from troth.base.clock import now_micros
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.policy.parse import read_policy
from troth.settings import load
from troth.store.lake import Lake, as_table
from troth.store.view import View, _mark
from troth.workspace import House, Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    house = House(load(tmp_path / "o'brien" / "data"))  # a folder's name is its owner's to choose
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    found = house.workspace("infinity")
    ingest = Ingest(found)
    context = {"page": PAGE, "timezone": "America/Los_Angeles", "userAgent": BROWSER}
    messages = [Message(type="page", anonymous_id=f"visitor-{number:04d}", context=context) for number in range(3)]
    assert ingest.submit_and_wait(messages, Origin(True, "127.0.0.1", BROWSER, now_micros())).stored == 3
    ingest.close()
    found.lake.settle()
    yield found
    house.close()


def rewritten(lake: Lake) -> None:
    """What another process does when somebody is erased."""
    with lake._state.read() as conn:
        files = lake.files(conn)
    with lake.lease():
        lake.rewrite(files, lambda table: table)
    lake.unlink_retired(at_once=True)


def counted(workspace: Workspace) -> int:
    grant = workspace.grant("site-analytics", "owner", "1")
    return int(workspace.views.run(grant, lambda view: view.execute(view.events.count().name("many").as_table())[0]["many"]))


def test_a_view_whose_files_an_erasure_took_away_looks_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, build = Lake(workspace.lake.folder, workspace.state), View._build

    def taken_away_meanwhile(self: View, paths: list[Path]) -> object:
        monkeypatch.setattr(View, "_build", build)
        rewritten(elsewhere)
        return build(self, paths)

    monkeypatch.setattr(View, "_build", taken_away_meanwhile)
    assert counted(workspace) == 3


def test_a_retired_file_stays_a_while_for_readers_of_other_processes(workspace: Workspace) -> None:
    elsewhere = Lake(workspace.lake.folder, workspace.state)
    with workspace.state.read() as conn:
        files = workspace.lake.files(conn)
    with workspace.lake.reading(files) as paths:
        with elsewhere.lease():
            elsewhere.rewrite(files, lambda table: table)
        elsewhere.unlink_retired()
        assert all(path.exists() for path in paths)
    assert not workspace.lake._reading  # nothing is remembered of files that nobody reads


def test_one_person_erased_while_another_is_swept_still_moves_the_mark(workspace: Workspace) -> None:
    with workspace.state.write() as conn:
        conn.exec_driver_sql("INSERT INTO erased_subject (ref, erased_at, swept) VALUES (1, 1, 0)")
        conn.exec_driver_sql("UPDATE subject SET restricted = 1 WHERE ref = (SELECT min(ref) FROM subject)")
        before = _mark(conn)
        conn.exec_driver_sql("UPDATE erased_subject SET swept = 1 WHERE ref = 1")
        conn.exec_driver_sql("INSERT INTO erased_subject (ref, erased_at, swept) VALUES (2, 1, 0)")
        assert _mark(conn) != before
        before = _mark(conn)
        conn.exec_driver_sql("UPDATE subject SET restricted = CASE WHEN ref = (SELECT max(ref) FROM subject) THEN 1 ELSE 0 END")
        assert _mark(conn) != before


def test_an_item_whose_values_a_new_version_changed_still_settles_and_is_still_seen(workspace: Workspace) -> None:
    def row(seq: int, clear: bytes) -> tuple[object, ...]:
        return (seq, 7, 11, 1, 20_000, 5, clear, b"\x90")

    numbers, words = as_table([row(1, b'{"size":12}')]), as_table([row(2, b'{"size":"large"}')])
    both = as_table([row(1, b'{"size":12}'), row(2, b'{"size":"large"}'), row(3, b'{"size":36893488147419103232}')])
    assert both["size"].to_pylist() == ["12", "large", "36893488147419103232"]
    lake, seen = workspace.lake, []
    files = [lake.write_file(table, 20_000) for table in (numbers, words)]
    with workspace.state.write() as conn:
        lake.enlist(conn, files)
        listed = [file for file in lake.files(conn) if file.day == 20_000]
    with lake.lease():
        lake.rewrite(listed, lambda table: seen.append(table) or table)
    assert seen[0]["size"].to_pylist() == ["12", "large"]
    assert seen[0].schema.field("size").type == pa.string()


_VALUES = st.none() | st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(1 << 63, 1 << 64) | st.text(max_size=8)


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "size"]), _VALUES), min_size=1, max_size=6))
def test_journal_rows_become_columns_of_whole_numbers_or_of_words(clears: list[dict[str, object]]) -> None:
    rows = [(seq, 7, 11, 1, 20_000, 5, msgspec.json.encode(clear), b"\x90") for seq, clear in enumerate(clears)]
    table = as_table(rows)
    assert table["seq"].to_pylist() == list(range(len(rows)))
    assert table.column_names[7:] == sorted({name for clear in clears for name in clear})
    for name in table.column_names[7:]:
        values = [clear.get(name) for clear in clears]
        whole = all(value is None or (isinstance(value, int) and -(1 << 63) <= value < 1 << 63) for value in values)
        assert table[name].to_pylist() == (values if whole else [value if value is None else str(value) for value in values])
        assert table.schema.field(name).type == (pa.int64() if whole else pa.string())


def test_a_number_once_kept_as_a_word_is_counted_as_the_number_it_is(workspace: Workspace) -> None:
    grant = workspace.grant("site-analytics", "owner", "1")
    with workspace.views.open(grant) as view:
        view._numbers, view.items = frozenset({"size"}), ("size",)
        assert 'TRY_CAST("size" AS BIGINT)' in view._select("there", {"size": "string"}, False)
        assert "CAST" not in view._select("there", {"size": "int64"}, False)


def test_what_an_erasure_could_not_unlink_for_a_reader_goes_as_soon_as_the_reader_does(workspace: Workspace) -> None:
    lake = workspace.lake
    with workspace.state.read() as conn:
        files = lake.files(conn)
    with lake.reading(files) as paths:
        with lake.lease():
            lake.rewrite(files, lambda table: table)
        lake.unlink_retired(at_once=True)
        assert all(path.exists() for path in paths)
    lake.unlink_retired()
    assert not any(path.exists() for path in paths)
