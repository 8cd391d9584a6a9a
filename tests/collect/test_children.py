"""When is somebody a child? Ages, groups and dates of birth as they are sent, on the day that decides and around it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.keeping import infinity_policy
from troth.collect.children import ChildRule, age_on, born_on
from troth.policy.demands import Children, ChildrenThen

TODAY = date(2026, 11, 22)
INFINITY = infinity_policy()
days = st.dates(date(1901, 1, 1), date(2099, 12, 31))


def rule(age: int | None = 13, then: ChildrenThen = ChildrenThen.REFUSE) -> ChildRule:
    return ChildRule(replace(INFINITY, children=Children(age, then)))


@given(born=days, on=days)
@example(born=date(2012, 2, 29), on=date(2025, 2, 28))
@example(born=date(2012, 2, 29), on=date(2025, 3, 1))
@example(born=date(2013, 11, 22), on=TODAY)
def test_the_age_is_the_number_of_birthdays_that_have_begun(born: date, on: date) -> None:
    """Counted day by day: a birthday on 29 February begins on 1 March of a year without it."""
    birthdays = 0
    for year in range(born.year + 1, on.year + 1):
        try:
            begins = born.replace(year=year)
        except ValueError:
            begins = date(year, 3, 1)
        birthdays += begins <= on
    assert age_on(born, on) == birthdays or (on < born and age_on(born, on) < 0) or (on >= born and age_on(born, on) == birthdays)
    if on >= born:
        assert age_on(born, on) == birthdays


@given(on=days, age=st.integers(1, 18))
def test_refused_until_the_day_before_the_birthday_and_taken_from_it_on(on: date, age: int) -> None:
    try:
        born = on.replace(year=on.year - age)
    except ValueError:
        return
    tomorrow = born + timedelta(days=1)
    assert not rule(age).declared({"date_of_birth": born.isoformat()}, on)
    if (tomorrow.month, tomorrow.day) != (2, 29):
        assert rule(age).declared({"date_of_birth": tomorrow.isoformat()}, on)


@pytest.mark.parametrize(
    ("given_", "child"),
    [
        ({"age": "12"}, True),
        ({"age": 12}, True),
        ({"age": 12.9}, True),
        ({"age": "13"}, False),
        ({"Age": " 12 years old "}, True),
        ({"age": "12 Jahre"}, True),
        ({"date_of_birth": "2014-01-01"}, True),
        ({"dateOfBirth": "2014-01-01T00:00:00Z"}, True),
        ({"dob": "22.11.2013"}, False),
        ({"dob": "23.11.2013"}, True),
        ({"birthday": "05/12/2013"}, True),
        ({"birthday": "12/05/2013"}, True),
        ({"birth_year": 2014}, True),
        ({"yearOfBirth": "2013"}, True),
        ({"yearOfBirth": "2012"}, False),
        ({"age_range": "6-12"}, True),
        ({"ageRange": "13-17"}, False),
        ({"age_group": "under 13"}, True),
        ({"age_group": "under 14"}, False),
        ({"age": "under 13"}, True),
        ({"geburtsdatum": "1.1.2015"}, True),
        ({"dob": "2030-01-01"}, True),
        ({"age": "twelve"}, False),
        ({"age": True}, False),
        ({"age": None}, False),
        ({"dob": "2013-02-30"}, False),
        ({"page": "12"}, False),
        ({"wage": "9"}, False),
        ({"age": ["12"]}, False),
        ({"age": "-12"}, False),
        ({"age": ""}, False),
        ({"age": "9" * 5_000}, False),
    ],
)
def test_what_is_sent_says_of_somebody_that_they_are_younger_than_thirteen(given_: dict[str, Any], child: bool) -> None:
    assert rule().declared(given_, TODAY) is child


def test_without_a_stated_age_everybody_below_eighteen_counts_and_without_a_rule_nobody() -> None:
    assert rule(None).declared({"age": 17}, TODAY) and not rule(None).declared({"age": 18}, TODAY)
    assert not rule(13, ChildrenThen.UNSTATED).declared({"age": 5}, TODAY)
    assert rule(13, ChildrenThen.REMOVE).declared({"age": 5}, TODAY)


@given(
    st.dictionaries(
        st.text(max_size=20), st.one_of(st.text(max_size=40), st.integers(), st.floats(), st.none(), st.lists(st.integers()))
    )
)
def test_nothing_that_is_sent_breaks_it(sent: dict[str, Any]) -> None:
    assert rule().declared(sent, TODAY) in (True, False)


@pytest.mark.parametrize(
    ("said", "born"),
    [("2013-11-22", date(2013, 11, 22)), ("3/4/2013", date(2013, 4, 3)), ("13/4/2013", date(2013, 4, 13)), ("soon", None)],
)
def test_a_date_that_can_be_read_two_ways_is_read_as_the_younger(said: str, born: date | None) -> None:
    assert born_on(said) == born


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("I am 12 years old", True),
        ("hi, i'm 11.", True),
        ("Ich bin 12 Jahre alt", True),
        ("I’m 9", True),
        ("I am 13 years old", False),
        ("I am 12 miles away", False),
        ("I am 12:30 at the pier", False),
        ("my son is 12", False),
        ("I am 120 years old", False),
    ],
)
def test_what_somebody_says_of_their_own_age_in_words(text: str, says: bool) -> None:
    assert rule().said(text) is says
