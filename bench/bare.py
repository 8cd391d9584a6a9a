"""What is the least an endpoint can do? The other side of rows 1 and 2: ASGI and msgspec, and nothing of Troth.

`file`: each event's bytes are appended to a file; one fdatasync for all that wait together.
`sqlite`: each event is a row under a unique index, `synchronous=FULL`, one commit for all that wait together.
Neither asks for permission, seals, counts or keeps a ledger.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Any

import msgspec

_TOGETHER = 2_000


class _Message(msgspec.Struct, rename="camel"):
    message_id: str
    anonymous_id: str
    context: dict[str, Any]
    type: str = "page"
    timestamp: str | None = None


class _Batch(msgspec.Struct):
    batch: list[_Message]


_one = msgspec.json.Decoder(_Message)
_many = msgspec.json.Decoder(_Batch)
_text = msgspec.json.Encoder()


class Group:
    """One writer thread: takes whatever waits, keeps it durably at once, and tells every caller."""

    def __init__(self, keep: Callable[[], Callable[[list[Any]], None]]) -> None:
        self._open = keep
        self._queue: queue.SimpleQueue[tuple[Any, asyncio.Future[None]]] = queue.SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def put(self, what: Any) -> asyncio.Future[None]:
        """Done once `what` is durable."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put((what, future))
        return future

    def _run(self) -> None:
        keep = self._open()
        while True:
            waiting = [self._queue.get()]
            while len(waiting) < _TOGETHER and not self._queue.empty():
                waiting.append(self._queue.get())
            keep([what for what, _ in waiting])
            waiting[0][1].get_loop().call_soon_threadsafe(_tell, [future for _, future in waiting])


def _tell(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


def _file_keeper() -> Callable[[list[Any]], None]:
    handle = os.open(os.environ["BARE_FILE"], os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def keep(events: list[bytes]) -> None:
        os.write(handle, b"\n".join(events) + b"\n")
        os.fdatasync(handle)

    return keep


def _sqlite_keeper() -> Callable[[list[Any]], None]:
    database = sqlite3.connect(os.environ["BARE_FILE"], isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "wal_autocheckpoint=2000"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE, who TEXT, at INTEGER, body BLOB)")

    def keep(calls: list[list[tuple[Any, ...]]]) -> None:
        database.execute("BEGIN IMMEDIATE")
        for rows in calls:
            database.executemany("INSERT OR IGNORE INTO event (message, who, at, body) VALUES (?, ?, ?, ?)", rows)
        database.execute("COMMIT")

    return keep


async def _body(receive: Any) -> bytes:
    event = await receive()
    body: bytes = event.get("body", b"")
    while event.get("more_body"):
        event = await receive()
        body += event.get("body", b"")
    return body


async def _ok(send: Any) -> None:
    answer = b'{"success":true,"stored":1}'
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": answer})


def application() -> Any:
    """The endpoint that `BARE_KIND` names."""
    kind = os.environ["BARE_KIND"]
    group = Group(_file_keeper if kind == "file" else _sqlite_keeper)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] != "POST":
            await _ok(send)
            return
        body = await _body(receive)
        if kind == "file":
            await group.put(_text.encode(_one.decode(body)))
        else:
            at = time.time_ns() // 1000
            messages = _many.decode(body).batch
            await group.put([(one.message_id, one.anonymous_id, at, _text.encode(one)) for one in messages])
        await _ok(send)

    return app
