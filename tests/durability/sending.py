"""How does a test send thousands of events and know what became of each? Raw HTTP over a few connections.

It remembers which message was acknowledged, and when each was sent; it never takes a cut connection for a yes.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.running import BROWSER, basic


@dataclass(slots=True)
class Sent:
    """What a load showed. Times are this process's monotonic seconds, by message number."""

    acknowledged: set[int] = field(default_factory=set)
    started_at: dict[int, float] = field(default_factory=dict)
    errors: list[tuple[int, bytes]] = field(default_factory=list)


def event(number: int, visitor: str, zone: str = "America/Los_Angeles") -> dict[str, Any]:
    """One event whose number can be read in the clear wherever it rests."""
    context = {"timezone": zone, "userAgent": BROWSER}
    properties = {"feature": f"n{number}"}
    return {
        "type": "track",
        "event": "Feature Used",
        "anonymousId": visitor,
        "messageId": f"load-{number}",
        "properties": properties,
        "context": context,
    }


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str, body: Any, key: str) -> tuple[int, bytes]:
    """One HTTP call on a connection that stays open; raises ConnectionError when it is cut."""
    raw = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}\r\nauthorization: {basic(key)}\r\n\r\n"
    )
    writer.write(head.encode() + raw)
    try:
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return int(answer[9:12]), await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        raise ConnectionError("cut") from None


async def send_batches(port: int, key: str, batches: Iterable[list[tuple[int, dict[str, Any]]]], sent: Sent, connections: int = 8) -> None:
    """Send numbered events in calls of their own; ends when all are answered or the server is gone."""
    waiting = iter(batches)

    async def one_connection() -> None:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionError:
            return
        try:
            await _send_all(reader, writer, key, waiting, sent)
        except ConnectionError:
            return
        finally:
            writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))


async def _send_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str, waiting: Iterator[list[tuple[int, dict[str, Any]]]], sent: Sent
) -> None:
    for batch in waiting:
        single = len(batch) == 1
        for number, _ in batch:
            sent.started_at[number] = time.monotonic()
        body = batch[0][1] if single else {"batch": [one for _, one in batch]}
        status, answer = await post(reader, writer, "/v1/track" if single else "/v1/batch", body, key)
        if status == 200:
            sent.acknowledged.update(number for number, _ in batch)
        else:
            sent.errors.append((status, answer))


async def at_a_pace(every: float, acts: Iterable[Callable[[], Awaitable[None]]]) -> None:
    """Start acts one after another, `every` seconds apart, without waiting for them; returns when all are done."""
    started, running = time.monotonic(), []
    for number, act in enumerate(acts):
        await asyncio.sleep(max(0.0, started + number * every - time.monotonic()))
        running.append(asyncio.ensure_future(act()))
    await asyncio.gather(*running)
