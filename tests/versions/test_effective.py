"""Does a version hold from its instant on, in every process, with nobody doing anything then? Seen through the doors."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.versions.conftest import MIDNIGHT, Business
from tests.versions.edits import Edit, new_recipient, one_more_word, promising
from troth.base import clock
from troth.base.clock import micros
from troth.policy.demands import TakesEffect
from troth.policy.model import Permission

Start = Callable[..., Business]


def permission(how: Permission) -> Edit:
    """Everything that a page view is for asks so."""
    return lambda policy: replace(
        policy, purposes={id: replace(one, permission=how) if "page-view" in one.events else one for id, one in policy.purposes.items()}
    )


ASKING = permission(Permission.ASK_BEFORE)


@pytest.mark.promise("infinity-124")
def test_an_event_is_judged_under_the_version_then_in_force_on_every_process(business: Start) -> None:
    here = business()
    both = [here.world(), here.world(here.another_process())]
    day = here.days(3)
    here.publish_fine(ASKING, effective_on=day)
    for at, stored, version in ((timedelta(days=2), 1, "1"), (timedelta(seconds=5), 1, "1"), (timedelta(0), 0, "2")):
        here.until(day, before=at)
        for world in both:
            answer = world.visitor().view()
            assert answer["stored"] == stored, (at, answer)
            assert world.visitor().asked()["version"] == version


def test_a_version_holds_from_its_very_instant(business: Start) -> None:
    here = business()
    day = here.days(3)
    here.publish_fine(ASKING, effective_on=day)
    starts = micros(datetime.combine(day, MIDNIGHT, UTC))
    with here.workspace.state.read() as conn:
        found = [here.workspace.plan_at(conn, starts + off).policy.version for off in (-1, 0, 1)]
    assert found == ["1", "2", "2"]


def test_a_process_of_its_own_sees_the_version_of_its_own_clock(business: Start, tmp_path: Path) -> None:
    here = business()
    here.publish_fine(ASKING, effective_on=here.days(3))
    read = "print(workspace_of(Path(sys.argv[1]), 'infinity').policy.version)"
    program = f"import sys\nfrom pathlib import Path\nfrom troth.commands import workspace_of\n{read}"

    def version_after(days: int) -> str:
        whole_days = clock._shift // 86_400_000_000 + 1 + days  # at most a day later than the test's own clock
        environment = os.environ | {"TROTH_CLOCK_SHIFT": f"{whole_days}d"}
        run = [sys.executable, "-c", program, str(here.settings.data)]
        return subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.strip()

    assert [version_after(0), version_after(4)] == ["1", "2"]


def test_what_is_published_beside_a_running_server_holds_at_its_next_event(business: Start) -> None:
    here = business()
    visitor = here.world().visitor()
    assert visitor.view()["stored"] == 1
    here.publish_fine(ASKING)
    assert visitor.view()["stored"] == 0
    assert visitor.choose(site_analytics="given")["version"] == "2"
    assert visitor.view()["stored"] == 1


@pytest.mark.promise("infisim-095", "infinext-062")
def test_a_policy_that_holds_on_posting_holds_from_the_moment_it_is_published(business: Start) -> None:
    here = business("infinity", promising(effective=TakesEffect.ON_POSTING))
    here.publish_fine(new_recipient("site-analytics", "page.route"))
    rows = here.versions()
    assert rows["2"]["effective_at"] == rows["2"]["published_at"] and rows["2"]["state"] == "in-force"
    assert rows["1"]["state"] == "earlier" and here.get("/policy/versions/1").status_code == 200
    assert "New House" in here.get("/policy").text and "New House" not in here.get("/policy/versions/1").text
    here.tend()
    assert here.letters() == []
    said = here.publish(one_more_word, effective_on=here.days(5))
    assert said.code == 1 and "effective-on-posting" in said.text


def test_a_version_that_a_later_one_overtakes_never_holds(business: Start) -> None:
    here = business()
    day = here.days(3)
    here.publish_fine(ASKING, effective_on=day)
    here.publish_fine(permission(Permission.MAY_OBJECT), one_more_word, effective_on=here.days(0))
    assert {version: row["state"] for version, row in here.versions().items()} == {"1": "earlier", "2": "overtaken", "3": "in-force"}
    here.until(day + timedelta(days=1))
    assert here.policy.version == "3"
    assert here.world().visitor().view()["stored"] == 1


def test_an_older_text_published_again_becomes_a_new_version_and_holds(business: Start) -> None:
    here = business()
    before = here.file.read_text("utf-8")
    here.publish_fine(one_more_word)
    here.file.write_text(before, "utf-8")
    said = here.publish_fine()
    assert "version is now `3`" in said.text and (here.policy.version, here.policy.changed_on) == ("3", here.days(0))
    assert "nothing was done" in here.publish_fine().text and here.policy.version == "3"


def test_the_command_writes_the_days_that_the_text_needs(business: Start) -> None:
    here = business()
    said = here.publish_fine(one_more_word)
    assert "version is now `2`" in said.text
    written = here.policy
    assert (written.version, written.changed_on, written.effective_on) == ("2", here.days(0), here.days(0))
    later = here.publish_fine(one_more_word, effective_on=here.days(9))
    assert f"in force from {here.days(9).day} " in later.text and here.policy.version == "2"
