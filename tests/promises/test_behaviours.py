"""Every behaviour that a deployment's policy names: kept on the whole system, red under its own sabotage."""

from __future__ import annotations

import pytest

from tests.promises.cases import cases
from tests.serving import Served
from troth.policy.model import ProofKind
from troth.prove.registry import Named, behaviour_named, bound
from troth.prove.sabotage import sabotaged
from troth.prove.world import Broken


def _act(served: Served, deployment: str, proof: Named) -> None:
    act = behaviour_named(proof.name).act
    act(served.world(deployment), **bound(act, proof.given))


@pytest.mark.parametrize(("deployment", "proof"), cases(ProofKind.PROBE))
def test_the_promise_is_kept(served: Served, deployment: str, proof: Named) -> None:
    _act(served, deployment, proof)


@pytest.mark.parametrize(("deployment", "proof"), cases(ProofKind.PROBE))
def test_its_sabotage_turns_it_red(served: Served, deployment: str, proof: Named) -> None:
    with sabotaged(behaviour_named(proof.name).sabotage), pytest.raises(Broken):
        _act(served, deployment, proof)
