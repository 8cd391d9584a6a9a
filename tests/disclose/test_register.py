"""Does the register hold what happened, and only that? Payloads, entries, refusals, forgetting, keys of programs, the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.keeping import Place, infinity_policy
from troth.base.errors import Fault
from troth.disclose import acquire, register, told
from troth.disclose.commands import disclose as command
from troth.gate.disclosure import MayDisclose
from troth.gate.reasons import Refused
from troth.ledger.entry import canonical_json, commitment
from troth.rights.restrict import set_restricted
from troth.store import shred

POLICY = infinity_policy()
ONE = {"ref": "1"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from([(one.id, purpose) for one in POLICY.recipients.values() for purpose in one.purposes]),
    st.frozensets(st.sampled_from(["contact.name", "contact.email", "company.name", "contact.phone", "device.ip"]), max_size=2),
)  # fmt: skip
def test_a_payload_never_holds_an_item_that_is_not_listed(place: Place, pair: tuple[str, str], items: frozenset[str]) -> None:
    recipient, purpose = pair
    ada = place.customer(f"{purpose}@example.com")
    try:
        done = register.disclose(place.workspace, ada, MayDisclose(recipient, purpose, items), "owner")
    except (Refused, Fault):
        return
    given_out = {item for event in done.payload["events"] for item in event["items"]}
    allowed = set(POLICY.recipients[recipient].items) & set(POLICY.purposes[purpose].items)
    assert given_out and given_out <= (items or allowed) and given_out <= allowed
    assert given_out == set(done.record.items)


def test_a_disclosure_and_its_entry_commit_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = place.customer()
    before = len(place.ledger("disclosed"))

    def fails(*_args: object) -> int:
        raise RuntimeError("the disk went away")

    monkeypatch.setattr(register, "write_row", fails)
    with pytest.raises(RuntimeError):
        register.disclose(place.workspace, ada, MayDisclose("northcloud", "customer-service"), "owner")
    assert len(place.ledger("disclosed")) == before and place.get("disclosures") == []


def test_a_refusal_is_entered_and_counted_without_what_was_asked(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "ada@example.com", "unknown-recipient", purpose="+442079460999")
    body = place.ledger("refused-disclosure")[-1]
    assert (body["recipient"], body["purpose"], body["reason"]) == ("unlisted", "unlisted", "unknown-recipient")
    with place.workspace.state.read() as conn:
        assert conn.exec_driver_sql("SELECT sum(count) FROM refused WHERE event = 'disclosure' AND reason = 'unknown-recipient'").scalar_one() == 1


def test_nothing_is_recorded_when_nothing_is_held(place: Place) -> None:
    ada = place.customer()
    answer = place.post("disclosures", 404, person={"ref": str(ada)}, recipient="northcloud", purpose="site-analytics")
    assert answer["code"] == "nothing-held" and place.ledger("disclosed") == []


def test_somebody_unknown_is_refused(place: Place) -> None:
    place.disclose(12345, "northcloud", "unknown-subject", purpose="customer-service")


def test_the_written_reason_is_committed_to_and_not_in_the_ledger(place: Place) -> None:
    asked: dict[str, Any] = {"nature": "legal", "reason": "fraud", "items": ["device.ip"], "authority": "Example Police"}
    asked |= {"justification": "ada@example.com tried"}
    place.disclose(place.visitor(), "", **asked)
    body = place.ledger("disclosed")[-1]
    assert "ada@example.com" not in json.dumps(body)
    with place.workspace.state.read() as conn:
        details, salt = conn.exec_driver_sql("SELECT details, salt FROM disclosure_detail").one()
    assert commitment(salt, canonical_json(json.loads(details))).hex() == body["commitment"]


def test_what_is_past_its_time_is_not_handed_over(place: Place) -> None:
    ben = place.caller()
    place.clock.pass_by(POLICY.purposes["telephone"].keep_for)  # type: ignore[arg-type]
    answer = place.post("disclosures", 404, person={"ref": str(ben)}, recipient="callcarrier", purpose="telephone")
    assert answer["code"] == "nothing-held"


def test_a_legal_reason_opens_named_items_and_no_others(place: Place) -> None:
    ada = place.customer()
    said = {"nature": "legal", "reason": "law", "force": "enforceable", "authority": "Example Court", "reference": "12"}
    done = place.disclose(ada, "", items=["contact.phone"], **said)
    assert [event["items"] for event in done["payload"]["events"]] == [{"contact.phone": "+442079460999"}]


def test_the_register_forgets_the_person_and_keeps_the_fact(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "mailworks", purpose="service-messages")
    with place.workspace.state.write() as conn:
        assert told.recipients_to_tell(conn, [ada]) == [("mailworks", "Mailworks")]
        assert register.forget(conn, [ada]) == 1
    row = place.get("disclosures")[0]
    assert (row["recipient"], row["purpose"], row["at"], row["ref"], row["details"]) == (
        "mailworks", "service-messages", "2026-11-22T00:00:00+00:00", None, {},
    )  # fmt: skip
    assert place.get("recipients")["categories"] == ["e-mail delivery"]


def test_every_table_of_this_room_is_declared_for_erasure(place: Place) -> None:
    mine = {"disclosure", "disclosure_detail", "own_use", "supplier_terms", "supplier_safeguard", "case_file"}
    mine |= {"customer", "customer_copy", "customer_contact", "sweep"}
    assert mine <= shred.ON_ERASURE.keys()
    assert shred.ON_ERASURE["disclosure_detail"].fate is shred.Fate.DELETE and shred.ON_ERASURE["disclosure"].fate is shred.Fate.DETACH


def test_our_own_test_persons_are_in_no_count(place: Place) -> None:
    ada = place.customer()
    with place.workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE subject SET canary = 1 WHERE ref = ?", (ada,))
    place.disclose(ada, "northcloud", purpose="customer-service")
    assert place.get("recipients")["categories"] == ["none"]
    assert place.post("business-transfers", acquirer="Larger Ltd")["people"] == []


def test_a_program_without_this_workspaces_key_gets_nothing(place: Place) -> None:
    other = place.neighbour("alder", POLICY)
    for headers, status in (({}, 401), (other.key, 403), ({"authorization": "Bearer a_wrong"}, 403)):
        answer = place.http.request("GET", "/api/infinity/disclosures", headers=headers)
        assert answer.status_code == status and set(answer.json()) >= {"code", "message"}
    assert place.http.request("GET", "/api/nowhere/disclosures", headers=place.key).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {}, {"person": {"ref": "x"}}, {"person": {"email": ""}}, {"person": {"name": "Ada"}},
        {"person": ONE, "items": "contact.name"}, {"person": ONE, "nature": "gift"}, {"person": ONE, "colour": "blue"},
        {"person": ONE, "operator": "Odile <b>"}, {"person": ONE, "justification": "x" * 1001}, {"person": ONE, "reference": "a\nb"},
        {"person": ONE, "recipient": 7},
    ],
)  # fmt: skip
def test_a_body_of_the_wrong_shape_is_named_and_nothing_is_entered(place: Place, body: dict[str, object]) -> None:
    before = len(place.ledger("refused-disclosure"))
    assert place.post("disclosures", 400, **body)["code"] in {"bad-field", "bad-person", "bad-operator"}
    assert len(place.ledger("refused-disclosure")) == before


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("suppliers/northcloud/terms", {"signed_on": "today", "expires_on": "2027-01-01"}, "bad-field"),
        ("suppliers/northcloud/terms", {"signed_on": "2027-01-02", "expires_on": "2027-01-01"}, "bad-dates"),
        ("suppliers/northcloud/terms", {"signed_on": "2027-01-01", "expires_on": "2027-01-02", "document": "<b>"}, "bad-document"),
        ("cases", {"number": "<b>"}, "bad-case-number"),
        ("cases", {"number": "1", "kind": "party"}, "bad-field"),
        ("customers", {"id": "Engines Ltd", "country": "GB"}, "bad-customer"),
        ("business-transfers/receive", {"manifest": {}, "people": []}, "bad-package"),
        ("business-transfers/receive", {"manifest": {"format": "troth-business-transfer/1"}, "people": [{}]}, "bad-package"),
    ],
)
def test_what_cannot_be_read_is_named(place: Place, path: str, body: dict[str, object], code: str) -> None:
    assert place.post(path, 400, **body)["code"] == code


def test_restricted_people_stay_behind_when_the_business_is_sold(place: Place) -> None:
    ada = place.customer()
    place.restrict(ada)
    assert place.post("business-transfers", acquirer="Larger Ltd")["people"] == []
    assert place.get("disclosures", ref=str(ada)) == []


def test_whoever_was_erased_at_the_buyer_is_not_brought_back(place: Place) -> None:
    place.customer()
    package = place.post("business-transfers", acquirer="Larger Ltd")
    buyer = place.neighbour("larger", POLICY)
    ada = buyer.person("enquirer", "uk", "ada@example.com")
    with buyer.workspace.state.write() as conn:
        conn.exec_driver_sql("INSERT INTO erased_identifier SELECT hash, 1 FROM identifier WHERE ref = ?", (ada,))
        conn.exec_driver_sql("DELETE FROM identifier WHERE ref = ?", (ada,))
    assert buyer.post("business-transfers/receive", **package) == {"events": 0}


def test_the_command_line_does_the_same(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = place.customer()
    for name, folder in (("SECRETS", "secrets"), ("TAPE", "tape")):
        monkeypatch.setenv(f"TROTH_{name}", str(tmp_path / folder))
    data = ["--data", str(tmp_path / "data")]

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(command, [*words, *data])
        return done.exit_code, done.output

    sold = run("to", "infinity", "northcloud", "--person", "email=ada@example.com", "--nature", "sale", "--purpose", "customer-service")
    assert sold[0] == 1
    code, out = run("to", "infinity", "northcloud", "--person", "email=ada@example.com", "--purpose", "customer-service", "--json")
    assert code == 0 and json.loads(out)["ref"] == str(ada)
    assert len(json.loads(run("list", "infinity", "--json")[1])) == 1
    assert run("sale-statement", "infinity")[0] == 0
    assert run("business", "infinity", "--acquirer", "Larger Ltd", "--out", str(tmp_path / "data" / "package"))[0] == 1
    code, out = run("business", "infinity", "--acquirer", "Larger Ltd", "--out", str(tmp_path / "package"))
    assert code == 0 and (tmp_path / "package" / "people.jsonl").stat().st_mode & 0o077 == 0
    assert run("suppliers", "infinity")[0] == 0 and run("recipients", "infinity")[0] == 0


def test_who_restricts_while_the_package_is_made_is_not_in_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first, last = sorted((place.customer(), place.customer("ben@example.com")))
    honest = acquire._packed

    def packed(workspace: Any, conn: Any, plan: Any, person: Any, *more: Any) -> Any:
        yield from honest(workspace, conn, plan, person, *more)
        if person.standing.ref == last:
            set_restricted(conn, [first], True)

    monkeypatch.setattr(acquire, "_packed", packed)
    assert [one["person"] for one in place.post("business-transfers", acquirer="Larger Ltd", country="GB")["people"]] == [str(last)]
    assert [row["ref"] for row in place.get("disclosures")] == [str(last)]


@pytest.mark.parametrize("ref", ["9223372036854775808", "9999999999999999999", "1" * 20, "-1", "²", "", "0x1"])
def test_a_reference_that_can_be_none_is_refused_by_every_door(place: Place, ref: str) -> None:
    assert place.post("disclosures", 400, person={"ref": ref}, recipient="mailworks", purpose="service-messages")["code"] == "bad-person"
    for path in ("transfers", "uses", "responsible-company"):
        assert place.get(path, 400, ref=ref)["code"] == "bad-person", path
    assert place.get("messages", 400, ref=ref or "x")["code"] == "bad-person"
