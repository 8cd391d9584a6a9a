"""A business with its writer, and access logs to bring in. Nothing is faked: the same house and journal as in service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from troth.collect.import_log import Import, import_access_log
from troth.collect.ingest import Ingest
from troth.reports.imports import ImportFunnel, funnel_of
from troth.serve import prepare_examples
from troth.settings import Settings
from troth.store.journal import refusals_since
from troth.workspace import House, Workspace

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"


def line(
    path: str = "/pricing", at: str = "20/Nov/2026:10:05:03 +0000", address: str = "198.18.0.1", referrer: str = "-", agent: str = CHROME
) -> str:
    """One line as Apache writes it."""
    return f'{address} - - [{at}] "GET {path} HTTP/1.1" 200 203 "{referrer}" "{agent}"\n'


@dataclass
class Desk:
    """Where logs are brought in: one workspace, opened as the command line opens it."""

    settings: Settings
    workspace: Workspace
    ingest: Ingest

    def bring(self, file: Path, option: str = "now", sites: tuple[str, ...] = ()) -> ImportFunnel:
        """Import a file."""
        return funnel_of(self.bring_as_it_rests(file, option, sites))

    def bring_as_it_rests(self, file: Path, option: str = "now", sites: tuple[str, ...] = ()) -> Import:
        return import_access_log(self.workspace, self.ingest, file, option, sites)

    def rows(self, purpose: str = "site-analytics") -> list[dict[str, Any]]:
        """What the purpose that counts visits sees, row by row."""
        grant = self.workspace.grant(purpose, "owner", "operator-1")
        found: list[dict[str, Any]] = self.workspace.views.run(grant, lambda view: view.execute(view.events.order_by("seq")))
        return found

    def refused(self) -> dict[tuple[str, str], int]:
        with self.workspace.state.read() as conn:
            return dict(refusals_since(conn, 0))

    def count(self, table: str) -> int:
        with self.workspace.state.read() as conn:
            return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    settings = Settings(tmp_path / "data", tmp_path / "data-secrets", tmp_path / "data-tape")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    ingest = Ingest(workspace)
    yield Desk(settings, workspace, ingest)
    ingest.close()
    house.close()


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    """Makes a file of lines."""

    def write(*lines: str | bytes, name: str = "access.log") -> Path:
        path = tmp_path / name
        path.write_bytes(b"".join(one if isinstance(one, bytes) else one.encode() for one in lines))
        return path

    return write
