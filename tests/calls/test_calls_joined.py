"""A call is joined to the visit that led to it when everybody lets it be, and to nothing else."""

from __future__ import annotations

import pytest

from tests.calls.conftest import FALLBACK, Town, twilio_like
from tests.calls.test_calls_kept import _ref
from troth.base.clock import now_micros
from troth.collect import choices
from troth.consent.record import Evidence, State, Strength, history
from troth.consent.standing import read_standing
from troth.ledger.entry import EntryKind
from troth.prove.world import BERLIN, Visitor
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import standing_links

CALIFORNIAN, NEW_YORKER, LONDONER = "+1415555", "+1212555", "+4479001"


def _visitor_ref(town: Town, someone: Visitor) -> int:
    with town.workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(town.workspace.keys, IdentifierKind.ANONYMOUS, someone.id))
    assert ref is not None
    return ref


def _entries(town: Town, kind: EntryKind, ref: int) -> list[dict[str, object]]:
    with town.workspace.state.read() as conn:
        return [dict(entry.body) for _, entry in town.workspace.log.entries(conn) if entry.kind is kind and ref in (entry.body["a"], entry.body["b"])]


def _since(town: Town, before: dict[str, int]) -> dict[str, int]:
    """Why calls were not joined since `before`."""
    return {reason: count - before.get(reason, 0) for reason, count in town.counted("join").items() if count > before.get(reason, 0)}


# joined


