"""Runs every proof on a whole system, where it must hold, and on one sabotaged in its behaviour, where it must not."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.serving import Served, serving

_kept: dict[str, set[str]] = {}


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all promises; it ends with them, so that it takes no time from the browsers that come last."""
    with serving(tmp_path_factory.mktemp("promises")) as running:
        yield running


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note, per promise, which of its tests passed."""
    report = yield
    mark = item.get_closest_marker("promise")
    if mark is not None and report.when == "call":
        for id in mark.args:
            _kept.setdefault(id, set()).add("passed" if report.passed else "failed")
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the ids of the promises all of whose tests passed."""
    passed = sorted(id for id, outcomes in _kept.items() if outcomes == {"passed"})
    if _kept:
        out = Path(str(session.config.rootpath)) / "tests" / "out" / "promises.json"
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(passed, indent=1) + "\n")
