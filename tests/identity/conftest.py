"""A business with its writer, and people who sign in. Nothing is faked: the same house, gate and journal as in service."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from troth.base.clock import now_micros
from troth.collect import choices
from troth.collect.batch import Answer
from troth.collect.calls import EndedCall, News, Status
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.record import Evidence, State, Strength
from troth.consent.standing import Standing, read_standing
from troth.serve import prepare_examples
from troth.settings import Settings
from troth.store.journal import refusals_since
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.subjects.links import same_person
from troth.workspace import House, Workspace

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
BERLIN, LONDON, CALIFORNIA = "Europe/Berlin", "Europe/London", "America/Los_Angeles"
COOKIE_PURPOSES = ("site-analytics", "call-journey", "personalisation")


@dataclass
class Town:
    """One workspace and the people who meet it, each known by a word of theirs."""

    settings: Settings
    workspace: Workspace
    ingest: Ingest

    # doors

    def send(self, message: Message, trusted: bool = True, zone: str = CALIFORNIA) -> Answer:
        message.context = {"timezone": zone, "userAgent": CHROME} | (message.context or {})
        message.message_id = message.message_id or secrets.token_hex(8)
        origin = Origin(trusted, "203.0.113.7", CHROME, now_micros(), self.workspace.access["canary_key"])
        return self.ingest.submit_and_wait([message], origin)

    def view(self, visitor: str, zone: str = CALIFORNIA, path: str = "/pricing", **context: Any) -> Answer:
        page = {"url": f"http://127.0.0.1:8101{path}", "title": "A page"}
        return self.send(Message(type="page", anonymous_id=visitor, context={"page": page, **context}), False, zone)

    def identify(self, visitor: str | None, account: str, trusted: bool = True, zone: str = CALIFORNIA, **traits: str) -> Answer:
        traits = traits or {"name": "Ada"}
        return self.send(Message(type="identify", anonymous_id=visitor, user_id=account, traits=dict(traits)), trusted, zone)

    def customer(self, account: str | None, **traits: str) -> Answer:
        """A customer names a contact."""
        return self.send(Message(type="group", user_id=account, group_id="lantern", traits={"name": "Ada", **traits}), True, LONDON)

    def enquire(self, email: str, phone: str = "") -> Answer:
        """Somebody fills in the contact form: whoever it is, they only name an address and a number."""
        given = {"name": "Somebody", "email": email} | ({"phone": phone} if phone else {})
        return self.send(Message(type="track", event="Contact Requested", properties=given), False, LONDON)

    def call(self, caller: str) -> Answer:
        news = News(secrets.token_hex(8), caller, "+442079460100", Status.COMPLETED, "3", now_micros(), 60)
        return asyncio.run(self.ingest.take(EndedCall(self.workspace, news)))

    # people

    def ref(self, value: str, kind: IdentifierKind = IdentifierKind.ANONYMOUS) -> int:
        with self.workspace.state.read() as conn:
            found = directory.find(conn, directory.hash_of(self.workspace.keys, kind, value))
        assert found is not None, "there is no such person"
        return found

    def account(self, value: str) -> int:
        return self.ref(value, IdentifierKind.ACCOUNT)

    def say(self, ref: int, acts: Mapping[str, State]) -> None:
        """A person who is known says something."""
        with self.workspace.state.write() as conn:
            evidence = Evidence(Strength.EXPLICIT, "choose", self.workspace.policy.version, "", "gdpr")
            choices.say(self.workspace, conn, ref, acts, evidence, now_micros())

    def agree(self, visitor: str, zone: str = BERLIN) -> None:
        """A browser agrees to everything that uses its cookie."""
        given = dict.fromkeys(COOKIE_PURPOSES, "given")
        choices.choose(self.workspace, {"anonymousId": visitor, "choices": given, "how": "accept-all", "tz": zone})

    def same(self, a: int, b: int) -> bool:
        with self.workspace.state.read() as conn:
            return b in same_person(conn, a)

    def standing(self, ref: int) -> Standing:
        with self.workspace.state.read() as conn:
            found = read_standing(conn, ref)
        assert found is not None
        return found

    # what is left

    def refused(self) -> dict[str, int]:
        """Joins refused so far, by reason."""
        with self.workspace.state.read() as conn:
            return {reason: count for (event, reason), count in refusals_since(conn, 0).items() if event == "join"}

    def sql(self, statement: str, *values: object) -> list[Any]:
        with self.workspace.state.write() as conn:
            found = conn.exec_driver_sql(statement, values)
            return [tuple(row) for row in found] if found.returns_rows else []

    def persons(self, purpose: str) -> dict[int, int]:
        """Each reference that a purpose sees, with the person it counts as."""
        grant = self.workspace.grant(purpose, "owner", "operator-1")
        rows = self.workspace.views.run(grant, lambda view: view.execute(view.events.select("ref", "person").distinct()))
        return {row["ref"]: row["person"] for row in rows}


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    settings = Settings(tmp_path / "data", tmp_path / "data-secrets", tmp_path / "data-tape")
    prepare_examples(settings)
    house = House(settings)
    workspace = house.workspace("infinity")
    ingest = Ingest(workspace)
    yield Town(settings, workspace, ingest)
    ingest.close()
    house.close()
