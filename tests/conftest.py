"""What holds for every test? Programs that are missing are named; where CI is set, a test that is skipped has failed.

It holds no tests. The one browser is here: Playwright keeps a loop running in this thread from its first use on, so there is
one of it, and the tests that use it come last.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from playwright.sync_api import Browser, sync_playwright

IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
PACKAGES = {"chromium": "chromium", "node": "nodejs", "npm": "npm"}  # program to Debian's package
FIXTURES = {"browser": "chromium"} | dict.fromkeys(("node_modules", "extension", "engine", "axe"), "npm")  # fixture to the program it drives

# A busy machine is no defect, so examples have no deadline; in CI they are the same each time.
settings.register_profile(
    "house", deadline=None, derandomize=IN_CI, suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.target, Phase.shrink],
)  # fmt: skip
settings.load_profile("house")


CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright; nothing is downloaded."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield chromium
        chromium.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browsers last; and skip a test whose program is missing, and say how to get it."""
    items.sort(key=lambda item: "browser" in getattr(item, "fixturenames", ()))
    for item in items:
        for program in _programs(item):
            if shutil.which(program) is None:
                item.add_marker(pytest.mark.skip(reason=f"{program} is missing: apt-get install {PACKAGES.get(program, program)}"))


def _programs(item: pytest.Item) -> Iterator[str]:
    for mark in item.iter_markers("needs"):
        yield from mark.args
    for fixture in getattr(item, "fixturenames", ()):
        if fixture in FIXTURES:
            yield FIXTURES[fixture]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that CI skips shows nothing, so it has failed."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        _fail(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself."""
    report = yield
    if IN_CI and report.skipped:
        _fail(report)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport) -> None:
    why = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
    report.outcome = "failed"
    report.longrepr = f"skipped, which counts as failed here: {why}"
