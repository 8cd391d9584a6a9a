"""How does a yes become binding? Decides, enters the ledger in the caller's transaction, and hands out the grant.

The only maker of `Grant`. The entry commits together with the effect, or not at all.
Source: GDPR Art. 5(2) (accountability)
"""

from __future__ import annotations

from sqlalchemy import Connection

from troth.base.clock import micros, now
from troth.base.database import Database
from troth.consent.standing import Standing
from troth.gate.decide import Deny, MayQuery, MaySend, MayUse, Permit, Question, decide
from troth.gate.disclosure import Known, MayDisclose, PermitDisclosure, decide_disclosure
from troth.gate.grant import Grant, _made_by_admit
from troth.gate.plan import Plan
from troth.gate.reasons import Refused
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log


def admit_batch(plan: Plan) -> Grant:
    """The grant to keep events already decided one by one; the journal enters the batch itself.

    Each event of the batch carries its own treatment; this grant only says that they passed the gate.
    """
    return Grant("", frozenset(), now(), None, plan, None, None, _made_by_admit)


class Reads:
    """Admits queries, and enters them once a minute per operator, purpose and policy version, not once a look."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._entered: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    def admit(self, database: Database, plan: Plan, purpose: str, role: str, operator: str, items: frozenset[str] = frozenset()) -> Grant:
        """A grant to ask a question of many for one purpose, as an operator of `role`; raises Refused.

        `operator` is the operator's reference, never a name. The decision is made anew each time.
        """
        at = now()
        verdict = _or_refuse(MayQuery(purpose, role, items), plan, None)
        key = (purpose, role, operator, plan.policy.version)
        minute, entry = self._entered.get(key, (-1, -1))
        if minute != micros(at) // 60_000_000:
            with database.write() as conn:
                body = {"purpose": purpose, "role": role, "operator": operator, "policy": plan.policy.version}
                entry = self._log.append(conn, EntryKind.READ, body, at)
            self._entered[key] = (micros(at) // 60_000_000, entry)
        return Grant(purpose, verdict.items, at, entry, plan, verdict.rule, None, _made_by_admit)

    def admit_reveal(self, database: Database, plan: Plan, purpose: str, role: str, operator: str, canaries: bool = False) -> Grant:
        """A grant to see sealed items too, of everyone the purpose may see; entered every time. Raises Refused."""
        at = now()
        verdict = _or_refuse(MayQuery(purpose, role), plan, None)
        with database.write() as conn:
            body = {"purpose": purpose, "role": role, "operator": operator, "policy": plan.policy.version, "canaries": canaries}
            entry = self._log.append(conn, EntryKind.REVEALED, body, at)
        return Grant(purpose, verdict.items, at, entry, plan, verdict.rule, None, _made_by_admit, reveals=True, canaries=canaries)


def admit_use(
    conn: Connection, log: Log, plan: Plan, purpose: str, standing: Standing | None, operator: str, kind: EntryKind = EntryKind.REVEALED,
    items: frozenset[str] = frozenset(), justification: str = "",
) -> Grant:
    """A grant to use one subject's data for one purpose; raises Refused."""
    at = now()
    verdict = _or_refuse(MayUse(purpose, items, justification), plan, standing)
    reference = standing.ref if standing else None
    body = {"purpose": purpose, "operator": operator, "ref": reference, "policy": plan.policy.version}
    body["basis"] = plan.policy.purposes[purpose].basis
    entry = log.append(conn, kind, body, at)
    return Grant(purpose, verdict.items, at, entry, plan, verdict.rule, reference, _made_by_admit)


def admit_message(
    conn: Connection, log: Log, plan: Plan, purpose: str, channel: str, standing: Standing | None, kind: str
) -> int:
    """The entry of a message that may leave now, with its basis and what sort of message it is; raises Refused."""
    _or_refuse(MaySend(purpose, channel), plan, standing)
    body = {"act": "message", "purpose": purpose, "operator": "outbox", "ref": standing.ref if standing else None, "policy": plan.policy.version}
    body |= {"basis": plan.policy.purposes[purpose].basis, "channel": channel, "message": kind}
    return log.append(conn, EntryKind.REVEALED, body, now())


def admit_subject(conn: Connection, log: Log, plan: Plan, ref: int, act: str) -> Grant:
    """A grant for a verified person to have or end what is held about them: their right, whatever the purposes."""
    at = now()
    entry = log.append(conn, EntryKind.REQUEST_STEP, {"act": act, "ref": ref, "policy": plan.policy.version}, at)
    return Grant("", frozenset(plan.policy.items), at, entry, plan, None, ref, _made_by_admit)


def admit_disclosure(
    conn: Connection, log: Log, plan: Plan, question: MayDisclose, standing: Standing | None, operator: str, known: Known,
    commitment: str = "",
) -> tuple[Grant, PermitDisclosure]:
    """A grant to hand one person's items over, with what was decided; raises Refused.

    `commitment` ties the entry to the written justification without showing it.
    """
    at = now()
    verdict = decide_disclosure(question, plan, standing, at, known)
    if isinstance(verdict, Deny):
        raise Refused(verdict.reason, verdict.about)
    reference = standing.ref if standing else None
    to = verdict.receiver
    body: dict[str, object] = {"ref": reference, "recipient": to.id, "category": to.category, "country": to.country}
    body |= {"purpose": verdict.purpose, "items": sorted(verdict.items), "nature": question.nature, "reason": question.reason}
    body |= {"mechanism": verdict.mechanism, "operator": operator, "policy": plan.policy.version, "commitment": commitment}
    entry = log.append(conn, EntryKind.DISCLOSED, body, at)
    return Grant(verdict.purpose, verdict.items, at, entry, plan, verdict.rule, reference, _made_by_admit), verdict


def _or_refuse(question: Question, plan: Plan, standing: Standing | None) -> Permit:
    verdict = decide(question, plan, standing, now())
    if isinstance(verdict, Deny):
        raise Refused(verdict.reason, verdict.about)
    return verdict
