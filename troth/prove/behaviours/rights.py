"""Proofs of what people may demand: their data, its correction, its end."""

from __future__ import annotations

import html

from troth.policy.model import EventType, RetentionRule
from troth.prove.registry import proves
from troth.prove.world import BERLIN, LONDON, VISITOR, Told, World, check


def _address(told: Told) -> str:
    return str(told.values["contact.email"])


@proves(sabotage="empty-access")
def a_person_is_given_everything_held_about_them(world: World) -> None:
    someone, stranger, page = world.counted(), world.counted(), world.event("page")
    someone.view("/", referrer="https://news.example/a")
    stranger.view("/")
    with world.centre().by_browser(someone) as centre:
        items = centre.items()
        whole = str(centre.data())
    expected = [item for item in ("page.url", "page.route", "referrer.url", VISITOR) if item in page.items and item in world.visiting().items]
    check(expected, "visits leave nothing that a person could be given")
    for item in expected:
        check(item in items, f"the answer to a request for data lacks {item}")
    check(stranger.id not in whole, "the answer holds a stranger's data")


@proves(sabotage="empty-access")
def what_a_program_told_is_given_to_the_person(world: World, event: str) -> None:
    told, other = world.known(world.policy.events[event]), world.known(world.policy.events[event])
    more = world.tell(world.policy.events[event], account=told.account)
    with world.centre().by_mail(_address(told)) as centre:
        items, whole = centre.items(), str(centre.data())
    for item, value in more.values.items():
        check(str(value) in items.get(item, []), f"the answer to a request for data lacks {item}")
    check(_address(other) not in whole, "the answer holds a stranger's data")


@proves(sabotage="empty-access")
def every_field_is_classified_and_people_get_the_personal_ones(world: World) -> None:
    for item in world.policy.items.values():
        check(item.category, f"item {item.id} is not classified")
    someone = world.counted()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        items = centre.items()
    personal = {item.id for item in world.policy.items.values() if item.personal}
    check(items and set(items) <= personal, "the answer holds items that are not personal, or none at all")


@proves(sabotage="ignore-restrictions")
def a_restricted_person_is_only_stored(world: World) -> None:
    someone = world.counted()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        centre.post("/restrict")
        answer = someone.view("/")
        check(answer.get("stored") == 0 and "restricted" in answer.get("refused", {}), "a restricted person is still followed")
        check(not someone.seen(), "a restricted person is still seen")
        check(centre.items(), "a restricted person's data is no longer there for them")


@proves(sabotage="keep-the-erased")
def an_erased_person_is_gone(world: World) -> None:
    someone = world.counted()
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        page = centre.post("/erase", sure="yes")
        check(page.status_code == 200 and "/privacy/receipt/" in str(page.url), "an erasure gave no receipt")
    check(not someone.seen(), "an erased person is still seen")
    answer = someone.view("/")
    check(answer.get("stored") == 0 and "erased" in answer.get("refused", {}), "an erased person's browser is taken again without new permission")


@proves(sabotage="keep-the-erased")
def an_erasure_reaches_what_programs_told(world: World, event: str) -> None:
    found = world.policy.events[event]
    told = world.known(found)
    more = world.tell(found, account=told.account)
    purposes = [one.id for one in world.policy.purposes.values() if event in one.events]
    check(any(more.among(world.events(purpose)) for purpose in purposes), f"event {event} was not kept")
    with world.centre().by_mail(_address(told)) as centre:
        page = centre.post("/erase", sure="yes")
        check("/privacy/receipt/" in str(page.url), "an erasure gave no receipt")
    check(not any(more.among(world.events(purpose)) for purpose in purposes), f"event {event} is still seen after an erasure")


def _kept_by_law(world: World, event: str) -> tuple[EventType, RetentionRule]:
    """An event that brings something a ground of law keeps, and the rule."""
    for found in world.policy.events.values():
        for item in found.items:
            rule = world.policy.retention.get(world.policy.items[item].keep)
            sealed = world.policy.items[item].form == "sealed" and world.policy.items[item].at
            if rule and rule.ground and sealed and found.call == "track" and event in ("", found.id):
                return found, rule
    check(False, "no event brings anything that the law keeps")
    raise AssertionError


