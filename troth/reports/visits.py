"""How is the site used, and what brings people? Visits, people, pages and sources of a period, through one purpose.

A visit is one person's page views with no gap over 30 minutes; it belongs to the day it began (UTC). What was
kept without a person (anonymous remainders) is counted apart, never in visits or people; of a breakdown of it,
cells below the policy's threshold are held back (None).
Source: the policy's statistics purpose; 30 minutes as web analytics has it
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import ibis
import ibis.expr.types as ir

from troth.policy.model import Policy
from troth.reports.asking import DAY, Asker, Period, Withheld, column, named_events, of_types, page_events, visits_purpose
from troth.reports.publishing import to_hold_back
from troth.store.view import View

GAP = 30 * 60 * 1_000_000
UNKNOWN = "unknown"
MISSING = "This policy names no purpose that counts visits, so there are none to show."
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Share:
    """How many visits, by how many people, have this in common."""

    name: str
    visits: int
    people: int


@dataclass(frozen=True, slots=True)
class Use:
    """How often something was viewed, followed or used: by people, by how many, and without a person."""

    name: str
    times: int
    people: int
    anonymous: int | None

    @property
    def all(self) -> int:
        """Every time that may be shown, with or without a person."""
        return self.times + (self.anonymous or 0)


@dataclass(frozen=True, slots=True)
class DayOfVisits:
    day: int
    visits: int
    people: int
    views: int
    anonymous: int | None


@dataclass(frozen=True, slots=True)
class Totals:
    visits: int
    people: int
    views: int
    anonymous: int

    @property
    def all_views(self) -> int:
        """Page views with and without a person."""
        return self.views + self.anonymous


@dataclass(frozen=True, slots=True)
class VisitReport:
    """One period. `by_day` has every day of it; `by_hour` the page views of people per hour of the day (UTC)."""

    purpose: str
    period: Period
    totals: Totals
    before: Totals
    by_day: tuple[DayOfVisits, ...]
    by_hour: tuple[int, ...]
    pages: tuple[Use, ...]
    landings: tuple[Share, ...]
    sources: tuple[Share, ...]
    mediums: tuple[Share, ...]
    campaigns: tuple[Share, ...]
    exits: tuple[Use, ...]
    clicks: int
    features: tuple[Use, ...]
    browsers: tuple[Share, ...]
    systems: tuple[Share, ...]
    devices: tuple[Share, ...]


def visit_report(asker: Asker, period: Period) -> VisitReport | Withheld:
    """The report of a period for the operator who asks."""
    purpose = visits_purpose(asker.policy)
    return asker.ask(purpose, MISSING, lambda view: _answer(view, asker.policy, purpose or "", period))


def visits_in(view: View, policy: Policy) -> ir.Table:
    """One row a visit: person, visit (1, 2... of that person), start, end, day, views, source, medium, campaign,
    landing, browser, os, device.

    A visit that began inside the site keeps the source that person came from before.
    """
    in_order = {"group_by": "person", "order_by": ["at", "seq"]}
    events = _pages(view, policy)
    before = events["at"].lag().over(ibis.window(**in_order))
    events = events.mutate(begins=(before.isnull() | (events["at"] - before > GAP)).cast("int64"))
    events = events.mutate(visit=events.begins.sum().over(ibis.cumulative_window(**in_order)))
    sourced = events.source.notnull()
    first = {name: events[name].argmin(events.seq) for name in ("landing", "browser", "os", "device")}
    origin = {name: events[name].fill_null("").argmin(events.seq, where=sourced) for name in ("source", "medium", "campaign")}
    visits = events.group_by("person", "visit").aggregate(
        start=events["at"].min(), end=events["at"].max(), views=events.count(), **first, **origin
    )
    visits = visits.mutate(day=(visits.start // DAY).cast("int64"))
    return _keep_source(visits)


def _pages(view: View, policy: Policy) -> ir.Table:
    events = of_types(view, page_events(policy))
    events = events.filter(events.person != 0)
    route = column(view, "page.route")
    return events.select(
        "person", "at", "seq", source=column(view, "visit.source"), medium=column(view, "visit.medium"),
        campaign=column(view, "visit.campaign"), landing=ibis.coalesce(column(view, "visit.landing"), route, ibis.literal(UNKNOWN)),
        browser=column(view, "device.browser").fill_null(UNKNOWN), os=column(view, "device.os").fill_null(UNKNOWN),
        device=column(view, "device.kind").fill_null(UNKNOWN),
    )  # fmt: skip


def _keep_source(visits: ir.Table) -> ir.Table:
    known = visits.source.notnull().cast("int64").sum().over(ibis.cumulative_window(group_by="person", order_by="visit"))
    visits = visits.mutate(known=known)
    together = ibis.window(group_by=["person", "known"])
    kept = {name: visits[name].max().over(together) for name in ("source", "medium", "campaign")}
    visits = visits.mutate(**kept).drop("known")
    return visits.mutate(source=visits.source.fill_null(UNKNOWN), medium=visits.medium.fill_null(UNKNOWN), campaign=visits.campaign.nullif(""))


# the answer


def _answer(view: View, policy: Policy, purpose: str, period: Period) -> VisitReport:
    visits = view.hold(visits_in(view, policy))
    uses = view.hold(_uses_in(view, policy, period))
    shares = _shares(view, visits.filter(visits.day.between(period.first, period.last)))
    found = _uses(view, uses.filter(uses.day.between(period.first, period.last)))
    clicks = sum(use.all for use in found["exit"] + found["link"])
    by_day = _by_day(view, visits, uses, period)
    people, people_before = _people(view, uses, period)
    shown = {kind: _shown(some, policy.aggregates.threshold) for kind, some in found.items()}
    return VisitReport(
        purpose=purpose,
        period=period,
        totals=_totals(by_day, period, people),
        before=_totals(by_day, period.before, people_before),
        by_day=_shown([by_day[day] for day in period.days], policy.aggregates.threshold),
        by_hour=_by_hour(view, uses, period),
        pages=shown["page"],
        landings=shares["landing"],
        sources=shares["source"],
        mediums=shares["medium"],
        campaigns=shares["campaign"],
        exits=shown["exit"],
        clicks=clicks,
        features=shown["feature"],
        browsers=shares["browser"],
        systems=shares["os"],
        devices=shares["device"],
    )


Counted = TypeVar("Counted", Use, DayOfVisits)


def _shown(rows: Sequence[Counted], threshold: int) -> tuple[Counted, ...]:
    """The rows, without anonymous counts so small that somebody may know who it was."""
    some = [index for index, row in enumerate(rows) if row.anonymous]
    hidden = {some[place] for place in to_hold_back([rows[index].anonymous or 0 for index in some], threshold)}
    return tuple(replace(row, anonymous=None) if index in hidden else row for index, row in enumerate(rows))


def _uses_in(view: View, policy: Policy, period: Period) -> ir.Table:
    """Views, clicks and uses of the period and the one before: kind, name, day, hour, person (0: nobody), times."""
    pages, links, features = page_events(policy), named_events(policy, "Link Clicked"), named_events(policy, "Feature Used")
    events = of_types(view, pages | links | features)
    events = events.filter(events.day.between(period.before.first, period.last))
    external = column(view, "link.external").fill_null("") == "true"
    kinds = [(pages, "page", "page.route"), (features, "feature", "feature.name")]
    kind = ibis.cases(*((events.event.isin(sorted(types)), name) for types, name, _ in kinds if types), (external, "exit"), else_="link")
    named = [(events.event.isin(sorted(types)), column(view, item)) for types, _, item in kinds if types]
    name = ibis.cases(*named, else_=column(view, "link.host"))
    events = events.select("person", "day", kind=kind, name=name.fill_null(UNKNOWN), hour=((events["at"] % DAY) // _HOUR).cast("int64"))
    return events.group_by("kind", "name", "day", "hour", "person").aggregate(times=events.count())


def _uses(view: View, uses: ir.Table) -> dict[str, tuple[Use, ...]]:
    counted = uses.group_by("kind", "name").aggregate(**_counts(uses))
    found: dict[str, list[Use]] = {"page": [], "exit": [], "link": [], "feature": []}
    for row in view.execute(counted):
        found[row["kind"]].append(Use(row["name"], row["times"] or 0, row["people"], row["anonymous"] or 0))
    return {kind: tuple(sorted(some, key=lambda use: (-use.all, use.name))) for kind, some in found.items()}


def _counts(uses: ir.Table) -> dict[str, ir.Value]:
    known = uses.person != 0
    return {"times": uses.times.sum(where=known), "anonymous": uses.times.sum(where=~known), "people": uses.person.nunique(where=known)}


def _by_day(view: View, visits: ir.Table, uses: ir.Table, period: Period) -> dict[int, DayOfVisits]:
    """Every day of the period and of the one before."""
    pages = uses.filter(uses.kind == "page")
    seen = {row["day"]: row for row in view.execute(pages.group_by("day").aggregate(**_counts(pages)))}
    begun = {row["day"]: row["visits"] for row in view.execute(visits.group_by("day").aggregate(visits=visits.count()))}
    none = {"people": 0, "times": 0, "anonymous": 0}
    days = ((day, seen.get(day, none)) for day in range(period.before.first, period.last + 1))
    return {day: DayOfVisits(day, begun.get(day, 0), row["people"], row["times"] or 0, row["anonymous"] or 0) for day, row in days}


def _people(view: View, uses: ir.Table, period: Period) -> tuple[int, int]:
    pages = uses.filter((uses.kind == "page") & (uses.person != 0))
    now = pages.day >= period.first
    row = view.execute(pages.aggregate(now=pages.person.nunique(where=now), before=pages.person.nunique(where=~now)))[0]
    return row["now"], row["before"]


def _totals(by_day: dict[int, DayOfVisits], period: Period, people: int) -> Totals:
    days = [by_day[day] for day in period.days]
    return Totals(sum(day.visits for day in days), people, sum(day.views for day in days), sum(day.anonymous or 0 for day in days))


def _by_hour(view: View, uses: ir.Table, period: Period) -> tuple[int, ...]:
    pages = uses.filter((uses.kind == "page") & (uses.person != 0) & uses.day.between(period.first, period.last))
    counts = Counter({row["hour"]: row["views"] for row in view.execute(pages.group_by("hour").aggregate(views=pages.times.sum()))})
    return tuple(counts[hour] for hour in range(24))


_SHARED = ("landing", "source", "medium", "campaign", "browser", "os", "device")


def _shares(view: View, visits: ir.Table) -> dict[str, tuple[Share, ...]]:
    """Visits and people by each thing visits have in common, in one question."""
    longer = visits.select("person", *_SHARED).pivot_longer(list(_SHARED), names_to="of", values_to="name")
    longer = longer.filter(longer.name.notnull())
    counted = longer.group_by("of", "name").aggregate(visits=longer.count(), people=longer.person.nunique())
    found: dict[str, list[Share]] = {name: [] for name in _SHARED}
    for row in view.execute(counted):
        found[row["of"]].append(Share(row["name"], row["visits"], row["people"]))
    return {of: tuple(sorted(some, key=lambda share: (-share.visits, share.name))) for of, some in found.items()}
