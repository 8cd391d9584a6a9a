"""Does a consent record say what was said, on whose terms and in which state, and does the exported one name nobody?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.keeping import Place, a_place, infinity_policy
from troth.base.clock import now
from troth.cli import main
from troth.consent.record import Act, Evidence, State, Strength
from troth.consent.standing import read_standing
from troth.consent.states import PERMITTING, ConsentState, TakenOver, events_of, state_of
from troth.ledger import verifier
from troth.rights.consent_receipt import receipt_of
from troth.rights.consent_record import Records
from troth.subjects.links import How, join

EVIDENCE = Evidence(Strength.EXPLICIT, "choose", "1", "", "uk")
NEWS = "newsletter"
MAIL = "grace@people.example"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Infinity, on 22 November 2026."""
    with a_place(tmp_path, infinity_policy()) as found:
        yield found


def record_of(place: Place, ref: int) -> dict[str, Any]:
    with place.workspace.state.read() as conn:
        found = Records(place.workspace, conn).of(ref)
    assert found is not None
    return found


def process_of(place: Place, ref: int, purpose: str = NEWS) -> dict[str, Any]:
    return next(one for one in record_of(place, ref)["dpv:hasProcess"] if one["troth:purpose"] == purpose)


def states_of(place: Place, ref: int) -> list[str]:
    return [event["troth:state"] for event in process_of(place, ref)["troth:events"]]


def heard(place: Place, ref: int) -> State | None:
    """What the gate hears of the purpose now."""
    with place.workspace.state.read() as conn:
        standing = read_standing(conn, ref)
    assert standing is not None
    return place.workspace.plan.heard(standing).states.get(NEWS)


def test_a_record_holds_each_part_the_standard_names(place: Place) -> None:
    ref = place.person("enquirer", "uk", MAIL)
    place.say(ref, newsletter=State.GIVEN)
    record, process = record_of(place, ref), process_of(place, ref)
    assert (record["dct:conformsTo"], record["dpv:hasDataSubject"]["dct:identifier"]) == ("https://w3id.org/dpv/schema/dpv-27560#record", str(ref))
    notice, policy = record["dpv:hasNotice"][0], place.workspace.policy
    assert notice["@id"].endswith(f"/infinity/policy/versions/{policy.version}") and notice["dct:language"] == policy.language
    assert len(notice["troth:policySha256"]) == len(notice["troth:noticeSha256"]) == 64
    items = {one["@id"].partition("#item-")[2]: one for one in process["dpv:hasPersonalData"]}
    assert set(items) == set(policy.purposes[NEWS].items) and all(one["dpv:hasStorageCondition"] for one in items.values())
    assert [one["dpv:hasName"] for one in process["dpv:hasRecipient"]] == [one.label for one in policy.recipients.values() if NEWS in one.purposes]
    assert process["dpv:hasLegalBasis"][0] == {"@id": "dpv:Consent"} and process["dpv:hasDataController"] == policy.organisation.name
    assert process["dpv:hasConsentControl"]["@id"].endswith("/infinity/privacy") and process["dpv:hasRight"] and process["dpv:hasStorageCondition"]
    (event,) = process["troth:events"]
    assert event["dpv:isIndicatedBy"] == "dpv:DataSubject" and event["troth:strength"] == "explicit" and event["dpv:hasJurisdiction"] == "uk"
    assert place.ledger("consent")[0]["acts"] == {NEWS: "given"} and event["troth:entry"] > 0 and len(event["troth:wordingSha256"]) == 64
    assert MAIL not in json.dumps(record)


def test_the_states_follow_what_was_said_and_what_versions_did(place: Place) -> None:
    ref = place.person("enquirer", "uk", MAIL)
    assert process_of(place, ref)["troth:state"] == "Unknown" and process_of(place, ref)["troth:events"] == []
    for state in (State.REFUSED, State.GIVEN, State.WITHDRAWN, State.GIVEN):
        place.clock.pass_by(timedelta(minutes=1))
        place.say(ref, newsletter=state)
    place.clock.pass_by(timedelta(days=1))
    policy = place.workspace.policy
    other = replace(policy.purposes[NEWS], items=(*policy.purposes[NEWS].items, "call.caller"), label="The letter")
    place.publish(replace(policy, purposes=policy.purposes | {NEWS: other}, effective_on=now().date()))
    assert states_of(place, ref)[-2:] == ["Given", "Invalidated"] and heard(place, ref) is None
    assert process_of(place, ref)["dct:title"]["@value"] == policy.purposes[NEWS].label  # on the terms of what was said
    place.clock.pass_by(timedelta(minutes=1))
    place.say(ref, newsletter=State.GIVEN)
    assert states_of(place, ref) == ["Refused", "Given", "Withdrawn", "Given", "Invalidated", "RenewedGiven"]
    assert heard(place, ref) is State.GIVEN and process_of(place, ref)["dct:title"]["@value"] == "The letter"
    last = process_of(place, ref)["troth:events"][-2]
    assert last["dpv:isIndicatedBy"] == "dpv:DataController" and last["dct:hasVersion"] == place.workspace.policy.version


