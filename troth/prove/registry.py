"""Which proofs are there, and which promise does each prove? Two closed lists; the policy file says which promise names which.

A *behaviour* acts on a running workspace through its public doors and raises `Broken` when a promise does not hold; it
names the sabotage of the system that must turn it red. An *analysis* looks at a policy and what follows from it, and
yields what does not hold; it brings a change of the policy that must turn it red. What a promise tells its proof
(`with:`) arrives as keyword arguments. No proof knows a business.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from troth.policy.model import Policy, Promise, ProofKind

Given = Mapping[str, tuple[str, ...]]
Act = Callable[..., None]
Find = Callable[..., Iterable[str]]
Break = Callable[..., Policy]


class Unfit(Exception):
    """A promise names a proof that does not exist, or tells it what it does not understand."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A proof that acts. `sabotage` names what must turn it red."""

    name: str
    sabotage: str
    act: Act
    kind: ProofKind = ProofKind.PROBE


@dataclass(frozen=True, slots=True)
class Analysis:
    """A proof that reads. `breaks` makes a policy for which it must find something."""

    name: str
    find: Find
    breaks: Break
    kind: ProofKind = ProofKind.STATIC


@dataclass(frozen=True, slots=True)
class Named:
    """One proof as promises name it: what they tell it, and which promises they are."""

    kind: ProofKind
    name: str
    given: Given
    promises: tuple[str, ...]

    @property
    def key(self) -> str:
        """What its result is remembered by."""
        return f"{self.name} {json.dumps(self.given, sort_keys=True)}" if self.given else self.name


BEHAVIOURS: dict[str, Behaviour] = {}
ANALYSES: dict[str, Analysis] = {}


def proves(*, sabotage: str, kind: ProofKind = ProofKind.PROBE) -> Callable[[Act], Act]:
    """Enter a function of a world as a behaviour."""

    def enter(act: Act) -> Act:
        behaviour = Behaviour(_name(act), sabotage, act, kind)
        if behaviour.name in BEHAVIOURS:
            raise ValueError(f"two proofs are named {behaviour.name}")
        BEHAVIOURS[behaviour.name] = behaviour
        return act

    return enter


def proves_static(*, breaks: Break, name: str = "") -> Callable[[Find], Find]:
    """Enter a function of a policy as an analysis, under its own name or another."""

    def enter(find: Find) -> Find:
        analysis = Analysis(name or _name(find), find, breaks)
        if analysis.name in ANALYSES:
            raise ValueError(f"two proofs are named {analysis.name}")
        ANALYSES[analysis.name] = analysis
        return find

    return enter


def _name(function: Callable[..., Any]) -> str:
    return function.__name__.replace("_", "-")


def proofs_named(policy: Policy) -> list[Named]:
    """Every proof that a promise in force names, once, with the promises it proves."""
    found: dict[str, tuple[Promise, list[str]]] = {}
    for promise in policy.promises.values():
        if promise.kind and promise.proof and in_force(policy, promise):
            found.setdefault(f"{promise.kind} {key_of(promise)}", (promise, []))[1].append(promise.id)
    return [Named(promise.kind or ProofKind.PROBE, promise.proof or "", promise.given, tuple(ids)) for promise, ids in found.values()]


def key_of(promise: Promise) -> str:
    """What the result of a promise's proof is remembered by."""
    return Named(promise.kind or ProofKind.PROBE, promise.proof or "", promise.given, ()).key


def in_force(policy: Policy, promise: Promise) -> bool:
    """Whether the policy still has every purpose the promise rests on."""
    return all(purpose in policy.purposes for purpose in promise.about)


def behaviour_named(name: str) -> Behaviour:
    """The behaviour of that name; raises Unfit."""
    if name not in BEHAVIOURS:
        raise Unfit(f"there is no proof {name} that acts")
    return BEHAVIOURS[name]


def analysis_named(name: str) -> Analysis:
    """The analysis of that name; raises Unfit."""
    if name not in ANALYSES:
        raise Unfit(f"there is no proof {name} by analysis")
    return ANALYSES[name]


def failures(policy: Policy, name: str, given: Given) -> list[str]:
    """What an analysis finds wrong with a policy: nothing, when the promise holds. Raises Unfit."""
    analysis = analysis_named(name)
    return list(analysis.find(policy, **bound(analysis.find, given)))


def broken(policy: Policy, name: str, given: Given) -> Policy:
    """The policy, broken so that the analysis of that name must find something. Raises Unfit."""
    analysis = analysis_named(name)
    return analysis.breaks(policy, **bound(analysis.breaks, given))


def bound(function: Callable[..., Any], given: Given) -> dict[str, Any]:
    """What a promise tells, as the proof's keyword arguments: one word or several, as the proof takes it. Raises Unfit."""
    wanted = dict(_settings(function))
    unknown = sorted(given.keys() - wanted.keys())
    missing = sorted(name for name, parameter in wanted.items() if parameter.default is parameter.empty and name not in given)
    if unknown or missing:
        raise Unfit(f"{_name(function)} does not know the setting {unknown[0]}" if unknown else f"{_name(function)} needs the setting {missing[0]}")
    return {name: _fitted(name, words, wanted[name]) for name, words in given.items()}


def _settings(function: Callable[..., Any]) -> Iterator[tuple[str, inspect.Parameter]]:
    parameters = iter(inspect.signature(function).parameters.items())
    next(parameters)  # the policy or the world
    yield from parameters


def _fitted(name: str, words: tuple[str, ...], parameter: inspect.Parameter) -> Any:
    if parameter.annotation == "tuple[str, ...]":
        return words
    if len(words) != 1:
        raise Unfit(f"the setting {name} is one word")
    return int(words[0]) if parameter.annotation == "int" and words[0].isdigit() else words[0]
