"""Does what was sent say that somebody is a child? By an age, an age group or a date of birth, wherever a message carries it.

It refuses nothing by itself: the pipeline does, where the policy says what becomes of children's data. A date that can be
read two ways is read as the younger; somebody comes of an age as their birthday begins, and one born on 29 February
does so on 1 March of a year without that day.
Source: GDPR Art. 8; 16 CFR 312.2 (under 13); Family Law Reform Act 1969 s. 9 (the beginning of the anniversary)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from troth.policy.demands import OF_AGE, ChildrenThen
from troth.policy.model import Policy

_AGES = frozenset({"age", "years", "alter"})
_BIRTHS = frozenset({"birthdate", "birthday", "dateofbirth", "dob", "born", "bornon", "yearofbirth", "birthyear", "geburtsdatum", "geburtstag"})
_GROUPS = frozenset({"agerange", "agegroup", "agebracket"})
_BIRTH_CATEGORY, _GROUP_CATEGORY = "user.demographic.date_of_birth", "user.demographic.age_range"
_WHOLE = re.compile(r"\s*([0-9]{1,3})(?:[.,][0-9]*)?\s*(?:years?(?: old)?|yrs?|y|jahre?(?: alt)?)?\s*", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*[0-9]{1,3}\s*(?:-|–|to|bis)\s*([0-9]{1,3})\s*")
_UNDER = re.compile(r"\s*(?:under|below|unter|<)[\s-]*([0-9]{1,3})\s*", re.IGNORECASE)
_ISO = re.compile(r"\s*([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[T ].*)?")
_OTHER = re.compile(r"\s*([0-9]{1,2})[./-]([0-9]{1,2})[./-]([0-9]{4})\s*")
_YEAR = re.compile(r"\s*(1[89][0-9]{2}|2[0-9]{3})\s*")
_SAID = re.compile(
    r"\b(?:i am|i'm|im|ich bin)\s+(?:only |just |erst )?([0-9]{1,2})(?!\w|[.,:/][0-9])"
    r"(?:\s*(?:years?|yrs?|jahre?)\b|\s*[.,!]|\s*$|\s+and\b|\s+und\b)"
)


class ChildRule:
    """A policy's word on children, worked out once. `limit`: who is younger counts as a child; None: nothing becomes of it."""

    def __init__(self, policy: Policy) -> None:
        rules = policy.children
        self.limit = None if rules.then is ChildrenThen.UNSTATED else OF_AGE if rules.age is None else rules.age
        wanted = {_BIRTH_CATEGORY: _BIRTHS, _GROUP_CATEGORY: _GROUPS}
        self._paths = {path: wanted[item.category] for item in policy.items.values() for path in item.at if item.category in wanted}

    def declared(self, given: Mapping[str, Any] | None, on: date, group: str = "properties") -> bool:
        """Whether one field of those given says that somebody is a child on a day."""
        if self.limit is None or not given:
            return False
        return any(self._is_child(_kind_of(name) or self._paths.get(f"{group}.{name}"), value, self.limit, on) for name, value in given.items())

    def said(self, text: str) -> bool:
        """Whether somebody says of themselves in a text that they are younger: a reason to look, and no more."""
        found = _SAID.search(text.casefold().replace("’", "'")) if self.limit is not None else None
        return found is not None and self.limit is not None and int(found[1]) < self.limit

    def _is_child(self, kind: frozenset[str] | None, value: object, limit: int, on: date) -> bool:
        if kind is None or isinstance(value, bool) or not isinstance(value, str | int | float):
            return False
        said = str(value)[:64]
        if kind is _BIRTHS:
            born = born_on(said)
            return born is not None and age_on(born, on) < limit
        return in_group_below(said, limit) or (kind is _AGES and below(said, limit))


def _kind_of(name: str) -> frozenset[str] | None:
    return _kind_named(name[:64])  # what is remembered is as long as this and no longer


@lru_cache(maxsize=4_096)
def _kind_named(name: str) -> frozenset[str] | None:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((kind for kind in (_AGES, _BIRTHS, _GROUPS) if plain in kind), None)


def is_child(policy: Policy, declared: object) -> bool:
    """Whether a declared age is a child's, where the policy refuses or removes children's data."""
    return ChildRule(policy).declared({"age": declared}, date.min)


def below(said: str, limit: int) -> bool:
    """Whether a declared age is below the limit; what is no age says nothing."""
    found = _WHOLE.fullmatch(said)
    return found is not None and int(found[1]) < limit


def in_group_below(said: str, limit: int) -> bool:
    """Whether everybody of an age group (`6-12`, `under 13`) is below the limit."""
    between, under = _BETWEEN.fullmatch(said), _UNDER.fullmatch(said)
    return bool((between and int(between[1]) < limit) or (under and int(under[1]) <= limit))


def born_on(said: str) -> date | None:
    """A date of birth, in the reading that makes somebody youngest; None for what is no date."""
    if found := _ISO.fullmatch(said):
        return _day(int(found[1]), int(found[2]), int(found[3]))
    if found := _OTHER.fullmatch(said):
        one, other, year = int(found[1]), int(found[2]), int(found[3])
        return max((day for day in (_day(year, other, one), _day(year, one, other)) if day is not None), default=None)
    if found := _YEAR.fullmatch(said):
        return _day(int(found[1]), 12, 31)
    return None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def age_on(born: date, on: date) -> int:
    """Whole years of age on a day; below nothing before the birth."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
