"""Proofs of how people are asked, and how what they say is obeyed."""

from __future__ import annotations

import html
import re

from troth.policy.model import Policy, permission_under, wants_one_given
from troth.prove.browser import VISITOR_COOKIE, Browser, browser
from troth.prove.registry import proves
from troth.prove.world import BERLIN, CALIFORNIA, LONDON, Visitor, World, check

LATER = 150  # days after which the same browser comes again


def _purpose_words(ids: tuple[str, ...] | list[str], state: str) -> dict[str, str]:
    return {id.replace("-", "_"): state for id in ids}


def _acts(world: World, someone: Visitor) -> list[dict[str, str]]:
    """What is on record of what a browser's owner said, oldest first; nothing, when nothing is held."""
    with world.centre().by_browser(someone) as centre:
        answer = centre.get("/data.json")
        return list(answer.json()["choices"]) if answer.status_code == 200 else []


def _is_held(world: World, someone: Visitor) -> bool:
    with world.centre().by_browser(someone) as centre:
        return centre.get("/data.json").status_code == 200


# being asked


@proves(sabotage="hide-the-question")
def the_first_visit_offers_an_opt_out(world: World) -> None:
    someone = browser(world)
    asked = someone.asked()
    modes = {one["id"]: one["mode"] for one in asked["purposes"]}
    check(modes.get(world.visiting().id) == "may-object" and someone.questions(), "the first visit offers no opt-out")
    check(asked["text"].get("reject") and asked["text"].get("accept"), "refusing is not offered beside accepting")
    check(someone.person.view("/").get("stored") == 1, "a visitor who may object was not counted before objecting")
    someone.press("reject-all")
    optional = {one["name"] for one in asked["cookies"] if one["purposes"]}
    check(not optional & set(someone.jar), "a cookie that was refused is kept")
    check(someone.person.view("/").get("stored") == 0, "a visitor who opted out is still linked")
    check(not someone.person.seen(), "a visitor who opted out is still seen")
    check(someone.questions() == [] and someone.questions(LATER) == [], "who refused is asked again on the next visit")
    check(not optional & set(someone.jar), "a refused cookie came back on the next visit")


@proves(sabotage="hide-the-way-out")
def a_notice_is_shown_once_with_its_links(world: World) -> None:
    someone = browser(world)
    asked = someone.asked()
    check(asked["asking"]["mode"] == "notice" and someone.questions(), "the first visit shows no notice")
    check(asked["text"]["accept"] == "Agree and continue", "the notice has no way to agree and go on")
    for link in ("policy_url", "cookies_url", "privacy_url"):
        check(world.http.get(asked[link]).status_code == 200, "a link of the notice leads nowhere")
    check(world.policy.asking.browser_help in asked["text"]["intro"], "the notice does not say how to change what is kept")
    someone.press("accept-all")
    check(someone.questions() == [], "the notice is shown after somebody chose")
    someone.answers = {id: ("given", said_on, "an earlier text") for id, (_, said_on, _) in someone.answers.items()}
    check(someone.questions(), "who agreed to an earlier text is not shown the notice")


@proves(sabotage="ask-by-banner")
def refusing_is_left_to_the_browser(world: World) -> None:
    someone = browser(world, refuses=True)
    check(someone.questions() == [], "a banner is shown of our own accord")
    answer = someone.person.view("/", anonymous=True)
    check(answer["status"] == 200 and answer.get("stored") == 0, "a browser that refuses cookies meets an error, or is recognised")
    check(not someone.jar and not _is_held(world, someone.person), "an id is kept of a browser that refuses cookies")
    kept = someone.prefers("plain")
    check(kept.status_code == 200 and not kept.json()["kept"], "something is kept in a browser that refuses cookies")
    check("cookie" in str(kept.json().get("why")), "nobody is told why what rests on cookies is off")


