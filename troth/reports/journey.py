"""What did one person look at before they called? One timeline, through the purpose that joins visits and calls.

It shows clear items alone: no name, no caller's number, no address. Each look is entered in the ledger with the
person's reference; a person who said no is not found.
Source: the policy's joining purpose; GDPR Art. 5(2)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troth.base.clock import now
from troth.ledger.entry import EntryKind
from troth.reports.asking import Asker, Withheld, call_events, column, joining_purpose, of_types, page_events
from troth.reports.calls import NOT_JOINED
from troth.reports.visits import GAP
from troth.store.view import View


@dataclass(frozen=True, slots=True)
class PageView:
    at: int
    route: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Page views with no long gap. `source` is None where the visit began inside the site."""

    at: int
    source: str | None
    medium: str | None
    campaign: str | None
    pages: tuple[PageView, ...]


@dataclass(frozen=True, slots=True)
class Called:
    at: int
    number: str
    status: str
    seconds: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One person's visits and calls in order."""

    purpose: str
    ref: int
    steps: tuple[Visit | Called, ...]


def journey(asker: Asker, ref: int) -> Journey | Withheld | None:
    """The timeline of the person behind a reference; None when this purpose shows no such person."""
    purpose = joining_purpose(asker.policy)
    found = asker.ask(purpose, NOT_JOINED, lambda view: _events_of(view, asker, ref))
    if isinstance(found, Withheld):
        return found
    if not found:
        return None
    workspace = asker.workspace
    with workspace.state.write() as conn:
        body = {"purpose": purpose, "operator": asker.operator, "ref": ref, "policy": asker.policy.version}
        workspace.log.append(conn, EntryKind.REVEALED, body, now())
    return Journey(purpose or "", ref, _steps(found))


def _events_of(view: View, asker: Asker, ref: int) -> list[dict[str, Any]]:
    pages = page_events(asker.policy)
    events = of_types(view, pages | call_events(asker.policy))
    persons = [row["person"] for row in view.execute(events.filter(events.ref == ref).select("person").distinct())]
    if not persons or 0 in persons:
        return []
    own = events.filter(events.person.isin(persons))
    items = {
        "route": "page.route", "source": "visit.source", "medium": "visit.medium", "campaign": "visit.campaign",
        "number": "call.number", "status": "call.status", "seconds": "call.seconds",
    }  # fmt: skip
    shown = own.select("at", "seq", page=own.event.isin(sorted(pages)), **{name: column(view, item) for name, item in items.items()})
    return view.execute(shown.order_by("at", "seq"))


def _steps(events: list[dict[str, Any]]) -> tuple[Visit | Called, ...]:
    steps: list[Visit | Called] = []
    visit: list[dict[str, Any]] = []
    for event in events:
        if not event["page"]:
            steps.append(Called(event["at"], event["number"] or "unknown", event["status"] or "unknown", event["seconds"]))
        elif visit and event["at"] - visit[-1]["at"] <= GAP:
            visit.append(event)
        else:
            if visit:
                steps.append(_visit(visit))
            visit = [event]
    if visit:
        steps.append(_visit(visit))
    return tuple(sorted(steps, key=lambda step: step.at))


def _visit(events: list[dict[str, Any]]) -> Visit:
    origin: dict[str, Any] = next((event for event in events if event["source"]), {})
    pages = tuple(PageView(event["at"], event["route"] or "unknown") for event in events)
    return Visit(pages[0].at, origin.get("source"), origin.get("medium"), origin.get("campaign"), pages)
