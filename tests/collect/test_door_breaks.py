"""When the collection door itself fails: is the sender told so in a code, with nothing of what was sent in it?"""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.reports.town import Town, town_in
from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect.batch import Call
from troth.collect.door import Door
from troth.collect.messages import Message
from troth.collect.pipeline import Origin

NEEDLE = "needle-7431"


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_in(tmp_path, datetime(2026, 11, 10, 9, 0, tzinfo=UTC)) as made:
        yield made


async def test_a_door_that_breaks_answers_in_a_code_and_lets_the_server_know(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    sent: list[dict[str, Any]] = []

    async def breaks(*_: Any) -> Any:
        raise RuntimeError(NEEDLE)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    monkeypatch.setattr(Door, "_take", breaks)
    with pytest.raises(RuntimeError):
        await town.door({"type": "http", "method": "POST", "path": "/v1/page", "headers": []}, None, send)
    assert sent[0]["status"] == 500 and json.loads(sent[1]["body"])["code"] == "failed" and NEEDLE not in str(sent)


def test_an_event_that_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    def never(*_: Any, **__: Any) -> Any:
        raise queue.Empty

    ingest = town.door.ingest(town.workspace())
    monkeypatch.setattr(queue, "SimpleQueue", type("Never", (), {"get": never, "put": lambda *_: None}))
    with pytest.raises(Exception, match="busy"):
        ingest.submit_and_wait([Message(type="page")], Origin(True, "", "", 1))


def test_what_fails_for_one_call_fails_none_that_shares_its_commit(town: Town) -> None:
    told: dict[str, BaseException | None] = {}

    def refuse(*_: Any) -> None:
        raise ValueError(NEEDLE)

    def call(name: str, within: Any = None) -> Call:
        message = Message(type="page", anonymous_id=f"visitor-{name}", message_id=f"page-{name}", context={"timezone": "America/Los_Angeles"})
        return Call([message, message], Origin(True, "", "", now_micros()), lambda error: told.update({name: error}), within=within)

    calls = [call("ada"), call("mallory", refuse), call("ben")]
    ingest = town.door.ingest(town.workspace())
    ingest._count_waiting(6)
    ingest._commit_together(calls)
    assert told["ada"] is None and told["ben"] is None and isinstance(told["mallory"], Fault) and NEEDLE not in str(told["mallory"])
    for kept in (calls[0], calls[2]):
        assert (kept.answer.stored, kept.answer.duplicates, len(kept.answer.events)) == (1, 1, 1)
    with town.workspace().state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM journal").scalar_one() == 2
    assert ingest._waiting == 0
