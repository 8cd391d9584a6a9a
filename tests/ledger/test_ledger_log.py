"""Does the log keep every entry in its place, across transactions and processes, and notice any change?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.base.database import Database
from troth.base.errors import Fault
from troth.ledger import tree
from troth.ledger.checkpoint import Checkpoint, verify
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
from troth.ledger.rows import LedgerBroken

LOG = Log()
ORIGIN = "ledger.test/infinity"
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
Fill = Callable[[int], None]
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


def test_entries_come_back_in_the_order_they_were_appended(database: Database) -> None:
    with database.write() as conn:
        assert LOG.size(conn) == 0
        assert LOG.root(conn) == tree.EMPTY_ROOT
        assert [LOG.append(conn, EntryKind.READ, {"n": n}, START) for n in range(5)] == [0, 1, 2, 3, 4]
    with database.read() as conn:
        assert [(idx, entry.body) for idx, entry in LOG.entries(conn)] == [(n, {"n": n}) for n in range(5)]
        assert [idx for idx, _ in LOG.entries(conn, 1, 3)] == [1, 2]
        assert LOG.entry(conn, 3).at == START
        with pytest.raises(Fault):
            LOG.entry(conn, 5)


def test_an_entry_that_was_rolled_back_never_happened(database: Database, fill: Fill) -> None:
    fill(5)
    with pytest.raises(RuntimeError), database.write() as conn:
        LOG.append(conn, EntryKind.READ, {"n": "taken back"}, START)
        raise RuntimeError
    with database.write() as conn:
        assert LOG.append(conn, EntryKind.READ, {"n": "kept"}, START) == 5
        assert LOG.verify(conn) == 6


IN_TURNS = """
from datetime import UTC, datetime
from pathlib import Path
from troth.base.database import Database, metadata
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log
database, log = Database(Path(sys.argv[1]), metadata), Log()
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    with database.write() as conn:
        log.append(conn, EntryKind.READ, {"by": sys.argv[2], "n": number}, datetime(2026, 3, 4, tzinfo=UTC))
