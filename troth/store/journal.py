"""Where does an event rest first? In the journal: one durable row an event, in the order of commits.

It decides nothing: rows come with the treatment the gate gave them. Rows move on to the lake when settled.
Everything of one batch (rows, duplicate keys, refusal counts, the ledger entry) commits together.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import day_of, instant
from troth.base.database import metadata
from troth.consent.record import Strength
from troth.gate.grant import Grant
from troth.gate.plan import RowClass
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("event", BigInteger, nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("class", Integer, nullable=False),
    Column("day", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("key", LargeBinary),  # its duplicate key; goes on to `seen` when the row settles
    Column("clear", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
Index("journal_ref", journal.c.ref)
seen = Table(
    "seen",
    metadata,
    Column("key", LargeBinary, primary_key=True),
    Column("ref", BigInteger, nullable=False),
    Column("day", Integer, nullable=False),
    Column("kept", Integer, nullable=False, default=0),  # 1: its subject was erased, so it is refused for ever
    sqlite_with_rowid=False,
)
Index("seen_ref", seen.c.ref)
held = Table(
    "held",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Integer, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
row_class = Table(
    "row_class",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("policy_version", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("permitted", Text, nullable=False),
    Column("strength", Text, nullable=False),
)
refused = Table(
    "refused",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(slots=True)
class JournalRow:
    """One event ready to be kept. `sealed` holds one blob per retention rule; `key` its duplicate key."""

    event: int
    ref: int
    row_class: int
    at: int
    clear: dict[str, str | int]
    sealed: list[tuple[str, bytes]]
    key: bytes | None


class Classes:
    """The append-only table of row classes, remembered. Numbers mean the same for ever."""

    def __init__(self) -> None:
        self._numbers: dict[RowClass, int] = {}
        self._classes: dict[int, RowClass] = {}
        self._making: Connection | None = None  # the transaction that made classes last, from number `_first` on
        self._first = 0

    def number(self, conn: Connection, wanted: RowClass) -> int:
        """The number of a class, given in the caller's write transaction when it is new."""
        found = self._numbers.get(wanted)
        if found is not None:
            return found
        permitted = msgspec.json.encode(wanted.permitted).decode()
        values = (wanted.policy_version, wanted.event, wanted.regime, permitted, str(wanted.strength))
        row = conn.exec_driver_sql(
            "SELECT id FROM row_class WHERE policy_version = ? AND event = ? AND regime = ? AND permitted = ? AND strength = ?", values
        ).first()
        if row is None:
            cursor = conn.exec_driver_sql(
                "INSERT INTO row_class (policy_version, event, regime, permitted, strength) VALUES (?, ?, ?, ?, ?)", values
            )
            if self._making is not conn:
                self._making, self._first = conn, int(cursor.lastrowid)
            return int(cursor.lastrowid)
        if not self._may_yet_go(conn, row[0]):
            self._numbers[wanted] = row[0]
        return int(row[0])

    def _may_yet_go(self, conn: Connection, number: int) -> bool:
        """Whether this very transaction made the class: rolled back, its number is another's, so it is not remembered yet."""
        return conn is self._making and number >= self._first

    def all(self, conn: Connection) -> Mapping[int, RowClass]:
        """Every class by its number."""
        known = self._classes
        new: dict[int, RowClass] = {}
        above = (max(known, default=0),)
        for row in conn.exec_driver_sql("SELECT id, policy_version, event, regime, permitted, strength FROM row_class WHERE id > ?", above):
            permitted = tuple((a, b) for a, b in msgspec.json.decode(row[4]))
            new[row[0]] = RowClass(row[1], row[2], row[3], permitted, Strength(row[5]))
        if not new:
            return known
        found = known | new  # a new mapping: another thread may be going through the old one
        if not any(self._may_yet_go(conn, number) for number in new):
            self._classes = found
        return found


class Unsettled:
    """The duplicate keys of the rows that still stand in the journal, remembered by one writer.

    Keys are random, so that each one put into `seen` touches a page of its own; at settling thousands go in together.
    Only committed rows are remembered: those that came since the last look, this writer's own among them.
    """

    def __init__(self) -> None:
        self._refs: dict[bytes, tuple[int, int]] = {}  # key to (seq, reference), in the order of seq
        self._through = 0

    def known(self, conn: Connection, keys: Sequence[bytes]) -> dict[bytes, bool]:
        """Which duplicate keys were kept before, settled or not; True where the subject was erased since.

        For the beginning of a write transaction: what it inserts itself is not known yet.
        """
        self._catch_up(conn)
        found = _settled_keys(conn, [key for key in keys if key not in self._refs])
        waiting = {key: self._refs[key][1] for key in keys if key in self._refs}
        erased = _erased(conn, set(waiting.values())) if waiting else set()
        return found | {key: ref in erased for key, ref in waiting.items()}

    def _catch_up(self, conn: Connection) -> None:
        for seq, key, ref in conn.exec_driver_sql("SELECT seq, key, ref FROM journal WHERE seq > ?", (self._through,)):
            self._through = seq
            if key is not None:
                self._refs[key] = (seq, ref)
        if len(self._refs) > _REMEMBERED:
            first = conn.exec_driver_sql("SELECT coalesce(min(seq), ?) FROM journal", (self._through + 1,)).scalar_one()
            self._refs = {key: (seq, ref) for key, (seq, ref) in self._refs.items() if seq >= first}


def known_keys(conn: Connection, keys: Sequence[bytes]) -> dict[bytes, bool]:
    """The same for a caller that looks once."""
    return Unsettled().known(conn, keys)


