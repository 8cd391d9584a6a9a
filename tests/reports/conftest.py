"""A town for each test, on an autumn morning that stands still until the test moves it on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.reports.town import Town, town_in

MORNING = datetime(2026, 11, 10, 9, 0, tzinfo=UTC)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with town_in(tmp_path, MORNING) as made:
        yield made
