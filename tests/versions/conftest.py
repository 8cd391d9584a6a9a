"""What do the tests of versions start from? One business that serves on loopback, with its clock held, and the command line beside it.

Nothing is faked but the time of day: commands open the data folder for themselves, as another process does.
"""

from __future__ import annotations

import email
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email import policy as mail_policy
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from tests.keeping import EXAMPLES, Clock, held_clock
from troth.app import Troth
from troth.base import clock as base_clock
from troth.cli import main
from troth.maintain import tend
from troth.policy.model import Policy
from troth.policy.parse import read_policy
from troth.policy.write import to_yaml
from troth.prove.world import AGENT, World
from troth.serve import free_port, in_thread
from troth.settings import Settings, load
from troth.workspace import House, Workspace

Edit = Callable[[Policy], Policy]
MIDNIGHT = datetime.min.time()


@dataclass
class Said:
    """What a command answered."""

    code: int
    text: str

    @property
    def json(self) -> Any:
        """Its answer for a program."""
        return json.loads(self.text)


@dataclass
class Business:
    """One served workspace, its clock, and its policy file."""

    settings: Settings
    app: Troth
    name: str
    file: Path
    clock: Clock
    closing: ExitStack

    # the policy

    @property
    def workspace(self) -> Workspace:
        """A look inside, as the serving process has it."""
        return self.app.house.workspace(self.name)

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.workspace.policy

    def write(self, *edits: Edit) -> Policy:
        """Edit the policy file, from what it says."""
        policy = read_policy(self.file)
        for edit in edits:
            policy = edit(policy)
        self.file.write_text(to_yaml(policy), encoding="utf-8")
        return policy

    def publish(self, *edits: Edit, effective_on: date | None = None, more: str = "") -> Said:
        """Edit the file and publish it by the command, as somebody beside the running server does."""
        self.write(*edits)
        options = [*(["--effective-on", str(effective_on)] if effective_on else []), *more.split()]
        return self.troth("policy", "publish", str(self.file), *options)

    def publish_fine(self, *edits: Edit, effective_on: date | None = None, more: str = "") -> Said:
        """The same, and it must be taken."""
        said = self.publish(*edits, effective_on=effective_on, more=more)
        assert said.code == 0, said.text
        return said

    def troth(self, *words: str) -> Said:
        """A command on this data folder."""
        done = CliRunner().invoke(main, [*words, "--data", str(self.settings.data)], catch_exceptions=False)
        return Said(done.exit_code, done.output)

    # the outside

    def world(self, settings: Settings | None = None) -> World:
        """The outside, as it is now."""
        client = self.closing.enter_context(httpx.Client(base_url=(settings or self.settings).base_url, timeout=30))
        return World(client, self.name, self.policy, self.workspace.access, False, self.workspace.folder / "outbox")

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A public address of the workspace."""
        return httpx.get(f"{self.settings.base_url}/{self.name}{path}", headers={"user-agent": AGENT} | headers, timeout=30)

    def versions(self) -> dict[str, dict[str, Any]]:
        """What the public list of versions says, by version."""
        return {row["version"]: row for row in self.get("/policy/versions.json").json()}

    def another_process(self) -> Settings:
        """A second server on the same folder, with nothing in common but the files."""
        other = replace(self.settings, port=free_port())
        self.closing.enter_context(in_thread(other))
        return other

    # time

    def days(self, count: int) -> date:
        """The day so many days from now."""
        return (base_clock.now() + timedelta(days=count)).date()

    def until(self, day: date, before: timedelta = timedelta(0)) -> None:
        """It is now the start of a day, or a moment before it."""
        self.clock.set(datetime.combine(day, MIDNIGHT, UTC) - before)

    # messages

    def tend(self) -> None:
        """A round of what is done again and again, in a process of its own."""
        house = House(self.settings)
        tend(house.workspace(self.name))
        house.close()

    def letters(self) -> list[tuple[str, str]]:
        """Address and text of every message about the policy in the outbox."""
        found = []
        for path in sorted((self.workspace.folder / "outbox").glob("*.eml")):
            message = email.message_from_bytes(path.read_bytes(), policy=mail_policy.default)
            body = message.get_body(("plain",))
            text = str(body.get_content()) if body is not None else ""
            if "policy" in str(message["subject"]):
                found.append((str(message["to"]), text))
        return sorted(found)

    def customer(self, zone: str = "Europe/London") -> str:
        """A customer's contact is recorded; returns their address."""
        world = self.world()
        address = world.address()
        traits, account = {"name": "Ada", "email": address}, re.sub(r"\W", "", address)
        answer = world.send("group", userId=account, groupId="engines", traits=traits, context={"timezone": zone})
        assert answer["stored"] == 1, answer
        return address


@pytest.fixture
def business(tmp_path: Path) -> Iterator[Callable[..., Business]]:
    """Start a business from one of the examples, edited; it is served until the test ends."""
    with ExitStack() as closing:
        held = closing.enter_context(held_clock())

        def start(name: str = "infinity", *edits: Edit) -> Business:
            settings = replace(load(tmp_path / "data"), port=free_port())
            file = tmp_path / "policy.yaml"
            file.write_text(to_yaml(read_policy(EXAMPLES / name / "policy.yaml")), encoding="utf-8")
            policy = read_policy(file)
            for edit in edits:
                policy = edit(policy)
            file.write_text(to_yaml(policy), encoding="utf-8")
            house = House(settings)
            house.publish(policy)
            house.close()
            return Business(settings, closing.enter_context(in_thread(settings)), name, file, held, closing)

        yield start
