"""What becomes of numbers no honest client sends? The item is left out, and no neighbour's event suffers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.running import BROWSER, ROOT
from troth.base.clock import now_micros
from troth.collect.ingest import Ingest
from troth.collect.messages import Message, read_one
from troth.collect.pipeline import Origin, Reader
from troth.gate.plan import Plan
from troth.policy.parse import read_policy
from troth.settings import load
from troth.workspace import House

NUMBERS = {
    "larger than 64 bits": b"1" + b"0" * 30, "just too large": b"9223372036854775808", "far too small": b"-9223372036854775809",
    "a huge fraction": b"1e308", "two signs": b'"--5"', "a raised two": b'"\xc2\xb2"', "five thousand digits": b'"' + b"7" * 5_000 + b'"',
}  # fmt: skip


def origin() -> Origin:
    return Origin(True, "127.0.0.1", BROWSER, now_micros())


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(Plan(read_policy(ROOT / "examples/infi/policy.yaml")))


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_cannot_be_stored_is_left_out(reader: Reader, name: str) -> None:
    policy = reader.plan.policy
    event, item = next(
        (event, item) for event in policy.events.values() for item in map(policy.items.__getitem__, event.items)
        if event.call == "track" and item.values == "number" and item.at and item.id not in event.required
    )  # fmt: skip
    group, _, field = item.at[0].partition(".")
    required = {path.partition(".")[2]: "1" for id in event.required for path in policy.items[id].at}
    message = read_one(b'{"userId":"ada","properties":{"%s":%s}}' % (field.encode(), NUMBERS[name]), "track")
    message.event, message.properties = event.name or event.id, required | (message.properties or {})
    assert group == "properties"
    draft = reader.read(message, origin())
    assert item.id not in draft.items
    assert draft.dropped["item-not-a-value"] == 1


@pytest.mark.parametrize("value", [10**30, 10**400, float("nan"), float("inf")], ids=["large", "larger", "nan", "inf"])
def test_a_text_item_takes_no_number_that_cannot_be_stored(reader: Reader, value: Any) -> None:
    item = next(item for item in reader.plan.policy.items.values() if item.values is None and item.at)
    event = next(one for one in reader.plan.policy.events.values() if item.id in one.items and one.call == "track")
    group, _, name = next(path for path in item.at).partition(".")
    message = Message(type="track", event=event.name or event.id, user_id="ada", anonymous_id="ada-browser")
    setattr(message, group, {name: value})
    drafts: list[object] = []
    try:
        drafts.append(reader.read(message, origin()).items.get(item.id))
    except Exception as dropped:
        assert type(dropped).__name__ == "Dropped"
    assert value not in drafts


def test_one_event_that_cannot_be_read_spoils_nobody_elses(tmp_path: Path) -> None:
    house = House(load(tmp_path / "data"))
    house.publish(read_policy(ROOT / "examples/infinity/policy.yaml"))
    ingest = Ingest(house.workspace("infinity"))
    try:
        good = Message(type="page", anonymous_id="ada-browser-1", message_id="good", context={"timezone": "America/Los_Angeles"})
        broken = Message(type="page", anonymous_id="ben-browser-1", message_id=["no text"], context={"page": {"url": "/"}})  # type: ignore[arg-type]
        broken.timestamp = 5  # type: ignore[assignment]
        answer = ingest.submit_and_wait([broken, good], origin())
        assert answer.stored + answer.anonymous == 1
        assert answer.reasons == {"gate-failed": 1}
    finally:
        ingest.close()
        house.close()
