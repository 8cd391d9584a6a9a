"""Can every state that the standard names come out, by what really happens, and does no step of an asking permit anything?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.keeping import Place, a_place, infinity_policy
from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect.asked import lapse_when_due, note_asked
from troth.collect.choices import choose
from troth.consent.record import Act, Evidence, State, Strength
from troth.consent.standing import read_standing
from troth.consent.states import PERMITTING, ConsentState, events_of, state_of
from troth.consent.steps import ConsentStep, Step
from troth.gate.decide import MayUse, Permit, decide
from troth.ledger import verifier
from troth.rights.consent_receipt import receipt_of
from troth.rights.consent_record import _STATES, Records
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject

SITE, BERLIN, ME = "site-analytics", "Europe/Berlin", "my-browser-0001"
SEEN: set[str] = set()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    policy = infinity_policy()
    with a_place(tmp_path, replace(policy, asking=replace(policy.asking, until=timedelta(days=90)))) as found:
        yield found


def visitor(place: Place) -> int:
    """Somebody in Berlin who is known by their browser and has not been asked."""
    with place.workspace.state.write() as conn:
        hashed = directory.hash_of(place.workspace.keys, IdentifierKind.ANONYMOUS, ME)
        return directory.create(conn, hashed, IdentifierKind.ANONYMOUS, NewSubject("site-visitor", "eu"))


def states(place: Place, ref: int, purpose: str = SITE) -> list[str]:
    with place.workspace.state.read() as conn:
        record = Records(place.workspace, conn).of(ref)
    assert record is not None
    process = next(one for one in record["dpv:hasProcess"] if one["troth:purpose"] == purpose)
    found = [event["troth:state"] for event in process["troth:events"]]
    assert process["troth:state"] == (found[-1] if found else "Unknown")
    SEEN.update(found or ["Unknown"])
    return found


def tell(place: Place, how: str, who: str = ME) -> Any:
    return note_asked(place.workspace, {"asked": [SITE, "newsletter", "nothing-of-ours"], "how": how, "tz": BERLIN, "anonymousId": who})["receipt"]


def say(place: Place, word: str, how: str = "choose") -> None:
    choose(place.workspace, {"choices": {SITE: word}, "how": how, "tz": BERLIN, "anonymousId": ME})


def permitted(place: Place, ref: int) -> bool:
    with place.workspace.state.read() as conn:
        return isinstance(decide(MayUse(SITE), place.workspace.plan, read_standing(conn, ref), now()), Permit)


def test_an_asking_goes_through_every_state_and_permits_only_where_it_was_given(place: Place, tmp_path: Path) -> None:
    ref = visitor(place)
    assert states(place, ref) == [] and not permitted(place, ref)
    assert tell(place, "shown") and states(place, ref) == ["Requested"] and not permitted(place, ref)
    assert tell(place, "shown") is None  # once
    assert tell(place, "later") and states(place, ref)[-1] == "RequestDeferred" and not permitted(place, ref)
    say(place, "refused")
    assert tell(place, "shown") is None and states(place, ref)[-1] == "Refused"  # who answered is not being asked
    for word, how, state in (("given", "choose", "Given"), ("refused", "withdraw", "Withdrawn"), ("given", "choose", "Given")):
        place.clock.pass_by(timedelta(minutes=1))
        say(place, word, how)
        assert states(place, ref)[-1] == state and permitted(place, ref) == (word == "given")
    place.clock.pass_by(timedelta(days=90, seconds=-60))
    assert lapse_when_due(place.workspace) == 0 and permitted(place, ref)
    place.clock.pass_by(timedelta(minutes=2))
    assert lapse_when_due(place.workspace) == 1 and lapse_when_due(place.workspace) == 0
    assert states(place, ref)[-1] == "Expired" and not permitted(place, ref)
    assert tell(place, "shown") and states(place, ref)[-1] == "Requested"
    say(place, "given")
    assert states(place, ref)[-1] == "RenewedGiven" and permitted(place, ref)
    place.clock.pass_by(timedelta(days=1))
    policy = place.workspace.policy
    other = replace(policy.purposes[SITE], items=(*policy.purposes[SITE].items, "call.caller"), label="Counting and more")
    place.publish(replace(policy, purposes=policy.purposes | {SITE: other}, effective_on=now().date()))
    assert states(place, ref)[-1] == "Invalidated" and not permitted(place, ref)
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt_of(place.workspace, {ref})))
    assert verifier.main(["--receipt", str(path)]) == 0
    path.write_text(path.read_text().replace('"RequestDeferred"', '"Given"'))
    assert verifier.main(["--receipt", str(path)]) == 1


def test_a_purpose_that_no_version_has_any_more_is_revoked(place: Place) -> None:
    ref = visitor(place)
    say(place, "given")
    place.clock.pass_by(timedelta(days=1))
    policy = place.workspace.policy
    gone = {id: one for id, one in policy.purposes.items() if id != SITE}
    place.publish(replace(policy, purposes=gone, effective_on=now().date()))
    assert states(place, ref) == ["Given", "Revoked"]


def test_every_state_of_the_standard_came_out_above(place: Place) -> None:
    if len(SEEN) > 2:  # this test alone shows nothing
        assert set(map(str, ConsentState)) == SEEN
    assert set(_STATES) == set(ConsentState)


def test_nobody_is_made_for_having_been_asked_and_a_wrong_word_is_refused(place: Place) -> None:
    assert tell(place, "shown", "a-browser-unknown") is None and place.ledger("consent") == []
    with place.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT count(*) FROM subject").scalar_one() == 0
    for asked, how in (("all", "shown"), ([SITE], "given"), ([1], "later"), ([SITE] * 101, "shown")):
        body = {"asked": asked, "how": how}
        with pytest.raises(Fault, match="bad-choice"):
            note_asked(place.workspace, body)


def test_without_a_time_in_the_policy_no_yes_lapses(tmp_path: Path) -> None:
    with a_place(tmp_path, infinity_policy()) as place:
        ref = visitor(place)
        say(place, "given")
        place.clock.pass_by(timedelta(days=4_000))
        assert lapse_when_due(place.workspace) == 0 and permitted(place, ref)


STEPS = st.lists(st.tuples(st.integers(0, 30), st.one_of(st.sampled_from(State), st.sampled_from(Step))), max_size=12)


@given(STEPS)
def test_no_step_of_an_asking_turns_anything_into_a_yes(said: list[tuple[int, State | Step]]) -> None:
    ordered = sorted(said, key=lambda one: one[0])
    acts = [Act(SITE, what, Evidence(Strength.EXPLICIT, "choose", "1", "", "eu"), at, at) for at, what in ordered if isinstance(what, State)]
    steps = [ConsentStep(SITE, what, "shown", "1", "", "eu", at, at) for at, what in ordered if isinstance(what, Step)]
    found = events_of(SITE, acts, [], asked=steps)
    without = [event for event in found if event.act is not None]
    assert all(event.state not in PERMITTING for event in found if event.step is not None)
    if state_of(found) in PERMITTING:
        assert without and without[-1].act is not None and without[-1].act.state is State.GIVEN
