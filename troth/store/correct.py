"""What did a person put right? Corrected values, sealed, that take the place of older ones wherever data is opened.

The rows themselves stay as they were committed to in the ledger; no function of the store opens the old value again.
Source: GDPR Art. 5(1)(d), 16
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, Table, Text

from troth.base.clock import now_micros
from troth.base.database import metadata
from troth.gate.grant import Grant
from troth.ledger.entry import commitment
from troth.subjects.keys import KeyMissing, KeyRing

correction = Table(
    "correction",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("item", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Corrected:
    """The value that counts for whatever was collected up to `at` (microseconds)."""

    value: str
    at: int


def correct(conn: Connection, grant: Grant, keys: KeyRing, refs: Iterable[int], item: str, value: str) -> None:
    """Let `value` stand for an item of a person from now on; needs the grant of the person's own right."""
    wanted = set(refs)
    if grant.rule is not None or grant.reference not in wanted or item not in grant.items:
        raise PermissionError("a correction needs the grant of the subject's own right")
    keep, at = grant.plan.policy.items[item].keep, now_micros()
    keys.ensure({(ref, keep) for ref in wanted})
    for ref in wanted:
        sealed = keys.seal(ref, keep, _bound(item), msgspec.msgpack.encode(value))
        conn.exec_driver_sql(
            "INSERT INTO correction (ref, item, sealed, at, entry) VALUES (?, ?, ?, ?, ?) ON CONFLICT (ref, item) DO UPDATE "
            "SET sealed = excluded.sealed, at = excluded.at, entry = excluded.entry",
            (ref, item, sealed, at, grant.entry),
        )


def commitment_to(values: Iterable[str]) -> str:
    """A fact about the values that were replaced which says nothing of them: nobody holds its salt."""
    return commitment(os.urandom(16), "\x00".join(sorted(values)).encode("utf-8", "replace")).hex()


def corrections(conn: Connection, keys: KeyRing, grant: Grant, refs: Iterable[int]) -> Mapping[tuple[int, str], Corrected]:
    """The corrections that stand for these references, by reference and item."""
    found: dict[tuple[int, str], Corrected] = {}
    wanted = sorted(set(refs))
    for first in range(0, len(wanted), 500):
        part = tuple(wanted[first : first + 500])
        rows = conn.exec_driver_sql(f"SELECT ref, item, sealed, at FROM correction WHERE ref IN ({','.join('?' * len(part))})", part)
        for ref, item, sealed, at in rows:
            value = _opened(keys, grant, ref, item, sealed)
            if value is not None:
                found[(ref, item)] = Corrected(msgspec.msgpack.decode(value), at)
    return found


def _opened(keys: KeyRing, grant: Grant, ref: int, item: str, sealed: bytes) -> bytes | None:
    """What was sealed under the item's retention rule of that day; the policy may name another by now, or no longer have the item."""
    declared = grant.plan.policy.items.get(item)
    others = (keep for keep, _ in keys.wrapped(ref))
    for keep in chain([declared.keep] if declared is not None else [], others):
        try:
            return keys.open(ref, keep, _bound(item), sealed)
        except KeyMissing:
            continue
    return None


def put_right(items: dict[str, Any], ref: int, at: int, standing: Mapping[tuple[int, str], Corrected]) -> None:
    """Replace what was corrected in the opened items of one row."""
    if not standing:
        return
    for item in items:
        new = standing.get((ref, item))
        if new is not None and at <= new.at:
            items[item] = new.value


def _bound(item: str) -> int:
    return int.from_bytes(hashlib.sha256(item.encode()).digest()[:7])
