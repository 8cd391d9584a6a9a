"""What did a program or a command ask for? Reads what was said, strictly, and does it: one function an act.

Shared by the HTTP API and the command line, so that both can do the same. It decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, micros, now
from troth.base.errors import Fault
from troth.consent.standing import read_standing
from troth.disclose import cases, own_use, residency, suppliers, told
from troth.disclose.acquire import Package, transfer_business
from troth.disclose.acquired import receive_business
from troth.disclose.register import HandedOver, check_operator, details_of, disclose
from troth.gate.disclosure import Force, MayDisclose, Nature, Safeguard
from troth.policy.model import Policy, Terms
from troth.rights.disclosed import Disclosed, disclosures_of, mechanisms_of, read_disclosures
from troth.rights.responsible import responsible_company
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import same_person
from troth.workspace import Workspace

Said = Mapping[str, Any]
_KINDS = {"email": IdentifierKind.EMAIL, "phone": IdentifierKind.PHONE, "account": IdentifierKind.ACCOUNT, "anonymousId": IdentifierKind.ANONYMOUS}
_ALIASES = {"authority": "named", "acquirer": "named"}
_WORD = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")


# disclosures


def disclose_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Hand one person's items over."""
    question = question_said(workspace.policy, said)
    return handed(disclose(workspace, person_said(workspace, said.get("person")), question, operator_said(said)))


def question_said(policy: Policy, said: Said) -> MayDisclose:
    """The question for the gate; raises `bad-field` for anything that is not of the right shape."""
    known = {field.name for field in fields(MayDisclose)} | _ALIASES.keys()
    unknown = said.keys() - known - {"person", "operator"}
    if unknown:
        raise Fault("bad-field", "a disclosure has the fields " + ", ".join(sorted(known | {"person", "operator"})))
    texts = {_ALIASES.get(name, name): text(said, name) for name in said if name not in ("person", "operator", "items", "nature", "force")}
    items = said.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Fault("bad-field", "`items` is a list of item ids")
    texts.setdefault("recipient", "")
    if texts.get("named") and not texts.get("country"):
        texts["country"] = home_country(policy)
    nature, force = _choice(Nature, said, "nature", "service"), _choice(Force, said, "force", "unstated")
    return MayDisclose(**texts, items=frozenset(items), nature=nature, force=force)


def home_country(policy: Policy) -> str:
    """The country of the company that stands for this workspace: an authority named without one is of there."""
    group = policy.organisation.group
    return next((one.country for one in group if one.region == policy.settings.region), group[0].country if group else "")


def handed(done: HandedOver) -> dict[str, Any]:
    """A disclosure as it is told."""
    return shown(done.record) | {"payload": done.payload}


def shown(one: Disclosed) -> dict[str, Any]:
    """A register row as it is told; a person forgotten since has no reference."""
    told_of = asdict(one) | {"items": list(one.items), "at": instant(one.at).isoformat(), "ref": str(one.ref) if one.ref else None}
    del told_of["canary"]
    return told_of


def list_disclosures(workspace: Workspace, said: Said, _path: Said) -> list[dict[str, Any]]:
    """The register, of one person (`ref`) or whole, since an instant."""
    since = _since(said)
    with workspace.state.read() as conn:
        rows = disclosures_of(conn, _refs(conn, said)) if said.get("ref") else read_disclosures(conn, "at >= ?", since)
        return [shown(one) | {"details": dict(details_of(conn, one.id))} for one in rows if one.at >= since]


def transfer_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """The package for an acquirer."""
    country = text(said, "country") or home_country(workspace.policy)
    return transfer_business(workspace, text(said, "acquirer"), country, operator_said(said), text(said, "safeguard")).as_json()


