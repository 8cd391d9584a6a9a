"""Is a yes that nobody pressed said only by what the policy names, and never over a no? A real Chromium; the server's half is a fake.

Which purposes may be read from what somebody did, policy and law say on the server; the script adds nothing to them.
Source: VARIANTS, "Cookies: notice with click, implied and browser-setting consent"; GDPR Art. 4(11).
"""

from __future__ import annotations

from tests.browser.conftest import Open
from tests.browser.fake_server import FakeTroth
from tests.browser.visit import BERLIN, GPC, Visit, until


def follow(visit: Visit) -> None:
    """Go on to another page of the site by one of its links."""
    visit.page.click("nav a[href='/pricing']")
    visit.page.wait_for_url("**/pricing")
    visit.page.wait_for_selector("#troth-back")


def test_going_on_is_a_yes_to_what_may_be_read_from_it_and_the_rest_is_asked(visit: Open, fake: FakeTroth) -> None:
    fake.terms["read"] = {"continued-use": ["site-analytics"]}
    cleo = visit(BERLIN)
    cleo.go()
    assert cleo.asked() and fake.answers == [] and cleo.cookies() == {}
    follow(cleo)
    until(lambda: fake.answers, "the yes that was read")
    assert (fake.answers[0]["choices"], fake.answers[0]["how"]) == ({"site-analytics": "given"}, "continued-use")
    assert fake.answers[0]["anonymousId"] == cleo.id() and cleo.page.locator("#troth-banner li").count() == 2
    follow(cleo)
    cleo.page.wait_for_timeout(200)
    assert len(fake.answers) == 1


def test_who_comes_back_from_elsewhere_did_not_go_on(visit: Open, fake: FakeTroth) -> None:
    fake.terms["read"] = {"continued-use": ["site-analytics"]}
    cleo = visit(BERLIN)
    cleo.go()
    cleo.go("/pricing")
    cleo.page.wait_for_timeout(200)
    assert cleo.asked() and fake.answers == [] and cleo.id() is None


def test_a_no_is_never_read_over(visit: Open, fake: FakeTroth) -> None:
    fake.terms["read"] = {"use": ["site-analytics", "personalisation"], "continued-use": ["call-journey"]}
    ben = visit(BERLIN)
    fake.terms["elsewhere"] = ["personalisation"]
    ben.go()
    until(lambda: fake.answers, "the yes that was read from the visit")
    assert (fake.answers[0]["choices"], fake.answers[0]["how"]) == ({"site-analytics": "given"}, "use")
    ben.page.click("#troth-back")
    ben.press("dialog-reject")
    follow(ben)
    ben.page.wait_for_timeout(200)
    assert len(fake.answers) == 2 and ben.page.evaluate("troth.choices()")["site-analytics"] == "refused" and ben.id() is None


def test_a_signal_that_the_browser_was_set_to_is_a_yes_to_what_it_does_not_refuse(visit: Open, fake: FakeTroth) -> None:
    fake.terms["read"] = {"browser-settings": ["site-analytics", "personalisation"]}
    gil, cleo = visit(BERLIN, init=GPC), visit(BERLIN)
    gil.go()
    until(lambda: len(fake.answers) == 2, "the signal and the yes that was read")
    said = {answer["how"]: answer["choices"] for answer in fake.answers}
    assert said == {"gpc": {"call-journey": "refused", "personalisation": "refused"}, "browser-settings": {"site-analytics": "given"}}
    assert not gil.asked()
    before = len(fake.answers)
    cleo.go()
    cleo.page.wait_for_timeout(200)
    assert cleo.asked() and len(fake.answers) == before
