"""What travels through one group commit? The calls, their events on the way, and what became of them.

It holds and counts; it decides nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from troth.collect.channel import Channel
from troth.collect.messages import Message
from troth.collect.pipeline import Draft, Origin
from troth.gate.plan import Treatment
from troth.gate.reasons import Reason

Refusals = Counter[tuple[str, str]]  # (event type, reason) to how many


@dataclass(slots=True)
class Answer:
    """What became of one call's events. `reasons` counts refusals, `dropped` items left out."""

    stored: int = 0
    duplicates: int = 0
    anonymous: int = 0
    joined: int = 0  # references found to be one person
    reasons: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    events: list[tuple[int, int]] = field(default_factory=list)  # (event, reference) of those stored

    def begin_again(self) -> None:
        """As new: the transaction it tells of was undone."""
        self.stored = self.duplicates = self.anonymous = self.joined = 0
        for told in (self.reasons, self.dropped, self.events):
            told.clear()


@dataclass(slots=True)
class Call:
    """One call that waits. `done` is a future of its loop, or what takes None or an exception."""

    messages: list[Message]
    origin: Origin
    done: asyncio.Future[None] | Callable[[BaseException | None], object]
    channel: Channel | None = None  # reads the draft instead of a message
    within: Callable[[Connection, Answer], None] | None = None  # what commits with its events, or not at all
    answer: Answer = field(default_factory=Answer)


@dataclass(slots=True)
class Incoming:
    """One event on its way in. `gone`: it goes no further, and its answer says why."""

    draft: Draft
    answer: Answer
    key: bytes | None = None
    hash: bytes | None = None
    ref: int = 0
    gone: bool = False
    treatment: Treatment | None = None
    channel: Channel | None = None
    event: int = 0  # its number, once it is kept

    def refuse(self, refusals: Refusals, reason: Reason) -> None:
        """It goes no further, because of `reason`."""
        self.gone = True
        counted = Refusals() if self.draft.canary else refusals  # a proof leaves nothing in any statistic
        count_refusal(self.answer, counted, self.draft.event.id, reason)


def count_refusal(answer: Answer, refusals: Refusals, event: str, reason: Reason) -> None:
    """A refusal is told to the caller and counted."""
    answer.reasons[reason] += 1
    refusals[(event, reason)] += 1


def tell(calls: Sequence[Call], error: BaseException | None) -> None:
    """Tell every caller how the commit went; each event loop is woken once."""
    waiting: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for call in calls:
        if isinstance(call.done, asyncio.Future):
            waiting.setdefault(call.done.get_loop(), []).append(call.done)
        else:
            call.done(error)
    for loop, futures in waiting.items():
        try:
            loop.call_soon_threadsafe(_settle, futures, error)
        except RuntimeError:  # the loop ended meanwhile: nobody waits any more
            continue


def _settle(futures: Sequence[asyncio.Future[None]], error: BaseException | None) -> None:
    for future in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)
