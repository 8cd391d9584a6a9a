"""What does each law say about answering people: by when, at what cost, how sure of who asks? Reads packs; applies none.

Every entry carries the day it was right on and its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from troth.policy.demands import Excessive, FirstFee, VerifyWhen
from troth.policy.packs import read_pack
from troth.policy.shapes import COUNTRY, DAY, FLAG, LOOSE, NAME, NAMES, NUMBER, TEXT, Key, choice, keyed, mapping, record


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time as laws give it."""

    months: int = 0
    days: int = 0
    working_days: int = 0


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whose holidays count, and where a day begins."""

    country: str
    area: str
    zone: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """By when one law wants an answer. `acknowledge`: kinds of subject request that are acknowledged first, and within what."""

    id: str
    answer: Span
    extend: Span
    pauses: tuple[str, ...]
    moves_on: bool
    calendar: Calendar
    acknowledge: Mapping[str, Span]
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class LawOnFees:
    """What an answer may cost. `free_in_a_year` 0: no number is named."""

    id: str
    first: FirstFee
    free_in_a_year: int
    excessive: Excessive
    as_of: date
    source: str


@dataclass(frozen=True, slots=True)
class LawOnVerifying:
    """How many reliable details must match before kinds of data are told, and before the data itself is handed out."""

    id: str
    when: VerifyWhen
    details: int
    details_for_pieces: int
    declaration: bool
    as_of: date
    source: str


_DATED = (Key("as_of", DAY, True), Key("source", TEXT, True))
_SPAN = record(Span, (Key("months", NUMBER, default=0), Key("days", NUMBER, default=0), Key("working_days", NUMBER, default=0)))
_CALENDAR = record(Calendar, (Key("country", COUNTRY, True), Key("area", LOOSE, default=""), Key("zone", LOOSE, True)))
_DEADLINES = keyed(Deadlines, (
    Key("answer", _SPAN, True), Key("extend", _SPAN, True), Key("pauses", NAMES, True), Key("moves_on", FLAG, True),
    Key("calendar", _CALENDAR, True), Key("acknowledge", mapping(NAME, _SPAN), default={}), *_DATED))
_FEES = keyed(LawOnFees, (
    Key("first", choice(FirstFee), True), Key("free_in_a_year", NUMBER, True), Key("excessive", choice(Excessive), True), *_DATED))
_VERIFYING = keyed(LawOnVerifying, (
    Key("when", choice(VerifyWhen), True), Key("details", NUMBER, True), Key("details_for_pieces", NUMBER, True),
    Key("declaration", FLAG, True), *_DATED))


@lru_cache(maxsize=1)
def deadlines() -> Mapping[str, Deadlines]:
    """By when each law wants an answer."""
    return read_pack("deadlines.yaml", _DEADLINES)


@lru_cache(maxsize=1)
def fees() -> Mapping[str, LawOnFees]:
    """What an answer may cost under each law."""
    return read_pack("fees.yaml", _FEES)


@lru_cache(maxsize=1)
def verifying() -> Mapping[str, LawOnVerifying]:
    """How sure each law wants one to be of who asks."""
    return read_pack("verification.yaml", _VERIFYING)


def verifying_under(regime: str) -> LawOnVerifying:
    """What one law wants; one without data of its own counts as `gdpr`."""
    return verifying().get(regime) or verifying()["gdpr"]
