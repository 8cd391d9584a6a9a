"""How fast does a server answer? Sends prepared HTTP requests over many connections and times each answer.

One thread on epoll, so that a request costs the client a few microseconds and the server is what is measured.
Run as a process of its own: requests come in a pickle on standard input, the outcome goes out as JSON.
"""

from __future__ import annotations

import json
import pickle
import select
import socket
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run showed: seconds of wall clock, latency in milliseconds, answers by status."""

    seconds: float
    requests: int
    p50: float
    p99: float
    statuses: dict[str, int]


def request(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """One HTTP/1.1 request as bytes."""
    lines = [f"POST {path} HTTP/1.1", "host: bench", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def drive(port: int, requests: list[bytes], connections: int) -> Outcome:
    """Send all requests, `connections` at a time, each connection one after the other."""
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(connections):
        opened = socket.create_connection(("127.0.0.1", port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sockets[opened.fileno()] = opened
        poll.register(opened.fileno(), select.EPOLLIN)
    waiting = iter(requests)
    sent_at: dict[int, float] = {}
    statuses: Counter[str] = Counter()
    times: list[float] = []
    started = time.perf_counter()
    for handle, opened in sockets.items():
        _send_next(opened, waiting, sent_at, handle)
    while sent_at:
        for handle, _ in poll.poll(30):
            answer = sockets[handle].recv(65536)
            now = time.perf_counter()
            if not answer:
                raise ConnectionError("the server closed a connection")
            while not _complete(answer):
                answer += sockets[handle].recv(65536)
            times.append(now - sent_at.pop(handle))
            statuses[answer[9:12].decode()] += 1
            _send_next(sockets[handle], waiting, sent_at, handle)
    seconds = time.perf_counter() - started
    for opened in sockets.values():
        opened.close()
    times.sort()
    return Outcome(seconds, len(times), times[len(times) // 2] * 1e3, times[int(len(times) * 0.99)] * 1e3, dict(statuses))


def _send_next(opened: socket.socket, waiting: Any, sent_at: dict[int, float], handle: int) -> None:
    one = next(waiting, None)
    if one is not None:
        sent_at[handle] = time.perf_counter()
        opened.sendall(one)


def _complete(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            return len(body) >= int(line[15:])
    return True


if __name__ == "__main__":
    port, requests, connections = pickle.load(sys.stdin.buffer)
    json.dump(asdict(drive(port, requests, connections)), sys.stdout)
