"""Does one command show a newcomer everything, with figures that fit what was replayed, and does Ctrl-C end all of it?"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.demo.conftest import Demo, demo_in, moved_examples
from tests.running import ROOT, free_port
from troth.base.errors import Fault
from troth.demo import _port_for
from troth.policy.model import Without
from troth.reports.asking import Asker, Period, Withheld, page_events
from troth.reports.calls import Joined, call_report
from troth.reports.visits import visit_report
from troth.store.journal import refusals_since
from troth.workspace import House

MONTH = Period.latest(34)
SITES = [site["workspace"] for site in json.loads((ROOT / "examples" / "sites" / "sites.json").read_text())]


@contextmanager
def asking(demo: Demo, name: str) -> Iterator[Asker]:
    house = House(demo.settings)
    try:
        yield Asker(house.workspace(name), "owner", "operator-1")
    finally:
        house.close()


@pytest.mark.heavy
@pytest.mark.parametrize("name", SITES)
def test_the_visits_are_those_that_were_replayed(demo: Demo, name: str) -> None:
    tally = demo.tally[name]
    with asking(demo, name) as asker:
        found, policy = visit_report(asker, MONTH), asker.policy
    assert not isinstance(found, Withheld)
    assert (found.totals.visits, found.totals.people, found.totals.views) == (tally["visits"], tally["people"], tally["views"])
    counting = [purpose for purpose in policy.purposes.values() if page_events(policy) & set(purpose.events)]
    keeps_remainder = any(purpose.without is Without.REMAINDER for purpose in counting)
    assert found.totals.anonymous == (tally["anonymous"] if keeps_remainder else 0)
    assert sum(1 for day in found.by_day if day.visits or day.anonymous) >= min(10, tally["all_visits"] // 4)  # a month, and not one heap of today
    shares = {share.name: share.visits for share in found.sources}
    for name in ("google", "newsletter", "bing", "facebook"):
        assert shares.get(name, 0) >= tally.get(f"source_{name}", 0)


@pytest.mark.heavy
@pytest.mark.parametrize("name", SITES)
def test_the_calls_are_those_that_rang_and_joined_where_they_may_be(demo: Demo, name: str) -> None:
    tally = demo.tally[name]
    with asking(demo, name) as asker:
        found = call_report(asker, MONTH)
    if not tally.get("calls"):
        assert isinstance(found, Withheld)  # a policy without calls shows none
        return
    assert not isinstance(found, Withheld)
    states = dict(found.by_state)
    assert (found.total, states.get(Joined.JOINED, 0)) == (tally["calls"], tally["joined_calls"])
    assert sum(found.by_day) == found.total


@pytest.mark.heavy
def test_what_was_refused_is_counted(demo: Demo) -> None:
    tally = demo.tally["infinity"]
    with asking(demo, "infinity") as asker, asker.workspace.state.read() as conn:
        refused = refusals_since(conn, 0)
    assert refused["page-view", "robot"] >= tally["robots"]
    assert refused["undeclared", "undeclared-event"] >= tally["undeclared"]
    assert refused["page-view", "no-subject"] >= tally["anonymous"]
    assert tally["events_refused"] == tally["people_refused"] == 0


@pytest.mark.heavy
def test_customers_who_signed_in_are_one_person_with_their_visits(demo: Demo) -> None:
    with asking(demo, "infinity") as asker, asker.workspace.state.read() as conn:
        joined = conn.exec_driver_sql("SELECT count(*) FROM link WHERE how = 'signed-in' AND until IS NULL").scalar_one()
    assert joined == demo.tally["infinity"]["people_joined"] > 0


@pytest.mark.heavy
def test_every_place_it_names_answers(demo: Demo) -> None:
    said = demo.said()
    places = re.findall(r"http://127\.0\.0\.1:\d+/\S*", said)
    assert len(places) == 4 * len(demo.sites)
    for place in places:
        status, body = demo.get(place)
        assert status == 200 or (status == 401 and "/console/" in place), place
        assert body
    for name, port in demo.sites.items():
        assert f"http://127.0.0.1:{port}/" in places
        assert f"{demo.url}/{name}/troth.js" in demo.get(f"http://127.0.0.1:{port}/")[1]
    assert "Traceback" not in said and "name infinity-owner, password " in said


@pytest.mark.heavy
def test_comments_stand_under_their_articles(demo: Demo) -> None:
    status, body = demo.get(f"{demo.url}/infinity/comments?article=/blog/the-quiet-page")
    assert status == 200
    assert [one["name"] for one in json.loads(body)["comments"]] != []


@pytest.mark.heavy
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopping_ends_everything_and_a_second_start_replays_nothing(tmp_path: Path, how: signal.Signals) -> None:
    kept = moved_examples(tmp_path)
    with demo_in(tmp_path, visits=24, kept=kept) as first:
        first.wait_for("Ctrl-C stops everything")
        written_at = (first.data / "demo.json").stat().st_mtime_ns
        assert first.interrupt(how) == 0
        assert "nanobind" not in first.said() and "Traceback" not in first.said()
    for port in [first.port, *first.sites.values()]:
        with socket.socket() as tried:
            assert tried.connect_ex(("127.0.0.1", port)) != 0
    with demo_in(tmp_path, first.data, visits=24, kept=kept) as second:
        second.wait_for("Ctrl-C stops everything", 60)
    assert (first.data / "demo.json").stat().st_mtime_ns == written_at  # a replay writes it anew when it begins


@pytest.mark.heavy
def test_a_replay_that_was_stopped_is_said_and_not_begun_again(tmp_path: Path) -> None:
    kept = moved_examples(tmp_path)
    with demo_in(tmp_path, visits=600, kept=kept) as first:
        until_begun(first)
        assert first.interrupt() == 0
    assert children_left(str(kept[0])) == []
    with demo_in(tmp_path, first.data, visits=600, kept=kept) as second:
        second.wait_for("Ctrl-C stops everything", 30)
        assert "did not come to its end" in second.said()


def until_begun(demo: Demo) -> None:
    for _ in range(600):
        if (demo.data / "demo.json").exists():
            return
        assert demo.process.poll() is None, demo.said()
        time.sleep(0.05)
    raise AssertionError("the replay did not begin")


def children_left(words: str) -> list[str]:
    """Processes that still name these words on their command line."""
    left = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if words in command:
            left.append(command)
    return left


# ports


@contextmanager
def listening() -> Iterator[int]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_site_takes_another_port_only_where_its_policy_allows_it(capsys: pytest.CaptureFixture[str]) -> None:
    free = free_port()
    with listening() as taken:
        assert _port_for("Infinity", taken, [taken, free]) == free
        assert f"port {taken} is taken" in capsys.readouterr().out
        with pytest.raises(Fault) as caught:
            _port_for("Infinity", taken, [taken])
        assert caught.value.code == "site-port-taken"
    assert _port_for("Infinity", free, [free]) == free
    with pytest.raises(Fault):
        _port_for("Infinity", free, [])  # the policy lists no such origin at all


def test_a_taken_port_is_a_coded_error(tmp_path: Path) -> None:
    with listening() as taken:
        command = [sys.executable, "-m", "troth.demo", "--port", str(taken), "--data", str(tmp_path / "data")]
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 1 and said.stderr.startswith("port-taken: ")