"""


def test_two_processes_append_in_turn_to_one_history(database: Database, together: Callable[[str, Path], None]) -> None:
    together(IN_TURNS, database.path)
    with database.read() as conn:
        assert LOG.verify(conn) == 80
        told = [entry.body for _, entry in LOG.entries(conn)]
    for name in ("a", "b"):
        assert [body["n"] for body in told if body["by"] == name] == list(range(40))


@SHARED
@given(st.integers(1, 130), st.data())
def test_every_proof_holds_against_the_roots_of_its_sizes(database: Database, fill: Fill, size: int, data: st.DataObject) -> None:
    old, idx = data.draw(st.integers(1, size)), data.draw(st.integers(0, size - 1))
    with database.read() as conn:
        missing = 130 - LOG.size(conn)
    fill(missing)
    with database.read() as conn:
        leaf = tree.leaf_hash(LOG.entry(conn, idx).canonical())
        tree.verify_inclusion(leaf, idx, size, LOG.prove_inclusion(conn, idx, size), LOG.root(conn, size))
        tree.verify_consistency(old, size, LOG.prove_consistency(conn, old, size), LOG.root(conn, old), LOG.root(conn, size))
        assert LOG.root(conn, 130) == LOG.root(conn)


def test_proofs_of_a_size_not_yet_reached_are_refused(database: Database, fill: Fill) -> None:
    fill(3)
    with database.read() as conn:
        for ask in (lambda: LOG.prove_inclusion(conn, 0, 4), lambda: LOG.prove_consistency(conn, 1, 4), lambda: LOG.root(conn, 4)):
            with pytest.raises(Fault):
                ask()


def test_a_long_history_verifies_across_pages(database: Database, fill: Fill) -> None:
    fill(4096 * 3 + 5)
    with database.read() as conn:
        assert LOG.verify(conn) == 4096 * 3 + 5
        assert LOG.root(conn) == LOG.root(conn, 4096 * 3 + 5)


CHANGES = {
    "an entry changed": "UPDATE ledger_entry SET data = CAST(replace(data, 'collected', 'revealed') AS BLOB) WHERE idx = {idx}",
    "an entry lost": "DELETE FROM ledger_entry WHERE idx = {idx}",
    "an entry added": "INSERT INTO ledger_entry SELECT 1000 + idx, data FROM ledger_entry WHERE idx = {idx}",
    "an entry moved": "UPDATE ledger_entry SET idx = 1000 WHERE idx = {idx}",
    "the last entry changed": "UPDATE ledger_entry SET data = CAST(replace(data, 'log-origin', 'collected') AS BLOB) WHERE idx = 22",
    "two entries swapped": "UPDATE ledger_entry AS one SET data = (SELECT data FROM ledger_entry WHERE idx = 22 - one.idx)"
    " WHERE idx IN ({idx}, 22 - {idx})",
    "a node changed": "UPDATE ledger_node SET hash = zeroblob(32) WHERE level = 1 AND idx = {idx} / 2",
    "a node lost": "DELETE FROM ledger_node WHERE level = 1 AND idx = {idx} / 2",
    "a node added": "INSERT INTO ledger_node VALUES (40, {idx}, zeroblob(32))",
    "the head set back": "UPDATE ledger_head SET size = 22, peaks = zeroblob(96)",
    "the head changed": "UPDATE ledger_head SET peaks = zeroblob(length(peaks))",
    "the head lost": "DELETE FROM ledger_head",
    "a checkpoint's root changed": "UPDATE ledger_checkpoint SET root = zeroblob(32)",
    "a checkpoint's note changed": "UPDATE ledger_checkpoint SET note = replace(note, '23', '22')",
}


@pytest.mark.parametrize("idx", [0, 7, 21])
@pytest.mark.parametrize("change", CHANGES)
def test_any_change_to_the_tables_is_found(database: Database, fill: Fill, key: Ed25519PrivateKey, change: str, idx: int) -> None:
    fill(22)
    with database.write() as conn:
        LOG.checkpoint(conn, ORIGIN, key, START)
        assert LOG.verify(conn, key.public_key()) == 23
    with database.write() as conn:
        assert conn.exec_driver_sql(CHANGES[change].format(idx=idx)).rowcount > 0
        with pytest.raises(Fault):
            LOG.verify(conn)


def test_entries_are_never_given_out_with_one_missing(database: Database, fill: Fill) -> None:
    fill(9)
    with database.write() as conn:
        conn.exec_driver_sql("DELETE FROM ledger_entry WHERE idx = 4")
        with pytest.raises(LedgerBroken):
            list(LOG.entries(conn))


def rewrite(database: Database, keep: int, kind: EntryKind) -> None:
    """What someone with the database, but not the key, can do: a history that agrees with itself."""
    with database.write() as conn:
        old = [entry for _, entry in LOG.entries(conn)][:keep]
        for table in ("ledger_entry", "ledger_node", "ledger_head"):
            conn.exec_driver_sql(f"DELETE FROM {table}")
        for number, entry in enumerate(old):
            LOG.append(conn, kind if number == 3 else entry.kind, entry.body, entry.at)


@pytest.mark.parametrize(("keep", "kind"), [(23, EntryKind.REVEALED), (10, EntryKind.COLLECTED)])
def test_a_rewritten_history_contradicts_its_checkpoint(
    database: Database, fill: Fill, key: Ed25519PrivateKey, keep: int, kind: EntryKind
) -> None:
    fill(22)
    with database.write() as conn:
        note = LOG.checkpoint(conn, ORIGIN, key, START)
    rewrite(database, keep, kind)
    with database.write() as conn:
        with pytest.raises(LedgerBroken):
            LOG.verify(conn)
        fill_up = max(0, 30 - keep)
        for number in range(fill_up):
            LOG.append(conn, EntryKind.READ, {"n": number}, START)
        with pytest.raises(Fault):  # nor does the key sign it
            LOG.checkpoint(conn, ORIGIN, key, START)
        conn.exec_driver_sql("DELETE FROM ledger_checkpoint")
        assert LOG.verify(conn) == keep + fill_up
        with pytest.raises(LedgerBroken):  # unless a checkpoint is known from elsewhere
            LOG.verify(conn, known=[verify(note, key.public_key(), ORIGIN)])


def test_checkpoints_name_their_log_in_an_entry_first(database: Database, fill: Fill, key: Ed25519PrivateKey) -> None:
    fill(4)
    with database.write() as conn:
        first = LOG.checkpoint(conn, ORIGIN, key, START)
        assert LOG.checkpoint(conn, ORIGIN, key, START) == first
        LOG.append(conn, EntryKind.READ, {"n": 1}, START)
        second = LOG.checkpoint(conn, ORIGIN, key, START)
        renamed = LOG.checkpoint(conn, f"{ORIGIN}/2", key, START)
        told = [entry.body for _, entry in LOG.entries(conn) if entry.kind is EntryKind.LOG_ORIGIN]
        root = LOG.root(conn, 5)
    assert verify(first, key.public_key(), ORIGIN) == Checkpoint(ORIGIN, 5, root)
    assert verify(second, key.public_key(), ORIGIN).size == 6
    assert verify(renamed, key.public_key(), f"{ORIGIN}/2").size == 7
    assert told == [{"origin": ORIGIN}, {"origin": f"{ORIGIN}/2", "previous": ORIGIN, "after": 6}]


def test_personal_data_is_refused_before_anything_is_written(database: Database) -> None:
    with database.write() as conn:
        with pytest.raises(Fault):
            LOG.append(conn, EntryKind.READ, {"who": "ada@example.com"}, START)
        assert LOG.size(conn) == 0
