"""Who was given what about whom? Every handing over goes through `disclose`, and stands in the register.

The decision is the gate's. A disclosure, its register row and its ledger entry commit together; a refusal leaves a
ledger entry with its reason, and a count. Written justifications rest apart from the register: they go with the
person, the register keeps recipient, purpose and time.
Source: GDPR Art. 5(2), 30(1)(d)-(e), 44
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, micros, now
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.consent.standing import Standing, read_standings
from troth.disclose.cases import CaseKind, open_numbers
from troth.disclose.residency import countries_to_rest_in
from troth.disclose.suppliers import papers
from troth.gate.admit import admit_disclosure
from troth.gate.disclosure import Known, MayDisclose, Nature, PermitDisclosure
from troth.gate.grant import Grant
from troth.gate.plan import Plan
from troth.gate.reasons import Reason, Refused
from troth.ledger.entry import SALT_SIZE, EntryKind, canonical_json, commitment
from troth.policy.model import Policy
from troth.policy.packs import adequacy
from troth.retain import item_in_time, within
from troth.rights.disclosed import Disclosed
from troth.store.journal import count_refused
from troth.store.reveal import RevealedEvent, held_rows, reveal_events
from troth.subjects.links import same_person
from troth.workspace import Workspace

detail = Table(
    "disclosure_detail",
    metadata,
    Column("disclosure", Integer, primary_key=True, autoincrement=False),
    Column("ref", BigInteger, nullable=False),
    Column("operator", Text, nullable=False),
    Column("details", Text, nullable=False),  # reference, case, justification: written by people, so perhaps about people
    Column("salt", LargeBinary, nullable=False),
)
Index("disclosure_detail_ref", detail.c.ref)

_OPERATOR = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DETAILS = ("justification", "reference", "case", "ticket", "approver", "named")
_LONGEST = 1_000
_WITH_TIME = frozenset({Nature.LEGAL, Nature.BUSINESS_TRANSFER})


@dataclass(frozen=True, slots=True)
class HandedOver:
    """One disclosure: its register row, and what is to be handed to the recipient, exactly that."""

    record: Disclosed
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """One person as the gate meets them: every reference, and the strictest of their standings."""

    refs: frozenset[int]
    standing: Standing


def disclose(workspace: Workspace, ref: int, question: MayDisclose, operator: str) -> HandedOver:
    """Hand items of one person over, or raise Refused; either way the ledger knows.

    `ref` 0 or unknown: refused. Raises `nothing-held` when none of the permitted items is held: then nothing
    was disclosed, and nothing is recorded. `operator` is a reference, never a name.
    """
    check_operator(operator)
    _check_texts(question)
    at = now()
    refusal: Refused | None = None
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, micros(at))
        person = meet(conn, plan.policy, ref)
        try:
            return _hand_over(workspace, conn, plan, person, question, operator)
        except Refused as refused:
            refusal = refused
            enter_refusal(workspace, conn, plan, person, question, operator, refused)
    raise refusal


def check_operator(operator: str) -> None:
    """An operator is named by a reference of small letters, digits and dashes; raises `bad-operator`."""
    if not _OPERATOR.fullmatch(operator):
        raise Fault("bad-operator", "an operator's reference is up to 40 lower-case letters, digits, dashes and underscores")


def _check_texts(question: MayDisclose) -> None:
    for name in _DETAILS:
        text = getattr(question, name)
        if len(text) > _LONGEST or not text.isprintable():
            raise Fault("bad-field", f"`{name}` is one line of at most {_LONGEST} characters")


def meet(conn: Connection, policy: Policy, ref: int) -> Person | None:
    """A person by any of their references: restricted under one is restricted, and the furthest population counts."""
    refs = same_person(conn, ref) if ref else frozenset()
    standings = read_standings(conn, refs)
    own = standings.get(ref)
    if own is None:
        return None
    order = list(policy.populations)
    known = [one.population for one in standings.values() if one.population in order]
    population = max(known, key=order.index, default=own.population)
    restricted = any(one.restricted for one in standings.values())
    return Person(refs, replace(own, population=population, restricted=restricted))


def known_about(conn: Connection, policy: Policy, person: Person | None) -> Known:
    """What is on record beside the policy, for the gate."""
    signed, law = papers(conn), adequacy()
    refs, regime = (person.refs, person.standing.regime) if person else (frozenset[int](), "")
    return Known(
        law, signed.terms, signed.safeguards, open_numbers(conn, CaseKind.BREACH), open_numbers(conn, CaseKind.TICKET),
        countries_to_rest_in(conn, policy, refs, regime, law),
    )  # fmt: skip


def _hand_over(
    workspace: Workspace, conn: Connection, plan: Plan, person: Person | None, question: MayDisclose, operator: str
) -> HandedOver:
    details = {name: getattr(question, name) for name in _DETAILS if getattr(question, name)}
    details |= {"force": str(question.force)} if question.reason == "law" else {}
    salt = os.urandom(SALT_SIZE)
    committed = commitment(salt, canonical_json(details)).hex()
    standing = person.standing if person else None
    told = _announced_to(workspace, conn, plan, person, question)
    grant, permit = admit_disclosure(conn, workspace.log, plan, question, standing, operator, known_about(conn, plan.policy, person), committed)
    assert person is not None
    events = permitted_events(workspace, conn, grant, permit, person.refs)
    events = events if told is None else [event for event in events if event.seq in told]
    if not events:
        raise Fault("nothing-held", "none of the permitted items is held about this person", status=404)
    record = _enter(conn, plan, person, question, permit, grant, events)
    conn.exec_driver_sql(
        "INSERT INTO disclosure_detail (disclosure, ref, operator, details, salt) VALUES (?, ?, ?, ?, ?)",
        (record.id, record.ref, operator, json.dumps(details), salt),
    )
    return HandedOver(record, payload_of(record, events, timed=question.nature in _WITH_TIME))


def _announced_to(workspace: Workspace, conn: Connection, plan: Plan, person: Person | None, question: MayDisclose) -> frozenset[int] | None:
    """Which rows of a person came by a form that said this recipient receives them, as the policy stood then; None where it is no matter.

    Raises Refused when there are none. A form that says so today says nothing of what was given before.
    """
    recipient = plan.policy.recipients.get(question.recipient)
    if recipient is None or not recipient.announced_by or question.nature is not Nature.SERVICE or person is None:
        return None
    classes, told = workspace.classes.all(conn), set()
    for row in held_rows(conn, workspace.lake, person.refs):
        kind = classes[row.row_class]
        then = plan.then.policy(kind.policy_version)
        listed = then.recipients.get(recipient.id) if then is not None else None
        if listed is not None and kind.event in listed.announced_by and kind.event in recipient.announced_by:
            told.add(row.seq)
    if not told:
        raise Refused(Reason.NOT_ANNOUNCED, recipient.id)
    return frozenset(told)


def permitted_events(
    workspace: Workspace, conn: Connection, grant: Grant, permit: PermitDisclosure, refs: frozenset[int]
) -> list[RevealedEvent]:
    """What is held of the permitted items, and nothing else; not what its purpose or its rule is over for."""
    found = []
    purpose_time = permit.rule.keep_for if permit.rule else None
    for event in reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs):
        age = grant.at - instant(event.at)
        items = {id: value for id, value in event.items.items() if id in permit.items and item_in_time(grant.plan.policy, id, age)}
        if items and within(purpose_time, age):
            found.append(replace(event, items=items))
    return found


def _enter(
    conn: Connection, plan: Plan, person: Person, question: MayDisclose, permit: PermitDisclosure, grant: Grant, events: Iterable[RevealedEvent]
) -> Disclosed:
    purpose, receiver = plan.policy.purposes.get(question.purpose), permit.receiver
    items = tuple(sorted({item for event in events for item in event.items}))
    reason = question.reason if question.nature in (Nature.LEGAL, Nature.FRAUD_EXCHANGE) else ""
    record = Disclosed(
        receiver.id or receiver.label, question.purpose, items, micros(grant.at), 0, person.standing.ref, grant.entry or 0, receiver.label,
        receiver.category, receiver.country, str(purpose.basis) if purpose else "", str(permit.mechanism), str(question.nature), reason,
        person.standing.canary,
    )  # fmt: skip
    return replace(record, id=write_row(conn, record))


def write_row(conn: Connection, record: Disclosed) -> int:
    """Put one row into the register, in the caller's write transaction; returns its number."""
    cursor = conn.exec_driver_sql(
        "INSERT INTO disclosure (ref, recipient, purpose, items, at, entry, label, category, country, basis, mechanism, nature, reason, canary) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            record.ref, record.recipient, record.purpose, json.dumps(record.items), record.at, record.entry, record.label, record.category,
            record.country, record.basis, record.mechanism, record.nature, record.reason, int(record.canary),
        ),
    )  # fmt: skip
    return int(cursor.lastrowid)


