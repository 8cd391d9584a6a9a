"""Where does the ledger rest? Its tables, and the few statements that read and write them.

It decides nothing. Leaf hashes are not stored; they are one hash away from the entry. `ledger_head` is one
row: the size and the hashes of the perfect subtrees that make up the tree, largest first.
Source: RFC 6962 section 2.1.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table

from troth.base.database import metadata
from troth.base.errors import Fault
from troth.ledger.tree import HASH_SIZE, Frontier, leaf_hash

PAGE_LEVEL = 12
PAGE = 1 << PAGE_LEVEL

# Only a column called INTEGER is SQLite's own row number.
_Index = BigInteger().with_variant(Integer, "sqlite")

ledger_entry = Table(
    "ledger_entry",
    metadata,
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False),
)
ledger_node = Table(
    "ledger_node",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("idx", _Index, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
ledger_head = Table(
    "ledger_head",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("peaks", LargeBinary, nullable=False),
)


class LedgerBroken(Fault):
    """The stored ledger contradicts itself or a checkpoint: something was changed, lost or reordered."""

    def __init__(self, message: str) -> None:
        super().__init__("ledger-broken", message, status=500)


class _Texts:
    """The statements, in one driver's spelling."""

    def __init__(self, mark: str, lock: str) -> None:
        self.head = "SELECT size, peaks FROM ledger_head WHERE one = 1"
        self.head_to_move = self.head + lock
        self.first = f"INSERT INTO ledger_head (size, peaks, one) VALUES ({mark}, {mark}, 1)"
        self.move = f"UPDATE ledger_head SET size = {mark}, peaks = {mark} WHERE one = 1"
        self.add = f"INSERT INTO ledger_entry (idx, data) VALUES ({mark}, {mark})"
        self.add_node = f"INSERT INTO ledger_node (level, idx, hash) VALUES ({mark}, {mark}, {mark})"
        self.data = f"SELECT data FROM ledger_entry WHERE idx = {mark}"
        self.page = f"SELECT idx, data FROM ledger_entry WHERE idx >= {mark} AND idx < {mark} ORDER BY idx"
        self.node = f"SELECT hash FROM ledger_node WHERE level = {mark} AND idx = {mark}"
        self.nodes = f"SELECT hash FROM ledger_node WHERE level = {mark} AND idx >= {mark} AND idx < {mark} ORDER BY idx"


_SQLITE = _Texts("?", "")  # its write transactions already come one at a time
_POSTGRESQL = _Texts("%s", " FOR UPDATE")


def texts(conn: Connection) -> _Texts:
    """The statements as this connection's driver spells them."""
    return _SQLITE if conn.dialect.name == "sqlite" else _POSTGRESQL


def read_head(conn: Connection, *, to_move: bool = False) -> Frontier:
    """The tree's frontier as this transaction sees it; `to_move` keeps others from moving it meanwhile."""
    text = texts(conn)
    row = conn.exec_driver_sql(text.head_to_move if to_move else text.head).first()
    if row is None:
        return Frontier()
    peaks = bytes(row[1])
    return Frontier(row[0], [peaks[at : at + HASH_SIZE] for at in range(0, len(peaks), HASH_SIZE)])


def write(conn: Connection, data: bytes, frontier: Frontier, nodes: list[tuple[int, int, bytes]]) -> None:
    """Store the last entry of the frontier, the nodes it completed, and the frontier."""
    text = texts(conn)
    conn.exec_driver_sql(text.add, (frontier.size - 1, data))
    if nodes:
        conn.exec_driver_sql(text.add_node, nodes)
    conn.exec_driver_sql(text.move if frontier.size > 1 else text.first, (frontier.size, b"".join(frontier.peaks)))


def read_data(conn: Connection, idx: int) -> bytes:
    """The bytes of one entry. Raises `Fault` when there is none."""
    row = conn.exec_driver_sql(texts(conn).data, (idx,)).first()
    if row is None:
        raise Fault("no-such-entry", f"the ledger has no entry {idx}", status=404)
    return bytes(row[0])


def read_page(conn: Connection, start: int, stop: int) -> list[bytes]:
    """The bytes of the entries from `start` to before `stop`. Raises `LedgerBroken` when one is missing."""
    rows = conn.exec_driver_sql(texts(conn).page, (start, stop)).all()
    if [idx for idx, _ in rows] != list(range(start, stop)):
        raise LedgerBroken(f"an entry between {start} and {stop - 1} is missing")
    return [bytes(data) for _, data in rows]


def read_nodes(conn: Connection, level: int, start: int, stop: int) -> list[bytes]:
    """The stored hashes of one level from index `start` to before `stop`."""
    return [bytes(found) for (found,) in conn.exec_driver_sql(texts(conn).nodes, (level, start, stop)).all()]


class Nodes:
    """Finds the hash of a perfect subtree: a stored node, or the leaf hash of an entry."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def __call__(self, level: int, idx: int) -> bytes:
        if level == 0:
            return leaf_hash(read_data(self._conn, idx))
        row = self._conn.exec_driver_sql(texts(self._conn).node, (level, idx)).first()
        if row is None:
            raise LedgerBroken(f"node {idx} of level {level} is missing")
        return bytes(row[0])
