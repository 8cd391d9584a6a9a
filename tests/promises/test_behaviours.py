"""Every behaviour of every deployment: kept on the whole system, red under its own sabotage."""

from __future__ import annotations

import pytest

import troth.prove.behaviours  # noqa: F401  (entering the registry is what importing it does)
from tests.serving import Served
from troth.prove.registry import BEHAVIOURS, Behaviour
from troth.prove.sabotage import sabotaged
from troth.prove.world import Broken

DEPLOYMENTS = ("infinity",)

CASES = [
    pytest.param(deployment, behaviour, id=f"{deployment}-{behaviour.name}", marks=pytest.mark.promise(*ids))
    for behaviour in BEHAVIOURS.values()
    for deployment in DEPLOYMENTS
    if (ids := [id for id in behaviour.promises if id.startswith(f"{deployment}-")])
]


@pytest.mark.parametrize(("deployment", "behaviour"), CASES)
def test_the_promise_is_kept(served: Served, deployment: str, behaviour: Behaviour) -> None:
    behaviour.act(served.world(deployment))


@pytest.mark.parametrize(("deployment", "behaviour"), CASES)
def test_its_sabotage_turns_it_red(served: Served, deployment: str, behaviour: Behaviour) -> None:
    with sabotaged(behaviour.sabotage), pytest.raises(Broken):
        behaviour.act(served.world(deployment))
