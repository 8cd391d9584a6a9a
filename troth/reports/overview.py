"""What does an operator see first? The reports of one period put together, and what each of them obeys."""

from __future__ import annotations

from dataclasses import dataclass

from troth.reports.asking import Asker, Period, Withheld
from troth.reports.calls import CallReport, call_report
from troth.reports.refusals import RefusalReport, left_out, refusal_report
from troth.reports.visits import VisitReport, visit_report


@dataclass(frozen=True, slots=True)
class Obeys:
    """One purpose at work on the page: which, how many people it leaves out now because they said no."""

    purpose: str
    label: str
    left_out: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One source: its visits and their share, and the calls it led to (None where calls may not be joined)."""

    source: str
    visits: int
    people: int
    share: float
    calls: int | None
    conversion: float | None


@dataclass(frozen=True, slots=True)
class Overview:
    period: Period
    visits: VisitReport | Withheld
    calls: CallReport | Withheld
    refusals: RefusalReport
    sources: tuple[SourceRow, ...]
    obeys: tuple[Obeys, ...]
    policy_version: str


def overview(asker: Asker, period: Period) -> Overview:
    """Everything on the first page, for the operator who asks."""
    visits, calls = visit_report(asker, period), call_report(asker, period)
    return Overview(
        period, visits, calls, refusal_report(asker.workspace, period), _sources(visits, calls), _obeys(asker, visits, calls), asker.policy.version
    )


def _sources(visits: VisitReport | Withheld, calls: CallReport | Withheld) -> tuple[SourceRow, ...]:
    shares = {} if isinstance(visits, Withheld) else {share.name: share for share in visits.sources}
    joined = {} if isinstance(calls, Withheld) else {row.source: row for row in calls.by_source}
    may_join = not isinstance(calls, Withheld) and calls.joining is None
    total = sum(share.visits for share in shares.values())
    rows = []
    for name in shares | joined:
        share, row = shares.get(name), joined.get(name)
        count = share.visits if share else 0
        told = (row.calls if row else 0) if may_join else None
        if count or told:
            rows.append(SourceRow(name, count, share.people if share else 0, count / total if total else 0.0, told, row.conversion if row else None))
    return tuple(sorted(rows, key=lambda row: (-row.visits, -(row.calls or 0), row.source)))


def _obeys(asker: Asker, visits: VisitReport | Withheld, calls: CallReport | Withheld) -> tuple[Obeys, ...]:
    return obeyed(asker, *([] if isinstance(visits, Withheld) else [visits.purpose]), *purposes_of(calls))


def purposes_of(calls: CallReport | Withheld) -> list[str]:
    """The purposes a report of calls was asked through."""
    if isinstance(calls, Withheld):
        return []
    return [calls.purpose] + ([calls.joining_purpose] if calls.joining is None and calls.joining_purpose else [])


def obeyed(asker: Asker, *ids: str) -> tuple[Obeys, ...]:
    """What a page made from these purposes obeys."""
    purposes = asker.policy.purposes
    return tuple(Obeys(id, purposes[id].label, left_out(asker.workspace, id)) for id in dict.fromkeys(ids) if id in purposes)
