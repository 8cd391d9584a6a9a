"""Proofs of what people may demand: their data, its correction, its end."""

from __future__ import annotations

import html

from troth.prove.registry import proves
from troth.prove.world import BERLIN, CALIFORNIA, LONDON, World, check


def _customer(world: World) -> str:
    """A customer's contact with an invoice; returns the address."""
    address = world.address()
    world.send(
        "group",
        userId=address,
        groupId="g",
        traits={"name": "Someone Paying", "email": address, "phone": world.number()},
        context={"timezone": LONDON},
    )
    world.send(
        "track", userId=address, event="Invoice Issued", properties={"invoice": "INV-" + address[8:20], "amount": "10.00", "name": "Someone Paying"}
    )
    return address


@proves("infinity-058", sabotage="empty-access")
def a_person_is_given_everything_held_about_them(world: World) -> None:
    someone, stranger = world.visitor(), world.visitor()
    someone.view("/pricing", referrer="https://news.example/a")
    someone.click("https://partner.example/", "partner.example")
    stranger.view("/product")
    with world.centre().by_browser(someone) as centre:
        items = centre.items()
        whole = str(centre.data())
    for item in ("page.url", "referrer.url", "link.target", "device.ip", "cookie.visitor"):
        check(item in items, f"the answer to a request for data lacks {item}")
    check(stranger.id not in whole, "the answer holds a stranger's data")


@proves("infinity-005", sabotage="empty-access")
def every_field_is_classified_and_people_get_the_personal_ones(world: World) -> None:
    for item in world.policy.items.values():
        check(item.category, f"item {item.id} is not classified")
    someone = world.visitor()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        items = centre.items()
    personal = {item.id for item in world.policy.items.values() if item.personal}
    check(items and set(items) <= personal, "the answer holds items that are not personal, or none at all")


