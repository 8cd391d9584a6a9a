"""What do the tests of the policy room share? The example files, and golden files that one setting rewrites.

`TROTH_GOLDEN=1 pytest tests/policy` writes the golden files anew; read the difference as prose before keeping it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from policy_edits import EXAMPLES

from troth.policy.model import Policy
from troth.policy.parse import read_policy

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="session")
def infinity_text() -> str:
    return (EXAMPLES / "infinity" / "policy.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def infinity() -> Policy:
    return read_policy(EXAMPLES / "infinity" / "policy.yaml")


@pytest.fixture(scope="session")
def harbour() -> Policy:
    return read_policy(EXAMPLES / "harbour" / "policy.yaml")


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with its golden file."""

    def same(name: str, text: str) -> None:
        file = GOLDEN / name
        if os.environ.get("TROTH_GOLDEN"):
            file.write_text(text, "utf-8")
        assert file.read_text("utf-8") == text, f"{name} differs; look at it, then rewrite it with TROTH_GOLDEN=1"

    return same
