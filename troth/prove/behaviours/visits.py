"""Proofs of what is noted of a visit, on any site whose policy counts visits."""

from __future__ import annotations

from troth.policy.model import Permission
from troth.prove.browser import browser
from troth.prove.registry import proves
from troth.prove.world import BERLIN, CALIFORNIA, LONDON, VISITOR, Visitor, World, check

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
ANDROID = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36"


def _two_paths(world: World) -> tuple[str, str]:
    first, second, *_ = [*world.paths(), "/", "/"]
    return first, second


def _clicks(world: World, someone: Visitor) -> list[dict[str, object]]:
    person = someone.seen()[0]["person"]
    link = world.event("track", "Link Clicked").id
    return [row["items"] for row in world.events(world.visiting().id) if row["event"] == link and row["person"] == person]


@proves(sabotage="blur-pages")
def each_page_viewed_is_logged(world: World) -> None:
    someone, paths = world.counted(), _two_paths(world)
    for path in paths:
        someone.view(path)
    routes = [row["items"].get("page.route") for row in someone.seen(event=world.event("page").id)]
    check(routes == list(paths), "two page views were not both logged in their order")
    someone.refuse_all()
    check(someone.view(paths[0]).get("stored") == 0, "a page view after the opt-out was linked to the visitor")


@proves(sabotage="ignore-fields")
def each_link_followed_is_logged(world: World) -> None:
    someone = world.counted()
    someone.view("/")
    someone.click("https://partner.example/offer?x=1", "partner.example")
    clicks = _clicks(world, someone)
    check(clicks and clicks[0].get("link.target") == "https://partner.example/offer?x=1", "a followed link was not logged with its target")
    someone.refuse_all()
    check(someone.click("https://partner.example/again", "partner.example").get("stored") == 0, "a click after the opt-out was linked")


@proves(sabotage="ignore-fields")
def arrival_and_exit_are_logged(world: World) -> None:
    someone = world.counted()
    someone.view("/", referrer="https://news.example/article")
    someone.click("https://partner.example/", "partner.example")
    first, clicks = someone.seen(event=world.event("page").id)[0]["items"], _clicks(world, someone)
    check(first.get("referrer.host") == "news.example", "the site a visit came from was not logged")
    check(clicks and clicks[0].get("link.host") == "partner.example", "the site a visit left for was not logged")


@proves(sabotage="invent-a-source")
def the_referrer_is_stored_and_never_invented(world: World) -> None:
    led, direct = world.counted(), world.counted()
    led.view("/", referrer="https://news.example/article?id=7")
    direct.view("/")
    items, bare = (someone.seen(event=world.event("page").id)[0]["items"] for someone in (led, direct))
    carried = world.event("page").items
    if "referrer.url" in carried:
        check(items.get("referrer.url") == "https://news.example/article?id=7", "the referring address was not stored")
    check(items.get("referrer.host") == "news.example", "the referring site was not stored")
    check(not bare.get("referrer.host"), "a referring site was invented for a direct visit")
    if "visit.source" in carried:
        check(bare.get("visit.source") == "direct", "a source was invented for a direct visit")


@proves(sabotage="blur-pages")
def the_landing_page_is_kept_and_not_overwritten(world: World) -> None:
    someone, (first, second) = world.counted(), _two_paths(world)
    someone.view(second, referrer="https://news.example/")
    someone.view(first)
    rows = [row["items"] for row in someone.seen(event=world.event("page").id)]
    check(rows[0].get("visit.landing") == second and rows[0].get("referrer.host") == "news.example", "where a visit began was not kept")
    check(rows[0].get("page.route") == second and rows[1].get("page.route") == first, "a later page took the place of the first")


@proves(sabotage="forget-addresses")
def the_internet_address_is_stored_and_not_shown_in_reports(world: World) -> None:
    someone = world.counted()
    someone.view("/")
    purposes = [one.id for one in world.policy.purposes.values() if {"device.ip", VISITOR} <= set(one.items) and world.event("page").id in one.events]
    found = [row["items"].get("device.ip") for purpose in purposes for row in someone.allow(purpose).seen(purpose)]
    address = found[0] if found else None
    check(address, "the internet address of a visit was not stored")
    listed = world.program("GET", "/refusals")
    check(str(address) not in str(listed), "an internet address stands in a report")


@proves(sabotage="forget-browsers")
def browser_and_version_are_stored(world: World) -> None:
    chrome, garbled = world.counted(), world.counted()
    chrome.view("/", agent=WINDOWS)
    garbled.view("/", agent="?!")
    check(chrome.seen()[0]["items"].get("device.browser") == "Chrome 140", "the browser and its version were not stored")
    check(garbled.seen()[0]["items"].get("device.browser") == "unknown", "an unknown browser was given a name")


