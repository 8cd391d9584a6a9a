"""What do we ourselves use a person's data for? One use for one purpose, through the gate, on record with its basis.

Nothing leaves the house here. A purpose that collects nothing of its own (security) looks at what was collected for
others, and so needs a written reason each time.
Source: GDPR Art. 5(1)(b), 5(2), 6(1)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant, micros, now
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.disclose.register import check_operator, meet
from troth.gate.admit import admit_use
from troth.gate.grant import Grant
from troth.gate.reasons import Refused
from troth.policy.model import Purpose
from troth.retain import item_in_time, within
from troth.store.journal import count_refused
from troth.store.reveal import RevealedEvent, reveal_events
from troth.workspace import Workspace

own_use = Table(
    "own_use",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ref", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("basis", Text, nullable=False),
    Column("operator", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
Index("own_use_ref", own_use.c.ref)
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Use:
    """One use of one person's data: what for, on which basis, why, by whom. `at` in microseconds."""

    ref: int
    purpose: str
    basis: str
    operator: str
    reason: str
    at: int
    entry: int


def use(
    workspace: Workspace, ref: int, purpose: str, items: frozenset[str], operator: str, justification: str = ""
) -> tuple[Use, list[RevealedEvent]]:
    """See what a purpose may see of one person; raises Refused, counted. `items` empty: all the purpose uses."""
    check_operator(operator)
    if len(justification) > _LONGEST or not justification.isprintable():
        raise Fault("bad-field", f"`justification` is one line of at most {_LONGEST} characters")
    with workspace.state.write() as conn:
        plan = workspace.plan_at(conn, micros(now()))
        person = meet(conn, plan.policy, ref)
        standing = person.standing if person else None
        try:
            grant = admit_use(conn, workspace.log, plan, purpose, standing, operator, items=items, justification=justification)
        except Refused as refused:
            count_refused(conn, {("use", str(refused.reason)): 1}, micros(now()))
            refusal = refused
        else:
            assert person is not None
            declared = plan.policy.purposes[purpose]
            done = Use(person.standing.ref, purpose, str(declared.basis), operator, justification, micros(grant.at), grant.entry or 0)
            _enter(conn, done)
            return done, list(_seen(workspace, conn, grant, declared, person.refs))
    raise refusal


def _enter(conn: Connection, done: Use) -> None:
    conn.exec_driver_sql(
        "INSERT INTO own_use (ref, purpose, basis, operator, reason, at, entry) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (done.ref, done.purpose, done.basis, done.operator, done.reason, done.at, done.entry),
    )


def _seen(workspace: Workspace, conn: Connection, grant: Grant, purpose: Purpose, refs: frozenset[int]) -> Iterator[RevealedEvent]:
    for event in reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs):
        age = grant.at - instant(event.at)
        items = {id: value for id, value in event.items.items() if id in grant.items and item_in_time(grant.plan.policy, id, age)}
        if items and within(purpose.keep_for, age):
            yield replace(event, items=items)


def uses_of(conn: Connection, refs: Iterable[int], since: int = 0) -> list[Use]:
    """The uses on record for a person's references, oldest first."""
    read = "SELECT ref, purpose, basis, operator, reason, at, entry FROM own_use WHERE ref = ? AND at >= ?"
    found = [Use(*row) for ref in refs for row in conn.exec_driver_sql(read, (ref, since))]
    return sorted(found, key=lambda one: one.entry)
