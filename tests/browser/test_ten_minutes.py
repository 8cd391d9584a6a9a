"""The ten minutes of the README, as a newcomer lives them: look, delete a line of the policy, publish, watch it follow; then sabotage."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.browser.real import Town, town
from tests.browser.visit import LOS_ANGELES, ROOT, until
from troth.serve import free_port

TROTH = [sys.executable, "-m", "troth.cli"]

# Each of these proofs asks that somebody's no is obeyed; the others must not mind.
BROKEN_BY_SKIP_CONSENT = {  # words are still published with a yes alone (035): a view shows no row that nobody said yes to
    "infinity-006", "infinity-007", "infinity-030", "infinity-031", "infinity-032", "infinity-033", "infinity-036", "infinity-037", "infinity-038",
    "infinity-041", "infinity-064", "infinity-065", "infinity-066", "infinity-091", "infinity-097", "infinity-101", "infinity-126",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town of its own: its policy is changed."""
    with town(tmp_path_factory.mktemp("ten")) as built:
        yield built


def troth(here: Town, *words: str) -> str:
    """A command of `troth` beside the running server."""
    environment = os.environ | {"TROTH_SECRETS": str(here.data.parent / "secrets"), "TROTH_TAPE": str(here.data.parent / "tape")}
    done = subprocess.run([*TROTH, *words, "--data", str(here.data)], env=environment, capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


def visit_and_call(here: Town, browser: Browser, caller: str) -> Page:
    """Somebody comes from a newsletter, agrees, and calls the number on the page."""
    context = here.visitor(browser, LOS_ANGELES)
    page = context.new_page()
    page.goto(here.sites["infinity"] + "/?utm_source=newsletter&utm_medium=email")
    page.click("#troth-accept")
    page.goto(here.sites["infinity"] + "/contact")
    page.wait_for_timeout(800)
    number = re.sub(r"[^+0-9]", "", str(page.get_attribute("a[data-troth-number]", "href")))
    world = here.served.world("infinity")
    assert world.call(caller, number)["status"] == 200
    return page


def test_a_newcomer_changes_one_line_and_the_whole_system_follows(here: Town, browser: Browser) -> None:
    world = here.served.world("infinity")
    page = visit_and_call(here, browser, "+14155550123")
    console = here.sign_in(browser, "infinity")
    until(lambda: any(row["event"] == "call" for row in world.events("call-journey")), "the call, joined")
    console.goto(f"{here.served.url}/infinity/console/")
    text = console.inner_text("main")
    assert "newsletter" in text
    assert re.search(r"calls", text, re.I)
    console.goto(f"{here.served.url}/infinity/console/calls")
    assert "newsletter" in console.inner_text("main")

    # The line goes, and everything that came from it.
    file = here.policies["infinity"]
    before = file.read_text()
    start, end = before.index("  call-journey:\n    label"), before.index("  personalisation:\n    label")
    file.write_text(before[:start] + before[end:])
    assert "published version 2" in troth(here, "policy", "publish", str(file))
    said = troth(here, "policy", "diff", "infinity")
    assert "Joining your visit with your calls is no longer done" in said
    assert "calls are still taken but not joined" in said

    page.goto(here.sites["infinity"] + "/")
    page.wait_for_selector("#troth-back")
    page.click("#troth-back")
    page.wait_for_selector("dialog[open]")
    assert page.locator("[data-purpose=site-analytics]").count() == 1
    assert page.locator("[data-purpose=call-journey]").count() == 0
    assert "join what you looked at" not in httpx.get(f"{here.served.url}/infinity/policy").text
    page.context.close()

    calls_before = len([row for row in world.events("telephone") if row["event"] == "call"])
    later = visit_and_call(here, browser, "+14155550124")
    until(lambda: len([row for row in world.events("telephone") if row["event"] == "call"]) == calls_before + 1, "the call is kept")
    later.context.close()
    assert world.program("GET", "/events?purpose=call-journey")["code"] == "unknown-purpose"
    console.goto(f"{here.served.url}/infinity/console/calls")
    assert re.search(r"does not join calls", console.inner_text("main"))
    console.context.close()


def test_sabotage_turns_exactly_its_promises_red(tmp_path: Path, browser: Browser) -> None:
    port = free_port()
    command = [*TROTH, "run", "--data", str(tmp_path / "data"), "--port", str(port), "--demo", "--sabotage", "skip-consent"]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        page = browser.new_page()
        red: set[str] = set()
        end = time.monotonic() + 100
        while time.monotonic() < end:
            time.sleep(1)
            try:
                page.goto(f"http://127.0.0.1:{port}/infinity/promises")
            except Exception:  # not open yet
                continue
            states = dict(page.eval_on_selector_all("tr[data-state]", "rows => rows.map(row => [row.id, row.dataset.state])"))
            red = {id for id, state in states.items() if state == "broken"}
            if states and "not-run" not in states.values():
                break
        assert red == BROKEN_BY_SKIP_CONSENT
        page.close()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