_REMEMBERED = 20_000
_ERASED = "SELECT ref FROM erased_subject WHERE ref IN (SELECT value FROM json_each(?))"


def _erased(conn: Connection, refs: set[int]) -> set[int]:
    return {row[0] for row in conn.exec_driver_sql(_ERASED, (msgspec.json.encode(list(refs)).decode(),))}


def _settled_keys(conn: Connection, keys: Sequence[bytes]) -> dict[bytes, bool]:
    found: dict[bytes, bool] = {}
    for start in range(0, len(keys), 500):
        part = tuple(keys[start : start + 500])
        marks = ",".join("?" * len(part))
        erased = "EXISTS (SELECT 1 FROM erased_subject WHERE erased_subject.ref = seen.ref)"
        rows = conn.exec_driver_sql(f"SELECT key, kept OR {erased} FROM seen WHERE key IN ({marks})", part)
        found.update((key, bool(kept)) for key, kept in rows)
    return found


def settle_keys(conn: Connection, through: int) -> None:
    """Put the duplicate keys of journal rows up to `through` where they last, in the transaction that settles the rows."""
    keys = "SELECT key, ref, day, 0 FROM journal WHERE seq <= ? AND key IS NOT NULL ORDER BY key"
    conn.exec_driver_sql(f"INSERT INTO seen (key, ref, day, kept) {keys} ON CONFLICT DO NOTHING", (through,))


def outlive_row(conn: Connection, seq: int, erased: bool) -> None:
    """A journal row is about to go before it settled: its duplicate key stays, nobody's and for ever when its subject was erased."""
    ref, kept = ("0", 1) if erased else ("ref", 0)
    key = f"SELECT key, {ref}, day, {kept} FROM journal WHERE seq = ? AND key IS NOT NULL"
    conn.exec_driver_sql(f"INSERT INTO seen (key, ref, day, kept) {key} ON CONFLICT DO NOTHING", (seq,))


def append(conn: Connection, log: Log, grant: Grant, rows: Sequence[JournalRow], at: int) -> int | None:
    """Keep rows with their duplicate keys and one ledger entry committing to each; returns the entry's number.

    The caller's transaction makes it durable. A row's commitment is a hash over its sealed bytes, which are
    random to anyone once its key and bytes are gone: erasing a row leaves a commitment that points nowhere.
    """
    if not rows:
        return None
    values: list[object] = []
    days: dict[tuple[int, int], None] = {}
    digests: list[str] = []
    for row in rows:
        clear, sealed, day = _clear(row.clear), _sealed(row.sealed or [("", os.urandom(16))]), day_of(row.at)
        values += (row.event, row.ref, row.row_class, day, row.at, row.key, clear, sealed)
        if row.ref:
            digests.append(commitment(row.event, row.ref, row.row_class, clear, sealed).hex())
            days[(row.ref, day)] = None
    _insert(conn, "INSERT INTO journal (event, ref, class, day, at, key, clear, sealed) VALUES ", "(?,?,?,?,?,?,?,?)", values)
    _insert(conn, "INSERT INTO held (ref, day) VALUES ", "(?,?)", [part for pair in days for part in pair], " ON CONFLICT DO NOTHING")
    body: dict[str, object] = {"count": len(rows), "anonymous": len(rows) - len(digests), "policy": grant.plan.policy.version}
    body["events"] = digests
    return log.append(conn, EntryKind.COLLECTED, body, instant(at))


_clear = msgspec.json.Encoder(order="sorted").encode  # so that a row of the lake has the same bytes again
_sealed = msgspec.msgpack.Encoder().encode
_MANY_ROWS = (256, 64, 16, 4, 1)  # few sizes, so that the driver keeps their compiled statements


def _insert(conn: Connection, head: str, row: str, values: list[object], tail: str = "") -> None:
    """Insert rows given as one flat list, many a statement.

    Between statements the driver gives other threads their turn and must wait for its own: few statements, little waiting.
    """
    width = row.count("?")
    at, left = 0, len(values) // width
    cursor = conn.connection.cursor()  # the driver's own: the hot path needs nothing of what lies between
    for size in _MANY_ROWS:
        while left >= size:
            cursor.execute(head + ",".join([row] * size) + tail, values[at : at + size * width])
            at, left = at + size * width, left - size
    cursor.close()


def commitment(event: int, ref: int, row_class: int, clear: bytes, sealed: bytes) -> bytes:
    """The 16 bytes by which the ledger knows a row."""
    head = b"%d|%d|%d|%d|" % (event, ref, row_class, len(clear))
    return hashlib.sha256(head + clear + sealed).digest()[:16]


def count_refused(conn: Connection, refusals: Mapping[tuple[str, str], int], at: int) -> None:
    """Count refusals by (event, reason) and minute: all that is left of what was refused."""
    minute = at // 60_000_000
    rows = [(minute, event, reason, count) for (event, reason), count in refusals.items()]
    if rows:
        conn.exec_driver_sql(
            "INSERT INTO refused (minute, event, reason, count) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (minute, event, reason) DO UPDATE SET count = count + excluded.count",
            rows,
        )


def refusals_since(conn: Connection, since: int) -> Counter[tuple[str, str]]:
    """Refusals by (event, reason) since an instant in microseconds, to the minute."""
    rows = conn.exec_driver_sql("SELECT event, reason, sum(count) FROM refused WHERE minute >= ? GROUP BY 1, 2", (since // 60_000_000,))
    return Counter({(event, reason): count for event, reason, count in rows})