def receive_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Take a package in."""
    manifest, people = said.get("manifest"), said.get("people")
    if not isinstance(manifest, dict) or not isinstance(people, list):
        raise Fault("bad-package", "a package has a `manifest` and `people`")
    return {"events": receive_business(workspace, Package(manifest, people), operator_said(said))}


# suppliers, cases


def list_suppliers(workspace: Workspace, _said: Said, _path: Said) -> list[dict[str, Any]]:
    """Every recipient and what it signed."""
    with workspace.state.read() as conn:
        return suppliers.suppliers_told(workspace.policy, suppliers.papers(conn))


def terms_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Record terms."""
    purposes = said.get("purposes", [])
    if not isinstance(purposes, list) or not all(isinstance(one, str) for one in purposes):
        raise Fault("bad-field", "`purposes` is a list of purpose ids")
    terms = Terms(_day(said, "signed_on"), _day(said, "expires_on"), text(said, "document"))
    return {"entry": suppliers.record_terms(workspace, path["id"], terms, operator_said(said), purposes)}


def safeguard_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Record a safeguard."""
    safeguard = Safeguard(text(said, "kind"), _day(said, "signed_on"), _day(said, "expires_on"))
    return {"entry": suppliers.record_safeguard(workspace, path["id"], safeguard, operator_said(said), text(said, "document"))}


def open_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Open a case or ticket."""
    number = text(said, "number")
    cases.open_case(workspace, number, _choice(cases.CaseKind, said, "kind", "ticket"), operator_said(said))
    return {"number": number, "open": True}


def close_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Close one."""
    cases.close_case(workspace, path["id"], operator_said(said))
    return {"number": path["id"], "open": False}


# customers


def customer_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Enter a customer."""
    return asdict(residency.onboard(workspace, text(said, "id"), operator_said(said), text(said, "company"), text(said, "country")))


def show_customer(workspace: Workspace, _said: Said, path: Said) -> dict[str, Any]:
    """One customer, its company and its copies."""
    with workspace.state.read() as conn:
        return asdict(residency.read_customer(conn, path["id"]))


def advise_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Record a customer's notice."""
    return asdict(residency.advise(workspace, path["id"], text(said, "region"), operator_said(said)))


def move_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Change a customer's region."""
    return asdict(residency.move(workspace, path["id"], text(said, "region"), operator_said(said)))


def place_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Let a store hold a copy."""
    return asdict(residency.place(workspace, path["id"], text(said, "store"), text(said, "region"), operator_said(said)))


def contact_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """Name a person as a customer's contact."""
    ref = person_said(workspace, said.get("person"))
    with workspace.state.write() as conn:
        if read_standing(conn, ref) is None:
            raise Fault("no-such-subject", "there is no such subject", status=404)
        residency.name_contact(conn, ref, path["id"])
    return {"ref": str(ref), "customer": path["id"]}


def end_as_said(workspace: Workspace, said: Said, path: Said) -> dict[str, Any]:
    """End a customer's contract."""
    return {"customer": path["id"], "contacts": residency.end_contract(workspace, path["id"], operator_said(said))}


