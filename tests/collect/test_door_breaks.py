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
