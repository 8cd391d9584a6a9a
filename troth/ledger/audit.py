"""Does the stored ledger still follow from its entries? Recomputes all of it and compares.

What was appended after the newest checkpoint is only as safe as the database; a checkpoint proves something
to others once they have seen it, not before.
Source: RFC 6962 section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection

from troth.ledger import checkpoint as checkpoints
from troth.ledger import rows, tree
from troth.ledger.checkpoint import Checkpoint, UnverifiedCheckpoint
from troth.ledger.rows import PAGE, PAGE_LEVEL, LedgerBroken

_TOP_LEVEL = 63


def verify_all(conn: Connection, public: Ed25519PublicKey | None, known: Iterable[Checkpoint]) -> int:
    """Raise at the first thing that does not hold; return the number of entries."""
    # 1. as many rows as the head says
    head = rows.read_head(conn)
    _check_counts(conn, head.size)
    # 2. entries lead to the stored nodes, and those to the head
    if _recompute(conn, head.size) != head.peaks:
        raise LedgerBroken("the head of the ledger does not follow from its entries")
    # 3. the checkpoints kept here, then those known from elsewhere, are of this history
    for row in checkpoints.all_unverified(conn):
        _check_checkpoint(conn, _check_row(row, public), head.size)
    for checkpoint in known:
        _check_checkpoint(conn, checkpoint, head.size)
    return head.size


def _check_counts(conn: Connection, size: int) -> None:
    entries = conn.exec_driver_sql("SELECT count(*) FROM ledger_entry").scalar_one()
    nodes = conn.exec_driver_sql("SELECT count(*) FROM ledger_node").scalar_one()
    if (entries, nodes) != (size, size - size.bit_count()):
        raise LedgerBroken("the ledger has more or fewer rows than its head says")


def _recompute(conn: Connection, size: int) -> list[bytes]:
    """The peaks that follow from the entries, largest first, comparing every stored node on the way."""
    tops: list[bytes] = []
    low: list[bytes] = []
    for start in range(0, size, PAGE):
        leaves = [tree.leaf_hash(data) for data in rows.read_page(conn, start, min(start + PAGE, size))]
        top, low = _climb(conn, leaves, start, 0, PAGE_LEVEL)
        tops += top
    _, high = _climb(conn, tops, 0, PAGE_LEVEL, _TOP_LEVEL)
    return [*reversed(high), *reversed(low)]


def _climb(conn: Connection, hashes: list[bytes], start: int, level: int, stop: int) -> tuple[list[bytes], list[bytes]]:
    """From a row of subtrees up to level `stop`: the row there, and those left without a partner, smallest first."""
    alone: list[bytes] = []
    while level < stop and hashes:
        if len(hashes) & 1:
            alone.append(hashes[-1])
        hashes = [tree.node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        level, start = level + 1, start >> 1
        if hashes != rows.read_nodes(conn, level, start, start + len(hashes)):
            raise LedgerBroken(_where(level, start, len(hashes)))
    return hashes, alone


def _where(level: int, start: int, count: int) -> str:
    return f"entries {start << level} to {((start + count) << level) - 1} do not lead to the stored nodes of level {level}"


def _check_row(row: UnverifiedCheckpoint, public: Ed25519PublicKey | None) -> Checkpoint:
    claim = checkpoints.parse_unverified(row.note)
    if public is not None:
        claim = checkpoints.verify(row.note, public, claim.origin)
    if (row.size, row.root) != (claim.size, claim.root):
        raise LedgerBroken(f"the stored checkpoint of size {row.size} is not the one in its note")
    return claim


def _check_checkpoint(conn: Connection, checkpoint: Checkpoint, size: int) -> None:
    if checkpoint.size > size:
        raise LedgerBroken(f"a checkpoint speaks of {checkpoint.size} entries, the ledger has {size}")
    # Every stored node was recomputed just now, so this root follows from the entries.
    if tree.root_at(checkpoint.size, rows.Nodes(conn)) != checkpoint.root:
        raise LedgerBroken(f"the first {checkpoint.size} entries are not those of the checkpoint of that size")
