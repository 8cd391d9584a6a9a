"""Does the browser keep and send only what the person allows? Everything seen from a real Chromium; the server's half is a fake.

Source: infinity-090, 091, 097, 098, 099, 101; GDPR Art. 7; Global Privacy Control.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Open
from tests.browser.fake_server import FakeTroth
from tests.browser.visit import BERLIN, GPC, LONDON, LOS_ANGELES, Visit, until
from tests.conftest import CHROMIUM
from troth.browser import script
from troth.collect.embedded import SIGNALS

ALL = ["site-analytics", "call-journey", "personalisation"]


# ---- not yet asked ----

def test_before_the_answer_europe_keeps_nothing_and_sends_no_id(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go("/?utm_source=letter&fbclid=pointer")
    assert ada.asked()
    ada.page.click("nav a[href='/pricing']")
    until(lambda: len(fake.events) >= 2, "the page view and the click arrive when the page is left")
    assert ada.cookies() == {} and ada.stored() == 0
    assert all("anonymousId" not in event for event in fake.events)
    assert {event["context"]["consent"]["cookies"] for event in fake.events} == {"unasked"}
    assert fake.pages()[0]["context"]["page"]["url"].endswith("/?utm_source=letter")
    assert "title" not in fake.pages()[0]["context"]["page"]
    assert ada.number() == "020 7946 0100" and fake.leases == []


def test_a_page_view_waits_only_a_moment_for_the_answer(visit: Open, fake: FakeTroth) -> None:
    visit(BERLIN).go()
    until(lambda: len(fake.pages()) == 1, "the unanswered page view is sent without an id")
    assert "anonymousId" not in fake.pages()[0]


def test_before_the_answer_california_is_counted_and_offered_an_opt_out(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go()
    until(fake.pages, "the page view")
    assert fake.pages()[0]["anonymousId"] == cal.id() and re.fullmatch("[0-9a-f]{32}", cal.id() or "")
    assert "troth_choice" not in cal.cookies()
    assert "turn it" not in cal.page.inner_text("#troth-banner"), "its first sentence says it for all"
    cal.page.click("#troth-choose")
    assert "On unless you turn it off" in cal.page.inner_text("#troth-dialog")
    assert toggles(cal) == {name: True for name in ALL}
    until(lambda: cal.number() == "020 7946 0101", "the lent number")


def test_where_refusing_is_left_to_the_browser_only_what_law_asks_first_is_asked(visit: Open, fake: FakeTroth) -> None:
    fake.terms["asking"] = {"mode": "browser-only"}
    cal, bea = visit(LOS_ANGELES), visit(LONDON)
    cal.go()
    until(fake.pages, "the page view")
    assert not cal.asked() and fake.pages()[0]["anonymousId"] == cal.id()
    cal.page.click("#troth-back")
    cal.page.click("#troth-dialog-reject")
    until(lambda: cal.id() is None, "the identifier goes with the no said at the button")
    bea.go()
    assert bea.asked()
    asked = bea.page.inner_text("#troth-banner")
    assert "Fitting pages to you" in asked and "Learning how the site is used" not in asked


def test_britain_counts_at_once_but_asks_before_it_joins_calls(visit: Open, fake: FakeTroth) -> None:
    bea = visit(LONDON)
    bea.go()
    until(fake.pages, "the page view")
    assert fake.pages()[0]["anonymousId"] == bea.id()
    rows = bea.page.locator("#troth-banner li").all_inner_texts()
    assert ["On unless" in row for row in rows] == [True, False, False] and ["Off unless" in row for row in rows] == [False, True, True]
    bea.page.click("#troth-choose")
    assert toggles(bea) == {"site-analytics": True, "call-journey": False, "personalisation": False}
    assert bea.number() == "020 7946 0100" and fake.leases == []


# ---- refusing, agreeing, choosing ----

def test_refusing_keeps_one_cookie_without_an_id_and_is_not_asked_again(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("reject")
    assert not ben.asked() and list(ben.cookies()) == ["troth_choice"]
    assert fake.answers[0] == {
        "key": "pk_test", "anonymousId": None, "choices": {name: "refused" for name in ALL}, "how": "reject-all",
        "screen": "s1", "version": "1", "tz": BERLIN, "lang": "en"}
    until(fake.pages, "the anonymous page view")
    ben.go("/pricing")
    until(lambda: len(fake.pages()) == 2, "the next page view")
    assert not ben.asked() and list(ben.cookies()) == ["troth_choice"] and ben.stored() == 0
    assert all("anonymousId" not in event for event in fake.events)
    assert {event["context"]["consent"]["cookies"] for event in fake.events} == {"refused"}
    assert ben.number() == "020 7946 0100"


def test_agreeing_makes_an_id_that_is_recognised_on_the_next_page(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go()
    ada.press("accept")
    until(fake.pages, "the page view that waited")
    until(lambda: ada.number() == "020 7946 0101", "the lent number")
    first = ada.id()
    assert fake.answers[0]["how"] == "accept-all" and fake.answers[0]["anonymousId"] == first
    assert fake.leases[0] == {"visitor": first}
    ada.go("/pricing")
    until(lambda: len(fake.pages()) == 2, "the next page view")
    assert [event["anonymousId"] for event in fake.pages()] == [first, first] and ada.id() == first
    assert {event["context"]["consent"]["cookies"] for event in fake.pages()} == {"accepted"}
    assert not ada.asked()


def test_an_answer_reaches_the_server_before_the_events_that_rest_on_it(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go()
    fake.fail_next("/infinity/consent", 429)
    ada.page.click("#troth-accept")
    until(fake.pages, "the page view")
    assert len(fake.answers) == 1 and fake.pages()[0]["anonymousId"] == fake.answers[0]["anonymousId"]
    assert "unsent" not in ada.choice()


def test_nothing_is_ticked_beforehand_where_one_is_asked_first(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    cleo.page.click("#troth-choose")
    assert toggles(cleo) == {name: False for name in ALL}
    cleo.page.click("label[for=troth-purpose-site-analytics]")
    cleo.press("save")
    assert fake.answers[0]["choices"] == {"site-analytics": "given", "call-journey": "refused", "personalisation": "refused"}
    assert fake.answers[0]["how"] == "choose" and fake.answers[0]["anonymousId"] == cleo.id()
    assert cleo.id() and not cleo.asked() and cleo.number() == "020 7946 0100"


def test_closing_the_preferences_keeps_nothing_and_gives_focus_back(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    for way in ("Escape", "close"):
        cleo.page.focus("#troth-choose")
        cleo.page.keyboard.press("Enter")
        cleo.page.click("label[for=troth-purpose-call-journey]")
        cleo.page.keyboard.press(way) if way == "Escape" else cleo.page.click("#troth-close")
        expect(cleo.page.locator("#troth-dialog")).to_have_count(0)
        assert cleo.page.evaluate("document.activeElement.id") == "troth-choose"
    cleo.page.mouse.wheel(0, 2000)
    assert cleo.asked() and cleo.cookies() == {} and fake.answers == []


# ---- taking it back ----

def test_objecting_names_the_old_id_once_and_removes_it(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go()
    until(lambda: cal.number() == "020 7946 0101", "the lent number")
    old = cal.id()
    cal.press("reject")
    assert fake.answers[0]["anonymousId"] == old and fake.answers[0]["how"] == "reject-all"
    assert list(cal.cookies()) == ["troth_choice"] and cal.number() == "020 7946 0100"
    cal.go("/pricing")
    until(lambda: len(fake.pages()) == 2, "the next page view")
    assert "anonymousId" not in fake.pages()[1] and list(cal.cookies()) == ["troth_choice"]


def test_withdrawing_one_purpose_leaves_the_others(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("accept")
    until(lambda: ben.number() == "020 7946 0101", "the lent number")
    kept = ben.id()
    ben.page.click("#troth-back")
    ben.page.click("label[for=troth-purpose-call-journey]")
    ben.press("save")
    assert fake.answers[1]["how"] == "withdraw" and fake.answers[1]["choices"]["call-journey"] == "refused"
    assert fake.answers[1]["choices"]["site-analytics"] == "given" and fake.answers[1]["anonymousId"] == kept == ben.id()
    assert ben.number() == "020 7946 0100"


def test_withdrawing_everything_removes_every_cookie_and_store_that_rested_on_it(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("accept")
    old = ben.id()
    ben.go("/pricing")
    ben.page.evaluate("localStorage.setItem('old_counter', '7'); document.cookie = 'old_counter=7;path=/'")
    assert set(ben.cookies()) == {"troth_choice", "troth_visitor", "troth_view", "old_counter"}
    ben.page.click("#troth-back")
    ben.press("dialog-reject")
    assert list(ben.cookies()) == ["troth_choice"] and ben.stored() == 0
    assert fake.answers[1]["anonymousId"] == old


def test_what_one_tab_withdraws_holds_in_the_other(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("accept")
    other = ben.go("/product", ben.tab())
    until(lambda: len(fake.pages()) == 2, "both page views")
    other.evaluate("troth.set({'site-analytics': 'refused', 'call-journey': 'refused', 'personalisation': 'refused'})")
    until(lambda: len(fake.answers) == 2, "the withdrawal")
    ben.page.evaluate("troth.track('Feature Used', {feature: 'menu'})")
    until(lambda: fake.tracked("Feature Used"), "the event from the first tab")
    assert "anonymousId" not in fake.tracked("Feature Used")[0] and ben.id() is None


def test_an_id_that_others_planted_is_not_sent_after_a_refusal(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("reject")
    ben.page.evaluate("document.cookie = 'troth_visitor=0123456789abcdef0123456789abcdef;path=/'; troth.track('Feature Used', {})")
    until(lambda: fake.tracked("Feature Used"), "the event")
    assert "anonymousId" not in fake.tracked("Feature Used")[0]
    ben.go("/pricing")
    assert ben.id() is None


def test_agreeing_again_after_a_refusal_makes_a_new_id(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("accept")
    first = ben.id()
    for what in ("reject", "accept"):
        ben.page.click("#troth-back")
        ben.press("dialog-" + what)
    assert ben.id() and ben.id() != first


# ---- asking again ----

def test_an_answer_is_asked_for_again_after_half_a_year_and_a_refusal_holds_meanwhile(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go()
    cal.press("reject")
    expires = next(one["expires"] for one in cal.context.cookies() if one["name"] == "troth_choice")
    assert 179 < (expires - cal.page.evaluate("Date.now()") / 1000) / 86400 <= 180
    for days, asked in ((179, False), (181, True)):
        kept = re.sub(r"\d{4}-\d\d-\d\d", cal.page.evaluate(f"new Date(Date.now() - {days} * 864e5).toISOString().slice(0, 10)"),
                      json.dumps(cal.choice()))
        cal.page.evaluate("kept => document.cookie = 'troth_choice=' + encodeURIComponent(kept) + ';path=/;max-age=9999'", kept)
        cal.go("/pricing")
        assert cal.asked() is asked and cal.id() is None


def test_only_a_new_purpose_is_asked_for_and_one_that_left_is_forgotten(visit: Open, fake: FakeTroth) -> None:
    ada = visit(BERLIN)
    ada.go()
    ada.press("accept")
    fake.purposes.pop("call-journey")
    fake.purposes["improvement"] = ("Improving the service", "Let us use how you use the site to improve the service.", "nothing")
    fake.regimes["gdpr"].add("improvement")
    ada.go("/pricing")
    assert ada.page.locator("#troth-banner li").all_inner_texts() == ["Improving the service"]
    assert set(ada.choice()["purposes"]) == {"site-analytics", "personalisation"} and ada.id()
    assert ada.number() == "020 7946 0100"
    ada.press("reject")
    assert fake.answers[1]["choices"] == {"improvement": "refused"}
    assert ada.page.evaluate("troth.choices()") == {"site-analytics": "given", "personalisation": "given", "improvement": "refused"}
    assert ada.id()


# ---- signals and browsers that say no ----

def test_the_privacy_signal_is_honoured_shown_and_recorded_once(visit: Open, fake: FakeTroth) -> None:
    gil = visit(LOS_ANGELES, init=GPC)
    gil.go()
    until(lambda: fake.answers, "the signal is recorded")
    assert fake.answers[0]["how"] == "gpc" and fake.answers[0]["anonymousId"] == gil.id()
    assert fake.answers[0]["choices"] == {"call-journey": "refused", "personalisation": "refused"}
    assert "signal is honoured" in gil.page.inner_text("#troth-banner")
    assert gil.page.locator("#troth-banner li").count() == 1
    gil.press("accept")
    gil.go("/pricing")
    until(lambda: len(fake.pages()) == 2, "the next page view")
    assert [answer["how"] for answer in fake.answers] == ["gpc", "accept-all"]
    assert fake.answers[1]["choices"] == {"site-analytics": "given"}
    assert "signal is honoured" in gil.page.inner_text("#troth-foot")
    gil.page.click("#troth-back")
    assert toggles(gil) == {"site-analytics": True, "call-journey": False, "personalisation": False}
    assert gil.page.is_disabled("#troth-purpose-call-journey") and fake.leases == []


def test_the_privacy_signal_alone_makes_no_id_where_one_is_asked_first(visit: Open, fake: FakeTroth) -> None:
    gil = visit(BERLIN, init=GPC)
    gil.go()
    assert gil.cookies() == {} and fake.answers == []
    gil.press("accept")
    until(lambda: len(fake.answers) == 2, "the answer and the signal")
    assert {answer["how"]: set(answer["choices"]) for answer in fake.answers} == {
        "accept-all": {"site-analytics"}, "gpc": {"call-journey", "personalisation"}}


def test_a_signal_that_comes_later_overrides_what_was_given(visit: Open, fake: FakeTroth) -> None:
    gil = visit(BERLIN)
    gil.go()
    gil.press("accept")
    old = gil.id()
    fake.terms["gpc"] = ALL
    gil.context.add_init_script(GPC)
    gil.go("/pricing")
    until(lambda: len(fake.answers) == 2, "the signal is recorded")
    assert fake.answers[1]["anonymousId"] == old and fake.answers[1]["how"] == "gpc"
    assert list(gil.cookies()) == ["troth_choice"] and not gil.asked()


def test_a_browser_that_refuses_cookies_is_served_without_an_id_or_an_error(
        browser: Browser, fake: FakeTroth, sites: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "Default").mkdir()
    refusing = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default/Preferences").write_text(json.dumps(refusing))
    context = browser.browser_type.launch_persistent_context(
        str(tmp_path), executable_path="/usr/bin/chromium", args=CHROMIUM, timezone_id=LOS_ANGELES, locale="en-GB")
    try:
        nora = Visit(context, sites["infinity"], fake)
        nora.go()
        assert not nora.asked() and nora.number() == "020 7946 0100"
        nora.page.click("#troth-back")
        assert "refuses cookies" in nora.page.inner_text("#troth-dialog")
        nora.go("/pricing")
        until(lambda: len(fake.pages()) == 2, "anonymous page views")
        assert all("anonymousId" not in event for event in fake.events) and nora.cookies() == {}
        assert {event["context"]["consent"]["cookies"] for event in fake.events} == {"refused"}
        assert nora.complaints == [] and fake.answers == []
    finally:
        context.close()


@pytest.mark.parametrize("broken", [
    "Object.defineProperty(Document.prototype, 'cookie', {get() { throw new Error('no') }, set() { throw new Error('no') }})",
    "Object.defineProperty(Document.prototype, 'cookie', {get: () => '', set() {}})",
    "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, {get() { throw new Error('no') }})",
])
def test_storage_that_throws_or_forgets_is_no_error(visit: Open, fake: FakeTroth, broken: str) -> None:
    nora = visit(LOS_ANGELES, init=broken)
    nora.go()
    until(fake.pages, "the page view")
    if "cookie" in broken:
        assert not nora.asked() and "anonymousId" not in fake.pages()[0]
    else:
        nora.press("reject")


def test_a_choice_cookie_full_of_nonsense_counts_as_no_answer(visit: Open, fake: FakeTroth) -> None:
    cal = visit(BERLIN)
    for nonsense in ("%", "null", "7", '{"purposes":null}', '{"purposes":{"site-analytics":{"a":1}}}', '{"purposes":{"call-journey":"given soon"}}'):
        cal.context.add_cookies([{"name": "troth_choice", "value": nonsense.replace('"', "%22").replace(",", "%2C"), "url": cal.site}])
        cal.go()
        assert cal.asked() and cal.id() is None


def test_without_the_server_nothing_is_kept_and_nothing_is_sent(visit: Open, fake: FakeTroth) -> None:
    fake.fail_next("/consent/terms", 404)
    nora = visit(LOS_ANGELES)
    nora.page.goto(nora.site)
    nora.page.wait_for_timeout(500)
    assert nora.cookies() == {} and fake.events == [] and not nora.asked()
    assert nora.page.evaluate("[troth.choices(), troth.open(), troth.remember('preference', 'large')]") == [{}, None, False]


# ---- honest and reachable ----

def test_each_toggle_says_its_purpose_and_the_pages_are_linked(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    links = cleo.page.locator("#troth-banner a").evaluate_all("all => all.map(one => one.href)")
    assert links == [f"{fake.origin}/infinity/{name}" for name in ("policy", "cookies", "privacy")]
    cleo.page.click("#troth-choose")
    assert cleo.page.get_by_role("switch", name="Joining your visit with your calls").get_attribute("data-purpose") == "call-journey"
    assert "If off: we will not know what you looked at when you call." in cleo.page.inner_text("#troth-dialog")


def test_script_with_its_settings_is_at_most_eight_kilobytes_and_cannot_close_a_script_element() -> None:
    config = {"w": "infinity", "base": "https://troth.infinity.example", "key": "pk_</script>0123456789abcdef", "signals": list(SIGNALS)}
    served = script(config)
    assert len(gzip.compress(served, 9)) <= 8192
    assert b"</script" not in served and b"__TROTH_CONFIG__" not in served
    assert script(dict(config)) is served
    assert not re.search(rb"\beval\(|new Function|innerHTML|setAttribute\(\"style\"|//[a-z]+\.[a-z]", script({}))


def test_no_page_of_the_sites_breaks_its_own_strict_policy(visit: Open, sites: dict[str, str]) -> None:
    for name in sites:
        site = visit(LOS_ANGELES, site=name)
        site.go()
        for link in set(site.page.locator("main a[href^='/'], nav a[href^='/']").evaluate_all("all => all.map(one => one.pathname)")):
            answer = site.page.goto(site.site + link)
            assert answer and answer.status == 200 and "default-src 'none'" in answer.headers["content-security-policy"]
            assert site.page.locator("h1").count() == 1 and "{{" not in site.page.content()


def toggles(visit: Visit) -> dict[str, bool]:
    read: dict[str, bool] = visit.page.evaluate(
        "Object.fromEntries([...document.querySelectorAll('#troth-dialog [data-purpose]')].map(one => [one.dataset.purpose, one.checked]))")
    return read
