"""How is an event kept so that no yes is ever lost and no no ever kept? Group commits by one writer a workspace.

Concurrent calls share one transaction with their events, duplicate keys, refusal counts and one ledger entry.
Inside it each subject's epoch is compared with the one remembered; changed ones are decided again, so that a
withdrawal that was acknowledged is in force whatever a memory says, in this process or another.
"""

from __future__ import annotations

import asyncio
import queue
import secrets
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from troth.base.clock import instant, now_micros
from troth.base.errors import Fault
from troth.collect.messages import Message
from troth.collect.pipeline import Draft, Dropped, Origin, Reader
from troth.consent.record import Evidence, State, Strength, record
from troth.consent.standing import NOBODY, Standing, read_standings
from troth.gate.admit import admit_batch
from troth.gate.decide import Deny, MayCollect, decide
from troth.gate.plan import Plan, Treatment
from troth.gate.reasons import Reason
from troth.store import journal
from troth.store.journal import JournalRow
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject
from troth.workspace import Workspace

WAITING = 20_000  # events waiting beyond this are answered 503
_TOGETHER = 2_000
_REMEMBERED = 200_000


@dataclass(slots=True)
class Answer:
    """What became of one call's events. `reasons` counts refusals, `dropped` items left out."""

    stored: int = 0
    duplicates: int = 0
    anonymous: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    events: list[tuple[int, int]] = field(default_factory=list)  # (event, reference) of those stored


@dataclass(slots=True)
class _Call:
    messages: list[Message]
    origin: Origin
    answer: Answer
    done: Any  # called with None or an exception
    drafts: list[Draft] = field(default_factory=list)


