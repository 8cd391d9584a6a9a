"""What does the law say today, as dated data? Reads the packs beside this file; it applies none of them.

Source: each pack names its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from troth.policy.finding import Notes, Spot
from troth.policy.marked import read_tree
from troth.policy.model import Kind, Permission, Regime
from troth.policy.shapes import (
    CALENDAR_ZONE,
    COUNTRY,
    DAY,
    FLAG,
    NAME,
    Key,
    Shape,
    Where,
    choice,
    keyed,
    listing,
    mapping,
    matching,
    record,
    text,
)

T = TypeVar("T")
_FOLDER = Path(__file__).parent / "packs"
_TEXT = text()
_CATEGORY = matching(re.compile(r"[a-z_.]+"), "a category")

_REGIMES = keyed(Regime, (
    Key("label", _TEXT, True), Key("countries", listing(COUNTRY), True), Key("time_zones", listing(CALENDAR_ZONE), default=()),
    Key("floor", mapping(choice(Kind), choice(Permission)), True), Key("rights", listing(NAME), True),
    Key("answer_within", _TEXT, True), Key("authority", _TEXT, True), Key("authority_contact", _TEXT, True),
    Key("as_of", DAY, True), Key("source", _TEXT, True)))


@dataclass(frozen=True, slots=True)
class Adequacy:
    """Where data may go without a further safeguard. `until` holds the days on which a decision ends."""

    as_of: date
    source: str
    to_check: bool
    home: tuple[str, ...]  # the United Kingdom and the European Economic Area
    adequate: tuple[str, ...]
    until: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Categories:
    """Kinds of data and of people, by id, in plain words; `special`: those whose use needs more than a basis."""

    source: str
    data: Mapping[str, str]
    subjects: Mapping[str, str]
    special: tuple[str, ...]


_ADEQUACY = record(Adequacy, (
    Key("as_of", DAY, True), Key("source", _TEXT, True), Key("to_check", FLAG, True), Key("home", listing(COUNTRY), True),
    Key("adequate", listing(COUNTRY), True), Key("until", mapping(COUNTRY, DAY), default={})))
_CATEGORIES = record(Categories, (
    Key("source", _TEXT, True), Key("data", mapping(_CATEGORY, _TEXT), True), Key("subjects", mapping(_CATEGORY, _TEXT), True),
    Key("special", listing(_CATEGORY), True)))


@lru_cache(maxsize=1)
def regimes() -> Mapping[str, Regime]:
    """Every body of law there is data for."""
    return read_pack("regimes.yaml", _REGIMES)


@lru_cache(maxsize=1)
def adequacy() -> Adequacy:
    """The countries that data may go to without a further safeguard."""
    return read_pack("adequacy.yaml", _ADEQUACY)


@lru_cache(maxsize=1)
def categories() -> Categories:
    """The kinds of data and of people that items and populations are tied to."""
    return read_pack("categories.yaml", _CATEGORIES)


@lru_cache(maxsize=1)
def countries() -> Mapping[str, str]:
    """A country's plain name by its code, for those that policies have named so far."""
    return read_pack("countries.yaml", mapping(COUNTRY, _TEXT))


def read_pack(name: str, shape: Shape[T]) -> T:
    """One pack beside this file; a fault in it is a `ValueError`."""
    notes = Notes()
    tree = read_tree((_FOLDER / name).read_text("utf-8"), name, notes)
    value = shape.blank if tree is None else shape.read(tree, Where((), Spot(name, 1, 1), notes))
    if notes.findings:
        raise ValueError(f"pack {name}: {notes.findings[0]}")
    return value
