"""How is an event kept so that no yes is ever lost and no no ever kept? Group commits by one writer a workspace.

Concurrent calls share one transaction with their events, duplicate keys, refusal counts and one ledger entry.
Inside it each subject's epoch is compared with the one remembered; changed ones are decided again, so that a
withdrawal that was acknowledged is in force whatever a memory says, in this process or another.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from troth.base.clock import instant, now_micros
from troth.base.errors import Fault
from troth.collect import flagged, identify
from troth.collect.batch import Answer, Call, Incoming, Refusals, count_refusal, tell
from troth.collect.channel import Channel
from troth.collect.flagged import CHILD, Look
from troth.collect.messages import Message
from troth.collect.people import People
from troth.collect.pipeline import Dropped, Origin, Reader, is_canary, named_people
from troth.gate.admit import admit_batch
from troth.gate.decide import Deny, MayCollect, decide
from troth.gate.plan import Plan, Treatment
from troth.gate.reasons import Reason
from troth.store import journal
from troth.store.journal import JournalRow
from troth.subjects import directory
from troth.workspace import Workspace

WAITING = 20_000  # events waiting beyond this are answered 503
_TOGETHER = 2_000
_DAY = 86_400_000_000


class _OneOfThem(Exception):
    """A transaction failed for a reason that may be one call's own."""