@proves(sabotage="guess-systems")
def the_operating_system_is_stored(world: World) -> None:
    people = [world.counted() for _ in range(3)]
    for someone, agent in zip(people, (WINDOWS, ANDROID, "?!"), strict=True):
        someone.view("/", agent=agent)
    seen = [someone.seen()[0]["items"].get("device.os") for someone in people]
    check(seen == ["Windows", "Android", "unknown"], "operating systems were not stored as they are")


@proves(sabotage="forget-the-device")
def the_kind_of_device_is_stored(world: World) -> None:
    people = [world.counted() for _ in range(2)]
    for someone, agent in zip(people, (WINDOWS, ANDROID), strict=True):
        someone.view("/", agent=agent)
    seen = [str(someone.seen()[0]["items"].get("device.kind")) for someone in people]
    check("unknown" not in seen and "None" not in seen and seen[0] != seen[1], "a telephone and a computer are not told apart")


@proves(sabotage="assume-cookies-accepted")
def the_state_of_cookies_is_stored(world: World) -> None:
    accepting, unasked = world.counted(), world.counted()
    accepting.view("/", consent={"cookies": "accepted"})
    unasked.view("/", consent={"cookies": "unasked"})
    seen = [someone.seen()[0]["items"].get("cookie.accepted") for someone in (accepting, unasked)]
    check(seen == ["accepted", "unasked"], "the state of cookies was not stored as it is")
    agreed, refusing = browser(world), browser(world)
    for someone, button, said in ((agreed, "accept-all", {"given"}), (refusing, "reject-all", {"refused", "objected"})):
        someone.person.view("/")
        someone.press(button)
        with world.centre().by_browser(someone.person) as centre:
            check({act["said"] for act in centre.data()["choices"]} <= said, "what somebody answered about cookies is not on record")
    optional = {one.name for one in world.policy.cookies.values() if one.purposes}
    check(not optional & {name for name, _ in refusing.ever}, "a visit that refused was sent a cookie that can be done without")


@proves(sabotage="stop-the-clock")
def each_visit_is_stamped_with_its_time(world: World) -> None:
    someone, (first, second) = world.counted(), _two_paths(world)
    someone.view(first)
    someone.view(second)
    times = [str(row["at"]) for row in someone.seen(event=world.event("page").id)]
    check(len(times) == 2 and times[0] < times[1], "two visits do not bear each its own time")
    check(all(time.endswith(("+00:00", "Z")) for time in times), "a time is kept without its time zone")


@proves(sabotage="any-purpose")
def usage_serves_its_own_purpose_and_no_other(world: World) -> None:
    someone, page = world.counted(), world.event("page").id
    someone.view("/")
    check(someone.seen(), "the purpose of usage data does not see it")
    for other in (one for one in world.policy.purposes.values() if page not in one.events):
        check(not [row for row in world.events(other.id) if row["event"] == page], f"{other.id} sees usage data")
    for purpose in ("", "selling-lists"):
        answer = world.program("GET", f"/events?purpose={purpose}&role=owner")
        check(answer["status"] == 403 and answer.get("code") == "unknown-purpose", "a question without a known purpose was answered")


@proves(sabotage="forget-visitors")
def a_returning_visitor_is_recognised_by_the_cookie(world: World) -> None:
    someone, another = world.counted(), world.counted()
    first, second = _two_paths(world)
    for visitor, path in ((someone, first), (someone, second), (another, first)):
        visitor.view(path)
    check(len({row["person"] for row in someone.seen()}) == 1 and len(someone.seen()) == 2, "the same cookie was taken for two visitors")
    check(someone.seen()[0]["person"] != another.seen()[0]["person"], "two cookies were taken for one visitor")


@proves(sabotage="skip-consent")
def refused_cookies_leave_only_an_unlinked_count(world: World) -> None:
    allowing, refusing = world.counted(), world.visitor(BERLIN)
    check(allowing.view("/").get("stored") == 1, "a permitted view was not counted toward its visitor")
    answer = refusing.view("/")
    check(answer.get("stored") == 0, "a view without permission was linked")
    if world.visiting().remainder:
        check(answer.get("anonymous") == 1, "a view without permission was not counted")
    check(not refusing.seen(), "a view without permission is linked to its visitor")


