"""Proofs of who may have people's data, with whichever recipients the policy lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth.gate.disclosure import SAFEGUARD_MECHANISMS, is_adequate
from troth.policy.model import Kind, Permission, Recipient, permission_under
from troth.policy.packs import adequacy
from troth.prove.browser import browser
from troth.prove.registry import proves
from troth.prove.world import LONDON, World, check


@dataclass(frozen=True, slots=True)
class Giving:
    """Somebody of whom a recipient may have something: for which purpose, and how the person is named to a program."""

    recipient: Recipient
    purpose: str
    person: dict[str, str]
    address: str = ""


def _givings(world: World, category: str = "", group: bool | None = None) -> Iterator[Giving]:
    """For each recipient of a kind, somebody new of whom it may have something."""
    for recipient in world.policy.recipients.values():
        if category not in ("", recipient.category) or group not in (None, recipient.group):
            continue
        found = _somebody(world, recipient)
        if found is not None:
            yield found


def _somebody(world: World, recipient: Recipient) -> Giving | None:
    for purpose in (world.policy.purposes[one] for one in recipient.purposes if one in world.policy.purposes):
        shared = set(recipient.items) & set(purpose.items)
        for event in (world.policy.events[one] for one in purpose.events):
            if event.call in ("track", "group", "identify") and any(world.policy.items[item].at for item in shared & set(event.items)):
                known = world.known(event) if _leaves_address(world, event.population) else None
                told = world.tell(event, account=known.account if known else "")
                return Giving(recipient, purpose.id, {"account": told.account}, str(known.values["contact.email"]) if known else "")
            if event.call is None and world.policy.calls.fallback and shared & set(event.items):
                caller = world.number()
                world.call(caller, world.policy.calls.fallback)
                return Giving(recipient, purpose.id, {"phone": caller})
    return None


def _leaves_address(world: World, population: str) -> bool:
    found = [one for one in world.policy.events.values() if one.population == population and one.call in ("track", "group", "identify")]
    return any("contact.email" in one.items for one in found)


def _one(world: World, category: str = "", group: bool | None = None) -> Giving:
    found = next(_givings(world, category, group), None)
    check(found, "nobody of this kind may have anything of anybody")
    assert found is not None
    return found


def _ask(world: World, person: dict[str, str], recipient: str, **fields: Any) -> dict[str, Any]:
    return world.program("POST", "/disclosures", {"person": person, "recipient": recipient, "operator": "proof", **fields})


def _refused(world: World, code: str, person: dict[str, str], recipient: str, otherwise: str, **fields: Any) -> None:
    answer = _ask(world, person, recipient, **fields)
    check(answer["status"] == 403 and answer.get("code") == code, otherwise)


@proves(sabotage="allow-sales")
def nobodys_data_is_sold(world: World) -> None:
    for one in _givings(world):
        _refused(world, "sale", one.person, one.recipient.id, "a sale was not refused", purpose=one.purpose, nature="sale")


@proves(sabotage="guess-sales")
def the_statement_on_sale_is_counted(world: World) -> None:
    found = world.program("GET", "/sale-statement")
    holds = found["status"] == 200 and found.get("sales") == 0 and found.get("holds")
    check(holds, "the statement does not say that nothing was sold in twelve months")


def _selling(world: World) -> str:
    """A purpose that sells, for nobody's own use."""
    found = [one.id for one in world.policy.purposes.values() if one.kind in (Kind.MARKETING, Kind.ADVERTISING)]
    check(found, "the policy has no purpose that sells")
    return found[-1]


@proves(sabotage="allow-own-purposes")
def group_companies_get_data_only_to_serve(world: World) -> None:
    one = _one(world, group=True)
    done = _ask(world, one.person, one.recipient.id, purpose=one.purpose)
    check("payload" in done, "a company of the group may not have data to provide the service")
    otherwise = "a company of the group was given data for marketing of its own"
    _refused(world, "purpose-not-instructed", one.person, one.recipient.id, otherwise, purpose=_selling(world))


@proves(sabotage="allow-unknown-recipients")
def only_listed_suppliers_get_data(world: World, category: str = "") -> None:
    one = _one(world, category)
    done = _ask(world, one.person, one.recipient.id, purpose=one.purpose)
    check("payload" in done and done.get("category") == one.recipient.category, "a listed supplier's disclosure is not logged with its category")
    _refused(world, "unknown-recipient", one.person, "somebody-else", "an unlisted supplier was not refused", purpose=one.purpose)


@proves(sabotage="allow-own-purposes")
def suppliers_have_no_purposes_of_their_own(world: World, category: str = "") -> None:
    one = _one(world, category)
    other = next(purpose for purpose in world.policy.purposes if purpose not in one.recipient.purposes)
    otherwise = "a supplier got data for a purpose it is not instructed for"
    _refused(world, "purpose-not-instructed", one.person, one.recipient.id, otherwise, purpose=other)