class Ingest:
    """The one writer of a workspace's journal in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._queue: queue.SimpleQueue[list[Call] | None] = queue.SimpleQueue()
        self._gathered: list[Call] = []  # by this turn of the event loop, not yet handed over
        self._waiting = 0
        self._counting = threading.Lock()
        self._readers: dict[str, Reader] = {}
        self._people = People(workspace)
        self._unsettled = journal.Unsettled()
        self._joins = identify.Joins(workspace, self._people.hash)
        self._thread = threading.Thread(target=self._run, name=f"ingest-{workspace.id}", daemon=True)
        self._thread.start()

    # the doors

    async def submit(self, messages: list[Message], origin: Origin) -> Answer:
        """Keep messages; returns after the durable commit. Raises `busy` when too many wait."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self._gather(Call(messages, origin, future))
        await future
        return answer

    async def take(self, channel: Channel) -> Answer:
        """Keep the event a channel brings; the same path, the same promise."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        answer = self._gather(Call([Message()], Origin(True, "", "", now_micros()), future, channel))
        await future
        return answer

    def submit_and_wait(
        self, messages: list[Message], origin: Origin, timeout: float = 60, within: Callable[[Connection, Answer], None] | None = None
    ) -> Answer:
        """The same for a caller that is not asynchronous. `within` is done in the events' own transaction."""
        waiting: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        call = Call(messages, origin, waiting.put, within=within)
        self._count_waiting(len(messages))
        self._queue.put([call])
        try:
            error = waiting.get(timeout=timeout)
        except queue.Empty:  # it may yet be kept; one sent again is kept once
            raise Fault("busy", "the events were not kept in time; send them again in a moment", status=503) from None
        if error is not None:
            raise error
        return call.answer

    def _gather(self, call: Call) -> Answer:
        """What one turn of the event loop brings goes to the writer together, so that it is woken and commits once."""
        self._count_waiting(len(call.messages))
        with self._counting:
            first = not self._gathered
            self._gathered.append(call)
        if first:
            asyncio.get_running_loop().call_soon(self._hand_over)
        return call.answer

    def _hand_over(self) -> None:
        with self._counting:
            calls, self._gathered = self._gathered, []
        self._queue.put(calls)

    def _count_waiting(self, change: int) -> None:
        with self._counting:  # callers come from several threads
            if change > 0 and self._waiting + change > WAITING:
                raise Fault("busy", "too many events are waiting; send them again in a moment", status=503)
            self._waiting += change

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    # the writer

    def _run(self) -> None:
        while (calls := self._queue.get()) is not None:
            while len(calls) < _TOGETHER and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                calls += more
            for group in _groups(calls):
                self._commit_together(group)

    def _commit_together(self, calls: list[Call]) -> None:
        try:
            error = self._commit_or_say_why(calls)
        except _OneOfThem:  # what fails for itself alone shall fail nobody else
            for call in calls:
                call.answer.begin_again()
                self._commit_together([call])
            return
        self._count_waiting(-sum(len(call.messages) for call in calls))
        tell(calls, error)

    def _commit_or_say_why(self, calls: list[Call]) -> Fault | None:
        """Fail closed: where it fails nothing was committed, and nobody is told it was."""
        again = "the events could not be kept; send them again"
        try:
            self._commit(calls)
            return None
        except (OperationalError, sqlite3.OperationalError) as failure:  # of the disk or the database: it is nobody's event
            error = Fault("disk-full" if "full" in str(failure) else "storage-failed", again, status=503)
        except Exception as failure:
            self._people.forget_all()
            if len(calls) > 1:
                raise _OneOfThem from None
            error = failure if isinstance(failure, Fault) else Fault("storage-failed", again, status=503)
        self._people.forget_all()
        return error

    def _commit(self, calls: list[Call]) -> None:
        refusals: Refusals = Refusals()
        workspace = self._workspace
        with workspace.state.write() as conn:
            at = now_micros()
            plan = workspace.plan_at(conn, at)
            batch = self._read(conn, plan, calls, refusals, at)
            self._drop_duplicates(conn, batch, refusals)
            self._people.meet(conn, batch)
            self._decide(conn, plan, batch, refusals, at)
            rows = self._seal(conn, batch, at)
            journal.append(conn, workspace.log, admit_batch(plan), rows, at)
            _ask_for_a_look(conn, batch, at)
            self._joins.join(conn, plan, calls, batch, refusals, at)
            journal.count_refused(conn, refusals, at)
            for one in batch:
                if one.channel is not None and one.answer.events:
                    one.channel.end(conn, plan, one.answer.events[0], at)
            for call in calls:
                if call.within is not None:
                    call.within(conn, call.answer)

    # 1. read the messages under the policy in force

    def _read(self, conn: Connection, plan: Plan, calls: list[Call], refusals: Refusals, at: int) -> list[Incoming]:
        reader = self._reader(plan)
        batch: list[Incoming] = []
        for call in calls:
            if call.channel is not None:
                batch += _read_channel(conn, plan, call, call.channel, refusals, at)
                continue
            for message in call.messages:
                try:
                    draft = reader.read(message, call.origin)
                except Dropped as dropped:
                    if dropped.reason is Reason.UNDECLARED_EVENT and identify.only_says_who(message, call.origin):
                        continue
                    name = plan.event_for(message.type or "", message.event)
                    if dropped.reason is Reason.CHILD:
                        self._note_child(conn, message, call.origin, at)
                    counted = Refusals() if is_canary(message, call.origin) else refusals
                    count_refusal(call.answer, counted, name.id if name else "undeclared", dropped.reason)
                    continue
                except Exception:  # fail closed, and for this event alone: others share its transaction
                    count_refusal(call.answer, refusals, "undeclared", Reason.GATE_FAILED)
                    continue
                for reason, count in draft.dropped.items():
                    call.answer.dropped[reason] += count
                    if not draft.canary:
                        refusals[(draft.event.id, reason)] += count
                batch.append(Incoming(draft, call.answer))
        return batch

    def _note_child(self, conn: Connection, message: Message, origin: Origin, at: int) -> None:
        """Somebody who is held already turns out to be a child: by a program's word they go, by anybody else's an operator looks."""
        for kind, value in named_people(message, origin):
            ref = directory.find(conn, self._people.hash(kind, value))
            if ref is not None:
                flagged.note(conn, ref, 0, "", "", CHILD, at, Look.DUE if origin.trusted else Look.OPEN)

    def _reader(self, plan: Plan) -> Reader:
        key = plan.policy.version
        if key not in self._readers:
            self._readers = {key: Reader(plan)}
        return self._readers[key]

    # 2. what was kept before is not kept again

    def _drop_duplicates(self, conn: Connection, batch: list[Incoming], refusals: Refusals) -> None:
        hash_message = self._workspace.keys.hash_message
        for one in batch:
            if one.draft.message.message_id:
                one.key = hash_message(one.draft.message.message_id)
        known = self._unsettled.known(conn, [one.key for one in batch if one.key])
        for one in batch:
            if one.key is None:
                continue
            if known.get(one.key):
                one.refuse(refusals, Reason.ERASED)
            elif one.key in known:
                one.gone = True
                one.answer.duplicates += 1
            else:
                known[one.key] = False

    # 3. whom it is about: `People.meet`. 4. may we?

    def _decide(self, conn: Connection, plan: Plan, batch: list[Incoming], refusals: Refusals, at: int) -> None:
        asked_at = instant(at)
        for one in batch:
            if one.gone:
                continue
            standing = self._people.standing(conn, plan, one, at)
            if isinstance(standing, Reason):
                one.refuse(refusals, standing)
                continue
            if one.channel is not None:
                standing = one.channel.hear(conn, plan, standing)
            verdict = decide(MayCollect(one.draft.event.id), plan, standing, asked_at)
            if isinstance(verdict, Deny):
                one.refuse(refusals, verdict.reason)
                continue
            assert verdict.treatment is not None
            one.treatment = verdict.treatment
            if one.treatment.anonymous:
                _leave_remainder(one, one.treatment, refusals)

    # 5. seal what is kept

    def _seal(self, conn: Connection, batch: list[Incoming], at: int) -> list[JournalRow]:
        kept = [(one, one.treatment) for one in batch if not one.gone and one.treatment is not None]
        self._workspace.keys.ensure({(one.ref, keep) for one, treatment in kept if one.ref for keep, _ in treatment.sealed})
        events = iter(_event_numbers(len(kept)))
        numbers: dict[int, int] = {}  # by treatment, within this transaction: a number made here may yet be rolled back
        rows: list[JournalRow] = []
        for one, treatment in kept:
            number = numbers.get(id(treatment))
            if number is None:
                number = numbers[id(treatment)] = self._workspace.classes.number(conn, treatment.row_class)
            items = one.draft.items
            clear = {item: items[item] for item in treatment.clear if item in items}
            event = next(events)
            when = at if one.draft.occurred_at is None else min(one.draft.occurred_at, at)
            if not treatment.anonymous:
                one.event = event
                rows.append(JournalRow(event, one.ref, number, when, clear, self._sealed(one, treatment, event), one.key))
                one.answer.stored += 1
                one.answer.events.append((event, one.ref))
            elif not one.draft.canary:  # a proof leaves nothing in any statistic
                rows.append(JournalRow(event, 0, number, when - when % _DAY, clear, [], None))
        return rows

    def _sealed(self, one: Incoming, treatment: Treatment, event: int) -> list[tuple[str, bytes]]:
        items, sealed = one.draft.items, []
        for keep, group in treatment.sealed:
            held = {item: items[item] for item in group if item in items}
            if held:
                sealed.append((keep, self._workspace.keys.seal(one.ref, keep, event, _pack(held))))
        return sealed


