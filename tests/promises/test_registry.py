"""The policy file names the proof of each promise, and the list of proofs agrees with it."""

from __future__ import annotations

from pathlib import Path

import troth.prove.behaviours
import troth.prove.sabotages  # noqa: F401
from troth.policy.parse import read_policy
from troth.prove.registry import BEHAVIOURS, proof_of
from troth.prove.sabotage import SABOTAGES

ROOT = Path(__file__).resolve().parents[2]


def test_every_promise_names_the_proof_it_has_and_no_other() -> None:
    policy = read_policy(ROOT / "examples/infinity/policy.yaml")
    for promise in policy.promises.values():
        names = [behaviour.name for behaviour in proof_of(promise.id)]
        assert (promise.proof in names) if names else promise.proof is None, promise.id


def test_every_proof_is_of_a_promise_there_is_and_names_a_sabotage_there_is() -> None:
    policy = read_policy(ROOT / "examples/infinity/policy.yaml")
    for behaviour in BEHAVIOURS.values():
        assert set(behaviour.promises) <= set(policy.promises), behaviour.name
        assert behaviour.sabotage in SABOTAGES, behaviour.name


def test_every_sabotage_is_some_proofs() -> None:
    used = {behaviour.sabotage for behaviour in BEHAVIOURS.values()}
    assert set(SABOTAGES) - used <= {"any-role", "count-robots", "serve-other-purposes", "show-those-who-said-no", "forget-choices"}


def test_at_least_sixty_promises_have_a_proof() -> None:
    assert len({id for behaviour in BEHAVIOURS.values() for id in behaviour.promises}) >= 60
