"""Do the commands of docs/from-text-to-file.md do what it says? They are run on one of the three texts of our own."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.docs.executed import ROOT, Reader, blocks

DOCUMENT = ROOT / "docs" / "from-text-to-file.md"


def test_a_text_becomes_a_file_and_is_traced_and_settled(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "policy" / "texts" / "merrow.txt", tmp_path / "our-policy.txt")
    reader = Reader(tmp_path, "policy.yaml")
    assert reader.follow(DOCUMENT) == len(blocks(DOCUMENT)) == 4
    assert "settle this" in (tmp_path / "policy.yaml").read_text("utf-8")
    assert "# backed by nothing" not in reader.printed and " 0 backed by nothing" in reader.printed