def show_company(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Which company answers for a person."""
    with workspace.state.read() as conn:
        refs = _refs(conn, said)
        standing = read_standing(conn, int(str(said["ref"])))
        company = responsible_company(conn, workspace.policy, refs, standing.regime if standing else "")
    if company is None:
        raise Fault("no-responsible-company", "the policy names no company that answers for this person", status=404)
    return {"id": company.id, "name": company.name, "country": company.country, "region": company.region}


# what the register shows


def show_sale_statement(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """The statement on sale."""
    found = told.sale_statement(workspace, _since(said) if said.get("since") else None)
    return {"since": instant(found.since).isoformat(), "until": instant(found.until).isoformat(), "sales": found.sales,
            "refused": found.refused, "holds": found.holds, "statement": found.words}  # fmt: skip


def list_transfers(workspace: Workspace, said: Said, _path: Said) -> list[dict[str, Any]]:
    """A person's transfers and what protects each."""
    with workspace.state.read() as conn:
        return [asdict(one) | {"at": instant(one.at).isoformat()} for one in mechanisms_of(conn, _refs(conn, said))]


def list_received(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Categories of third parties and what each recipient received, of one person or of everyone."""
    with workspace.state.read() as conn:
        refs = _refs(conn, said) if said.get("ref") else None
        found = told.recipients_by_category(conn, workspace.policy, refs, _since(said))
    rows = {category: [asdict(one) for one in received] for category, received in found.items()}
    return {"categories": list(found) or ["none"], "recipients": rows}


# our own use


def use_as_said(workspace: Workspace, said: Said, _path: Said) -> dict[str, Any]:
    """Use one person's data for a purpose of our own."""
    items = said.get("items", [])
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise Fault("bad-field", "`items` is a list of item ids")
    ref, purpose = person_said(workspace, said.get("person")), text(said, "purpose")
    done, seen = own_use.use(workspace, ref, purpose, frozenset(items), operator_said(said), text(said, "justification"))
    events = [{"event": event.type, "at": instant(event.at).isoformat(), "items": event.items} for event in seen]
    return _use_shown(done) | {"events": events}


def _use_shown(done: own_use.Use) -> dict[str, Any]:
    return asdict(done) | {"ref": str(done.ref), "at": instant(done.at).isoformat()}


def list_uses(workspace: Workspace, said: Said, _path: Said) -> list[dict[str, Any]]:
    """What a person's data was used for, from the ledger."""
    with workspace.state.read() as conn:
        return [_use_shown(one) for one in own_use.uses_of(conn, _refs(conn, said), _since(said))]


# reading what was said


def person_said(workspace: Workspace, said: object) -> int:
    """The reference of the person meant; 0 for somebody unknown. Raises `bad-person`."""
    if not isinstance(said, dict) or len(said) != 1:
        raise Fault("bad-person", "a person is one of `ref`, `email`, `phone`, `account` or `anonymousId`")
    ((kind, value),) = said.items()
    ref = directory.read_reference(value) if kind == "ref" else None
    if ref is not None:
        return ref
    if kind not in _KINDS or not isinstance(value, str) or not 0 < len(value) <= 256:
        raise Fault("bad-person", "a person is one of `ref`, `email`, `phone`, `account` or `anonymousId`")
    with workspace.state.read() as conn:
        return directory.find(conn, directory.hash_of(workspace.keys, _KINDS[kind], value)) or 0


def operator_said(said: Said) -> str:
    """Who acts: a reference, `program` when it is not said."""
    operator = text(said, "operator") or "program"
    check_operator(operator)
    return operator


def text(said: Said, name: str) -> str:
    """A text that was said, or an empty one; raises `bad-field`."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Fault("bad-field", f"`{name}` is a text")
    return value


def _choice(kind: Any, said: Said, name: str, default: str) -> Any:
    value = text(said, name) or default
    if value not in list(kind):
        raise Fault("bad-field", f"`{name}` is one of " + ", ".join(kind))
    return kind(value)


def _day(said: Said, name: str) -> date:
    try:
        return date.fromisoformat(text(said, name))
    except ValueError:
        raise Fault("bad-field", f"`{name}` is a day such as {now().date().isoformat()}") from None


def _since(said: Said) -> int:
    """An instant with its offset, in microseconds; 0 when none was said. Raises `bad-time`."""
    asked = text(said, "since").replace(" ", "+")
    try:
        return micros(datetime.fromisoformat(asked)) if asked else 0
    except (ValueError, TypeError):
        raise Fault("bad-time", "`since` is an instant with its offset, such as 2026-11-22T09:00:00Z") from None


def _refs(conn: Connection, said: Said) -> frozenset[int]:
    ref = directory.read_reference(said.get("ref"))
    if ref is None:
        raise Fault("bad-person", "`ref` is a person's reference, digits only")
    return same_person(conn, ref)
