"""How is the site used, and what brings people? Visits, people, pages and sources of a period, through one purpose.

A visit is one person's page views with no gap over 30 minutes; it belongs to the day it began (UTC). What was
kept without a person (anonymous remainders) is counted apart and never in visits or people.
Source: the policy's statistics purpose; 30 minutes as web analytics has it
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.types as ir

from troth.policy.model import Policy
from troth.reports.asking import DAY, Asker, Period, Withheld, column, named_events, of_types, page_events, visits_purpose
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
    anonymous: int

    @property
    def all(self) -> int:
        """Every time, with or without a person."""
        return self.times + self.anonymous


@dataclass(frozen=True, slots=True)
class DayOfVisits:
    day: int
    visits: int
    people: int
    views: int
    anonymous: int


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
    visits = visits_in(view, policy).cache()
    now = visits.filter(visits.day.between(period.first, period.last))
    pages = _uses_of(view, policy, page_events(policy), "page.route")
    exits, clicks = _exits(view, policy, period)

    def share(name: str) -> tuple[Share, ...]:
        return _shares(view, now.filter(now[name].notnull()), name)

    return VisitReport(
        purpose=purpose,
        period=period,
        totals=_totals(view, visits, pages, period),
        before=_totals(view, visits, pages, period.before),
        by_day=_by_day(view, now, pages, period),
        by_hour=_by_hour(view, pages, period),
        pages=_uses(view, pages, period),
        landings=share("landing"),
        sources=share("source"),
        mediums=share("medium"),
        campaigns=share("campaign"),
        exits=exits,
        clicks=clicks,
        features=_uses(view, _uses_of(view, policy, named_events(policy, "Feature Used"), "feature.name"), period),
        browsers=share("browser"),
        systems=share("os"),
        devices=share("device"),
    )


def _uses_of(view: View, policy: Policy, types: set[str], item: str) -> ir.Table:
    events = of_types(view, types)
    return events.select("person", "day", "at", name=column(view, item).fill_null(UNKNOWN))


def _in(table: ir.Table, period: Period) -> ir.Table:
    return table.filter(table.day.between(period.first, period.last))


def _people(table: ir.Table) -> Any:
    return table.person.nunique(where=table.person != 0)


def _totals(view: View, visits: ir.Table, pages: ir.Table, period: Period) -> Totals:
    visits, pages = _in(visits, period), _in(pages, period)
    of_visits = view.execute(visits.aggregate(visits=visits.count()))[0]
    seen = view.execute(pages.aggregate(views=(pages.person != 0).sum(), anonymous=(pages.person == 0).sum(), people=_people(pages)))[0]
    return Totals(of_visits["visits"], seen["people"], seen["views"] or 0, seen["anonymous"] or 0)


def _by_day(view: View, visits: ir.Table, pages: ir.Table, period: Period) -> tuple[DayOfVisits, ...]:
    begun = {row["day"]: row["visits"] for row in view.execute(visits.group_by("day").aggregate(visits=visits.count()))}
    pages = _in(pages, period)
    seen = pages.group_by("day").aggregate(
        views=(pages.person != 0).sum(), anonymous=(pages.person == 0).sum(), people=_people(pages)
    )
    found = {row["day"]: row for row in view.execute(seen)}
    none = {"people": 0, "views": 0, "anonymous": 0}
    days = ((day, found.get(day, none)) for day in period.days)
    return tuple(DayOfVisits(day, begun.get(day, 0), row["people"], row["views"], row["anonymous"]) for day, row in days)


def _by_hour(view: View, pages: ir.Table, period: Period) -> tuple[int, ...]:
    pages = _in(pages, period)
    known = pages.filter(pages.person != 0)
    known = known.mutate(hour=((known["at"] % DAY) // _HOUR).cast("int64"))
    counts = Counter({row["hour"]: row["views"] for row in view.execute(known.group_by("hour").aggregate(views=known.count()))})
    return tuple(counts[hour] for hour in range(24))


def _uses(view: View, events: ir.Table, period: Period) -> tuple[Use, ...]:
    events = _in(events, period)
    counted = events.group_by("name").aggregate(
        times=(events.person != 0).sum(), anonymous=(events.person == 0).sum(), people=_people(events)
    )
    uses = [Use(row["name"], row["times"], row["people"], row["anonymous"]) for row in view.execute(counted)]
    return tuple(sorted(uses, key=lambda use: (-use.all, use.name)))


def _exits(view: View, policy: Policy, period: Period) -> tuple[tuple[Use, ...], int]:
    events = of_types(view, named_events(policy, "Link Clicked"))
    links = events.select(
        "person", "day", "at", name=column(view, "link.host").fill_null(UNKNOWN), external=column(view, "link.external").fill_null("")
    )
    clicks = view.execute(_in(links, period).aggregate(clicks=_in(links, period).count()))[0]["clicks"]
    return _uses(view, links.filter(links.external == "true"), period), clicks


def _shares(view: View, visits: ir.Table, name: str) -> tuple[Share, ...]:
    counted = visits.group_by(name).aggregate(visits=visits.count(), people=visits.person.nunique())
    shares = [Share(row[name], row["visits"], row["people"]) for row in view.execute(counted)]
    return tuple(sorted(shares, key=lambda share: (-share.visits, share.name)))