@pytest.mark.promise("infinity-100")
def test_a_call_to_the_number_shown_is_seen_with_its_visit_by_the_joining_purpose_alone(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    seen = ada.seen("call-journey")
    assert {row["event"] for row in seen} == {"page-view", "call"}
    assert {row["items"].get("visit.source") for row in seen} == {"news", None}
    (call,) = town.calls_of(caller, "telephone")
    assert call["person"] == str(_ref(town, caller))
    assert {row["person"] for row in ada.seen("site-analytics")} == {str(_visitor_ref(town, ada))}


def test_a_join_is_entered_in_the_ledger_with_its_grounds(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    (entry,) = _entries(town, EntryKind.JOINED, _ref(town, caller))
    assert (entry["a"], entry["b"]) == (_visitor_ref(town, ada), _ref(town, caller))
    assert (entry["how"], entry["purpose"]) == ("number-and-time", "call-journey")


def test_a_visitors_yes_is_relayed_to_the_caller_with_its_evidence(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    with town.workspace.state.read() as conn:
        (act,) = history(conn, _ref(town, caller))
    assert (act.purpose, act.state, act.evidence.strength, act.evidence.how) == ("call-journey", State.GIVEN, Strength.RELAYED, "joined")


def test_where_nobody_need_be_asked_nothing_is_said_for_anybody(town: Town) -> None:
    cal, caller = town.cal(), town.caller(CALIFORNIAN)
    town.ring(town.number(cal)["number"], caller)
    assert town.joined(cal, caller)
    with town.workspace.state.read() as conn:
        assert history(conn, _ref(town, caller)) == []


def test_a_later_call_to_any_of_our_numbers_is_known_by_the_callers_number(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    town.ring(FALLBACK, caller, seconds=5)
    assert [row["items"]["call.seconds"] for row in ada.seen("call-journey") if row["event"] == "call"] == [60, 5]
    assert [entry["how"] for entry in _entries(town, EntryKind.JOINED, _ref(town, caller))] == ["number-and-time", "caller-number"]


def test_a_withheld_number_is_joined_by_number_and_time(town: Town) -> None:
    ada = town.ada()
    town.ring(town.number(ada)["number"], "anonymous")
    assert [row["event"] for row in ada.seen("call-journey")] == ["page-view", "call"]


def test_two_visits_and_one_telephone_are_one_journey(town: Town) -> None:
    laptop, mobile, caller = town.ada(), town.ada(), town.caller()
    town.ring(town.number(laptop)["number"], caller)
    town.ring(town.number(mobile)["number"], caller)
    assert {row["person"] for row in laptop.seen("call-journey")} == {row["person"] for row in mobile.seen("call-journey")}


def test_a_join_in_one_workspace_is_nothing_in_another(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    number = town.number(ada)["number"]
    harbour = town.served.world("harbour")
    other = twilio_like.TwilioLike(town.served.url, "harbour", harbour.access["twilio_token"])
    other.ring(caller, number)
    assert not town.calls_of(caller)
    calls = [row for row in harbour.events("telephone") if row["items"].get("call.caller") == caller]
    assert [row["items"]["call.number"] for row in calls] == ["other"]
    harbour.http.close()


# not joined


def test_a_call_to_a_number_nobody_was_shown_stays_unmatched(town: Town) -> None:
    ada, caller, before = town.ada(), town.caller(), town.counted("join")
    town.number(ada)
    town.ring(FALLBACK, caller)
    town.ring("+442079460104", caller)
    assert len(town.calls_of(caller)) == 2 and not town.joined(ada, caller)
    assert _since(town, before) == {"no-visit": 2}


def test_a_call_after_the_lease_has_run_out_stays_unmatched(town: Town) -> None:
    ada, caller, before = town.ada(), town.caller(), town.counted("join")
    number = town.number(ada)["number"]
    town.sql("UPDATE number_lease SET since = since - 3600000000, until = ?", now_micros() - 1)
    town.ring(number, caller)
    assert not town.joined(ada, caller) and _since(town, before) == {"no-visit": 1}


def test_a_call_that_began_within_the_lease_and_outlasts_it_is_joined(town: Town) -> None:
    ada, caller, call = town.ada(), town.caller(), twilio_like.new_call()
    number = town.number(ada)["number"]
    town.provider.post(town.provider.fields(call, caller, number, "ringing", 1))
    town.sql("UPDATE number_lease SET until = ?", now_micros())
    town.provider.post(town.provider.fields(call, caller, number, "completed", 2, 1))
    assert town.joined(ada, caller)


def test_a_caller_whom_the_law_asks_first_is_not_joined_to_a_visitor_who_said_nothing(town: Town) -> None:
    cal, caller, before = town.cal(), town.caller(LONDONER), town.counted("join")
    town.ring(town.number(cal)["number"], caller)
    assert len(town.calls_of(caller)) == 1 and not town.joined(cal, caller)
    assert not town.calls_of(caller, "call-journey")
    assert _since(town, before) == {"not-asked": 1}


def test_a_caller_who_forbade_it_is_not_joined_though_the_visitor_agreed(town: Town) -> None:
    caller = town.caller()
    town.ring(FALLBACK, caller)
    _speak(town, _ref(town, caller), State.OBJECTED)
    ada, before = town.ada(), town.counted("join")
    town.ring(town.number(ada)["number"], caller)
    assert len(town.calls_of(caller)) == 2 and not town.calls_of(caller, "call-journey")
    assert _since(town, before) == {"objected": 1}


def test_a_visitor_whose_data_is_restricted_is_not_joined(town: Town) -> None:
    ada, caller, before = town.ada(), town.caller(), town.counted("join")
    number = town.number(ada)["number"]
    town.sql("UPDATE subject SET restricted = 1, epoch = epoch + 1 WHERE ref = ?", _visitor_ref(town, ada))
    town.ring(number, caller)
    assert not standing_links_of(town, caller) and _since(town, before) == {"restricted": 1}


def test_a_policy_without_a_joining_purpose_keeps_the_call_and_says_why(town: Town) -> None:
    alder = town.served.world("alder")
    caller = town.caller()
    twilio_like.TwilioLike(town.served.url, "alder", alder.access["twilio_token"]).ring(caller, "+442079460301")
    assert [row["items"]["call.number"] for row in alder.events("telephone")][-1] == "+442079460301"
    refusals = alder.program("GET", "/refusals")["list"]
    assert [one["reason"] for one in refusals if one["event"] == "join"] == ["join-not-promised"]
    alder.http.close()


def standing_links_of(town: Town, caller: str) -> list[object]:
    with town.workspace.state.read() as conn:
        return list(standing_links(conn, _ref(town, caller)))


def _speak(town: Town, ref: int, state: State) -> None:
    """What a person says for themselves, in the privacy centre."""
    workspace = town.workspace
    with workspace.state.write() as conn:
        evidence = Evidence(Strength.EXPLICIT, "centre", workspace.plan_at(conn, now_micros()).policy.version, "s", "uk")
        choices.say(workspace, conn, ref, {"call-journey": state}, evidence, now_micros())


# no, and yes again


@pytest.mark.promise("infinity-101")
def test_after_opting_out_calls_are_taken_and_not_joined_and_after_opting_in_they_are(town: Town) -> None:
    cal, caller = town.cal(), town.caller(CALIFORNIAN)
    number = town.number(cal)["number"]
    cal.choose("withdraw", call_journey="refused")
    before = town.counted("join")
    town.ring(number, caller)
    assert len(town.calls_of(caller)) == 1 and not standing_links_of(town, caller)
    assert not town.calls_of(caller, "call-journey")
    assert _since(town, before) == {"withdrawn": 1}
    cal.choose(call_journey="given")
    town.ring(town.number(cal)["number"], caller)
    assert town.joined(cal, caller)
    assert len(town.calls_of(caller, "call-journey")) == 1, "what was kept under a no stays out"


@pytest.mark.parametrize("agreed", [True, False])
def test_a_no_undoes_what_was_joined_and_falls_on_the_calls_too(town: Town, agreed: bool) -> None:
    someone, caller = (town.ada(), town.caller()) if agreed else (town.cal(), town.caller(CALIFORNIAN))
    town.ring(town.number(someone)["number"], caller)
    assert town.joined(someone, caller)
    someone.choose("withdraw", call_journey="refused")
    assert not standing_links_of(town, caller)
    assert not someone.seen("call-journey") and not town.calls_of(caller, "call-journey")
    assert len(town.calls_of(caller, "telephone")) == 1 and someone.seen("site-analytics")
    assert len(_entries(town, EntryKind.UNJOINED, _ref(town, caller))) == 1


def test_the_next_call_after_saying_yes_again_is_joined_again(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    ada.choose("withdraw", call_journey="refused")
    town.ring(FALLBACK, caller)
    assert not standing_links_of(town, caller)
    ada.choose(call_journey="given")
    town.ring(town.number(ada)["number"], caller)
    assert town.joined(ada, caller)


def test_a_callers_own_no_is_not_lifted_by_a_visitors_yes(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    _speak(town, _ref(town, caller), State.OBJECTED)
    assert not standing_links_of(town, caller)
    with town.workspace.state.read() as conn:
        standing = read_standing(conn, _visitor_ref(town, ada))
    assert standing is not None and standing.states["call-journey"] is State.OBJECTED, "a caller's no holds for the joined visit"
    ada.choose(call_journey="given")
    town.ring(town.number(ada)["number"], caller)
    assert not town.joined(ada, caller) and not town.calls_of(caller, "call-journey")


def test_a_colleague_who_called_from_the_same_telephone_keeps_their_own_word(town: Town) -> None:
    ada, ben, caller = town.ada(), town.ada(), town.caller()
    town.ring(town.number(ada)["number"], caller)
    town.ring(town.number(ben)["number"], caller)
    ada.choose("withdraw", call_journey="refused")
    assert not town.calls_of(caller, "call-journey"), "whose calls they were cannot be told apart any more"
    with town.workspace.state.read() as conn:
        standing = read_standing(conn, _visitor_ref(town, ben))
    assert standing is not None and standing.states["call-journey"] is State.GIVEN
    assert [row["event"] for row in ben.seen("call-journey")] == ["page-view"]


def test_a_signal_for_privacy_counts_as_a_no(town: Town) -> None:
    cal, caller = town.cal(), town.caller(CALIFORNIAN)
    town.ring(town.number(cal)["number"], caller)
    cal.choose("gpc", call_journey="refused")
    assert not standing_links_of(town, caller) and not town.calls_of(caller, "call-journey")


def test_under_european_law_only_who_agreed_is_lent_a_number_and_joined(town: Town) -> None:
    someone, caller = town.world.visitor(BERLIN), town.caller("+4915112")
    someone.choose(site_analytics="given")
    someone.view("/")
    assert not town.number(someone)["leased"]
    someone.choose(call_journey="given")
    someone.view("/pricing")
    town.ring(town.number(someone)["number"], caller)
    assert town.joined(someone, caller)
