"""Does what others put into a page wait for a yes, and go with a no? Tags, films, Google's signals, their cookies; a real Chromium.

The page and the tags are made up here and served in place of the site's; nothing leaves this machine.
Source: Directive 2002/58/EC Art. 5(3); GDPR Art. 7(3); Google Consent Mode v2.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.browser.conftest import Open
from tests.browser.fake_server import FakeTroth
from tests.browser.visit import BERLIN, GPC, LOS_ANGELES, Visit, until

CSP = "default-src 'none'; script-src {server} https://tags.example 'nonce-n1'; connect-src {server}; frame-src https://film.example"
NOTE = "(window.order = window.order || []).push('{name}')"
SIGNALS = ["ad_storage", "analytics_storage", "personalization_storage"]
Lay = Callable[..., list[str]]


class Page(BaseHTTPRequestHandler):
    """One page of a made-up site, whatever is asked for."""

    body, csp = "", ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        if self.csp:
            self.send_header("content-security-policy", self.csp)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def page(fake: FakeTroth) -> Iterator[tuple[str, type[Page]]]:
    """The made-up site, with its origin."""
    served = type("One", (Page,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), served)
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    fake.origins.append(origin)
    yield origin, served
    server.shutdown()
    server.server_close()


@pytest.fixture
def lay(fake: FakeTroth, page: tuple[str, type[Page]]) -> Lay:
    """Put a page together, under a strict policy, and open it; returns what is fetched from others, as it comes."""

    def put(visit: Visit, body: str, head: str = "") -> list[str]:
        fetched: list[str] = []
        visit.site, served = page
        served.csp = CSP.format(server=fake.origin)
        served.body = (f'<!doctype html><html lang="en"><head><title>Tags</title>{head}<script src="{fake.origin}/infinity/troth.js" defer></script>'
                       f"</head><body><h1>Tags</h1>{body}</body></html>")

        def other(route: Route) -> None:
            fetched.append(route.request.url)
            name = route.request.url.rpartition("/")[2].removesuffix(".js")
            film = "film.example" in route.request.url
            route.fulfill(status=200, content_type="text/html" if film else "text/javascript", headers={"access-control-allow-origin": "*"},
                          body="<title>film</title><p>A film</p>" if film else NOTE.format(name=name) + f"; document.cookie = '_{name}_x1=1;path=/'")

        visit.context.route("https://*.example/**", other)
        visit.go("/embedded")
        return fetched

    return put


def order(visit: Visit) -> list[str]:
    found: list[str] = visit.page.evaluate("window.order || []")
    return found


TAGS = """
<script type="text/plain" data-purpose="site-analytics" data-src="https://tags.example/first.js"></script>
<script type="text/plain" data-purpose="site-analytics" nonce="n1">(window.order = window.order || []).push('second')</script>
<script type="text/plain" data-purpose="personalisation, site-analytics" data-src="https://tags.example/third.js" id="kept"></script>
<script type="text/plain" data-purpose="site-analytics" data-type="module" data-src="https://tags.example/fourth.js"></script>
<script type="text/plain" data-purpose="no-such-purpose" data-src="https://tags.example/never.js"></script>
"""


# ---- scripts ----

def test_tags_wait_for_a_yes_and_then_run_in_their_order_under_a_strict_policy(visit: Open, lay: Lay) -> None:
    ada = visit(BERLIN)
    fetched = lay(ada, TAGS)
    assert ada.asked() and order(ada) == [] and fetched == [] and ada.cookies() == {}
    ada.press("accept")
    until(lambda: len(order(ada)) == 4, "the four tags")
    assert order(ada) == ["first", "second", "third", "fourth"]
    assert ada.page.get_attribute("#kept", "data-purpose") == "personalisation, site-analytics"
    assert not any("never" in one for one in fetched)


def test_refusing_runs_no_tag_now_or_later_and_where_nobody_is_asked_first_they_run_at_once(visit: Open, lay: Lay) -> None:
    ben = visit(BERLIN)
    fetched = lay(ben, TAGS)
    ben.press("reject")
    ben.go("/embedded")
    ben.page.wait_for_timeout(300)
    assert fetched == [] and order(ben) == []
    cal = visit(LOS_ANGELES)
    lay(cal, TAGS)
    until(lambda: len(order(cal)) == 4, "the tags, before any choice")


def test_a_yes_to_one_purpose_runs_its_tags_alone(visit: Open, lay: Lay) -> None:
    ada = visit(BERLIN)
    lay(ada, TAGS)
    ada.page.evaluate("troth.set({'personalisation': 'given', 'site-analytics': 'refused', 'call-journey': 'refused'})")
    until(lambda: order(ada) == ["third"], "the one tag")
    ada.page.wait_for_timeout(200)
    assert order(ada) == ["third"]


def test_a_tag_that_is_put_in_later_runs_too_and_only_once(visit: Open, lay: Lay) -> None:
    ada = visit(BERLIN)
    fetched = lay(ada, "<div id=place></div>")
    ada.press("accept")
    ada.page.evaluate("""() => {
        const tag = document.createElement('script'); tag.type = 'text/plain'; tag.dataset.purpose = 'site-analytics';
        tag.dataset.src = 'https://tags.example/later.js'; document.getElementById('place').append(tag);
    }""")
    until(lambda: order(ada) == ["later"], "the later tag")
    ada.page.evaluate("troth.set({'call-journey': 'refused'})")
    ada.page.wait_for_timeout(200)
    assert order(ada) == ["later"] and len(fetched) == 1


def test_a_tag_that_cannot_be_had_does_not_hold_up_the_next(visit: Open, lay: Lay) -> None:
    ada = visit(BERLIN)
    lay(ada, TAGS)
    ada.context.route("https://tags.example/first.js", lambda route: route.abort())
    ada.press("accept")
    until(lambda: order(ada) == ["second", "third", "fourth"], "the others")


def test_withdrawing_loads_the_page_anew_without_the_tag_and_without_its_cookies(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    fake.terms["cookies"] = [{"name": "troth_choice", "purposes": []}, {"name": "_first_*", "purposes": ["site-analytics"]},
                             {"name": "_third_x1", "purposes": ["site-analytics"]}, {"name": "_fourth_*", "purposes": ["site-analytics"]}]
    ben = visit(BERLIN)
    fetched = lay(ben, TAGS)
    ben.press("accept")
    until(lambda: len(order(ben)) == 4, "the tags")
    ben.page.evaluate("localStorage.setItem('_first_seen', '1'); sessionStorage.setItem('_first_tab', '1'); localStorage.setItem('_firstly', '1')")
    assert {"_first_x1", "_third_x1", "_fourth_x1"} <= set(ben.cookies())
    ben.page.click("#troth-back")
    with ben.page.expect_navigation():
        ben.press("dialog-reject")
    ben.page.wait_for_selector("#troth-back")
    assert order(ben) == [] and len(fetched) == 3 and list(ben.cookies()) == ["troth_choice"]
    assert fake.answers[-1]["how"] == "reject-all"
    assert ben.page.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]") == [["_firstly"], []]


def test_what_one_tab_withdraws_ends_the_tag_in_the_other(visit: Open, lay: Lay) -> None:
    ben = visit(BERLIN)
    lay(ben, TAGS)
    ben.press("accept")
    until(lambda: len(order(ben)) == 4, "the tags")
    other = ben.go("/embedded", ben.tab())
    other.evaluate("troth.set({'site-analytics': 'refused', 'personalisation': 'refused', 'call-journey': 'refused'})")
    until(lambda: "refused" in str(ben.choice()), "the withdrawal")
    with ben.page.expect_navigation():
        ben.page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")
    ben.page.wait_for_selector("#troth-back")
    assert order(ben) == []


def test_what_the_policy_does_not_list_can_be_listed(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    fake.terms["cookies"] = [{"name": "troth_*", "purposes": []}, {"name": "_third_x1", "purposes": ["personalisation"]}]
    ada = visit(BERLIN)
    lay(ada, TAGS)
    assert ada.page.evaluate("troth.undeclared()") == []
    ada.press("accept")
    until(lambda: len(order(ada)) == 4, "the tags")
    ada.page.evaluate("localStorage.setItem('left_behind', '1')")
    assert sorted(ada.page.evaluate("troth.undeclared()")) == ["_first_x1", "_fourth_x1", "left_behind"]


# ---- frames ----

FILM = '<iframe data-purpose="personalisation" data-src="https://film.example/one" title="How we build a boat" width="640" height="360"></iframe>'


def test_a_film_is_a_placeholder_until_its_own_button_allows_it(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    ada = visit(BERLIN)
    fetched = lay(ada, FILM)
    place = ada.page.get_by_role("group", name="How we build a boat")
    expect(place).to_be_visible()
    assert "Fitting pages to you" in place.inner_text() and fetched == [] and ada.page.locator("iframe").count() == 0
    assert place.bounding_box()["height"] >= 360  # type: ignore[index]
    place.get_by_role("button", name="Allow and show").click()
    until(lambda: fake.answers, "the recorded choice")
    assert fake.answers[0]["choices"] == {"personalisation": "given"} and fake.answers[0]["how"] == "choose"
    expect(ada.page.frame_locator("iframe").locator("p")).to_have_text("A film")
    assert ada.page.evaluate("document.activeElement.tagName") == "IFRAME"
    assert ada.page.locator("#troth-banner li").count() == 2, "the other purposes are still asked about"
    ada.go("/embedded")
    expect(ada.page.frame_locator("iframe").locator("p")).to_have_text("A film")


def test_withdrawing_puts_the_placeholder_back_without_loading_the_page_anew(visit: Open, lay: Lay) -> None:
    ben = visit(BERLIN)
    fetched = lay(ben, FILM)
    ben.press("accept")
    expect(ben.page.frame_locator("iframe").locator("p")).to_have_text("A film")
    ben.page.evaluate("window.before = true")
    ben.page.click("#troth-back")
    ben.press("dialog-reject")
    expect(ben.page.get_by_role("group", name="How we build a boat")).to_be_visible()
    assert ben.page.locator("iframe").count() == 0 and len(ben.page.frames) == 1
    assert ben.page.evaluate("window.before") is True and len(fetched) == 1


def test_under_the_privacy_signal_the_placeholder_says_why_and_has_no_button(visit: Open, lay: Lay) -> None:
    gil = visit(BERLIN, init=GPC)
    lay(gil, FILM)
    place = gil.page.get_by_role("group", name="How we build a boat")
    assert "signal is honoured" in place.inner_text() and place.get_by_role("button").count() == 0


def test_a_film_for_what_was_forbidden_elsewhere_says_so_and_one_for_nothing_we_know_stays_shut(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    fake.terms["elsewhere"] = ["personalisation"]
    ada = visit(LOS_ANGELES)
    fetched = lay(ada, FILM + FILM.replace("personalisation", "no-such-purpose").replace("boat", "kite"))
    place = ada.page.get_by_role("group", name="How we build a boat")
    assert "You said no to this elsewhere" in place.inner_text() and place.get_by_role("button").count() == 0
    assert ada.page.get_by_role("group", name="How we build a kite").inner_text().strip() == "How we build a kite" and fetched == []


def test_what_needs_no_question_is_there_from_the_start(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    fake.terms["free"] = ["transactions"]
    cleo = visit(BERLIN)
    lay(cleo, FILM.replace("personalisation", "transactions"))
    assert cleo.asked()
    expect(cleo.page.frame_locator("iframe").locator("p")).to_have_text("A film")


# ---- a service that may be denied ----

PARTS = '<p id="service" data-troth-cookies="needed">The service</p><p id="why" data-troth-cookies="refused" hidden>It needs a cookie</p>'


@pytest.mark.parametrize(("rule", "open_to"), [("may-deny", {"unasked", "given"}), ("serve", {"unasked", "given", "refused"})])
def test_who_refuses_cookies_is_denied_a_part_only_where_the_policy_says_so_and_told_why(
        visit: Open, fake: FakeTroth, lay: Lay, rule: str, open_to: set[str]) -> None:
    fake.terms["asking"] = {"mode": "ask-first", "without_cookies": rule}
    nora = visit(BERLIN)
    lay(nora, PARTS)
    for state, press in (("unasked", ""), ("refused", "reject"), ("given", "dialog-accept")):
        if press.startswith("dialog"):
            nora.page.click("#troth-back")
        if press:
            nora.press(press)
        assert (nora.page.is_visible("#service"), nora.page.is_visible("#why")) == (state in open_to, state not in open_to), state


# ---- Google's signals ----

def told(visit: Visit) -> list[Any]:
    found: list[Any] = visit.page.evaluate("(window.dataLayer || []).map(one => [...one])")
    return found


def test_google_is_told_of_a_no_before_any_tag_and_of_each_change_after(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    fake.config["signals"] = SIGNALS
    both = ["personalisation", "call-journey"]
    fake.terms["signals"] = {"analytics_storage": ["site-analytics"], "personalization_storage": both, "ad_storage": []}
    ada = visit(BERLIN)
    lay(ada, '<script type="text/plain" data-purpose="site-analytics" nonce="n1">window.order = dataLayer.map(one => one[1])</script>')
    no = dict.fromkeys(SIGNALS, "denied")
    assert told(ada)[0] == ["consent", "default", no | {"security_storage": "granted", "wait_for_update": 500}]
    assert [one[2] for one in told(ada)[1:]] == [no]
    ada.page.evaluate("troth.set({'site-analytics': 'given', 'personalisation': 'given', 'call-journey': 'refused'})")
    until(lambda: order(ada), "the tag")
    assert order(ada) == ["default", "update", "update"], "the tag ran before the yes was told"
    assert told(ada)[-1] == ["consent", "update", no | {"analytics_storage": "granted"}]
    ada.page.evaluate("troth.set({'call-journey': 'given'})")
    assert told(ada)[-1][2] == no | {"analytics_storage": "granted", "personalization_storage": "granted"}


def test_where_the_policy_has_no_google_tags_nothing_is_left_for_them(visit: Open, lay: Lay) -> None:
    ada = visit(BERLIN)
    lay(ada, "")
    ada.press("accept")
    assert ada.page.evaluate("typeof window.dataLayer") == "undefined"


# ---- known from elsewhere ----

def test_what_the_person_forbade_elsewhere_is_off_here_and_not_asked(visit: Open, fake: FakeTroth, lay: Lay) -> None:
    ada = visit(BERLIN)
    lay(ada, TAGS)
    ada.page.evaluate("troth.set({'site-analytics': 'given', 'personalisation': 'given', 'call-journey': 'given'})")
    until(lambda: len(order(ada)) == 4, "the tags")
    fake.terms["elsewhere"] = ["site-analytics"]
    ada.go("/embedded")
    assert not ada.asked() and fake.asks[-1]["visitor"] == ada.id()
    until(lambda: order(ada) == ["third"], "what the other purpose allows")
    ada.page.click("#troth-back")
    assert ada.page.is_disabled("#troth-purpose-site-analytics") and not ada.page.is_checked("#troth-purpose-site-analytics")
    assert "You said no to this elsewhere" in ada.page.inner_text("#troth-dialog")
    ada.press("dialog-accept")
    assert "site-analytics" not in fake.answers[-1]["choices"]


def test_a_no_said_in_the_privacy_centre_reaches_the_browser_and_can_be_taken_back_there(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go()
    ada.press("accept")
    fake.terms["refused"] = ["personalisation"]
    ada.go()
    assert ada.page.evaluate("troth.choices()") == {"site-analytics": "given", "call-journey": "given", "personalisation": "refused"}
    assert len(fake.answers) == 1, "the server knows already"
    fake.terms["refused"] = []
    ada.page.evaluate("troth.set({'personalisation': 'given'})")
    until(lambda: len(fake.answers) == 2, "the new yes")
    assert ada.page.evaluate("troth.choices()")["personalisation"] == "given"


def test_who_refused_sends_no_identifier_when_asking_what_holds(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("reject")
    ben.context.add_cookies([{"name": "troth_visitor", "value": "0" * 32, "url": ben.site}])
    ben.go()
    assert [bool(ask["visitor"]) for ask in fake.asks] == [False, False]


def test_in_a_sandbox_without_storage_nothing_breaks(visit: Open, fake: FakeTroth, page: tuple[str, type[Page]]) -> None:
    nora = visit(BERLIN)
    page[1].body = f'<iframe sandbox="allow-scripts" srcdoc="<script src=&quot;{fake.origin}/infinity/troth.js&quot;></script><h1>Box</h1>"></iframe>'
    nora.page.goto(page[0] + "/box")
    nora.page.wait_for_timeout(500)
    said = nora.page.frames[1].evaluate("[typeof troth, troth.choices(), troth.remember('a', 'b')]")
    assert said == ["object", {}, False]
    nora.complaints[:] = [one for one in nora.complaints if "CORS" not in one]  # the fake lets listed sites alone ask it
