"""Does infinity hand data over only as it promised (§4, §5)? One test a promise, through the programs' API."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.keeping import Place, infinity_policy
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.policy.model import Kind, Permission, Purpose
from troth.retain import sweep

DAY = timedelta(days=1)
LAW: dict[str, Any] = {"nature": "legal", "reason": "law", "items": ["contact.name"]}


@pytest.mark.promise("infinity-042")
def test_nobodys_data_is_sold(place: Place) -> None:
    ada, cleo = place.customer(), place.visitor()
    for ref, recipient in ((ada, "northcloud"), (cleo, "northcloud"), (ada, "databroker"), (ada, "infinity-us")):
        place.disclose(ref, recipient, "sale", nature="sale", purpose="customer-service")
    assert place.get("disclosures") == []
    assert [entry["reason"] for entry in place.ledger("refused-disclosure")] == ["sale"] * 4


@pytest.mark.promise("infinity-043")
def test_a_group_company_receives_data_only_to_provide_the_service(place: Place) -> None:
    ada = place.customer()
    done = place.disclose(ada, "infinity-us", purpose="customer-service")
    assert done["category"] == "group company" and [row["id"] for row in place.get("disclosures")] == [done["id"]]
    place.disclose(ada, "infinity-us", "purpose-not-instructed", purpose="marketing-email")
    place.disclose(ada, "infinity-fr", "unknown-recipient", purpose="customer-service")


@pytest.mark.promise("infinity-043")
def test_a_group_company_never_receives_data_for_marketing_whatever_is_listed(place: Place) -> None:
    policy = place.workspace.policy
    us = replace(policy.recipients["infinity-us"], purposes=("customer-service", "marketing-email"))
    place.publish(replace(policy, recipients={**policy.recipients, "infinity-us": us}))
    place.disclose(place.customer(), "infinity-us", "purpose-not-instructed", purpose="marketing-email")


@pytest.mark.promise("infinity-044")
def test_listed_suppliers_receive_data_and_others_do_not(place: Place) -> None:
    ben = place.caller()
    done = place.disclose(ben, "callcarrier", purpose="telephone")
    assert done["category"] == "telecommunications"
    assert place.ledger("disclosed")[-1]["category"] == "telecommunications"
    place.disclose(ben, "othercarrier", "unknown-recipient", purpose="telephone")


@pytest.mark.promise("infinity-045")
def test_a_supplier_receives_nothing_before_terms_or_after_them(place: Place) -> None:
    policy = place.workspace.policy
    bare = replace(policy.recipients["northcloud"], terms=None)
    place.publish(replace(policy, recipients={**policy.recipients, "northcloud": bare}))
    ada = place.customer()
    place.disclose(ada, "northcloud", "no-terms", purpose="customer-service")
    place.post("suppliers/northcloud/terms", signed_on="2026-11-20", expires_on="2026-12-20", document="terms/northcloud-2.pdf")
    place.disclose(ada, "northcloud", purpose="customer-service")
    place.clock.pass_by(29 * DAY)
    place.disclose(ada, "northcloud", "terms-expired", purpose="customer-service")


def test_terms_not_yet_begun_count_as_none(place: Place) -> None:
    policy = place.workspace.policy
    place.publish(replace(policy, recipients={**policy.recipients, "northcloud": replace(policy.recipients["northcloud"], terms=None)}))
    place.post("suppliers/northcloud/terms", signed_on="2026-12-01", expires_on="2027-12-01")
    place.disclose(place.customer(), "northcloud", "no-terms", purpose="customer-service")


@pytest.mark.promise("infinity-046")
def test_a_supplier_has_no_purposes_of_its_own(place: Place) -> None:
    ada = place.customer()
    own: dict[str, Any] = {"signed_on": "2026-11-20", "expires_on": "2027-11-20", "purposes": ["customer-service", "marketing-email"]}
    assert place.post("suppliers/northcloud/terms", 403, **own)["code"] == "purpose-not-instructed"
    place.disclose(ada, "northcloud", "purpose-not-instructed", purpose="marketing-email")
    place.disclose(ada, "northcloud", purpose="customer-service")
    assert [row["purpose"] for row in place.get("disclosures")] == ["customer-service"]


@pytest.mark.promise("infinity-047")
def test_a_supplier_receives_only_the_fields_its_work_needs(place: Place) -> None:
    ben = place.caller()
    payload = place.disclose(ben, "callcarrier", purpose="telephone")["payload"]
    assert {item for event in payload["events"] for item in event["items"]} == {"call.number", "call.caller", "call.status", "call.seconds"}
    assert set(payload["events"][0]) == {"event", "items"}
    place.disclose(ben, "callcarrier", "item-not-for-purpose", purpose="telephone", items=["call.caller", "contact.email"])
    place.disclose(place.customer(), "northcloud", "item-not-for-recipient", purpose="customer-service", items=["contact.phone"])


@pytest.mark.promise("infinity-048")
def test_an_adviser_receives_data_and_stands_in_the_persons_list(place: Place) -> None:
    ada = place.customer()
    place.keep(ada, "invoice", **{"invoice.number": "INV-7", "invoice.amount": "120", "contact.name": "Ada Lovelace"})
    done = place.disclose(ada, "advisers", purpose="transactions")
    assert done["payload"]["events"] == [{"event": "invoice", "items": {"invoice.number": "INV-7", "invoice.amount": "120"}}]
    assert place.get("recipients", ref=str(ada))["categories"] == ["professional advisers"]


@pytest.mark.promise("infinity-049")
def test_a_public_body_names_itself_and_its_reference(place: Place) -> None:
    ada = place.customer()
    force: dict[str, Any] = {"force": "enforceable"}
    place.disclose(ada, "", "recipient-not-named", **LAW, **force, reference="Order 12/26")
    place.disclose(ada, "", "no-justification", **LAW, **force, authority="Example Regulator")
    done = place.disclose(ada, "", **LAW, **force, authority="Example Regulator", reference="Order 12/26")
    row = place.get("disclosures")[0]
    assert (row["label"], row["category"], row["details"]["reference"]) == ("Example Regulator", "public authority", "Order 12/26")
    assert [event["items"] for event in done["payload"]["events"]] == [{"contact.name": "Ada Lovelace"}]


@pytest.mark.promise("infinity-052")
def test_only_a_binding_demand_opens_data(place: Place) -> None:
    ada = place.customer()
    said: dict[str, Any] = {"authority": "Example Court", "reference": "Order 12/26"}
    place.disclose(ada, "", "not-enforceable", **LAW, **said, force="unenforceable")
    place.disclose(ada, "", "not-enforceable", **LAW, **said)
    place.disclose(ada, "", **LAW, **said, force="enforceable")
    assert place.ledger("disclosed")[-1]["reason"] == "law"
    place.disclose(ada, "", "items-not-named", **{**LAW, "items": []}, **said, force="enforceable")


@pytest.mark.promise("infinity-053")
def test_a_breach_of_terms_needs_its_case(place: Place) -> None:
    ada = place.customer()
    asked: dict[str, Any] = {"nature": "legal", "reason": "terms-breach", "items": ["account.login"], "authority": "Example Law Office"}
    place.disclose(ada, "", "no-justification", **asked)
    place.disclose(ada, "", "case-not-open", **asked, case="B-1")
    place.post("cases", number="B-1", kind="breach")
    done = place.disclose(ada, "", **asked, case="B-1")
    assert [row["details"]["case"] for row in place.get("disclosures")] == ["B-1"] and done["reason"] == "terms-breach"


@pytest.mark.promise("infinity-054")
@pytest.mark.parametrize("reason", ["fraud", "security"])
def test_fraud_and_security_need_a_justification(place: Place, reason: str) -> None:
    cleo = place.visitor()
    asked: dict[str, Any] = {"nature": "legal", "reason": reason, "items": ["device.ip"], "authority": "Example Police"}
    place.disclose(cleo, "", "no-justification", **asked)
    place.disclose(cleo, "", "no-justification", **asked, justification="   ")
    place.disclose(cleo, "", **asked, justification="a thousand tries to sign in")
    assert place.get("disclosures")[0]["details"]["justification"] == "a thousand tries to sign in"


@pytest.mark.promise("infinity-055")
def test_a_support_case_opens_data_while_it_is_open(place: Place) -> None:
    ben = place.caller()
    asked: dict[str, Any] = {"nature": "legal", "reason": "support-request", "purpose": "telephone", "items": ["call.caller"]}
    place.disclose(ben, "callcarrier", "case-not-open", **asked, ticket="T-9")
    place.post("cases", number="T-9", kind="ticket")
    place.disclose(ben, "callcarrier", **asked, ticket="T-9")
    assert place.get("disclosures")[0]["details"]["ticket"] == "T-9"
    place.post("cases/T-9/close")
    place.disclose(ben, "callcarrier", "case-not-open", **asked, ticket="T-9")


@pytest.mark.promise("infinity-056")
def test_protecting_rights_needs_an_approver_and_a_listed_reason(place: Place) -> None:
    ada = place.customer()
    asked: dict[str, Any] = {"nature": "legal", "items": ["contact.name"], "authority": "Example Police"}
    place.disclose(ada, "", "no-justification", **asked, reason="protect-rights")
    place.disclose(ada, "", **asked, reason="protect-rights", approver="odile")
    row = place.get("disclosures")[0]
    assert (row["reason"], row["details"]["approver"]) == ("protect-rights", "odile")
    for reason in ("emergency", "curiosity", ""):
        place.disclose(ada, "", "reason-not-listed", **asked, reason=reason, approver="odile", justification="because")


@pytest.mark.promise("infinity-057")
def test_signs_of_fraud_go_to_a_partner_without_marketing_fields(place: Place) -> None:
    cleo = place.visitor()
    asked: dict[str, Any] = {"nature": "fraud-exchange", "reason": "fraud", "purpose": "security", "justification": "spam wave"}
    done = place.disclose(cleo, "guardnet", **asked)
    row = place.get("disclosures")[0]
    assert (row["recipient"], row["items"], row["reason"]) == ("guardnet", ["device.agent", "device.ip"], "fraud")
    assert [event["items"] for event in done["payload"]["events"]] == [{"device.ip": "203.0.113.9", "device.agent": "Mozilla/5.0 (X11)"}]
    place.disclose(cleo, "guardnet", "item-not-for-purpose", **asked, items=["device.ip", "contact.email"])
    place.disclose(cleo, "mailworks", "purpose-not-instructed", **{**asked, "purpose": "marketing-email"}, items=["contact.email"])
    place.disclose(cleo, "strangers", "unknown-recipient", **asked)


@pytest.mark.promise("infinity-050")
def test_a_buyer_receives_the_data_and_each_persons_log_shows_it(place: Place) -> None:
    people = [place.customer(), place.customer("ben@example.com"), place.caller()]
    assert place.post("business-transfers", 403, acquirer="")["code"] == "recipient-not-named"
    assert place.get("disclosures") == []
    package = place.post("business-transfers", acquirer="Larger Ltd", country="GB")
    assert {one["person"] for one in package["people"]} == {str(ref) for ref in people}
    for ref in people:
        rows = place.get("disclosures", ref=str(ref))
        assert [(row["nature"], row["label"]) for row in rows] == [("business-transfer", "Larger Ltd")]
    assert place.post("business-transfers", 403, acquirer="Far Ltd", country="IN")["code"] == "no-safeguard"


def test_a_no_said_to_the_buyer_is_not_undone_by_a_yes_that_came_with_the_business(place: Place) -> None:
    place.say(place.customer(), newsletter=State.GIVEN, marketing_email=State.REFUSED)
    package = place.post("business-transfers", acquirer="Larger Ltd")
    buyer = place.neighbour("larger", infinity_policy())
    ada = buyer.customer()
    buyer.say(ada, newsletter=State.WITHDRAWN)
    assert buyer.post("business-transfers/receive", **package)["events"] > 0
    with buyer.workspace.state.read() as conn:
        standing = read_standing(conn, ada)
    assert standing is not None and standing.states == {"newsletter": State.WITHDRAWN, "marketing-email": State.REFUSED}


@pytest.mark.promise("infinity-051")
def test_a_buyer_may_use_the_data_for_the_old_purposes_alone(place: Place) -> None:
    place.customer()
    ben = place.customer("ben@example.com")
    place.say(ben, feedback=State.OBJECTED)
    package = place.post("business-transfers", acquirer="Larger Ltd")
    of_ben = next(one for one in package["people"] if one["person"] == str(ben))
    assert of_ben["states"] == {"feedback": "objected"} and "feedback" not in of_ben["permitted"]
    assert "customer-service" in package["manifest"]["purposes"]

    policy = infinity_policy()
    basis = policy.purposes["feedback"].basis
    new = Purpose("profiling", "Profiling", Kind.SERVICE, basis, Permission.NONE, ("contact.email",), ("customer-details",), notice="We profile.")
    roles = {"owner": ("customer-service", "profiling", "feedback")}
    wider = {id: replace(one, keep_for=None) for id, one in policy.purposes.items()}
    wider["customer-service"] = replace(wider["customer-service"], items=(*wider["customer-service"].items, "billing.contact"))
    buyer = place.neighbour("larger", replace(policy, version="theirs", purposes={**wider, "profiling": new}, roles=roles))
    assert buyer.post("business-transfers/receive", **package) == {"events": 2}
    assert buyer.post("business-transfers/receive", **package) == {"events": 0}
    seen = {"customer-service": 2, "feedback": 1, "profiling": 0}
    for purpose, count in seen.items():
        grant = buyer.workspace.grant(purpose, "owner", "odile")
        assert len(buyer.workspace.views.run(grant, lambda view: view.execute(view.events))) == count, purpose
    sweep(buyer.workspace)
    events = buyer.post("uses", person={"email": "ada@example.com"}, purpose="customer-service")["events"]
    assert [one["items"]["contact.name"] for one in events] == ["Ada Lovelace"] and "billing.contact" not in events[0]["items"]
    assert buyer.post("uses", person={"email": "ada@example.com"}, purpose="profiling")["events"] == []
    assert buyer.post("uses", 403, person={"email": "ada@example.com"}, purpose="resale")["code"] == "unknown-purpose"
    place.clock.pass_by(max(one.keep_for or timedelta() for one in policy.purposes.values()) + timedelta(days=1))
    assert sweep(buyer.workspace).events  # the seller said how long, and the buyer does not say longer
