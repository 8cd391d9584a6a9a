"""Is every promise kept, now, here? Runs the proofs of a policy on the live system and remembers what they showed.

A promise without a proof is unproven, never kept. A promise that rests on a purpose the policy no longer has is
not in force. The latest result of each proof stands on the promises page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import httpx
from sqlalchemy import BigInteger, Column, Connection, Table, Text

import troth.prove.behaviours  # noqa: F401  (entering the registry is what importing it does)
from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.policy.model import Policy, Promise
from troth.prove.registry import BEHAVIOURS, Behaviour, proof_of
from troth.prove.world import Broken, World
from troth.rights.erasure import remove_canaries
from troth.workspace import Workspace

proof_result = Table(
    "proof_result",
    metadata,
    Column("behaviour", Text, primary_key=True),
    Column("holds", Text, nullable=False),  # yes, no
    Column("words", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)


class State(StrEnum):
    """How a promise stands."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNPROVEN = "unproven"
    NOT_RUN = "not-run"
    NOT_IN_FORCE = "not-in-force"


@dataclass(frozen=True, slots=True)
class PromiseState:
    """One promise with its proof and how it stands. `words` say what was seen when it is broken."""

    id: str
    clause: str
    sentence: str
    kind: str
    proof: str
    state: State
    words: str
    checked_at: str


def run_proofs(
    workspace: Workspace, base_url: str, each: Callable[[Behaviour, str], None] = lambda behaviour, words: None
) -> list[PromiseState]:
    """Run every proof of the policy in force through the doors at `base_url`; returns how each promise stands.

    `each` is told of every proof as it ends (empty words: it holds). The canaries it made are removed.
    """
    policy = workspace.policy
    with httpx.Client(base_url=base_url, timeout=30) as http:
        for behaviour in _due(policy):
            world = World(http, workspace.id, policy, workspace.access, canary=True, outbox=workspace.folder / "outbox")
            words = _run(behaviour, world)
            with workspace.state.write() as conn:
                _remember(conn, behaviour.name, words)
            each(behaviour, words)
    remove_canaries(workspace)
    return promise_states(workspace)


def _due(policy: Policy) -> Iterator[Behaviour]:
    """The proofs that some promise in force names."""
    for behaviour in BEHAVIOURS.values():
        if any(id in policy.promises and _in_force(policy, policy.promises[id]) for id in behaviour.promises):
            yield behaviour


def _run(behaviour: Behaviour, world: World) -> str:
    try:
        behaviour.act(world)
    except Broken as broken:
        return str(broken)
    except Exception as error:  # a proof that cannot be carried out shows nothing, so the promise is not shown kept
        return f"the proof could not be carried out ({type(error).__name__})"
    return ""


def _remember(conn: Connection, behaviour: str, words: str) -> None:
    conn.exec_driver_sql(
        "INSERT INTO proof_result (behaviour, holds, words, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (behaviour) DO UPDATE SET holds = excluded.holds, words = excluded.words, at = excluded.at",
        (behaviour, "no" if words else "yes", words, now_micros()),
    )


def promise_states(workspace: Workspace) -> list[PromiseState]:
    """How every promise of the policy in force stands by the latest results."""
    policy = workspace.policy
    with workspace.state.read() as conn:
        rows = conn.exec_driver_sql("SELECT behaviour, holds, words, at FROM proof_result").all()
    results = {row[0]: (row[1] == "yes", row[2], row[3]) for row in rows}
    return [_state(policy, promise, results) for promise in policy.promises.values()]


def _in_force(policy: Policy, promise: Promise) -> bool:
    return all(purpose in policy.purposes for purpose in promise.about)


def _state(policy: Policy, promise: Promise, results: dict[str, tuple[bool, str, int]]) -> PromiseState:
    proofs = proof_of(promise.id)
    names = ", ".join(behaviour.name for behaviour in proofs)
    kind = str(proofs[0].kind) if proofs else str(promise.kind or "")
    seen = [results[behaviour.name] for behaviour in proofs if behaviour.name in results]
    words, at = "", ""
    if not _in_force(policy, promise):
        state = State.NOT_IN_FORCE
    elif not proofs:
        state = State.UNPROVEN
    elif any(not holds for holds, _, _ in seen):
        state = State.BROKEN
        words = next(text for holds, text, _ in seen if not holds)
    else:
        state = State.PROVEN if len(seen) == len(proofs) else State.NOT_RUN
    if seen:
        at = instant(min(one[2] for one in seen)).isoformat(timespec="seconds")
    return PromiseState(promise.id, promise.clause, promise.sentence, kind, names, state, words, at)


def as_json(states: list[PromiseState]) -> list[dict[str, str]]:
    """For programs."""
    return [asdict(state) for state in states]



