"""Do strings of the IAB decode to what they say, and is whatever is no such string refused with a code, however strange?"""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.consent.iab import LONGEST, read_gpp, read_gpp_header, read_tc_string, read_us_privacy

# The example of the specification: created 2020, English, purposes 1 to 3, vendors 2, 6 and 8, with disclosed vendors.
SPECIFIED = (
    "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAg"
    "AAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw"
)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def packed(*fields: tuple[int, int]) -> str:
    """Numbers of so many bits each, as such a string writes them."""
    bits = "".join(f"{value:0{width}b}" for value, width in fields)
    bits += "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


def a_string(purposes: int, updated: int = 17_000_000_000, special: int = 0) -> str:
    """A core with these purposes (the first is the highest of 24 bits) and no vendors."""
    head = [(2, 6), (updated, 36), (updated, 36), (7, 12), (1, 12), (1, 6), (4, 6), (13, 6), (48, 12), (4, 6), (0, 2)]
    return packed(*head, (special, 12), (purposes, 24), (0, 24), (0, 1), (0, 12), (0, 16), (0, 1), (0, 16), (0, 1), (0, 12))


DISCLOSED = packed((1, 3), (4, 16), (0, 1), (0b1010, 4))


def test_the_example_of_the_specification_reads_as_specified() -> None:
    found = read_tc_string(SPECIFIED)
    assert (found.language, found.purposes, found.vendors) == ("en", {1, 2, 3}, {2, 6, 8})
    assert found.disclosed and {2, 6, 8} <= found.disclosed and found.policy_version == 2
    assert found.said["tcf.1"] is True and found.said["tcf.4"] is False


@pytest.mark.parametrize("purposes", [0, 1 << 23, 0xFFFFFF, 0b101 << 21])
def test_every_purpose_is_a_yes_or_a_no(purposes: int) -> None:
    said = read_tc_string(f"{a_string(purposes)}.{DISCLOSED}").said
    assert [said[f"tcf.{one}"] for one in range(1, 12)] == [bool(purposes >> (24 - one) & 1) for one in range(1, 12)]


def test_a_string_without_its_disclosed_vendors_is_no_yes_since_march_2026() -> None:
    late = 17_724_000_000  # 1 March 2026, in tenths of a second
    assert set(read_tc_string(a_string(0xFFFFFF, late)).said.values()) == {False}
    assert read_tc_string(f"{a_string(0xFFFFFF, late)}.{DISCLOSED}").said["tcf.1"] is True
    assert read_tc_string(a_string(0xFFFFFF, 17_000_000_000)).said["tcf.1"] is True


@pytest.mark.parametrize(("header", "ids"), [("DBABM", (2,)), ("DBACNY", (2, 6)), ("DBABjw", (5, 6))])
@pytest.mark.parametrize("padding", ["", "A", "AA", "AAAAAAAA"])
def test_gpp_headers_decode_as_published_also_over_padded(header: str, ids: tuple[int, ...], padding: str) -> None:
    assert read_gpp_header(header + padding) == ids


def fibonacci(number: int) -> str:
    series = [1, 2]
    while series[-1] <= number:
        series.append(series[-1] + series[-2])
    bits = ""
    for one in reversed([value for value in series if value <= number]):
        bits = ("1" if one <= number else "0") + bits
        number -= one if one <= number else 0
    return bits + "1"


def header_of(*ids: int) -> str:
    bits = f"{3:06b}{1:06b}{len(ids):012b}" + "".join("0" + fibonacci(one - before) for before, one in pairwise([0, *sorted(ids)]))
    bits += "0" * (-len(bits) % 6)
    return "".join(LETTERS[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


@given(st.sets(st.integers(1, 60), min_size=1, max_size=12))
def test_any_set_of_sections_comes_back_from_its_header(ids: set[int]) -> None:
    assert read_gpp_header(header_of(*ids)) == tuple(sorted(ids))


def test_a_gpp_string_says_what_its_sections_say() -> None:
    found = read_gpp(f"DBACNY~{SPECIFIED}~1YYN")
    assert found.said["tcf.1"] is True and found.said["us.sale"] is False and found.ids == (2, 6)
    opted_out = packed((1, 6), (0, 12), (1, 2), (2, 2), (1, 2))
    assert read_gpp(f"{header_of(7)}~{opted_out}").said == {"us.sale": False, "us.targeted": False}
    california = packed((1, 6), (0, 6), (2, 2), (1, 2))
    assert read_gpp(f"{header_of(8)}~{california}.YA").said == {"us.sharing": False}


@pytest.mark.parametrize(("text", "said"), [("1YYN", {"us.sale": False}), ("1YNN", {}), ("1---", {}), ("1NYY", {"us.sale": False})])
def test_a_us_privacy_string_is_a_no_or_nothing(text: str, said: dict[str, bool]) -> None:
    assert read_us_privacy(text) == said


EMPTY_HEAD = [(2, 6), (0, 36), (0, 36), (0, 12), (0, 12), (0, 6), (0, 12), (0, 12), (0, 6), (0, 2)]


def largest() -> str:
    """Vendors by as many whole ranges as fit: the string that would take longest if each were counted out."""
    bits = "".join(f"{value:0{width}b}" for value, width in EMPTY_HEAD)
    bits += "0" * (12 + 24 + 24 + 13) + f"{65535:016b}1{2800:012b}" + (f"1{1:016b}{65535:016b}" * 2800)
    return "".join(LETTERS[int(bits[at : at + 6].ljust(6, "0"), 2)] for at in range(0, len(bits), 6))


ODD = ["", ".", "~", "C", "DB", SPECIFIED[:20], SPECIFIED[:-40] + "!", "A" * 1_000_000, "DBAA~x", "DBABM~a~b", "1YY", "同意します", "\ud800",
       "1YYN\n", "D" * LONGEST, "DBD_" + "_" * 60, "🏴" * 500]  # fmt: skip


@pytest.mark.parametrize("reader", [read_tc_string, read_gpp, read_us_privacy])
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_what_is_no_such_string_is_refused_with_a_code_at_once(reader: object, text: str) -> None:
    began = time.perf_counter()
    with pytest.raises(Fault, match=r"^bad-consent-string"):
        reader(text)  # type: ignore[operator]
    assert time.perf_counter() - began < 0.2


def test_a_string_that_names_everybody_over_and_over_takes_no_time() -> None:
    began = time.perf_counter()
    with pytest.raises(Fault, match="a range that is none"):
        read_tc_string(largest())
    assert time.perf_counter() - began < 0.5


@given(st.one_of(st.text(LETTERS + ".~", max_size=400), st.text(max_size=60), st.binary(max_size=80).map(lambda raw: raw.decode("latin-1"))))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    for reader in (read_tc_string, read_gpp, read_us_privacy):
        try:
            reader(text)
        except Fault as refused:
            assert refused.code == "bad-consent-string"


@given(st.integers(0, len(SPECIFIED) - 1), st.sampled_from(LETTERS + ".~!é"))
def test_a_string_with_one_letter_changed_is_read_or_refused(place: int, letter: str) -> None:
    try:
        read_tc_string(SPECIFIED[:place] + letter + SPECIFIED[place + 1 :])
    except Fault as refused:
        assert refused.code == "bad-consent-string"
