"""Does the centre work in a real browser: the number a site brings along, without script, at phone width, light and dark?"""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page

from tests.browser.conftest import Open
from tests.browser.visit import BERLIN, LOS_ANGELES, until
from tests.centre.conftest import CALIFORNIA, Person, person, served, workspace, world
from tests.serving import Served
from troth.prove.world import World

__all__ = ["person", "served", "workspace", "world"]  # fixtures
People = Callable[..., Person]


def complaints_of(page: Page) -> list[str]:
    """What the browser complains of from now on."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_the_number_a_site_brings_along_opens_the_browsers_own_page_and_leaves_the_address_bar(
    browser: Browser, served: Served, world: World
) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    context = browser.new_context()
    page = context.new_page()
    complaints = complaints_of(page)
    page.goto(f"{served.url}/infinity/privacy#v={visitor.id}")
    assert visitor.id not in page.url
    page.get_by_role("button", name="Open what this browser sent").click()
    page.get_by_role("button", name="Stop this: Learning how the site is used").click()
    assert "has stopped" in page.get_by_role("status").inner_text()
    assert visitor.click("https://x.example/", "x.example")["refused"] == {"objected": 1}
    page.get_by_role("link", name="My data").click()
    assert visitor.id in page.content()
    assert [cookie["name"] for cookie in context.cookies()] == ["troth_centre"] and complaints == []
    context.close()


def test_the_way_in_by_mail_needs_no_script_and_fits_a_phone(browser: Browser, served: Served, person: People) -> None:
    ada = person()
    token = ada.ask_for_link()
    for scheme in ("light", "dark"):
        context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{served.url}/infinity/privacy/open?t={token}")
        page.get_by_role("button", name="Open my page").click()
        for name in ("My choices", "My data", "My rights"):
            page.get_by_role("link", name=name, exact=True).first.click()
            assert page.get_by_role("heading", name=name, level=1).is_visible()
            widest = page.locator("main").bounding_box()
            assert widest is not None and widest["x"] >= 0 and widest["x"] + widest["width"] <= 360
        context.close()
        token = ada.ask_for_link()


def test_the_sites_link_to_the_centre_brings_the_number_along_only_while_there_is_one(visit: Open) -> None:
    cal = visit(LOS_ANGELES)
    cal.go()
    until(lambda: "troth_visitor" in cal.cookies(), "the number is given out")
    number = cal.cookies()["troth_visitor"]
    cal.page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    link = cal.page.locator("#troth-banner a", has_text="Privacy centre")
    link.click()
    assert link.evaluate("link => link.hash") == f"#v={number}"
    cleo = visit(BERLIN)
    cleo.go()
    cleo.page.evaluate("document.addEventListener('click', event => event.preventDefault())")
    link = cleo.page.locator("#troth-banner a", has_text="Privacy centre")
    link.click()
    assert link.evaluate("link => link.hash") == "#v=null" and "troth_visitor" not in cleo.cookies()
