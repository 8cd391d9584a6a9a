"""The policy files name the proofs of their promises, and every proof is one there is."""

from __future__ import annotations

import inspect

import pytest

import troth.prove.behaviours
import troth.prove.sabotages
import troth.prove.statics  # noqa: F401
from tests.promises.cases import DEPLOYMENTS, named, policy_of
from troth.policy.model import ProofKind
from troth.prove.registry import ANALYSES, BEHAVIOURS, analysis_named, behaviour_named, bound
from troth.prove.sabotage import SABOTAGES

AT_LEAST = 160
NAMES_OF_BUSINESSES = ("infi", "infinext", "infisim", "cxinfinity")


@pytest.mark.parametrize("deployment", DEPLOYMENTS)
def test_every_proof_a_policy_names_is_there_and_understands_what_it_is_told(deployment: str) -> None:
    for proof in named(deployment, ProofKind.PROBE):
        bound(behaviour_named(proof.name).act, proof.given)
    for proof in named(deployment, ProofKind.STATIC):
        bound(analysis_named(proof.name).find, proof.given)
        bound(analysis_named(proof.name).breaks, proof.given)


def test_a_promise_may_be_unproven_and_then_names_nothing() -> None:
    promises = [promise for deployment in DEPLOYMENTS for promise in policy_of(deployment).promises.values()]
    assert any(promise.proof is None for promise in promises)
    assert all((promise.kind is None) is (promise.proof is None) for promise in promises)


def test_every_behaviour_names_a_sabotage_there_is() -> None:
    assert {behaviour.sabotage for behaviour in BEHAVIOURS.values()} <= SABOTAGES.keys()


def test_every_sabotage_is_some_proofs() -> None:
    used = {behaviour.sabotage for behaviour in BEHAVIOURS.values()}
    assert set(SABOTAGES) - used <= {"any-role", "count-robots", "serve-other-purposes", "show-those-who-said-no", "forget-choices"}


def test_no_proof_knows_a_business() -> None:
    for function in (*(one.act for one in BEHAVIOURS.values()), *(one.find for one in ANALYSES.values()), *(one.breaks for one in ANALYSES.values())):
        source = inspect.getsource(function)
        assert not any(f'"{name}' in source or f"{name}-" in source for name in NAMES_OF_BUSINESSES), function.__name__


def test_enough_promises_have_a_proof() -> None:
    proofs = [proof for deployment in DEPLOYMENTS for kind in (ProofKind.PROBE, ProofKind.STATIC) for proof in named(deployment, kind)]
    proven = {id for proof in proofs for id in proof.promises}
    assert len(proven) >= AT_LEAST
