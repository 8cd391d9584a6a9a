"""What have recipients signed? Terms and safeguards recorded while the system runs; they add to the policy's own.

It permits nothing: the gate reads what is on record. A paper that has run out counts as none.
Source: GDPR Art. 28(3), 46(2)(c)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Column, Connection, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.gate.disclosure import SAFEGUARD_MECHANISMS, Safeguard
from troth.gate.reasons import Reason, Refused
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy, Terms
from troth.workspace import Workspace

supplier_terms = Table(
    "supplier_terms",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("recipient", Text, nullable=False),
    Column("signed_on", Text, nullable=False),
    Column("expires_on", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", Integer, nullable=False),
)
supplier_safeguard = Table(
    "supplier_safeguard",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("recipient", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("signed_on", Text, nullable=False),
    Column("expires_on", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("entry", Integer, nullable=False),
)
_DOCUMENT = re.compile(r"[\w ./-]{0,200}")


@dataclass(frozen=True, slots=True)
class Papers:
    """Everything that recipients have signed beside the policy, by recipient."""

    terms: dict[str, tuple[Terms, ...]]
    safeguards: dict[str, tuple[Safeguard, ...]]


def record_terms(workspace: Workspace, recipient: str, terms: Terms, operator: str, purposes: Iterable[str] = ()) -> int:
    """Record that a recipient accepted terms; returns the ledger entry's number.

    `purposes`, when given, are what the paper says the recipient may do: one it is not instructed for is refused.
    Raises Refused for an unlisted recipient.
    """
    _check(workspace.policy, recipient, terms.signed_on, terms.expires_on, terms.document, purposes)
    with workspace.state.write() as conn:
        entry = _enter(conn, workspace, "supplier-terms", recipient, terms.signed_on, terms.expires_on, operator)
        conn.exec_driver_sql(
            "INSERT INTO supplier_terms (recipient, signed_on, expires_on, document, entry) VALUES (?, ?, ?, ?, ?)",
            (recipient, terms.signed_on.isoformat(), terms.expires_on.isoformat(), terms.document, entry),
        )
    return entry


def record_safeguard(workspace: Workspace, recipient: str, safeguard: Safeguard, operator: str, document: str = "") -> int:
    """Record what protects data at a recipient abroad; returns the ledger entry's number. Raises Refused, `bad-safeguard`."""
    if safeguard.kind not in SAFEGUARD_MECHANISMS:
        raise Fault("bad-safeguard", "a safeguard is one of " + ", ".join(SAFEGUARD_MECHANISMS))
    _check(workspace.policy, recipient, safeguard.signed_on, safeguard.expires_on, document, ())
    with workspace.state.write() as conn:
        entry = _enter(conn, workspace, "supplier-safeguard", recipient, safeguard.signed_on, safeguard.expires_on, operator)
        conn.exec_driver_sql(
            "INSERT INTO supplier_safeguard (recipient, kind, signed_on, expires_on, document, entry) VALUES (?, ?, ?, ?, ?, ?)",
            (recipient, safeguard.kind, safeguard.signed_on.isoformat(), safeguard.expires_on.isoformat(), document, entry),
        )
    return entry


def _check(policy: Policy, recipient: str, signed_on: date, expires_on: date, document: str, purposes: Iterable[str]) -> None:
    if recipient not in policy.recipients:
        raise Refused(Reason.UNKNOWN_RECIPIENT)
    if not set(purposes) <= set(policy.recipients[recipient].purposes):
        raise Refused(Reason.PURPOSE_NOT_INSTRUCTED, recipient)
    if expires_on < signed_on:
        raise Fault("bad-dates", "`expires_on` lies before `signed_on`")
    if not _DOCUMENT.fullmatch(document):
        raise Fault("bad-document", "a document is named by letters, digits, dots, dashes and slashes")


def _enter(conn: Connection, workspace: Workspace, act: str, recipient: str, signed_on: date, expires_on: date, operator: str) -> int:
    body = {"act": act, "recipient": recipient, "operator": operator, "signed_on": signed_on.isoformat(), "expires_on": expires_on.isoformat()}
    return workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(now_micros()))


def papers(conn: Connection) -> Papers:
    """What is on record now."""
    terms: dict[str, tuple[Terms, ...]] = {}
    for row in conn.exec_driver_sql("SELECT recipient, signed_on, expires_on, document FROM supplier_terms ORDER BY id"):
        terms[row[0]] = (*terms.get(row[0], ()), Terms(_day(row[1]), _day(row[2]), row[3]))
    safeguards: dict[str, tuple[Safeguard, ...]] = {}
    for row in conn.exec_driver_sql("SELECT recipient, kind, signed_on, expires_on FROM supplier_safeguard ORDER BY id"):
        safeguards[row[0]] = (*safeguards.get(row[0], ()), Safeguard(row[1], _day(row[2]), _day(row[3])))
    return Papers(terms, safeguards)


def suppliers_told(policy: Policy, signed: Papers) -> list[dict[str, Any]]:
    """Each recipient with what it may receive, what for, and every paper it signed."""
    return [
        {
            "id": one.id, "label": one.label, "category": one.category, "country": one.country, "group": one.group,
            "purposes": list(one.purposes), "items": list(one.items),
            "terms": [_shown(terms) for terms in [*([one.terms] if one.terms else []), *signed.terms.get(one.id, ())]],
            "safeguards": [*([one.safeguard] if one.safeguard else []), *(guard.kind for guard in signed.safeguards.get(one.id, ()))],
        }
        for one in policy.recipients.values()
    ]  # fmt: skip


def _shown(terms: Terms) -> dict[str, str]:
    return {"signed_on": terms.signed_on.isoformat(), "expires_on": terms.expires_on.isoformat(), "document": terms.document}


def _day(text: str) -> date:
    return date.fromisoformat(text)
