"""What binds whoever bought a business? Takes a package into the acquirer's workspace, under what each person permitted.

Rows serve the purposes they came with and no other, whatever the acquirer's policy says: a new purpose finds nothing.
Whoever was erased here before is not brought back.
Source: GDPR Art. 5(1)(b), 14; Cal. Civ. Code 1798.140(ad)(2)(C)
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from troth.base.clock import micros, now, now_micros
from troth.base.errors import Fault
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength, record
from troth.consent.standing import read_standing
from troth.disclose.acquire import FORMAT, Package
from troth.disclose.register import check_operator
from troth.gate.admit import admit_batch
from troth.gate.plan import Plan, RowClass
from troth.gate.reasons import Reason
from troth.ledger.entry import EntryKind
from troth.policy.model import Form, Policy
from troth.policy.parse import PolicyInvalid
from troth.store import journal
from troth.store.journal import JournalRow
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.workspace import Workspace

_IDENTIFYING = {"user.contact.email": IdentifierKind.EMAIL, "user.contact.phone_number": IdentifierKind.PHONE}
_BATCH = 50


def may_use(person: Mapping[str, Any], event: Mapping[str, Any], purpose: str) -> Reason | None:
    """Why an acquirer may not use a person's event for a purpose, or None. Pure; the rule `receive_business` keeps to."""
    permitted = purpose in person["permitted"] and purpose in event["purposes"]
    return None if permitted else Reason.PURPOSE_NOT_INSTRUCTED


def receive_business(workspace: Workspace, package: Package, operator: str) -> int:
    """Take a package into an acquirer's workspace; returns how many events were kept. Safe to run again.

    Rows serve the purposes they came with and no other, whatever the acquirer's policy says; people's choices come along.
    """
    check_operator(operator)
    if package.manifest.get("format") != FORMAT:
        raise Fault("bad-package", f"a package says `{FORMAT}`")
    try:
        under = workspace.published.receive(str(package.manifest["policy"]["text"]))
    except (KeyError, TypeError, PolicyInvalid):
        raise Fault("bad-package", "the package encloses no policy that can be read") from None
    kept = 0
    for start in range(0, len(package.people), _BATCH):
        with workspace.state.write() as conn:
            plan = workspace.plan_at(conn, now_micros())
            try:
                kept += sum(_receive(workspace, conn, plan, person, package.manifest, under) for person in package.people[start : start + _BATCH])
            except (KeyError, TypeError, ValueError, AttributeError):
                raise Fault("bad-package", "an entry of the package cannot be read") from None
            body = {"act": "business-received", "operator": operator, "people": len(package.people[start : start + _BATCH])}
            workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
    return kept


def _receive(
    workspace: Workspace, conn: Connection, plan: Plan, person: Mapping[str, Any], manifest: Mapping[str, Any], under: str
) -> int:
    """`under`: the seller's policy, as rows name it: they are shown, kept and used on its terms, and on ours where those are stricter."""
    origin = f"{manifest['workspace']}|{manifest['made_at']}"
    rows: list[tuple[dict[str, Any], bytes]] = []
    for event in person["events"]:
        key = workspace.keys.hash_identifier("transfer", f"{origin}|{event['id']}")
        rows.append((event, key))
    known = journal.known_keys(conn, [key for _, key in rows])
    fresh = [(event, key) for event, key in rows if key not in known]
    if not fresh:
        return 0
    ref = _subject(workspace, conn, plan.policy, person)
    if ref is None:
        return 0
    states = _news(conn, plan.policy, ref, person)
    version = str(manifest["policy"]["version"])[:40]
    if states:
        record(conn, workspace.log, ref, states, Evidence(Strength.RELAYED, "business-transfer", version, "", str(person["regime"])), now_micros())
    kept = [row for event, key in fresh if (row := _journal_row(workspace, conn, plan, person, event, under, ref, key)) is not None]
    journal.append(conn, workspace.log, admit_batch(plan), kept, now_micros())
    return len(kept)


def _news(conn: Connection, policy: Policy, ref: int, person: Mapping[str, Any]) -> dict[str, State]:
    """What the seller was told that holds here too: every no, and a yes to what the person has not spoken of here."""
    told = {purpose: State(state) for purpose, state in person["states"].items() if purpose in policy.purposes}
    standing = read_standing(conn, ref)
    here = standing.states if standing is not None else {}
    return {purpose: state for purpose, state in told.items() if state in PROHIBITIONS or purpose not in here}


def _subject(workspace: Workspace, conn: Connection, policy: Policy, person: Mapping[str, Any]) -> int | None:
    """The person's reference here, made when new; None when they were erased here."""
    found: list[tuple[IdentifierKind, bytes]] = []
    for event in person["events"]:
        for item, value in event["items"].items():
            kind = _IDENTIFYING.get(policy.items[item].category) if item in policy.items else None
            if kind is not None and policy.items[item].personal:
                found.append((kind, directory.hash_of(workspace.keys, kind, str(value)[:256])))
    for _, hashed in found:
        if directory.erased_at(conn, hashed) is not None:
            return None
    for _, hashed in found:
        ref = directory.find(conn, hashed)
        if ref is not None:
            return ref
    population = person["population"] if person["population"] in policy.populations else next(iter(policy.populations))
    new = NewSubject(population, str(person["regime"]))
    kind, hashed = found[0] if found else (IdentifierKind.ACCOUNT, workspace.keys.hash_identifier("transfer", str(person["person"])))
    return directory.create(conn, hashed, kind, new)


def _journal_row(
    workspace: Workspace, conn: Connection, plan: Plan, person: Mapping[str, Any], event: Mapping[str, Any], under: str, ref: int, key: bytes
) -> JournalRow | None:
    """One event as it is kept here: what this policy declares of it, serving what it was permitted for and no more."""
    purposes = [id for id in event["purposes"] if may_use(person, event, id) is None]
    permitted = tuple(sorted((id, "given" if person["states"].get(id) == State.GIVEN else "unobjected") for id in purposes))
    number = secrets.randbits(62)
    clear: dict[str, str | int] = {}
    sealed: dict[str, dict[str, Any]] = {}
    for id, value in event["items"].items():
        item = plan.policy.items.get(id)
        if item is not None and isinstance(value, (str, int, float)):
            if item.form is Form.CLEAR and isinstance(value, (str, int)):
                clear[id] = value
            else:
                sealed.setdefault(item.keep, {})[id] = value
    if not permitted or not (clear or sealed):
        return None
    workspace.keys.ensure({(ref, keep) for keep in sealed})
    parts = [(keep, workspace.keys.seal(ref, keep, number, msgspec.msgpack.encode(held))) for keep, held in sealed.items()]
    row_class = RowClass(under, str(event["event"]), str(person["regime"]), permitted, Strength(person["strength"]))
    at = micros(datetime.fromisoformat(event["at"]))
    return JournalRow(number, ref, workspace.classes.number(conn, row_class), at, clear, parts, key)
