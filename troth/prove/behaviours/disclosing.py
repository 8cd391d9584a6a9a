"""Proofs of who may have people's data."""

from __future__ import annotations

from typing import Any

from troth.prove.registry import proves
from troth.prove.world import LONDON, World, check


def _customer(world: World) -> str:
    """A customer's contact with an invoice; returns the account."""
    account = world.address()
    traits = {"name": "Someone Known", "email": account, "company": "Example Works"}
    world.send("group", userId=account, groupId="g", traits=traits, context={"timezone": LONDON})
    world.send(
        "track", userId=account, event="Invoice Issued", properties={"invoice": "INV-" + account[8:20], "amount": "10.00", "name": "Someone Known"}
    )
    return account


def _disclose(world: World, account: str, recipient: str, **fields: Any) -> dict[str, Any]:
    return world.program("POST", "/disclosures", {"person": {"account": account}, "recipient": recipient, "operator": "proof", **fields})


def _refused(world: World, code: str, account: str, recipient: str, otherwise: str, **fields: Any) -> None:
    answer = _disclose(world, account, recipient, **fields)
    check(answer["status"] == 403 and answer.get("code") == code, otherwise)


@proves("infinity-042", sabotage="allow-sales")
def nobodys_data_is_sold(world: World) -> None:
    account = _customer(world)
    _refused(world, "sale", account, "mailworks", "a sale was not refused", purpose="service-messages", nature="sale")


@proves("infinity-106", sabotage="guess-sales")
def the_statement_on_sale_is_counted(world: World) -> None:
    found = world.program("GET", "/sale-statement")
    check(
        found["status"] == 200 and found.get("sales") == 0 and found.get("holds"), "the statement does not say that nothing was sold in twelve months"
    )


@proves("infinity-043", sabotage="allow-own-purposes")
def group_companies_get_data_only_to_serve(world: World) -> None:
    account = _customer(world)
    done = _disclose(world, account, "infinity-us", purpose="customer-service")
    check("payload" in done, "a listed group company may not have data to provide the service")
    _refused(
        world,
        "purpose-not-instructed",
        account,
        "infinity-us",
        "a group company was given data for marketing of its own",
        purpose="marketing-email",
        items=["contact.email"],
    )


@proves("infinity-044", sabotage="allow-unknown-recipients")
def only_listed_suppliers_get_data(world: World) -> None:
    account = _customer(world)
    done = _disclose(world, account, "northcloud", purpose="customer-service")
    check("payload" in done and done.get("category") == "cloud storage", "a listed supplier's disclosure is not logged with its category")
    _refused(world, "unknown-recipient", account, "somebody-else", "an unlisted supplier was not refused", purpose="customer-service")


@proves("infinity-046", sabotage="allow-own-purposes")
def suppliers_have_no_purposes_of_their_own(world: World) -> None:
    account = _customer(world)
    _refused(
        world,
        "purpose-not-instructed",
        account,
        "northcloud",
        "a supplier got data for a purpose it is not instructed for",
        purpose="marketing-email",
        items=["contact.email"],
    )


@proves("infinity-047", "infinity-112", sabotage="hand-over-everything")
def suppliers_get_only_the_fields_they_need(world: World) -> None:
    caller = world.number()
    world.call(caller, world.policy.calls.fallback)
    asked = {"person": {"phone": caller}, "recipient": "callcarrier", "operator": "proof", "purpose": "telephone"}
    done = world.program("POST", "/disclosures", asked)
    check("payload" in done, "a telecom supplier does not get what it needs")
    fields = set(done["items"])
    check(fields <= {"call.number", "call.caller", "call.status", "call.seconds"}, "a telecom supplier gets more than calls")
    more = world.program("POST", "/disclosures", asked | {"items": ["contact.source", "call.caller"]})
    check(more["status"] == 403, "a supplier got a field it does not need")


@proves("infinity-048", sabotage="empty-disclosures")
def advisers_can_have_data_and_are_named_to_the_person(world: World) -> None:
    account = _customer(world)
    done = _disclose(world, account, "advisers", purpose="transactions")
    check("payload" in done and done.get("category") == "professional advisers", "a disclosure to an adviser is not logged in its category")
    with world.centre().by_mail(account) as centre:
        given = str(centre.data().get("disclosures"))
    check("Example Advisers" in given or "advisers" in given, "the person's list of recipients lacks the adviser")


@proves("infinity-049", "infinity-052", sabotage="skip-evidence")
def authorities_name_themselves_and_a_binding_reference(world: World) -> None:
    account = _customer(world)
    legal = {"nature": "legal", "reason": "law", "items": ["contact.name"]}
    _refused(world, "no-justification", account, "", "an authority without a reference got data", authority="Example Court", **legal)
    _refused(
        world,
        "not-enforceable",
        account,
        "",
        "a demand that cannot be enforced opened data",
        authority="Example Court",
        reference="R-1",
        force="unenforceable",
        **legal,
    )
    done = _disclose(world, account, "", authority="Example Court", reference="R-1", force="enforceable", **legal)
    check("payload" in done, "a binding demand with its reference was refused")


@proves("infinity-053", sabotage="skip-evidence")
def a_breach_of_terms_needs_its_case(world: World) -> None:
    account, number = _customer(world), "case-" + world.address()[8:16]
    legal = {"nature": "legal", "reason": "terms-breach", "items": ["contact.name"], "authority": "Example Counsel"}
    _refused(world, "no-justification", account, "", "a breach without a case opened data", **legal)
    world.program("POST", "/cases", {"number": number, "kind": "breach", "operator": "proof"})
    done = _disclose(world, account, "", case=number, **legal)
    check("payload" in done, "an open case of breach was refused")


@proves("infinity-054", sabotage="skip-evidence")
def fraud_and_security_need_a_justification(world: World) -> None:
    account = _customer(world)
    legal = {"nature": "legal", "reason": "fraud", "items": ["contact.name"], "authority": "Example Bureau"}
    _refused(world, "no-justification", account, "", "a blank justification opened data", justification=" ", **legal)
    check(
        _disclose(world, account, "", justification="signs of fraud in case 7", **legal).get("payload") is not None,
        "a justified disclosure was refused",
    )


@proves("infinity-056", sabotage="allow-any-reason")
def protecting_rights_needs_an_approver_and_a_listed_reason(world: World) -> None:
    account = _customer(world)
    legal = {"nature": "legal", "items": ["contact.name"], "authority": "Example Police"}
    _refused(world, "no-justification", account, "", "protecting rights without an approver opened data", reason="protect-rights", **legal)
    _refused(world, "reason-not-listed", account, "", "a reason that is not listed opened data", reason="curiosity", **legal)
    check(
        _disclose(world, account, "", reason="protect-rights", approver="op-7", **legal).get("payload") is not None,
        "an approved disclosure was refused",
    )


@proves("infinity-084", "infinity-085", "infinity-086", sabotage="ignore-transfers")
def every_transfer_has_its_mechanism_and_the_person_is_told(world: World) -> None:
    account = _customer(world)
    adequate = _disclose(world, account, "mailworks", purpose="service-messages")
    clauses = _disclose(world, account, "infinity-us", purpose="customer-service")
    check(adequate.get("mechanism") == "adequacy", "a transfer to an adequate country is not noted as such")
    check(clauses.get("mechanism") == "contract clauses", "a transfer elsewhere does not rest on contract clauses")
    told = world.program("GET", f"/transfers?ref={clauses.get('ref')}")["list"]
    check(
        {(one["country"], one["mechanism"]) for one in told} == {("CA", "adequacy"), ("US", "contract clauses")},
        "the person is not told what protects each transfer",
    )
