"""What do the tests of rights start from? A workspace of its own, with infinity's policy and a few people in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from troth.base.clock import now
from troth.policy.parse import read_policy
from troth.rights.verify import Session, Shown
from troth.settings import Settings
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.workspace import House, Workspace

POLICY = Path(__file__).resolve().parents[2] / "examples" / "infinity" / "policy.yaml"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Infinity, with nobody in it."""
    folder = tmp_path_factory.mktemp("rights")
    house = House(Settings(folder / "data", folder / "secrets", folder / "tape"))
    made = house.create("infinity")
    made.publish(read_policy(POLICY))
    yield made
    house.close()


@pytest.fixture
def person(workspace: Workspace) -> Callable[..., Session]:
    """Somebody who has shown who they are, covered by a law."""

    def make(regime: str = "uk", population: str = "enquirer", address: str = "") -> Session:
        with workspace.state.write() as conn:
            hashed = directory.hash_of(workspace.keys, IdentifierKind.EMAIL, address) if address else None
            ref = directory.create(conn, hashed, IdentifierKind.EMAIL, NewSubject(population, regime))
        return Session(ref, frozenset({ref}), Shown.MAILBOX, 1, address, regime, population, False, now() - timedelta(minutes=1))

    return make


@contextmanager
def promising(workspace: Workspace, **rights: Any) -> Iterator[None]:
    """The policy with another word on rights, for a while."""
    policy = workspace.plan.policy
    before = policy.rights
    object.__setattr__(policy, "rights", replace(before, **rights))
    try:
        yield
    finally:
        object.__setattr__(policy, "rights", before)
