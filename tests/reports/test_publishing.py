"""What leaves the house points at nobody: whatever the counts, and even to one who knows how cells are held back."""

from __future__ import annotations

import csv
import io
import itertools
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.reports.publishing import HELD_BACK, Published, publish

counts = st.lists(st.integers(min_value=0, max_value=40), max_size=8)
thresholds = st.integers(min_value=1, max_value=12)


def published(numbers: list[int] | tuple[int, ...], threshold: int) -> Published:
    return publish([{"name": f"row {n}", "people": count, "visits": 2 * count} for n, count in enumerate(numbers)], "people", threshold)


def people(cells: Published) -> list[int | None]:
    return [dict(cell.numbers)["people"] for cell in cells.cells]


@given(counts, thresholds)
def test_no_published_count_is_below_the_threshold(numbers: list[int], threshold: int) -> None:
    found = published(numbers, threshold)
    shown = [count for count in [*people(found), dict(found.totals)["people"]] if count is not None]
    assert all(count >= threshold for count in shown)


@given(counts, thresholds)
def test_what_is_shown_is_true_and_what_is_held_back_shows_no_number_at_all(numbers: list[int], threshold: int) -> None:
    found = published(numbers, threshold)
    for count, cell in zip(numbers, found.cells, strict=True):
        if cell.held_back:
            assert cell.note == HELD_BACK
            assert all(value is None for _, value in cell.numbers)
        else:
            assert dict(cell.numbers) == {"people": count, "visits": 2 * count}


@given(counts, thresholds)
def test_never_one_cell_alone_is_held_back_beside_a_total(numbers: list[int], threshold: int) -> None:
    found = published(numbers, threshold)
    hidden = [cell for cell in found.cells if cell.held_back]
    if dict(found.totals)["people"] is not None:
        assert len(hidden) != 1
        left = dict(found.totals)["people"] - sum(count for count in people(found) if count is not None)  # type: ignore[operator]
        assert not hidden or left >= threshold


@cache
def _outcome(numbers: tuple[int, ...], threshold: int) -> tuple[object, ...]:
    found = published(numbers, threshold)
    return tuple(people(found)), dict(found.totals)["people"]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=9), min_size=1, max_size=4), st.integers(min_value=2, max_value=5))
def test_no_held_back_cell_can_be_worked_out_even_by_one_who_knows_the_rules(numbers: list[int], threshold: int) -> None:
    seen, total = _outcome(tuple(numbers), threshold)
    if total is None:
        return  # nothing ties the held back cells to anything shown
    hidden = [n for n, count in enumerate(seen) if count is None]  # type: ignore[arg-type]
    left = total - sum(count for count in seen if count is not None)  # type: ignore
    possible: dict[int, set[int]] = {n: set() for n in hidden}
    for guess in itertools.product(range(left + 1), repeat=len(hidden)):
        if sum(guess) == left:
            whole = list(seen)  # type: ignore[call-overload]
            for n, value in zip(hidden, guess, strict=True):
                whole[n] = value
            if _outcome(tuple(whole), threshold) == (seen, total):
                for n, value in zip(hidden, guess, strict=True):
                    possible[n].add(value)
    assert all(len(values) > 1 for values in possible.values())


def test_a_large_cell_is_shown_and_a_small_one_is_not() -> None:
    found = published([1, 30, 12, 8], threshold=5)
    assert people(found) == [None, 30, 12, None]  # the smallest other cell hides the one
    assert dict(found.totals)["people"] == 51


def test_a_single_small_row_takes_its_total_with_it() -> None:
    found = published([3], threshold=5)
    assert people(found) == [None]
    assert dict(found.totals) == {"people": None, "visits": None}


def test_the_csv_says_what_is_held_back_and_hides_no_formula() -> None:
    rows = [{"name": '=HYPERLINK("http://evil.example")', "people": 9}, {"name": "<b>", "people": 2}, {"name": "c", "people": 6}]
    table = list(csv.reader(io.StringIO(publish(rows, "people", 5).as_csv())))
    assert table[0] == ["name", "people", "note"]
    assert table[1][0].startswith("'=")
    assert table[2] == ["<b>", "", HELD_BACK]
    assert table[-1] == ["total", "17", ""]


def test_a_row_without_its_count_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(Fault) as caught:
        publish([{"name": "a", "visits": 3}], "people", 5)
    assert caught.value.code == "bad-publication"
