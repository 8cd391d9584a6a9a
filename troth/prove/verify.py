"""Is every promise kept, now, here? Runs the proofs that a policy names and remembers what they showed.

Analyses read the policy; behaviours act on the live system as made-up people, who are removed afterwards. A promise
that names no proof is unproven, never kept; one that names a proof there is not is broken. A promise that rests on a
purpose the policy no longer has is not in force. The latest result of each proof stands on the promises page.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

import httpx
from sqlalchemy import BigInteger, Column, Connection, Table, Text

import troth.prove.behaviours
import troth.prove.statics  # noqa: F401  (entering the registry is what importing them does)
from troth.base.clock import instant, now, now_micros
from troth.base.database import metadata
from troth.policy.model import Policy, Promise, ProofKind
from troth.policy.words import day
from troth.prove.attest import Attestation, attestations
from troth.prove.registry import Named, Unfit, behaviour_named, bound, failures, in_force, key_of, proofs_named
from troth.prove.staff import hiring
from troth.prove.world import Broken, World
from troth.rights.erasure import remove_canaries
from troth.workspace import House, Workspace

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
    ATTESTED = "attested"
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


Told = Callable[[Named, str], None]


def run_proofs(workspace: Workspace, base_url: str, each: Told = lambda proof, words: None) -> list[PromiseState]:
    """Run every proof the policy in force names, acting through the doors at `base_url`; returns how each promise stands.

    `each` is told of every proof as it ends (empty words: it holds). The canaries it made are removed.
    """
    policy, served = workspace.policy, House(workspace.settings)
    with closing(served), httpx.Client(base_url=base_url, timeout=30) as http:
        clients = served.clients_of(workspace.id)
        for proof in (one for one in proofs_named(policy) if one.kind is not ProofKind.ATTESTED):
            world = replace(_world(http, workspace), clients=tuple(_world(http, client) for client in clients), hire=hiring(workspace))
            words = _run(proof, policy, world)
            with workspace.state.write() as conn:
                _remember(conn, _place(policy, proof.kind, proof.key), words)
            each(proof, words)
        for one in (workspace, *clients):
            remove_canaries(one)
    return promise_states(workspace)


def _world(http: httpx.Client, workspace: Workspace) -> World:
    return World(http, workspace.id, workspace.policy, workspace.access, canary=True, outbox=workspace.folder / "outbox")


def _run(proof: Named, policy: Policy, world: World) -> str:
    """What a proof shows to be wrong, in words; nothing when the promises that name it hold."""
    match proof.kind:
        case ProofKind.STATIC:
            return _analysed(proof, policy)
        case ProofKind.PROBE:
            return _shown(lambda: _act(proof, world))
        case _:
            return f"there is no proof of the kind {proof.kind}"


def _analysed(proof: Named, policy: Policy) -> str:
    return _shown(lambda: next(iter(failures(policy, proof.name, proof.given)), ""))


def _act(proof: Named, world: World) -> str:
    act = behaviour_named(proof.name).act
    act(world, **bound(act, proof.given))
    return ""


def _shown(proof: Callable[[], str]) -> str:
    try:
        return proof()
    except (Broken, Unfit) as shown:
        return str(shown)
    except Exception as error:  # a proof that cannot be carried out shows nothing, so the promise is not shown kept
        return f"the proof could not be carried out ({type(error).__name__})"


def _place(policy: Policy, kind: ProofKind, key: str) -> str:
    """What a result is remembered by; an analysis shows something of one version alone."""
    return f"static {key} of version {policy.version}" if kind is ProofKind.STATIC else key


def _remember(conn: Connection, place: str, words: str) -> None:
    conn.exec_driver_sql(
        "INSERT INTO proof_result (behaviour, holds, words, at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (behaviour) DO UPDATE SET holds = excluded.holds, words = excluded.words, at = excluded.at",
        (place, "no" if words else "yes", words, now_micros()),
    )


def promise_states(workspace: Workspace) -> list[PromiseState]:
    """How every promise of the policy in force stands by the latest results. A version not analysed yet is, now."""
    policy = workspace.policy
    results = _results(workspace)
    fresh = {_place(policy, proof.kind, proof.key): proof for proof in proofs_named(policy) if proof.kind is ProofKind.STATIC}
    new = {place: _analysed(proof, policy) for place, proof in fresh.items() if place not in results}
    if new:
        with workspace.state.write() as conn:
            for place, words in new.items():
                _remember(conn, place, words)
        results = _results(workspace)
    with workspace.state.read() as conn:
        given = attestations(conn)
    return [_vouched(state, given.get(state.id)) if state.kind == ProofKind.ATTESTED else state for state in
            (_state(policy, promise, results) for promise in policy.promises.values())]  # fmt: skip


def _vouched(state: PromiseState, word: Attestation | None) -> PromiseState:
    """A promise that asks for somebody's word: attested while it holds, unproven without it. It is never proven."""
    if state.state is State.NOT_IN_FORCE:
        return state
    if word is None:
        return replace(state, state=State.UNPROVEN, words="nobody vouches for it yet")
    if not word.holds_on(now().date()):
        return replace(state, state=State.UNPROVEN, words=f"nobody vouches for it any more, since {day(word.until)}")
    return replace(state, state=State.ATTESTED, words=word.in_words())


Results = dict[str, tuple[bool, str, int]]


def _results(workspace: Workspace) -> Results:
    with workspace.state.read() as conn:
        rows = conn.exec_driver_sql("SELECT behaviour, holds, words, at FROM proof_result").all()
    return {row[0]: (row[1] == "yes", row[2], row[3]) for row in rows}


def _state(policy: Policy, promise: Promise, results: Results) -> PromiseState:
    kind, name = str(promise.kind or ""), promise.proof or ""
    seen = results.get(_place(policy, promise.kind, key_of(promise))) if promise.kind and name else None
    words = ""
    if not in_force(policy, promise):
        state = State.NOT_IN_FORCE
    elif not name:
        state = State.UNPROVEN
    elif seen is None:
        state = State.NOT_RUN
    else:
        state, words = (State.PROVEN, "") if seen[0] else (State.BROKEN, seen[1])
    at = instant(seen[2]).isoformat(timespec="seconds") if seen else ""
    return PromiseState(promise.id, promise.clause, promise.sentence, kind, name, state, words, at)


def as_json(states: list[PromiseState]) -> list[dict[str, str]]:
    """For programs."""
    return [asdict(state) for state in states]
