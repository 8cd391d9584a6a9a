"""Do programs that choose for people operate the banner to the right end? DuckDuckGo's extension as it is built, and rules for Consent-O-Matic.

Consent-O-Matic itself cannot be had from npm. Its rules are run here by the engine for them that DuckDuckGo's autoconsent had until
version 15; the banner's own rule list is the one that Troth serves.
Source: STANDARDS "Signals and banners"; https://github.com/cavi-au/Consent-O-Matic (rules), npm @duckduckgo/autoconsent.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import Open
from tests.browser.fake_server import KINDS, FakeTroth
from tests.browser.visit import BERLIN, LOS_ANGELES, Visit, until
from tests.conftest import CHROMIUM
from tests.node_packages import node_package
from troth.browser import rule_list

AUTOCONSENT = "@duckduckgo/autoconsent"
REFUSED = dict.fromkeys(KINDS, "refused")


@pytest.fixture(scope="module")
def extension() -> Path:
    """DuckDuckGo's autoconsent, built for Chromium by its makers."""
    return node_package(AUTOCONSENT, "16.23.0") / "dist/addon-mv3"


@pytest.fixture(scope="module")
def engine() -> str:
    """The last autoconsent that runs Consent-O-Matic's rules, as one script that leaves `AutoConsent` in the page."""
    text = (node_package(AUTOCONSENT, "14.97.0") / "dist/autoconsent.cjs.js").read_text()
    return f"(() => {{ const module = {{ exports: {{}} }}, exports = module.exports; {text}\n; window.AutoConsent = module.exports.default; }})()"


# ---- DuckDuckGo ----

@contextmanager
def with_extension(browser: Browser, extension: Path, folder: Path, zone: str, **options: Any) -> Iterator[BrowserContext]:
    """A browser of its own that has the extension, once the extension runs."""
    context = browser.browser_type.launch_persistent_context(
        str(folder), executable_path="/usr/bin/chromium", timezone_id=zone, locale="en-GB", ignore_default_args=["--disable-extensions"],
        args=[*CHROMIUM, f"--disable-extensions-except={extension}", f"--load-extension={extension}"], **options)
    try:
        worker = context.service_workers[0] if context.service_workers else context.wait_for_event("serviceworker")
        for _ in range(100):  # its settings and rules are stored when it is installed
            if worker.evaluate("chrome.storage.local.get().then(all => Object.keys(all).length)") >= 2:
                break
            context.pages[0].wait_for_timeout(100)
        yield context
    finally:
        context.close()


@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
def test_duckduckgos_extension_refuses_everything(
        browser: Browser, extension: Path, fake: FakeTroth, sites: dict[str, str], tmp_path: Path, zone: str) -> None:
    with with_extension(browser, extension, tmp_path, zone) as context:
        ben = Visit(context, sites["infinity"], fake)
        ben.page.goto(ben.site)
        until(lambda: ben.page.locator("#troth-back").count() and fake.answers, "an answer that nobody typed", 20)
        assert fake.answers[0]["choices"] == REFUSED and fake.answers[0]["how"] == "reject-all"
        assert list(ben.cookies()) == ["troth_choice"] and not ben.asked()
        ben.page.goto(ben.site + "/pricing")
        ben.page.wait_for_selector("#troth-back")
        assert not ben.asked() and len(fake.answers) == 1


# ---- Consent-O-Matic's rules ----

def start_engine(page: Page, engine: str, action: str | None, rules: Any) -> None:
    """Let the engine loose on the page with these rules and no others."""
    page.add_script_tag(content=engine)
    page.evaluate("""([rules, autoAction]) => {
        window.heard = [];
        window.consent = new AutoConsent(async (message) => { heard.push(message.type + ":" + (message.result ?? "")); }, {
            enabled: true, autoAction, disabledCmps: [], enablePrehide: false, enableCosmeticRules: false, enableGeneratedRules: false, logs: {},
            detectRetries: 20, isMainWorld: true, prehideTimeout: 100, enableHeuristicDetection: false, heuristicMode: 'off', visualTest: false,
        }, { autoconsent: [], consentomatic: rules });
        window.rule = consent.rules.find((one) => one.name.includes("troth"));
    }""", [rules, action])


@pytest.mark.parametrize(("action", "zone", "state"), [
    ("optOut", BERLIN, "refused"), ("optOut", LOS_ANGELES, "refused"), ("optIn", BERLIN, "given"), ("optIn", LOS_ANGELES, "given")])
def test_the_published_rules_refuse_or_allow_everything(visit: Open, fake: FakeTroth, engine: str, action: str, zone: str, state: str) -> None:
    ada = visit(zone, bypass_csp=True)
    ada.go()
    start_engine(ada.page, engine, action, json.loads(rule_list()))
    until(lambda: fake.answers or ada.page.evaluate("0"), "the answer", 15)
    assert fake.answers[0]["choices"] == dict.fromkeys(KINDS, state)
    until(lambda: "autoconsentDone:" in ada.page.evaluate("heard"), "the engine's own word that it is done")
    assert not ada.asked() and bool(ada.id()) == (state == "given")


@pytest.mark.parametrize(("categories", "given"), [
    (["B"], {"site-analytics"}), (["A"], {"personalisation"}), (["A", "X"], {"personalisation", "call-journey"}), (["D", "E", "F"], set())])
@pytest.mark.parametrize("zone", [BERLIN, LOS_ANGELES])
def test_the_published_rules_choose_by_category(visit: Open, fake: FakeTroth, engine: str, zone: str, categories: list[str], given: set[str]) -> None:
    ada = visit(zone, bypass_csp=True)
    ada.go()
    start_engine(ada.page, engine, None, json.loads(rule_list()))
    assert ada.page.evaluate("rule.detectCmp()") and ada.page.evaluate("rule.detectPopup()")
    ada.page.evaluate("""async (categories) => {
        await rule.executeAction("OPEN_OPTIONS"); await rule.executeAction("DO_CONSENT", categories); await rule.executeAction("SAVE_CONSENT");
    }""", categories)
    until(lambda: fake.answers, "the answer")
    assert fake.answers[0]["choices"] == {id: "given" if id in given else "refused" for id in KINDS}
    assert not ada.asked()


def test_every_kind_of_purpose_that_a_banner_can_show_is_in_the_published_rules() -> None:
    text = rule_list().decode()
    assert all(f"data-kind={kind}" in text for kind in ("statistics", "joining", "personalisation", "marketing", "advertising", "publication"))
