"""A promise that software cannot show: somebody vouches on a document until a day, and nobody calls it proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.keeping import Place, a_place, infinity_policy
from troth.base.errors import Fault
from troth.policy.model import Policy, ProofKind
from troth.prove.attest import attest
from troth.prove.verify import PromiseState, State, promise_states

ASKED = "infinity-127"
GUARDED = {"operator": "odile", "document": "walls.pdf", "content": b"signed", "until": date(2026, 12, 31), "not_shown": "each rule of the wall"}


def _asking(policy: Policy) -> Policy:
    asked = replace(policy.promises[ASKED], kind=ProofKind.ATTESTED, proof="network-review")
    return replace(policy, promises={**policy.promises, ASKED: asked})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Infinity with one promise that asks for somebody's word."""
    with a_place(tmp_path, _asking(infinity_policy())) as found:
        yield found


def _state(place: Place) -> PromiseState:
    return next(state for state in promise_states(place.workspace) if state.id == ASKED)


def test_a_promise_that_waits_for_somebodys_word_is_unproven(place: Place) -> None:
    assert _state(place).state is State.UNPROVEN and _state(place).words == "nobody vouches for it yet"


def test_a_word_holds_until_its_day_and_says_what_was_not_shown(place: Place) -> None:
    attest(place.workspace, ASKED, **GUARDED)  # type: ignore[arg-type]
    found = _state(place)
    assert found.state is State.ATTESTED
    assert found.words == "odile vouches for this until 31 December 2026, on the document walls.pdf. Not shown: each rule of the wall"
    assert place.ledger("operator-act")[-1]["promise"] == ASKED
    place.clock.pass_by(timedelta(days=45))
    assert _state(place).state is State.UNPROVEN and "any more" in _state(place).words


def test_a_newer_word_takes_the_place_of_the_older(place: Place) -> None:
    attest(place.workspace, ASKED, **GUARDED)  # type: ignore[arg-type]
    attest(place.workspace, ASKED, **{**GUARDED, "operator": "otto", "until": date(2027, 6, 30)})  # type: ignore[arg-type]
    assert _state(place).words.startswith("otto vouches for this until 30 June 2027")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"content": b""}, "document-missing"), ({"not_shown": " "}, "not-shown-missing"), ({"operator": ""}, "name-missing"),
        ({"until": date(2026, 11, 1)}, "bad-until"), ({"until": date(2029, 1, 1)}, "bad-until"),
    ],
)  # fmt: skip
def test_a_word_without_its_parts_is_refused(place: Place, change: dict[str, object], code: str) -> None:
    with pytest.raises(Fault) as refused:
        attest(place.workspace, ASKED, **{**GUARDED, **change})  # type: ignore[arg-type]
    assert refused.value.code == code and _state(place).state is State.UNPROVEN


@pytest.mark.parametrize(("promise", "code"), [("infinity-042", "not-to-be-attested"), ("nobody-001", "no-such-promise")])
def test_nobody_vouches_for_what_a_proof_must_show(place: Place, promise: str, code: str) -> None:
    with pytest.raises(Fault) as refused:
        attest(place.workspace, promise, **GUARDED)  # type: ignore[arg-type]
    assert refused.value.code == code
