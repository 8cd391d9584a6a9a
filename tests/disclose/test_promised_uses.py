"""Does infinity itself use customers' data only as it promised (§2, §3)? Through the programs' API."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.keeping import EXAMPLES, Place, held_clock, infinity_policy
from troth.app import Troth
from troth.consent.record import State
from troth.policy.parse import parse
from troth.settings import Settings


def _use(place: Place, ref: int, purpose: str, refused: str = "", **asked: Any) -> Any:
    answer = place.post("uses", 403 if refused else 201, person={"ref": str(ref)}, purpose=purpose, **asked)
    assert answer.get("code", "") == refused, answer
    return answer


def _on_record(place: Place, ref: int) -> list[tuple[str, str]]:
    return [(one["purpose"], one["basis"]) for one in place.get("uses", ref=str(ref))]


@pytest.mark.promise("infinity-028")
def test_transactions_are_for_those_with_a_contract(place: Place) -> None:
    ada, cleo = place.customer(), place.visitor()
    place.keep(ada, "invoice", **{"invoice.number": "INV-7", "invoice.amount": "120", "contact.name": "Ada Lovelace"})
    seen = _use(place, ada, "transactions", items=["invoice.number"])["events"]
    assert [event["items"] for event in seen] == [{"invoice.number": "INV-7"}]
    assert _on_record(place, ada) == [("transactions", "contract")]
    assert place.ledger("revealed")[-1]["basis"] == "contract"
    _use(place, cleo, "transactions", "item-not-for-population")
    assert _on_record(place, cleo) == []


@pytest.mark.promise("infinity-029")
def test_support_is_given_while_the_contract_lasts(place: Place) -> None:
    ada = place.customer()
    place.post("customers", id="engines", company="infinity-uk")
    place.post("customers/engines/contacts", person={"email": "ada@example.com"})
    items = _use(place, ada, "customer-service")["events"][0]["items"]
    assert items["contact.phone"] == "+442079460999" and "billing.contact" not in items
    assert _on_record(place, ada) == [("customer-service", "contract")]
    assert place.post("customers/engines/end") == {"customer": "engines", "contacts": 1}
    _use(place, ada, "customer-service", "item-not-for-population")


@pytest.mark.promise("infinity-030")
def test_enquiries_are_answered_until_the_person_objects(place: Place) -> None:
    ben = place.person("enquirer", "uk", "ben@example.com")
    place.keep(ben, "enquiry", **{"contact.email": "ben@example.com", "contact.message": "what does it cost"})
    assert _use(place, ben, "enquiries")["events"][0]["items"]["contact.message"] == "what does it cost"
    assert _on_record(place, ben) == [("enquiries", "legitimate-interests")]
    place.say(ben, enquiries=State.OBJECTED)
    _use(place, ben, "enquiries", "objected")


@pytest.mark.promise("infinity-033")
def test_improvement_counts_nobody_who_objected(place: Place) -> None:
    def people() -> int:
        grant = place.workspace.grant("improvement", "owner", "odile")
        return int(place.workspace.views.run(grant, lambda view: view.execute(view.events.agg(n=view.events.person.nunique())))[0]["n"])

    cleo, _ = place.visitor(), place.visitor()
    assert people() == 2
    _use(place, cleo, "improvement")
    assert _on_record(place, cleo) == [("improvement", "legitimate-interests")]
    place.say(cleo, improvement=State.OBJECTED)
    assert people() == 1
    _use(place, cleo, "improvement", "objected")


@pytest.mark.promise("infinity-034")
def test_security_looks_only_with_a_written_reason(place: Place) -> None:
    cleo = place.visitor()
    _use(place, cleo, "security", "no-justification")
    _use(place, cleo, "security", "no-justification", justification="  ")
    seen = _use(place, cleo, "security", justification="a thousand tries to sign in")["events"]
    assert seen[0]["items"] == {"device.ip": "203.0.113.9", "device.agent": "Mozilla/5.0 (X11)"}
    assert [one["reason"] for one in place.get("uses", ref=str(cleo))] == ["a thousand tries to sign in"]


@pytest.mark.promise("infinity-039")
def test_a_purpose_without_a_basis_cannot_be_acted_on(place: Place) -> None:
    text = (EXAMPLES / "infinity" / "policy.yaml").read_text()
    bare = text.replace("    label: Newsletter\n    kind: marketing\n    basis: consent\n", "    label: Newsletter\n    kind: marketing\n")
    policy, findings = parse(bare)
    assert policy is None and [str(one.code) for one in findings if "newsletter" in one.message] == ["basis-missing"]
    whole = place.workspace.policy
    place.publish(replace(whole, purposes={id: one for id, one in whole.purposes.items() if id != "newsletter"}))
    ben = place.person("enquirer", "uk", "ben@example.com")
    place.say(ben, newsletter=State.GIVEN)
    _use(place, ben, "newsletter", "unknown-purpose")
    place.publish(whole)
    _use(place, ben, "newsletter", "not-asked")  # a yes to what the policy did not name is no yes to what it names now
    place.say(ben, newsletter=State.GIVEN)
    assert _use(place, ben, "newsletter")["basis"] == "consent"


@pytest.mark.promise("infinity-040")
def test_a_known_purpose_without_a_basis_rests_on_legitimate_interests(place: Place) -> None:
    ada = place.customer()
    assert place.workspace.policy.purposes["feedback"].basis_defaulted
    assert _use(place, ada, "feedback")["basis"] == "legitimate-interests"
    _use(place, ada, "surveillance", "unknown-purpose")


@pytest.mark.promise("infinity-041")
def test_consent_is_asked_for_first_and_can_be_taken_back(place: Place) -> None:
    ben = place.person("enquirer", "uk", "ben@example.com")
    _use(place, ben, "newsletter", "not-asked")
    place.say(ben, newsletter=State.GIVEN)
    place.keep(ben, "subscription", **{"contact.name": "Ben", "contact.email": "ben@example.com"})
    assert _use(place, ben, "newsletter")["events"][0]["items"]["contact.email"] == "ben@example.com"
    place.say(ben, newsletter=State.WITHDRAWN)
    _use(place, ben, "newsletter", "withdrawn")


def test_a_use_sees_no_item_of_another_purpose(place: Place) -> None:
    _use(place, place.customer(), "feedback", "item-not-for-purpose", items=["contact.phone"])


@pytest.mark.promise("infinity-105")
def test_a_link_that_leaves_is_noted_and_nothing_beyond_it(tmp_path: Path) -> None:
    with held_clock():
        app = Troth(Settings(tmp_path / "data", tmp_path / "secrets", tmp_path / "tape"))
        workspace = app.house.create("infinity")
        workspace.publish(infinity_policy())
        key = workspace.access["publishable_key"]
        browser = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "content-type": "text/plain"}
        click = {"href": "https://elsewhere.example/page?who=me", "host": "elsewhere.example", "external": "true"}
        here = {"page": {"url": "http://127.0.0.1:8101/product"}, "timezone": "America/Los_Angeles"}
        message = {"type": "track", "event": "Link Clicked", "anonymousId": "visitor-12345", "properties": click, "context": here}
        said = {"writeKey": key, "batch": [message]}

        async def visit() -> tuple[Any, Any, Any]:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000") as client:
                asked = await client.get("/infinity/consent", params={"tz": "America/Los_Angeles"})
                kept = await client.post("/v1/batch", json=said, headers={**browser, "origin": "http://127.0.0.1:8101"})
                beyond = await client.post("/v1/batch", json=said, headers={**browser, "origin": "https://elsewhere.example"})
                return asked.json(), kept.json(), beyond

        asked, kept, beyond = asyncio.run(visit())
        assert "does not cover" in asked["external_note"]
        assert kept["stored"] == 1
        assert beyond.status_code == 403 and beyond.json()["code"] == "origin-not-allowed"
        grant = workspace.grant("site-analytics", "owner", "odile")
        rows = workspace.views.run(grant, lambda view: view.execute(view.events))
        assert [(row["event"], row["link.host"], row["link.external"]) for row in rows] == [("link-click", "elsewhere.example", "true")]
        app.door.close()
        app.house.close()
