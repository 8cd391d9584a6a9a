"""Do programs that choose for people leave nothing that is not needed, in each of the five deployments, with a real server behind?

Source: STANDARDS "Signals and banners"; VARIANTS, how each of the five asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.real import AGENT, Town, town
from tests.browser.test_choosers import engine, extension, start_engine, with_extension
from tests.browser.visit import BERLIN, until

__all__ = ["engine", "extension"]  # fixtures
FIVE = ("infinity", "cxinfinity", "infi", "infinext", "infisim")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("choosers"), FIVE) as built:
        yield built


def purposes(page: Page) -> dict[str, str]:
    said: dict[str, str] = page.evaluate("troth.choices()")
    return said


def kept(page: Page) -> tuple[set[str], int]:
    """The cookies, and how much is in the browser's storage."""
    return {cookie["name"] for cookie in page.context.cookies()}, page.evaluate("localStorage.length + sessionStorage.length")


@pytest.mark.parametrize("site", FIVE)
def test_duckduckgos_extension_leaves_only_the_refusal(here: Town, browser: Browser, extension: Path, tmp_path: Path, site: str) -> None:
    refused = "typeof troth === 'object' && Object.values(troth.choices()).includes('refused')"
    with with_extension(browser, extension, tmp_path, BERLIN, user_agent=AGENT) as context:
        page = context.new_page()
        page.goto(here.sites[site])
        until(lambda: page.evaluate(refused), "a refusal that nobody typed", 20)
        assert set(purposes(page).values()) == {"refused"}
        page.reload()
        page.wait_for_selector("#troth-back", state="attached")
        assert kept(page) == ({"troth_choice"}, 0) and page.locator("#troth-banner").count() == 0


@pytest.mark.parametrize("site", FIVE)
@pytest.mark.parametrize(("categories", "kinds"), [
    ([], set()), (["B"], {"statistics"}), (["A", "F"], {"personalisation", "advertising", "marketing"})])
def test_the_published_rules_reach_the_categories_and_no_others(
        here: Town, browser: Browser, engine: str, site: str, categories: list[str], kinds: set[str]) -> None:
    context = browser.new_context(timezone_id=BERLIN, locale="en-GB", user_agent=AGENT, bypass_csp=True)
    page = context.new_page()
    page.goto(here.sites[site])
    page.wait_for_selector("#troth-banner")
    start_engine(page, engine, None, page.request.get(here.served.url + "/.well-known/consent-o-matic.json").json())
    with page.expect_response("**/consent") as sent:
        page.evaluate("""async (categories) => {
            for (const [method, of] of [["OPEN_OPTIONS"], ["DO_CONSENT", categories], ["SAVE_CONSENT"]]) await rule.executeAction(method, of);
        }""", categories)
    assert sent.value.status == 200
    policy = here.served.app.house.workspace(site).policy
    assert purposes(page) == {id: "given" if policy.purposes[id].kind in kinds else "refused" for id in purposes(page)} and purposes(page)
    page.reload()
    page.wait_for_selector("#troth-back", state="attached")
    names, stored = kept(page)
    given = {id for id, said in purposes(page).items() if said == "given"}
    allowed = {name for name, cookie in policy.cookies.items() if not cookie.purposes or given & set(cookie.purposes)}
    assert names <= allowed and stored == 0 and ("troth_visitor" in names) == bool(given)
    context.close()
