"""How does a person look at a site in a test? One visitor in a browser of their own; it never leaves this machine.

Source: a context of Playwright is a fresh profile, its time zone stands for where the person lives.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Route

from tests.browser.fake_server import FakeTroth

ROOT = Path(__file__).resolve().parents[2]
LONDON, BERLIN, LOS_ANGELES = "Europe/London", "Europe/Berlin", "America/Los_Angeles"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"


def site_server() -> ModuleType:
    """`examples/sites/serve.py`, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("site_server", ROOT / "examples/sites/serve.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def until(holds: Callable[[], object], what: str, seconds: float = 8) -> None:
    """Wait for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"did not happen: {what}"
        time.sleep(0.02)


class Visit:
    """One person at one site: a tab, its cookies, and whatever the browser complained of."""

    def __init__(self, context: BrowserContext, site: str, fake: FakeTroth) -> None:
        self.context, self.site, self.fake = context, site, fake
        self.complaints: list[str] = []
        context.route(re.compile(r"^https?://(?!127\.0\.0\.1)"), self._stay_here)
        self.page = self.tab()

    def tab(self) -> Page:
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._said)
        return page

    def _said(self, said: ConsoleMessage) -> None:
        """Keep what the browser complains of; a failed fetch it prints by itself, and that is no complaint about the page."""
        if said.type == "error" and "Failed to load" not in said.text:
            self.complaints.append(said.text)

    def go(self, path: str = "/", page: Page | None = None) -> Page:
        """Open a page and wait until the script has its terms and has drawn."""
        page = page or self.page
        page.goto(self.site + path)
        page.wait_for_selector("#troth-back")
        return page

    def press(self, what: str) -> None:
        """Press one of the script's buttons and wait until the server has the answer."""
        before = len(self.fake.answers)
        self.page.click("#troth-" + what)
        until(lambda: len(self.fake.answers) > before, f"an answer after {what}")

    def cookies(self) -> dict[str, str]:
        return {one["name"]: unquote(one["value"]) for one in self.context.cookies()}

    def choice(self) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self.cookies()["troth_choice"])
        return kept

    def id(self) -> str | None:
        return self.cookies().get("troth_visitor")

    def asked(self) -> bool:
        return self.page.locator("#troth-banner").count() == 1

    def stored(self) -> int:
        count: int = self.page.evaluate("localStorage.length + sessionStorage.length")
        return count

    def number(self) -> str:
        return self.page.locator("header [data-troth-number]").inner_text()

    def _stay_here(self, route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body="<title>elsewhere</title>")
