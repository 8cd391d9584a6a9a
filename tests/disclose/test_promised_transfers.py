"""Does data leave the United Kingdom and Europe only as infinity promised (§9), and can a person see it? Through the API."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.keeping import Place
from troth.consent.record import State
from troth.disclose import register
from troth.policy.packs import adequacy


@pytest.fixture
def unsafe(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A carrier in a country nothing is known of, with no safeguard on record (the file's own check would name it)."""
    policy = place.workspace.plan.policy
    bare = replace(policy.recipients["callcarrier"], safeguard=None)
    monkeypatch.setattr(place.workspace.plan, "policy", replace(policy, recipients={**policy.recipients, "callcarrier": bare}))
    return place


@pytest.mark.promise("infinity-083")
def test_a_carrier_outside_europe_needs_a_safeguard(unsafe: Place) -> None:
    ben = unsafe.caller()
    unsafe.disclose(ben, "callcarrier", "no-safeguard", purpose="telephone")
    unsafe.post("suppliers/callcarrier/safeguards", kind="standard-contractual-clauses", signed_on="2026-11-01", expires_on="2027-11-01")
    done = unsafe.disclose(ben, "callcarrier", purpose="telephone")
    assert done["mechanism"] == "contract clauses" and unsafe.ledger("disclosed")[-1]["mechanism"] == "contract clauses"


