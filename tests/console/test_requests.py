"""Does the operators' queue show what is due, do what it says, tell the person, and enter it all?"""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email import policy as mail_policy
from pathlib import Path

import httpx
import pytest

from tests.console.conftest import Browser, Office, csrf_in
from tests.console.test_pages import text_of
from troth.base import clock
from troth.collect.messages import Message
from troth.consent.standing import read_standing
from troth.gate.decide import Deny, MayUse, Permit, decide
from troth.gate.reasons import Reason
from troth.ledger.entry import EntryKind
from troth.rights import objection, requests, restrict
from troth.rights.requests import Right, Status
from troth.rights.verify import Session, Shown
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

HOME = "/infinity/console/requests"
ADA = "ada@people.example"
SAID = "I only called once, about my Quisquiliae"


def ada(office: Office) -> Session:
    """Ada wrote by the contact form, from London."""
    fields = {"name": "Ada", "email": ADA, "message": "please call"}
    message = Message(type="track", event="Contact Requested", properties=fields, context={"timezone": "Europe/London"})
    assert office.town.send(message, trusted=True).stored == 1
    ref = office.town.ref(ADA, IdentifierKind.EMAIL)
    return Session(ref, frozenset({ref}), Shown.MAILBOX, 1, ADA, "uk", "enquirer", False, clock.now())


def asked(office: Office, kind: Right = Right.QUESTION, text: str = SAID, ref: int | None = None) -> str:
    """Ada asks; the id as addresses carry it."""
    workspace, who = office.town.workspace(), ada(office).ref if ref is None else ref
    with workspace.state.write() as conn:
        return requests.open_request(workspace, conn, kind, who, "uk", text=text).shown


def objected(office: Office, purpose: str = "telephone") -> str:
    """Ada objects to a purpose that nobody is asked about."""
    workspace, person = office.town.workspace(), ada(office)
    with workspace.state.write() as conn:
        return objection.object_to(workspace, conn, person, purpose, SAID).shown


def state_of(office: Office, shown: str) -> requests.SubjectRequest:
    with office.town.workspace().state.read() as conn:
        return requests.get(conn, requests.read_id(shown))


def letters(office: Office) -> list[str]:
    """What rests in the outbox: to whom, and the words."""
    folder = office.town.workspace().folder / "outbox"
    found = [message_from_bytes(path.read_bytes(), policy=mail_policy.default) for path in _oldest_first(folder)]
    return [f"{one['to']}\n{one.get_content()}" for one in found]


def _oldest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns) if folder.exists() else []


def may(workspace: Workspace, ref: int, purpose: str) -> Permit | Deny:
    with workspace.state.read() as conn:
        return decide(MayUse(purpose), workspace.plan, read_standing(conn, ref), clock.now())


async def do(browser: Browser, shown: str, act: str, **fields: str) -> httpx.Response:
    """Press a button of a request's page."""
    page = await browser.get(f"{HOME}/{shown}")
    return await browser.post(f"{HOME}/{shown}/{act}", {"csrf": csrf_in(page.text), **fields})


async def test_the_queue_has_the_nearest_deadline_first_and_none_of_the_persons_words(office: Office) -> None:
    first = asked(office)
    office.town.clock.forward(days=25)
    second = asked(office, Right.COMPLAINT)
    browser = await office.signed_in()
    page = (await browser.get(HOME)).text
    assert re.findall(r'data-request="([0-9a-f]+)"', page) == [first, second]
    assert "5\u00a0days left" in page and SAID not in page and ADA not in page
    office.town.clock.forward(days=6)
    assert "1\u00a0day late" in (await (await office.signed_in()).get(HOME)).text


async def test_what_our_own_test_persons_ask_is_in_no_queue(office: Office) -> None:
    person, workspace = ada(office), office.town.workspace()
    with workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE subject SET canary = 1 WHERE ref = ?", (person.ref,))
    asked(office, ref=person.ref)
    assert "Nothing waits for an answer" in (await (await office.signed_in()).get(HOME)).text


async def test_an_empty_queue_says_what_comes_here(office: Office) -> None:
    assert "Nothing waits for an answer" in (await (await office.signed_in()).get(HOME)).text


async def test_reading_what_a_person_wrote_is_in_the_ledger(office: Office) -> None:
    shown = asked(office)
    page = (await (await office.signed_in()).get(f"{HOME}/{shown}")).text
    assert SAID in page and "The person" in page and "ledger entry" in page
    read = [body for body in office.town.entries(EntryKind.OPERATOR_ACT) if body["act"] == "request-read"]
    assert [body["request"] for body in read] == [requests.read_id(shown)]


