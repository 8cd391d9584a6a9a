"""What is kept of a choice when nothing is held of who made it? The choice itself under a random id, and a hash to refuse latecomers by.

The id points to nobody: it goes to the browser that chose, as its receipt, and is the only way to the record. Both rest for
a bounded time: a record as long as the policy says, a hash for longer than any page still sends, and never more than so many
hashes, of which the oldest go first.
Source: GDPR Art. 7(1), 11, 25; ISO/IEC TS 27560:2023
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.ids import new_token
from troth.consent.record import Act, Evidence, State, Strength
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy
from troth.workspace import Workspace

LATE = timedelta(days=30)  # a page gives up sending after minutes, also one whose machine slept for weeks in between
MOST_LATE = 50_000  # hashes; one client may say no often, and pushes out nobody who said it in the last hours
_CANARY = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)

anonymous_choice = Table(
    "anonymous_choice",
    metadata,
    Column("id", Text, primary_key=True),
    Column("acts", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("strength", Text, nullable=False),
    Column("policy_version", Text, nullable=False),
    Column("screen", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
    Column("canary", Integer, nullable=False),
)
Index("anonymous_choice_at", anonymous_choice.c.at)
refused_visitor = Table(
    "refused_visitor",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("at", BigInteger, nullable=False),
)
Index("refused_visitor_at", refused_visitor.c.at)


@dataclass(frozen=True, slots=True)
class AnonymousChoice:
    """One choice of nobody we know, as acts like any other's. `at` in microseconds."""

    id: str
    acts: tuple[Act, ...]
    regime: str
    at: int


def record_choice(workspace: Workspace, conn: Connection, acts: Mapping[str, State], evidence: Evidence, at: int, canary: bool) -> tuple[str, int]:
    """Keep a choice under a new random id, in the caller's write transaction; returns the id and its ledger entry."""
    id, said = new_token(), {purpose: str(state) for purpose, state in sorted(acts.items())}
    body = {"ref": 0, "receipt": id, "acts": said, "strength": evidence.strength, "how": evidence.how, "policy": evidence.policy_version}
    entry = workspace.log.append(conn, EntryKind.CONSENT, body | {"screen": evidence.screen}, instant(at))
    conn.exec_driver_sql(
        "INSERT INTO anonymous_choice (id, acts, how, strength, policy_version, screen, regime, at, entry, canary) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (id, json.dumps(said), evidence.how, evidence.strength, evidence.policy_version, evidence.screen, evidence.regime, at, entry, int(canary)),
    )
    return id, entry


def receipt(policy: Policy, id: str, entry: int, at: int) -> dict[str, object]:
    """What the browser is told of its record: the id is the way to it, and nobody else has it."""
    url = f"/{policy.workspace}/receipts/{id}.json"
    return {"id": id, "entry": entry, "at": instant(at).isoformat(), "version": policy.version, "url": url, "kept_for_days": kept_for(policy).days}


def choice_of(conn: Connection, policy: Policy, id: str) -> AnonymousChoice | None:
    """The choice under an id; None when there is none, or its time is over."""
    return next(_choices(conn, "id = ? AND at >= ?", (id, _oldest(policy))), None)


def choices_since(conn: Connection, policy: Policy, at: int) -> Iterator[AnonymousChoice]:
    """Every choice of nobody since an instant that is still kept, oldest first; those that proofs made are left out."""
    yield from _choices(conn, "at >= ? AND canary = 0 ORDER BY at", (max(at, _oldest(policy)),))


def _choices(conn: Connection, where: str, values: tuple[object, ...]) -> Iterator[AnonymousChoice]:
    asked = f"SELECT id, acts, how, strength, policy_version, screen, regime, at, entry FROM anonymous_choice WHERE {where}"
    for row in conn.exec_driver_sql(asked, values):
        evidence = Evidence(Strength(row[3]), row[2], row[4], row[5], row[6])
        acts = tuple(Act(purpose, State(said), evidence, row[7], row[8]) for purpose, said in json.loads(row[1]).items())
        yield AnonymousChoice(row[0], acts, row[6], row[7])


def kept_for(policy: Policy) -> timedelta:
    """How long such a choice is kept."""
    return policy.asking.receipts_for or policy.settings.ask_again_after


def _oldest(policy: Policy) -> int:
    return now_micros() - kept_for(policy) // _MICROSECOND


def refuse_latecomers(conn: Connection, hashed: bytes, at: int) -> None:
    """A page view sent before a refusal may arrive after it: its identifier, which the browser has just dropped, is refused
    from now on, by its keyed hash."""
    conn.exec_driver_sql("INSERT INTO refused_visitor (hash, at) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET at = excluded.at", (hashed, at))


def forget(workspace: Workspace) -> None:
    """Remove choices whose time is over, and hashes that nobody can still be late for or that are too many."""
    policy, at = workspace.policy, now_micros()
    late = at - LATE // _MICROSECOND
    with workspace.state.read() as conn:
        old = "SELECT EXISTS (SELECT 1 FROM anonymous_choice WHERE at < ? OR (canary = 1 AND at < ?))"
        due = conn.exec_driver_sql(old, (_oldest(policy), at - _CANARY // _MICROSECOND)).scalar_one()
        most = conn.exec_driver_sql("SELECT at FROM refused_visitor ORDER BY at DESC LIMIT 1 OFFSET ?", (MOST_LATE,)).first()
        late = late if most is None else max(late, most[0])
        due = due or conn.exec_driver_sql("SELECT EXISTS (SELECT 1 FROM refused_visitor WHERE at <= ?)", (late,)).scalar_one()
    if due:
        with workspace.state.write() as conn:
            conn.exec_driver_sql("DELETE FROM anonymous_choice WHERE at < ?", (_oldest(policy),))
            conn.exec_driver_sql("DELETE FROM anonymous_choice WHERE canary = 1 AND at < ?", (at - _CANARY // _MICROSECOND,))
            conn.exec_driver_sql("DELETE FROM refused_visitor WHERE at <= ?", (late,))
