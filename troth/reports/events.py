"""Which events may this purpose see, one by one? The list behind `troth events` and `/api/<w>/events`.

Clear and sealed items of the purpose, of people who permit it now; identity numbers as a mask, but for roles that
the policy lets see them whole. Every look is entered in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from troth.base.clock import day_on, instant, micros
from troth.gate.grant import Grant
from troth.policy.model import Policy
from troth.store.reveal import reveal_events
from troth.store.view import View
from troth.workspace import Workspace

_IDENTITY = "user.government_id"


@dataclass(frozen=True, slots=True)
class SeenEvent:
    """One event as a purpose sees it. `person` is a reference as text, or None for an anonymous remainder."""

    event: str
    person: str | None
    at: str
    items: dict[str, Any]


def events_for(
    workspace: Workspace, purpose: str, role: str, operator: str, since: datetime | None = None, canaries: bool = False
) -> list[SeenEvent]:
    """The events a purpose may see since an instant, in the order they were kept; raises Refused."""
    grant = workspace.grant_reveal(purpose, role, operator, canaries)
    after = micros(since) if since else 0
    hidden = frozenset() if role in grant.plan.policy.access_control.unmask else identity_numbers(grant.plan.policy)
    return workspace.views.run(grant, lambda view: _listed(workspace, grant, view, after, hidden))  # type: ignore[no-any-return]


def identity_numbers(policy: Policy) -> frozenset[str]:
    """The items that hold numbers by which a state knows a person."""
    return frozenset(id for id, item in policy.items.items() if item.category.startswith(_IDENTITY))


def mask(value: object) -> str:
    """A number of which only the last four signs are shown, and none of a short one."""
    text = str(value)
    seen = 4 if sum(one.isalnum() for one in text) >= 8 else 0
    last = [at for at, one in enumerate(text) if one.isalnum()][-seen:] if seen else []
    return "".join(one if at in last or not one.isalnum() else "•" for at, one in enumerate(text))


def _listed(workspace: Workspace, grant: Grant, view: View, after: int, hidden: frozenset[str]) -> list[SeenEvent]:
    rows = view.execute(view.events.filter(view.events["at"] >= after).order_by("seq"))
    refs = frozenset(row["ref"] for row in rows if row["ref"])
    with workspace.state.read() as conn:
        opened = {one.seq: one.items for one in reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs)} if refs else {}
    return [_seen(view, row, _masked(opened.get(row["seq"], {}), hidden)) for row in rows]


def _masked(items: dict[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    return {item: mask(value) if item in hidden else value for item, value in items.items()}


def _seen(view: View, row: dict[str, Any], sealed: dict[str, Any]) -> SeenEvent:
    items = {item: row[item] for item in view.items if row[item] is not None} | sealed
    if not row["ref"]:
        return SeenEvent(row["event"], None, day_on(row["day"]).isoformat(), items)
    return SeenEvent(row["event"], str(row["person"]), instant(row["at"]).isoformat(), items)
