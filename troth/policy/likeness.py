"""How alike are a sentence of a text and a promise of a policy? By the rare words they share; it understands nothing.

Words are folded by a table (`phrases/words.yaml`), stemmed, and weighted by how rare they are among the sentences compared.
A no and a yes are never alike, nor are two different lengths of time. Every word that matched can be shown.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from troth.policy.phrases import table, words_of

AROUND = 0.5  # what a word counts that stands in a list's lead, a column's name or the section, not in the sentence itself
HEADED = 0.08  # what is added when a promise's clause and a sentence's section share a word
OPPOSED = 0.3  # what is left when one denies what the other says
OTHER_TIME = 0.4  # what is left when both name a length of time and none agrees

_WORD = re.compile(r"[a-z0-9]+(?:[_.'-][a-z0-9]+)*")
_TIME = re.compile(r"\b(\d{1,4}|[a-z]+)[ -](minute|hour|day|week|month|year)s?\b")
_CLAUSE_END = re.compile(r"[,;:.()]|\bexcept\b|\bunless\b|\bsave\b|\bbut\b")
_DAYS = {"minute": 1 / 1440, "hour": 1 / 24, "day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True, slots=True)
class Words:
    """What of a sentence is compared. `shown` gives a stem the word it was."""

    clauses: tuple[tuple[frozenset[str], bool], ...]  # stems, and whether the clause denies
    times: frozenset[int]  # lengths of time, in minutes
    shown: Mapping[str, str]
    stems: frozenset[str]  # of all clauses


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two sentences are, from 0 to 1, by which words, and why not more. `nearness`: before anything spoke against it."""

    score: float
    words: tuple[str, ...]
    headed: bool = False
    opposed: bool = False
    other_time: bool = False
    nearness: float = 0.0


def words_in(text: str) -> Words:
    """The stems of a sentence, clause by clause."""
    folded = folded_text(text)
    shown: dict[str, str] = {}
    clauses = []
    for clause in _CLAUSE_END.split(folded):
        found = [word.strip("'") for word in _WORD.findall(clause)]
        denies = any(word in words_of("negations") or word.endswith("n't") for word in found)
        kept = {stem(word): word for word in found if word not in words_of("stop") and word not in words_of("negations")}
        shown |= {one: word for one, word in kept.items() if one not in shown}
        if kept:
            clauses.append((frozenset(kept), denies))
    return Words(tuple(clauses), frozenset(times_in(folded)), shown, frozenset(shown))


def folded_text(text: str) -> str:
    """Lower case, plain apostrophes, phrases of one meaning written as one word."""
    text = " ".join(text.lower().replace("’", "'").replace("‘", "'").split())
    for pattern, word in _phrases():
        text = pattern.sub(word, text)
    return text


def times_in(folded: str) -> Iterable[int]:
    """The lengths of time a sentence names, in minutes."""
    numbers = table("words")["numbers"]
    for count, unit in _TIME.findall(folded):
        number = int(count) if count.isdigit() else numbers.get(count)
        if number:
            yield round(number * _DAYS[unit] * 1440)


@lru_cache(maxsize=1)
def _phrases() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = sorted(table("words")["phrases"].items(), key=lambda pair: -len(pair[0]))
    return tuple((re.compile(rf"(?<![\w-]){re.escape(phrase)}(?![\w-])"), word) for phrase, word in found)


@lru_cache(maxsize=1)
def _groups() -> Mapping[str, str]:
    """Each word of a group, and its stem, to the group's first word."""
    groups: dict[str, str] = {}
    for group in table("words")["same"]:
        first, *_ = group.split()
        for word in group.split():
            groups.setdefault(word, first)
            groups.setdefault(_cut(word), first)
    return groups


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its ending, or the first word of its group."""
    word = word.removesuffix("'s")
    numbers = table("words")["numbers"]
    if word in numbers and len(word) > 2:
        return str(numbers[word])
    cut = _cut(word)
    return _groups().get(word) or _groups().get(cut) or cut


@lru_cache(maxsize=1)
def _endings() -> tuple[str, ...]:
    return tuple(sorted(words_of("endings"), key=len, reverse=True))


def _cut(word: str) -> str:
    for ending in _endings():
        if word.endswith(ending) and len(word) - len(ending) >= (3 if ending == "s" else 4):
            return word[: len(word) - len(ending)]
    return word


class Comparison:
    """Weights words by their rarity among the sentences of a text and the promises of a policy, and compares two."""

    def __init__(self, sentences: Iterable[Words], promises: Iterable[Words]) -> None:
        all_words = [*sentences, *promises]
        self._count = len(all_words)
        self._in = Counter(word for words in all_words for word in words.stems)
        self._weights: dict[str, float] = {}

    def weight(self, word: str) -> float:
        """The rarer, the heavier."""
        found = self._weights.get(word)
        if found is None:
            found = self._weights[word] = math.log(1 + self._count / (1 + self._in[word]))
        return found

    def alike(self, sentence: Words, promise: Words, around: frozenset[str] = frozenset(), headed: bool = False) -> Likeness:
        """How alike a sentence and a promise are. `around`: stems of what the sentence leans on."""
        own, wanted = sentence.stems, promise.stems
        shared, leaned = own & wanted, (around & wanted) - own
        if not shared or not wanted:
            return Likeness(0.0, ())
        matched = self._sum(shared)
        covered = min(1.0, (matched + AROUND * self._sum(leaned)) / self._sum(wanted))  # how much of the promise is said here
        meant = matched / self._sum(own)  # how much of the sentence the promise says
        score = 0.5 * math.sqrt(covered * meant) + 0.5 * (0.65 * max(covered, meant) + 0.35 * min(covered, meant))
        single = (len(own) == 1 and covered >= 0.3) or (len(wanted) == 1 and headed)  # there is only one word to agree in
        score *= 1.0 if single else min(1.0, (len(shared) + 0.5 * len(leaned)) / 2)
        opposed = _denies(sentence, shared, self) is not _denies(promise, shared, self)
        other_time = bool(sentence.times and promise.times and not sentence.times & promise.times)
        nearness = min(1.0, score + (HEADED if headed else 0.0))
        score = nearness * (OPPOSED if opposed else 1) * (OTHER_TIME if other_time else 1)
        by = sorted(shared | leaned, key=lambda word: (-self.weight(word), word))
        return Likeness(score, tuple(promise.shown.get(word, word) for word in by), headed, opposed, other_time, nearness)

    def _sum(self, words: Iterable[str]) -> float:
        return sum(self.weight(word) for word in words)


def _denies(words: Words, shared: frozenset[str], by: Comparison) -> bool:
    """Whether the clause that holds most of what is shared is a denial."""
    heaviest = max(words.clauses, key=lambda clause: sum(by.weight(word) for word in clause[0] & shared))
    return heaviest[1]
