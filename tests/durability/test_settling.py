"""Can settling die anywhere without losing or doubling a row? Kills processes that settle, again and again."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.durability.resting import check_ledger, numbers_of, rows_of
from tests.durability.sending import event
from tests.running import BROWSER, opened
from troth.base.clock import now_micros
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.serve import prepare_examples
from troth.settings import load
from troth.workspace import Workspace

ROUNDS, EACH = 24, 120


def settle_for_ever(data: Path, ready: object) -> None:
    """What each doomed process does: settles in small steps, so that its files are made into one now and then."""
    with opened(data) as workspace:
        ready.set()  # type: ignore[attr-defined]
        while True:
            workspace.lake.settle(limit=17)
            workspace.lake.unlink_retired()


def keep(ingest: Ingest, first: int) -> None:
    origin = Origin(True, "127.0.0.1", BROWSER, now_micros())
    for start in range(first, first + EACH, 40):
        bodies = [event(number, f"settled-{number % 30:04d}") for number in range(start, start + 40)]
        messages = [
            Message(body["type"], body["messageId"], body["anonymousId"], event=body["event"], properties=body["properties"], context=body["context"])
            for body in bodies
        ]
        assert ingest.submit_and_wait(messages, origin).stored == 40


def leftovers(workspace: Workspace) -> set[str]:
    with workspace.state.read() as conn:
        listed = {row[0] for row in conn.exec_driver_sql("SELECT name FROM lake_file")}
    return {path.name for path in workspace.lake.folder.glob("*.parquet")} - listed


@pytest.mark.heavy
def test_killing_those_who_settle_neither_loses_nor_doubles_a_row(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_examples(load(data))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.durability.test_settling"])
    with opened(data) as workspace:
        ingest = Ingest(workspace)
        for number in range(ROUNDS):
            keep(ingest, number * EACH)
            ready = processes.Event()
            doomed = [processes.Process(target=settle_for_ever, args=(data, ready)) for _ in range(1 + number % 2)]
            for one in doomed:
                one.start()
            assert ready.wait(60)
            time.sleep(random.random() * 0.25)
            for one in doomed:
                assert one.pid is not None
                os.kill(one.pid, signal.SIGKILL)
                one.join()
        ingest.close()
        assert set(numbers_of(rows_of(workspace)).values()) == {1}
        workspace.lake.settle()
        rows = rows_of(workspace)
        assert numbers_of(rows) == dict.fromkeys(range(ROUNDS * EACH), 1)
        assert len(rows) == ROUNDS * EACH
        check_ledger(workspace)


@pytest.mark.heavy
def test_files_that_a_killed_process_left_off_the_list_are_never_read_and_go_in_time(tmp_path: Path) -> None:
    data = tmp_path / "data"
    prepare_examples(load(data))
    with opened(data) as workspace:
        ingest = Ingest(workspace)
        keep(ingest, 0)
        ingest.close()
        with workspace.state.read() as conn:
            tail = conn.exec_driver_sql("SELECT seq, event, ref, class, day, at, clear, sealed FROM journal").all()
        from troth.store.lake import as_table

        workspace.lake.write_file(as_table(tail), tail[0][4])  # as if killed between writing and listing
        assert numbers_of(rows_of(workspace)) == dict.fromkeys(range(EACH), 1)
        assert len(leftovers(workspace)) == 1
        for name in leftovers(workspace):
            long_ago = time.time() - 600
            os.utime(workspace.lake.folder / name, (long_ago, long_ago))
        workspace.lake.unlink_retired()
        assert leftovers(workspace) == set()
