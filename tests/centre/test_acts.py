"""Do the other rights do what they say: storing only, complaining, knowing, asking, being erased?"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from tests.centre.conftest import CALIFORNIA, LONDON, Person, outbox
from troth.prove.world import World
from troth.rights import requests
from troth.rights.disclosed import note_disclosure
from troth.rights.erasure import continue_cases
from troth.workspace import Workspace

People = Callable[..., Person]


def ref_of(workspace: Workspace, ada: Person) -> int:
    from troth.rights.verify import find_by_email

    with workspace.state.read() as conn:
        found = find_by_email(workspace, conn, ada.address)
    assert found
    return found


def test_storing_only_refuses_new_events_and_still_shows_the_data(person: People, world: World) -> None:
    ada = person().come_in()
    ada.follow(ada.post("/restrict"))
    enquiry = {"name": "Ada", "email": ada.address}
    assert world.send("track", event="Contact Requested", properties=enquiry)["refused"] == {"restricted": 1}
    assert ada.address not in str(world.events("enquiries"))
    assert ada.address in ada.get("/data").text and "only stored" in ada.get().text
    ada.follow(ada.post("/lift"))
    assert world.send("track", event="Contact Requested", properties=enquiry)["stored"] == 1
    assert [one["right"] for one in ada.data()["requests"] if one["right"] in ("restriction", "lifting")] == ["lifting", "restriction"]


def test_a_complaint_is_answered_at_once_with_the_regulator(person: People) -> None:
    ada = person(LONDON).come_in()
    page = ada.follow(ada.post("/complaint", text="You called me at night"))
    words = ada.said(page)
    assert "looks into it" in words and "ico.org.uk" in words and "You called me at night" in words and "nothing" in words


def test_an_empty_complaint_is_asked_about_waits_and_goes_on(person: People) -> None:
    ada = person().come_in()
    page = ada.follow(ada.post("/complaint", text=""))
    assert "waiting for you" in page.text
    id = str(page.url).split("/")[-1].split("?")[0]
    assert ada.post(f"/requests/{id}", text=" ").status_code == 400
    after = ada.follow(ada.post(f"/requests/{id}", text="It is about the newsletter"))
    assert "being worked on" in after.text and "It is about the newsletter" in after.text
    assert ada.post(f"/requests/{id}", text="again").status_code == 409


def test_nobody_sees_anothers_request(person: People) -> None:
    ada, eve = person().come_in(), person().come_in()
    ada.post("/complaint", text="mine alone")
    id = ada.data()["requests"][0]["id"]
    assert ada.get(f"/requests/{id}").status_code == 200
    for path in (f"/requests/{id}", "/requests/0123456789abcdef", "/requests/nonsense"):
        assert eve.get(path).status_code == 404
    assert eve.post(f"/requests/{id}", text="hello").status_code == 404


def test_anybody_may_ask_the_officer_and_the_question_stands_in_the_queue(person: People, workspace: Workspace) -> None:
    nobody = person(known=False)
    page = nobody.follow(nobody.post("/question", text="Where is my letter of May?", answer_to="1 Old Street"))
    assert "The privacy officer answers" in page.text
    with workspace.state.read() as conn:
        asked = [one for one in requests.unanswered(conn) if one.kind is requests.Right.QUESTION and one.ref == 0]
        texts = [note.text for one in asked for note in requests.notes_of(workspace, conn, one.id)]
    assert "Where is my letter of May?\n\nAnswer to: 1 Old Street" in texts


def test_the_protections_are_told_to_anybody_and_the_asking_is_on_record(person: People, workspace: Workspace) -> None:
    page = person(known=False).post("/measures")
    assert page.status_code == 200 and page.text.count("<li>") >= len(workspace.policy.settings.measures)
    assert not re.search(r"<li>[a-z-]+</li>", page.text)  # each in words, none as a code


def test_a_californian_matches_a_second_detail_before_data_is_handed_out(person: People, workspace: Workspace) -> None:
    cal = person(CALIFORNIA, phone="+1 415 555 0101").come_in()
    for path in ("/data", "/data.json", "/portable.csv", "/erase"):
        answer = cal.get(path)
        assert answer.status_code == 303 and answer.headers["location"].endswith("/detail")
    assert "Telephone number" in cal.get("/detail").text
    wrong = cal.post("/detail", item="contact.phone", value="415 555 9999")
    unreliable = cal.post("/detail", item="contact.name", value="Ada")
    assert wrong.status_code == 403 and "not-verified" in wrong.text and unreliable.status_code == 303
    assert cal.get("/data").status_code == 303
    assert "That matches" in cal.follow(cal.post("/detail", item="contact.phone", value="(415) 555-0101")).text
    assert cal.data()["events"]


def test_of_whom_only_an_address_is_held_no_second_detail_is_asked(person: People) -> None:
    assert person(CALIFORNIA).come_in().get("/data").status_code == 200


def test_wrong_details_are_stopped_after_a_few_tries(person: People) -> None:
    cal = person(CALIFORNIA, phone="+1 415 555 0102").come_in()
    answers = [cal.post("/detail", item="contact.phone", value=f"415 555 {n:04}").status_code for n in range(6)]
    assert answers == [403] * 5 + [429]
    assert cal.post("/detail", item="contact.phone", value="415 555 0102").status_code == 429


def test_a_californian_is_told_kinds_sources_purposes_and_recipients_of_what_was_really_collected(
    person: People, world: World, workspace: Workspace
) -> None:
    cal = person(CALIFORNIA).come_in()
    page = cal.said(cal.post("/know"))
    assert "E-mail addresses" in page and "forms you send" in page and "Answering enquiries" in page
    assert "None was disclosed to anybody" in page and "Invoices" not in page and "We have not sold" in page
    with workspace.state.write() as conn:
        note_disclosure(conn, workspace.log, ref_of(workspace, cal), "mailworks", "newsletter", ["contact.email"])
        note_disclosure(conn, workspace.log, ref_of(workspace, cal), "northcloud", "enquiries", ["contact.name"])
    told = cal.said(cal.post("/know"))
    assert "Mailworks : E-mail addresses" in told and "Northcloud Hosting : Names" in told and "cloud storage" in told


def test_a_third_request_to_know_is_beyond_what_is_free_and_names_the_day_of_the_next(person: People) -> None:
    cal = person(CALIFORNIA).come_in()
    assert [cal.post("/know").status_code for _ in range(2)] == [200, 200]
    page = cal.said(cal.follow(cal.post("/know")))
    assert "refused" in page and "The next is free from" in page
    asked = [one for one in cal.data()["requests"] if one["right"] == "know"]
    assert [(one["status"], one["fee"]) for one in asked] == [("refused", 0), ("fulfilled", 0), ("fulfilled", 0)]


def test_erasing_ends_the_session_removes_the_messages_and_shows_a_receipt(person: People, world: World, workspace: Workspace) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada = person().come_in(visitor.id, mine=True)
    complaint = ada.post("/complaint", text="please go on").headers["location"].split("/")[-1]
    assert any(ada.address.encode() in path.read_bytes() for path in outbox(workspace))
    assert "Nothing stays by law" in ada.said(ada.get("/erase"))
    assert ada.post("/erase").status_code == 400  # not sure
    answer = ada.post("/erase", sure="yes")
    receipt = ada.follow(answer)
    assert receipt.status_code == 200 and "troth_centre" not in ada.http.cookies
    assert not any(ada.address.encode() in path.read_bytes() for path in outbox(workspace))
    assert ada.get("/data").status_code == 401
    ada.post("/link", email=ada.address)
    continue_cases(workspace)
    until = time.monotonic() + 20
    while "You are erased" not in receipt.text and time.monotonic() < until:
        time.sleep(0.2)
        receipt = ada.http.get(answer.headers["location"])
    assert "You are erased" in receipt.text
    with workspace.state.read() as conn:  # what nobody can be answered any more waits in no queue
        assert requests.get(conn, requests.read_id(complaint)).outcome == "erased"
    assert not any(ada.address.encode() in path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file())
    assert person(known=False).post("/browser", v=visitor.id).status_code == 404


def test_what_a_law_keeps_is_said_before_the_person_decides_and_on_the_receipt(person: People, world: World) -> None:
    ada = person()
    world.send("group", groupId="g1", traits={"email": ada.address, "billing_contact": "Ms Byron"})
    ada.come_in()
    assert "accounting records for six years" in ada.said(ada.get("/erase"))
    receipt = ada.said(ada.follow(ada.post("/erase", sure="yes")))
    assert "accounting records for six years" in receipt


def test_a_receipt_that_was_never_given_is_not_there(person: People) -> None:
    assert person(known=False).get("/receipt/nonsense").status_code == 404
