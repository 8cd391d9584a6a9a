"""What exactly is held about one person? Opens sealed items, for a grant that names that person.

Dangerous on purpose: its functions have loud names and every grant they take has its own ledger entry.
Source: GDPR Art. 15, 20
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
import pyarrow.parquet as pq
from sqlalchemy import Connection

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.gate.grant import Grant
from troth.policy.model import Kind
from troth.store.correct import corrections, put_right
from troth.store.journal import Classes
from troth.store.lake import FIXED, Lake
from troth.subjects.keys import KeyMissing, KeyRing

_FIXED_NAMES = frozenset(FIXED.names)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """One stored row as it rests: `sealed` is (retention rule, bytes) pairs."""

    seq: int
    event: int
    ref: int
    row_class: int
    day: int
    at: int
    clear: dict[str, Any]
    sealed: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class RevealedEvent:
    """One event of one person, opened: `type` its event type, `items` what the grant may see of it."""

    event: int
    ref: int
    type: str
    at: int
    purposes: tuple[str, ...]
    items: dict[str, Any]
    seq: int = 0


def held_rows(conn: Connection, lake: Lake, refs: Iterable[int]) -> list[HeldRow]:
    """Every stored row of these references, in time order, still sealed. Reads only the days that hold them."""
    wanted = sorted(set(refs))
    rows: list[HeldRow] = []
    for ref in wanted:
        tail = conn.exec_driver_sql("SELECT seq, event, ref, class, day, at, clear, sealed FROM journal WHERE ref = ?", (ref,))
        rows += [HeldRow(r[0], r[1], r[2], r[3], r[4], r[5], msgspec.json.decode(r[6]), _parts(r[7])) for r in tail]
    days = {row[0] for ref in wanted for row in conn.exec_driver_sql("SELECT day FROM held WHERE ref = ?", (ref,))}
    files = lake.files(conn, sorted(days))
    with lake.reading(files) as paths:
        for path in paths:
            try:
                table = pq.read_table(path, filters=[("ref", "in", wanted)])
            except FileNotFoundError:  # an erasure took it away after the list was read
                raise Fault("view-unsettled", "what is held changed while this was read; ask again", status=503) from None
            rows += [_from_lake(row) for row in table.to_pylist()]
    return sorted(rows, key=lambda row: (row.at, row.seq))


def _from_lake(row: dict[str, Any]) -> HeldRow:
    clear = {name: value for name, value in row.items() if name not in _FIXED_NAMES and value is not None}
    return HeldRow(row["seq"], row["event"], row["ref"], row["class"], row["day"], row["at"], clear, _parts(row["sealed"]))


def _parts(sealed: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple((keep, blob) for keep, blob in msgspec.msgpack.decode(sealed) if keep)


def reveal_events(
    grant: Grant, conn: Connection, lake: Lake, keys: KeyRing, classes: Classes, refs: frozenset[int]
) -> Iterator[RevealedEvent]:
    """The events of one person with their sealed items opened, as far as the grant goes.

    `refs` are the references of the person the grant names. A grant for a purpose sees that purpose's items of
    rows collected for it; a grant for the person's own right sees all; a grant to publish, or to reveal for many,
    may be about anyone the view showed. Items whose key is gone are absent.
    """
    published = grant.rule is not None and grant.rule.purpose.kind is Kind.PUBLICATION
    if grant.reference not in refs and not published and not grant.reveals:
        raise PermissionError("this grant is about another subject")
    own_right = grant.rule is None and grant.reference in refs  # sees items of older policies too
    known, corrected = classes.all(conn), corrections(conn, keys, grant, refs)
    for row in held_rows(conn, lake, refs):
        kind = known[row.row_class]
        allowed = grant.items
        if grant.rule is not None:
            purpose, version = grant.rule.purpose, kind.policy_version
            if not grant.plan.serves(kind, purpose) or _too_old(grant, row.at, grant.plan.then.keep_for(version, purpose)):
                continue
            allowed = grant.items & grant.plan.shows(kind, purpose)
            allowed = frozenset(item for item in allowed if not _too_old(grant, row.at, grant.plan.then.item_keeps(version, item)))
        items = dict(row.clear)
        for keep, blob in row.sealed:
            try:
                items |= msgspec.msgpack.decode(keys.open(row.ref, keep, row.event, blob))
            except KeyMissing:
                continue
        put_right(items, row.ref, row.at, corrected)
        seen = {item: value for item, value in items.items() if own_right or item in allowed}
        yield RevealedEvent(row.event, row.ref, kind.event, row.at, tuple(p for p, _ in kind.permitted), seen, row.seq)


def _too_old(grant: Grant, at: int, keep_for: timedelta | None) -> bool:
    return keep_for is not None and at < micros(grant.at - keep_for)
