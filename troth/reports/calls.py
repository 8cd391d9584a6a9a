"""Who called, and what brought them? Calls of a period; each with its source, or with why it has none.

Every call is seen through the purpose that takes calls; its source only through the purpose that joins visits
and calls. The source of a call is the source of the caller's latest visit that began before it.
Source: the policy's joining purpose; GDPR Art. 5(1)(b), 21
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from troth.base.clock import day_of, now
from troth.consent.standing import Standing, read_standings
from troth.gate.decide import Deny, MayUse, decide
from troth.gate.reasons import SENTENCES
from troth.reports.asking import Asker, Period, Withheld, call_events, calls_purpose, column, joining_purpose, of_types
from troth.reports.visits import visits_in
from troth.store.view import View

MISSING = "This policy names no purpose that takes calls, so there are none to show."
NOT_JOINED = "This policy does not join calls to visits, so calls have no source."


class Joined(StrEnum):
    """Whether a call is joined to a visit, and if not, why."""

    JOINED = "joined"
    NO_VISIT = "no visit found"
    NO_PERMISSION = "not permitted"
    NO_PURPOSE = "not in the policy"
    NO_ROLE = "not for this role"


@dataclass(frozen=True, slots=True)
class Call:
    """One call. `why` is a sentence when it is not joined. `ref` is the caller's reference, None where it may not be followed."""

    seq: int
    at: int
    number: str
    status: str
    seconds: int | None
    joined: Joined
    why: str
    source: str | None = None
    medium: str | None = None
    campaign: str | None = None
    ref: int | None = None

    @property
    def day(self) -> int:
        """The UTC day of the call, as days since 1970."""
        return day_of(self.at)


@dataclass(frozen=True, slots=True)
class SourceOfCalls:
    """`visits`: visits from here that may be joined; `visited`: of those, how many a call followed."""

    source: str
    calls: int
    visits: int
    visited: int

    @property
    def conversion(self) -> float | None:
        """The share of visits that led to a call; None without visits."""
        return self.visited / self.visits if self.visits else None


@dataclass(frozen=True, slots=True)
class CallReport:
    """Calls of one period, newest first. `joining` says why no call has a source, or is None when calls are joined."""

    purpose: str
    joining_purpose: str | None
    joining: Withheld | None
    period: Period
    before: int
    calls: tuple[Call, ...]
    by_source: tuple[SourceOfCalls, ...]

    @property
    def total(self) -> int:
        """How many calls."""
        return len(self.calls)

    @property
    def by_day(self) -> tuple[int, ...]:
        """Calls on each day of the period."""
        counts = Counter(call.day for call in self.calls)
        return tuple(counts[day] for day in self.period.days)

    @property
    def by_number(self) -> tuple[tuple[str, int], ...]:
        """Calls per number that was called, most called first."""
        return _counted(call.number for call in self.calls)

    @property
    def by_state(self) -> tuple[tuple[Joined, int], ...]:
        """Calls joined and not joined, by why; those that occur."""
        counts = Counter(call.joined for call in self.calls)
        return tuple((state, counts[state]) for state in Joined if counts[state])

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Why calls are not joined, in sentences, most frequent first."""
        return _counted(call.why for call in self.calls if call.why)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the joining purpose sees: each of its calls with its visit, and visits by source."""

    calls: dict[int, dict[str, Any]]
    visits: dict[str, int]
    visited: dict[str, int]


def call_report(asker: Asker, period: Period) -> CallReport | Withheld:
    """The report of a period for the operator who asks."""
    taking = calls_purpose(asker.policy)
    taken = asker.ask(taking, MISSING, lambda view: _taken(view, asker, period))
    if isinstance(taken, Withheld):
        return taken
    joining = joining_purpose(asker.policy)
    seen = asker.ask(joining, NOT_JOINED, lambda view: _seen(view, asker, period))
    rows = [row for row in taken if row["at"] >= period.since]
    calls = tuple(_without_source(rows, seen) if isinstance(seen, Withheld) else _with_source(asker, joining or "", rows, seen))
    return CallReport(
        purpose=taking or "",
        joining_purpose=joining,
        joining=seen if isinstance(seen, Withheld) else None,
        period=period,
        before=len(taken) - len(rows),
        calls=calls,
        by_source=() if isinstance(seen, Withheld) else tuple(_by_source(calls, seen)),
    )


