"""Is a no that another system relays heard with the first event of somebody who is not known yet?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.running import BROWSER, PAGE, ROOT
from troth.base.clock import now_micros
from troth.collect.batch import Answer
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.policy.parse import read_policy
from troth.settings import load
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

POLICY = read_policy(ROOT / "examples/infinity/policy.yaml")
NO_TO_ALL = {id: False for id, purpose in POLICY.purposes.items() if "page-view" in purpose.events}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Workspace, Ingest]]:
    house = House(load(tmp_path / "data"))
    house.publish(POLICY)
    ingest = Ingest(house.workspace("infinity"))
    yield house.workspace("infinity"), ingest
    ingest.close()
    house.close()


def view(ingest: Ingest, visitor: str, says: dict[str, bool]) -> Answer:
    """A page view from where people may object, with what another banner was told."""
    context = {"page": PAGE, "timezone": "America/Los_Angeles", "userAgent": BROWSER, "consent": {"categoryPreferences": says}}
    return ingest.submit_and_wait([Message(type="page", anonymous_id=visitor, context=context)], Origin(True, "127.0.0.1", BROWSER, now_micros()))


def known(workspace: Workspace, visitor: str) -> int | None:
    with workspace.state.read() as conn:
        return directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))


def test_somebody_who_said_no_to_everything_is_not_made_known(place: tuple[Workspace, Ingest]) -> None:
    workspace, ingest = place
    answer = view(ingest, "ben", NO_TO_ALL)
    assert (answer.stored, answer.anonymous) == (0, 1)
    assert known(workspace, "ben") is None


def test_a_no_to_one_purpose_holds_for_the_event_that_brings_it(place: tuple[Workspace, Ingest]) -> None:
    workspace, ingest = place
    assert view(ingest, "cleo", {"site-analytics": False}).stored == 1
    ref = known(workspace, "cleo")
    assert ref is not None
    with workspace.state.read() as conn:
        standing = read_standing(conn, ref)
        permitted = [purpose for kind in workspace.classes.all(conn).values() for purpose, _ in kind.permitted]
    assert standing is not None and standing.states == {"site-analytics": State.REFUSED}
    assert "site-analytics" not in permitted and "call-journey" in permitted


def test_whoever_said_nothing_may_be_counted_until_they_object(place: tuple[Workspace, Ingest]) -> None:
    _, ingest = place
    assert view(ingest, "ada", {}).stored == 1
    assert view(ingest, "ada", NO_TO_ALL).stored == 0
