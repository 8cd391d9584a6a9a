"""What backs each sentence of a policy text: a promise of the policy, a reason why it is no behaviour, or nothing?

A sentence is placed by, in this order: what a person settled; what it repeats; a firm rule; the promises that are alike
enough; a softer rule. In doubt it is backed by nothing, and the nearest promise is offered. It judges no promise true.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from troth.policy.likeness import Comparison, Likeness, Words, folded_text, words_in
from troth.policy.model import Policy
from troth.policy.phrases import table
from troth.policy.text import Document, Sentence

ALIKE = 0.5  # from here on a promise backs a sentence
SURE = 0.9  # from here on it does so against a softer rule
TOGETHER = 0.82  # promises this near the best one back the sentence as well
HELP = 0.2  # below this the nearest promise is no help


class Outcome(StrEnum):
    BACKED = "backed"
    NOT_A_BEHAVIOUR = "not-a-behaviour"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Near:
    """A promise, and how alike it is."""

    promise: str
    clause: str
    sentence: str
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one sentence belongs. `by` says how it was placed: `settled`, `words`, `repeats` or the id of a rule."""

    sentence: Sentence
    outcome: Outcome
    by: str
    promises: tuple[str, ...] = ()
    reason: str = ""
    near: tuple[Near, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """How a sentence is told that promises no behaviour."""

    id: str
    reason: str
    pattern: re.Pattern[str]
    without: re.Pattern[str] | None
    parts: frozenset[str]
    leads: bool
    firm: bool

    def tells(self, sentence: Sentence) -> bool:
        """Whether the rule knows this sentence."""
        if (self.parts and sentence.part not in self.parts) or (self.leads and not sentence.leads):
            return False
        text = " ".join(sentence.body.lower().replace("’", "'").split())
        return self.pattern.search(text) is not None and not (self.without and self.without.search(text))


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order in which they are asked."""
    return tuple(
        Rule(row["id"], row["reason"], re.compile(row["pattern"]), re.compile(row["without"]) if "without" in row else None,
             frozenset(row.get("parts", ())), row.get("leads", False), row.get("firm", False))
        for row in table("not_behaviours")["rules"]
    )


@lru_cache(maxsize=1)
def reasons() -> Mapping[str, str]:
    """The closed list of reasons, each with what it says."""
    return dict(table("not_behaviours")["reasons"])


def trace(document: Document, policy: Policy, settled: Mapping[str, tuple[str, ...]] | None = None) -> tuple[Placed, ...]:
    """Every sentence of a text with what backs it. `settled` gives promises, a reason or `nothing` by a sentence's hash."""
    return tuple(_Tracing(document, policy, settled or {}).placed())


class _Tracing:
    def __init__(self, document: Document, policy: Policy, settled: Mapping[str, tuple[str, ...]]) -> None:
        self._document, self._policy, self._settled = document, policy, settled
        self._words = {one.ordinal: words_in(one.body) for one in document.sentences}
        self._promises = {id: words_in(promise.sentence) for id, promise in policy.promises.items()}
        self._clauses = {id: _stems(promise.clause) for id, promise in policy.promises.items()}
        self._comparison = Comparison(self._words.values(), self._promises.values())

    def placed(self) -> Iterable[Placed]:
        first: dict[str, int] = {}
        for sentence in self._document.sentences:
            told = folded_text(sentence.body)
            earlier = first.setdefault(told, sentence.ordinal) if len(told.split()) > 3 else sentence.ordinal
            yield self._place(sentence, earlier)

    def _place(self, sentence: Sentence, earlier: int) -> Placed:
        said = self._settled.get(sentence.sha256)
        near = self._near(sentence)
        if said is not None:
            return _as_settled(sentence, said, near)
        rule = next((rule for rule in rules() if rule.tells(sentence)), None)
        if earlier != sentence.ordinal and not (rule and rule.firm):
            return Placed(sentence, Outcome.NOT_A_BEHAVIOUR, "repeats", reason=f"duplicate-of:{earlier}", near=near)
        best = near[0].likeness.score if near else 0.0
        if rule is not None and (rule.firm or best < SURE):
            return Placed(sentence, Outcome.NOT_A_BEHAVIOUR, rule.id, reason=rule.reason, near=near)
        if best >= ALIKE:
            backing = tuple(one.promise for one in near if one.likeness.score >= max(ALIKE, TOGETHER * best))
            return Placed(sentence, Outcome.BACKED, "words", backing, near=near)
        return Placed(sentence, Outcome.NOTHING, "words", near=near)

    def _near(self, sentence: Sentence) -> tuple[Near, ...]:
        """The promises most alike, the best first."""
        words, section = self._words[sentence.ordinal], _stems(sentence.section)
        around = section | _stems(sentence.around)
        found = [self._one(id, words, around, section) for id in self._promises]
        alike = sorted((one for one in found if one.likeness.nearness >= HELP), key=lambda one: (-one.likeness.score, one.promise))
        return tuple(alike[:5])

    def _one(self, id: str, words: Words, around: frozenset[str], section: frozenset[str]) -> Near:
        promise = self._policy.promises[id]
        likeness = self._comparison.alike(words, self._promises[id], around, bool(section & self._clauses[id]))
        return Near(id, promise.clause, promise.sentence, likeness)


def _stems(text: str) -> frozenset[str]:
    """The stems of a heading or clause; a clause's number counts as a word of its own."""
    numbers = {f"§{number}" for number in re.findall(r"(?:^|§)\s*(\d{1,3})", text)}
    return frozenset({one for one in words_in(text).stems if not one.isdigit()} | numbers)


def _as_settled(sentence: Sentence, said: tuple[str, ...], near: tuple[Near, ...]) -> Placed:
    if said == (Outcome.NOTHING,):
        return Placed(sentence, Outcome.NOTHING, "settled", near=near)
    if len(said) == 1 and is_reason(said[0]):
        return Placed(sentence, Outcome.NOT_A_BEHAVIOUR, "settled", reason=said[0], near=near)
    return Placed(sentence, Outcome.BACKED, "settled", said, near=near)


def is_reason(word: str) -> bool:
    """Whether a word is one of the closed list of reasons; `duplicate-of:42` names the sentence repeated."""
    name, _, number = word.partition(":")
    return (name == "duplicate-of" and number.isdigit()) or (word in reasons() and word != "duplicate-of")


__all__ = ["Near", "Outcome", "Placed", "is_reason", "reasons", "rules", "trace"]
