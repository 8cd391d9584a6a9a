"""Which sentences did we promise, which of them are proven, and what do they rest on? Helpers over a policy's promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.policy.model import Policy, Promise, ProofKind


def by_clause(policy: Policy) -> Mapping[str, tuple[Promise, ...]]:
    """Promises under the clause they come from, in the order of the file."""
    clauses: dict[str, list[Promise]] = {}
    for promise in policy.promises.values():
        clauses.setdefault(promise.clause, []).append(promise)
    return {clause: tuple(promises) for clause, promises in clauses.items()}


def unproven(policy: Policy) -> tuple[Promise, ...]:
    """Promises that name no proof."""
    return tuple(promise for promise in policy.promises.values() if promise.proof is None)


def by_proof(policy: Policy) -> Mapping[tuple[ProofKind, str], tuple[Promise, ...]]:
    """Promises by the proof they name: running a proof once settles all of its promises."""
    proofs: dict[tuple[ProofKind, str], list[Promise]] = {}
    for promise in policy.promises.values():
        if promise.kind is not None and promise.proof is not None:
            proofs.setdefault((promise.kind, promise.proof), []).append(promise)
    return {proof: tuple(promises) for proof, promises in proofs.items()}


def about(policy: Policy, purpose: str) -> tuple[Promise, ...]:
    """Promises that rest on a purpose, whether the policy still has it or not."""
    return tuple(promise for promise in policy.promises.values() if purpose in promise.about)


def idle(policy: Policy) -> tuple[Promise, ...]:
    """Promises that rest on purposes, all of which are gone: there is nothing left that could keep or break them."""
    return tuple(promise for promise in policy.promises.values() if promise.about and not _living(policy, promise.about))


def _living(policy: Policy, purposes: Iterable[str]) -> bool:
    return any(purpose in policy.purposes for purpose in purposes)