@proves(sabotage="hide-browser-help")
def people_are_told_how_to_refuse_and_where_to_read_of_it(world: World) -> None:
    words = world.policy.asking.browser_help
    check(words and words in world.visitor().asked()["text"]["intro"], "nobody is told how to refuse where they are asked")
    for path in ("/policy", "/cookies"):
        page = html.unescape(world.page(path))
        check(words in page, f"{path} does not say how to refuse")
        own = re.findall(r'href="(/[^"#?]+)"', page)
        check(own, f"{path} leads nowhere")
        for link in sorted(set(own)):
            check(world.http.get(link).status_code in (200, 303), "a link of the text that is read leads nowhere")
    outside = re.findall(r"https://[^\s\"<>]+", words)
    check(outside and all(re.fullmatch(r"https://[a-z0-9-]+(\.[a-z0-9-]+)+(/\S*)?", one.rstrip(".,")) for one in outside), "no general site is named")


# saying something


@proves(sabotage="forget-choices")
def a_press_is_recorded_with_its_version_and_silence_is_not(world: World) -> None:
    someone, silent = browser(world), browser(world)
    asked = someone.asked()
    receipt = someone.press("accept-all").get("receipt")
    check(receipt and receipt["version"] == world.policy.version, "pressing that one agrees is not answered with a receipt")
    rows = {row["purpose"]: row for row in _acts(world, someone.person)}
    for one in asked["purposes"]:
        row = rows.get(one["id"])
        check(row and row["said"] == "given" and row["how"] == "accept-all" and row["strength"] == "explicit", "a yes is not recorded as it was said")
        assert row is not None
        whole = row["policy_version"] == world.policy.version and row["screen"] == asked["screen"] and row["at"]
        check(whole, "a yes is recorded without its version, its time or what was shown")
    silent.person.view("/")
    check(not _is_held(world, silent.person) or not _acts(world, silent.person), "somebody who pressed nothing is on record as having said something")


def _readable(policy: Policy, world: World, tz: str) -> list[str]:
    """The purposes that ask first by this text alone, where a yes may be read from what somebody does."""
    law, asked = world.law(tz), world.visitor(tz).asked()["purposes"]
    return [one["id"] for one in asked if one["mode"] == "ask-before" and not wants_one_given(policy, policy.purposes[one["id"]], law)]


def _one_readable(world: World) -> str:
    page, readable = world.event("page").id, _readable(world.policy, world, CALIFORNIA)
    found = [id for id in readable if page in world.policy.purposes[id].events]
    check(found, "no purpose is open to a yes that is read from what somebody did")
    return found[0]


@proves(sabotage="take-use-for-consent")
def going_on_counts_as_a_weaker_yes(world: World, act: str, strength: str) -> None:
    purpose = _one_readable(world)
    someone, silent, stern, unwilling = browser(world), browser(world), browser(world, BERLIN), browser(world)
    check(silent.person.view("/").get("stored") == 0, "something is kept of somebody who did nothing that counts as a yes")
    someone.choose(act, **_purpose_words((purpose,), "given"))
    check(someone.person.view("/").get("stored") == 1, f"{act} does not count as a yes where the law lets it")
    rows = [row for row in _acts(world, someone.person) if row["purpose"] == purpose]
    marked = [(row["how"], row["strength"], row["policy_version"]) for row in rows] == [(act, strength, world.policy.version)]
    check(marked, "a yes that was read from what somebody did is not marked as weaker, with its version")
    stern.choose(act, **_purpose_words((purpose,), "given"))
    check(stern.person.view("/").get("stored") == 0, f"{act} counts as a yes where the law wants one that was given")
    unwilling.press("reject-all")
    unwilling.choose(act, **_purpose_words((purpose,), "given"))
    check(unwilling.person.view("/").get("stored") == 0, "going on is taken for a yes of somebody who said no")


