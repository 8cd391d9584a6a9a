"""How many sentences does `trace` place rightly, and how many facts does `draft` guess rightly? Counts against labels made by hand.

The labels stand beside the texts in `texts/`: `NAME.labels.csv` gives each sentence's promises, reason or `nothing`,
`NAME.facts.csv` each fact the text states. They were written before any rule was tuned; `merrow` was kept out of tuning.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from troth.policy.draft import draft
from troth.policy.parse import read_policy
from troth.policy.text import Document, one_line, read_document, unlabelled
from troth.policy.trace import Outcome, Placed, trace

TEXTS = Path(__file__).parent / "texts"
NAMES = {"merrow": "merrow.txt", "pedal": "pedal.md", "lantern": "lantern.html"}


@dataclass(frozen=True)
class Count:
    """So many right, of so many."""

    right: int
    of: int

    @property
    def share(self) -> float:
        return self.right / self.of


def document(name: str) -> Document:
    """One of the three texts."""
    return read_document(TEXTS / NAMES[name])


def labelled(name: str) -> list[tuple[str, str]]:
    """Each sentence, without its label, with where it belongs."""
    with (TEXTS / f"{name}.labels.csv").open(newline="", encoding="utf-8") as file:
        return [(unlabelled(one_line(row["sentence"])), row["expected"]) for row in csv.DictReader(file)]


def traced(name: str) -> tuple[Placed, ...]:
    """The text against its own policy."""
    return trace(document(name), read_policy(TEXTS / f"{name}.policy.yaml"))


def sentences_right(name: str) -> Count:
    """A labelled sentence is placed rightly when it was split as labelled, and its first promise, reason or `nothing` is the label's."""
    waiting: dict[str, list[Placed]] = {}
    for one in traced(name):
        waiting.setdefault(unlabelled(one.sentence.text), []).append(one)
    labels = labelled(name)
    right = 0
    for sentence, expected in labels:
        found = waiting.get(sentence) or [None]
        right += _right(found.pop(0), expected)
    return Count(right, len(labels))


def _right(one: Placed | None, expected: str) -> bool:
    if one is None:
        return False
    match one.outcome:
        case Outcome.BACKED:
            return one.promises[0] in expected.split()
        case Outcome.NOT_A_BEHAVIOUR:
            return one.reason == expected
        case Outcome.NOTHING:
            return expected == "nothing"


def falsely_backed(name: str) -> list[str]:
    """Sentences that nothing backs, and that are said to be backed: the error that matters most."""
    nothing = {sentence for sentence, expected in labelled(name) if expected == "nothing"}
    return [one.sentence.text for one in traced(name) if one.outcome is Outcome.BACKED and unlabelled(one.sentence.text) in nothing]


def facts_found(name: str) -> Count:
    """Of the facts the text states, how many were guessed."""
    stated = _stated(name)
    return Count(len(stated & set(draft(document(name)).facts())), len(stated))


def facts_true(name: str) -> Count:
    """Of the facts that were guessed, how many the text states."""
    guessed = set(draft(document(name)).facts())
    return Count(len(_stated(name) & guessed), len(guessed))


def _stated(name: str) -> set[tuple[str, str]]:
    with (TEXTS / f"{name}.facts.csv").open(newline="", encoding="utf-8") as file:
        return {(row["kind"], row["value"]) for row in csv.DictReader(file)}
