"""Is a message that is sent again known, wherever its first copy rests by now? Two writers on one folder stand for two processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.durability.resting import numbers_of, rows_of
from tests.durability.sending import event
from tests.running import BROWSER, opened
from troth.base.clock import now_micros
from troth.collect.ingest import Answer, Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.rights import erasure
from troth.serve import prepare_examples
from troth.settings import load
from troth.store import journal
from troth.workspace import Workspace


@pytest.fixture
def writers(tmp_path: Path) -> Iterator[tuple[Workspace, Ingest, Ingest]]:
    data = tmp_path / "data"
    prepare_examples(load(data))
    with opened(data) as one, opened(data) as other:
        first, second = Ingest(one), Ingest(other)
        yield one, first, second
        first.close()
        second.close()


def send(ingest: Ingest, *numbers: int) -> Answer:
    """Events of one person, as a trusted sender's client sends them."""
    origin = Origin(True, "127.0.0.1", BROWSER, now_micros())
    bodies = [event(number, "sent-again-0001") for number in numbers]
    messages = [
        Message(body["type"], body["messageId"], body["anonymousId"], event=body["event"], properties=body["properties"], context=body["context"])
        for body in bodies
    ]
    return ingest.submit_and_wait(messages, origin)


def test_another_process_knows_a_message_that_has_not_settled(writers: tuple[Workspace, Ingest, Ingest]) -> None:
    workspace, first, second = writers
    assert send(first, 1, 2).stored == 2
    again = send(second, 1, 2, 3)
    assert (again.stored, again.duplicates) == (1, 2)
    assert send(first, 3).duplicates == 1
    assert set(numbers_of(rows_of(workspace)).values()) == {1}


def test_a_message_is_known_after_it_settled_and_by_a_writer_that_started_later(writers: tuple[Workspace, Ingest, Ingest]) -> None:
    workspace, first, second = writers
    send(first, 1, 2)
    assert workspace.lake.settle() == 2
    assert send(second, 1).duplicates == 1
    late = Ingest(workspace)
    assert send(late, 2).duplicates == 1
    late.close()
    assert send(first, 1, 2).duplicates == 2
    assert send(first, 3).stored == 1


def test_a_message_sent_twice_in_one_call_is_kept_once(writers: tuple[Workspace, Ingest, Ingest]) -> None:
    _, first, _ = writers
    answer = send(first, 7, 7)
    assert (answer.stored, answer.duplicates) == (1, 1)


@pytest.mark.parametrize("settled", [False, True])
def test_a_message_of_an_erased_person_is_refused_for_ever(writers: tuple[Workspace, Ingest, Ingest], settled: bool) -> None:
    workspace, first, second = writers
    send(first, 1)
    if settled:
        workspace.lake.settle()
    with workspace.state.read() as conn:
        ref = conn.exec_driver_sql("SELECT ref FROM subject ORDER BY created_at DESC").scalar()
    case = erasure.erase(workspace, ref)
    for sender in (first, second):
        assert dict(send(sender, 1).reasons) == {"erased": 1}
    assert erasure.continue_cases(workspace) == 1
    with workspace.state.read() as conn:
        assert erasure.receipt_of(conn, case) is not None
        left = conn.exec_driver_sql("SELECT count(*) FROM seen WHERE ref = ?", (ref,)).scalar_one()
        assert left == 0, "what is kept only to refuse still says whose it was"
    for sender in (first, second, Ingest(workspace)):
        assert dict(send(sender, 1).reasons) == {"erased": 1}


def test_what_is_remembered_of_the_journal_does_not_grow_without_end(
    writers: tuple[Workspace, Ingest, Ingest], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, first, _ = writers
    monkeypatch.setattr(journal, "_REMEMBERED", 10)
    for start in range(0, 60, 12):
        assert send(first, *range(start, start + 12)).stored == 12
        workspace.lake.settle()
    assert len(first._unsettled._refs) <= 24
    assert send(first, *range(60)).duplicates == 60