@pytest.mark.promise("infinity-084")
def test_an_adequate_country_needs_nothing_more_until_it_leaves_the_list(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = place.customer()
    assert place.disclose(ada, "mailworks", purpose="service-messages")["mechanism"] == "adequacy"
    shorter = replace(adequacy(), adequate=tuple(code for code in adequacy().adequate if code != "CA"))
    monkeypatch.setattr(register, "adequacy", lambda: shorter)
    place.disclose(ada, "mailworks", "no-safeguard", purpose="service-messages")


def test_a_decision_that_has_ended_opens_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = replace(adequacy(), until={**adequacy().until, "CA": date(2026, 11, 21)})
    monkeypatch.setattr(register, "adequacy", lambda: ended)
    place.disclose(place.customer(), "mailworks", "no-safeguard", purpose="service-messages")


@pytest.mark.promise("infinity-085")
def test_other_countries_receive_data_only_under_contract_clauses(unsafe: Place) -> None:
    ben = unsafe.caller()
    unsafe.disclose(ben, "callcarrier", "no-safeguard", purpose="telephone")
    terms: dict[str, Any] = {"signed_on": "2026-11-01", "expires_on": "2026-12-01"}
    assert unsafe.post("suppliers/callcarrier/safeguards", 400, kind="a handshake", **terms)["code"] == "bad-safeguard"
    unsafe.post("suppliers/callcarrier/safeguards", kind="standard-contractual-clauses", **terms)
    assert unsafe.disclose(ben, "callcarrier", purpose="telephone")["mechanism"] == "contract clauses"


@pytest.mark.promise("infinity-086")
def test_a_person_is_told_what_protects_each_of_their_transfers(place: Place) -> None:
    ada = place.customer()
    for recipient, purpose in (("northcloud", "customer-service"), ("mailworks", "service-messages"), ("infinity-us", "customer-service")):
        place.disclose(ada, recipient, purpose=purpose)
    told = place.get("transfers", ref=str(ada))
    assert [(one["recipient"], one["country"], one["mechanism"]) for one in told] == [
        ("mailworks", "CA", "adequacy"), ("infinity-us", "US", "contract clauses"),
    ]  # fmt: skip
    entered = [(body["recipient"], body["country"], body["mechanism"]) for body in place.ledger("disclosed")]
    assert {(one["recipient"], one["country"], one["mechanism"]) for one in told} < set(entered)
    assert place.get("transfers", ref=str(place.customer("ben@example.com"))) == []


@pytest.mark.promise("infinity-003")
def test_every_person_has_a_responsible_company(place: Place) -> None:
    place.post("customers", id="engines", country="GB")
    place.post("customers", id="rockets", country="US")
    assert place.post("customers", 400, id="nobodys")["code"] == "no-responsible-company"
    assert place.post("customers", 400, id="nobodys", country="IN")["code"] == "no-responsible-company"
    names = {}
    for email, customer in (("ada@example.com", "engines"), ("bob@example.com", "rockets")):
        ref = place.customer(email)
        place.post(f"customers/{customer}/contacts", person={"email": email})
        names[customer] = place.get("responsible-company", ref=str(ref))["id"]
    assert names == {"engines": "infinity-uk", "rockets": "infinity-us"}
    assert place.get("responsible-company", ref=str(place.visitor("california")))["id"] == "infinity-us"
    assert place.get("responsible-company", ref=str(place.visitor("uk")))["id"] == "infinity-uk"


@pytest.mark.promise("infinity-080")
def test_data_of_customers_of_the_british_company_rests_at_home(place: Place) -> None:
    customer = place.post("customers", id="engines", company="infinity-uk")
    assert customer["copies"] == [["troth", "uk"]]
    assert place.post("customers/engines/copies", store="dublin", region="eu")["copies"] == [["dublin", "eu"], ["troth", "uk"]]
    assert place.post("customers/engines/copies", 403, store="ohio", region="us")["code"] == "wrong-region"
    assert {region for _, region in place.get("customers/engines")["copies"]} <= {"uk", "eu"}


@pytest.mark.promise("infinity-080")
def test_a_workspace_that_rests_in_america_takes_no_customer_of_the_british_company(place: Place) -> None:
    policy = place.workspace.policy
    place.publish(replace(policy, settings=replace(policy.settings, region="us")))
    assert place.post("customers", 403, id="engines", company="infinity-uk")["code"] == "wrong-region"
    assert place.post("customers", id="rockets", company="infinity-us")["copies"] == [["troth", "us"]]


@pytest.mark.promise("infinity-080")
def test_a_storage_supplier_in_america_holds_no_copy_of_british_customers(place: Place) -> None:
    policy = place.workspace.policy
    far = replace(policy.recipients["northcloud"], country="US", safeguard="standard-contractual-clauses")
    place.publish(replace(policy, recipients={**policy.recipients, "northcloud": far}))
    place.disclose(place.customer(regime="uk"), "northcloud", "wrong-region", purpose="customer-service")
    place.disclose(place.customer("bob@example.com", regime="california"), "northcloud", purpose="customer-service")


@pytest.mark.promise("infinity-081")
def test_a_customers_data_moves_only_after_the_customer_was_told(place: Place) -> None:
    place.post("customers", id="engines", company="infinity-uk")
    assert place.post("customers/engines/region", 403, region="us")["code"] == "not-advised"
    place.post("customers/engines/notice", region="us")
    assert place.post("customers/engines/region", region="us")["region"] == "us"
    assert [body["act"] for body in place.ledger("operator-act")] == ["customer-entered", "customer-advised", "customer-moved"]
    assert place.post("customers/engines/region", 403, region="moon")["code"] == "wrong-region"


@pytest.mark.promise("infinity-082")
def test_data_of_customers_of_the_american_company_may_rest_in_america(place: Place) -> None:
    place.post("customers", id="rockets", company="infinity-us")
    place.post("customers", id="engines", company="infinity-uk")
    assert ["ohio", "us"] in place.post("customers/rockets/copies", store="ohio", region="us")["copies"]
    assert place.post("customers/engines/copies", 403, store="ohio", region="us")["code"] == "wrong-region"


@pytest.mark.promise("infinity-106")
def test_the_statement_on_sale_is_counted_from_the_register(place: Place) -> None:
    ada = place.customer()
    place.disclose(ada, "northcloud", purpose="customer-service")
    place.disclose(ada, "northcloud", "sale", nature="sale", purpose="customer-service")
    found = place.get("sale-statement")
    assert (found["sales"], found["refused"], found["holds"]) == (0, 1, True)
    assert found["statement"] == place.workspace.policy.notice.no_sale
    with place.workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE disclosure SET nature = 'sale'")
    found = place.get("sale-statement")
    assert (found["sales"], found["holds"]) == (1, False) and "1 sale" in found["statement"]


def test_a_sale_of_more_than_a_year_ago_is_not_in_the_statement(place: Place) -> None:
    place.disclose(place.customer(), "northcloud", purpose="customer-service")
    with place.workspace.state.write() as conn:
        conn.exec_driver_sql("UPDATE disclosure SET nature = 'sale'")
    place.clock.pass_by(timedelta(days=367))
    assert place.get("sale-statement")["sales"] == 0
    assert place.get("sale-statement", since="2026-01-01T00:00:00Z")["sales"] == 1


@pytest.mark.promise("infinity-111")
def test_the_kinds_of_third_parties_are_reported(place: Place) -> None:
    ada = place.customer()
    assert place.get("recipients", ref=str(ada)) == {"categories": ["none"], "recipients": {}}
    place.disclose(ada, "northcloud", purpose="customer-service")
    assert place.get("recipients", ref=str(ada))["categories"] == ["cloud storage"]
    assert place.get("recipients")["categories"] == ["cloud storage"]


@pytest.mark.promise("infinity-112")
def test_each_recipient_is_paired_with_what_it_received(place: Place) -> None:
    ben, ada = place.caller(), place.customer()
    place.disclose(ben, "callcarrier", purpose="telephone", items=["call.caller"])
    place.disclose(ada, "mailworks", purpose="service-messages", items=["contact.email"])
    found = place.get("recipients")["recipients"]
    assert {category: [(one["recipient"], one["kinds"]) for one in rows] for category, rows in found.items()} == {
        "telecommunications": [("callcarrier", ["user.contact.phone_number"])],
        "e-mail delivery": [("mailworks", ["user.contact.email"])],
    }


def test_what_a_person_forbade_is_not_disclosed_for_that_purpose(place: Place) -> None:
    ada = place.customer()
    place.say(ada, marketing_email=State.OBJECTED)
    place.disclose(ada, "mailworks", "objected", purpose="marketing-email")
    place.disclose(ada, "mailworks", purpose="service-messages")
    place.restrict(ada)
    place.disclose(ada, "mailworks", "restricted", purpose="service-messages")
