"""Which proofs does which deployment's policy name? The cases of every test of this folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

import troth.prove.behaviours
import troth.prove.statics  # noqa: F401  (entering the registry is what importing them does)
from troth.policy.model import Policy, ProofKind
from troth.policy.parse import read_policy
from troth.prove.registry import Named, proofs_named

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS = tuple(name for name in ("infinity", "cxinfinity", "infi", "infinext", "infisim") if (ROOT / f"examples/{name}/policy.yaml").exists())


@lru_cache(maxsize=len(DEPLOYMENTS) or 1)
def policy_of(deployment: str) -> Policy:
    """A deployment's policy."""
    return read_policy(ROOT / "examples" / deployment / "policy.yaml")


def named(deployment: str, kind: ProofKind) -> list[Named]:
    """The proofs of a kind that a deployment's policy names."""
    return [proof for proof in proofs_named(policy_of(deployment)) if proof.kind is kind]


def cases(kind: ProofKind) -> list[ParameterSet]:
    """One case for each proof of each deployment, marked with the promises it proves."""
    return [_case(deployment, proof) for deployment in DEPLOYMENTS for proof in named(deployment, kind)]


def _case(deployment: str, proof: Named) -> ParameterSet:
    number = proof.promises[0].rpartition("-")[2]
    return pytest.param(deployment, proof, id=f"{deployment}-{number}-{proof.name}", marks=pytest.mark.promise(*proof.promises))
