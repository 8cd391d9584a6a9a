"""Is a choice recorded that names nobody, under an id that points to nobody, for as long as the policy says, and can it be checked?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.keeping import Place, a_place, infinity_policy
from tests.running import BROWSER, PAGE
from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import nobody, privacy_signal
from troth.collect.choices import askable, choose
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import State
from troth.ledger import verifier
from troth.rights.consent_receipt import receipt_of_nobody
from troth.rights.consent_record import Records
from troth.subjects import directory

SITE = "site-analytics"
BERLIN = "Europe/Berlin"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    policy = infinity_policy()
    with a_place(tmp_path, replace(policy, asking=replace(policy.asking, receipts_for=timedelta(days=90)))) as found:
        yield found


def refuse_all(place: Place, visitor: str | None = None, tz: str = BERLIN, signal: bool = False, how: str = "reject-all") -> dict[str, Any]:
    purposes = {one: "refused" for one in ("site-analytics", "call-tracking", "preferences")}
    said = {one: word for one, word in purposes.items() if one in place.workspace.policy.purposes}
    return choose(place.workspace, {"choices": said, "how": how, "tz": tz} | ({"anonymousId": visitor} if visitor else {}), signal)


def count(place: Place, table: str) -> int:
    with place.workspace.state.read() as conn:
        return int(conn.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


@pytest.mark.parametrize("visitor", [None, "a-browser-never-seen"])
def test_a_refusal_gets_a_receipt_whose_id_points_to_nobody(place: Place, visitor: str | None, tmp_path: Path) -> None:
    told = refuse_all(place, visitor)["receipt"]
    assert len(told["id"]) == 26 and told["url"] == f"/infinity/receipts/{told['id']}.json" and told["kept_for_days"] == 90
    assert count(place, "subject") == count(place, "consent_act") == count(place, "identifier") == 0
    body = place.ledger("consent")[-1]
    assert body["ref"] == 0 and body["receipt"] == told["id"] and set(body["acts"].values()) <= {"refused", "objected"}
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(receipt_of_nobody(place.workspace, told["id"])))
    assert verifier.main(["--receipt", str(path)]) == 0
    path.write_text(path.read_text().replace(told["id"], "2" * 26))
    assert verifier.main(["--receipt", str(path)]) == 1
    assert "a-browser-never-seen" not in path.read_text()


def test_the_auditors_export_has_it_and_a_guess_finds_nothing(place: Place) -> None:
    told = refuse_all(place)["receipt"]
    with place.workspace.state.read() as conn:
        (record,) = Records(place.workspace, conn).since(0)
    assert record["troth:anonymous"] and record["dpv:hasDataSubject"]["dct:identifier"] == told["id"]
    assert {process["troth:state"] for process in record["dpv:hasProcess"]} == {"Refused"}
    for guess in ("", "x", "2" * 26, "%", "' OR 1=1 --"):
        with pytest.raises(Fault, match="no-such-receipt"):
            receipt_of_nobody(place.workspace, guess)


def test_it_is_kept_as_long_as_the_policy_says_to_the_second_and_then_swept(place: Place) -> None:
    told = refuse_all(place)["receipt"]
    place.clock.pass_by(timedelta(days=90) - timedelta(seconds=30))
    nobody.forget(place.workspace)
    assert receipt_of_nobody(place.workspace, told["id"])
    place.clock.pass_by(timedelta(minutes=1))
    with pytest.raises(Fault, match="no-such-receipt"):
        receipt_of_nobody(place.workspace, told["id"])
    with place.workspace.state.read() as conn:
        assert list(Records(place.workspace, conn).since(0)) == []
    assert count(place, "anonymous_choice") == 1
    nobody.forget(place.workspace)
    assert count(place, "anonymous_choice") == 0


def test_a_canarys_choice_is_in_no_export_and_goes_within_the_hour(place: Place) -> None:
    choose(place.workspace, {"choices": {SITE: "refused"}, "how": "reject-all", "tz": BERLIN, "canary": place.workspace.access["canary_key"]})
    with place.workspace.state.read() as conn:
        assert count(place, "anonymous_choice") == 1 and list(Records(place.workspace, conn).since(0)) == []
    place.clock.pass_by(timedelta(hours=2))
    nobody.forget(place.workspace)
    assert count(place, "anonymous_choice") == 0


def test_invented_identifiers_leave_a_bounded_number_of_hashes_and_the_newest_stay(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nobody, "MOST_LATE", 10)
    for number in range(40):
        refuse_all(place, f"invented-{number:03d}")
        place.clock.pass_by(timedelta(milliseconds=1))
    assert count(place, "refused_visitor") == 40 and count(place, "erased_identifier") == 0
    nobody.forget(place.workspace)
    assert count(place, "refused_visitor") == 10
    newest = directory.hash_of(place.workspace.keys, directory.IdentifierKind.ANONYMOUS, "invented-039")
    with place.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT 1 FROM refused_visitor WHERE hash = ?", (newest,)).first()
    place.clock.pass_by(nobody.LATE)
    nobody.forget(place.workspace)
    assert count(place, "refused_visitor") == 0


def test_the_signal_is_entered_once_at_first_sight_and_never_for_a_hit(place: Place) -> None:
    ref = place.person("site-visitor", "california")
    place.say(ref, **{"site_analytics": State.GIVEN})
    before = len(place.ledger("consent"))
    for _ in range(5):
        privacy_signal.hear_person(place.workspace, {ref})
    heard = place.ledger("consent")[before:]
    assert len(heard) == 1 and heard[0]["how"] == "gpc"


def test_a_page_view_that_arrives_after_its_visitors_refusal_is_not_stored(place: Place) -> None:
    workspace, late = place.workspace, "a-browser-that-refused"
    every = {purpose.id: "refused" for purpose in askable(workspace.policy, "uk")}
    choose(workspace, {"choices": every, "how": "reject-all", "tz": "Europe/London", "anonymousId": late})
    assert count(place, "subject") == 0
    ingest = Ingest(workspace)

    def arrive(number: int) -> Any:
        context = {"timezone": "Europe/London", "userAgent": BROWSER, "page": PAGE}
        message = Message(type="page", anonymous_id=late, message_id=f"late-{number}", context=context)
        return ingest.submit_and_wait([message], Origin(False, "203.0.113.9", "", now_micros()))

    assert arrive(1).stored == 0 and count(place, "subject") == 0
    nobody.forget(workspace)
    assert arrive(2).stored == 0
    place.clock.pass_by(nobody.LATE + timedelta(seconds=1))
    nobody.forget(workspace)
    assert arrive(3).stored == 1  # nobody can be that late: whoever has this id now is somebody new, under a law that counts until objection
    ingest.close()
