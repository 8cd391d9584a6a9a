"""Which number does this visitor see, and who saw a number at an instant? Lends tracked numbers, to one visitor each.

It joins nothing. A lease is a number, a reference and two times, and goes a day after it ends. No source or page
is kept with it: what led to a call is read through the join, so that undoing the join leaves nothing behind.
Lending is one write transaction, so that two processes never lend the same number twice.
Source: STANDARDS "Calls"; GDPR Art. 5(1)(c), 21
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.collect.telephone import spelled
from troth.consent.standing import Standing, read_standing
from troth.gate.decide import MayJoin, Permit, decide
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.model import Calls
from troth.store.journal import count_refused
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace

PAIR = "web-call"
LONGEST_CALL = timedelta(days=1)  # a lease is remembered this long, for calls that are still going on

number_lease = Table(
    "number_lease",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("number", Text, nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
)
Index("number_lease_number", number_lease.c.number, number_lease.c.until)
Index("number_lease_ref", number_lease.c.ref)
# Until when each number was last lent, to nobody in particular: it must rest also after an erasure.
tracked_number = Table(
    "tracked_number",
    metadata,
    Column("number", Text, primary_key=True),
    Column("lent_until", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Offer:
    """The number a page shows. `leased`: it is shown to this visitor alone."""

    number: str
    leased: bool


def offer(workspace: Workspace, visitor: str) -> Offer:
    """The number for a browser: lent when the gate lets its visits be joined with calls, else the fallback."""
    hashed = directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor)
    with workspace.state.read() as conn:  # most who may not be joined are answered without a write
        at = now_micros()
        plan = workspace.plan_at(conn, at)
        if _permitted(conn, plan, hashed, at) is None:
            return Offer(spelled(plan.policy.calls.fallback), False)
    with workspace.state.write() as conn:
        at = now_micros()
        plan = workspace.plan_at(conn, at)
        standing = _permitted(conn, plan, hashed, at)
        number = lend(conn, plan.policy.calls, standing.ref, at) if standing else None
        if standing and number is None and not standing.canary:
            count_refused(conn, {("number", Reason.POOL_EXHAUSTED): 1}, at)
    return Offer(number or spelled(plan.policy.calls.fallback), number is not None)


def _permitted(conn: Connection, plan: Plan, hashed: bytes, at: int) -> Standing | None:
    """The standing of a visitor who is known and whose visits may be joined with calls."""
    ref = directory.find(conn, hashed)
    standing = read_standing(conn, ref) if ref else None
    return standing if isinstance(decide(MayJoin(PAIR), plan, standing, instant(at)), Permit) else None


def tracked(calls: Calls) -> tuple[str, ...]:
    """The numbers of the pool, in one spelling each; the fallback is everybody's and never lent."""
    pool = (spelled(number) for number in calls.pool)
    return tuple(number for number in dict.fromkeys(pool) if number and number != spelled(calls.fallback))


def lend(conn: Connection, calls: Calls, ref: int, at: int) -> str | None:
    """Lend `ref` a number from `at` (microseconds) on, in the caller's write transaction; None: all are lent.

    Whoever holds a number keeps it, for longer. Whoever comes back to one that nobody had since gets it again.
    """
    sweep(conn, at)
    until, pool = at + _micros(calls.lease_for), tracked(calls)
    rows = conn.exec_driver_sql("SELECT id, number, until FROM number_lease WHERE ref = ? ORDER BY until DESC", (ref,)).all()
    for id, number, ends in rows:
        if ends > at and number in pool:
            conn.exec_driver_sql("UPDATE number_lease SET until = max(until, ?) WHERE id = ?", (until, id))
            return _lent(conn, number, until)
    lent: dict[str, int] = {row[0]: row[1] for row in conn.exec_driver_sql("SELECT number, lent_until FROM tracked_number")}
    own = [number for _, number, ends in rows if lent.get(number) == ends]
    number = _choose(pool, lent, own, at, _micros(calls.lease_for))
    if number is None:
        return None
    conn.exec_driver_sql("INSERT INTO number_lease (number, ref, since, until) VALUES (?, ?, ?, ?)", (number, ref, at, until))
    return _lent(conn, number, until)


def _choose(pool: tuple[str, ...], lent: dict[str, int], own: list[str], at: int, rest: int) -> str | None:
    """Of the free numbers the visitor's own last one, else the one unused the longest; one that still rests if it must be."""
    free = [number for number in pool if lent.get(number, 0) <= at]
    again = [number for number in own if number in free]
    rested = [number for number in free if lent.get(number, 0) + rest <= at or number not in lent]
    return next(iter(again), None) or min(rested or free, key=lambda number: lent.get(number, 0), default=None)


def _lent(conn: Connection, number: str, until: int) -> str:
    conn.exec_driver_sql(
        "INSERT INTO tracked_number (number, lent_until) VALUES (?, ?) "
        "ON CONFLICT (number) DO UPDATE SET lent_until = max(lent_until, excluded.lent_until)",
        (number, until),
    )
    return number


def lent_to(conn: Connection, number: str, began: int, ended: int, seen: bool, rest: timedelta) -> int | None:
    """To whom a number was lent when a call to it began; None: to nobody.

    `seen` says that the beginning was seen. Where it was only reckoned from a duration, which carriers round and
    count differently, a lease that began during the call counts too, if nobody else had the number since it rested.
    """
    in_force = "SELECT ref FROM number_lease WHERE number = ? AND since <= ? AND until > ?"
    found = conn.exec_driver_sql(in_force, (number, began, began)).first()
    if found is not None or seen:
        return found[0] if found else None
    near = conn.exec_driver_sql(
        "SELECT DISTINCT ref FROM number_lease WHERE number = ? AND since <= ? AND until > ?", (number, ended, began - _micros(rest))
    ).all()
    return near[0][0] if len(near) == 1 and _began_meanwhile(conn, number, near[0][0], began, ended) else None


def _began_meanwhile(conn: Connection, number: str, ref: int, began: int, ended: int) -> bool:
    lent = "SELECT 1 FROM number_lease WHERE number = ? AND ref = ? AND since > ? AND since <= ?"
    return conn.exec_driver_sql(lent, (number, ref, began, ended)).first() is not None


def forget(conn: Connection, refs: Iterable[int]) -> None:
    """Delete the leases of these references, in the caller's transaction. The numbers rest as if they were lent."""
    for ref in refs:
        conn.exec_driver_sql("DELETE FROM number_lease WHERE ref = ?", (ref,))


def sweep(conn: Connection, at: int) -> None:
    """Delete leases that no call can need any more."""
    conn.exec_driver_sql("DELETE FROM number_lease WHERE until <= ?", (at - _micros(LONGEST_CALL),))


def _micros(span: timedelta) -> int:
    return span // timedelta(microseconds=1)
