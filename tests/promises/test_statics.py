"""Every analysis that a deployment's policy names: nothing is wrong with the policy, and something is with one broken in that behaviour."""

from __future__ import annotations

import pytest

from tests.promises.cases import cases, policy_of
from troth.policy.model import ProofKind
from troth.prove.registry import ANALYSES, Named, Unfit, bound, broken, failures


@pytest.mark.parametrize(("deployment", "proof"), cases(ProofKind.STATIC))
def test_the_policy_keeps_it(deployment: str, proof: Named) -> None:
    assert failures(policy_of(deployment), proof.name, proof.given) == []


@pytest.mark.parametrize(("deployment", "proof"), cases(ProofKind.STATIC))
def test_a_policy_broken_in_it_turns_it_red(deployment: str, proof: Named) -> None:
    assert failures(broken(policy_of(deployment), proof.name, proof.given), proof.name, proof.given)


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_every_analysis_says_what_it_shows_and_is_broken_by_what_it_is_told(name: str) -> None:
    analysis = ANALYSES[name]
    assert (analysis.find.__doc__ or "").strip().endswith("."), name


def test_an_analysis_that_is_told_too_much_or_too_little_is_refused() -> None:
    collects = ANALYSES["collects"].find
    with pytest.raises(Unfit, match="needs the setting items"):
        bound(collects, {})
    with pytest.raises(Unfit, match="does not know the setting colour"):
        bound(collects, {"items": ("page.route",), "colour": ("red",)})
    with pytest.raises(Unfit, match="the setting purpose is one word"):
        bound(collects, {"items": ("page.route",), "purpose": ("a", "b")})
    with pytest.raises(Unfit, match="there is no proof no-such-thing by analysis"):
        failures(policy_of("infinity"), "no-such-thing", {})
