"""What if the way between client and server fails once? A small proxy that answers 503, or loses the server's answer.

It changes no byte of what it hands on. The trouble happens once, to the first call.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Trouble(StrEnum):
    """What goes wrong, once."""

    NONE = "nothing goes wrong"
    BUSY = "503 is answered, and nothing handed on"
    DROPPED = "the call is handed on, and its answer lost"


@dataclass
class Seen:
    """What went through."""

    handed_on: int = 0
    troubled: int = 0
    statuses: list[int] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    target: int
    trouble: Trouble
    seen: Seen
    guard: threading.Lock


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        first = self._is_first()
        if first and self.server.trouble is Trouble.BUSY:
            self._answer(503, b'{"code":"busy","message":"send it again"}')
            return
        status, answer = self._hand_on(body)
        if first and self.server.trouble is Trouble.DROPPED:
            self.close_connection = True
            return
        self._answer(status, answer)

    def _is_first(self) -> bool:
        with self.server.guard:
            first = self.server.trouble is not Trouble.NONE and not self.server.seen.troubled
            self.server.seen.troubled += first
        return first

    def _hand_on(self, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=30)
        headers = {
            name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "content-length", "transfer-encoding")
        }
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        with self.server.guard:
            self.server.seen.handed_on += 1
            self.server.seen.statuses.append(answer.status)
            self.server.seen.answers.append(raw)
            self.server.seen.headers.append({name.lower(): value for name, value in self.headers.items()})
        return answer.status, raw

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def between(target: int, trouble: Trouble) -> Iterator[tuple[str, Seen]]:
    """A proxy before the server on port `target`: its address, and what went through."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.target, server.trouble, server.seen, server.guard = target, trouble, Seen(), threading.Lock()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server.seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