ACTS = st.lists(st.tuples(st.integers(0, 40), st.sampled_from(State)), max_size=12)
VERSIONS = st.lists(st.tuples(st.integers(0, 40), st.booleans(), st.booleans()), max_size=5)


@given(ACTS, VERSIONS)
def test_only_a_yes_of_the_person_that_nothing_ended_since_permits(said: list[tuple[int, State]], published: list[tuple[int, bool, bool]]) -> None:
    acts = [Act(NEWS, state, EVIDENCE, at, number) for number, (at, state) in enumerate(sorted(said, key=lambda one: one[0]))]
    versions = [
        TakenOver(str(number), at, 0, frozenset({NEWS} if has else ()), frozenset({NEWS} if has and anew else ()))
        for number, (at, has, anew) in enumerate(sorted(published))
    ]
    last, gone = (acts[-1] if acts else None), bool(versions) and NEWS not in versions[-1].purposes
    ended = max((i + 1 for i, one in enumerate(versions) if NEWS in one.purposes), default=0)
    stopped = [one.at for one in versions if NEWS in one.asks_again] + ([versions[ended].at] if gone else [])
    holds = last is not None and last.state is State.GIVEN and not any(at > last.at for at in stopped)
    found = events_of(NEWS, acts, versions)
    assert (state_of(found) in PERMITTING) == holds
    assert [event.at for event in found] == sorted(event.at for event in found)
    withdrawn = [index for index, event in enumerate(found) if event.state is ConsentState.WITHDRAWN]
    assert all(before.state in PERMITTING for before, event in pairwise(found) if event.act is None)  # a version ends a yes, nothing else
    assert all(found[index].act is not None for index in withdrawn)  # nobody but the person takes a yes back


def test_the_auditors_export_names_people_by_references_alone_and_is_entered(place: Place, tmp_path: Path) -> None:
    early, late = place.customer(MAIL, "uk"), place.customer("edda@people.example", "uk")
    place.say(early, newsletter=State.GIVEN)
    place.clock.pass_by(timedelta(hours=1))
    since = now().isoformat()
    place.say(late, newsletter=State.REFUSED)
    data = str(place.workspace.settings.data)
    (tmp_path / "data-secrets").symlink_to(tmp_path / "secrets")  # the command finds the keys where it looks for them
    (tmp_path / "data-tape").symlink_to(tmp_path / "tape")
    whole = CliRunner().invoke(main, ["consent", "export", "infinity", "--json", "--data", data], catch_exceptions=False).output
    told = {one["dpv:hasDataSubject"]["dct:identifier"]: one for one in json.loads(whole)["records"]}
    assert set(told) == {str(early), str(late)}
    assert not any(word in whole for word in ("people.example", "Lovelace", "+4420794609"))
    some = CliRunner().invoke(main, ["consent", "export", "infinity", "--since", since, "--json", "--data", data], catch_exceptions=False).output
    assert [one["dpv:hasDataSubject"]["dct:identifier"] for one in json.loads(some)["records"]] == [str(late)]
    assert [body["act"] for body in place.ledger("operator-act")] == ["consent-export"] * 2
    words = CliRunner().invoke(main, ["consent", "export", "infinity", "--data", data], catch_exceptions=False).output
    assert f"{late}  newsletter" in " ".join(words.split()).replace(f"{late} ", f"{late}  ") and "Refused" in words


def test_a_receipt_holds_of_whoever_objected_under_one_reference_and_refused_under_another(place: Place, tmp_path: Path) -> None:
    ada, her = place.person("enquirer", "uk"), place.person("enquirer", "uk", MAIL)
    place.say(her, newsletter=State.OBJECTED)
    with place.workspace.state.write() as conn:
        join(conn, ada, her, How.SIGNED_IN)
    place.say(ada, newsletter=State.REFUSED)  # falls on the other too, where the objection goes on
    (tmp_path / "receipt.json").write_text(json.dumps(receipt_of(place.workspace, {ada, her})))
    assert verifier.main(["--receipt", str(tmp_path / "receipt.json")]) == 0


def test_a_receipt_of_the_first_format_still_holds(capsys: pytest.CaptureFixture[str]) -> None:
    """The file was made once and is never made anew: whoever took a receipt home can check it for ever."""
    assert verifier.main(["--receipt", str(Path(__file__).parent / "data" / "receipt-v1.json")]) == 0
    assert "2 notices and 5 events as the ledger has them" in capsys.readouterr().out
