"""Do two references of one person get along in one batch? What one says is read again for the other before it is asked."""

from __future__ import annotations

from pathlib import Path

from tests.running import BROWSER, PAGE, ROOT
from troth.base.clock import now_micros
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.policy.parse import read_policy
from troth.settings import load
from troth.subjects import directory, links
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import How
from troth.workspace import House

ADAS = ("ada-telephone", "ada-laptop")


def view(visitor: str, says: bool | None = None) -> Message:
    context = {"page": PAGE, "timezone": "America/Los_Angeles", "userAgent": BROWSER}
    said = {} if says is None else {"consent": {"categoryPreferences": {"site-analytics": says}}}
    return Message(type="page", anonymous_id=visitor, context=context | said)


def test_consent_relayed_for_two_references_of_one_person_in_one_batch_is_taken_for_both(tmp_path: Path) -> None:
    house = House(load(tmp_path / "data"))
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    workspace = house.workspace("infinity")
    ingest = Ingest(workspace)
    origin = Origin(True, "127.0.0.1", BROWSER, now_micros())
    try:
        assert ingest.submit_and_wait([view(visitor) for visitor in ADAS], origin).stored == 2
        with workspace.state.write() as conn:
            refs = [directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor)) for visitor in ADAS]
            assert refs[0] and refs[1] and links.join(conn, refs[0], refs[1], How.OPERATOR) is not None
        assert ingest.submit_and_wait([view(visitor, says=True) for visitor in ADAS], origin).stored == 2
    finally:
        ingest.close()
        house.close()