@proves(sabotage="show-every-item")
def cookies_are_tied_to_a_person_for_some_purposes_only(world: World) -> None:
    page = world.event("page").id
    untied = [one.id for one in world.policy.purposes.values() if page in one.events and VISITOR not in one.items]
    check(untied, "every purpose of a visit sees the cookie")
    someone = world.counted().allow(*untied)
    someone.view("/")
    check(someone.seen()[0]["items"].get(VISITOR) == someone.id, "the tied purpose does not see the cookie")
    person = someone.seen()[0]["person"]
    other = [row["items"] for row in world.events(untied[0]) if row["person"] == person]
    check(other and all(VISITOR not in items for items in other), "an untied purpose sees the cookie")


@proves(sabotage="fingerprint")
def a_browser_that_rejects_cookies_is_not_recognised_otherwise(world: World) -> None:
    someone = world.counted()
    answers = [someone.view(path, anonymous=True) for path in _two_paths(world)]
    check(all(answer["status"] == 200 for answer in answers), "a browser without cookies meets an error")
    check(all(answer.get("stored") == 0 for answer in answers), "a browser without cookies was recognised by something else")


@proves(sabotage="join-by-address")
def a_visitor_who_deleted_cookies_is_new(world: World) -> None:
    before, after = world.counted(), world.counted()
    first, second = _two_paths(world)
    before.view(first)
    after.view(second)
    rows = after.seen()
    check(len(rows) == 1 and rows[0]["items"].get("page.route") == second, "earlier history is shown for a new cookie")


@proves(sabotage="join-by-address")
def visitors_at_one_address_stay_apart(world: World) -> None:
    one, another = world.counted(), world.counted()
    for someone in (one, another):
        someone.view("/")
    people = {row["person"] for someone in (one, another) for row in someone.seen()}
    check(len(people) == 2, "two browsers at one address were taken for one person")


@proves(sabotage="ignore-fields")
def links_to_other_sites_are_marked_and_only_the_click_is_logged(world: World) -> None:
    someone = world.counted()
    check(someone.asked().get("external_note"), "nothing tells visitors that a link leaves the site")
    someone.view("/")
    someone.click("https://elsewhere.example/", "elsewhere.example")
    clicks = _clicks(world, someone)
    check(clicks and clicks[0].get("link.external") == "true", "a link that leaves the site is not marked as such")


@proves(sabotage="trust-every-origin")
def a_foreign_site_cannot_send(world: World) -> None:
    someone = world.counted()
    check(someone.view("/").get("stored") == 1, "the policy's own site cannot send")
    answer = someone.view("/", headers={"origin": "https://elsewhere.example"})
    check(answer["status"] == 403 and answer.get("code") == "origin-not-allowed", "a site the policy does not name may follow people")


@proves(sabotage="honour-do-not-track")
def do_not_track_changes_nothing(world: World) -> None:
    headers = {"user-agent": WINDOWS, "dnt": "1"}
    for tz in (CALIFORNIA, LONDON):
        plain, signalled = (
            world.http.get(f"/{world.workspace}/consent", params={"tz": tz}, headers=sent).json()["purposes"] for sent in ({}, headers)
        )
        check(plain == signalled, "a browser that sends the signal is asked otherwise")
    someone = world.counted()
    check(someone.view("/", headers={"dnt": "1"}).get("stored") == 1, "the visit of a browser that sends the signal was not counted")


@proves(sabotage="any-purpose")
def nothing_happens_without_a_lawful_basis(world: World) -> None:
    for purpose in world.policy.purposes.values():
        check(purpose.basis, f"purpose {purpose.id} has no lawful basis")
    defaulted = [purpose for purpose in world.policy.purposes.values() if purpose.basis_defaulted]
    assumed = str(world.policy.basis.default)
    check(all(str(purpose.basis) == assumed for purpose in defaulted), "a purpose rests on another basis than the one assumed")
    answer = world.program("GET", "/events?purpose=not-declared&role=owner")
    check(answer.get("code") == "unknown-purpose", "a purpose nobody declared was served")


@proves(sabotage="ignore-withdrawals")
def consent_opens_a_purpose_and_its_withdrawal_closes_it(world: World) -> None:
    purpose = world.visiting().id
    someone = world.visitor(BERLIN)
    asked = {one["id"]: one["mode"] for one in someone.asked()["purposes"]}
    check(asked.get(purpose) == Permission.ASK_BEFORE, "the purpose does not ask first where the law wants it")
    check(someone.view("/").get("stored") == 0, "something was kept before consent")
    said = purpose.replace("-", "_")
    someone.choose(**{said: "given"})
    check(someone.view("/").get("stored") == 1, "nothing was kept after consent")
    someone.choose("withdraw", **{said: "refused"})
    answer = someone.view("/")
    check(answer.get("stored") == 0, "something was kept after the withdrawal")
    check("withdrawn" in answer.get("refused", {}), "the refusal does not say that consent was withdrawn")
