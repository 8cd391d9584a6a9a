"""Who waits in the chat, what was flagged for a look, and what can an operator do about either?

A conversation is opened only by a role that may act for a purpose that sees what is said; opening it is entered in the ledger
with its person. The same for programs, with the workspace's own key and the role they act in. What was flagged may be
seen by whoever answers people's requests. It decides nothing: `troth.collect.chat` and `troth.rights.review` do.
Source: GDPR Art. 5(1)(b), 9, 32(4)
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import chat, flagged
from troth.collect.chat import Chat, From, Line, Offer, Side
from troth.collect.door import Door
from troth.collect.flagged import Flag
from troth.collect.pipeline import Origin
from troth.consent.standing import read_standing
from troth.gate.admit import admit_use
from troth.gate.reasons import Reason, Refused
from troth.ledger.entry import EntryKind
from troth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Opened:
    """One conversation with its words, and the purpose it was opened for."""

    chat: Chat
    lines: tuple[Line, ...]
    address: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Talker:
    """Somebody who may look into the chat: an operator in a role, or a program that acts in one."""

    workspace: Workspace
    role: str
    operator: str
    canaries: bool = False

    @property
    def purpose(self) -> str:
        """The purpose this role reads the chat for; empty when it has none."""
        policy = self.workspace.policy
        offer, mine = chat.offer_of(policy), policy.roles.get(self.role, ())
        return next((id for id in chat.purposes_of(policy, offer) if id in mine), "") if offer is not None else ""

    def _must(self) -> tuple[Offer, str]:
        offer, purpose = chat.must_offer(self.workspace.policy), self.purpose
        self.workspace.grant(purpose or chat.purposes_of(self.workspace.policy, offer)[0], self.role, self.operator, frozenset({offer.text}))
        if not purpose:
            raise Refused(Reason.ROLE_NOT_ALLOWED)
        return offer, purpose

    def queue(self) -> list[Chat]:
        """Conversations without their words. Raises Refused for a role that may not read them."""
        self._must()
        with self.workspace.state.read() as conn:
            return chat.conversations(conn, self.canaries)

    def open(self, shown: str) -> Opened:
        """One conversation with its words; entered in the ledger. Raises Refused and `no-such-chat`."""
        offer, purpose = self._must()
        workspace = self.workspace
        with workspace.state.write() as conn:
            found = self._find(conn, shown)
            standing = read_standing(conn, found.ref)
            grant = admit_use(conn, workspace.log, workspace.plan, purpose, standing, self.operator, EntryKind.REVEALED, frozenset({offer.text}))
        with workspace.state.read() as conn:
            lines = tuple(chat.lines(workspace, conn, grant, found))
        return Opened(found, lines, chat.address_of(workspace, found), purpose)

    def answer(self, door: Door, shown: str, text: str) -> Chat:
        """Say something as the organisation. Raises the gate's reason when it may not be kept."""
        self._must()
        if not text.strip():
            raise Fault("empty-line", "write the words that the person is to read")
        if len(text) > chat.LONGEST_LINE:
            raise Fault("too-long", f"a message has at most {chat.LONGEST_LINE} characters", status=413)
        workspace = self.workspace
        with workspace.state.read() as conn:
            found = self._find(conn, shown)
        canary = workspace.access["canary_key"] if self.canaries else ""
        origin = Origin(True, "", "", now_micros(), workspace.access["canary_key"])
        return chat.say(workspace, door.ingest(workspace), found, text.strip(), From(Side.OPERATOR, origin, canary=canary)).chat

    def close(self, shown: str) -> None:
        """It has ended."""
        self._must()
        with self.workspace.state.write() as conn:
            chat.close(conn, self._find(conn, shown))

    def flags(self) -> list[Flag]:
        """What waits for a look; no words."""
        with self.workspace.state.read() as conn:
            return flagged.waiting(conn, self.canaries)

    @staticmethod
    def _find(conn: Any, shown: str) -> Chat:
        found = chat.get(conn, chat.read_id(shown))
        if found is None:
            raise Fault("no-such-chat", "there is no such conversation", status=404)
        return found


def canaries_in(http: Request, workspace: Workspace) -> bool:
    """Whether a proof asks, by the workspace's own secret."""
    given = http.headers.get("troth-canary", "")
    return bool(given) and hmac.compare_digest(given.encode(), workspace.access["canary_key"].encode())
