"""The whole town: a real server and the example sites on origins of their own, from policy files a test may change."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.visit import ROOT, site_server
from tests.serving import Served, serving
from troth.base.clock import now
from troth.console.demo import prepare_demo_operators
from troth.serve import free_port

AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class Town:
    """Where everything is. `policies` are this town's own copies of the policy files."""

    served: Served
    sites: dict[str, str]
    policies: dict[str, Path]
    operators: dict[str, tuple[str, str]]
    data: Path

    def visitor(self, browser: Browser, zone: str, **options: Any) -> BrowserContext:
        """Somebody with a browser of their own, in a time zone."""
        return browser.new_context(timezone_id=zone, locale="en-GB", user_agent=AGENT, **options)

    def sign_in(self, browser: Browser, workspace: str) -> Page:
        """The owner of a workspace, signed in to its console."""
        page = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}).new_page()
        name, password = self.operators[workspace]
        page.goto(f"{self.served.url}/{workspace}/console/")
        page.fill("input[name=name]", name)
        page.fill("input[name=password]", password)
        page.click("button[type=submit]")
        page.wait_for_url(f"**/{workspace}/console/**")
        return page


@contextmanager
def town(folder: Path, sites: Iterable[str] = ("infinity", "harbour", "alder")) -> Iterator[Town]:
    """Build it below `folder`, and take it down. A client's site needs its parent's."""
    serve, examples = site_server(), folder / "examples"
    chosen = [one for one in serve.read_sites() if one.name in set(sites)]
    ports = {one.name: free_port() for one in chosen}
    for name, usual in ((one.name, one.port) for one in chosen):
        (examples / name).mkdir(parents=True)
        text = (ROOT / "examples" / name / "policy.yaml").read_text().replace(f":{usual}", f":{ports[name]}")
        (examples / name / "policy.yaml").write_text(text)
    began = now().isoformat()
    with serving(folder, examples) as alone:
        served = replace(alone, began=began)  # a page is often seen before anybody asks what it left
        running = [serve.start(serve.Site(one.name, one.workspace, one.title, ports[one.name]), served.url) for one in chosen]
        operators = prepare_demo_operators(served.app.settings)
        policies = {name: examples / name / "policy.yaml" for name in ports}
        try:
            yield Town(served, {one.site.name: one.origin for one in running}, policies, operators, served.app.settings.data)
        finally:
            for one in running:
                one.shutdown()
                one.server_close()
    shutil.rmtree(folder / "data", ignore_errors=True)
