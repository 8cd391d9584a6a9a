"""Has an entry one spelling, and is personal data kept out of it?"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.ledger.entry import Entry, EntryKind, check_body, commitment

AT = datetime(2026, 3, 4, 10, 0, 0, 250, tzinfo=UTC)
SAFE_TEXT = st.text("abcdefghijklmnopqrstuvwxyz é\"\\\n", max_size=20)
BODIES = st.dictionaries(
    SAFE_TEXT,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | SAFE_TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAFE_TEXT, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=5,
)


def test_an_entry_is_compact_json_with_sorted_keys() -> None:
    body = {"subject": 4611686018427387904, "purposes": ["statistics"], "commitment": "ab" * 32}
    assert Entry(EntryKind.CONSENT, AT, body).canonical() == (
        b'{"at":1772618400000250,"body":{"commitment":"' + b"ab" * 32 + b'","purposes":["statistics"],'
        b'"subject":4611686018427387904},"kind":"consent","v":1}'
    )


@given(st.sampled_from(EntryKind), BODIES)
def test_reading_back_what_was_written_gives_the_same_entry(kind: EntryKind, body: dict[str, Any]) -> None:
    entry = Entry(kind, AT, body)
    assert Entry.from_canonical(entry.canonical()) == entry
    backwards = Entry(kind, AT, dict(reversed(body.items())))
    assert backwards.canonical() == entry.canonical()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"{}", b"[]", b"\xff"),
        b'{"at":1,"body":{},"kind":"consent","v":2}',
        b'{"at":1,"body":{},"kind":"gossip","v":1}',
        b'{"at":1,"body":3,"kind":"consent","v":1}',
    ],
)
def test_bytes_that_are_no_entry_are_refused(data: bytes) -> None:
    with pytest.raises(Fault):
        Entry.from_canonical(data)


PERSONAL = [
    "ada@example.com",
    "wrote to ada.l+x@mail.example.co.uk today",
    "+44 20 7946 0958",
    "+442079460958",
    "call (020) 7946-0958 back",
    "020.7946.0958",
    "tel:02079460958",
    "192.0.2.17",
    "from 192.0.2.17.",
    "[2001:db8::1]",
    "2001:0db8:0000:0000:0000:0000:0000:0001",
    "::ffff:192.0.2.1",
    "at 2026-03-04T10:00:00Z from 2001:db8::7",
]
HARMLESS = [
    "page.view",
    "infinity-037",
    "2026-03-04",
    "2026-03-04T10:00:00.123456+00:00",
    "3f1c9a52-8f0e-4c39-9f59-123456789012",
    hashlib.sha256(b"").hexdigest(),
    "4611686018427387904",
    "k7w2mzq9c4t8x3v6b5n2hj",
    "ledger.example.com/infinity",
    "consent: given, then withdrawn",
    "art. 17(3)(b)",
]


@pytest.mark.parametrize("text", PERSONAL)
@pytest.mark.parametrize("shape", ["value", "key", "deep"])
def test_what_looks_like_personal_data_is_refused_and_not_repeated(text: str, shape: str) -> None:
    bodies: dict[str, dict[str, Any]] = {"value": {"note": text}, "key": {text: 1}, "deep": {"a": [{"b": [text]}]}}
    with pytest.raises(Fault) as refused:
        Entry(EntryKind.OPERATOR_ACT, AT, bodies[shape]).canonical()
    assert refused.value.code == "personal-data-in-ledger"
    assert text not in str(refused.value)


@pytest.mark.parametrize("text", HARMLESS)
def test_references_hashes_and_dates_pass(text: str) -> None:
    check_body({"note": text})


@pytest.mark.parametrize("body", [{"n": 1.5}, {"n": b"x"}, {1: "x"}, {"n": "\ud800"}, {"n": {2}}, ["x"]])
def test_a_body_without_one_spelling_is_refused(body: Any) -> None:
    with pytest.raises(Fault) as refused:
        check_body(body)
    assert refused.value.code == "bad-ledger-body"


def test_a_commitment_needs_its_salt() -> None:
    salt = b"s" * 16
    assert commitment(salt, b"data") == hmac.new(salt, b"data", hashlib.sha256).digest()
    assert commitment(b"t" * 16, b"data") != commitment(salt, b"data")
    with pytest.raises(Fault):
        commitment(b"short", b"data")