_pack = msgspec.msgpack.Encoder().encode


def _read_channel(conn: Connection, plan: Plan, call: Call, channel: Channel, refusals: Refusals, at: int) -> list[Incoming]:
    if not channel.begin(conn, at):
        call.answer.duplicates += 1
        return []
    try:
        return [Incoming(channel.draft(plan), call.answer, key=channel.key, channel=channel)]
    except Dropped as dropped:
        count_refusal(call.answer, refusals, channel.event, dropped.reason)
        return []


def _ask_for_a_look(conn: Connection, batch: list[Incoming], at: int) -> None:
    """What was kept and should be looked at; of what is kept of nobody there is nothing to look at."""
    for one in batch:
        for item, what in one.draft.flags if one.event else ():
            flagged.note(conn, one.ref, one.event, one.draft.event.id, item, what, at)


def _leave_remainder(one: Incoming, treatment: Treatment, refusals: Refusals) -> None:
    """Nothing that points to anyone is kept, only what is left of the event."""
    one.ref = 0
    one.answer.anonymous += 1
    if treatment.withheld:
        one.answer.reasons[treatment.withheld] += 1
        if not one.draft.canary:
            refusals[(one.draft.event.id, treatment.withheld)] += 1


def _groups(calls: list[Call]) -> Iterator[list[Call]]:
    """Calls in groups of about `_TOGETHER` events: what one transaction takes."""
    group: list[Call] = []
    many = 0
    for call in calls:
        group.append(call)
        many += len(call.messages)
        if many >= _TOGETHER:
            yield group
            group, many = [], 0
    if group:
        yield group


def _event_numbers(many: int) -> list[int]:
    """That many random event numbers of 62 bits, drawn at once."""
    drawn = os.urandom(8 * many)
    return [int.from_bytes(drawn[at : at + 8], "little") >> 2 for at in range(0, len(drawn), 8)]


__all__ = ["WAITING", "Answer", "Ingest"]
