"""Proofs of what is noted of a visit."""

from __future__ import annotations

from troth.policy.model import Permission, ProofKind
from troth.prove.registry import proves
from troth.prove.world import BERLIN, World, check

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36"


@proves("infinity-006", sabotage="blur-pages")
def each_page_viewed_is_logged(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    someone.view("/pricing")
    routes = [row["items"].get("page.route") for row in someone.seen(event="page-view")]
    check(routes == ["/", "/pricing"], "two page views were not both logged in their order")
    someone.choose(site_analytics="refused", call_journey="refused", personalisation="refused", improvement="refused")
    answer = someone.view("/product")
    check(answer.get("stored") == 0, "a page view after the opt-out was linked to the visitor")


@proves("infinity-007", sabotage="ignore-fields")
def each_link_followed_is_logged(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    someone.click("https://partner.example/offer?x=1", "partner.example")
    person = someone.seen()[0]["person"]
    clicks = [row["items"] for row in world.events("site-analytics") if row["event"] == "link-click" and row["person"] == person]
    check(clicks and clicks[0].get("link.target") == "https://partner.example/offer?x=1", "a followed link was not logged with its target")
    someone.choose(site_analytics="refused")
    check(someone.click("https://partner.example/again", "partner.example").get("stored") == 0, "a click after the opt-out was linked")


@proves("infinity-008", sabotage="invent-a-source")
def the_referrer_is_stored_and_never_invented(world: World) -> None:
    led, direct = world.visitor(), world.visitor()
    led.view("/", referrer="https://news.example/article?id=7")
    direct.view("/")
    items = led.seen(event="page-view")[0]["items"]
    check(items.get("referrer.url") == "https://news.example/article?id=7", "the referring address was not stored")
    check(items.get("referrer.host") == "news.example", "the referring site was not stored")
    check(direct.seen(event="page-view")[0]["items"].get("visit.source") == "direct", "a source was invented for a direct visit")


@proves("infinity-009", sabotage="forget-addresses")
def the_internet_address_is_stored_and_not_shown_in_reports(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    address = someone.seen()[0]["items"].get("device.ip")
    check(address, "the internet address of a visit was not stored")
    listed = world.program("GET", "/refusals")
    check(str(address) not in str(listed), "an internet address stands in a report")


@proves("infinity-010", sabotage="forget-browsers")
def browser_and_version_are_stored(world: World) -> None:
    chrome, garbled = world.visitor(), world.visitor()
    chrome.view("/", agent=WINDOWS)
    garbled.view("/", agent="?!")
    check(chrome.seen()[0]["items"].get("device.browser") == "Chrome 140", "the browser and its version were not stored")
    check(garbled.seen()[0]["items"].get("device.browser") == "unknown", "an unknown browser was given a name")


@proves("infinity-011", sabotage="guess-systems")
def the_operating_system_is_stored(world: World) -> None:
    windows, android, garbled = world.visitor(), world.visitor(), world.visitor()
    for someone, agent in ((windows, WINDOWS), (android, ANDROID), (garbled, "?!")):
        someone.view("/", agent=agent)
    seen = [someone.seen()[0]["items"].get("device.os") for someone in (windows, android, garbled)]
    check(seen == ["Windows", "Android", "unknown"], "operating systems were not stored as they are")


@proves("infinity-012", sabotage="assume-cookies-accepted")
def the_state_of_cookies_is_stored(world: World) -> None:
    accepting, unasked = world.visitor(), world.visitor()
    accepting.view("/", consent={"cookies": "accepted"})
    unasked.view("/", consent={"cookies": "unasked"})
    seen = [someone.seen()[0]["items"].get("cookie.accepted") for someone in (accepting, unasked)]
    check(seen == ["accepted", "unasked"], "the state of cookies was not stored as it is")


@proves("infinity-013", sabotage="any-purpose")
def usage_serves_its_own_purpose_and_no_other(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    check(someone.seen(), "the purpose of usage data does not see it")
    check(not [row for row in world.events("enquiries") if row["event"] == "page-view"], "another purpose sees usage data")
    for purpose in ("", "selling-lists"):
        answer = world.program("GET", f"/events?purpose={purpose}&role=owner")
        check(answer["status"] == 403 and answer.get("code") == "unknown-purpose", "a question without a known purpose was answered")


@proves("infinity-090", sabotage="forget-visitors")
def a_returning_visitor_is_recognised_by_the_cookie(world: World) -> None:
    someone, another = world.visitor(), world.visitor()
    for visitor, path in ((someone, "/"), (someone, "/pricing"), (another, "/")):
        visitor.view(path)
    check(len({row["person"] for row in someone.seen()}) == 1 and len(someone.seen()) == 2, "the same cookie was taken for two visitors")
    check(someone.seen()[0]["person"] != another.seen()[0]["person"], "two cookies were taken for one visitor")


@proves("infinity-091", sabotage="skip-consent")
def refused_cookies_leave_only_an_unlinked_count(world: World) -> None:
    allowing, refusing = world.visitor(), world.visitor(BERLIN)
    check(allowing.view("/").get("stored") == 1, "a permitted view was not counted toward its visitor")
    answer = refusing.view("/")
    check(answer.get("stored") == 0 and answer.get("anonymous") == 1, "a view without permission was not counted, or was linked")
    check(not refusing.seen(), "a view without permission is linked to its visitor")


@proves("infinity-096", sabotage="show-every-item")
def cookies_are_tied_to_a_person_for_some_purposes_only(world: World) -> None:
    someone = world.visitor()
    someone.view("/pricing")
    check(someone.seen()[0]["items"].get("cookie.visitor") == someone.id, "the tied purpose does not see the cookie")
    person = someone.seen()[0]["person"]
    other = [row["items"] for row in world.events("improvement") if row["person"] == person]
    check(other and all("cookie.visitor" not in items for items in other), "an untied purpose sees the cookie")


@proves("infinity-098", sabotage="fingerprint")
def a_browser_that_rejects_cookies_is_not_recognised_otherwise(world: World) -> None:
    someone = world.visitor()
    answers = [someone.view(path, anonymous=True) for path in ("/", "/pricing")]
    check(all(answer["status"] == 200 for answer in answers), "a browser without cookies meets an error")
    check(all(answer.get("stored") == 0 for answer in answers), "a browser without cookies was recognised by something else")


@proves("infinity-099", sabotage="join-by-address")
def a_visitor_who_deleted_cookies_is_new(world: World) -> None:
    before, after = world.visitor(), world.visitor()
    before.view("/")
    after.view("/pricing")
    rows = after.seen()
    check(len(rows) == 1 and rows[0]["items"].get("page.route") == "/pricing", "earlier history is shown for a new cookie")


@proves("infinity-105", sabotage="ignore-fields")
def links_to_other_sites_are_marked_and_only_the_click_is_logged(world: World) -> None:
    someone = world.visitor()
    check(someone.asked().get("external_note"), "nothing tells visitors that a link leaves the site")
    someone.view("/")
    someone.click("https://elsewhere.example/", "elsewhere.example")
    person = someone.seen()[0]["person"]
    clicks = [row["items"] for row in world.events("site-analytics") if row["event"] == "link-click" and row["person"] == person]
    check(clicks and clicks[0].get("link.external") == "true", "a link that leaves the site is not marked as such")


@proves("infinity-039", "infinity-040", sabotage="any-purpose", kind=ProofKind.PROBE)
def nothing_happens_without_a_lawful_basis(world: World) -> None:
    for purpose in world.policy.purposes.values():
        check(purpose.basis, f"purpose {purpose.id} has no lawful basis")
    defaulted = [purpose for purpose in world.policy.purposes.values() if purpose.basis_defaulted]
    check(defaulted and all(purpose.basis == "legitimate-interests" for purpose in defaulted), "the default basis is not legitimate interests")
    answer = world.program("GET", "/events?purpose=not-declared&role=owner")
    check(answer.get("code") == "unknown-purpose", "a purpose nobody declared was served")


@proves("infinity-041", "infinity-066", sabotage="ignore-withdrawals")
def consent_opens_a_purpose_and_its_withdrawal_closes_it(world: World) -> None:
    someone = world.visitor(BERLIN)
    asked = {one["id"]: one["mode"] for one in someone.asked()["purposes"]}
    check(asked.get("site-analytics") == Permission.ASK_BEFORE, "the purpose does not ask first where the law wants it")
    check(someone.view("/").get("stored") == 0, "something was kept before consent")
    someone.choose(site_analytics="given")
    check(someone.view("/").get("stored") == 1, "nothing was kept after consent")
    someone.choose("withdraw", site_analytics="refused")
    answer = someone.view("/")
    check(answer.get("stored") == 0, "something was kept after the withdrawal")
    check("withdrawn" in answer.get("refused", {}), "the refusal does not say that consent was withdrawn")
