"""Was somebody asked, did they put it off, and has a yes come to its end? Notes it of people who are known; nobody is made for it.

A site's script may tell that it showed its question, or that the person closed it without an answer; closing is never an
answer. Where the policy says how long a choice holds (`asking.until`), a yes that a browser gave ends then, here too.
Source: ISO/IEC TS 27560:2023; GDPR Art. 5(1)(e), 7; STANDARDS "Signals and banners" (closing is not consent)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices
from troth.collect.regime import regime_told
from troth.consent.record import Evidence, Strength
from troth.consent.standing import read_standing
from troth.consent.steps import LAPSED, Step, lapse, last_step, note
from troth.gate.plan import Plan
from troth.ledger.log import Log
from troth.policy.model import Policy
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

SHOWN, LATER = "shown", "later"
_STEPS = {SHOWN: Step.REQUESTED, LATER: Step.DEFERRED}
_TOGETHER = 500
_MICROSECOND = timedelta(microseconds=1)


def note_asked(workspace: Workspace, body: Mapping[str, Any], _signal: bool = False) -> dict[str, Any]:
    """A browser's owner was asked about the purposes in `asked`, or put the answer off (`how`: `shown` or `later`).

    Noted once, of somebody known who has said nothing to it that holds. Raises `bad-choice`.
    """
    asked, how, visitor = body.get("asked"), body.get("how"), choices.visitor_in(body)
    listed = isinstance(asked, list) and len(asked) <= 100 and all(isinstance(one, str) for one in asked)
    if not isinstance(asked, list) or not listed or not isinstance(how, str) or how not in _STEPS:
        raise Fault("bad-choice", "`asked` is a list of purposes, and `how` is `shown` or `later`")
    at = now_micros()
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, at)
        regime = regime_told(plan.policy, body)
        ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor)) if visitor else None
        step = _STEPS[how]
        askable = {*asked} & {p.id for p in choices.askable(plan.policy, regime)}
        strength = Strength.EXPLICIT if step is Step.DEFERRED else Strength.NONE
        evidence = Evidence(strength, how, plan.policy.version, choices.screen_in(body), regime)
        entry = note_once(conn, workspace.log, plan, ref, askable, step, evidence, at) if ref is not None else None
    receipt = choices.receipt(plan.policy, entry, at) if entry is not None else None
    return {"ok": True, "version": plan.policy.version, "receipt": receipt}


def note_once(
    conn: Connection, log: Log, plan: Plan, ref: int, asked: Iterable[str], step: Step, evidence: Evidence, at: int
) -> int | None:
    """Note a step of those purposes that it is news of, in the caller's write transaction; returns the ledger entry's number."""
    wanted = _open(conn, plan, ref, set(asked), step)
    return note(conn, log, ref, wanted, step, evidence, at) if wanted else None


def _open(conn: Connection, plan: Plan, ref: int, asked: set[str], step: Step) -> list[str]:
    """The purposes that nothing said holds for, and of which the same was not noted last."""
    standing = read_standing(conn, ref)
    heard = plan.heard(standing).states if standing is not None else dict.fromkeys(asked)
    found = (one for one in sorted(asked) if one not in heard)
    return [one for one in found if (last := last_step(conn, ref, one)) is None or last.step is not step]


def lapse_when_due(workspace: Workspace) -> int:
    """End every yes of a browser that is older than the policy says a choice holds; returns how many."""
    count = 0
    at = now_micros()
    with workspace.state.read() as conn:
        plan = workspace.plan_at(conn, at)
        due = _due(conn, plan.policy, at)
    while due:
        with workspace.state.write() as conn:
            at = now_micros()
            due = _due(conn, plan.policy, at)
            for ref, purposes in due.items():
                evidence = Evidence(Strength.NONE, LAPSED, plan.policy.version, "", "")
                lapse(conn, workspace.log, ref, purposes, evidence, at)
                count += len(purposes)
    return count


def _due(conn: Connection, policy: Policy, at: int) -> dict[int, list[str]]:
    if not isinstance(policy.asking.until, timedelta):
        return {}
    asked = sorted({purpose.id for regime in policy.regimes for purpose in choices.askable(policy, regime)})
    marks, since = ",".join("?" * len(asked)), at - policy.asking.until // _MICROSECOND
    found: dict[int, list[str]] = {}
    old = f"SELECT ref, purpose FROM standing WHERE state = 'given' AND purpose IN ({marks}) AND at < ? LIMIT {_TOGETHER}"
    for ref, purpose in conn.exec_driver_sql(old, (*asked, since)):
        found.setdefault(ref, []).append(purpose)
    return found