def _taken(view: View, asker: Asker, period: Period) -> list[dict[str, Any]]:
    """Calls of the period and of the one before it, newest first."""
    events = of_types(view, call_events(asker.policy))
    events = events.filter((events["at"] >= period.before.since) & (events["at"] < period.until))
    shown = events.select(
        "seq", "ref", "at", number=column(view, "call.number"), status=column(view, "call.status"), seconds=column(view, "call.seconds")
    )
    return view.execute(shown.order_by(shown["at"].desc(), shown.seq.desc()))


def _seen(view: View, asker: Asker, period: Period) -> _Seen:
    visits = view.hold(visits_in(view, asker.policy))
    events = of_types(view, call_events(asker.policy))
    calls = events.filter((events["at"] >= period.since) & (events["at"] < period.until)).select("seq", "person", "at", "ref")
    of_callers = calls.inner_join(visits.select("person", "visit", "start", "source", "medium", "campaign", "day"), "person")
    before = of_callers.filter(of_callers.start <= of_callers["at"])
    latest = before.group_by("seq").aggregate(
        **{name: before[name].fill_null("").argmax(before.start) for name in ("source", "medium", "campaign")},
        ref=before.ref.max(), person=before.person.max(), visit=before.visit.argmax(before.start), day=before.day.argmax(before.start),
    )  # fmt: skip
    found = {row["seq"]: {"visit": None} for row in view.execute(calls)}
    found |= {row["seq"]: row for row in view.execute(latest)}
    now = visits.filter(visits.day.between(period.first, period.last))
    by_source = view.execute(now.group_by("source").aggregate(visits=now.count()))
    return _Seen(found, {row["source"]: row["visits"] for row in by_source}, _visited(found, period))


def _visited(found: dict[int, dict[str, Any]], period: Period) -> dict[str, int]:
    """Visits of the period that a call followed, by source: each visit once, however often its person called."""
    followed = {
        (row["person"], row["visit"]): row["source"] for row in found.values() if row["visit"] is not None and row["day"] >= period.first
    }
    return Counter(followed.values())


def _without_source(rows: list[dict[str, Any]], withheld: Withheld) -> Iterable[Call]:
    state = Joined.NO_ROLE if withheld.purpose else Joined.NO_PURPOSE
    why = withheld.sentence if withheld.purpose else "the policy names no purpose that joins calls to visits"
    return (_call(row, state, why) for row in rows)


def _with_source(asker: Asker, purpose: str, rows: list[dict[str, Any]], seen: _Seen) -> Iterable[Call]:
    unseen = {row["ref"] for row in rows if row["seq"] not in seen.calls}
    with asker.workspace.state.read() as conn:
        standings = read_standings(conn, unseen)
    for row in rows:
        found = seen.calls.get(row["seq"])
        if found is None:
            yield _call(row, Joined.NO_PERMISSION, _why(asker, purpose, standings.get(row["ref"])))
        elif found["visit"] is None:
            yield _call(row, Joined.NO_VISIT, "no visit of this caller was found")
        else:
            yield _call(row, Joined.JOINED, "", found)


def _call(row: dict[str, Any], state: Joined, why: str, found: dict[str, Any] | None = None) -> Call:
    found = found or {}
    return Call(
        row["seq"], row["at"], row["number"] or "unknown", row["status"] or "unknown", row["seconds"], state, why,
        found.get("source"), found.get("medium"), found.get("campaign") or None, found.get("ref"),
    )  # fmt: skip


def _why(asker: Asker, purpose: str, standing: Standing | None) -> str:
    """Why the joining purpose does not see a call: what holds for the caller, in the gate's words."""
    verdict = decide(MayUse(purpose), asker.workspace.plan, standing, now())
    return SENTENCES[verdict.reason] if isinstance(verdict, Deny) else "the join was not permitted when the call came in"


def _by_source(calls: Iterable[Call], seen: _Seen) -> Iterable[SourceOfCalls]:
    counts = Counter(call.source for call in calls if call.source is not None)
    names = sorted(set(counts) | set(seen.visits), key=lambda name: (-counts[name], -seen.visits.get(name, 0), name))
    return (SourceOfCalls(name, counts[name], seen.visits.get(name, 0), seen.visited.get(name, 0)) for name in names)


def _counted(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))