async def test_an_objection_stands_still_until_it_is_overridden_with_grounds_that_the_person_is_told(office: Office) -> None:
    shown = objected(office)
    workspace, ref = office.town.workspace(), office.town.ref(ADA, IdentifierKind.EMAIL)
    assert may(workspace, ref, "telephone") == Deny(Reason.OBJECTED, "telephone")
    browser = await office.signed_in()
    page = (await browser.get(f"{HOME}/{shown}")).text
    assert "Uphold" in page and "Override" in page and "Answer and close" not in page
    assert (await do(browser, shown, "override", text=" ")).status_code == 400
    done = await do(browser, shown, "override", text="A dispute about that call is open.")
    assert done.headers["location"] == f"{HOME}/{shown}?done=override"
    assert isinstance(may(workspace, ref, "telephone"), Permit)
    assert state_of(office, shown).reason == "compelling-grounds"
    (letter,) = letters(office)
    assert letter.startswith(ADA) and "A dispute about that call is open." in letter and "ico.org.uk" in letter


async def test_an_upheld_objection_stops_the_purpose_for_good(office: Office) -> None:
    shown = objected(office)
    await do(await office.signed_in(), shown, "uphold", text="You are right.")
    assert state_of(office, shown).outcome == "upheld"
    assert may(office.town.workspace(), office.town.ref(ADA, IdentifierKind.EMAIL), "telephone") == Deny(Reason.OBJECTED, "telephone")
    assert "stopped for good" in letters(office)[0]


async def test_more_time_is_taken_once_and_the_person_is_told_the_new_day(office: Office) -> None:
    shown = asked(office)
    before = state_of(office, shown).due_on
    browser = await office.signed_in()
    await do(browser, shown, "extend", text="There are many recordings to hear.")
    after = state_of(office, shown).due_on
    assert after > before + timedelta(days=50)
    assert "many recordings" in letters(office)[0] and f"{after.day} {after:%B %Y}" in letters(office)[0]
    assert "Take more time" not in (await browser.get(f"{HOME}/{shown}")).text
    assert (await do(browser, shown, "extend", text="Still many.")).status_code == 409


async def test_asking_for_something_waits_for_the_person(office: Office) -> None:
    shown = asked(office)
    await do(await office.signed_in(), shown, "ask", why="clarification", text="Which call do you mean?")
    assert state_of(office, shown).status is Status.WAITING
    assert "Which call do you mean?" in letters(office)[0]


async def test_a_refusal_needs_a_ground_of_the_list_and_words_and_says_where_to_complain(office: Office) -> None:
    shown = asked(office)
    browser = await office.signed_in()
    assert (await do(browser, shown, "refuse", reason="because", text="No.")).status_code == 400
    assert (await do(browser, shown, "refuse", reason="law-forbids", text="")).status_code == 400
    assert not state_of(office, shown).closed and letters(office) == []
    await do(browser, shown, "refuse", reason="law-forbids", text="The tax office keeps us from it.")
    assert (state_of(office, shown).status, state_of(office, shown).reason) == (Status.REFUSED, "law-forbids")
    assert "The tax office" in letters(office)[0] and "ico.org.uk" in letters(office)[0]


async def test_a_fee_is_offered_only_where_a_request_repeats(office: Office) -> None:
    shown = asked(office, Right.PORTABILITY)
    browser = await office.signed_in()
    assert "Ask a fee" not in (await browser.get(f"{HOME}/{shown}")).text
    assert (await do(browser, shown, "charge", fee="12.50", why="repetitive", text="Again?")).status_code == 409
    assert (await do(browser, shown, "refuse", reason="repetitive", text="Again?")).status_code == 409
    ref = office.town.ref(ADA, IdentifierKind.EMAIL)
    office.town.clock.forward(minutes=1)
    asked(office, Right.PORTABILITY, ref=ref)
    office.town.clock.forward(minutes=1)
    third = asked(office, Right.PORTABILITY, ref=ref)
    assert "Ask a fee" in (await browser.get(f"{HOME}/{third}")).text
    for wrong in ("twelve", "-1", "1.234", "", "0"):
        assert (await do(browser, third, "charge", fee=wrong, why="repetitive", text="You had it twice.")).status_code == 400, wrong
    await do(browser, third, "charge", fee="12,50", why="repetitive", text="You had it twice.")
    assert (state_of(office, third).fee, state_of(office, third).status) == (1250, Status.WAITING)
    assert "12.50" in letters(office)[-1]


async def test_a_restriction_is_lifted_here_only_after_the_person_was_told(office: Office) -> None:
    workspace, person = office.town.workspace(), ada(office)
    with workspace.state.write() as conn:
        shown = restrict.restrict(workspace, conn, person).shown
    browser = await office.signed_in()
    assert (await do(browser, shown, "lift")).status_code == 409
    await do(browser, shown, "announce-lifting")
    assert "going to use it again" in letters(office)[0]
    await do(browser, shown, "lift")
    assert isinstance(may(workspace, person.ref, "enquiries"), Permit)


