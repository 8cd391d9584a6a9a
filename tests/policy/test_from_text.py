"""How well are the three texts of our own placed and drafted, and does the document say the same numbers?"""

from __future__ import annotations

from pathlib import Path

import pytest
from placing import NAMES, Count, facts_found, facts_true, falsely_backed, labelled, sentences_right

DOCUMENT = Path(__file__).parents[2] / "docs" / "from-text-to-file.md"
FLOOR_OF_SENTENCES, FLOOR_OF_FACTS = 0.92, 0.88


@pytest.mark.parametrize("name", NAMES)
def test_the_sentences_of_a_text_are_placed_rightly_almost_always(name: str) -> None:
    assert sentences_right(name).share >= FLOOR_OF_SENTENCES


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_that_nothing_backs_is_said_to_be_backed(name: str) -> None:
    assert falsely_backed(name) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_facts_of_a_text_are_guessed_rightly_almost_always(name: str) -> None:
    assert facts_found(name).share >= FLOOR_OF_FACTS
    assert facts_true(name).share >= FLOOR_OF_FACTS


@pytest.mark.parametrize("name", NAMES)
def test_each_text_is_long_enough_and_holds_sentences_that_nothing_backs(name: str) -> None:
    labels = labelled(name)
    assert 40 <= len(labels) <= 80
    assert sum(expected == "nothing" for _, expected in labels) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_the_numbers_in_the_document_are_the_ones_measured(name: str) -> None:
    row = next(line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith(f"| `{NAMES[name]}`"))
    for count in (sentences_right(name), facts_found(name), facts_true(name)):
        assert _told(count) in row


def _told(count: Count) -> str:
    return f"{count.right} of {count.of}"
