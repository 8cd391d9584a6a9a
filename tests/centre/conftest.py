"""What do the tests of the subject's side start from? One real server, and people who use its pages like a browser would."""

from __future__ import annotations

import email
import html
import re
import secrets
import time
from collections.abc import Callable, Iterator
from email import policy as mail_policy
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Served, serving
from troth import centre
from troth.prove.world import AGENT, World
from troth.workspace import Workspace

BERLIN, CALIFORNIA, LONDON = "Europe/Berlin", "America/Los_Angeles", "Europe/London"


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One server for all tests of the centre."""
    with serving(tmp_path_factory.mktemp("centre")) as running:
        routes = running.app.pages.router.routes
        if not any(getattr(route, "path", "") == "/{w}/privacy" for route in routes):
            routes[:0] = centre.routes(running.app.house)
        yield running


@pytest.fixture
def world(served: Served) -> World:
    """The outside of infinity."""
    return served.world("infinity")


@pytest.fixture
def workspace(served: Served) -> Workspace:
    """A look inside infinity."""
    return served.app.house.workspace("infinity")


@pytest.fixture(autouse=True)
def no_tries_yet(workspace: Workspace) -> None:
    """Every test comes from the same place; what one tried is not held against the next."""
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM privacy_try")


class Person:
    """Somebody with a browser of their own at the privacy centre."""

    def __init__(self, base: str, workspace: Workspace, address: str = "") -> None:
        self.workspace, self.address = workspace, address
        self.http = httpx.Client(base_url=base, timeout=30, headers={"user-agent": AGENT, "accept": "text/html"})
        self.origin = base

    def get(self, path: str = "") -> httpx.Response:
        """A page of the centre."""
        return self.http.get(f"/infinity/privacy{path}")

    def post(self, path: str, origin: str | None = None, **fields: str) -> httpx.Response:
        """A form of the centre, with the form token of the page when there is one."""
        if "form_token" not in fields and self.http.cookies:
            found = re.search(r'name="form_token" value="([0-9a-f]+)"', self.get().text)
            fields |= {"form_token": found[1]} if found else {}
        return self.http.post(f"/infinity/privacy{path}", data=fields, headers={"origin": origin or self.origin})

    def follow(self, answer: httpx.Response) -> httpx.Response:
        """The page an answer sends to."""
        assert answer.status_code == 303, answer.text[:600]
        return self.http.get(answer.headers["location"])

    def ask_for_link(self, visitor: str = "") -> str:
        """Ask for a link and read its token in the newest message to this address."""
        before = {path.name for path in outbox(self.workspace)}
        assert self.post("/link", email=self.address, v=visitor).status_code == 200
        until = time.monotonic() + 10  # the work is done after the answer
        while time.monotonic() < until:
            new = [path for path in outbox(self.workspace) if path.name not in before and self.address.encode() in path.read_bytes()]
            if new:
                return token_in(*new)
            time.sleep(0.02)
        raise AssertionError("no message came")

    def come_in(self, visitor: str = "", mine: bool = False) -> Person:
        """Open the centre with a link."""
        token = self.ask_for_link(visitor)
        assert self.get(f"/open?t={token}").status_code == 200
        page = self.follow(self.post("/open", t=token, **({"mine": "yes"} if mine else {})))
        assert "My choices" in page.text
        return self

    def data(self) -> dict[str, Any]:
        """Everything held about this person."""
        answer = self.get("/data.json")
        assert answer.status_code == 200, (answer.status_code, answer.headers.get("location"), answer.text[:300])
        return dict(answer.json())

    def said(self, page: httpx.Response) -> str:
        """The words of a page."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def outbox(workspace: Workspace) -> list[Path]:
    """The messages in the outbox folder."""
    return sorted((workspace.folder / "outbox").glob("*.eml"))


def token_in(*paths: Path) -> str:
    """The one-time token in the one message given."""
    assert len(paths) == 1, f"{len(paths)} messages"
    message = email.message_from_bytes(paths[0].read_bytes(), policy=mail_policy.default)
    found = re.search(r"/privacy/open\?t=([a-z0-9]+)", str(message.get_content()))
    assert found
    return found[1]


@pytest.fixture
def person(served: Served, workspace: Workspace) -> Iterator[Callable[..., Person]]:
    """Make a person of whom something is held: they sent the contact form."""
    made: list[Person] = []

    def make(zone: str = LONDON, phone: str = "", known: bool = True) -> Person:
        one = Person(served.url, workspace, f"someone.{secrets.token_hex(6)}@people.example")
        made.append(one)
        if known:
            traits = {"name": f"Ada {secrets.token_hex(3)}", "email": one.address, "message": "please call"} | ({"phone": phone} if phone else {})
            answer = served.world("infinity").send("track", event="Contact Requested", properties=traits, context={"timezone": zone})
            assert answer["stored"] == 1, answer
        return one

    yield make
    for one in made:
        one.http.close()