async def test_what_somebody_unknown_wrote_is_answered_to_the_address_they_named_and_then_destroyed(office: Office) -> None:
    shown = asked(office, text=f"Where is my letter?\n\nAnswer to: {ADA}", ref=0)
    browser = await office.signed_in()
    page = (await browser.get(f"{HOME}/{shown}")).text
    assert "has not shown who they are" in page and "Where is my letter?" in page
    await do(browser, shown, "answer", text="It is on its way.")
    assert letters(office)[0].startswith(ADA) and "on its way" in letters(office)[0]
    assert "Where is my letter?" not in (await browser.get(f"{HOME}/{shown}")).text


async def test_of_whom_no_address_is_held_the_answer_waits_in_their_privacy_page(office: Office) -> None:
    office.town.view("ada-ada-ada", "/")
    shown = asked(office, ref=office.town.ref("ada-ada-ada"))
    await do(await office.signed_in(), shown, "answer", text="It is on its way.")
    assert letters(office) == [] and state_of(office, shown).status is Status.FULFILLED


@pytest.mark.parametrize("name", ["Ansel", "Sabine"])
async def test_only_an_owner_or_a_privacy_officer_sees_requests(office: Office, name: str) -> None:
    shown = asked(office)
    owner, other = await office.signed_in(), await office.signed_in(name)
    token = csrf_in((await other.get("/infinity/console/")).text)
    assert 'console/requests"' not in (await other.get("/infinity/console/")).text
    for path in (HOME, f"{HOME}/{shown}"):
        refused = await other.get(path)
        assert refused.status_code == 403 and SAID not in refused.text
    assert (await other.post(f"{HOME}/{shown}/start", {"csrf": token})).status_code == 403
    office.operators.add("Prisca", "infinity", "privacy-officer", "four words in a row")
    officer = await office.signed_in("Prisca")
    assert SAID in (await officer.get(f"{HOME}/{shown}")).text
    assert (await do(owner, shown, "start")).status_code == 303


async def test_a_form_without_the_sessions_token_or_from_elsewhere_does_nothing(office: Office) -> None:
    shown = asked(office)
    browser = await office.signed_in()
    token = csrf_in((await browser.get(f"{HOME}/{shown}")).text)
    assert (await browser.post(f"{HOME}/{shown}/start", {"csrf": "x"})).status_code == 403
    assert (await browser.post(f"{HOME}/{shown}/start", {"csrf": token}, origin="https://evil.example")).status_code == 403
    assert state_of(office, shown).status is Status.OPEN


@pytest.mark.parametrize("path", ["0123456789abcdef", "nonsense", "0", "zzzzzzzzzzzzzzzz"])
async def test_a_request_that_is_not_there_is_a_clear_no(office: Office, path: str) -> None:
    answer = await (await office.signed_in()).get(f"{HOME}/{path}")
    assert answer.status_code == 404 and "no such request" in answer.text


async def test_what_cannot_be_done_is_refused_and_hostile_words_are_words(office: Office) -> None:
    shown = asked(office, text="<script>alert(1)</script>")
    browser = await office.signed_in()
    page = (await browser.get(f"{HOME}/{shown}")).text
    assert "<script>alert" not in page and "&lt;script&gt;" in page
    for act in ("uphold", "lift", "nonsense", "charge"):
        assert (await do(browser, shown, act, text="x", fee="1", why="repetitive")).status_code == 409, act
    assert (await do(browser, shown, "answer", text="x" * 8_001)).status_code == 400
    assert (await do(browser, shown, "answer", text="é" * 4_000)).status_code == 303
    assert "That cannot be done" in text_of((await do(browser, shown, "answer", text="again")).text)


async def test_each_act_is_in_the_ledger_with_its_operator_and_no_word_of_anybodys(office: Office) -> None:
    shown = asked(office)
    browser = await office.signed_in()
    await do(browser, shown, "start")
    await do(browser, shown, "answer", text="Dear Ada Quisquiliae")
    acts = [body for body in office.town.entries(EntryKind.OPERATOR_ACT) if body["act"] in ("request-start", "request-answer")]
    assert [body["act"] for body in acts] == ["request-start", "request-answer"]
    assert {body["operator"] for body in acts} == {one.id for one in office.operators.all() if one.name == "Odile"}
    assert "Quisquiliae" not in str(office.town.entries(EntryKind.REQUEST_STEP) + office.town.entries(EntryKind.REQUEST_CLOSED))
