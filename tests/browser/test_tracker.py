"""Does what a person does on a site reach the server once, and no more than it should? From a real Chromium; the server's half is a fake.

Source: infinity-006 to 008, 018, 019, 092, 093, 100, 105; Segment's rule that a message is sent again with its id.
"""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.fake_server import FakeTroth
from tests.browser.visit import BERLIN, LONDON, LOS_ANGELES, until


def test_a_page_view_carries_its_address_referrer_and_where_the_clock_is(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.page.goto(f"{cal.site}/pricing?utm_source=letter&q=boots#prices", referer="https://search.example/")
    until(fake.pages, "the page view")
    event = fake.pages()[0]
    assert event["context"]["page"] == {
        "url": f"{cal.site}/pricing?utm_source=letter&q=boots", "path": "/pricing", "search": "?utm_source=letter&q=boots",
        "title": "Pricing · Infinity", "referrer": "https://search.example/"}
    assert event["context"]["timezone"] == LOS_ANGELES and event["context"]["locale"] == "en-GB"
    assert event["context"]["consent"] == {"cookies": "unasked"} and "Chrome" in event["context"]["userAgent"]
    assert fake.batches[0]["writeKey"] == "pk_test" and fake.batches[0]["content_type"].startswith("text/plain")


def test_moving_within_a_page_is_a_view_and_a_mere_anchor_is_not(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go("/product")
    cal.page.evaluate("history.pushState({}, '', '/product?part=calls'); document.title = 'Calls'")
    until(lambda: len(fake.pages()) == 2, "the second view")
    cal.page.evaluate("location.hash = 'numbers'")
    cal.page.evaluate("history.pushState({}, '', '#lent')")
    cal.page.go_back()
    cal.page.go_back()
    cal.page.go_back()
    until(lambda: len(fake.pages()) == 3, "the view after going back")
    assert [event["context"]["page"]["search"] for event in fake.pages()] == ["", "?part=calls", ""]
    assert [event["context"]["page"]["title"] for event in fake.pages()][1] == "Calls"
    assert fake.pages()[1]["context"]["page"]["referrer"] == f"{cal.site}/product"


def test_links_say_whether_they_leave_and_only_the_click_is_sent(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go("/blog/asking-first")
    away = cal.page.locator("article a")
    assert "This link leads to a site that this policy does not cover." in (away.text_content() or "")
    assert cal.page.locator("[data-troth-away]").count() == 1, "the server's own pages belong to the same policy"
    away.click()
    until(lambda: fake.tracked("Link Clicked"), "the click")
    assert fake.tracked("Link Clicked")[0]["properties"] == {"href": "https://www.w3.org/TR/gpc/", "host": "www.w3.org", "external": "true"}
    cal.go("/blog/asking-first")
    cal.page.click("nav a[href='/product']")
    until(lambda: len(fake.tracked("Link Clicked")) == 2, "the second click")
    assert fake.tracked("Link Clicked")[1]["properties"]["external"] == "false"


def test_a_message_the_server_could_not_take_is_sent_again_under_the_same_id(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    fake.fail_next("/v1/batch", 503)
    fake.lose_next("/v1/batch")
    cal.go()
    until(lambda: len(fake.batches) == 2, "a third try", seconds=15)
    ids = [event["messageId"] for sent in fake.batches for event in sent["batch"]]
    assert len(ids) == 2 and len(set(ids)) == 1 and len(fake.pages()) == 1


def test_a_message_the_server_refuses_is_not_sent_again(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    fake.fail_next("/v1/batch", 400)
    cal.go()
    cal.page.wait_for_timeout(300)
    cal.page.evaluate("troth.track('Feature Used', {feature: 'menu'})")
    until(lambda: fake.events, "the next event")
    assert [event.get("event") for event in fake.events] == ["Feature Used"]


def test_what_still_waits_is_sent_when_the_page_is_left(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    fake.fail_next("/v1/batch", 429)
    cal.go()
    until(lambda: not fake._failing, "a failed try")
    cal.page.goto(cal.site + "/nowhere-but-not-here.svg")
    until(lambda: len(fake.pages()) >= 1, "the beacon")
    assert fake.pages()[0]["context"]["page"]["path"] == "/"


def test_a_name_is_sent_only_beside_a_permitted_id(visit: Open, fake: FakeTroth) -> None:
    ben = visit(BERLIN)
    ben.go()
    ben.press("reject")
    ben.page.evaluate("troth.identify('ben', {email: 'ben@example.org'}); troth.track('Feature Used', {feature: 'menu'})")
    until(lambda: fake.tracked("Feature Used"), "the event after it")
    ben.page.click("#troth-back")
    ben.press("dialog-accept")
    ben.page.evaluate("troth.identify('ben', {name: 'Ben'})")
    until(lambda: any(event["type"] == "identify" for event in fake.events), "the name")
    named = [event for event in fake.events if event["type"] == "identify"]
    assert len(named) == 1 and named[0]["userId"] == "ben" and named[0]["traits"] == {"name": "Ben"}
    assert named[0]["anonymousId"] == ben.id()


def test_the_lent_number_is_asked_for_by_nothing_but_the_visitor_and_replaces_every_number_on_the_page(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES, site="harbour")
    addresses: list[str] = []
    cal.page.on("request", lambda request: addresses.append(request.url))
    cal.go("/contact?utm_source=poster")
    until(lambda: cal.number() == "020 7946 0101", "the lent number")
    shown = cal.page.locator("[data-troth-number]").evaluate_all("all => all.map(one => one.textContent + one.href)")
    assert len(shown) == 3 and set(shown) == {"020 7946 0101tel:+442079460101"}
    assert fake.leases == [{"visitor": cal.id()}]
    assert not [one for one in addresses if str(cal.id()) in one], "an address is kept by proxies on the way"
    cal.page.evaluate("troth.set({'call-journey': 'refused'})")
    until(lambda: cal.number() == "020 7946 0200", "the usual number")
    assert cal.page.locator("footer [data-troth-number]").get_attribute("href") == "tel:+442079460200"


def test_only_a_purpose_that_joins_calls_lends_a_number(visit: Open, fake: FakeTroth) -> None:
    fake.terms["joins"] = []
    cal = visit(LOS_ANGELES)
    cal.go()
    until(fake.pages, "the page view")
    cal.page.wait_for_timeout(300)
    assert fake.leases == [] and cal.number() == "020 7946 0100"


def test_a_form_says_what_became_of_it_in_plain_text(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go("/contact")
    said = cleo.page.locator("main form [role=status]")
    cleo.page.evaluate("document.querySelector('main form').noValidate = true")
    cleo.page.click("main form button")
    expect(said).to_have_text("an e-mail address is needed <b>here</b>")
    assert said.locator("b").count() == 0
    for name, value in {"name": "Cleo", "email": "cleo@example.org", "message": "Do you open on Mondays?"}.items():
        cleo.page.fill(f"main #{name}", value)
    cleo.page.click("main form button")
    expect(said).to_have_text("Thank you. Somebody answers within one working day.")
    assert fake.forms == [{"key": "pk_test", "anonymousId": None, "tz": BERLIN, "name": "contact", "fields": {
        "name": "Cleo", "email": "cleo@example.org", "phone": "", "message": "Do you open on Mondays?"}}]
    assert cleo.cookies() == {} and cleo.page.input_value("main #email") == ""


def test_the_newsletter_form_needs_its_fields(visit: Open, fake: FakeTroth) -> None:
    cleo = visit(BERLIN)
    cleo.go("/product")
    cleo.press("reject")
    cleo.page.fill("#letter-email", "cleo@example.org")
    cleo.page.click(".letter button")
    assert cleo.page.evaluate("document.activeElement.id") == "letter-name" and fake.forms == []
    cleo.page.fill("#letter-name", "Cleo")
    cleo.page.click(".letter button")
    until(lambda: fake.forms, "the form")
    assert fake.forms[0]["name"] == "newsletter" and set(fake.forms[0]["fields"]) == {"name", "email"}


def test_a_comment_is_posted_with_the_warning_that_was_shown(visit: Open, fake: FakeTroth) -> None:
    fake.comments.append({"name": "<i>Edda</i>", "text": "<script>window.hurt = 1</script>"})
    cleo = visit(BERLIN)
    cleo.go("/blog/asking-first")
    expect(cleo.page.locator("[data-troth-warning]")).to_have_text("What you post here is public.")
    assert "<script>" in cleo.page.inner_text("[data-troth-list]") and cleo.page.evaluate("window.hurt") is None
    cleo.press("reject")
    cleo.page.fill("#name", "Cleo")
    cleo.page.fill("#email", "cleo@example.org")
    cleo.page.fill("#text", "Fewer people, better numbers.")
    cleo.page.click("text=Post publicly")
    expect(cleo.page.locator("[data-troth-list] li")).to_have_count(2)
    assert fake.comments[1] == {
        "key": "pk_test", "anonymousId": None, "tz": BERLIN, "article": "/blog/asking-first", "warning": "w1",
        "name": "Cleo", "email": "cleo@example.org", "text": "Fewer people, better numbers."}


def test_without_its_warning_the_comment_form_stays_shut(visit: Open, fake: FakeTroth) -> None:
    fake.fail_next("/comments", 404)
    cleo = visit(BERLIN)
    cleo.go("/blog/asking-first")
    cleo.page.wait_for_timeout(300)
    assert cleo.page.locator(".remarks form").is_hidden()


def test_tastes_are_remembered_only_while_that_is_permitted(visit: Open, fake: FakeTroth) -> None:
    bea = visit(LONDON)
    bea.go("/pricing")
    assert bea.page.locator("[data-troth-remember=large]").is_hidden() and "troth_view" not in bea.cookies()
    assert bea.page.evaluate("troth.remember('preference', 'large')") is False
    bea.press("accept")
    bea.go("/pricing")
    bea.page.click("[data-troth-remember=large]")
    until(lambda: fake.tracked("Preference Set"), "the preference")
    assert fake.tracked("Preference Set")[0]["properties"] == {"preference": "large"}
    bea.go("/")
    assert bea.page.evaluate("document.documentElement.dataset.trothView") == "large"
    assert bea.page.get_by_text("You were reading our prices.").is_visible()
    expires = next(one["expires"] for one in bea.context.cookies() if one["name"] == "troth_view")
    assert 89 < (expires - bea.page.evaluate("Date.now()") / 1000) / 86400 <= 90
    bea.page.evaluate("troth.set({personalisation: 'refused'})")
    assert "troth_view" not in bea.cookies() and bea.page.evaluate("document.documentElement.dataset.trothView") == ""
    assert bea.page.get_by_text("You were reading our prices.").is_hidden()


def test_a_visitor_who_deleted_cookies_is_new(visit: Open, fake: FakeTroth) -> None:
    cal = visit(LOS_ANGELES)
    cal.go()
    first = cal.id()
    cal.context.clear_cookies()
    cal.go()
    assert first and cal.id() and cal.id() != first and cal.asked()
