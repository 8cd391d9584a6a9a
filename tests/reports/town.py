"""A small town for tests of reports and console: real workspaces in a folder, and a clock that can be set.

People visit and call through the same doors as in life (the queue, the gate, the journal); only the clock
is ours, so that visits can lie on days gone by. It fakes no permission.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from troth.base import clock
from troth.base.clock import EPOCH
from troth.collect import choices, numbers
from troth.collect.calls import EndedCall, News, Status
from troth.collect.door import Door
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import Evidence, State, Strength
from troth.ledger.entry import EntryKind
from troth.policy.parse import read_policy
from troth.serve import EXAMPLES
from troth.settings import Settings
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

BROWSERS = {
    "chrome": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
    "firefox": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "phone": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.1 Mobile/15E148 Safari/604.1",
}
LONDON, LOS_ANGELES, BERLIN = "Europe/London", "America/Los_Angeles", "Europe/Berlin"


class Clock:
    """Stands where it is set; `time_ns` is all that Troth's clock reads."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def time_ns(self) -> int:
        """As the standard library has it."""
        return (self.at - EPOCH) // timedelta(microseconds=1) * 1000

    def forward(self, **by: float) -> None:
        """Later by so much; it never goes back."""
        self.at += timedelta(**by)


@contextmanager
def clock_at(at: datetime) -> Iterator[Clock]:
    """Troth's clock stands at an instant until the block ends."""
    patch = pytest.MonkeyPatch()
    standing = Clock(at)
    patch.setattr(clock, "time", standing)
    patch.setattr(clock, "_last", 0)
    try:
        yield standing
    finally:
        patch.setattr(clock, "_last", 0)
        patch.undo()


@dataclass
class Town:
    """The example workspaces, opened."""

    settings: Settings
    clock: Clock
    house: House = field(init=False)
    door: Door = field(init=False)
    _counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.house = House(self.settings)
        self.door = Door(self.house)
        for name in ("infinity", "harbour", "alder"):
            self.house.create(name).publish(read_policy(EXAMPLES / name / "policy.yaml"))

    def workspace(self, name: str = "infinity") -> Workspace:
        """One of them."""
        return self.house.workspace(name)

    def close(self) -> None:
        """Let go of everything."""
        self.door.close()
        self.house.close()

    # what people do

    def send(self, message: Message, w: str = "infinity", agent: str = "chrome", trusted: bool = False) -> Any:
        """One message, as a browser sends it."""
        origin = Origin(trusted, "203.0.113.7", BROWSERS.get(agent, agent), clock.now_micros(), "")
        return self.door.ingest(self.workspace(w)).submit_and_wait([message], origin)

    def view(self, who: str | None, path: str, referrer: str = "", w: str = "infinity", zone: str = LOS_ANGELES, agent: str = "chrome") -> Any:
        """A page is viewed. In Los Angeles nobody need be asked first."""
        page = {"url": f"http://127.0.0.1:8101{path}", "title": "A page", "referrer": referrer}
        return self.send(Message(type="page", anonymous_id=who, context={"page": page, "timezone": zone}), w, agent)

    def follow(self, who: str | None, host: str, w: str = "infinity", external: bool = True, zone: str = LOS_ANGELES) -> Any:
        """A link is followed."""
        told = {"href": f"https://{host}/", "host": host, "external": "true" if external else "false"}
        context = {"page": {"url": "http://127.0.0.1:8101/product"}, "timezone": zone}
        return self.send(Message(type="track", event="Link Clicked", anonymous_id=who, properties=told, context=context), w)

    def use(self, who: str | None, feature: str, w: str = "infinity") -> Any:
        """A feature is used."""
        context = {"page": {"url": "http://127.0.0.1:8101/product"}, "timezone": LOS_ANGELES}
        return self.send(Message(type="track", event="Feature Used", anonymous_id=who, properties={"feature": feature}, context=context), w)

    def say(self, who: str, acts: Mapping[str, State], w: str = "infinity") -> None:
        """A person who is known makes a choice."""
        workspace = self.workspace(w)
        with workspace.state.write() as conn:
            evidence = Evidence(Strength.EXPLICIT, "choose", workspace.policy.version, "", "california")
            choices.say(workspace, conn, self.ref(who, w=w), acts, evidence, clock.now_micros())

    def ref(self, who: str, kind: IdentifierKind = IdentifierKind.ANONYMOUS, w: str = "infinity") -> int:
        """A person's reference."""
        workspace = self.workspace(w)
        with workspace.state.read() as conn:
            found = directory.find(conn, directory.hash_of(workspace.keys, kind, who))
        assert found is not None
        return found

    def entries(self, kind: EntryKind, w: str = "infinity") -> list[dict[str, Any]]:
        """What the ledger says of one kind, oldest first."""
        workspace = self.workspace(w)
        with workspace.state.read() as conn:
            return [dict(entry.body) for _, entry in workspace.log.entries(conn) if entry.kind is kind]

    def call(
        self, caller: str, visitor: str | None = None, number: str = "", seconds: int = 90, status: str = "completed", w: str = "infinity"
    ) -> Any:
        """A call comes in to a number, or to the number that a visitor's page shows; it has ended when this returns."""
        workspace = self.workspace(w)
        shown = numbers.offer(workspace, visitor).number if visitor else number
        self.clock.forward(seconds=seconds + 2)
        news = News(f"call-{next(self._counter)}", caller, shown or workspace.policy.calls.fallback, Status(status), "0", clock.now_micros(), seconds)
        ingest, call = self.door.ingest(workspace), EndedCall(workspace, news)
        with ThreadPoolExecutor(1) as beside:  # the test may have an event loop of its own
            return beside.submit(lambda: asyncio.run(ingest.take(call))).result()


@contextmanager
def town_in(folder: Path, at: datetime | None = None) -> Iterator[Town]:
    """A town in a folder, at an instant (now, unless told)."""
    with clock_at(at or datetime.fromtimestamp(time.time(), tz=EPOCH.tzinfo)) as standing:
        town = Town(Settings(folder / "data", folder / "secrets", folder / "tape"), standing)
        yield town
        town.close()


__all__ = ["BERLIN", "BROWSERS", "LONDON", "LOS_ANGELES", "Clock", "Town", "clock_at", "town_in"]
