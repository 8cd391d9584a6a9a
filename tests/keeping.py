"""A workspace with a clock of its own: kept events of any age, an HTTP client with its key, people by name.

It fakes only the time of day. Events pass the gate and are sealed as the ingest does it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from troth.app import _fault, _refused
from troth.base import clock
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.consent.record import Evidence, State, Strength, record
from troth.consent.standing import read_standing
from troth.disclose.api import routes
from troth.gate.admit import admit_batch
from troth.gate.decide import MayCollect, Permit, decide
from troth.gate.reasons import Refused
from troth.policy.model import Policy
from troth.policy.parse import read_policy
from troth.settings import Settings
from troth.store import journal
from troth.store.journal import JournalRow
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.workspace import House, Workspace

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def infinity_policy(**changes: Any) -> Policy:
    """Infinity's own policy, or a neighbour of it."""
    return replace(read_policy(EXAMPLES / "infinity" / "policy.yaml"), **changes)


class Clock:
    """The one clock, held at an instant of the test's choosing; it runs on from there."""

    def set(self, at: datetime) -> None:
        """Make it this instant now."""
        clock._shift = clock.micros(at) - time.time_ns() // 1000
        clock._last = 0

    def pass_by(self, span: timedelta) -> None:
        """Let time go by."""
        clock._shift += span // timedelta(microseconds=1)


@contextmanager
def held_clock() -> Iterator[Clock]:
    """The clock begins at START, and is itself again afterwards."""
    before = clock._shift
    held = Clock()
    held.set(START)
    try:
        yield held
    finally:
        clock._shift, clock._last = before, 0


class Programs:
    """Programs that call the application inside this process."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One call and its answer."""

        async def call() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://troth.example") as client:
                return await client.request(method, path, **more)

        return asyncio.run(call())


@dataclass
class Place:
    """One workspace, its programs' client, and its clock."""

    house: House
    workspace: Workspace
    http: Programs
    clock: Clock

    # people and what is held about them

    def person(self, population: str, regime: str = "california", email: str | None = None) -> int:
        """Somebody new; filed under an address when one is given."""
        with self.workspace.state.write() as conn:
            kind, value = (IdentifierKind.EMAIL, email) if email else (IdentifierKind.ACCOUNT, new_token())
            hashed = directory.hash_of(self.workspace.keys, kind, value)
            return directory.create(conn, hashed, kind, NewSubject(population, regime))

    def customer(self, email: str = "ada@example.com", regime: str = "uk") -> int:
        """A customer's contact with her details on record."""
        ref = self.person("customer-contact", regime, email)
        details = {"contact.name": "Ada Lovelace", "contact.email": email, "contact.phone": "+442079460999", "company.name": "Engines Ltd"}
        self.keep(ref, "customer-details", **details | {"account.login": "ada", "billing.contact": "books@example.com", "contact.source": "account"})
        return ref

    def caller(self, regime: str = "uk") -> int:
        """Somebody who called once."""
        ref = self.person("enquirer", regime)
        self.keep(ref, "call", **{"call.number": "+442079460101", "call.caller": "+442079460888", "call.status": "completed", "call.seconds": 61})
        return ref

    def visitor(self, regime: str = "california") -> int:
        """Somebody who viewed a page."""
        ref = self.person("site-visitor", regime)
        seen = {"page.route": "/pricing", "page.url": "https://x.example/pricing", "visit.source": "news", "device.ip": "203.0.113.9"}
        self.keep(ref, "page-view", **seen | {"device.agent": "Mozilla/5.0 (X11)", "cookie.visitor": "visitor-1"})
        return ref

    def keep(self, ref: int, event: str, **items: Any) -> int:
        """Keep one event now, through the gate, sealed; returns its number."""
        at, number = clock.now_micros(), secrets.randbits(62)
        workspace = self.workspace
        with workspace.state.write() as conn:
            plan, standing = workspace.plan_at(conn, at), read_standing(conn, ref)
            verdict = decide(MayCollect(event), plan, standing, clock.instant(at))
            assert isinstance(verdict, Permit) and verdict.treatment is not None, verdict
            treatment = verdict.treatment
            workspace.keys.ensure({(ref, keep) for keep, _ in treatment.sealed})
            sealed = []
            for keep, group in treatment.sealed:
                held = {item: items[item] for item in group if item in items}
                if held:
                    sealed.append((keep, workspace.keys.seal(ref, keep, number, msgspec.msgpack.encode(held))))
            clear = {item: items[item] for item in treatment.clear if item in items}
            row_class = workspace.classes.number(conn, treatment.row_class)
            row = JournalRow(number, ref, row_class, at, clear, sealed, secrets.token_bytes(16))
            journal.append(conn, workspace.log, admit_batch(plan), [row], at)
        return number

    def say(self, ref: int, **states: State) -> None:
        """What somebody says about purposes (`site_analytics=State.OBJECTED`)."""
        acts = {purpose.replace("_", "-"): state for purpose, state in states.items()}
        with self.workspace.state.write() as conn:
            evidence = Evidence(Strength.EXPLICIT, "centre", self.workspace.policy.version, "", "uk")
            record(conn, self.workspace.log, ref, acts, evidence, clock.now_micros())

    def restrict(self, ref: int) -> None:
        """Restrict somebody's data to storage."""
        with self.workspace.state.write() as conn:
            conn.exec_driver_sql("UPDATE subject SET restricted = 1, epoch = epoch + 1 WHERE ref = ?", (ref,))

    # programs

    def post(self, path: str, status: int = 201, **body: Any) -> Any:
        """POST to this workspace's API as its program; the answer's body."""
        answer = self.http.request("POST", f"/api/{self.workspace.id}/{path}", json=body, headers=self.key)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        """GET from this workspace's API as its program; the answer's body."""
        answer = self.http.request("GET", f"/api/{self.workspace.id}/{path}", params=query, headers=self.key)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()

    @property
    def key(self) -> Mapping[str, str]:
        """The header of this workspace's programs."""
        return {"authorization": f"Bearer {self.workspace.access['api_key']}"}

    def disclose(self, ref: int, recipient: str = "", refused: str = "", **asked: Any) -> Any:
        """Ask for a disclosure; `refused` names the code it must be refused with."""
        answer = self.post("disclosures", 403 if refused else 201, person={"ref": str(ref)}, recipient=recipient, **asked)
        if refused:
            assert answer["code"] == refused, answer
        return answer

    def ledger(self, kind: str) -> list[Mapping[str, Any]]:
        """The bodies of the ledger's entries of a kind, oldest first."""
        with self.workspace.state.read() as conn:
            return [entry.body for _, entry in self.workspace.log.entries(conn) if entry.kind == kind]

    def neighbour(self, id: str, policy: Policy) -> Place:
        """Another workspace of the same house."""
        other = self.house.create(id)
        other.publish(replace(policy, workspace=id))
        return Place(self.house, other, self.http, self.clock)

    def publish(self, policy: Policy) -> None:
        """Publish another version of the policy, today."""
        self.workspace.publish(replace(policy, version=new_token(6), changed_on=clock.now().date()))


@contextmanager
def a_place(folder: Path, policy: Policy) -> Iterator[Place]:
    """A workspace of this policy in a folder of its own, with its clock held."""
    with held_clock() as held:
        house = House(Settings(folder / "data", folder / "secrets", folder / "tape"))
        workspace = house.create(policy.workspace)
        workspace.publish(policy)
        app = Starlette(routes=routes(house), exception_handlers={Fault: _fault, Refused: _refused})  # type: ignore[dict-item]
        yield Place(house, workspace, Programs(app), held)
        house.close()
