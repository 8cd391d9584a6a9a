"""Can everybody use what people see: banner, preferences, placeholder, the privacy centre, the page that ends a list? Checked by axe-core.

At phone and at desktop width, light and dark, and from right to left; the chat in `test_chat.py`, beside its server.
What a program cannot see is looked at in the other tests here.
Source: WCAG 2.2 AA; npm axe-core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Open
from tests.browser.fake_server import FakeTroth
from tests.browser.visit import BERLIN
from tests.centre.conftest import Person, person, served, workspace, world
from tests.node_packages import node_package
from tests.serving import Served
from troth.disclose.unsubscribe import Subscription, link_for
from troth.workspace import Workspace

__all__ = ["person", "served", "workspace", "world"]  # fixtures
Scheme = Literal["light", "dark"]
SEEN: list[tuple[int, Scheme]] = [(360, "light"), (360, "dark"), (1280, "light"), (1280, "dark")]


@pytest.fixture(scope="module")
def axe() -> str:
    return (node_package("axe-core", "4.14.1") / "axe.min.js").read_text()


def violations(page: Page, axe: str, within: str = "") -> list[str]:
    """What axe-core finds wrong, each with where."""
    page.evaluate(axe)
    found: list[dict[str, Any]] = page.evaluate("async within => (await axe.run(within || document)).violations", within)
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize(("width", "scheme"), SEEN)
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_banner_preferences_and_placeholder(visit: Open, fake: FakeTroth, axe: str, width: int, scheme: Scheme, direction: str) -> None:
    fake.terms["elsewhere"] = ["call-journey"]
    cleo = visit(BERLIN, viewport={"width": width, "height": 800}, color_scheme=scheme)
    cleo.go()
    cleo.page.evaluate("""direction => {
        document.documentElement.dir = direction;
        const film = Object.assign(document.createElement('iframe'), {title: 'How we build a boat', width: 560, height: 315});
        film.dataset.purpose = 'personalisation'; film.dataset.src = 'https://film.example/one';
        document.querySelector('main').append(film);
    }""", direction)
    cleo.page.wait_for_selector(".troth-frame")
    assert violations(cleo.page, axe) == []
    cleo.page.click("#troth-choose")
    cleo.page.focus("#troth-save")
    assert violations(cleo.page, axe) == []
    cleo.page.keyboard.press("Escape")
    cleo.press("reject")
    assert violations(cleo.page, axe) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_example_sites_in_their_own_colours(visit: Open, sites: dict[str, str], axe: str, scheme: Scheme) -> None:
    for name in sites:
        cleo = visit(BERLIN, site=name, viewport={"width": 390, "height": 844}, color_scheme=scheme)
        cleo.go()
        assert violations(cleo.page, axe, "#troth-banner") == violations(cleo.page, axe, "#troth-foot") == [], name
        cleo.page.click("#troth-choose")
        assert violations(cleo.page, axe, "#troth-dialog") == [], name


@pytest.fixture
def look(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """A page of the real server in a browser of its own."""
    opened = []

    def open_(path: str, width: int, scheme: Scheme) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-GB")
        opened.append(context)
        page = context.new_page()
        answer = page.goto(served.url + path)
        assert answer and answer.status == 200, path
        return page

    yield open_
    for context in opened:
        context.close()


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_the_way_in_and_the_texts(look: Callable[..., Page], axe: str, width: int, scheme: Scheme) -> None:
    for path in ("/infinity/privacy", "/infinity/policy", "/infinity/cookies", "/infinity/policy/versions", "/infinity/promises"):
        assert violations(look(path, width, scheme), axe) == [], path


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_my_choices_with_their_history_my_data_and_my_rights(
        look: Callable[..., Page], axe: str, person: Callable[..., Person], width: int, scheme: Scheme) -> None:
    ada = person()
    page = look(f"/infinity/privacy/open?t={ada.ask_for_link()}", width, scheme)
    assert violations(page, axe) == []
    page.get_by_role("button", name="Open my page").click()
    page.locator("form button", has_text="Allow").or_(page.locator("form button", has_text="Stop this")).first.click()
    assert page.get_by_role("status").count()
    for name in ("My choices", "My data", "My rights"):
        page.get_by_role("link", name=name, exact=True).first.click()
        assert page.get_by_role("heading", name=name, level=1).is_visible()
        assert violations(page, axe) == [], name


@pytest.mark.parametrize(("width", "scheme"), SEEN)
def test_the_page_that_ends_a_list(look: Callable[..., Page], axe: str, workspace: Workspace, width: int, scheme: Scheme) -> None:
    page = look(urlsplit(link_for(workspace, Subscription(7, "marketing-email"))).path, width, scheme)
    assert violations(page, axe) == []
    page.locator("button").first.click()
    assert violations(page, axe) == []


def test_what_is_wrong_is_found(visit: Open, axe: str) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    cleo.page.evaluate("document.querySelector('#troth-reject').textContent = ''")
    assert any("button-name" in one for one in violations(cleo.page, axe))
