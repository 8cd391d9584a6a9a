"""Numbers lent to visitors: never the same to two, the fallback when all are lent, rest before the next."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.calls.conftest import FALLBACK, Town
from troth.base.database import Database, metadata
from troth.collect.numbers import forget, lend, lent_to, tracked
from troth.policy.model import Calls
from troth.rights.erasure import erase
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

POOL = ("+442079460101", "+442079460102", "+442079460103")
CALLS = Calls(POOL, FALLBACK, timedelta(minutes=30))
SECOND = 1_000_000
MINUTE = 60 * SECOND
START = 1_795_000_000 * SECOND


@pytest.fixture
def state(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", metadata)


def _lend(state: Database, ref: int, minute: float, calls: Calls = CALLS) -> str | None:
    with state.write() as conn:
        return lend(conn, calls, ref, START + int(minute * MINUTE))


def _lent_to(state: Database, number: str, began: float, ended: float, seen: bool = True) -> int | None:
    with state.read() as conn:
        return lent_to(conn, number, START + int(began * MINUTE), START + int(ended * MINUTE), seen, CALLS.lease_for)


# lending


def test_a_visitor_keeps_the_number_for_as_long_as_pages_are_viewed(state: Database) -> None:
    numbers = {_lend(state, 1, minute) for minute in (0, 20, 40, 60, 80)}
    assert numbers == {POOL[0]}
    assert _lent_to(state, POOL[0], 109, 110) == 1
    assert _lent_to(state, POOL[0], 111, 112) is None


def test_the_number_unused_the_longest_is_lent_first(state: Database) -> None:
    assert [_lend(state, ref, ref) for ref in (1, 2, 3)] == list(POOL)
    assert _lend(state, 4, 100) == POOL[0]
    assert _lend(state, 5, 101) == POOL[1]


def test_when_all_are_lent_nobody_gets_another_visitors(state: Database) -> None:
    assert {_lend(state, ref, 0) for ref in (1, 2, 3)} == set(POOL)
    assert _lend(state, 4, 29) is None
    assert _lend(state, 4, 30.01) in POOL


def test_a_number_rests_while_others_are_free(state: Database) -> None:
    assert _lend(state, 1, 0) == POOL[0]
    two = Calls(POOL[:2], FALLBACK, timedelta(minutes=30))
    assert _lend(state, 2, 35, two) == POOL[1]
    assert _lend(state, 3, 36, two) == POOL[0]  # it still rests, but nothing else is free


def test_a_visitor_who_comes_back_gets_the_number_that_nobody_had_since(state: Database) -> None:
    assert _lend(state, 1, 0) == POOL[0] and _lend(state, 2, 1) == POOL[1]
    assert _lend(state, 2, 50) == POOL[1]


def test_a_pool_that_shrank_lends_only_what_it_still_holds(state: Database) -> None:
    assert _lend(state, 1, 0) == POOL[0]
    assert _lend(state, 1, 1, Calls(POOL[1:], FALLBACK)) == POOL[1]
    assert _lend(state, 1, 2, Calls((), FALLBACK)) is None


def test_the_fallback_and_what_is_no_number_are_never_lent() -> None:
    assert tracked(Calls(("+44 20 7946 0101", "+442079460101", FALLBACK, "nothing"), FALLBACK)) == ("+442079460101",)


def test_an_erased_visitors_lease_goes_and_the_number_still_rests(state: Database) -> None:
    one = Calls(POOL[:1], FALLBACK, timedelta(minutes=30))
    assert _lend(state, 1, 0, one) == POOL[0]
    with state.write() as conn:
        forget(conn, [1])
    assert _lent_to(state, POOL[0], 1, 2) is None
    assert _lend(state, 2, 10, one) is None
    assert _lend(state, 2, 31, one) == POOL[0]


def test_a_lease_is_forgotten_a_day_after_it_ended(state: Database) -> None:
    _lend(state, 1, 0)
    _lend(state, 2, 24 * 60 + 29)
    assert _lent_to(state, POOL[0], 1, 2) == 1
    _lend(state, 2, 24 * 60 + 31)
    assert _lent_to(state, POOL[0], 1, 2) is None


# matching


def test_a_call_belongs_to_whoever_had_the_number_when_it_began(state: Database) -> None:
    one = Calls(POOL[:1], FALLBACK, timedelta(minutes=30))
    assert _lend(state, 1, 0, one) == _lend(state, 2, 31, one) == POOL[0]
    assert _lent_to(state, POOL[0], 29, 45) == 1
    assert _lent_to(state, POOL[0], 32, 45) == 2
    assert _lent_to(state, POOL[0], 30.5, 45) is None


def test_a_call_seen_to_begin_before_the_number_was_lent_is_nobodys(state: Database) -> None:
    _lend(state, 1, 10)
    assert _lent_to(state, POOL[0], 9, 12) is None


def test_a_call_only_reckoned_to_begin_before_is_the_one_visitors_who_was_shown_the_number(state: Database) -> None:
    _lend(state, 1, 10)
    assert _lent_to(state, POOL[0], 9, 12, seen=False) == 1
    assert _lent_to(state, POOL[0], 8, 9, seen=False) is None
    assert _lent_to(state, POOL[1], 9, 12, seen=False) is None


def test_a_reckoned_beginning_is_not_enough_where_somebody_else_had_the_number_before(state: Database) -> None:
    one = Calls(POOL[:1], FALLBACK, timedelta(minutes=30))
    assert _lend(state, 1, 0, one) == _lend(state, 2, 31, one) == POOL[0]
    assert _lent_to(state, POOL[0], 30.5, 45, seen=False) is None


# never two at once


class Lending(RuleBasedStateMachine):
    """Visitors come and go; the model remembers what each was told and until when."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.state = Database(Path(self.folder.name) / "state.db", metadata)
        self.minute = 0.0
        self.told: dict[int, tuple[str, float]] = {}  # below 0: an erased visitor's, who has it on the page still
        self.erased = 0

    @rule(ref=st.integers(1, 6))
    def look(self, ref: int) -> None:
        number = _lend(self.state, ref, self.minute)
        holding = {held for other, (held, until) in self.told.items() if until > self.minute and other != ref}
        before = self.told.get(ref)
        if number is None:
            assert holding == set(POOL), "a number was free"
            assert before is None or before[1] <= self.minute
        else:
            assert number not in holding, "two visitors were shown one number"
            assert before is None or before[1] <= self.minute or before[0] == number, "the number changed within a visit"
            self.told[ref] = (number, self.minute + 30)

    @rule(minutes=st.floats(0.1, 40))
    def wait(self, minutes: float) -> None:
        self.minute += minutes

    @rule(ref=st.integers(1, 6))
    def erase(self, ref: int) -> None:
        with self.state.write() as conn:
            forget(conn, [ref])
        if ref in self.told:
            self.erased -= 1
            self.told[self.erased] = self.told.pop(ref)

    @invariant()
    def a_call_now_belongs_to_the_holder(self) -> None:
        if not hasattr(self, "state"):
            return
        for ref, (number, until) in self.told.items():
            if until > self.minute:
                assert _lent_to(self.state, number, self.minute, self.minute) == (ref if ref > 0 else None)

    def teardown(self) -> None:
        if hasattr(self, "state"):
            self.state.close()
            self.folder.cleanup()


