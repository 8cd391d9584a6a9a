"""A town with operators, and the console in front of it, asked over HTTP without a network.

Odile owns infinity; Hugo owns harbour; Ansel may only see infinity's figures; Sabine answers its telephone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.applications import Starlette

from tests.reports.town import Town, town_in
from troth import look
from troth.console.operators import Operators
from troth.console.routes import routes_for
from troth.console.seat import COOKIE, Doorkeeper
from troth.console.sessions import Sessions

MORNING = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)
PASSWORD = "four words in a row"
CAST = (("Odile", "infinity", "owner"), ("Hugo", "harbour", "owner"), ("Ansel", "infinity", "analyst"), ("Sabine", "infinity", "support"))
PAGE = {"accept": "text/html,application/xhtml+xml"}


class Browser:
    """Somebody's browser: keeps cookies, fills in forms."""

    def __init__(self, app: Any, address: str = "203.0.113.9") -> None:
        transport = httpx.ASGITransport(app=app, client=(address, 50000))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://troth.test", headers=PAGE)

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page."""
        return await self.http.get(path, headers=headers)

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """A form, sent."""
        return await self.http.post(path, data=fields, headers=headers)

    async def sign_in(self, name: str, password: str = PASSWORD, w: str = "infinity") -> httpx.Response:
        """The sign-in form, loaded and filled in."""
        form = await self.get(f"/{w}/console/sign-in")
        return await self.post(f"/{w}/console/sign-in", {"csrf": csrf_in(form.text), "name": name, "password": password})

    @property
    def session(self) -> str | None:
        """The session cookie."""
        return self.http.cookies.get(COOKIE)


def csrf_in(page: str) -> str:
    """The token of a page's first form."""
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found is not None
    return found[1]


@dataclass
class Office:
    """The console over a town."""

    town: Town
    operators: Operators
    app: Any

    def browser(self, address: str = "203.0.113.9") -> Browser:
        """A new browser."""
        return Browser(self.app, address)

    async def signed_in(self, name: str = "Odile", w: str = "infinity") -> Browser:
        """A browser with somebody signed in."""
        browser = self.browser()
        assert (await browser.sign_in(name, w=w)).status_code == 303
        return browser


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with town_in(tmp_path, MORNING) as town:
        quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # the real cost is not what is tested
        operators = Operators(town.settings, quick)
        for name, w, role in CAST:
            operators.add(name, w, role, PASSWORD)
        keeper = Doorkeeper(town.house, operators, Sessions(town.settings, operators))
        yield Office(town, operators, Starlette(routes=[*look.routes(), *routes_for(keeper)]))
        operators.close()