@proves("infinity-060", sabotage="ignore-restrictions")
def a_restricted_person_is_only_stored(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        centre.post("/restrict")
        answer = someone.view("/pricing")
        check(answer.get("stored") == 0 and "restricted" in answer.get("refused", {}), "a restricted person is still followed")
        check(not someone.seen(), "a restricted person is still seen")
        check("page.url" in centre.items(), "a restricted person's data is no longer there for them")


@proves("infinity-061", "infinity-114", sabotage="keep-the-erased")
def an_erased_person_is_gone(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        page = centre.post("/erase", sure="yes")
        check(page.status_code == 200 and "/privacy/receipt/" in str(page.url), "an erasure gave no receipt")
    check(not someone.seen(), "an erased person is still seen")
    answer = someone.view("/pricing")
    check(answer.get("stored") == 0 and "erased" in answer.get("refused", {}), "an erased person's browser is taken again without new permission")


@proves("infinity-062", "infinity-104", sabotage="forget-legal-grounds")
def what_law_keeps_stays_alone_and_is_named(world: World) -> None:
    address = _customer(world)
    with world.centre().by_mail(address) as centre:
        page = centre.post("/erase", sure="yes")
    ground = world.policy.retention["accounting"].ground or ""
    check("/privacy/receipt/" in str(page.url), "an erasure gave no receipt")
    check(ground[:30] in html.unescape(page.text), "the receipt does not name the ground on which the invoice stays")
    check(not [row for row in world.events("customer-service") if row["items"].get("contact.email") == address], "what no law keeps is still there")


@proves("infinity-059", "infinity-076", sabotage="forget-corrections")
def a_wrong_detail_is_put_right(world: World) -> None:
    address, wrong, right = world.address(), world.number(), world.number()
    world.post("/forms/contact", {"fields": {"name": "Someone", "email": address, "phone": wrong}, "tz": LONDON})
    stranger = world.centre()
    with stranger:
        refused = stranger.post("/correct", item="contact.phone", value=right)
        check(refused.status_code in (401, 403), "somebody who has not shown who they are may change details")
    with world.centre().by_mail(address) as centre:
        centre.post("/correct", item="contact.phone", value=right)
        check(right in centre.items().get("contact.phone", []), "a corrected detail is not shown")
        check(wrong not in str(centre.items()), "the wrong detail is still shown")


@proves("infinity-069", sabotage="let-anyone-in")
def nothing_is_told_before_a_person_has_shown_who_they_are(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    with world.centre() as centre:
        answer = centre.get("/data.json")
        check(answer.status_code in (401, 403) and someone.id not in answer.text, "data is handed to whoever asks")
        centre.post("/browser", v="not-an-identifier-of-anyone-at-all")
        check(centre.get("/data.json").status_code in (401, 403), "a made-up identifier opens somebody's data")


@proves("infinity-116", sabotage="tell-who-is-known")
def asking_tells_nobody_whether_a_person_exists(world: World) -> None:
    known = world.address()
    world.post("/forms/contact", {"fields": {"name": "Someone", "email": known}})
    answers = []
    for address in (known, world.address()):
        with world.centre() as centre:
            answer = centre.post("/link", email=address)
            answers.append((answer.status_code, answer.text.replace(address, "")))
    check(answers[0] == answers[1], "the answer tells whether an address is known")


@proves("infinity-067", sabotage="forget-history")
def what_was_done_before_a_withdrawal_stays_on_record(world: World) -> None:
    someone = world.visitor(BERLIN)
    someone.choose(site_analytics="given")
    someone.view("/")
    someone.choose("withdraw", site_analytics="refused")
    with world.centre().by_browser(someone) as centre:
        acts = centre.data()["choices"]
    states = [act["said"] for act in acts if act["purpose"] == "site-analytics"]
    check(sorted(states) == ["given", "withdrawn"], "the permission once given is no longer on record beside its withdrawal")


@proves("infinity-068", sabotage="hide-what-is-lost")
def withdrawing_says_what_is_lost(world: World) -> None:
    someone = world.visitor(CALIFORNIA)
    someone.view("/")
    loses = world.policy.purposes["personalisation"].loses
    with world.centre().by_browser(someone) as centre:
        page = centre.post("/choices", purpose="personalisation", say="stop").text
        check(loses[:25] in page, "the answer to a withdrawal does not say what is lost")
    check(someone.view("/pricing").get("stored") == 1, "something unrelated stopped working")


@proves("infinity-063", "infinity-121", sabotage="empty-access")
def a_person_can_take_their_data_along(world: World) -> None:
    address = world.address()
    world.post("/forms/contact", {"fields": {"name": "Someone", "email": address}, "tz": LONDON})
    with world.centre() as centre:
        check(centre.get("/portable.json").status_code in (401, 403), "portable data is handed to whoever asks")
    with world.centre().by_mail(address) as centre:
        check(address in centre.get("/portable.json").text, "the portable file lacks what the person gave")
        check(address in centre.get("/portable.csv").text, "the portable table lacks what the person gave")


@proves("infinity-064", "infinity-065", sabotage="forget-choices-in-the-centre")
def an_objection_stops_its_purpose_and_no_other(world: World) -> None:
    someone = world.visitor(CALIFORNIA)
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        centre.post("/choices", purpose="site-analytics", say="stop")
    check(not someone.seen("site-analytics"), "the purpose objected to goes on")
    check([row for row in world.events("call-journey") if row["items"].get("cookie.visitor") == someone.id], "another purpose stopped as well")


@proves("infinity-071", sabotage="charge-for-rights")
def a_first_request_is_free(world: World) -> None:
    someone = world.visitor()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        centre.data()
        requests = centre.data()["requests"]
    check(requests and all(not request.get("fee") for request in requests), "a first request is not free")


@proves("infinity-074", "infinity-123", "infinity-070", "infinity-117", sabotage="lose-questions")
def anyone_may_ask_and_an_empty_question_is_asked_back(world: World) -> None:
    someone = world.visitor(LONDON)
    someone.choose(site_analytics="given")
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        asked = centre.post("/question", text="what do you hold about me?")
        empty = centre.post("/question", text="")
        kinds = [(one["right"], one["status"], one["due_on"]) for one in centre.data()["requests"] if one["right"] == "question"]
    check(asked.status_code == 200 and empty.status_code == 200, "a question was not taken")
    check(len(kinds) == 2 and all(due for _, _, due in kinds), "a question did not become a case with a deadline")
    check(any("waiting" in status for _, status, _ in kinds), "an empty question was not asked back")


@proves("infinity-075", sabotage="hide-the-regulator")
def a_complaint_is_taken_and_names_the_regulator(world: World) -> None:
    someone = world.visitor(LONDON)
    someone.choose(site_analytics="given")
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        page = centre.post("/complaint", text="this is not right")
    check(page.status_code == 200, "a complaint was not taken")
    check("Information Commissioner" in page.text, "the reply to a complaint does not name the regulator")


@proves("infinity-079", sabotage="hide-measures")
def the_measures_are_told_on_request(world: World) -> None:
    with world.centre() as centre:
        page = centre.post("/measures")
    check(page.status_code == 200, "the statement of measures is not given")
    check(page.text.count("<li") >= len(world.policy.settings.measures), "the statement does not list every measure")


@proves("infinity-118", sabotage="let-nobody-in")
def nobody_needs_an_account_to_use_their_rights(world: World) -> None:
    address = world.address()
    world.post("/forms/contact", {"fields": {"name": "Someone", "email": address}, "tz": LONDON})
    with world.centre().by_mail(address) as centre:
        check(address in str(centre.items()), "somebody without an account cannot have their data")
