"""Who answers for the business while a proof acts? An operator made up for it, who signs in at the console and is gone afterwards.

Source: docs/decisions/0024
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import httpx
from argon2 import PasswordHasher

from troth.base.ids import new_token
from troth.console.operators import Operators
from troth.prove.world import AGENT, World, check
from troth.workspace import Workspace

Hire = Callable[[str], AbstractContextManager[tuple[str, str]]]
_MADE_UP = "proof-"
_QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)  # enough for a password that nobody chose or will guess


def hiring(workspace: Workspace) -> Hire:
    """What makes an operator of this workspace for a while: in comes a role, out a name and a password."""

    @contextmanager
    def hire(role: str) -> Iterator[tuple[str, str]]:
        operators = Operators(workspace.settings, _QUICK)
        name, password = _MADE_UP + secrets.token_hex(8), new_token()
        try:
            operators.add(name, workspace.id, role, password)
            yield name, password
        finally:
            operators.remove(name)
            operators.close()

    return hire


@dataclass(slots=True)
class Console:
    """The console in one operator's browser."""

    world: World
    http: httpx.Client

    def get(self, path: str = "/") -> httpx.Response:
        """A page of the console; not followed to the sign-in."""
        return self.http.get(f"/{self.world.workspace}/console{path}")

    def post(self, path: str, page: str = "/settings", **fields: str) -> httpx.Response:
        """Send a form, with the token that a page carries."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get(page).text)
        return self.http.post(f"/{self.world.workspace}/console{path}", data=fields | ({"csrf": token[1]} if token else {}))


@contextmanager
def at_the_console(world: World, role: str = "owner") -> Iterator[Console]:
    """An operator of this role, signed in."""
    check(world.hire, "nobody can be hired here to sit at the console")
    assert world.hire is not None
    headers = {"user-agent": AGENT, "accept": "text/html"}
    with world.hire(role) as (name, password), httpx.Client(base_url=world.http.base_url, headers=headers, timeout=30) as http:
        console = Console(world, http)
        signed_in = console.post("/sign-in", "/sign-in", name=name, password=password)
        check(signed_in.status_code == 303, "an operator cannot sign in")
        yield console
