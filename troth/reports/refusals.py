"""What was refused, and why? Counts alone: of what was refused nothing else is left.

It shows also how many people are left out of a purpose now because they said no.
Source: GDPR Art. 5(1)(c), 5(2)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from troth.consent.record import PROHIBITIONS
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.model import Policy, Without
from troth.reports.asking import Period
from troth.store.journal import refusals_since
from troth.workspace import Workspace

CHOICE = "choice"  # a no to a purpose by somebody of whom nothing is kept, counted under the purpose's name
# What is counted beside events: its label, and what there is all the same.
_BESIDE = {
    "join": ("Joining a call to a visit", "the call, by itself"),
    "number": ("Lending a visit its own number", "the common number is shown"),
    "disclosure": ("Giving data to somebody else", "it stays here"),
    "use": ("Using data for something else", "it is not used"),
}

# The person said no, or has not been asked: what is left then may be an anonymous remainder.
_STANDING = frozenset({Reason.NOT_ASKED, Reason.REFUSED, Reason.WITHDRAWN, Reason.OBJECTED, Reason.NO_SUBJECT, Reason.NO_PERMISSION})
_ITEMS = frozenset({Reason.UNDECLARED_ITEM, Reason.ITEM_NOT_A_VALUE})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was refused for one reason: which kind of event, how often, and what was kept all the same."""

    event: str
    label: str
    count: int
    kept: str


@dataclass(frozen=True, slots=True)
class RefusedFor:
    """One reason with its sentence and everything refused for it."""

    reason: str
    sentence: str
    count: int
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """How often a purpose was said no to by browsers of which nothing is kept."""

    purpose: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class RefusalReport:
    period: Period
    total: int
    reasons: tuple[RefusedFor, ...]
    choices: tuple[Choice, ...]


def refusal_report(workspace: Workspace, period: Period) -> RefusalReport:
    """What was refused since the period began, most frequent reason first."""
    policy = workspace.policy
    with workspace.state.read() as conn:
        counts = refusals_since(conn, period.since)
    by_reason: dict[str, list[Refusal]] = defaultdict(list)
    choices: list[Choice] = []
    for (event, reason), count in counts.items():
        if event == CHOICE:
            purpose = policy.purposes.get(reason)
            choices.append(Choice(reason, purpose.label if purpose else reason, count))
        else:
            by_reason[reason].append(Refusal(event, _label(policy, event), count, _kept(policy, event, reason)))
    reasons = [_refused_for(reason, refusals) for reason, refusals in by_reason.items()]
    total = sum(reason.count for reason in reasons)
    ordered = tuple(sorted(reasons, key=lambda one: (-one.count, one.reason)))
    return RefusalReport(period, total, ordered, tuple(sorted(choices, key=lambda one: (-one.count, one.purpose))))


def left_out(workspace: Workspace, purpose: str) -> int:
    """How many subjects no view of this purpose shows now, because they said no or their data is restricted."""
    plan = workspace.plan
    stopping = plan.stopped_by(plan.policy.purposes[purpose]) if purpose in plan.policy.purposes else PROHIBITIONS
    marks = ",".join(f"'{state}'" for state in sorted(stopping))
    said_no = f"SELECT ref FROM standing WHERE purpose = ? AND state IN ({marks})"
    with workspace.state.read() as conn:
        found = conn.exec_driver_sql(
            f"SELECT count(*) FROM subject WHERE canary = 0 AND (restricted = 1 OR ref IN ({said_no}))", (purpose,)
        )
        return int(found.scalar_one())


def _label(policy: Policy, event: str) -> str:
    if event in _BESIDE:
        return _BESIDE[event][0]
    found = policy.events.get(event)
    return found.label if found else "Something the policy does not name"


def _kept(policy: Policy, event: str, reason: str) -> str:
    if event in _BESIDE:
        return _BESIDE[event][1]
    if reason in _ITEMS:
        return "the rest of the event"
    if reason in _STANDING and any(event in p.events and p.without is Without.REMAINDER for p in policy.purposes.values()):
        return "an anonymous count"
    return "nothing"


def _refused_for(reason: str, refusals: list[Refusal]) -> RefusedFor:
    known = Reason(reason) if reason in set(Reason) else None
    sentence = SENTENCES[known] if known else "it could not be read"
    ordered = sorted(refusals, key=lambda one: (-one.count, one.event))
    return RefusedFor(reason, sentence, sum(one.count for one in ordered), tuple(ordered))
