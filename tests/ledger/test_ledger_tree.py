"""Are the tree's roots and proofs those of RFC 6962, and does every wrong one fail?"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.ledger import tree, verifier
from troth.ledger.tree import Frontier, ProofInvalid, leaf_hash, node_hash

VECTORS: list[dict[str, Any]] = json.loads((Path(__file__).parent / "data" / "rfc6962_vectors.json").read_text())
CHECKERS = [
    pytest.param(tree.verify_inclusion, tree.verify_consistency, id="tree"),
    pytest.param(verifier.check_inclusion, verifier.check_consistency, id="offline verifier"),
]
SIZES = st.integers(1, 70)


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 196
    assert sum(not case["wantErr"] for case in VECTORS) == 12


@pytest.mark.parametrize(("inclusion", "consistency"), CHECKERS)
@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["case"])
def test_every_vector_comes_out_as_published(
    case: dict[str, Any], inclusion: Callable[..., None], consistency: Callable[..., None]
) -> None:
    proof = [b64decode(one) for one in case["proof"] or []]

    def check() -> None:
        if "leafIdx" in case:
            inclusion(b64decode(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, b64decode(case["root"]))
        else:
            consistency(case["size1"], case["size2"], proof, b64decode(case["root1"]), b64decode(case["root2"]))

    if case["wantErr"]:
        with pytest.raises((ProofInvalid, verifier.DoesNotHold)):
            check()
    else:
        check()


@pytest.mark.parametrize(("inclusion", "consistency"), CHECKERS)
def test_bytes_cannot_be_moved_from_one_hash_to_its_neighbour(inclusion: Callable[..., None], consistency: Callable[..., None]) -> None:
    left, right = leaf_hash(b"left"), leaf_hash(b"right")
    root = node_hash(left, right)
    inclusion(left, 0, 2, [right], root)
    consistency(1, 2, [right], left, root)
    with pytest.raises((ProofInvalid, verifier.DoesNotHold)):
        inclusion(left + right[:1], 0, 2, [right[1:]], root)
    with pytest.raises((ProofInvalid, verifier.DoesNotHold)):
        consistency(1, 2, [right[1:]], left + right[:1], root)


# The model: RFC 6962 section 2.1, word for word and slow.


def split(leaves: Sequence[bytes]) -> int:
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return k


def model_root(leaves: Sequence[bytes]) -> bytes:
    if len(leaves) == 0:
        return tree.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(leaves)
    return node_hash(model_root(leaves[:k]), model_root(leaves[k:]))


def model_path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(leaves)
    if m < k:
        return [*model_path(m, leaves[:k]), model_root(leaves[k:])]
    return [*model_path(m - k, leaves[k:]), model_root(leaves[:k])]


def model_consistency(m: int, leaves: Sequence[bytes], whole: bool = True) -> list[bytes]:
    if m == len(leaves):
        return [] if whole else [model_root(leaves)]
    k = split(leaves)
    if m <= k:
        return [*model_consistency(m, leaves[:k], whole), model_root(leaves[k:])]
    return [*model_consistency(m - k, leaves[k:], False), model_root(leaves[:k])]


def some_leaves(size: int) -> list[bytes]:
    return [leaf_hash(b"entry %d" % number) for number in range(size)]


def grown(leaves: Sequence[bytes]) -> tuple[Frontier, tree.FindHash]:
    """A frontier that appended these leaves, and what it said to store."""
    frontier, stored = Frontier(), {(0, index): leaf for index, leaf in enumerate(leaves)}
    for leaf in leaves:
        stored |= {(level, index): found for level, index, found in frontier.append(leaf)}
    return frontier, lambda level, index: stored[level, index]


def test_the_empty_tree_has_the_root_that_the_standard_names() -> None:
    assert Frontier().root().hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert tree.root_at(0, lambda level, index: b"") == Frontier().root()


@given(SIZES)
def test_a_growing_tree_has_the_roots_of_the_model(size: int) -> None:
    leaves = some_leaves(size)
    frontier, find = grown(leaves)
    assert frontier.root() == model_root(leaves)
    assert [tree.root_at(one, find) for one in range(size + 1)] == [model_root(leaves[:one]) for one in range(size + 1)]


@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_model_and_hold(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(index, size, grown(leaves)[1])
    assert proof == model_path(index, leaves)
    tree.verify_inclusion(leaves[index], index, size, proof, model_root(leaves))


@given(SIZES, st.data())
def test_consistency_proofs_are_those_of_the_model_and_hold(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    old = data.draw(st.integers(1, size))
    proof = tree.consistency_proof(old, size, grown(leaves)[1])
    assert proof == model_consistency(old, leaves)
    tree.verify_consistency(old, size, proof, model_root(leaves[:old]), model_root(leaves))


@given(st.integers(2, 70), st.data())
def test_a_changed_lost_or_reordered_leaf_gives_another_root_and_no_proof(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    at = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda one: one != at))
    changed, lost, reordered = list(leaves), list(leaves), list(leaves)
    changed[at] = leaf_hash(b"something else")
    del lost[at]
    reordered[at], reordered[other] = leaves[other], leaves[at]
    root = model_root(leaves)
    for wrong in (changed, lost, reordered):
        assert grown(wrong)[0].root() != root
        with pytest.raises(ProofInvalid):
            tree.verify_consistency(len(wrong), size + 1, model_consistency(len(wrong), [*leaves, root]), model_root(wrong), root)
    with pytest.raises(ProofInvalid):
        tree.verify_inclusion(changed[at], at, size, model_path(at, leaves), root)
    with pytest.raises(ProofInvalid):
        tree.verify_inclusion(leaves[at], other, size, model_path(at, leaves), root)


@given(st.integers(2, 70), st.data())
def test_a_proof_with_one_bit_changed_or_one_step_lost_fails(size: int, data: st.DataObject) -> None:
    leaves = some_leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = model_path(index, leaves)
    step, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    flipped = list(proof)
    flipped[step] = (int.from_bytes(proof[step]) ^ (1 << bit)).to_bytes(32)
    for wrong in (flipped, proof[:step] + proof[step + 1 :], [*proof, proof[step]]):
        with pytest.raises(ProofInvalid):
            tree.verify_inclusion(leaves[index], index, size, wrong, model_root(leaves))


@pytest.mark.parametrize(("size", "peaks"), [(1, []), (3, [b"x" * 32]), (1, [b"short"]), (-1, [])])
def test_a_frontier_that_cannot_be_is_refused(size: int, peaks: list[bytes]) -> None:
    with pytest.raises(ProofInvalid):
        Frontier(size, peaks)


def test_proofs_about_what_is_not_there_are_refused() -> None:
    find = grown(some_leaves(3))[1]
    with pytest.raises(ProofInvalid):
        tree.inclusion_proof(3, 3, find)
    for old in (0, 4):
        with pytest.raises(ProofInvalid):
            tree.consistency_proof(old, 3, find)
