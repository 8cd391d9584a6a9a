"""How is a value of a policy said in plain English? Durations, lists, countries, ways of permission; no whole sentences.

Differences, findings, letters and pages of ours take their words from here. The words themselves rest in
`languages/en.yaml`; what is said in other languages too goes through `troth.policy.language`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from troth.policy.finding import quoted
from troth.policy.language import capital, language
from troth.policy.model import Basis, BelowFloor, Kind, Permission, Terms
from troth.policy.shapes import DURATION

__all__ = ["BASES", "CHANNELS", "KINDS", "PERMISSIONS", "SAFEGUARDS", "capital", "country", "day", "length", "listed", "plain", "small"]

_ENGLISH = language("en")
BASES: Mapping[Basis, str] = {Basis(name): words for name, words in _ENGLISH.under("bases").items()}
KINDS: Mapping[Kind, str] = {Kind(name): words for name, words in _ENGLISH.under("kinds").items()}
PERMISSIONS: Mapping[Permission, str] = {Permission(name): words for name, words in _ENGLISH.under("permissions").items()}
SAFEGUARDS: Mapping[str, str] = _ENGLISH.under("safeguards")
CHANNELS: Mapping[str, str] = _ENGLISH.under("channels")


def length(kept: timedelta | None) -> str:
    """A duration in the largest unit that says it. Years and months may say a fiftieth more than is kept, never less."""
    return _ENGLISH.length(kept)


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as a person lists them: `a, b and c`."""
    return _ENGLISH.listed(names, last)


def country(code: str) -> str:
    """A country's plain name, or its code when it has none here."""
    return _ENGLISH.country(code)


def day(on: date) -> str:
    """A day as a letter is dated: `1 October 2026`."""
    return _ENGLISH.day(on)


def small(words: str) -> str:
    """The words inside a sentence. Names written in capitals stay."""
    return _ENGLISH.small(words)


def plain(value: object) -> str:
    """A value as it stands in a file."""
    match value:
        case None | () | "":
            return "nothing"
        case bool():
            return quoted(str(value).lower())
        case timedelta():
            return quoted(str(DURATION.write(value)))
        case Terms() | BelowFloor():
            return "given"
        case _:
            return quoted(str(value))
