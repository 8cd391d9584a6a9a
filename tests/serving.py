"""One real server inside the test process, on loopback, with the example deployments in a folder of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn

from troth.app import Troth
from troth.prove.world import World
from troth.serve import prepare_examples
from troth.settings import Settings


@dataclass(frozen=True)
class Served:
    """A running server: where it is, and its application for a look inside."""

    url: str
    app: Troth
    clients: list[httpx.Client] = field(default_factory=list)

    def world(self, workspace: str, canary: bool = False) -> World:
        """The outside of one of its workspaces."""
        found = self.app.house.workspace(workspace)
        client = httpx.Client(base_url=self.url, timeout=30)
        self.clients.append(client)
        return World(client, workspace, found.policy, found.access, canary)


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serve the examples from `folder` until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings(folder / "data", folder / "secrets", folder / "tape", port)
    prepare_examples(settings)
    app = Troth(settings)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 20
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started, "the server did not start within 20 seconds"
    try:
        running = Served(settings.base_url, app)
        yield running
        for client in running.clients:
            client.close()
    finally:
        server.should_exit = True
        thread.join(timeout=30)
