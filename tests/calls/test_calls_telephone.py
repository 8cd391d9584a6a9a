"""What a telephone number says: one spelling, its country, whether it was withheld."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.collect.data.area_codes import CALIFORNIA
from troth.collect.telephone import country_of, displayed, spelled


@pytest.mark.parametrize("text", ["+44 20 7946 0101", "+442079460101", " +44 (20) 7946-0101 ", "+44.20.7946.0101"])
def test_a_number_has_one_spelling(text: str) -> None:
    assert spelled(text) == "+442079460101"


@pytest.mark.parametrize(
    "text",
    ["anonymous", "Restricted", "", "+266696687", "+7378742833", "+17378742833", "+8656696", "sip:ada@example.com", "02079460101", "+0123456789"],
)
def test_what_is_no_number_or_stands_for_a_withheld_one_says_nothing(text: str) -> None:
    assert spelled(text) == ""


@given(st.text(max_size=60))
def test_whatever_comes_a_spelled_number_is_international_or_nothing(text: str) -> None:
    number = spelled(text)
    assert number == "" or (number[0] == "+" and number[1:].isascii() and number[1:].isdigit() and spelled(number) == number)
    assert displayed(number) == "" if not number else displayed(number)
    country = country_of(number)
    assert country is None or country == "US-CA" or (len(country) == 2 and country.isupper())


@pytest.mark.parametrize(
    ("number", "country"),
    [
        ("+442079460101", "GB"),
        ("+4915112345678", "DE"),
        ("+33612345678", "FR"),
        ("+12125551212", "US"),
        ("+14155550123", "US-CA"),
        ("+18375550123", "US-CA"),  # opened in 2025, not yet known to every numbering plan
        ("+16045551212", "CA"),
        ("+441534123456", "JE"),
        ("+80012345678", None),
        ("", None),
    ],
)
def test_a_number_tells_its_country(number: str, country: str | None) -> None:
    assert country_of(number) == country


# What the place names of the phonenumbers library (9.0.43) put into California: made by others, from another source than our table.
SAID = frozenset(
    (
        "209 213 279 310 323 341 350 369 408 415 424 442 510 530 559 562 619 626 628 "
        "650 657 661 669 707 714 738 747 760 805 818 820 831 840 858 909 916 925 949 951"
    ).split()
)


def test_every_area_code_that_the_numbering_plan_puts_in_california_is_in_the_table() -> None:
    assert len(SAID) > 35
    assert SAID <= CALIFORNIA and len(CALIFORNIA - SAID) <= 2


def test_a_number_is_shown_as_its_country_writes_it() -> None:
    assert displayed("+442079460101") == "020 7946 0101"
    assert displayed("+14155550123") == "(415) 555-0123"
