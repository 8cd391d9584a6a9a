"""A call is kept once, whatever the order of what is said of it, and says no more than it must."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.calls.conftest import FALLBACK, Town, twilio_like
from troth.ledger.entry import EntryKind
from troth.prove.world import AGENT
from troth.rights.erasure import continue_cases, erase
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind


def _ref(town: Town, caller: str) -> int:
    with town.workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(town.workspace.keys, IdentifierKind.PHONE, caller))
    assert ref is not None
    return ref


def _say(town: Town, call: str, caller: str, to: str, steps: Any) -> None:
    for step, status in steps:
        seconds = {"completed": 60, "busy": 0, "no-answer": 0, "failed": 0, "canceled": 0}.get(status)
        assert town.provider.post(town.provider.fields(call, caller, to, status, step, seconds))[0] == 200


@pytest.mark.promise("infinity-016")
def test_a_finished_call_is_kept_with_the_telephone_as_its_source(town: Town) -> None:
    caller = town.caller()
    town.ring("+442079460101", caller, seconds=75)
    (call,) = town.calls_of(caller)
    assert call["items"] == {
        "call.number": "+442079460101", "call.caller": caller, "call.status": "completed", "call.seconds": 75, "contact.source": "telephone",
    }  # fmt: skip
    subject = town.sql("SELECT population, regime FROM subject WHERE ref = ?", _ref(town, caller))[0]
    assert tuple(subject) == ("enquirer", "uk")


def test_nothing_is_kept_of_a_call_that_has_not_ended(town: Town) -> None:
    caller = town.caller()
    town.ring(FALLBACK, caller, steps=("initiated", "ringing", "in-progress"))
    assert not town.calls_of(caller)
    assert not town.sql("SELECT 1 FROM identifier WHERE hash = ?", directory.hash_of(town.workspace.keys, IdentifierKind.PHONE, caller))


@pytest.mark.parametrize("status", ["completed", "busy", "no-answer", "failed", "canceled"])
def test_every_way_a_call_ends_is_kept(town: Town, status: str) -> None:
    caller = town.caller()
    town.ring(FALLBACK, caller, steps=("ringing", status), seconds=30)
    (call,) = town.calls_of(caller)
    assert call["items"]["call.status"] == status
    assert call["items"]["call.seconds"] == (30 if status == "completed" else 0)


def test_an_unknown_status_is_other_and_ends_a_call_that_has_a_length(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    _say(town, call, caller, FALLBACK, [(0, "teleporting")])
    assert not town.calls_of(caller)
    town.provider.post(town.provider.fields(call, caller, FALLBACK, "teleported", 1, 5))
    assert [row["items"]["call.status"] for row in town.calls_of(caller)] == ["other"]


def test_whatever_the_order_and_however_often_a_call_is_one_event_and_one_join(town: Town) -> None:
    ada = town.ada()
    number = town.number(ada)["number"]
    orders = {town.caller(): order for order in permutations(enumerate(("initiated", "ringing", "in-progress", "completed")))}
    for caller, order in orders.items():
        _say(town, twilio_like.new_call(), caller, number, [*order, *order, order[0]])
    calls = [row["items"] for row in ada.seen("call-journey") if row["event"] == "call"]
    assert sorted(call["call.caller"] for call in calls) == sorted(orders)
    assert {call["call.status"] for call in calls} == {"completed"}


def test_the_same_end_under_another_sequence_number_is_the_same_call(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    _say(town, call, caller, FALLBACK, [(3, "completed"), (4, "completed"), (5, "busy")])
    assert len(town.calls_of(caller)) == 1


def test_a_replay_long_after_is_still_the_same_call(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    _say(town, call, caller, FALLBACK, [(1, "ringing"), (3, "completed")])
    town.sql("DELETE FROM call_step")
    town.sql("DELETE FROM call_progress")
    _say(town, call, caller, FALLBACK, [(3, "completed"), (1, "ringing"), (3, "completed")])
    assert len(town.calls_of(caller)) == 1


def test_what_is_held_of_calls_in_progress_goes_within_two_days(town: Town) -> None:
    town.ring(FALLBACK, steps=("ringing",))
    assert town.sql("SELECT count(*) FROM call_step")[0][0] >= 1
    town.sql("UPDATE call_step SET day = day - 2")
    town.sql("UPDATE call_progress SET day = day - 2")
    town.ring(FALLBACK, steps=("ringing",))
    assert town.sql("SELECT count(*) FROM call_step")[0][0] == town.sql("SELECT count(*) FROM call_progress")[0][0] == 1


def test_one_end_told_many_times_at_once_is_kept_once(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda step: _say(town, call, caller, FALLBACK, [(step % 3, "completed")]), range(12)))
    assert len(town.calls_of(caller)) == 1


def test_two_calls_at_once_from_a_new_number_are_one_persons(town: Town) -> None:
    caller = town.caller()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda _: town.ring(FALLBACK, caller, steps=("completed",)), range(6)))
    assert len(town.calls_of(caller)) == 6
    assert len({row["person"] for row in town.calls_of(caller)}) == 1


# who is called, who calls


def test_a_number_that_is_not_ours_is_kept_as_other(town: Town) -> None:
    caller = town.caller()
    town.ring("+442079469999", caller)
    town.ring("sip:desk@infinity.example", caller)
    assert [row["items"]["call.number"] for row in town.calls_of(caller)] == ["other", "other"]


@pytest.mark.parametrize("direction", ["outbound-api", "outbound-dial"])
def test_calls_we_make_and_legs_to_colleagues_are_not_kept(town: Town, direction: str) -> None:
    before = town.counted("call").get("undeclared-event", 0)
    caller = town.caller()
    leg = town.provider.fields(twilio_like.new_call(), caller, FALLBACK, "completed", 1, 5) | {"Direction": direction}
    for step in ("1", "1", "2"):  # told again, it is not counted again
        assert town.provider.post(leg | {"SequenceNumber": step})[0] == 200
    assert not town.calls_of(caller)
    assert town.counted("call")["undeclared-event"] == before + 1


@pytest.mark.parametrize("withheld", ["anonymous", "Restricted", "+266696687", "+7378742833", "", "sip:somebody@example.com"])
def test_a_withheld_number_is_a_call_of_its_own_without_a_number(town: Town, withheld: str) -> None:
    before = town.rows("telephone", "call")
    calls = [town.ring(FALLBACK, withheld or "unknown", seconds=9) for _ in range(2)]
    _say(town, calls[0], withheld, FALLBACK, [(9, "completed")])
    found = town.rows("telephone", "call")[len(before) :]
    assert len(found) == 2 and len({row["person"] for row in found}) == 2
    assert all("call.caller" not in row["items"] and row["items"]["call.number"] == FALLBACK for row in found)


@pytest.mark.parametrize(("prefix", "regime"), [("+4479001", "uk"), ("+1415555", "california"), ("+1212555", "elsewhere"), ("+4915112", "gdpr")])
def test_the_law_that_covers_a_caller_follows_from_the_number(town: Town, prefix: str, regime: str) -> None:
    caller = town.caller(prefix)
    town.ring(FALLBACK, caller)
    assert town.sql("SELECT regime FROM subject WHERE ref = ?", _ref(town, caller))[0][0] == regime


def test_a_number_somebody_merely_named_does_not_take_the_holders_calls(town: Town) -> None:
    caller, mallory = town.caller(), town.world.address()
    town.world.post("/forms/contact", {"fields": {"email": mallory, "phone": caller, "message": "hello"}})
    enquirer = _ref(town, caller)
    town.ring(FALLBACK, caller)
    assert _ref(town, caller) != enquirer
    assert {row["person"] for row in town.calls_of(caller)} == {str(_ref(town, caller))}
    town.ring(FALLBACK, caller)
    assert len({row["person"] for row in town.calls_of(caller)}) == 1


def test_somebody_known_by_the_number_alone_is_whoever_calls_from_it(town: Town) -> None:
    caller = town.caller()
    someone = town.world.visitor()
    said = someone._send({"type": "identify", "traits": {"phone": caller}, "context": {}}, AGENT, False)
    assert said["stored"] == 1
    known = _ref(town, caller)
    town.ring(FALLBACK, caller)
    assert {row["person"] for row in town.calls_of(caller)} == {str(known)} == {str(_ref(town, caller))}


def test_a_number_a_trusted_sender_vouched_for_is_its_persons(town: Town) -> None:
    caller = town.caller()
    town.world.send("group", userId="u" + secrets.token_hex(6), traits={"phone": caller, "name": "Ada"})
    known = _ref(town, caller)
    town.ring(FALLBACK, caller)
    assert {row["person"] for row in town.calls_of(caller)} == {str(known)}
    assert town.sql("SELECT population FROM subject WHERE ref = ?", known)[0][0] == "customer-contact"


def test_no_client_can_send_a_call(town: Town) -> None:
    key = (town.world.access["write_key"], "")
    assert town.world.http.post("/v1/call", json={"anonymousId": "somebody"}, auth=key).status_code == 404
    batch = town.world.send("batch", batch=[{"type": "call", "anonymousId": "somebody", "messageId": "c1"}])
    assert batch["stored"] == 0
    tracked = town.world.send("track", event="call", anonymousId="somebody", properties={"caller": "x"})
    assert tracked.get("code") == "undeclared-event"


def test_a_canarys_call_is_seen_by_proofs_alone(town: Town) -> None:
    probe = twilio_like.TwilioLike(town.served.url, "infinity", town.provider.token, {"TrothCanary": town.world.access["canary_key"]})
    caller, before = town.caller(), town.counted("join")
    probe.ring(caller, FALLBACK)
    assert not town.calls_of(caller)
    canary = town.served.world("infinity", canary=True)
    assert [row["items"]["call.caller"] for row in canary.events("telephone") if row["event"] == "call"].count(caller) == 1
    assert town.counted("join") == before
    canary.http.close()


# erased


def test_an_erased_callers_calls_are_refused_again_and_a_new_call_is_a_new_persons(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    _say(town, call, caller, FALLBACK, [(1, "ringing"), (3, "completed")])
    first = _ref(town, caller)
    erase(town.workspace, first)
    continue_cases(town.workspace)
    for table in ("call_step", "call_progress"):
        town.sql(f"DELETE FROM {table}")
    _say(town, call, caller, FALLBACK, [(1, "ringing"), (3, "completed")])
    assert not town.calls_of(caller)
    town.ring(FALLBACK, caller)
    assert len(town.calls_of(caller)) == 1 and _ref(town, caller) != first


def test_a_call_that_began_before_its_caller_was_erased_is_refused(town: Town) -> None:
    caller, call = town.caller(), twilio_like.new_call()
    town.ring(FALLBACK, caller)
    _say(town, call, caller, FALLBACK, [(1, "ringing")])
    erase(town.workspace, _ref(town, caller))
    before = town.counted("call").get("erased", 0)
    _say(town, call, caller, FALLBACK, [(3, "completed")])
    assert not town.calls_of(caller) and town.counted("call")["erased"] == before + 1


# where the number does not stand


def test_no_callers_number_stands_in_the_ledger_or_in_any_file(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    ada, caller = town.ada(), town.caller()
    call = town.ring(town.number(ada)["number"], caller)
    town.provider.post(town.provider.fields(call, caller, FALLBACK, "ringing", 8), "forged")
    town.workspace.lake.settle()
    with town.workspace.state.read() as conn:
        entries = [entry for _, entry in town.workspace.log.entries(conn)]
        joined = [entry.body for entry in entries if entry.kind is EntryKind.JOINED]
    assert joined and set(joined[-1]) == {"event", "a", "b", "how", "purpose"}
    needles = [part.encode() for part in (caller, caller[1:], caller.removeprefix("+44"), call)]
    settings = town.served.app.settings
    looked = 0
    for folder in (settings.data, settings.secrets, settings.tape):
        for path in (path for path in Path(folder).rglob("*") if path.is_file()):
            looked += 1
            whole = path.read_bytes()
            assert not [needle for needle in needles if needle in whole], path.name
    assert looked > 10
