"""Does a one-time link open the right page, once, for its owner alone, and does nobody learn anything on the way?"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from tests.centre.conftest import CALIFORNIA, Person, outbox
from troth.base.ids import new_token
from troth.prove.world import World
from troth.rights import requests, verify
from troth.rights.verify import Limit
from troth.workspace import Workspace

People = Callable[..., Person]


def test_a_link_from_the_mailbox_opens_the_persons_page(person: People) -> None:
    ada = person().come_in()
    assert ada.address in ada.get().text
    assert ada.address in ada.get("/data").text


def test_looking_at_a_link_does_not_use_it_up_and_pressing_its_button_does(person: People) -> None:
    ada = person()
    token = ada.ask_for_link()
    for _ in range(3):  # a mail scanner
        assert ada.get(f"/open?t={token}").status_code == 200
    assert ada.post("/open", t=token).status_code == 303
    assert ada.get(f"/open?t={token}").status_code == 410
    again = httpx.post(f"{ada.origin}/infinity/privacy/open", data={"t": token}, headers={"origin": ada.origin})
    assert again.status_code == 410 and again.json()["code"] == "link-not-good" and "set-cookie" not in again.headers


def test_an_invented_link_and_an_old_one_are_refused_alike(person: People, workspace: Workspace) -> None:
    ada = person()
    invented = ada.post("/open", t=new_token())
    token = ada.ask_for_link()
    with workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE privacy_link SET expires_at = expires_at - ?", (verify.LINK_LASTS // timedelta(microseconds=1),))
    old = ada.post("/open", t=token)
    assert invented.status_code == old.status_code == 410 and invented.text == old.text


def test_the_answer_is_the_same_whether_or_not_anything_is_held(person: People, workspace: Workspace) -> None:
    known, stranger = person(), person(known=False)
    before = len(outbox(workspace))
    unheard_of = stranger.post("/link", email=stranger.address)
    heard_of = known.post("/link", email=known.address)
    assert unheard_of.status_code == heard_of.status_code == 200 and unheard_of.text == heard_of.text
    assert {name for name, _ in unheard_of.headers.items()} == {name for name, _ in heard_of.headers.items()}
    until = time.monotonic() + 10
    while len(outbox(workspace)) == before and time.monotonic() < until:
        time.sleep(0.02)
    new = outbox(workspace)[before:] if len(outbox(workspace)) == before + 1 else outbox(workspace)
    assert len(outbox(workspace)) == before + 1 and not any(stranger.address.encode() in path.read_bytes() for path in new)


def test_nothing_about_the_person_rests_in_clear_but_in_the_message_itself(person: People, workspace: Workspace) -> None:
    ada = person(phone="+447900555123").come_in()
    ada.post("/question", text="My name is Quisquilia")
    workspace.state.truncate_log()
    name = ada.data()["by_source"]["forms you send"]
    words = [
        ada.address.encode(),
        b"7900555123",
        b"Quisquilia",
        *(str(value).encode() for item in name if item["id"] == "contact.name" for value in item["values"]),
    ]
    for path in workspace.folder.rglob("*"):
        if path.is_file() and path.suffix != ".eml":
            held = path.read_bytes()
            assert not any(word in held for word in words), path.name


def test_too_many_links_for_one_address_are_answered_as_ever_and_not_sent(
    person: People, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "PER_ADDRESS", Limit(2, timedelta(minutes=15)))
    ada, bea = person(), person()
    answers = [ada.post("/link", email=ada.address.upper() if n else ada.address) for n in range(4)]
    assert len({(one.status_code, one.text) for one in answers}) == 1
    bea.ask_for_link()  # what was asked before has been done by now
    assert sum(ada.address.encode() in path.read_bytes() for path in outbox(workspace)) == 2


def test_too_many_links_from_one_place_are_refused_for_a_while(person: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "PER_CLIENT", Limit(2, timedelta(minutes=15)))
    answers = [person(known=False).post("/link", email=f"nobody{n}@people.example") for n in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "900" and "too-many-tries" in answers[2].text


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@x.example", "a b@x.example", "ada@x.example\nBcc: all@x.example", "<ada@x.example>", "a" * 300 + "@x.example"]
)
def test_what_is_no_address_is_refused(person: People, address: str) -> None:
    answer = person(known=False).post("/link", email=address)
    assert answer.status_code == 400 and "bad-address" in answer.text


def test_a_form_from_another_site_or_without_the_sessions_token_does_nothing(person: People) -> None:
    ada = person().come_in()
    foreign = ada.post("/choices", origin="https://evil.example", purpose="enquiries", say="stop")
    missing = ada.post("/choices", form_token="", purpose="enquiries", say="stop")
    guessed = ada.post("/choices", form_token="0" * 32, purpose="enquiries", say="stop")
    assert [one.status_code for one in (foreign, missing, guessed)] == [403, 403, 403]
    stranger = person().post("/link", origin="https://evil.example", email=ada.address)
    assert stranger.status_code == 403 and "foreign-form" in stranger.text
    assert ada.data()["choices"] == []


def test_without_a_session_nothing_is_shown_and_nothing_is_changed(person: People) -> None:
    nobody = person(known=False)
    for path in ("/data", "/data.json", "/portable.csv", "/portable.json", "/rights", "/erase", "/detail", "/requests/0000000000000001"):
        answer = nobody.http.get(f"/infinity/privacy{path}", headers={"accept": "application/json"})
        assert answer.status_code == 401 and answer.json()["code"] == "not-signed-in", path
    for path in ("/choices", "/correct", "/separate", "/restrict", "/lift", "/send", "/complaint", "/know", "/erase", "/detail"):
        assert nobody.post(path, purpose="enquiries", say="stop", sure="yes").status_code == 401, path


def test_the_sessions_cookie_is_for_the_centre_alone_and_leaving_ends_it(person: People) -> None:
    ada = person()
    answer = ada.post("/open", t=ada.ask_for_link())
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/infinity/privacy" in cookie
    secret = ada.http.cookies["troth_centre"]
    ada.post("/leave")
    assert "troth_centre" not in ada.http.cookies
    stale = httpx.get(f"{ada.origin}/infinity/privacy/data.json", cookies={"troth_centre": secret})
    assert stale.status_code == 401


def test_a_browsers_own_number_opens_what_it_sent_and_nothing_else(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    someone = person(known=False)
    page = someone.follow(someone.post("/browser", v=visitor.id))
    assert "What this browser allows" in page.text
    data = someone.data()
    assert {event["source"] for event in data["events"]} == {"your visits to the site"} and len(data["events"]) == 1
    assert someone.post("/send", to="other@x.example").status_code == 403
    assert someone.post("/correct", item="contact.name", value="Eve").status_code == 403


@pytest.mark.parametrize("number", ["", "abc12345", "f" * 32, "x" * 200])
def test_a_number_that_is_unknown_or_could_be_guessed_opens_nothing(person: People, world: World, number: str) -> None:
    if number == "abc12345":  # held, but too short to be safe
        world.send("page", anonymousId=number, context={"timezone": CALIFORNIA, "page": {"url": "http://127.0.0.1:8101/"}})
    answer = person(known=False).post("/browser", v=number)
    assert answer.status_code == 404 and "nothing-held" in answer.text


def test_a_joined_browser_still_opens_its_own_visits_alone(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada = person().come_in(visitor.id, mine=True)
    alone = person(known=False)
    alone.post("/browser", v=visitor.id)
    assert ada.address not in alone.get("/data.json").text and ada.address not in alone.get().text
    refused = alone.post("/erase", sure="yes")
    assert refused.status_code == 403 and "mailbox-needed" in refused.text


def test_the_pages_work_without_script_and_load_nothing_from_elsewhere(person: People) -> None:
    ada = person().come_in()
    for path in ("", "/data", "/rights", "/erase"):
        page = ada.get(path)
        assert "script-src 'self'" in page.headers["content-security-policy"] and page.headers["cache-control"] == "no-store"
        assert not re.findall(r'(?:src|action)="(?!/)[^"]*"', page.text), path


def test_a_link_can_be_opened_while_another_session_is_open(person: People) -> None:
    ada = person().come_in()
    other = person()
    token = other.ask_for_link()
    page = ada.get(f"/open?t={token}").text
    found = re.search(r'name="form_token" value="([0-9a-f]+)"', page)
    assert found and ada.post("/open", t=token, form_token=found[1]).status_code == 303
    assert other.address in ada.get("/data").text


def test_a_browser_that_two_people_use_puts_neither_with_the_other(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada, ben = person().come_in(visitor.id, mine=True), person()
    token = ben.ask_for_link(visitor.id)
    page = ben.follow(ben.post("/open", t=token, mine="yes"))
    assert "stay apart from yours" in page.text
    assert ada.address not in ben.get("/data.json").text and ben.address not in ada.get("/data.json").text


def test_a_number_of_a_request_that_can_be_none_is_answered_like_any_other(person: People) -> None:
    ada = person().come_in()
    for number in ("f" * 16, "0x00000000000001", "-00000000000001a", "٠" * 16):
        assert ada.get(f"/requests/{number}").status_code == 404


def test_hostile_fields_of_forms_are_refused_and_break_nothing(person: People) -> None:
    ada = person().come_in()
    assert ada.post("/choices", form_token="é" * 32, purpose="enquiries", say="stop").status_code == 403
    assert ada.post("/separate", link="²").status_code == 404
    assert ada.get("/data").status_code == 200


def test_where_a_question_is_to_be_answered_is_kept_however_long_it_is(person: People, workspace: Workspace) -> None:
    nobody = person(known=False)
    nobody.follow(nobody.post("/question", text="x" * 9_000, answer_to="long@people.example"))
    with workspace.state.read() as conn:
        asked = [one for one in requests.unanswered(conn) if one.kind is requests.Right.QUESTION and one.ref == 0]
        texts = [note.text for one in asked for note in requests.notes_of(workspace, conn, one.id)]
    assert any(text.endswith("Answer to: long@people.example") and text.startswith("xxx") for text in texts)
