"""How is a question of many asked? For a purpose, as a role, by an operator: through a grant and its view.

A question that may not be asked has an answer too, `Withheld`, with the reason in plain words: a page says it
and goes on. No name of a purpose is fixed here: each report looks for the purpose that serves it in the policy.
Source: GDPR Art. 5(1)(b)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import ibis
import ibis.expr.types as ir

from troth.base.clock import day_of, day_on, now_micros
from troth.gate.reasons import SENTENCES, Reason, Refused
from troth.policy.model import Kind, Policy
from troth.store.view import View
from troth.workspace import Workspace

DAY = 86_400_000_000
T = TypeVar("T")
JOIN = "web-call"  # the pair of channels that a purpose names to put visits and calls together


@dataclass(frozen=True, slots=True)
class Withheld:
    """No answer, because. `purpose` is empty when the policy names none that would serve."""

    purpose: str
    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True)
class Period:
    """Whole UTC days: `first` to `last`, both included, as days since 1970."""

    first: int
    last: int

    @classmethod
    def latest(cls, days: int, at: int | None = None) -> Period:
        """The last so many days, today included."""
        today = day_of(now_micros() if at is None else at)
        return cls(today - days + 1, today)

    @property
    def before(self) -> Period:
        """The period of equal length just before."""
        return Period(2 * self.first - self.last - 1, self.first - 1)

    @property
    def days(self) -> range:
        """Every day of it."""
        return range(self.first, self.last + 1)

    @property
    def since(self) -> int:
        """Its first instant, in microseconds."""
        return self.first * DAY

    @property
    def until(self) -> int:
        """The first instant after it, in microseconds."""
        return (self.last + 1) * DAY

    @property
    def dates(self) -> tuple[date, date]:
        """First and last day as dates."""
        return day_on(self.first), day_on(self.last)


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks: an operator (by reference, never by name) in a role of one workspace."""

    workspace: Workspace
    role: str
    operator: str

    @property
    def policy(self) -> Policy:
        """The policy in force now."""
        return self.workspace.policy

    def may(self, purpose: str | None) -> bool:
        """Whether the role may act for a purpose at all."""
        return purpose is not None and purpose in self.policy.roles.get(self.role, ())

    def ask(self, purpose: str | None, missing: str, question: Callable[[View], T]) -> T | Withheld:
        """`question(view)` through a purpose; `missing` is the sentence when the policy names no purpose for it."""
        if purpose is None:
            return Withheld("", Reason.UNKNOWN_PURPOSE, missing)
        try:
            grant = self.workspace.grant(purpose, self.role, self.operator)
        except Refused as refused:
            return Withheld(purpose, refused.reason, SENTENCES[refused.reason])
        answer: T = self.workspace.views.run(grant, question)
        return answer


# which purpose serves which report


def visits_purpose(policy: Policy) -> str | None:
    """The purpose that counts visits: statistics over pages viewed."""
    pages = page_events(policy)
    return next((p.id for p in policy.purposes.values() if p.kind is Kind.STATISTICS and pages & set(p.events)), None)


def joining_purpose(policy: Policy) -> str | None:
    """The purpose that puts visits and calls together."""
    return next((p.id for p in policy.purposes.values() if JOIN in p.joins), None)


def calls_purpose(policy: Policy) -> str | None:
    """The purpose that takes calls: the first service over them, else whichever sees them."""
    calls = call_events(policy)
    seeing = [p for p in policy.purposes.values() if calls & set(p.events)]
    return next((p.id for p in sorted(seeing, key=lambda p: p.kind is not Kind.SERVICE)), None)


def page_events(policy: Policy) -> set[str]:
    """The event types that are a page viewed."""
    return {event.id for event in policy.events.values() if event.call == "page"}


def call_events(policy: Policy) -> set[str]:
    """The event types that are a telephone call."""
    return {event.id for event in policy.events.values() if event.channel == "telephone"}


def named_events(policy: Policy, name: str) -> set[str]:
    """The event types that a tracked message of this name carries."""
    return {event.id for event in policy.events.values() if event.call == "track" and event.name == name}


# small tools for questions


def column(view: View, item: str) -> ir.Value:
    """An item's column, or nulls where this purpose does not see it."""
    if item in view.items:
        return view.events[item]
    return ibis.null("int64" if item == "call.seconds" else "string")


def of_types(view: View, types: set[str]) -> ir.Table:
    """The events of some types."""
    return view.events.filter(view.events.event.isin(sorted(types)) if types else ibis.literal(False))


def rows(view: View, expression: ir.Expr) -> list[dict[str, Any]]:
    """An expression answered."""
    return view.execute(expression)
