"""What do the figures that many bring come to, without any one of them showing? Averages for one purpose, as they may be published.

Each contributor counts once in a group, however often it reported. A group of too few contributors is held back. Who
keeps out of publication is in no view of the purpose, so the next figures are made without them.
Source: GDPR Art. 5(1)(b), 21, 89; ICO, anonymisation code of practice (small numbers)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from troth.base.clock import now
from troth.base.errors import Fault
from troth.ledger.entry import EntryKind
from troth.policy.model import Kind, Policy
from troth.reports.publishing import HELD_BACK
from troth.store.view import View
from troth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Figure:
    """One group: how many contributed, and their averages; both withheld where they are too few."""

    group: str
    contributors: int | None
    averages: Mapping[str, float]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """What may be published for a purpose. `by`: the item that makes the groups."""

    purpose: str
    by: str
    threshold: int
    groups: tuple[Figure, ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        rows = [
            {"group": one.group, "contributors": one.contributors, "averages": dict(one.averages)} | ({"note": one.note} if one.note else {})
            for one in self.groups
        ]
        return {"purpose": self.purpose, "by": self.by, "threshold": self.threshold, "rows": rows}


def figures(workspace: Workspace, purpose: str, role: str, operator: str, canaries: bool = False) -> Figures:
    """The figures of a purpose as they may leave the house, entered in the ledger. Raises Refused, or `no-figures` for another kind of purpose."""
    policy = workspace.policy
    by, numbers = _columns(policy, purpose)
    grant = workspace.grant_reveal(purpose, role, operator, canaries)
    rows = workspace.views.run(grant, lambda view: _rows(view, by, numbers))
    found = Figures(purpose, by, policy.aggregates.threshold, tuple(_groups(rows, by, numbers, policy.aggregates.threshold)))
    with workspace.state.write() as conn:
        body = {"report": f"figures-{purpose}", "rows": len(found.groups), "operator": operator, "policy": policy.version}
        workspace.log.append(conn, EntryKind.PUBLISHED, body, now())
    return found


def _columns(policy: Policy, id: str) -> tuple[str, tuple[str, ...]]:
    """The word that groups a purpose's figures, and its numbers; none of them personal."""
    purpose = policy.purposes.get(id)
    plain = [policy.items[item] for item in (purpose.items if purpose else ()) if not policy.items[item].personal]
    numbers = tuple(item.id for item in plain if item.values == "number")
    words = [item.id for item in plain if item.values == "word"]
    if purpose is None or purpose.kind is not Kind.STATISTICS or not numbers or not words:
        raise Fault("no-figures", "the policy names no statistics of this name with figures that are nobody's", status=404)
    return words[0], numbers


def _rows(view: View, by: str, numbers: tuple[str, ...]) -> list[dict[str, Any]]:
    events = view.events
    rows: list[dict[str, Any]] = view.execute(events.filter(events[by].notnull()).select("person", by, *numbers))
    return [row for row in rows if row["person"]]


def _groups(rows: Iterable[Mapping[str, Any]], by: str, numbers: tuple[str, ...], threshold: int) -> Iterable[Figure]:
    told: dict[str, dict[str, dict[Any, list[float]]]] = defaultdict(lambda: {item: defaultdict(list) for item in numbers})
    people: dict[str, set[Any]] = defaultdict(set)
    for row in rows:
        people[row[by]].add(row["person"])
        for item in numbers:
            if row[item] is not None:
                told[row[by]][item][row["person"]].append(float(row[item]))
    for group in sorted(people):
        if len(people[group]) < threshold:
            yield Figure(group, None, {}, HELD_BACK)
            continue
        each = {item: [fmean(given) for given in told[group][item].values()] for item in numbers}
        yield Figure(group, len(people[group]), {item: round(fmean(given), 2) for item, given in each.items() if len(given) >= threshold})