TestLending = Lending.TestCase
TestLending.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_two_processes_that_lend_at_once_never_lend_the_same_number(tmp_path: Path) -> None:
    # Each database has its own connections and its own lock, as another process would have.
    states = [Database(tmp_path / "state.db", metadata) for _ in range(4)]
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda ref: _lend(states[ref % 4], ref, 0), range(1, 25)))
    given_out = [number for number in numbers if number]
    assert sorted(given_out) == sorted(POOL)
    for state in states:
        state.close()


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12))
@settings(max_examples=20, deadline=None)
def test_leases_of_one_number_never_overlap(refs: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state = Database(Path(folder) / "state.db", metadata)
        for step, ref in enumerate(refs):
            _lend(state, ref, step * 9)
        with state.read() as conn:
            rows = conn.exec_driver_sql("SELECT number, since, until FROM number_lease ORDER BY number, since").all()
        state.close()
    for (one, _, until), (other, since, _) in pairwise(rows):
        assert one != other or until <= since


# the door


def test_a_visitor_who_agreed_is_lent_a_number_and_keeps_it(town: Town) -> None:
    ada = town.ada()
    first = town.number(ada)
    assert first == {"number": "+442079460101", "display": "020 7946 0101", "leased": True}
    assert town.number(ada) == first
    assert town.number(town.ada())["number"] != first["number"]


def test_nobody_else_is_lent_one(town: Town) -> None:
    usual = {"number": FALLBACK, "display": "020 7946 0100", "leased": False}
    assert town.number(town.cleo()) == usual
    assert town.number("somebody-we-never-met") == usual
    assert town.number("") == usual
    assert town.number("x" * 5_000 + "\x00") == usual
    assert town.sql("SELECT count(*) FROM number_lease")[0][0] == 0


def test_no_new_number_after_opting_out(town: Town) -> None:
    cal = town.cal()
    assert town.number(cal)["leased"]
    cal.choose("withdraw", call_journey="refused")
    assert not town.number(cal)["leased"]
    cal.choose(call_journey="given")
    assert town.number(cal)["leased"]


def test_an_exhausted_pool_gives_the_fallback_and_is_counted(town: Town) -> None:
    before = town.counted("number").get("pool-exhausted", 0)
    pool = town.world.policy.calls.pool
    assert {town.number(town.cal())["number"] for _ in pool} == set(pool)
    assert town.number(town.cal()) == {"number": FALLBACK, "display": "020 7946 0100", "leased": False}
    assert town.counted("number")["pool-exhausted"] == before + 1


def test_a_policy_that_joins_nothing_lends_nothing(town: Town) -> None:
    alder = town.served.world("alder")
    someone = alder.visitor()
    someone.choose(site_analytics="given")
    someone.view("/")
    answer = alder.http.post("/alder/number", json={"visitor": someone.id})
    assert answer.json() == {"number": "+442079460300", "display": "020 7946 0300", "leased": False}
    alder.http.close()


def test_only_the_policys_sites_may_ask(town: Town) -> None:
    http = town.world.http
    assert http.post("/infinity/number", json={}, headers={"origin": "https://elsewhere.example"}).json()["code"] == "origin-not-allowed"
    ours = http.post("/infinity/number", json={}, headers={"origin": town.world.policy.site.origins[0]})
    assert ours.headers["access-control-allow-origin"] == town.world.policy.site.origins[0]
    assert ours.headers["cache-control"] == "no-store"
    asked = http.get("/infinity/number", params={"visitor": "an-address-is-read-on-the-way"})
    assert (asked.status_code, asked.json()["code"]) == (405, "method-not-allowed")


def test_erasing_a_visitor_takes_the_lease_along(town: Town) -> None:
    ada = town.ada()
    number = town.number(ada)["number"]
    with town.workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(town.workspace.keys, IdentifierKind.ANONYMOUS, ada.id))
    assert ref is not None
    erase(town.workspace, ref)
    assert town.sql("SELECT count(*) FROM number_lease WHERE ref = ?", ref)[0][0] == 0
    caller = town.caller()
    town.ring(number, caller)
    assert len(town.calls_of(caller)) == 1 and not town.calls_of(caller, "call-journey")
