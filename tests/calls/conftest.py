"""A running server, a site's visitors, and a telephone provider that signs as Twilio does. Nothing is faked but the calls."""

from __future__ import annotations

import importlib.util
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.serving import Served, serving
from troth.prove.world import CALIFORNIA, LONDON, Visitor, World
from troth.store.journal import refusals_since
from troth.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent.parent


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[path.stem] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


twilio_like = _load(ROOT / "examples" / "traffic" / "twilio_like.py")
FALLBACK = "+442079460100"


@dataclass
class Town:
    """One business with its site and its telephones."""

    served: Served
    world: World
    provider: Any

    @property
    def workspace(self) -> Workspace:
        return self.served.app.house.workspace("infinity")

    # the cast: each a legal situation

    def ada(self) -> Visitor:
        """Ada, in London, agreed to everything and looked at the prices."""
        return self._visited(LONDON, agreed=True)

    def cal(self) -> Visitor:
        """Cal, in California, was never asked and need not be; may say no at any time."""
        return self._visited(CALIFORNIA, agreed=False)

    def cleo(self) -> Visitor:
        """Cleo, in London, agreed to be counted, and was not asked about calls."""
        someone = self.world.visitor(LONDON)
        someone.choose(site_analytics="given")
        someone.view("/pricing")
        return someone

    def _visited(self, zone: str, agreed: bool) -> Visitor:
        someone = self.world.visitor(zone)
        if agreed:
            someone.accept_all()
        assert someone.view("/pricing", query="?utm_source=news&utm_medium=email")["stored"] == 1
        return someone

    def caller(self, prefix: str = "+4479001") -> str:
        """A number nobody called from before."""
        return prefix + f"{secrets.randbelow(10**5):05d}" if len(prefix) == 8 else prefix + f"{secrets.randbelow(10**4):04d}"

    # doors

    def number(self, someone: Visitor | str) -> dict[str, Any]:
        """What `/number` answers to a browser of the site."""
        visitor = someone if isinstance(someone, str) else someone.id
        headers = {"origin": self.world.policy.site.origins[0]}
        answer = self.world.http.post("/infinity/number", json={"visitor": visitor}, headers=headers)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def ring(self, to: str, caller: str | None = None, **more: Any) -> str:
        """Somebody calls a number; returns the call's id."""
        return str(self.provider.ring(caller or self.caller(), to, **more))

    # what is seen

    def rows(self, purpose: str, event: str | None = None) -> list[dict[str, Any]]:
        return [row for row in self.world.events(purpose) if event is None or row["event"] == event]

    def calls_of(self, caller: str, purpose: str = "telephone") -> list[dict[str, Any]]:
        """The calls of one number, as a purpose sees them."""
        return [row for row in self.rows(purpose, "call") if row["items"].get("call.caller") == caller]

    def joined(self, someone: Visitor, caller: str) -> bool:
        """Whether the joining purpose sees this visitor and this caller as one person."""
        visits = {row["person"] for row in self.rows("call-journey", "page-view") if row["items"].get("cookie.visitor") == someone.id}
        return bool(visits & {row["person"] for row in self.calls_of(caller, "call-journey")})

    def counted(self, event: str) -> dict[str, int]:
        """Refusals counted for one event so far, by reason."""
        with self.workspace.state.read() as conn:
            return {reason: count for (one, reason), count in refusals_since(conn, 0).items() if one == event}

    def sql(self, statement: str, *values: object) -> list[Any]:
        with self.workspace.state.write() as conn:
            found = conn.exec_driver_sql(statement, values)
            return list(found) if found.returns_rows else []


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("calls")) as found:
        yield found


@pytest.fixture
def town(served: Served) -> Iterator[Town]:
    world = served.world("infinity")
    town = Town(served, world, twilio_like.TwilioLike(served.url, "infinity", world.access["twilio_token"]))
    town.sql("DELETE FROM number_lease")
    town.sql("DELETE FROM tracked_number")
    yield town
    world.http.close()
