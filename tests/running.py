"""How does a test run the real thing? Starts `troth run` as a process of its own, on a free port, and ends it.

It fakes nothing. Every process is started in a group of its own, so that killing it kills its workers too.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from troth.settings import Settings, load
from troth.workspace import House, Workspace

ROOT = Path(__file__).resolve().parent.parent
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
PAGE = {"url": "http://127.0.0.1:8101/pricing?utm_source=news&utm_medium=email", "title": "Pricing", "referrer": "https://www.google.com/"}


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """One `troth run` on one data folder. `log` collects what it says on standard error and output."""

    def __init__(self, data: Path, workers: int = 1, environment: Mapping[str, str] | None = None) -> None:
        self.data, self.workers = data, workers
        self.port = free_port()
        self.log = data.parent / f"{data.name}.log"
        self._environment = os.environ | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, prepare: Callable[[], None] | None = None) -> Server:
        """Start, and wait until it answers. `prepare` runs in the new process before it becomes Troth."""
        command = [sys.executable, "-m", "troth.cli", "run", "--data", str(self.data), "--port", str(self.port), "--demo"]
        if self.workers > 1:
            command += ["--workers", str(self.workers)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdout=log, stderr=log, env=self._environment, start_new_session=True, preexec_fn=prepare
            )
        self._wait_until_it_answers()
        return self

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise AssertionError(f"troth ended with {self._process.returncode}: {self.said()[-2000:]}")
            try:
                if self.call("GET", "/healthz")[0] == 200:
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"troth did not answer within a minute: {self.said()[-2000:]}")

    def kill(self) -> None:
        """SIGKILL to it and its workers: power is gone for this process, at this instant."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to finish."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, how)
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=30)
            raise AssertionError("troth did not stop when asked") from None
        finally:
            self._process = None

    def said(self) -> str:
        """Everything it wrote to its log."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    # what it serves

    @property
    def settings(self) -> Settings:
        """Its settings, as its environment gives them."""
        found = load(self.data, self.port)
        elsewhere = {
            name: Path(self._environment[f"TROTH_{name.upper()}"]) for name in ("secrets", "tape") if f"TROTH_{name.upper()}" in self._environment
        }
        return replace(found, **elsewhere)

    def access(self, workspace: str = "infinity") -> dict[str, str]:
        """The workspace's keys for programs."""
        return dict(json.loads((self.settings.secrets / workspace / "access.json").read_text()))

    def call(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """One HTTP call as it is: status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def post(self, path: str, body: Any, key: str | None = None, **headers: str) -> tuple[int, Any]:
        """A call with a key of `infinity` (the write key unless told); status and decoded answer."""
        key = self.access()["write_key"] if key is None else key
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "user-agent": BROWSER, "authorization": basic(key)}
        status, answer = self.call("POST", path, raw, sent | {name.replace("_", "-"): value for name, value in headers.items()})
        return status, json.loads(answer) if answer else None


def basic(key: str) -> str:
    """The Basic authorisation header of a write key."""
    return "Basic " + base64.b64encode((key + ":").encode()).decode()


def page_view(visitor: str, message: str, zone: str = "America/Los_Angeles", **more: Any) -> dict[str, Any]:
    """One page view as a Segment client sends it."""
    context = {"page": PAGE, "timezone": zone, "userAgent": BROWSER}
    return {"type": "page", "anonymousId": visitor, "messageId": message, "context": context} | more


@contextmanager
def opened(data: Path, name: str = "infinity") -> Iterator[Workspace]:
    """A workspace of a data folder, opened beside or after a server."""
    house = House(load(data))
    try:
        yield house.workspace(name)
    finally:
        house.close()