@proves(sabotage="forget-legal-grounds")
def what_law_keeps_stays_alone_and_is_named(world: World, event: str = "") -> None:
    kept, rule = _kept_by_law(world, event)
    told = world.known(kept)
    world.tell(kept, account=told.account)
    with world.centre().by_mail(_address(told)) as centre:
        page = centre.post("/erase", sure="yes")
    check("/privacy/receipt/" in str(page.url), "an erasure gave no receipt")
    check((rule.ground or "")[:30] in html.unescape(page.text), "the receipt does not name the ground on which it stays")
    for purpose in (one for one in world.policy.purposes.values() if told.event.id in one.events and "contact.email" in one.items):
        check(_address(told) not in str(world.events(purpose.id)), "what no law keeps is still there")


@proves(sabotage="forget-corrections")
def a_wrong_detail_is_put_right(world: World, event: str = "") -> None:
    told = world.known(world.policy.events[event] if event else None)
    item = next((one for one in ("contact.phone", "contact.name", *told.values) if one in told.values and one != "contact.email"), "contact.email")
    wrong, right = str(told.values[item]), world.number() if item == "contact.phone" else "Somebody Right"
    with world.centre() as stranger:
        refused = stranger.post("/correct", item=item, value=right)
        check(refused.status_code in (401, 403), "somebody who has not shown who they are may change details")
    with world.centre().by_mail(_address(told)) as centre:
        centre.post("/correct", item=item, value=right)
        check(right in centre.items().get(item, []), "a corrected detail is not shown")
        check(wrong not in str(centre.items()), "the wrong detail is still shown")


@proves(sabotage="let-anyone-in")
def nothing_is_told_before_a_person_has_shown_who_they_are(world: World) -> None:
    someone = world.counted()
    someone.view("/")
    with world.centre() as centre:
        answer = centre.get("/data.json")
        check(answer.status_code in (401, 403) and someone.id not in answer.text, "data is handed to whoever asks")
        centre.post("/browser", v="not-an-identifier-of-anyone-at-all")
        check(centre.get("/data.json").status_code in (401, 403), "a made-up identifier opens somebody's data")


@proves(sabotage="tell-who-is-known")
def asking_tells_nobody_whether_a_person_exists(world: World) -> None:
    answers = []
    for address in (_address(world.known()), world.address()):
        with world.centre() as centre:
            answer = centre.post("/link", email=address)
            answers.append((answer.status_code, answer.text.replace(address, "")))
    check(answers[0] == answers[1], "the answer tells whether an address is known")


@proves(sabotage="forget-history")
def what_was_done_before_a_withdrawal_stays_on_record(world: World) -> None:
    someone, purpose = world.visitor(BERLIN), world.visiting().id
    said = purpose.replace("-", "_")
    someone.choose(**{said: "given"})
    someone.view("/")
    someone.choose("withdraw", **{said: "refused"})
    with world.centre().by_browser(someone) as centre:
        acts = centre.data()["choices"]
    states = [act["said"] for act in acts if act["purpose"] == purpose]
    check(sorted(states) == ["given", "withdrawn"], "the permission once given is no longer on record beside its withdrawal")


@proves(sabotage="hide-what-is-lost")
def withdrawing_says_what_is_lost(world: World) -> None:
    someone, counting = world.counted(), world.visiting().id
    someone.view("/")
    losing = [one["id"] for one in someone.asked()["purposes"] if one["loses"] and one["id"] != counting]
    check(losing, "nothing is lost by any withdrawal")
    with world.centre().by_browser(someone.allow(losing[-1])) as centre:
        page = centre.post("/choices", purpose=losing[-1], say="stop").text
        check(world.policy.purposes[losing[-1]].loses[:25] in html.unescape(page), "the answer to a withdrawal does not say what is lost")
    check(someone.view("/").get("stored") == 1, "something unrelated stopped working")


@proves(sabotage="empty-access")
def a_person_can_take_their_data_along(world: World, event: str = "") -> None:
    known, rules = world.known(world.policy.events[event] if event else None), world.policy.rights.portability
    address = _address(known)
    with world.centre() as centre:
        check(centre.get("/portable.json").status_code in (401, 403), "portable data is handed to whoever asks")
    other = _on_another_basis(world, known)
    told = world.tell(other[0], [other[1]], account=known.account) if other else None
    with world.centre().by_mail(address) as centre:
        for format in rules.formats:
            file = centre.get(f"/portable.{format}").text
            check(address in file, f"the portable {format} lacks what the person gave")
            if other and told and told.answer.get("stored") == 1:
                taken = str(told.values[other[1]]) in file
                check(taken is (not rules.under), f"the portable {format} does not hold just what is held on the bases that the policy names")


