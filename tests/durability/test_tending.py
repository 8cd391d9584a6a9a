"""Does one failure stop what else must be done? Never: each task of a round, and each workspace, stands alone."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.running import ROOT
from troth import maintain
from troth.base.errors import Fault
from troth.policy.parse import read_policy
from troth.settings import load
from troth.workspace import House, Workspace


def broken(*_: object) -> None:
    raise RuntimeError("edda@mail.example")


def test_a_task_that_fails_stops_no_other_and_is_named_without_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    monkeypatch.setattr("troth.store.lake.Lake.unlink_retired", broken)
    monkeypatch.setattr(maintain.erasure, "continue_cases", lambda workspace: done.append("erased"))
    monkeypatch.setattr(maintain, "sweep_when_due", lambda workspace: done.append("swept"))
    house = House(load(tmp_path / "data"))
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    with caplog.at_level(logging.WARNING, "troth"):
        maintain.tend(house.workspace("infinity"))
    house.close()
    assert done == ["erased", "swept"]
    assert "infinity" in caplog.text and "RuntimeError" in caplog.text and "edda" not in caplog.text


def test_a_workspace_that_cannot_be_opened_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    house = House(load(tmp_path / "data"))
    for name in ("alder", "birch"):
        house.create(name)
    tended: list[str] = []

    def found(id: str) -> Workspace:
        if id == "alder":
            raise Fault("database-unusable", "it cannot be used", status=503)
        return House.workspace(house, id)

    monkeypatch.setattr(house, "workspace", found)
    monkeypatch.setattr(maintain, "tend", lambda workspace: tended.append(workspace.id))
    maintain.tend_all(house)
    house.close()
    assert tended == ["birch"]


def test_a_workspace_without_a_policy_takes_nothing_from_the_others(tmp_path: Path) -> None:
    house = House(load(tmp_path / "data"))
    house.create("alder")  # its first version only holds from tomorrow on, say
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    assert [policy.workspace for policy in house.policies()] == ["infinity"]
    assert house.clients_of("infinity") == []
    house.close()
