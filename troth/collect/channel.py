"""How does an event come in that no site sends? A channel reads its own draft and shares the event's transaction.

It bypasses nothing: the gate decides on the draft as on any other, and the same journal keeps it.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from troth.collect.pipeline import Draft
from troth.consent.standing import Standing
from troth.gate.plan import Plan


class Channel(Protocol):
    """One event of a channel (a telephone call), from a sender that was checked. Its steps run in this order."""

    event: str  # the event type's id in the policy
    key: bytes  # what it is a duplicate by

    def begin(self, conn: Connection, at: int) -> bool:
        """Whether this is new; the beginning of the write transaction that will keep it."""

    def draft(self, plan: Plan) -> Draft:
        """The event in the policy's words; raises Dropped."""

    def hear(self, conn: Connection, plan: Plan, standing: Standing) -> Standing:
        """The standing to decide on, with what the same person said elsewhere; it records nothing."""

    def end(self, conn: Connection, plan: Plan, kept: tuple[int, int], at: int) -> None:
        """What follows from a kept event, given as (event, reference); not called when nothing points to a person."""
