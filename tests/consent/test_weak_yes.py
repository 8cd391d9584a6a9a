"""Does a yes that nobody pressed count only where it may? The gate's side of `implied` and `by-use`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.promises.cases import policy_of
from troth.consent.record import WEAK, State, Strength
from troth.consent.standing import Standing, saying, without_yes
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.model import Permission, permission_under, wants_one_given

POLICY = policy_of("infisim")
PLAN = Plan(POLICY)
ASKED = [one.id for one in POLICY.purposes.values() if one.permission is Permission.ASK_BEFORE]


def _person(regime: str, yes: set[str], weakly: set[str]) -> Standing:
    bare = Standing(7, 1, "site-visitor", regime, given_at=dict.fromkeys(yes, 1), weakly=frozenset(weakly & yes))
    return saying(bare, dict.fromkeys(yes, State.GIVEN), Strength.IMPLIED)


@given(st.sampled_from(sorted(POLICY.regimes)), st.sets(st.sampled_from(ASKED)), st.sets(st.sampled_from(ASKED)))
def test_a_weak_yes_permits_what_a_given_one_does_but_never_where_the_law_wants_one_given(regime: str, yes: set[str], weakly: set[str]) -> None:
    strong, weak = _person(regime, yes, set()), _person(regime, yes, weakly)
    for id in ASKED:
        purpose = POLICY.purposes[id]
        floor = wants_one_given(POLICY, purpose, regime)
        unheard = id in yes and id in weakly and floor
        assert PLAN.denial(purpose, weak) is (Reason.NOT_ASKED if unheard else PLAN.denial(purpose, strong))


def test_the_law_asks_for_a_given_yes_unless_a_policy_runs_below_its_floor() -> None:
    purpose = POLICY.purposes["site-analytics"]
    assert wants_one_given(POLICY, purpose, "gdpr") and not wants_one_given(POLICY, purpose, "elsewhere")
    assert permission_under(POLICY, purpose, "elsewhere") is Permission.ASK_BEFORE
    lowered = replace(purpose, below_floor=object())  # type: ignore[arg-type]
    assert not wants_one_given(POLICY, lowered, "gdpr")


def test_an_unheard_yes_is_weak_no_more() -> None:
    person = _person("gdpr", set(ASKED[:2]), set(ASKED[:2]))
    assert without_yes(person, ASKED[:1]).weakly == {ASKED[1]}


@pytest.mark.parametrize("strength", list(Strength))
def test_only_what_was_read_from_an_act_is_weak(strength: Strength) -> None:
    assert (strength in WEAK) is (strength in (Strength.IMPLIED, Strength.BY_USE))
