"""What happened, in order? Appends entries to the ledger, proves them and signs checkpoints.

It opens no transaction: every function works inside the caller's, so that an effect and its entry commit
together or not at all. It remembers nothing between transactions either: the frontier of the tree is read
in each, because a size alone cannot tell a rolled-back entry from another process's entry in its place.
Source: RFC 6962 section 2.1, C2SP tlog-checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import Connection

from troth.base.errors import Fault
from troth.ledger import audit, rows, tree
from troth.ledger import checkpoint as checkpoints
from troth.ledger.checkpoint import Checkpoint
from troth.ledger.entry import Body, Entry, EntryKind


class Log:
    """The ledger of one workspace; all of its state is in the tables."""

    def append(self, conn: Connection, kind: EntryKind, body: Body, at: datetime) -> int:
        """Add one entry inside the caller's write transaction; return its index.

        `body` holds references and commitments only: raises `Fault` when it seems to hold personal data.
        """
        data = Entry(kind, at, body).canonical()
        frontier = rows.read_head(conn, to_move=True)
        nodes = frontier.append(tree.leaf_hash(data))
        rows.write(conn, data, frontier, nodes)
        return frontier.size - 1

    def size(self, conn: Connection) -> int:
        """How many entries there are."""
        return rows.read_head(conn).size

    def root(self, conn: Connection, size: int | None = None) -> bytes:
        """The root hash of the ledger now, or as it was at an earlier size."""
        head = rows.read_head(conn)
        if size is None:
            return head.root()
        _check_size(size, head.size)
        return tree.root_at(size, rows.Nodes(conn))

    def entry(self, conn: Connection, idx: int) -> Entry:
        """The entry at this index. Raises `Fault` when there is none."""
        return Entry.from_canonical(rows.read_data(conn, idx))

    def entries(self, conn: Connection, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, Entry]]:
        """Index and entry from `start` to before `stop` (default: to the end), in order."""
        for idx, data in self.raw_entries(conn, start, stop):
            yield idx, Entry.from_canonical(data)

    def raw_entries(self, conn: Connection, start: int = 0, stop: int | None = None) -> Iterator[tuple[int, bytes]]:
        """The same as the bytes that were hashed. Raises `LedgerBroken` at the first missing one."""
        size = self.size(conn)
        stop = size if stop is None else min(stop, size)
        for first in range(max(start, 0), stop, rows.PAGE):
            yield from enumerate(rows.read_page(conn, first, min(first + rows.PAGE, stop)), first)

    def prove_inclusion(self, conn: Connection, idx: int, size: int) -> list[bytes]:
        """The path from entry `idx` to the root of the first `size` entries, lowest hash first."""
        _check_size(size, self.size(conn))
        return tree.inclusion_proof(idx, size, rows.Nodes(conn))

    def prove_consistency(self, conn: Connection, old: int, new: int) -> list[bytes]:
        """The hashes that show the first `old` entries to be a prefix of the first `new`."""
        _check_size(new, self.size(conn))
        return tree.consistency_proof(old, new, rows.Nodes(conn))

    def checkpoint(self, conn: Connection, origin: str, key: Ed25519PrivateKey, at: datetime) -> str:
        """Sign the ledger as it stands, store the note and return it. The caller's write transaction.

        When the origin is new (at the start, or after a restore with a gap) an entry naming it comes first.
        Raises `Fault`, and signs nothing, when the ledger no longer continues its newest checkpoint.
        """
        row = checkpoints.latest_unverified(conn)
        last = None if row is None else checkpoints.verify(row.note, key.public_key(), checkpoints.parse_unverified(row.note).origin)
        if last is None or last.origin != origin:
            before = {} if last is None else {"previous": last.origin, "after": last.size}
            self.append(conn, EntryKind.LOG_ORIGIN, {"origin": origin, **before}, at)
        here = Checkpoint(origin, self.size(conn), self.root(conn))
        if row is not None and last == here:
            return row.note
        if last is not None:
            proof = self.prove_consistency(conn, last.size, here.size)
            tree.verify_consistency(last.size, here.size, proof, last.root, here.root)
        note = checkpoints.sign(here, key)
        checkpoints.keep(conn, here, note, at)
        return note

    def verify(self, conn: Connection, public: Ed25519PublicKey | None = None, known: Iterable[Checkpoint] = ()) -> int:
        """Recompute everything from the entries; return how many there are, or raise a `Fault`.

        Compared are the stored nodes, the head, every stored checkpoint (with its signature when `public` is
        given), and checkpoints `known` from elsewhere: the tape, a backup, an auditor.
        """
        return audit.verify_all(conn, public, known)


def _check_size(size: int, have: int) -> None:
    if not 0 <= size <= have:
        raise Fault("no-such-size", f"the ledger has {have} entries, not {size}", status=404)
