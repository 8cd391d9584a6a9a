"""Is a message sent twice stored once? In one call, in two at once, after a restart, and when the answer was lost."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tests.durability.resting import numbers_of, rows_of
from tests.durability.sending import event
from tests.running import Server, opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("duplicates") / "data")
    try:
        yield server.start()
    finally:
        server.kill()


def stored(server: Server, number: int) -> int:
    with opened(server.data) as workspace:
        return numbers_of(rows_of(workspace))[number]


def test_a_message_sent_again_is_said_to_be_a_duplicate_and_stored_once(server: Server) -> None:
    assert server.post("/v1/track", event(1, "twice-0001")) == (200, {"success": True, "stored": 1})
    assert server.post("/v1/track", event(1, "twice-0001")) == (200, {"success": True, "stored": 0, "duplicates": 1})
    assert stored(server, 1) == 1


def test_two_of_one_message_in_a_batch_are_stored_once(server: Server) -> None:
    status, said = server.post("/v1/batch", {"batch": [event(2, "twice-0002"), event(2, "twice-0002")]})
    assert (status, said["stored"], said["duplicates"]) == (200, 1, 1)
    assert stored(server, 2) == 1


def test_one_message_sent_by_many_at_once_is_stored_once(server: Server) -> None:
    answers: list[int] = []
    senders = [threading.Thread(target=lambda: answers.append(server.post("/v1/track", event(3, "twice-0003"))[1]["stored"])) for _ in range(8)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(answers) == [0] * 7 + [1]
    assert stored(server, 3) == 1


def test_two_first_events_of_a_newcomer_in_one_batch_make_one_person(server: Server) -> None:
    status, said = server.post("/v1/batch", {"batch": [event(4, "newcomer-0004"), event(5, "newcomer-0004")]})
    assert (status, said["stored"]) == (200, 2)
    with opened(server.data) as workspace:
        refs = {row.ref for row in rows_of(workspace) if row.number in (4, 5)}
    assert len(refs) == 1 and refs != {0}


def test_a_message_is_known_after_its_process_was_killed_and_after_it_moved_to_a_file(server: Server) -> None:
    for number in (6, 7):
        server.post("/v1/track", event(number, "twice-0006"))
    server.kill()
    with opened(server.data) as workspace:
        workspace.lake.settle()
    server.start()
    assert server.post("/v1/track", event(6, "twice-0006"))[1] == {"success": True, "stored": 0, "duplicates": 1}
    assert server.post("/v1/batch", {"batch": [event(7, "twice-0006"), event(8, "twice-0006")]})[1]["stored"] == 1
    assert [stored(server, number) for number in (6, 7, 8)] == [1, 1, 1]


def test_a_message_without_an_id_of_its_own_is_stored_each_time(server: Server) -> None:
    for _ in range(2):
        body = event(9, "twice-0009")
        del body["messageId"]
        assert server.post("/v1/track", body)[1]["stored"] == 1
    assert stored(server, 9) == 2
