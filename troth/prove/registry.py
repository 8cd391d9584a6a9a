"""Which proofs are there, and which promise does each prove? A closed list, filled by the files in `troth.prove.behaviours`.

A behaviour is one function over a `World`; it raises `Broken` when the promise does not hold. Each names the
sabotage that must turn it red.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from troth.policy.model import ProofKind
from troth.prove.world import World


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One proof: the promises it proves, how, and the sabotage that breaks it."""

    name: str
    promises: tuple[str, ...]
    kind: ProofKind
    sabotage: str
    act: Callable[[World], None]


BEHAVIOURS: dict[str, Behaviour] = {}


def proves(*promises: str, sabotage: str, kind: ProofKind = ProofKind.PROBE) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    """Enter a function as the proof of promises."""

    def enter(act: Callable[[World], None]) -> Callable[[World], None]:
        name = act.__name__.replace("_", "-")
        if name in BEHAVIOURS:
            raise ValueError(f"two proofs are named {name}")
        BEHAVIOURS[name] = Behaviour(name, promises, kind, sabotage, act)
        return act

    return enter


def proof_of(promise: str) -> list[Behaviour]:
    """The behaviours that prove a promise; all must hold."""
    return [behaviour for behaviour in BEHAVIOURS.values() if promise in behaviour.promises]
