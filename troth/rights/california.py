"""What may Californians know? Kinds of data, sources, purposes and recipients of the last twelve months, and who got which.

It lists what was really collected and disclosed, not what might have been. Answered free twice in twelve months.
Source: Cal. Civ. Code 1798.110, 1798.115, 1798.130; 11 CCR 7024
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant
from troth.gate.disclosure import Nature
from troth.policy.model import Policy
from troth.policy.packs import categories
from troth.policy.words import CHANNELS, capital
from troth.rights import requests
from troth.rights.deadlines import add_months, facts_for
from troth.rights.disclosed import NAMED_BY_PERSON, Disclosed
from troth.rights.requests import Right
from troth.rights.verify import Session
from troth.store.reveal import RevealedEvent
from troth.workspace import Workspace

YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """How many free answers are left, and when the next one is due after that."""

    left: int
    next_on: date | None


def entitlement(policy: Policy, conn: Connection, session: Session, at: datetime) -> Entitlement:
    """What is left of the free answers of the last twelve months: as many as the law names, or the policy where that is more."""
    since = at - YEAR
    made = sorted(
        one.received_at for one in requests.of_person(conn, session.refs)
        if one.kind is Right.KNOW and one.received_at > since and one.status is not requests.Status.REFUSED
    )
    free = max(facts_for("california").free_in_a_year, policy.rights.per_year or 0)
    return Entitlement(max(free - len(made), 0), add_months(made[-free].date(), 12) if len(made) >= free else None)


def ask_to_know(workspace: Workspace, conn: Connection, session: Session, at: datetime) -> requests.SubjectRequest:
    """Take a request to know: answered, or, beyond what is free, refused with the day of the next."""
    left = entitlement(workspace.policy, conn, session, at)
    made = requests.open_request(workspace, conn, Right.KNOW, session.ref, session.regime)
    if left.left == 0 and left.next_on is not None:
        return requests.refuse(workspace, conn, made.id, f"beyond-entitlement-until-{left.next_on.isoformat()}", "troth")
    return requests.fulfil(workspace, conn, made.id, "answered")


def know(policy: Policy, events: list[RevealedEvent], disclosed: list[Disclosed], at: datetime, statement: str) -> dict[str, Any]:
    """The answer by categories, over the twelve months before `at`. `statement`: what the register says of sales to anybody."""
    since = at - YEAR
    lately = [event for event in events if instant(event.at) >= since]
    given = [one for one in disclosed if instant(one.at) >= since]
    rows = {category: _row(policy, category, lately, given) for category in _collected(policy, lately)}
    return {
        "from": since.date().isoformat(),
        "to": at.date().isoformat(),
        "categories": [rows[category] for category in sorted(rows)],
        "sources": sorted({_source(policy, event) for event in lately}),
        "third_parties": sorted({_kind_of(policy, one) for one in given}),
        "by_recipient": [_received(policy, id, given) for id in sorted({one.recipient for one in given})],
        "sold_or_shared": _sold(policy, given),
        "statement": statement,
    }


def _sold(policy: Policy, given: list[Disclosed]) -> list[str]:
    """The kinds of this person's data that were sold, with whom they were sold to."""
    kinds = {(policy.items[item].category, one.label or one.recipient) for one in given if one.nature == Nature.SALE
             for item in one.items if item in policy.items}  # fmt: skip
    return [f"{capital(categories().data.get(kind, kind))}, to {to}" for kind, to in sorted(kinds)]


def _collected(policy: Policy, events: list[RevealedEvent]) -> set[str]:
    return {policy.items[item].category for event in events for item in event.items if item in policy.items}


def _row(policy: Policy, category: str, events: list[RevealedEvent], given: list[Disclosed]) -> dict[str, Any]:
    holding = [event for event in events if any(_is_of(policy, item, category) for item in event.items)]
    purposes = sorted(
        {policy.purposes[id].label for event in holding for id in event.purposes if id in policy.purposes and _uses(policy, id, category)}
    )
    to = sorted({_kind_of(policy, one) for one in given if any(_is_of(policy, item, category) for item in one.items)})
    return {
        "category": capital(categories().data.get(category, category)),
        "sources": sorted({_source(policy, event) for event in holding}),
        "purposes": purposes,
        "third_parties": to,
    }


def _uses(policy: Policy, purpose: str, category: str) -> bool:
    return any(_is_of(policy, item, category) for item in policy.purposes[purpose].items)


def _is_of(policy: Policy, item: str, category: str) -> bool:
    return item in policy.items and policy.items[item].category == category


def _source(policy: Policy, event: RevealedEvent) -> str:
    channel = policy.events[event.type].channel if event.type in policy.events else "web"
    return CHANNELS.get(channel, channel)


def _kind_of(policy: Policy, one: Disclosed) -> str:
    if one.recipient == NAMED_BY_PERSON:
        return "someone you named"
    return policy.recipients[one.recipient].category if one.recipient in policy.recipients else "no longer a recipient"


def _received(policy: Policy, recipient: str, given: list[Disclosed]) -> dict[str, Any]:
    mine = [one for one in given if one.recipient == recipient]
    kinds = {policy.items[item].category for one in mine for item in one.items if item in policy.items}
    name = policy.recipients[recipient].label if recipient in policy.recipients else _kind_of(policy, mine[0])
    return {"recipient": name, "categories": sorted(capital(categories().data.get(kind, kind)) for kind in kinds)}
