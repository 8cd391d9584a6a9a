"""Is every line of an access log accounted for once, and is nothing kept of it that points to anybody?"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collect.test_access_log_parsing import SAMPLE, WHOLE, lines_of, recount
from tests.imports.conftest import CHROME, Desk, console_page, line, shown_by_console
from tests.running import ROOT
from troth.base.clock import day_of, micros, now
from troth.base.errors import Fault
from troth.base.filelock import exclusive
from troth.collect import import_log
from troth.reports.imports import funnel

LOG = WHOLE if WHOLE.exists() else SAMPLE
Log = Callable[..., Path]
_WHEN = re.compile(r"\[([^\]]+)\]")


def test_the_funnel_of_the_whole_log_equals_an_independent_recount(desk: Desk) -> None:
    lines = lines_of(LOG)
    counted = Counter(recount(text) for text in lines)
    began = time.perf_counter()
    found = desk.bring(LOG)
    took = time.perf_counter() - began
    assert found.read == len(lines) == sum(counted.values())
    assert (found.malformed, found.assets, found.robots) == (counted["malformed"], counted["asset"], counted["robot"])
    assert (found.other_method, found.other_status) == (counted["not-a-page:method"], counted["not-a-page:status"])
    assert found.page_views == found.kept == counted["page-view"] == len(desk.rows())
    assert found.refused == {} and found.complete
    assert shown_by_console(desk) == {
        "read": len(lines), "asset": counted["asset"], "robot": counted["robot"], "malformed": counted["malformed"],
        "other-method": counted["not-a-page:method"], "other-status": counted["not-a-page:status"],
        "page-view": counted["page-view"], "kept": counted["page-view"],
    }  # fmt: skip
    assert len(lines) / took > 2_000, f"{len(lines) / took:.0f} lines a second"


def test_the_console_shows_why_page_views_were_refused(desk: Desk, log: Log) -> None:
    desk.bring(log(line(at="17/May/2015:10:05:03 +0000"), line(at="17/May/2015:10:05:04 +0000"), line("/a.css")), "keep")
    shown = {"read": 3, "asset": 1, "page-view": 2, "too-old": 2, "kept": 0}
    assert {step: count for step, count in shown_by_console(desk).items() if count or step == "kept"} == shown


def test_the_console_of_a_business_without_imports_says_how_to_begin(desk: Desk) -> None:
    page = console_page(desk)
    assert "No access log was brought in" in page and "troth collect access.log" in page


def test_each_page_view_is_kept_on_the_day_of_its_line_moved_as_asked(desk: Desk) -> None:
    views = [text for text in lines_of(LOG) if recount(text) == "page-view"]
    at = {text: datetime.strptime(_WHEN.findall(text)[0], "%d/%b/%Y:%H:%M:%S %z") for text in lines_of(LOG) if recount(text) != "malformed"}
    falls_at = (now() - timedelta(days=3)).astimezone(UTC).replace(microsecond=0)
    moved = falls_at - max(at.values())
    desk.bring(LOG, falls_at.isoformat())
    assert Counter(row["day"] for row in desk.rows()) == Counter(day_of(micros(at[text] + moved)) for text in views)


def test_what_is_kept_points_to_nobody(desk: Desk, log: Log) -> None:
    address, target = "198.51.100.77", "/pricing?who=ada%40example.com"
    desk.bring(log(line(target, address=address, referrer="https://www.google.com/search?q=ada")))
    (row,) = desk.rows()
    assert (row["page.route"], row["visit.source"], row["visit.medium"]) == ("/pricing", "google", "organic")
    assert (row["ref"], row["person"], row["at"] % 86_400_000_000) == (0, 0, 0)
    assert (row["device.browser"], row["device.os"], row["visit.campaign"]) == (None, None, None)
    assert [desk.count(table) for table in ("subject", "identifier", "seen", "held")] == [0, 0, 0, 0]
    desk.workspace.lake.settle()
    desk.workspace.state.truncate_log()
    held = b"".join(path.read_bytes() for path in desk.settings.data.rglob("*") if path.is_file())
    for needle in (address, "who=ada", "q=ada", "AppleWebKit"):
        assert needle.encode() not in held


def test_a_page_that_the_policy_declares_no_route_for_is_counted_as_other(desk: Desk, log: Log) -> None:
    desk.bring(log(line("/somebody/4711"), line("http://www.infinity.example/product")))
    assert [row["page.route"] for row in desk.rows()] == ["(other)", "/product"]


def test_pages_of_the_same_site_are_no_source(desk: Desk, log: Log) -> None:
    lines = [line(referrer="https://shop.example/a"), line(referrer="http://127.0.0.1:8101/"), line(referrer="https://news.example/")]
    desk.bring(log(*lines), sites=("https://shop.example/",))
    assert [row["visit.source"] for row in desk.rows()] == [None, None, "news.example"]


# once


def test_the_same_file_again_is_refused_under_any_name(desk: Desk, log: Log) -> None:
    lines = [line(), line(), line("/")]
    assert desk.bring(log(*lines)).kept == 3  # the same line twice was two views
    for name in ("access.log", "renamed.log"):
        with pytest.raises(Fault) as caught:
            desk.bring(log(*lines, name=name))
        assert caught.value.code == "already-imported"
    assert len(desk.rows()) == 3
    assert [one.read for one in funnel(desk.workspace)] == [3]


def test_a_file_that_has_grown_is_gone_on_with(desk: Desk, log: Log) -> None:
    desk.bring(log(line(), line("/").rstrip("\n")))
    found = desk.bring(log(line(), line("/"), line("/product")))
    assert (found.read, found.kept, len(desk.rows())) == (1, 1, 3)
    assert [one.read for one in funnel(desk.workspace)] == [1, 2]


def test_a_log_too_old_to_be_kept_is_refused_and_may_come_again_with_its_dates_moved(desk: Desk, log: Log) -> None:
    path = log(line(at="17/May/2015:10:05:03 +0000"), line(at="17/May/2015:10:05:04 +0000"))
    found = desk.bring(path, "keep")
    assert (found.page_views, found.kept, found.refused) == (2, 0, {"too-old": 2})
    assert desk.refused() == {("page-view", "too-old"): 2}
    assert desk.bring(path, "now").kept == 2


def test_a_line_moved_into_the_future_is_refused(desk: Desk, log: Log) -> None:
    found = desk.bring(log(line(at=f"{now():%d/%b/%Y:%H:%M:%S} +0000")), "2h")
    assert found.refused == {"time-in-future": 1}


def test_two_imports_do_not_run_at_once(desk: Desk, log: Log) -> None:
    with exclusive(desk.workspace.secrets / "import.lock"), pytest.raises(Fault) as caught:
        desk.bring(log(line()))
    assert caught.value.code == "import-running"


_KILLED = """
import os, signal, sys
from pathlib import Path
from troth.collect import import_log
from troth.collect.ingest import Ingest
from troth.settings import load
from troth.workspace import House

