"""Row 4: how fast is a decision, beside cedarpy and casbin on the same question?

The question: may this person's data serve this purpose, by how permission for it works and what the person said?
Half of the purposes ask first, half may be objected to. Policies are parsed beforehand on every side; each side
is asked one question at a time, and all answers are compared.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cedarpy

from bench.measure import Line, Size, at_least, at_most, seconds, told
from troth.base.clock import now
from troth.consent.record import State, Strength
from troth.consent.standing import Standing
from troth.gate.decide import MayUse, Permit, decide
from troth.gate.plan import Plan
from troth.policy.model import Permission, Policy
from troth.policy.parse import read_policy
from troth.policy.write import to_yaml
from troth.serve import EXAMPLES
from troth.workspace import parse_policy

SIZES = (10, 100, 1_000)
QUESTIONS = 400
LOADED = 100  # with 1,000 like these a policy is refused for its many notes
Ask = Callable[[int], bool]  # the number of a question to yes or no


@dataclass(frozen=True, slots=True)
class Case:
    """One question: a person who said yes to some purposes and no to others, and the purpose asked about."""

    purpose: int
    given: frozenset[int]
    refused: frozenset[int]


def decisions(size: Size) -> list[Line]:
    """The least lead over either of the two over all sizes, and how flat our side is."""
    ours: dict[int, list[float]] = {}
    lines: list[Line] = []
    beside: dict[str, dict[int, list[float]]] = {"cedarpy": {}, "casbin": {}}
    correct = True
    for purposes in SIZES:
        cases = _cases(purposes)
        sides = {"ours": _ours(purposes, cases), "cedarpy": _cedar(purposes, cases), "casbin": _casbin(purposes, cases)}
        correct &= all([ask(n) for n in range(QUESTIONS)] == [_expected(case) for case in cases] for ask in sides.values())
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(size.repeats):
            for name, ask in sides.items():
                times[name].append(_each(ask))
        ours[purposes] = times["ours"]
        for name, found in beside.items():
            found[purposes] = times[name]
    for name, found in beside.items():
        for purposes in SIZES:
            rates = ([1 / one for one in ours[purposes]], [1 / one for one in found[purposes]])
            lines.append(at_least(f"gate, {purposes} purposes, beside {name}", 4, *rates, "decisions/s", 20, correct))
    lines.append(_loading(size))
    lines.append(at_most("gate, 1,000 purposes beside 10", 4, [t * 1e6 for t in ours[1_000]], [t * 1e6 for t in ours[10]], "us", 1.5, correct))
    return lines


def _loading(size: Size) -> Line:
    """Where the other side wins: ours reads, checks and compiles a policy with far more in it than who may do what."""
    text, rules = to_yaml(_policy(LOADED)), _rules(LOADED)
    ours, beside = [], []
    for _ in range(size.repeats):
        ours.append(seconds(lambda: Plan(parse_policy(text))) * 1e3)
        beside.append(seconds(lambda: cedarpy.PolicySet.from_str(rules)) * 1e3)
    correct = {f"p{n}" for n in range(LOADED)} <= set(parse_policy(text).purposes)
    return told(
        f"gate, reading a policy of {LOADED} purposes, beside cedarpy", 4, ours, beside, "ms", correct, "once per policy version, not per decision"
    )


def _cases(purposes: int) -> list[Case]:
    draw = random.Random(purposes)
    people = []
    for _ in range(50):
        said = draw.sample(range(purposes), min(8, purposes))
        people.append((frozenset(said[:4]), frozenset(said[4:])))
    # Every other question is about a purpose that the person said something of.
    cases = []
    for number in range(QUESTIONS):
        given, refused = people[number % len(people)]
        about = draw.choice(sorted(given | refused)) if number % 2 else draw.randrange(purposes)
        cases.append(Case(about, given, refused))
    return cases


def _expected(case: Case) -> bool:
    return case.purpose in case.given if _asks_first(case.purpose) else case.purpose not in case.refused


def _asks_first(purpose: int) -> bool:
    return purpose % 2 == 0


def _each(ask: Ask) -> float:
    """Seconds a decision, over at least a fifth of a second."""
    asked, started = 0, time.perf_counter()
    while time.perf_counter() - started < 0.2:
        for number in range(QUESTIONS):
            ask(number)
        asked += QUESTIONS
    return (time.perf_counter() - started) / asked


def _policy(purposes: int) -> Policy:
    policy = read_policy(EXAMPLES / "infinity" / "policy.yaml")
    model = policy.purposes["site-analytics"]
    modes = [Permission.ASK_BEFORE if _asks_first(n) else Permission.MAY_OBJECT for n in range(purposes)]
    return replace(policy, purposes=dict(policy.purposes) | {f"p{n}": replace(model, id=f"p{n}", permission=mode) for n, mode in enumerate(modes)})


def _ours(purposes: int, cases: list[Case]) -> Ask:
    plan = Plan(_policy(purposes))
    standings: dict[tuple[frozenset[int], frozenset[int]], Standing] = {}
    for case in cases:
        states = {f"p{n}": State.GIVEN for n in case.given} | {f"p{n}": State.REFUSED for n in case.refused}
        signature = ("elsewhere", False, frozenset(states.items()), Strength.EXPLICIT)
        standings.setdefault((case.given, case.refused), Standing(7, 1, "site-visitor", "elsewhere", states=states, signature=signature))
    asked = [(MayUse(f"p{case.purpose}"), standings[(case.given, case.refused)]) for case in cases]
    at = now()
    return lambda n: isinstance(decide(asked[n][0], plan, asked[n][1], at), Permit)


def _rules(purposes: int) -> str:
    rules = []
    for n in range(purposes):
        condition = f'when {{ context.given.contains("p{n}") }}' if _asks_first(n) else f'unless {{ context.refused.contains("p{n}") }}'
        rules.append(f'permit(principal, action == Action::"use", resource == Purpose::"p{n}") {condition};')
    return "\n".join(rules)


def _cedar(purposes: int, cases: list[Case]) -> Ask:
    policies = cedarpy.PolicySet.from_str(_rules(purposes))
    entities = cedarpy.Entities.from_json_str("[]")
    requests = [
        {
            "principal": 'Subject::"7"', "action": 'Action::"use"', "resource": f'Purpose::"p{case.purpose}"',
            "context": {"given": [f"p{n}" for n in case.given], "refused": [f"p{n}" for n in case.refused]},
        }
        for case in cases
    ]
    return lambda n: bool(cedarpy.is_authorized(requests[n], policies, entities).allowed)


_CASBIN = """
[request_definition]
r = said, purpose
[policy_definition]
p = purpose, mode
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.purpose == p.purpose && permits(r.said, p.purpose, p.mode)
"""


def _casbin(purposes: int, cases: list[Case]) -> Ask:
    import logging

    import casbin  # type: ignore[import-untyped]

    logging.getLogger("casbin").setLevel(logging.WARNING)
    model = casbin.Model()
    model.load_model_from_text(_CASBIN)
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("permits", lambda said, purpose, mode: purpose in said[0] if mode == "ask-before" else purpose not in said[1])
    enforcer.add_policies([[f"p{n}", "ask-before" if _asks_first(n) else "may-object"] for n in range(purposes)])
    said = [(frozenset(f"p{n}" for n in case.given), frozenset(f"p{n}" for n in case.refused)) for case in cases]
    return lambda n: bool(enforcer.enforce(said[n], f"p{cases[n].purpose}"))