def _on_another_basis(world: World, known: Told) -> tuple[EventType, str] | None:
    """An event about such a person, and an item of it that is held on no basis that the policy lets data be taken along from."""
    bases = set(world.policy.rights.portability.under) or {"consent", "contract"}
    for event in world.policy.events.values():
        if event.call != "track" or event.population != known.event.population:
            continue
        for item in world.values(event, event.items):
            uses = {str(one.basis) for one in world.policy.purposes.values() if event.id in one.events and item in one.items}
            found = world.policy.items[item]
            if uses and not uses & bases and found.values in (None, "word") and not found.category.startswith("user.contact"):
                return event, item
    return None


@proves(sabotage="forget-choices-in-the-centre")
def an_objection_stops_its_purpose_and_no_other(world: World) -> None:
    counting, page = world.visiting().id, world.event("page").id
    others = [one.id for one in world.policy.purposes.values() if one.id != counting and page in one.events and VISITOR in one.items]
    check(others, "no other purpose sees visits")
    someone = world.counted().allow(*others)
    someone.view("/")
    with world.centre().by_browser(someone) as centre:
        centre.post("/choices", purpose=counting, say="stop")
    check(not someone.seen(counting), "the purpose objected to goes on")
    check(someone.seen(others[0]), "another purpose stopped as well")


@proves(sabotage="charge-for-rights")
def a_first_request_is_free(world: World) -> None:
    with world.centre().by_mail(_address(world.known())) as centre:
        centre.data()
        requests = centre.data()["requests"]
    check(requests and all(not request.get("fee") for request in requests), "a first request is not free")


@proves(sabotage="lose-questions")
def anyone_may_ask_and_an_empty_question_is_asked_back(world: World) -> None:
    with world.centre().by_mail(_address(world.known())) as centre:
        asked = centre.post("/question", text="what do you hold about me?")
        empty = centre.post("/question", text="")
        kinds = [(one["right"], one["status"], one["due_on"]) for one in centre.data()["requests"] if one["right"] == "question"]
    check(asked.status_code == 200 and empty.status_code == 200, "a question was not taken")
    check(len(kinds) == 2 and all(due for _, _, due in kinds), "a question did not become a case with a deadline")
    check(any("waiting" in status for _, status, _ in kinds), "an empty question was not asked back")


@proves(sabotage="hide-the-regulator")
def a_complaint_is_taken_and_names_the_regulator(world: World) -> None:
    with world.centre().by_mail(_address(world.known())) as centre:
        page = centre.post("/complaint", text="this is not right")
    check(page.status_code == 200, "a complaint was not taken")
    check("Information Commissioner" in page.text, "the reply to a complaint does not name the regulator")


@proves(sabotage="hide-measures")
def the_measures_are_told_on_request(world: World) -> None:
    with world.centre() as centre:
        page = centre.post("/measures")
    check(page.status_code == 200, "the statement of measures is not given")
    check(page.text.count("<li") >= len(world.policy.settings.measures), "the statement does not list every measure")


@proves(sabotage="let-nobody-in")
def nobody_needs_an_account_to_use_their_rights(world: World) -> None:
    address = world.address()
    world.post("/forms/contact", {"fields": {"name": "Someone", "email": address}, "tz": LONDON})
    with world.centre().by_mail(address) as centre:
        check(address in str(centre.items()), "somebody without an account cannot have their data")


@proves(sabotage="let-nobody-in")
def the_centre_offers_what_people_may_ask(world: World) -> None:
    with world.centre().by_mail(_address(world.known())) as centre:
        page = centre.get("/rights").text + centre.get("/data").text + centre.get("").text + centre.get("/erase").text
        for act in ("restrict", "question", "complaint", "erase", "choices", "correct"):
            check(f'/privacy/{act}"' in page, f"the privacy centre has no form to {act}")
        check(centre.get("/data.json").status_code == 200 and centre.get("/portable.csv").status_code == 200, "the data cannot be taken along")
