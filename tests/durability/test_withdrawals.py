"""Does a no that was acknowledged hold at once, on every process? A thousand withdrawals against a thousand events a second."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.durability.resting import Row, check_ledger, digest_of, entries_of_rows, rows_of
from tests.durability.sending import Sent, event, post
from tests.running import Server, opened
from troth.ledger.entry import EntryKind
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind

PURPOSE, ZONE = "site-analytics", "Europe/Berlin"
PEOPLE, EVENTS, A_SECOND = 1_000, 10_000, 1_000
SENDERS = 24


@dataclass(slots=True)
class Rehearsal:
    """What was done, and what rests afterwards."""

    sent: Sent = field(default_factory=Sent)
    withdrawn_at: dict[int, float] = field(default_factory=dict)  # person to when the withdrawal was acknowledged
    rows: list[Row] = field(default_factory=list)
    refs: dict[int, int] = field(default_factory=dict)  # person to reference
    permitting: set[int] = field(default_factory=set)  # classes that permit the purpose
    row_entries: dict[str, int] = field(default_factory=dict)
    withdrawal_entries: dict[int, int] = field(default_factory=dict)  # reference to ledger entry
    entries: int = 0


def visitor(person: int) -> str:
    return f"withdrawing-{person:05d}"


def person_of(number: int) -> int:
    return number % PEOPLE


class Crowd:
    """A thousand people on kept-open connections: agreeing, visiting, withdrawing."""

    def __init__(self, server: Server, done: Rehearsal) -> None:
        self._server, self._done = server, done
        self._access = server.access()

    async def act(self) -> None:
        """Everybody agrees; then visits and withdrawals run beside each other."""
        await self._in_turn(iter(range(PEOPLE)), lambda *line: self._choose(*line, how="accept-all"))
        started = time.monotonic() + 0.2
        visits = self._in_turn(iter(range(EVENTS)), self._visit, started, 1 / A_SECOND)
        # A withdrawal every 9 ms: all have withdrawn shortly before the last event.
        withdrawals = self._in_turn(iter(range(PEOPLE)), lambda *line: self._choose(*line, how="withdraw"), started + 0.5, 0.009, senders=8)
        await asyncio.gather(visits, withdrawals)

    async def _in_turn(self, numbers: Iterator[int], act, started: float = 0.0, every: float = 0.0, senders: int = SENDERS) -> None:  # type: ignore[no-untyped-def]
        async def one() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._server.port)
            for number in numbers:
                await asyncio.sleep(max(0.0, started + number * every - time.monotonic()))
                await act(reader, writer, number)
            writer.close()
            await writer.wait_closed()

        await asyncio.gather(*(one() for _ in range(senders)))

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._done.sent.started_at[number] = time.monotonic()
        body = event(number, visitor(person_of(number)), ZONE)
        status, answer = await post(reader, writer, "/v1/track", body, self._access["write_key"])
        assert status == 200, answer
        if json.loads(answer)["stored"]:
            self._done.sent.acknowledged.add(number)

    async def _choose(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, person: int, how: str) -> None:
        given = "given" if how == "accept-all" else "refused"
        body = {"key": self._access["publishable_key"], "anonymousId": visitor(person), "choices": {PURPOSE: given}, "how": how, "tz": ZONE}
        status, answer = await post(reader, writer, "/infinity/consent", body, "")
        assert status == 200 and json.loads(answer)["receipt"] is not None, answer
        if how == "withdraw":
            self._done.withdrawn_at[person] = time.monotonic()


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """One run, looked at from several sides."""
    data = tmp_path_factory.mktemp("withdrawals") / "data"
    server, done = Server(data, workers=2), Rehearsal()
    try:
        server.start()
        asyncio.run(Crowd(server, done).act())
    finally:
        server.kill()
    with opened(data) as workspace:
        done.rows, done.entries, done.row_entries = rows_of(workspace), check_ledger(workspace), entries_of_rows(workspace)
        with workspace.state.read() as conn:
            for person in range(PEOPLE):
                found = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor(person)))
                assert found is not None
                done.refs[person] = found
            classes = workspace.classes.all(conn)
            done.permitting = {number for number, kind in classes.items() if dict(kind.permitted).get(PURPOSE) in ("given", "unobjected", "needless")}
            ours = set(done.refs.values())  # the server's own proofs withdraw too, as canaries
            for index, entry in workspace.log.entries(conn):
                if entry.kind is EntryKind.CONSENT and entry.body["ref"] in ours and entry.body["acts"].get(PURPOSE) == "withdrawn":
                    done.withdrawal_entries[entry.body["ref"]] = index
    return done


def permitted_rows(done: Rehearsal) -> list[Row]:
    return [row for row in done.rows if row.number is not None and row.row_class in done.permitting]


@pytest.mark.heavy
def test_the_rehearsal_is_one(rehearsal: Rehearsal) -> None:
    assert len(rehearsal.withdrawn_at) == len(rehearsal.withdrawal_entries) == PEOPLE
    stored = permitted_rows(rehearsal)
    after = [number for number, at in rehearsal.sent.started_at.items() if at > rehearsal.withdrawn_at[person_of(number)]]
    assert len(stored) > EVENTS // 10, "too few events came before the withdrawals to show anything"
    assert len(after) > EVENTS // 10, "too few events came after the withdrawals to show anything"


@pytest.mark.heavy
def test_no_event_begun_after_a_withdrawal_was_acknowledged_is_stored_under_its_purpose(rehearsal: Rehearsal) -> None:
    for row in permitted_rows(rehearsal):
        assert row.number is not None
        assert rehearsal.sent.started_at[row.number] <= rehearsal.withdrawn_at[person_of(row.number)], row.number


@pytest.mark.heavy
def test_no_row_under_the_purpose_is_committed_after_its_persons_withdrawal(rehearsal: Rehearsal) -> None:
    for row in permitted_rows(rehearsal):
        assert rehearsal.row_entries[digest_of(row)] < rehearsal.withdrawal_entries[row.ref], row.number


@pytest.mark.heavy
def test_events_acknowledged_as_stored_are_stored_once_and_others_point_to_nobody(rehearsal: Rehearsal) -> None:
    stored = {row.number for row in permitted_rows(rehearsal)}
    assert stored == rehearsal.sent.acknowledged
    assert len(stored) == len(permitted_rows(rehearsal))
    refs = {ref: person for person, ref in rehearsal.refs.items()}
    assert all(refs[row.ref] == person_of(row.number or 0) for row in permitted_rows(rehearsal))
    assert all(row.ref == 0 for row in rehearsal.rows if row.number is not None and row.row_class not in rehearsal.permitting)


@pytest.mark.heavy
def test_two_processes_writing_at_once_number_rows_in_the_order_of_commits(rehearsal: Rehearsal) -> None:
    entries = [rehearsal.row_entries[digest_of(row)] for row in rehearsal.rows if row.ref and row.number is not None]
    assert len(entries) > EVENTS // 10 and entries == sorted(entries)
    assert len({row.seq for row in rehearsal.rows}) == len(rehearsal.rows)
    assert rehearsal.entries > PEOPLE * 2
