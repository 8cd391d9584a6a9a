"""Is every acknowledged event there, once, whatever dies when? Kills the real server, hard, again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.durability.resting import check_ledger, digest_of, entries_of_rows, numbers_of, rows_of
from tests.durability.sending import Sent, event, send_batches
from tests.running import Server, opened

EVENTS, KILLS = 20_000, 20


def _batches(numbers: list[int]) -> Iterator[list[tuple[int, dict[str, Any]]]]:
    """Calls of one event and of up to 25, of 400 visitors."""
    sizes = random.Random(7)
    at = 0
    while at < len(numbers):
        size = sizes.choice((1, 1, 5, 25))
        yield [(number, event(number, f"visitor-{number % 400:06d}")) for number in numbers[at : at + size]]
        at += size


async def _load_until_killed(server: Server, key: str, waiting: list[int], sent: Sent, enough: int) -> None:
    """Send what waits; kill the server at a moment of its own once about `enough` more are acknowledged."""
    until = len(sent.acknowledged) + enough
    load = asyncio.ensure_future(send_batches(server.port, key, _batches(waiting), sent))
    while not load.done() and len(sent.acknowledged) < until:
        await asyncio.sleep(0.002)
    await asyncio.sleep(random.random() * 0.05)
    server.kill()
    await load


@pytest.mark.heavy
def test_twenty_kills_during_a_load_of_20_000_events_lose_no_acknowledged_event_and_store_none_twice(tmp_path: Path) -> None:
    server, sent = Server(tmp_path / "data"), Sent()
    try:
        server.start()
        key = server.access()["write_key"]
        for _ in range(KILLS):
            waiting = [number for number in range(EVENTS) if number not in sent.acknowledged]
            asyncio.run(_load_until_killed(server, key, waiting, sent, random.randint(300, 950)))
            with opened(tmp_path / "data") as workspace:
                check_ledger(workspace)
            server.start()
        waiting = [number for number in range(EVENTS) if number not in sent.acknowledged]
        asyncio.run(send_batches(server.port, key, _batches(waiting), sent))
    finally:
        server.kill()
    assert sent.errors == []
    assert len(sent.acknowledged) == EVENTS
    with opened(tmp_path / "data") as workspace:
        rows = rows_of(workspace)
        entries = check_ledger(workspace)
        ledgered = entries_of_rows(workspace)
        with workspace.state.read() as conn:
            keys = conn.exec_driver_sql("SELECT (SELECT count(*) FROM seen) + (SELECT count(key) FROM journal)").scalar_one()
    stored = numbers_of(rows)
    assert set(stored) == sent.acknowledged, "an acknowledged event is missing, or one came from nowhere"
    assert set(stored.values()) == {1}, "an event is stored twice"
    assert keys >= EVENTS
    assert entries > 0
    assert all(digest_of(row) in ledgered for row in rows if row.number is not None), "a stored row is not in the ledger"
