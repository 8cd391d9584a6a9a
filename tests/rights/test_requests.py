"""Does a subject request keep its promises from opening to closing: clock, cost, reasons, sealed words?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.rights.conftest import promising
from troth.base.clock import micros, now
from troth.base.errors import Fault
from troth.ledger.entry import EntryKind
from troth.policy.demands import Excessive
from troth.rights import california, deadlines, fees, requests
from troth.rights.deadlines import Pause
from troth.rights.fees import Excess
from troth.rights.requests import Right, Status, Step
from troth.rights.verify import Session
from troth.workspace import Workspace

People = Callable[..., Session]


def opened(workspace: Workspace, person: Session, kind: Right = Right.ACCESS, text: str = "") -> int:
    with workspace.state.write() as conn:
        return requests.open_request(workspace, conn, kind, person.ref, person.regime, text=text).id


def test_a_request_is_entered_in_the_ledger_at_each_step_with_no_word_of_the_person(workspace: Workspace, person: People) -> None:
    ada = person()
    id = opened(workspace, ada, Right.QUESTION, "I am Ada Lovelace, call me on +44 7900 112233")
    with workspace.state.write() as conn:
        requests.start(workspace, conn, id, "op_1")
        done = requests.fulfil(workspace, conn, id, "answered", "op_1")
        taken = requests.steps(conn, id)
        entries = [workspace.log.entry(conn, step.entry) for step in taken]
    assert [one.kind for one in entries] == [EntryKind.REQUEST_OPENED, EntryKind.REQUEST_STEP, EntryKind.REQUEST_CLOSED]
    assert all(entry.body["request"] == id for entry in entries)
    assert "Lovelace" not in str([entry.body for entry in entries])
    assert done.status is Status.FULFILLED and done.closed_at is not None and done.fee == 0


def test_what_a_person_writes_rests_sealed_and_is_read_back(workspace: Workspace, person: People) -> None:
    ada = person()
    id = opened(workspace, ada, Right.QUESTION, "Quisquiliae about my dog")
    workspace.state.truncate_log()
    assert b"Quisquiliae" not in b"".join(path.read_bytes() for path in workspace.folder.rglob("*") if path.is_file())
    with workspace.state.read() as conn:
        assert [(note.by, note.text) for note in requests.notes_of(workspace, conn, id)] == [("person", "Quisquiliae about my dog")]


def test_the_words_of_somebody_unknown_are_destroyed_when_they_have_served(workspace: Workspace) -> None:
    with workspace.state.write() as conn:
        id = requests.open_request(workspace, conn, Right.QUESTION, 0, "gdpr", "post", text="a letter").id
        assert requests.notes_of(workspace, conn, id)
        requests.forget_notes(workspace, conn, id)
        assert requests.notes_of(workspace, conn, id) == []


def test_asking_the_person_waits_and_their_answer_goes_on(workspace: Workspace, person: People) -> None:
    id = opened(workspace, person())
    with workspace.state.write() as conn:
        assert requests.ask_person(workspace, conn, id, Pause.CLARIFICATION, "op_1", "Which number?").status is Status.WAITING
        assert not requests.deadline_of(workspace, conn, requests.get(conn, id), now()).running
        assert requests.answer(workspace, conn, id, "The first").status is Status.IN_PROGRESS
        assert requests.deadline_of(workspace, conn, requests.get(conn, id), now()).running
        assert [one.step for one in requests.steps(conn, id)] == [Step.RECEIVED, Step.MORE_ASKED, Step.ANSWERED]


def test_a_closed_request_is_closed(workspace: Workspace, person: People) -> None:
    id = opened(workspace, person())
    with workspace.state.write() as conn:
        requests.fulfil(workspace, conn, id, "delivered")
        with pytest.raises(Fault, match="request-closed"):
            requests.fulfil(workspace, conn, id, "delivered")
        with pytest.raises(Fault, match="request-closed"):
            requests.refuse(workspace, conn, id, "unfounded", "op_1")
        with pytest.raises(Fault, match="request-closed"):
            requests.start(workspace, conn, id, "op_1")
        with pytest.raises(Fault, match="request-closed"):
            requests.ask_person(workspace, conn, id, Pause.FEE, "op_1")


def test_more_time_is_taken_once_and_with_a_reason(workspace: Workspace, person: People) -> None:
    id = opened(workspace, person())
    with workspace.state.write() as conn:
        before = requests.get(conn, id).due_on
        with pytest.raises(Fault, match="reason-missing"):
            requests.extend(workspace, conn, id, " ", "op_1")
        after = requests.extend(workspace, conn, id, "there are many recordings", "op_1").due_on
        assert after > before + timedelta(days=50)
        with pytest.raises(Fault, match="extended-before"):
            requests.extend(workspace, conn, id, "still many", "op_1")


def test_a_refusal_without_a_reason_is_impossible(workspace: Workspace, person: People) -> None:
    id = opened(workspace, person())
    with workspace.state.write() as conn, pytest.raises(Fault, match="reason-missing"):
        requests.refuse(workspace, conn, id, "", "op_1")


@pytest.mark.parametrize("kind", list(Right))
def test_a_first_request_of_any_kind_costs_nothing_and_cannot_be_refused_as_too_much(workspace: Workspace, person: People, kind: Right) -> None:
    id = opened(workspace, person(), kind)
    with workspace.state.write() as conn:
        assert requests.get(conn, id).fee == 0
        with pytest.raises(Fault, match="first-requests-are-free"):
            fees.charge(workspace, conn, id, 500, Excess.EXCESSIVE, "it is a lot of work", "op_1")
        with pytest.raises(Fault, match="first-requests-are-free"):
            fees.refuse_excess(workspace, conn, id, Excess.UNFOUNDED, "there is nothing in it", "op_1")
        assert not requests.get(conn, id).closed


def test_a_request_that_repeats_may_cost_something_or_be_refused_with_its_reason(workspace: Workspace, person: People) -> None:
    ada = person()
    for _ in range(workspace.policy.rights.fees.after):
        opened(workspace, ada, Right.PORTABILITY)
    third, fourth = opened(workspace, ada, Right.PORTABILITY), opened(workspace, ada, Right.PORTABILITY)
    with workspace.state.write() as conn:
        with pytest.raises(Fault, match="reason-missing"):
            fees.charge(workspace, conn, third, 500, Excess.REPETITIVE, "", "op_1")
        charged = fees.charge(workspace, conn, third, 500, Excess.REPETITIVE, "you had it twice this year", "op_1")
        assert charged.fee == 500 and charged.status is Status.WAITING
        assert "twice this year" in requests.notes_of(workspace, conn, third)[0].text
        refused = fees.refuse_excess(workspace, conn, fourth, Excess.REPETITIVE, "you had it twice this year", "op_1")
        assert refused.status is Status.REFUSED and refused.reason == "repetitive"


def test_another_kind_of_request_is_not_a_repetition(workspace: Workspace, person: People) -> None:
    ada = person()
    for kind in (Right.ACCESS, Right.ACCESS, Right.ACCESS):
        opened(workspace, ada, kind)
    id = opened(workspace, ada, Right.COMPLAINT)
    with workspace.state.read() as conn:
        assert not fees.too_many(workspace, conn, requests.get(conn, id))


def test_a_letter_and_a_message_have_the_same_clock_and_stand_in_the_same_queue(workspace: Workspace) -> None:
    with workspace.state.write() as conn:
        letter = requests.open_request(workspace, conn, Right.UNCLEAR, 0, "uk", "post", text="cannot be read", by="op_1")
        message = requests.open_request(workspace, conn, Right.QUESTION, 0, "uk", "centre", text="how long?")
        queue = [one.id for one in requests.unanswered(conn)]
    assert letter.due_on == message.due_on and letter.status is message.status
    assert {letter.id, message.id} <= set(queue)


@pytest.mark.parametrize(("excessive", "refused"), [(Excessive.FEE, "refuse"), (Excessive.REFUSE, "charge")])
def test_what_repeats_too_often_meets_what_the_policy_says_and_nothing_else(
    workspace: Workspace, person: People, excessive: Excessive, refused: str
) -> None:
    ada = person()
    for _ in range(workspace.policy.rights.fees.after):
        opened(workspace, ada, Right.PORTABILITY)
    id = opened(workspace, ada, Right.PORTABILITY)
    with promising(workspace, fees=replace(workspace.policy.rights.fees, excessive=excessive)), workspace.state.write() as conn:
        acts = {
            "charge": lambda: fees.charge(workspace, conn, id, 500, Excess.REPETITIVE, "again", "op_1"),
            "refuse": lambda: fees.refuse_excess(workspace, conn, id, Excess.REPETITIVE, "again", "op_1"),
        }
        with pytest.raises(Fault, match="not-promised"):
            acts[refused]()
        next(act for name, act in acts.items() if name != refused)()


def test_an_answer_is_due_when_the_policy_promises_it_if_that_is_sooner_than_the_law(workspace: Workspace, person: People) -> None:
    with promising(workspace, answer_within=timedelta(days=5)):
        id = opened(workspace, person())
        with workspace.state.write() as conn:
            found = requests.get(conn, id)
            assert found.due_on == deadlines.day_of(deadlines.facts_for("uk"), found.received_at) + timedelta(days=5)
            assert requests.start(workspace, conn, id, "op_1").due_on == found.due_on
            assert requests.extend(workspace, conn, id, "there is a lot", "op_1").due_on > found.due_on + timedelta(days=50)


def test_a_day_is_counted_where_the_law_holds(workspace: Workspace, person: People) -> None:
    evening = micros(datetime(2026, 2, 1, 4, 0, tzinfo=UTC))  # still 31 January in California
    cal, ada = person("california"), person("uk")
    with workspace.state.write() as conn:
        here = requests.open_request(workspace, conn, Right.KNOW, cal.ref, "california", received_at=evening)
        there = requests.open_request(workspace, conn, Right.ACCESS, ada.ref, "uk", received_at=evening)
    assert (here.due_on, there.due_on) == (date(2026, 3, 17), date(2026, 3, 2))  # 1 March is a Sunday


def test_a_policy_may_promise_more_free_answers_than_the_law_and_never_fewer(workspace: Workspace, person: People) -> None:
    cal = person("california")
    for promised, left in ((None, 2), (4, 4), (1, 2)):
        with promising(workspace, per_year=promised), workspace.state.read() as conn:
            assert california.entitlement(workspace.policy, conn, cal, now()).left == left