@proves(sabotage="hear-only-yes")
def changed_settings_are_a_yes_to_what_was_left_on(world: World, strength: str) -> None:
    page = world.event("page").id
    first, *rest = [id for id in _readable(world.policy, world, CALIFORNIA) if page in world.policy.purposes[id].events]
    check(rest, "there are no two purposes of which one could be blocked")
    someone = browser(world)
    someone.choose("browser-settings", **_purpose_words((first,), "given"), **_purpose_words(rest[:1], "refused"))
    rows = {row["purpose"]: row for row in _acts(world, someone.person)}
    weaker = first in rows and (rows[first]["said"], rows[first]["strength"]) == ("given", strength)
    check(weaker, "what was left on is not recorded as a weaker yes")
    check(rest[0] in rows and rows[rest[0]]["said"] == "refused", "what was blocked is not recorded as refused")
    check(someone.person.view("/").get("stored") == 1, "what was left on is not done")
    with world.centre().by_browser(someone.person) as centre:
        served = {label for event in centre.data()["events"] for label in event["collected_for"]}
    on, off = (world.policy.purposes[one].label for one in (first, rest[0]))
    check(on in served and off not in served, "what was blocked is done all the same")
    blocked = {one["name"] for one in someone.asked()["cookies"] if one["purposes"] and set(one["purposes"]) <= {rest[0]}}
    check(not blocked & set(someone.jar), "a blocked cookie is set")


@proves(sabotage="forget-history")
def a_choice_holds_until_it_is_changed_and_the_old_one_stays(world: World) -> None:
    someone, page = browser(world), world.event("page").id
    purpose = next(one["id"] for one in someone.asked()["purposes"] if page in world.policy.purposes[one["id"]].events)
    someone.press("accept-all")
    check(someone.questions() == [] and someone.questions(20 * 365) == [], "who chose is asked again after a time")
    check(someone.person.view("/").get("stored") == 1, "a choice is not in force on return")
    someone.choose("withdraw", **_purpose_words((purpose,), "refused"))
    states = [row["said"] for row in _acts(world, someone.person) if row["purpose"] == purpose]
    check(states == ["given", "withdrawn"], "a changed choice is not a new line beside the old one")
    check(someone.questions(20 * 365) == [], "who changed their mind is asked again")


# using the site


@proves(sabotage="forget-the-law")
def using_the_site_never_stands_in_for_explicit_consent(world: World) -> None:
    someone = world.visitor(BERLIN)
    someone.view("/")
    check(someone.view("/pricing").get("stored") == 0, "use of the site was taken for consent")
    plan = {one.id: permission_under(world.policy, one, world.law(LONDON)) for one in world.policy.purposes.values()}
    asked = {one["id"]: one["mode"] for one in world.visitor(LONDON).asked()["purposes"]}
    check("ask-before" in asked.values(), "no purpose asks for consent in the United Kingdom")
    check(all(mode == plan[purpose] for purpose, mode in asked.items()), "a purpose asks for less than it needs in the United Kingdom")


@proves(sabotage="take-notice-for-consent")
def use_is_noted_as_acceptance_and_opens_nothing(world: World, strength: str) -> None:
    someone, other = world.counted(), world.counted()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        used = centre.data()["used_under"]
    noted = [(one["policy_version"], one["type"], one["strength"]) for one in used]
    check(noted == [(world.policy.version, "use", strength)], "use is not noted as it is")
    check(used[0]["at"], "use is noted without its time")
    check(not _is_held(world, other), "use is noted of somebody who used nothing")
    using_the_site_never_stands_in_for_explicit_consent(world)
    said = browser(world, BERLIN)
    answer = said.choose("use", **_purpose_words([one["id"] for one in said.asked()["purposes"]], "given"))
    check(said.person.view("/").get("stored") == 0 and not answer.get("receipt"), "use was taken for an explicit yes")