def payload_of(record: Disclosed, events: Iterable[RevealedEvent], timed: bool) -> dict[str, Any]:
    """What the recipient gets: who it is for, what it may be used for, and the items."""
    told = [{"event": event.type, "items": event.items} | ({"at": instant(event.at).isoformat()} if timed else {}) for event in events]
    return {"disclosure": record.id, "to": record.label, "purpose": record.purpose, "nature": record.nature, "events": told}


def enter_refusal(
    workspace: Workspace, conn: Connection, plan: Plan, person: Person | None, question: MayDisclose, operator: str, refused: Refused
) -> None:
    """Record and count a refusal. Only names the policy knows go into the ledger: what was asked for may be anything."""
    policy, at = plan.policy, now()
    body: dict[str, object] = {
        "ref": person.standing.ref if person else None,
        "recipient": question.recipient if question.recipient in policy.recipients else "unlisted",
        "purpose": question.purpose if question.purpose in policy.purposes else "unlisted",
        "nature": str(question.nature), "reason": str(refused.reason), "operator": operator, "policy": policy.version,
    }  # fmt: skip
    workspace.log.append(conn, EntryKind.REFUSED_DISCLOSURE, body, at)
    if not (person and person.standing.canary):
        count_refused(conn, {("disclosure", str(refused.reason)): 1}, micros(at))


# what stays and what goes


def forget(conn: Connection, refs: Iterable[int]) -> int:
    """Take a person out of the register, in the caller's write transaction; recipient, purpose and day stay."""
    count = 0
    for ref in refs:
        conn.exec_driver_sql("DELETE FROM disclosure_detail WHERE ref = ?", (ref,))
        count += conn.exec_driver_sql("UPDATE disclosure SET ref = 0, at = at - at % 86400000000 WHERE ref = ?", (ref,)).rowcount
    return count


def details_of(conn: Connection, disclosure: int) -> Mapping[str, str]:
    """What a disclosure leant on: its operator, reference, case, justification; empty once the person is forgotten."""
    row = conn.exec_driver_sql("SELECT operator, details FROM disclosure_detail WHERE disclosure = ?", (disclosure,)).first()
    return {"operator": row[0], **json.loads(row[1])} if row else {}
