"""What happens when a person objects to a purpose? It stops at once: for good, or while somebody weighs it.

Only this purpose stops, the others go on. Where the policy leaves a purpose to the person there is nothing to weigh.
What rests on a contract or a law cannot be objected to. That it stops is the gate's (`Plan.denial`).
Source: GDPR Art. 18(1)(d), 21(1)-(3)
"""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import choices
from troth.consent.record import Evidence, State, Strength
from troth.gate.plan import ABSOLUTE, Plan, can_object
from troth.policy.demands import ObjectionEffect
from troth.policy.model import Permission, Purpose
from troth.policy.words import BASES
from troth.rights import requests
from troth.rights.requests import Right, SubjectRequest
from troth.rights.verify import Session
from troth.subjects.directory import move_epoch
from troth.subjects.links import same_person
from troth.workspace import Workspace


class Decision(StrEnum):
    """What became of an objection."""

    UPHELD = "upheld"
    OVERRIDDEN = "overridden"  # compelling grounds go before it


def must_be_weighed(plan: Plan, purpose: Purpose, regime: str) -> bool:
    """Whether somebody must decide: not for marketing, nor where the person's word is enough, by the law or by the policy's own."""
    rules = plan.policy.rights.objection
    profiles = purpose.id in plan.policy.profiling.purposes and rules.profiling is not ObjectionEffect.UNSTATED
    effect = rules.profiling if profiles else rules.others
    return purpose.kind not in ABSOLUTE and plan.mode(purpose, regime) is Permission.NONE and effect is not ObjectionEffect.ABSOLUTE


def object_to(workspace: Workspace, conn: Connection, session: Session, id: str, why: str = "") -> SubjectRequest:
    """Object to one purpose; it is on record and stops when the caller's transaction commits.

    Closed at once as upheld, or left in progress for somebody to weigh. Raises `no-such-purpose` or `cannot-object`.
    """
    plan = workspace.plan
    purpose = plan.policy.purposes.get(id)
    if purpose is None:
        raise Fault("no-such-purpose", "the policy names no such purpose", status=404)
    if not can_object(purpose):
        why = f"this rests on {BASES[purpose.basis]}; the right to object does not reach that"
        raise Fault("cannot-object", why, help="consent can be withdrawn under my choices", status=409)
    made = requests.open_request(workspace, conn, Right.OBJECTION, session.ref, session.regime, about=id, text=why)
    evidence = Evidence(Strength.EXPLICIT, "centre", plan.policy.version, choices.screen_of(plan.policy, session.regime), session.regime)
    choices.say(workspace, conn, session.ref, {id: State.OBJECTED}, evidence, now_micros())
    if must_be_weighed(plan, purpose, session.regime):
        return requests.start(workspace, conn, made.id, "troth")
    return requests.fulfil(workspace, conn, made.id, Decision.UPHELD)


def weigh(workspace: Workspace, conn: Connection, id: int, decision: Decision, why: str, by: str) -> SubjectRequest:
    """Decide an objection; the reason is told to the person. Raises `no-override` for marketing, and for whatever ends at a person's word."""
    found = requests.get(conn, id)
    purpose = workspace.policy.purposes.get(found.about)
    if found.kind is not Right.OBJECTION or not why.strip():
        raise Fault("reason-missing", "an objection is decided with a reason")
    if decision is Decision.UPHELD:
        requests.write_note(workspace, conn, id, by, why)
        return requests.fulfil(workspace, conn, id, Decision.UPHELD, by)
    if purpose is None or not must_be_weighed(workspace.plan, purpose, found.regime):
        raise Fault("no-override", "an objection to this is final", status=409)
    refs = same_person(conn, found.ref)
    others = (one for one in requests.of_person(conn, refs) if one.id != id and not one.closed)
    if any(one.kind is Right.OBJECTION and one.about == found.about for one in others):  # another is weighed yet: it stays stopped
        return requests.refuse(workspace, conn, id, "compelling-grounds", by, why)
    for ref in refs:  # the act stays in the history; it no longer stands, and the purpose goes on
        conn.exec_driver_sql("DELETE FROM standing WHERE ref = ? AND purpose = ? AND state = ?", (ref, found.about, State.OBJECTED))
        move_epoch(conn, ref)
    return requests.refuse(workspace, conn, id, "compelling-grounds", by, why)
