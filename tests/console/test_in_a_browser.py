"""The console in a real browser: nothing is blocked, nothing runs off the side, and it can be used without a mouse.

Source: Debian's Chromium, driven by Playwright; nothing is downloaded.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Literal

import pytest
import uvicorn
from playwright.sync_api import Browser, Page

from tests.browser.test_axe import axe, violations
from tests.console.conftest import PASSWORD, Office
from tests.console.test_pages import PATHS, fill

__all__ = ["axe"]  # a fixture


@pytest.fixture
def origin(office: Office) -> Iterator[str]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(office.app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 390, "height": 844})
    yield opened
    opened.close()


def test_an_operator_signs_in_by_keyboard_and_finds_every_page_whole_on_a_phone(office: Office, origin: str, page: Page) -> None:
    fill(office)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(f"{origin}/infinity/console/")
    page.wait_for_function("document.activeElement instanceof HTMLInputElement")  # the first field is ready to be typed into
    page.keyboard.type("Odile")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{origin}/infinity/console/")
    assert page.locator("h1").inner_text() == "Overview"
    assert page.locator("svg.narrow").first.is_visible() and not page.locator("svg.wide").first.is_visible()
    for path in PATHS:
        page.goto(f"{origin}/infinity/console/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") == 390, path
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_console(office: Office, origin: str, browser: Browser, axe: str, scheme: Literal["light", "dark"]) -> None:
    fill(office)
    with browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{origin}/infinity/console/sign-in")
        assert violations(page, axe) == []
        page.fill("#name", "Odile")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(f"{origin}/infinity/console/")
        for path in (*PATHS, "review", "withdrawals"):
            page.goto(f"{origin}/infinity/console/{path}")
            assert violations(page, axe) == [], path