@proves(sabotage="hand-over-everything")
def suppliers_get_only_the_fields_they_need(world: World, category: str = "") -> None:
    one = _one(world, category)
    done = _ask(world, one.person, one.recipient.id, purpose=one.purpose)
    check("payload" in done, "a supplier does not get what it needs")
    check(set(done["items"]) <= set(one.recipient.items), "a supplier gets more than it needs")
    beyond = [item for item in world.policy.purposes[one.purpose].items if item not in one.recipient.items]
    check(beyond, "the purpose has nothing that the supplier does not need")
    more = _ask(world, one.person, one.recipient.id, purpose=one.purpose, items=beyond[:1])
    check(more["status"] == 403, "a supplier got a field it does not need")


@proves(sabotage="empty-disclosures")
def advisers_can_have_data_and_are_named_to_the_person(world: World, category: str = "professional advisers") -> None:
    one = _one(world, category)
    done = _ask(world, one.person, one.recipient.id, purpose=one.purpose)
    check("payload" in done and done.get("category") == category, "a disclosure to an adviser is not logged in its category")
    with world.centre().by_mail(one.address) as centre:
        given = str(centre.data().get("disclosures"))
    check(one.recipient.label in given or one.recipient.id in given, "the person's list of recipients lacks the adviser")


@proves(sabotage="hand-over-whatever-was-said")
def recipients_get_nothing_before_a_choice(world: World, recipients: tuple[str, ...]) -> None:
    for recipient in (world.policy.recipients[one] for one in recipients):
        purpose = world.policy.purposes[recipient.purposes[0]]
        event = next(world.policy.events[one] for one in purpose.events if set(recipient.items) & set(world.policy.events[one].items))
        others = {id: True for id in world.policy.purposes if id != purpose.id}
        open_to_all = permission_under(world.policy, purpose, world.law(LONDON)) is not Permission.ASK_BEFORE
        for said, allowed in ((others, open_to_all), (others | {purpose.id: False}, False), (others | {purpose.id: True}, True)):
            told = world.tell(event, willing=said)
            done = _ask(world, {"account": told.account}, recipient.id, purpose=purpose.id)
            if not allowed:
                check(done["status"] == 403, f"{recipient.id} was given something of somebody who had not chosen it")
                continue
            check("payload" in done, f"{recipient.id} was given nothing of somebody who allowed it")
            logged = world.program("GET", f"/disclosures?ref={done['ref']}")["list"]
            check([one["recipient"] for one in logged] == [recipient.id], "what was given is not in the register")


@proves(sabotage="forget-what-a-form-said")
def who_a_form_named_receives_what_it_took_and_nobody_else(world: World) -> None:
    naming = [one for one in world.policy.recipients.values() if one.announced_by]
    check(len(naming) > 1, "no two forms name whom else they serve")
    for recipient in naming:
        form, purpose = world.policy.events[recipient.announced_by[0]], recipient.purposes[0]
        shown = world.http.get(f"/{world.workspace}/forms/{form.id}").json()
        named = [one["label"] for one in shown["goes_to"]] == [recipient.label] and recipient.label in shown["text"]
        check(named, "a form does not say who else receives it")
        told = world.tell(form)
        done = _ask(world, {"account": told.account}, recipient.id, purpose=purpose)
        given = {one["event"] for one in done["payload"]["events"]} if "payload" in done else set()
        check(given == {form.id}, "who a form named is not given what it took, or more")
        for other in naming:
            if form.id not in other.announced_by:
                otherwise = "somebody whom the form did not name was given what it took"
                _refused(world, "not-announced", {"account": told.account}, other.id, otherwise, purpose=other.purposes[0])


@proves(sabotage="hand-over-whatever-was-said")
def nothing_goes_to_outside_analytics_after_an_opt_out(world: World, recipient: str) -> None:
    found, link = world.policy.recipients[recipient], world.policy.asking.analytics_opt_out
    check(link.startswith("https://") and link == world.visitor().asked()["asking"]["analytics_opt_out"], "browsers are not told of the way out")
    check(link in world.page("/policy") and link in world.page("/cookies"), "people do not read of the way out")
    purpose = found.purposes[0]
    allowing, refusing, silent = (browser(world) for _ in range(3))
    others = {one["id"].replace("-", "_"): "given" for one in allowing.asked()["purposes"] if one["id"] != purpose}
    said = purpose.replace("-", "_")
    for someone, choices in ((allowing, {said: "given"}), (refusing, {said: "refused"}), (silent, {})):
        someone.choose("choose", **others, **choices)
        check(someone.person.view("/").get("stored") == 1, "a visit that was allowed is not kept")
    done = _ask(world, {"anonymousId": allowing.person.id}, recipient, purpose=purpose)
    check("payload" in done, "outside analytics gets nothing of somebody who allowed it")
    for someone in (refusing, silent):
        answer = _ask(world, {"anonymousId": someone.person.id}, recipient, purpose=purpose)
        check(answer["status"] == 403, "outside analytics was given a visit of somebody who opted out, or was not asked")


