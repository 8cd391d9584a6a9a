"""A workspace of infinity's own policy for each test, and the means to publish a neighbour of that policy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.keeping import Place, a_place, infinity_policy


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Infinity, on 22 November 2026."""
    with a_place(tmp_path, infinity_policy()) as found:
        yield found
