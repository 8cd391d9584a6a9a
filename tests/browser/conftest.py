"""What does each test of the script start from? A browser, a fake server, the real site server. It holds no tests.

Source: Debian's Chromium, driven by Playwright; nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.fake_server import FakeTroth
from tests.browser.visit import Visit, site_server

Open = Callable[..., Visit]


@pytest.fixture
def fake() -> Iterator[FakeTroth]:
    """A server of its own for each test: what a closing page still sends belongs to the test that opened it."""
    server = FakeTroth().start()
    yield server
    server.stop()


@pytest.fixture
def sites(fake: FakeTroth) -> Iterator[dict[str, str]]:
    """The example sites on free ports, each with its origin."""
    serve = site_server()
    running = [serve.start(serve.Site(one.name, one.workspace, one.title, 0), fake.origin) for one in serve.read_sites()]
    fake.origins += [one.origin for one in running]
    yield {one.site.name: one.origin for one in running}
    for one in running:
        one.shutdown()
        one.server_close()


@pytest.fixture
def visit(browser: Browser, fake: FakeTroth, sites: dict[str, str]) -> Iterator[Open]:
    """Open a visit: `visit(BERLIN)`, with any option of a Playwright context. No page may have complained at the end."""
    opened: list[Visit] = []

    def open_(zone: str, site: str = "infinity", init: str = "", **options: Any) -> Visit:
        context = browser.new_context(timezone_id=zone, locale="en-GB", **options)
        if init:
            context.add_init_script(init)
        opened.append(Visit(context, sites[site], fake))
        return opened[-1]

    yield open_
    for one in opened:
        one.context.close()
        assert one.complaints == []
