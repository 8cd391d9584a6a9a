"""What is found in a text that people write, and what becomes of it? Check digits against known examples, and a measure on a corpus.

The corpus: sentences with made-up people by template (`generated_large.json` of Microsoft's presidio-research, MIT). It lies
beside the repository and is not part of it; without it the measure is skipped, and in CI fails.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.collect.free_text import BLANK, categories_in, look
from troth.collect.numbers_found import Number, luhn, numbers_in
from troth.gate.reasons import Reason
from troth.policy.demands import FreeText, NumberFound, WordFound

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "data" / "redaction" / "generated_large.json"
USUAL = FreeText()

CARDS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5500 0000 0000 0004",
    "3400 0000 0000 009",
    "6011 0000 0000 0004",
    "3088 0000 0000 0009".replace("3088", "3528").replace("0009", "0007"),
    "2223 0031 2200 3222",
    "card:4111111111111111.",
    "٤١١١ ١١١١ ١١١١ ١١١١",
    "４１１１１１１１１１１１１１１１",
    "4111–1111–1111–1111",
    "DE89 3704 0044 0532 0130 00",
    "gb29nwbk60161331926819",
    "NL91ABNA0417164300",
]
IDENTITIES = [
    "219-09-9999",
    "219 09 9999",
    "my SSN is 219099999",
    "AB123456C",
    "ab 12 34 56 c",
    "12345678Z",
    "X1234567L",
    "1 84 12 76 451 089 46",
    "RSSMRA85T10A562S",
    "86095742719",
    "86 095 742 719",
    "BSN 111222333",
]
NEITHER = [
    "4111111111111112",
    "0000 0000 0000 0000",
    "1111111111111111",
    "order 1234567890123456",
    "666-12-3456",
    "000-12-3456",
    "900-12-3456",
    "219-00-9999",
    "219-09-0000",
    "BG123456A",
    "AB123456E",
    "12345678A",
    "DE89 3704 0044 0532 0130 01",
    "111222334",
    "86095742710",
    "call 020 7946 0958",
    "2026-11-22T09:00:00Z",
    "192.168.100.200",
    "version 4.1.1.1.1",
    "ISBN 978-3-16-148410-0",
    "+44 20 7946 0958",
    "12 34 56 78 90",
]


def sorts(text: str) -> list[Number]:
    return [span.number for span in numbers_in(text)]


@pytest.mark.parametrize("text", CARDS)
def test_the_number_of_a_card_or_account_is_found_however_it_is_written(text: str) -> None:
    assert sorts(text) == [Number.CARD]


@pytest.mark.parametrize("text", IDENTITIES)
def test_the_number_of_an_identity_is_found(text: str) -> None:
    assert sorts(text) == [Number.NATIONAL_ID]


@pytest.mark.parametrize("text", NEITHER)
def test_what_is_neither_is_left_alone(text: str) -> None:
    assert sorts(text) == []


def test_a_bare_number_of_nine_digits_counts_only_beside_its_name() -> None:
    assert sorts("219099999") == [] and sorts("burgerservicenummer: 111222333") == [Number.NATIONAL_ID]


@given(st.text(alphabet="0123456789 -./abcZ•éअ١", max_size=80))
def test_whatever_is_found_lies_in_the_text_and_holds_together(text: str) -> None:
    spans = numbers_in(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= other.start for one, other in pairwise(spans))


@given(st.integers(400000000000000, 499999999999999), st.sampled_from(["", " ", "-"]))
def test_every_number_of_an_issuer_with_its_check_digit_is_blanked_whole(start: int, between: str) -> None:
    digits = next(f"{start}{last}" for last in range(10) if luhn(f"{start}{last}"))
    written = between.join((digits[:4], digits[4:8], digits[8:12], digits[12:]))
    kept = look(f"pay with {written}, thanks", USUAL)
    assert kept.blanked == (Reason.CARD_NUMBER,) and len(kept.text) == len(f"pay with {written}, thanks")
    assert not any(one.isdigit() for one in kept.text) and kept.text.startswith("pay with " + BLANK)


@given(st.text(max_size=300))
def test_looking_twice_finds_nothing_more_and_no_text_breaks_it(text: str) -> None:
    once = look(text, USUAL)
    assert look(once.text, USUAL).text == once.text and not look(once.text, USUAL).blanked


@pytest.mark.parametrize(
    ("rules", "text", "refused"),
    [
        (FreeText(card=NumberFound.REFUSE), "4111 1111 1111 1111", Reason.CARD_NUMBER),
        (FreeText(national_id=NumberFound.REFUSE), "219-09-9999", Reason.NATIONAL_ID),
        (FreeText(special=WordFound.REFUSE), "I have diabetes", Reason.SPECIAL_CATEGORY),
        (FreeText(card=NumberFound.REFUSE), "219-09-9999", None),
        (USUAL, "I have diabetes", None),
    ],
)
def test_what_a_policy_refuses_is_refused_and_nothing_else(rules: FreeText, text: str, refused: Reason | None) -> None:
    assert look(text, rules).refused is refused


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I have diabetes", "health"),
        ("Ich bin SCHWANGER.", "health"),
        ("as a Muslim I", "belief"),
        ("my trade union says", "union"),
        ("Mitglied der Gewerkschaft", "union"),
        ("I am gay", "orientation"),
        ("my political views", "politics"),
        ("eine Hautfarbe", "origin"),
        ("a DNA test", "genes"),
        ("my fingerprints", "biometrics"),
    ],
)
def test_words_of_each_category_are_found_in_two_languages(text: str, category: str) -> None:
    assert categories_in(text) == (category,)


@pytest.mark.parametrize(
    "text",
    [
        "the race starts at nine",
        "a union of two sets",
        "the party is on Friday",
        "patient people wait",
        "Is the till loud?",
        "gayle force nine",
        "the positive pole",
        "a healthy profit",
        "Organisation",
        "Die Kirche steht am Markt",
    ],
)
def test_words_that_say_nothing_of_a_person_are_left_alone(text: str) -> None:
    assert categories_in(text) == ()


def test_words_that_may_stay_are_not_even_flagged() -> None:
    assert look("I have diabetes", FreeText(special=WordFound.KEEP)).flags == ()


LABELS = {"CREDIT_CARD": Number.CARD, "IBAN_CODE": Number.CARD, "US_SSN": Number.NATIONAL_ID}


@pytest.mark.skipif(not CORPUS.exists() and not os.environ.get("CI"), reason="the corpus does not lie beside the repository")
def test_precision_and_recall_on_a_corpus_stay_above_their_floor() -> None:
    found, missed, wrong = Counter[str](), Counter[str](), Counter[str]()
    for entry in json.loads(CORPUS.read_text()):
        spans = numbers_in(entry["full_text"])
        real = [one for one in entry["spans"] if one["entity_type"] in LABELS]
        for one in real:
            hit = any(
                span.start <= one["start_position"]
                and span.end >= one["end_position"]
                and span.number is LABELS[one["entity_type"]]
                for span in spans
            )
            (found if hit else missed)[one["entity_type"]] += 1
        wrong.update(str(span.number) for span in spans if not any(_meets(span.start, span.end, one) for one in real))
    recall = {label: found[label] / (found[label] + missed[label]) for label in LABELS}
    cards, identities = found["CREDIT_CARD"] + found["IBAN_CODE"], found["US_SSN"]
    precision = {"card": cards / (cards + wrong["card"]), "national-id": identities / (identities + wrong["national-id"])}
    assert min(recall.values()) >= 0.99 and precision["card"] >= 0.99 and precision["national-id"] >= 0.95, (recall, precision)


def _meets(start: int, end: int, real: dict[str, int]) -> bool:
    return real["start_position"] < end and start < real["end_position"]
