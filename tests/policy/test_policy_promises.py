"""Is every promise of infinity's policy in its file, under its clause, in words a visitor understands?"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from policy_edits import EXAMPLES, entry, without

from troth.policy import promises
from troth.policy.finding import Code
from troth.policy.model import ProofKind
from troth.policy.packs import adequacy, categories, countries, regimes
from troth.policy.parse import parse, read_policy

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
BARE = re.sub(r", proof: \{(?:[^{}]|\{[^{}]*\})*\}", "", (EXAMPLES / "infinity" / "policy.yaml").read_text("utf-8"))  # before any proof is named
PAGE = Path(__file__).parents[2] / "docs" / "policy-errors.md"


def test_all_128_promises_are_there_once() -> None:
    assert list(INFINITY.promises) == [f"infinity-{number:03}" for number in range(1, 129)]


def test_each_promise_is_one_short_sentence_of_its_own() -> None:
    sentences = [promise.sentence for promise in INFINITY.promises.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert sentence.endswith("."), sentence
        assert len(sentence) <= 140, sentence


def test_a_promise_names_only_purposes_there_are() -> None:
    assert {purpose for promise in INFINITY.promises.values() for purpose in promise.about} <= INFINITY.purposes.keys()


def test_the_contradictions_of_the_text_have_a_chosen_reading() -> None:
    assert len(INFINITY.readings) >= 4
    assert all(reading.conflict and reading.chosen and reading.why for reading in INFINITY.readings.values())


@pytest.mark.parametrize("kind", list(ProofKind))
def test_a_proof_is_one_kind_and_a_name(kind: ProofKind) -> None:
    policy, _ = parse(BARE.replace("infinity-042: {", f"infinity-042: {{proof: {{{kind}: no-sale}}, "))
    assert policy is not None
    promise = policy.promises["infinity-042"]
    assert (promise.kind, promise.proof) == (kind, "no-sale")
    assert promises.by_proof(policy) == {(kind, "no-sale"): (promise,)}
    assert promise not in promises.unproven(policy)


@pytest.mark.parametrize("proof", ["{}", "{probe: a, audit: b}", "{guess: a}", "probe", "{probe: [a]}"])
def test_a_proof_of_no_kind_or_two_is_refused(proof: str) -> None:
    assert parse(BARE.replace("infinity-042: {", f"infinity-042: {{proof: {proof}, "))[0] is None


def test_a_promise_without_a_proof_is_noted_and_published() -> None:
    policy, findings = parse(BARE)
    assert policy is not None
    noted = {finding.message.split("`")[1] for finding in findings if finding.code is Code.UNPROVEN}
    assert noted == {promise.id for promise in promises.unproven(policy)}


def test_promises_are_found_by_clause_and_by_purpose() -> None:
    assert [promise.id for promise in promises.about(INFINITY, "call-journey")] == ["infinity-097", "infinity-100", "infinity-101"]
    clauses = promises.by_clause(INFINITY)
    assert sum(map(len, clauses.values())) == 128
    assert [promise.id for promise in clauses["§10 Children"]] == ["infinity-087", "infinity-088"]


def test_promises_about_a_purpose_that_is_gone_are_idle() -> None:
    assert promises.idle(INFINITY) == ()
    assert [promise.id for promise in promises.idle(without("purposes", "call-journey")(INFINITY))] == ["infinity-100", "infinity-101"]
    unproven = entry("promises", "infinity-001", kind=None, proof=None)(replace(INFINITY))
    assert "infinity-001" in {promise.id for promise in promises.unproven(unproven)}


def test_every_finding_code_has_its_line_on_the_page() -> None:
    explained = re.findall(r"^\| `([a-z0-9-]+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert explained == [str(code) for code in Code]


def test_the_packs_agree_with_one_another() -> None:
    assert {"gdpr", "uk", "california", "elsewhere"} <= regimes().keys()
    named = {code for law in regimes().values() for code in law.countries if code != "*"}
    assert named | set(adequacy().home) | set(adequacy().adequate) <= countries().keys()
    assert set(categories().special) <= categories().data.keys()
    assert adequacy().to_check


def test_the_categories_are_those_of_the_taxonomy() -> None:
    taxonomy = pytest.importorskip("fideslang.default_taxonomy").DEFAULT_TAXONOMY
    assert {category.fides_key for category in taxonomy.data_category} == categories().data.keys()
    assert {category.fides_key for category in taxonomy.data_subject} == categories().subjects.keys()