@proves(sabotage="take-everybody-for-agreed")
def agreeing_is_noted_with_the_version_that_was_shown(world: World, event: str) -> None:
    item, found = world.policy.acceptance.item, world.policy.events[event]
    check(item in found.required, f"{event} does not bring that somebody agreed")
    someone, silent = browser(world), browser(world)
    name = world.policy.items[item].at[0].partition(".")[2]
    check(someone.asked()["version"] == world.policy.version and world.page("/policy"), "who comes is not shown which version there is to read")
    for each in (someone, silent):
        each.person.view("/")
    check(someone.person.track(found.name or found.id, **{name: "true"}).get("stored") == 1, "that somebody agreed was not taken")
    noted = []
    for each in (someone, silent):
        with world.centre().by_browser(each.person) as centre:
            noted.append(centre.data()["agreement"])
    whole = noted[0]["status"] == "agreed" and noted[0].get("policy_version") == world.policy.version and noted[0]["at"]
    check(whole, "an agreement is not noted as it was given")
    check(noted[1] == {"status": "not-agreed"}, "somebody who did not agree is taken for agreed")


# refusing


@proves(sabotage="follow-those-who-refuse")
def a_visitor_is_counted_once_with_cookies_and_leaves_no_id_without(world: World) -> None:
    someone, refusing = browser(world, allowing=(world.visiting().id,)), browser(world)
    for path in ("/", "/", "/pricing"):
        someone.person.view(path)
    rows = someone.person.seen()
    check(len(rows) == 3 and len({row["person"] for row in rows}) == 1, "a visitor with cookies is counted more than once")
    refusing.press("reject-all")
    check(VISITOR_COOKIE not in refusing.jar, "a browser that refused keeps an id")
    check(refusing.person.view("/").get("stored") == 0, "a visit is kept under an id that was refused")
    check(not _is_held(world, refusing.person), "an id is held of somebody who refused cookies")


@proves(sabotage="follow-those-who-refuse")
def every_store_of_the_browser_can_be_refused(world: World) -> None:
    optional = {one.name: one for one in world.policy.cookies.values() if one.purposes}
    check({one.storage for one in optional.values()} >= {"cookie", "local-storage"}, "cookies and browser storage are not both listed")
    refusing, allowing = browser(world), browser(world)
    modes = {one["id"] for one in refusing.asked()["purposes"]}
    check(all(set(one.purposes) & modes for one in optional.values() if one.storage == "cookie"), "nobody is asked about a cookie")
    refusing.press("reject-all")
    for path in ("/", "/pricing"):
        check(refusing.person.view(path).get("stored") == 0, "a visit is kept under an id that was refused")
    check(not optional.keys() & set(refusing.jar) and not _is_held(world, refusing.person), "an id is held after everything was refused")
    allowing.press("accept-all")
    check(allowing.person.view("/").get("stored") == 1 and VISITOR_COOKIE in allowing.jar, "an id that was allowed is not kept")
    check(_is_held(world, allowing.person), "an id that was allowed is not held")


@proves(sabotage="fail-without-cookies")
def who_refuses_goes_on_and_is_told_what_needs_a_yes(world: World) -> None:
    someone = browser(world)
    someone.press("reject-all")
    check(someone.person.view("/", anonymous=True)["status"] == 200, "who refused cannot go on")
    for path in ("/policy", "/comments" if "comment" in world.policy.events else "/cookies", "/privacy"):
        check(someone.get(path).status_code == 200, f"{path} is not there for who refused")
    loses = [one["loses"] for one in someone.asked()["purposes"]]
    check(all(loses), "nobody is told what they go without by refusing")
    answer = browser_after_refusing(someone).prefers("plain")
    check(answer.status_code == 200 and not answer.json()["kept"] and answer.json().get("why"), "what needs a yes does not say why it is off")


def browser_after_refusing(someone: Browser) -> Browser:
    """The same browser with its id gone, as the script leaves it."""
    return Browser(someone.world, someone.person, dict(someone.jar), refuses=True)