class Ingest:
    """The one writer of a workspace's journal in this process."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._queue: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._waiting = 0
        self._readers: dict[str, Reader] = {}
        self._refs: dict[bytes, int] = {}
        self._hashes: dict[tuple[IdentifierKind, str], bytes] = {}
        self._standings: dict[int, Standing] = {}
        self._thread = threading.Thread(target=self._run, name=f"ingest-{workspace.id}", daemon=True)
        self._thread.start()

    # the doors

    async def submit(self, messages: list[Message], origin: Origin) -> Answer:
        """Keep messages; returns after the durable commit. Raises `busy` when too many wait."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()

        def done(error: BaseException | None) -> None:
            loop.call_soon_threadsafe(_settle, future, error)

        answer = self._enqueue(messages, origin, done)
        await future
        return answer

    def submit_and_wait(self, messages: list[Message], origin: Origin, timeout: float = 60) -> Answer:
        """The same for a caller that is not asynchronous."""
        waiting: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        answer = self._enqueue(messages, origin, waiting.put)
        error = waiting.get(timeout=timeout)
        if error is not None:
            raise error
        return answer

    def _enqueue(self, messages: list[Message], origin: Origin, done: Any) -> Answer:
        if self._waiting + len(messages) > WAITING:
            raise Fault("busy", "too many events are waiting; send them again in a moment", status=503)
        self._waiting += len(messages)
        call = _Call(messages, origin, Answer(), done)
        self._queue.put(call)
        return call.answer

    def close(self) -> None:
        """Finish what waits, then stop."""
        self._queue.put(None)
        self._thread.join(timeout=30)

    # the writer

    def _run(self) -> None:
        while True:
            call = self._queue.get()
            if call is None:
                return
            calls, many = [call], len(call.messages)
            while many < _TOGETHER and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    self._queue.put(None)
                    break
                calls.append(more)
                many += len(more.messages)
            self._commit_together(calls)

    def _commit_together(self, calls: list[_Call]) -> None:
        error: BaseException | None = None
        try:
            self._commit(calls)
        except DatabaseError as failure:
            self._forget_all()
            full = "full" in str(failure.orig)
            error = Fault("disk-full" if full else "storage-failed", "the events could not be kept; send them again", status=503)
        except Fault as fault:
            self._forget_all()
            error = fault
        except Exception:  # fail closed: nothing was committed, nobody is told it was
            self._forget_all()
            error = Fault("storage-failed", "the events could not be kept; send them again", status=503)
        for call in calls:
            self._waiting -= len(call.messages)
            call.done(error)

    def _forget_all(self) -> None:
        self._refs.clear()
        self._standings.clear()

    def _commit(self, calls: list[_Call]) -> None:
        refusals: Counter[tuple[str, str]] = Counter()
        workspace = self._workspace
        with workspace.state.write() as conn:
            at = now_micros()
            plan = workspace.plan_at(conn, at)
            batch = self._read(plan, calls, refusals)
            self._drop_duplicates(conn, batch, refusals)
            self._resolve(conn, batch, at)
            self._decide(conn, plan, batch, refusals, at)
            rows = self._seal(conn, plan, batch, at)
            journal.append(conn, workspace.log, admit_batch(plan), rows, at)
            journal.count_refused(conn, refusals, at)

    # 1. read the messages under the policy in force

    def _read(self, plan: Plan, calls: list[_Call], refusals: Counter[tuple[str, str]]) -> list[_Event]:
        reader = self._reader(plan)
        batch: list[_Event] = []
        for call in calls:
            for message in call.messages:
                try:
                    draft = reader.read(message, call.origin)
                except Dropped as dropped:
                    name = plan.event_for(message.type or "", message.event)
                    _refuse(call.answer, refusals, name.id if name else "undeclared", dropped.reason)
                    continue
                call.answer.dropped.update(draft.dropped)
                for reason, count in draft.dropped.items():
                    refusals[(draft.event.id, reason)] += count
                batch.append(_Event(draft, call.answer))
        return batch

    def _reader(self, plan: Plan) -> Reader:
        key = plan.policy.version
        if key not in self._readers:
            self._readers = {key: Reader(plan)}
        return self._readers[key]

    # 2. what was kept before is not kept again

    def _drop_duplicates(self, conn: Connection, batch: list[_Event], refusals: Counter[tuple[str, str]]) -> None:
        for one in batch:
            if one.draft.message.message_id:
                one.key = self._workspace.keys.hash_identifier("message", one.draft.message.message_id[:256])
        known = journal.known_keys(conn, [one.key for one in batch if one.key])
        for one in batch:
            if one.key is None:
                continue
            if one.key in known:
                one.gone = True
                if known[one.key]:
                    _refuse(one.answer, refusals, one.draft.event.id, Reason.ERASED)
                else:
                    one.answer.duplicates += 1
            known[one.key] = known.get(one.key, False)

    # 3. whom it is about

    def _resolve(self, conn: Connection, batch: list[_Event], at: int) -> None:
        wanted: dict[bytes, None] = {}
        for one in batch:
            if not one.gone and one.draft.people:
                one.hash = self._hash(*one.draft.people[0])
                if one.hash not in self._refs:
                    wanted[one.hash] = None
        hashes = list(wanted)
        for start in range(0, len(hashes), 500):
            part = tuple(hashes[start : start + 500])
            rows = conn.exec_driver_sql(f"SELECT hash, ref FROM identifier WHERE hash IN ({','.join('?' * len(part))})", part)
            self._refs.update((row[0], row[1]) for row in rows)
        if len(self._refs) > _REMEMBERED:
            self._refs.clear()
        refs = {self._refs[one.hash] for one in batch if one.hash in self._refs}
        self._refresh(conn, refs)
        for one in batch:
            if one.hash is not None and not one.gone:
                one.ref = self._refs.get(one.hash, 0)
                if one.ref and one.ref not in self._standings:  # erased since it was remembered
                    del self._refs[one.hash]
                    found = directory.find(conn, one.hash)
                    if found:
                        self._refs[one.hash] = found
                        self._refresh(conn, {found})
                    one.ref = found or 0

    def _hash(self, kind: IdentifierKind, value: str) -> bytes:
        hashed = self._hashes.get((kind, value))
        if hashed is None:
            if len(self._hashes) > _REMEMBERED:
                self._hashes.clear()
            hashed = self._hashes[(kind, value)] = directory.hash_of(self._workspace.keys, kind, value)
        return hashed

    def _refresh(self, conn: Connection, refs: set[int]) -> None:
        """Make the remembered standings of `refs` those of this transaction; drop subjects that are gone."""
        wanted = list(refs)
        epochs: dict[int, int] = {}
        for start in range(0, len(wanted), 500):
            part = tuple(wanted[start : start + 500])
            rows = conn.exec_driver_sql(f"SELECT ref, epoch FROM subject WHERE ref IN ({','.join('?' * len(part))})", part)
            epochs.update((row[0], row[1]) for row in rows)
        old = [ref for ref, epoch in epochs.items() if ref not in self._standings or self._standings[ref].epoch != epoch]
        if len(self._standings) > _REMEMBERED:
            self._standings.clear()
            old = list(epochs)
        self._standings.update(read_standings(conn, old) if old else {})
        for ref in refs - epochs.keys():
            self._standings.pop(ref, None)
            self._workspace.keys.forget(ref)

    # 4. may we?

    def _decide(self, conn: Connection, plan: Plan, batch: list[_Event], refusals: Counter[tuple[str, str]], at: int) -> None:
        for one in batch:
            if one.gone:
                continue
            standing = self._standing(conn, plan, one, at)
            if isinstance(standing, Reason):
                one.gone = True
                _refuse(one.answer, refusals, one.draft.event.id, standing)
                continue
            verdict = decide(MayCollect(one.draft.event.id), plan, standing, instant(at))
            if isinstance(verdict, Deny):
                one.gone = True
                _refuse(one.answer, refusals, one.draft.event.id, verdict.reason)
                continue
            one.treatment = verdict.treatment
            assert one.treatment is not None
            if one.treatment.anonymous:
                if one.treatment.withheld:
                    refusals[(one.draft.event.id, one.treatment.withheld)] += 1
                    one.answer.reasons[one.treatment.withheld] += 1
                one.ref = 0

    def _standing(self, conn: Connection, plan: Plan, one: _Event, at: int) -> Standing | Reason:
        """The standing decided on. A subject not met before is made here, provisionally, to be decided on."""
        if one.hash is None:
            return NOBODY
        self._take_relayed_consent(conn, plan, one, at)
        if one.ref:
            self._raise_population(conn, one)
            return self._standings[one.ref]
        erased = directory.erased_at(conn, one.hash)
        if erased is not None and not self._came_back(one, erased):
            return Reason.ERASED
        # Whether anything may be kept of a newcomer is decided before anything is written.
        draft = one.draft
        newcomer = Standing(-1, 1, draft.event.population, draft.regime, signature=(draft.regime, False, frozenset(), Strength.NONE))
        if plan.treatment(draft.event.id, newcomer).refusal or plan.treatment(draft.event.id, newcomer).anonymous:
            return newcomer
        one.ref = self._create(conn, one)
        return self._standings[one.ref]

    def _came_back(self, one: _Event, erased_at: int) -> bool:
        """After an erasure only a trusted sender's later event counts; browsers need a new permission first."""
        source_at = one.draft.source_at
        return one.draft.origin.trusted and source_at is not None and source_at > erased_at

    def _create(self, conn: Connection, one: _Event) -> int:
        draft = one.draft
        assert one.hash is not None
        new = NewSubject(draft.event.population, draft.regime, draft.canary)
        ref = directory.create(conn, one.hash, draft.people[0][0], new, verified=draft.origin.trusted)
        for kind, value in draft.also:
            directory.attach(conn, ref, self._hash(kind, value), kind, draft.origin.trusted)
        self._refs[one.hash] = ref
        self._standings.update(read_standings(conn, [ref]))
        return ref

    def _raise_population(self, conn: Connection, one: _Event) -> None:
        """A visitor who writes becomes an enquirer; one a customer names becomes a customer contact; never back."""
        order = list(self._reader_populations(one.draft.plan))
        standing = self._standings[one.ref]
        wanted = one.draft.event.population
        if standing.population in order and wanted in order and order.index(wanted) > order.index(standing.population):
            if wanted != order[-1] or one.draft.origin.trusted:
                conn.exec_driver_sql("UPDATE subject SET population = ?, epoch = epoch + 1 WHERE ref = ?", (wanted, one.ref))
                self._standings.update(read_standings(conn, [one.ref]))
        for kind, value in one.draft.also:
            directory.attach(conn, one.ref, self._hash(kind, value), kind, one.draft.origin.trusted)

    @staticmethod
    def _reader_populations(plan: Plan) -> tuple[str, ...]:
        return tuple(plan.policy.populations)

    def _take_relayed_consent(self, conn: Connection, plan: Plan, one: _Event, at: int) -> None:
        """A trusted sender may relay what its own banner was told (Segment's `context.consent`).

        It fills in where the person has not spoken to us; it never overrides what the person told us.
        """
        said = (one.draft.message.context or {}).get("consent")
        preferences = said.get("categoryPreferences") if isinstance(said, dict) else None
        if not one.draft.origin.trusted or not isinstance(preferences, dict):
            return
        states = self._standings[one.ref].states if one.ref else {}
        acts: dict[str, State] = {}
        for purpose, yes in preferences.items():
            known = states.get(purpose)
            if purpose in plan.policy.purposes and isinstance(yes, bool) and (known is None or (known is State.GIVEN and not yes)):
                acts[purpose] = State.GIVEN if yes else (State.WITHDRAWN if known else State.REFUSED)
        if not acts or (not one.ref and State.GIVEN not in acts.values()):
            return
        if not one.ref:
            assert one.hash is not None
            erased = directory.erased_at(conn, one.hash)
            if erased is not None and not self._came_back(one, erased):
                return
            one.ref = self._create(conn, one)
        evidence = Evidence(Strength.RELAYED, "relayed", plan.policy.version, "", one.draft.regime)
        record(conn, self._workspace.log, one.ref, acts, evidence, at)
        self._standings.update(read_standings(conn, [one.ref]))

    # 5. seal what is kept

    def _seal(self, conn: Connection, plan: Plan, batch: list[_Event], at: int) -> list[JournalRow]:
        kept = [one for one in batch if not one.gone and one.treatment is not None]
        keys = self._workspace.keys
        keys.ensure({(one.ref, keep) for one in kept if one.ref for keep, _ in one.treatment.sealed})  # type: ignore[union-attr]
        rows: list[JournalRow] = []
        for one in kept:
            treatment = one.treatment
            assert treatment is not None
            items = one.draft.items
            event = secrets.randbits(62)
            clear = {item: items[item] for item in treatment.clear if item in items}
            number = self._workspace.classes.number(conn, treatment.row_class)
            if treatment.anonymous:
                rows.append(JournalRow(event, 0, number, at - at % 86_400_000_000, clear, [], None))
                one.answer.anonymous += 1
                continue
            sealed = []
            for keep, group in treatment.sealed:
                held = {item: items[item] for item in group if item in items}
                if held:
                    sealed.append((keep, keys.seal(one.ref, keep, event, msgspec.msgpack.encode(held))))
            rows.append(JournalRow(event, one.ref, number, at, clear, sealed, one.key))
            one.answer.stored += 1
            one.answer.events.append((event, one.ref))
        return rows


@dataclass(slots=True)
class _Event:
    draft: Draft
    answer: Answer
    key: bytes | None = None
    hash: bytes | None = None
    ref: int = 0
    gone: bool = False
    treatment: Treatment | None = None


def _refuse(answer: Answer, refusals: Counter[tuple[str, str]], event: str, reason: Reason) -> None:
    answer.reasons[reason] += 1
    refusals[(event, reason)] += 1


def _settle(future: asyncio.Future[None], error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
