"""By when must an answer be there? A clock is events (started, paused, resumed, extended); the day is worked out from them.

It reads no time and stores nothing. What each law gives is dated data, in the packs of `troth.policy`.
Source: GDPR Art. 12(3); Regulation (EEC, Euratom) 1182/71 Art. 3; Cal. Civ. Code 1798.130(a)(2)
"""

from __future__ import annotations

import calendar as months_of
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

from troth.policy.packs_rights import Deadlines, Span, deadlines, fees

_DAY = timedelta(days=1)


class Pause(StrEnum):
    """What a person may be asked for while a subject request waits."""

    IDENTITY = "identity"
    CLARIFICATION = "clarification"
    FEE = "fee"


class Tick(StrEnum):
    """What can happen to a clock."""

    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """One event of a clock; `why` is set for a pause."""

    tick: Tick
    on: date
    why: Pause | None = None


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What one body of law gives. `acknowledge`: kinds that are acknowledged first, and within what."""

    answer: Span
    extend: Span
    pauses: frozenset[Pause]
    moves_on: bool
    country: str
    area: str
    zone: str
    acknowledge: Mapping[str, Span]
    free_in_a_year: int
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day for an answer, and whether the clock runs on the day asked about."""

    due_on: date
    running: bool
    extended: bool


@lru_cache(maxsize=1)
def all_facts() -> Mapping[str, ClockFacts]:
    """What every body of law gives, by regime id."""
    return {id: _facts(law) for id, law in deadlines().items()}


def facts_for(regime: str) -> ClockFacts:
    """What one regime gives; one without data of its own counts as `gdpr`, the law of most protection here."""
    return all_facts().get(regime) or all_facts()["gdpr"]


def day_of(facts: ClockFacts, at: datetime) -> date:
    """The day of an instant where this law's days are counted: an evening in California is not the next morning of a server."""
    return at.astimezone(ZoneInfo(facts.zone)).date()


def deadline(facts: ClockFacts, events: Sequence[ClockEvent], on: date, within: timedelta | None = None) -> Deadline:
    """The deadline as it stands on a day. Events are in order and begin with the start. `within`: what a policy promises, if sooner.

    Days of a pause count only where this law lets that reason stop the clock.
    """
    started = events[0].on
    extended = any(event.tick is Tick.EXTENDED for event in events)
    last = _after(started, facts.answer)
    last = last if within is None else min(last, started + within)
    if extended:
        both = Span(facts.answer.months + facts.extend.months, facts.answer.days + facts.extend.days)
        last = _after(started, both)
    paused, running = _paused_days(facts, events, on)
    last += timedelta(days=paused)
    moves_on = facts.moves_on and (within is None or extended)  # what was promised beyond the law is no later for a holiday
    return Deadline(next_working_day(facts, last) if moves_on else last, running, extended)


def acknowledge_by(facts: ClockFacts, kind: str, started: date) -> date | None:
    """By when a subject request of this kind must be acknowledged; None where the law asks for none."""
    span = facts.acknowledge.get(kind)
    if span is None:
        return None
    return working_days_after(facts, started, span.working_days) if span.working_days else _after(started, span)


def working_days_after(facts: ClockFacts, start: date, count: int) -> date:
    """The day `count` working days after `start`, the start not counted."""
    day = start
    for _ in range(count):
        day = next_working_day(facts, day + _DAY)
    return day


def next_working_day(facts: ClockFacts, day: date) -> date:
    """The day itself, or the first one after it that is neither a weekend nor a holiday."""
    off = _holidays(facts.country, facts.area)
    while day.weekday() >= 5 or day in off:
        day += _DAY
    return day


def add_months(day: date, count: int) -> date:
    """The same date `count` months on, or that month's last day. Source: Regulation 1182/71 Art. 3(2)(c)."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months_of.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


def _after(start: date, span: Span) -> date:
    return add_months(start, span.months) + timedelta(days=span.days)


def _paused_days(facts: ClockFacts, events: Iterable[ClockEvent], on: date) -> tuple[int, bool]:
    total, since = 0, None
    for event in events:
        if event.tick is Tick.PAUSED and event.why in facts.pauses and since is None:
            since = event.on
        elif event.tick is Tick.RESUMED and since is not None:
            total += (event.on - since).days
            since = None
    if since is not None:
        total += max((on - since).days, 0)
    return total, since is None


@lru_cache(maxsize=32)
def _holidays(country: str, area: str) -> Any:
    return holidays.country_holidays(country, subdiv=area or None)


def _facts(law: Deadlines) -> ClockFacts:
    return ClockFacts(
        answer=law.answer,
        extend=law.extend,
        pauses=frozenset(Pause(why) for why in law.pauses),
        moves_on=law.moves_on,
        country=law.calendar.country,
        area=law.calendar.area,
        zone=law.calendar.zone,
        acknowledge=law.acknowledge,
        free_in_a_year=fees()[law.id].free_in_a_year,
        as_of=law.as_of,
        source=law.source,
    )
