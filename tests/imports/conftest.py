"""A business with its writer, and access logs to bring in. Nothing is faked: the same house and journal as in service."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette

from troth import look
from troth.collect.import_log import Import, import_access_log
from troth.collect.ingest import Ingest
from troth.console.operators import Operators
from troth.console.routes import routes_for
from troth.console.seat import COOKIE, Doorkeeper
from troth.console.sessions import Sessions
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


def console_page(desk: Desk) -> str:
    """The console's page of imports, as an owner's browser gets it."""
    operators = Operators(desk.settings, PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    operators.add("Odile", "infinity", "owner", "four words in a row")
    sessions = Sessions(desk.settings, operators)
    token = sessions.sign_in("Odile", "four words in a row", "127.0.0.1")
    app = Starlette(routes=[*look.routes(), *routes_for(Doorkeeper(House(desk.settings), operators, sessions))])

    async def page() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://troth.test", cookies={COOKIE: token}) as browser:
            return await browser.get("/infinity/console/imports", headers={"accept": "text/html"})

    answer = asyncio.run(page())
    operators.close()
    assert answer.status_code == 200, answer.text
    return answer.text


def shown_by_console(desk: Desk) -> dict[str, int]:
    """The numbers of the newest funnel, read from that page."""
    newest = console_page(desk).partition("data-import=")[2].partition("data-import=")[0]
    found = re.findall(r'data-step="([a-z-]+)">−?([0-9\u202f]+)<', newest)
    return {step: int(count.replace("\u202f", "")) for step, count in found}


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
