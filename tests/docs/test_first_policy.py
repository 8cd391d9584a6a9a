"""Can a newcomer write a working policy from the documentation alone? Every block of docs/first-policy.md is done and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.executed import ROOT, Reader, blocks
from troth.policy.parse import read_policy

DOCUMENT = ROOT / "docs" / "first-policy.md"


def test_a_newcomer_gets_from_nothing_to_an_event_kept_one_refused_and_a_notice(tmp_path: Path) -> None:
    reader = Reader(tmp_path, "policy.yaml")
    try:
        assert reader.follow(DOCUMENT) == len(blocks(DOCUMENT)) > 15
    finally:
        reader.end()
    made = read_policy(tmp_path / "policy.yaml")
    assert set(made.events) == {"page-view", "enquiry", "appointment", "call"}
    assert "patient.new" in made.items and "appointment.kind" not in made.items
    assert len((tmp_path / "policy.yaml").read_text("utf-8").splitlines()) < 150


def test_a_document_that_says_what_is_not_so_is_found_out(tmp_path: Path) -> None:
    lying = tmp_path / "lying.md"
    lying.write_text("```sh\necho one\n```\n```text\ntwo\n```\n", "utf-8")
    with pytest.raises(AssertionError, match=r"lying\.md:4"):
        Reader(tmp_path, "policy.yaml").follow(lying)
