"""People in real browsers at real sites of a real server: not asked, refusing, agreeing, withdrawing, under three laws."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.real import Town, town
from tests.browser.visit import BERLIN, LONDON, LOS_ANGELES, until
from troth.prove.world import World


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for the stories of this file."""
    with town(tmp_path_factory.mktemp("town")) as built:
        yield built


@pytest.fixture
def come(here: Town, browser: Browser) -> Iterator[object]:
    """Somebody new at a site: `come(BERLIN)`, or `come(BERLIN, "harbour")`."""
    opened: list[BrowserContext] = []

    def open_(zone: str, site: str = "infinity", path: str = "/") -> Page:
        context = here.visitor(browser, zone)
        opened.append(context)
        page = context.new_page()
        page.goto(here.sites[site] + path)
        page.wait_for_selector("#troth-back", state="attached")
        return page

    yield open_
    for context in opened:
        context.close()


def cookies(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()}


def visitor_id(page: Page) -> str:
    return next((cookie["value"] for cookie in page.context.cookies() if cookie["name"] == "troth_visitor"), "")


def seen(world: World, id: str, purpose: str = "site-analytics") -> list[dict[str, object]]:
    """What a purpose sees of a browser's identifier."""
    rows = world.events(purpose)
    people = {row["person"] for row in rows if row["items"].get("cookie.visitor") == id}
    return [row for row in rows if row["person"] in people]


@pytest.mark.parametrize(("zone", "asked_first"), [(BERLIN, True), (LONDON, False), (LOS_ANGELES, False)])
def test_who_was_not_asked_is_counted_only_as_the_law_allows(here: Town, come: object, zone: str, asked_first: bool) -> None:
    page = come(zone)  # type: ignore[operator]
    page.wait_for_timeout(900)
    if asked_first:
        assert "troth_visitor" not in cookies(page)
        assert page.evaluate("localStorage.length") == 0
    else:
        until(lambda: seen(here.served.world("infinity"), visitor_id(page)), "a visit that the law allows to count")


@pytest.mark.parametrize("zone", [BERLIN, LONDON, LOS_ANGELES])
def test_refusing_leaves_nothing_that_points_to_the_visitor(here: Town, come: object, zone: str) -> None:
    page = come(zone)  # type: ignore[operator]
    page.wait_for_timeout(400)
    before = visitor_id(page)
    page.click("#troth-reject")
    page.wait_for_timeout(600)
    page.goto(here.sites["infinity"] + "/pricing")
    page.wait_for_timeout(900)
    assert cookies(page) <= {"troth_choice"}
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    if before:
        assert not seen(here.served.world("infinity"), before)
    page.reload()
    page.wait_for_timeout(500)
    assert not page.is_visible("#troth-reject"), "who refused is asked again"


@pytest.mark.parametrize("zone", [BERLIN, LONDON, LOS_ANGELES])
def test_agreeing_joins_the_views_of_one_visitor(here: Town, come: object, zone: str) -> None:
    page = come(zone)  # type: ignore[operator]
    page.click("#troth-accept")
    until(lambda: visitor_id(page), "the visitor's cookie after agreeing")
    page.goto(here.sites["infinity"] + "/pricing")
    until(
        lambda: any(row["items"].get("page.route") == "/pricing" for row in seen(here.served.world("infinity"), visitor_id(page))),
        "the view of an agreeing visitor",
    )  # type: ignore[attr-defined]


def test_withdrawing_one_purpose_removes_the_person_from_it_and_no_other(here: Town, come: object) -> None:
    page = come(LOS_ANGELES)  # type: ignore[operator]
    page.click("#troth-accept")
    page.goto(here.sites["infinity"] + "/pricing")
    id = visitor_id(page)
    world = here.served.world("infinity")
    until(lambda: seen(world, id, "call-journey") and seen(world, id), "the visit under both purposes")
    page.evaluate("troth.set({'call-journey': 'refused'})")
    until(lambda: not seen(world, id, "call-journey"), "the withdrawn purpose no longer sees the person")
    assert seen(world, id), "another purpose lost the person"
    page.click("#troth-back")
    page.wait_for_selector("dialog[open]")
    assert not page.is_checked("[data-purpose=call-journey]")


def test_two_clients_never_see_each_other(here: Town, come: object, browser: Browser) -> None:
    for site in ("harbour", "alder"):
        page = come(LOS_ANGELES, site)  # type: ignore[operator]
        page.click("#troth-accept")
        until(lambda page=page, site=site: seen(here.served.world(site), visitor_id(page)), f"a visit at {site}")
    harbour, alder = here.served.world("harbour"), here.served.world("alder")
    ids = {row["items"].get("cookie.visitor") for row in harbour.events("site-analytics")} - {None}
    others = {row["items"].get("cookie.visitor") for row in alder.events("site-analytics")} - {None}
    assert ids
    assert others
    assert not ids & others
    forged = httpx.get(f"{here.served.url}/api/alder/events?purpose=site-analytics", headers={"authorization": f"Bearer {harbour.access['api_key']}"})
    assert (forged.status_code, forged.json()["code"]) == (403, "other-workspace")
    page = here.sign_in(browser, "harbour")
    assert page.goto(f"{here.served.url}/alder/console/").status == 403  # type: ignore[union-attr]
    assert page.goto(f"{here.served.url}/infinity/console/").status == 403  # type: ignore[union-attr]
    page.context.close()
