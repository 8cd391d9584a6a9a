"""One real server inside the test process, on loopback, with the example deployments in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from troth.app import Troth
from troth.prove.staff import hiring
from troth.prove.world import World
from troth.serve import free_port, in_thread, prepare_examples
from troth.settings import Settings


@dataclass(frozen=True)
class Served:
    """A running server: where it is, and its application for a look inside."""

    url: str
    app: Troth
    clients: list[httpx.Client] = field(default_factory=list)
    began: str = ""  # since when its worlds look at events; empty: since each was made

    def world(self, workspace: str, canary: bool = False) -> World:
        """The outside of one of its workspaces."""
        found = self.app.house.workspace(workspace)
        client = httpx.Client(base_url=self.url, timeout=30)
        self.clients.append(client)
        since = {"began": self.began} if self.began else {}
        clients = tuple(
            World(client, one.id, one.policy, one.access, canary, one.folder / "outbox", **since) for one in self.app.house.clients_of(workspace)
        )
        return World(client, workspace, found.policy, found.access, canary, found.folder / "outbox", clients, hiring(found), **since)


@contextmanager
def serving(folder: Path, examples: Path | None = None) -> Iterator[Served]:
    """Serve the examples from `folder` until the block ends."""
    settings = Settings(folder / "data", folder / "secrets", folder / "tape", free_port())
    prepare_examples(settings, *([examples] if examples else []))
    with in_thread(settings) as app:
        running = Served(settings.base_url, app)
        yield running
        for client in running.clients:
            client.close()