def _held(world: World) -> tuple[dict[str, str], dict[str, Any]]:
    """Somebody, and a legal question about one detail held of them."""
    told = world.known()
    return {"account": told.account}, {"nature": "legal", "items": ["contact.email"]}


@proves(sabotage="skip-evidence")
def authorities_name_themselves_and_a_binding_reference(world: World) -> None:
    person, legal = _held(world)
    legal |= {"reason": "law", "authority": "Example Court"}
    _refused(world, "no-justification", person, "", "an authority without a reference got data", **legal)
    weak = {"reference": "R-1", "force": "unenforceable"}
    _refused(world, "not-enforceable", person, "", "a demand that cannot be enforced opened data", **legal, **weak)
    done = _ask(world, person, "", reference="R-1", force="enforceable", **legal)
    check("payload" in done, "a binding demand with its reference was refused")


@proves(sabotage="skip-evidence")
def a_breach_of_terms_needs_its_case(world: World) -> None:
    person, legal = _held(world)
    legal |= {"reason": "terms-breach", "authority": "Example Counsel"}
    number = "case-" + world.address()[8:16]
    _refused(world, "no-justification", person, "", "a breach without a case opened data", **legal)
    world.program("POST", "/cases", {"number": number, "kind": "breach", "operator": "proof"})
    check("payload" in _ask(world, person, "", case=number, **legal), "an open case of breach was refused")


@proves(sabotage="skip-evidence")
def fraud_and_security_need_a_justification(world: World) -> None:
    person, legal = _held(world)
    reason = next((one for one in ("fraud", "security") if one in world.policy.settings.legal_reasons), "fraud")
    legal |= {"reason": reason, "authority": "Example Bureau"}
    _refused(world, "no-justification", person, "", "a blank justification opened data", justification=" ", **legal)
    done = _ask(world, person, "", justification="signs of fraud in case 7", **legal)
    check(done.get("payload") is not None, "a justified disclosure was refused")


@proves(sabotage="skip-evidence")
def an_open_case_of_support_opens_what_it_needs(world: World) -> None:
    one, number = _one(world), "ticket-" + world.address()[8:16]
    legal: dict[str, Any] = {"nature": "legal", "reason": "support-request", "purpose": one.purpose}
    legal["items"] = [next(item for item in one.recipient.items if item in world.policy.purposes[one.purpose].items)]
    _refused(world, "case-not-open", one.person, one.recipient.id, "a case that is not open opened data", ticket=number, **legal)
    world.program("POST", "/cases", {"number": number, "kind": "ticket", "operator": "proof"})
    check("payload" in _ask(world, one.person, one.recipient.id, ticket=number, **legal), "an open case of support was refused")
    world.program("POST", f"/cases/{number}/close", {"operator": "proof"})
    _refused(world, "case-not-open", one.person, one.recipient.id, "a closed case opened data", ticket=number, **legal)


@proves(sabotage="allow-any-reason")
def protecting_rights_needs_an_approver_and_a_listed_reason(world: World) -> None:
    person, legal = _held(world)
    legal["authority"] = "Example Police"
    _refused(world, "no-justification", person, "", "protecting rights without an approver opened data", reason="protect-rights", **legal)
    _refused(world, "reason-not-listed", person, "", "a reason that is not listed opened data", reason="curiosity", **legal)
    done = _ask(world, person, "", reason="protect-rights", approver="op-7", **legal)
    check(done.get("payload") is not None, "an approved disclosure was refused")


@proves(sabotage="ignore-transfers")
def every_transfer_has_its_mechanism_and_the_person_is_told(world: World) -> None:
    away = [one for one in _givings(world) if one.recipient.country not in adequacy().home]
    check(away, "nothing goes abroad")
    for one in away:
        done = _ask(world, one.person, one.recipient.id, purpose=one.purpose)
        adequate = is_adequate(adequacy(), one.recipient.country, world.policy.effective_on)
        expected = "adequacy" if adequate else str(SAFEGUARD_MECHANISMS.get(one.recipient.safeguard or "", ""))
        check(done.get("mechanism") == expected, "a transfer does not rest on what protects it")
        listed = world.program("GET", f"/transfers?ref={done.get('ref')}")["list"]
        told = {(each["country"], each["mechanism"]) for each in listed}
        check(told == {(one.recipient.country, expected)}, "the person is not told what protects each transfer")
