"""What does a person meet who opens the chat? A sign at the lower right, a conversation by keyboard alone, and an answer.

In Chromium, on the example shop's own pages with their strict content policy, against a real server.
Source: WCAG 2.2 AA; ARIA Authoring Practices (dialog, log); npm axe-core.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.browser.test_axe import axe, violations
from tests.browser.visit import ROOT, site_server, until
from tests.serving import Served, serving
from troth.prove.behaviours.chatting import Talk
from troth.prove.world import World
from troth.serve import free_port

__all__ = ["axe"]  # a fixture
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
PORT = "8107"


@dataclass(frozen=True)
class Shop:
    """The shop with its chat, and a page elsewhere that copied its script."""

    served: Served
    origin: str
    elsewhere: str

    @property
    def world(self) -> World:
        return self.served.world("infi")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("chat")
    port = free_port()
    (folder / "examples" / "infi").mkdir(parents=True)
    text = (ROOT / "examples/infi/policy.yaml").read_text().replace(f":{PORT}", f":{port}")
    (folder / "examples/infi/policy.yaml").write_text(text)
    shutil.copytree(ROOT / "examples/sites", folder / "examples/sites")
    with serving(folder, folder / "examples") as served:
        serve = site_server()
        sites = [serve.start(serve.Site("infi", "infi", "INFI", one), served.url) for one in (port, 0)]
        yield Shop(served, sites[0].origin, sites[1].origin)
        for one in sites:
            one.shutdown()
            one.server_close()


class Visitor:
    """Somebody with a browser of their own."""

    def __init__(self, browser: Browser, shop: Shop, **options: object) -> None:
        self.context = browser.new_context(locale="en-GB", timezone_id="Europe/London", user_agent=AGENT, **options)  # type: ignore[arg-type]
        self.shop, self.complaints = shop, list[str]()
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._said)

    def _said(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning"):
            self.complaints.append(said.text)

    def go(self, path: str = "/", origin: str = "") -> Page:
        self.page.goto((origin or self.shop.origin) + path)
        return self.page

    def cookies(self) -> set[str]:
        return {str(one["name"]) for one in self.context.cookies()}


@pytest.fixture
def ada(browser: Browser, shop: Shop) -> Iterator[Visitor]:
    """Ada, at a desk."""
    found = Visitor(browser, shop, viewport={"width": 1280, "height": 800})
    yield found
    found.context.close()


def choice(page: Page) -> str | None:
    """What this browser says to counting its visits."""
    said = page.evaluate("window.troth ? window.troth.choices()['site-analytics'] || null : null")
    return None if said is None else str(said)


def write(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


@pytest.mark.promise("infi-094")
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (360, 740)])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_stands_at_the_lower_right_and_opens_a_chat(browser: Browser, shop: Shop, width: int, height: int, scheme: str) -> None:
    someone = Visitor(browser, shop, viewport={"width": width, "height": height}, color_scheme=scheme)
    page = someone.go()
    page.locator("#troth-reject").click()  # the question about cookies has gone from below it
    sign = page.get_by_role("button", name="Chat", exact=True)
    expect(sign).to_be_visible()
    box = sign.bounding_box()
    assert box and box["x"] + box["width"] > width - 40 and box["x"] > width / 2
    assert box["y"] + box["height"] > height - 40 and box["width"] >= 24 and box["height"] >= 44
    sign.click()
    panel = page.get_by_role("dialog", name="Chat with us")
    expect(panel).to_be_visible()
    held = panel.bounding_box()
    assert held and held["x"] >= 0 and held["y"] >= 0 and held["x"] + held["width"] <= width and held["y"] + held["height"] <= height
    assert someone.complaints == []
    someone.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_axe_finds_nothing_wrong_before_in_and_after_a_conversation(
        browser: Browser, shop: Shop, axe: str, width: int, scheme: str) -> None:
    someone = Visitor(browser, shop, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = someone.go()
    page.locator("#troth-reject").click()
    sign, log = page.get_by_role("button", name="Chat", exact=True), page.get_by_role("log")
    expect(sign).to_be_visible()
    assert violations(page, axe, "#troth-chat") == []
    sign.click()
    assert violations(page, axe, "#troth-chat") == []
    write(page, "Delete my data")
    expect(log).to_contain_text("privacy centre")
    assert violations(page, axe, "#troth-chat") == []
    page.evaluate("document.querySelector('#troth-chat').shadowRoot.querySelector('textarea').closest('label').firstChild.remove()")
    assert any(one.startswith("label:") for one in violations(page, axe, "#troth-chat")), "a check that cannot fail"
    someone.context.close()


def test_a_conversation_is_held_by_keyboard_alone(ada: Visitor) -> None:
    page = ada.go()
    assert "troth_chat" not in ada.cookies()
    page.get_by_role("button", name="Chat", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your message")).to_be_focused()
    assert "troth_chat" not in ada.cookies(), "something is kept before anybody wrote"
    write(page, "Is the till loud?")
    log = page.get_by_role("log")
    expect(log).to_contain_text("Is the till loud?")
    assert "troth_chat" in ada.cookies()
    assert Talk(ada.shop.world).answer("No louder than a cat.")["status"] == 200
    expect(log).to_contain_text("No louder than a cat.", timeout=8000)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Chat", exact=True)).to_be_focused()
    page.reload()
    page.get_by_role("button", name="Chat").click()
    expect(log).to_contain_text("No louder than a cat.")
    assert ada.complaints == []


def test_a_card_number_is_blanked_where_the_person_sees_it(ada: Visitor) -> None:
    page = ada.go()
    page.get_by_role("button", name="Chat", exact=True).click()
    write(page, "It is 4111 1111 1111 1111")
    expect(page.get_by_role("log")).to_contain_text("It is •••• •••• •••• ••••")
    expect(page.locator("#troth-chat").get_by_text("A number was blanked")).to_be_visible()


@pytest.mark.promise("infi-092")
def test_consent_taken_back_in_the_chat_is_taken_back_on_the_page(ada: Visitor) -> None:
    page = ada.go()
    until(lambda: choice(page) is not None, "the banner's choices are there")
    page.evaluate("window.troth.set({'site-analytics': 'given'})")
    until(lambda: choice(page) == "given" and "troth_visitor" in ada.cookies(), "the yes is kept")
    until(lambda: ada.shop.world.events("site-analytics"), "the visitor is known")
    page.get_by_role("button", name="Chat", exact=True).click()
    write(page, "Withdraw my consent")
    expect(page.get_by_role("log")).to_contain_text("Taken back for this browser")
    until(lambda: choice(page) == "refused" and "troth_visitor" not in ada.cookies(), "the page knows that it was taken back")


@pytest.mark.promise("cx-021")
def test_a_page_that_is_not_set_up_shows_and_sets_nothing(ada: Visitor) -> None:
    refused: list[str] = []  # Chromium keeps a refusal of another origin from the page, body, status and all
    ada.page.on("requestfailed", lambda request: refused.append(request.url.rpartition("/")[2]))
    page = ada.go(origin=ada.shop.elsewhere)
    page.wait_for_timeout(500)
    assert page.locator("#troth-chat").count() == 0
    assert "troth_chat" not in ada.cookies()
    assert "chat.js" in refused


def test_letters_of_every_script_come_and_go(ada: Visitor) -> None:
    page = ada.go()
    page.get_by_role("button", name="Chat", exact=True).click()
    for words in ("Привет, мир", "שלום עולם", "こんにちは", "<b>bold</b> & 'quoted'"):
        page.get_by_label("Your message").fill(words)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("log")).to_contain_text(words)
    assert ada.complaints == []
