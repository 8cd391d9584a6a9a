"""What does a choice leave behind that says more than it may? The screen's hash or nothing, never a sender's own words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.running import ROOT
from troth.collect.choices import choose
from troth.policy.parse import read_policy
from troth.settings import load
from troth.workspace import House

SHOWN = "0123456789abcdef"


SENT = {"a name": "Edda Example", "half a character": "\ud800", "an object": {"a": 1}, "a hash": SHOWN}


@pytest.mark.parametrize(("screen", "kept"), [(sent, SHOWN if sent == SHOWN else "") for sent in SENT.values()], ids=list(SENT))
def test_a_choice_keeps_the_hash_of_its_screen_and_no_other_word(tmp_path: Path, screen: object, kept: str) -> None:
    house = House(load(tmp_path / "data"))
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    workspace = house.workspace("infinity")
    body = {"anonymousId": "edda-browser-1", "choices": {"site-analytics": "given"}, "how": "choose", "tz": "Europe/Berlin", "screen": screen}
    assert choose(workspace, body)["receipt"] is not None
    with workspace.state.read() as conn:
        assert [row[0] for row in conn.exec_driver_sql("SELECT DISTINCT screen FROM consent_act")] == [kept]
        assert "Edda" not in "".join(str(entry) for _, entry in workspace.log.entries(conn))
    house.close()