file, data, moment, after = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
import_log.TOGETHER = 40
keep, note, done = import_log._Run._keep, import_log._Run._note, 0

def die():
    global done
    done += 1
    if done == after:
        os.kill(os.getpid(), signal.SIGKILL)

def noting(*given):
    note(*given)
    if moment == "before the commit":
        die()

def keeping(*given):
    keep(*given)
    if moment == "after the commit":
        die()

import_log._Run._note, import_log._Run._keep = noting, keeping
workspace = House(load(data)).workspace("infinity")
import_log.import_access_log(workspace, Ingest(workspace), file, "now")
"""


@pytest.mark.parametrize(("moment", "after"), [("before the commit", 1), ("before the commit", 4), ("after the commit", 3)])
def test_a_killed_import_is_gone_on_with_and_counts_each_line_once(desk: Desk, moment: str, after: int) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(SAMPLE), str(desk.settings.data), moment, str(after)], cwd=ROOT, check=False)
    assert killed.returncode == -9
    half = funnel(desk.workspace)
    assert sum(one.read for one in half) == 40 * (after - (moment == "before the commit"))
    assert not any(one.complete for one in half)
    counted = Counter(recount(text) for text in lines_of(SAMPLE))
    found = desk.bring(SAMPLE, "keep" if half else "now")  # the dates stay moved as the first run moved them
    assert (found.read, found.page_views, found.kept) == (400, counted["page-view"], counted["page-view"])
    assert (found.malformed, found.assets, found.robots) == (counted["malformed"], counted["asset"], counted["robot"])
    assert len(desk.rows()) == counted["page-view"] and len(funnel(desk.workspace)) == 1


PIECES = st.sampled_from(
    [line(), line("/a.css"), line("/", agent="Googlebot/2.1"), "nonsense\n", "\n", line("/product", address="198.18.0.2"), "\r\n"]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(PIECES, min_size=1, max_size=30), cuts=st.lists(st.integers(1, 30), max_size=4), together=st.integers(1, 12))
def test_a_log_brought_in_bit_by_bit_is_the_log_brought_in_at_once(
    desk: Desk, log: Log, lines: list[str], cuts: list[int], together: int
) -> None:
    import_log.TOGETHER, usual = together, import_log.TOGETHER
    try:
        before = len(desk.rows())
        whole = [f"example {desk.count('access_import')} {before}\n", *lines]  # no other example's file
        read = kept = 0
        for end in [*sorted({cut for cut in cuts if cut < len(whole)}), len(whole)]:
            found = desk.bring(log(*whole[:end]))
            read, kept = read + found.read, kept + found.kept
        views = sum(recount(text.rstrip("\r\n")) == "page-view" for text in whole)
        assert (read, kept, len(desk.rows()) - before) == (len(whole), views, views)
    finally:
        import_log.TOGETHER = usual


# bad input


def test_a_hostile_file_is_read_to_its_end(desk: Desk, log: Log) -> None:
    lines = [b"\xef\xbb\xbf" + line().encode(), b"\xff\xfe\x00\x00\n", b"x" * 3_000_000 + b"\n", b"\n", line(agent=CHROME + "<script>")]
    found = desk.bring(log(*lines, b"no end"))
    assert (found.read, found.malformed, found.kept) == (6, 4, 2)


def test_an_empty_file_and_a_bad_shift_are_coded_errors_and_leave_nothing(desk: Desk, log: Log) -> None:
    for path, option, code in ((log(name="empty.log"), "now", "empty-log"), (log(line()), "soon", "bad-shift")):
        with pytest.raises(Fault) as caught:
            desk.bring(path, option)
        assert caught.value.code == code
    assert desk.count("access_import") == 0


def test_the_import_stands_in_the_ledger_in_numbers(desk: Desk, log: Log) -> None:
    desk.bring(log(line(), line("/a.css")))
    with desk.workspace.state.read() as conn:
        bodies = [entry.body for _, entry in desk.workspace.log.entries(conn) if entry.body.get("act") == "import"]
    assert bodies == [{"act": "import", "lines": 2, "kept": 1}]
