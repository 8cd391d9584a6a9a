"""Which reference is this identifier? It never stores the identifier, only its keyed hash.

A reference is a random positive 64-bit integer. Identifiers of an erased subject stay as hashes in
`erased_identifier`, used only to refuse what is sent again.
Source: GDPR Art. 4(5), 11
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text

from troth.base.clock import now_micros
from troth.base.database import metadata
from troth.base.ids import new_reference
from troth.subjects.keys import KeyRing

_REFERENCE = re.compile(r"[0-9]{1,19}", re.ASCII)


class IdentifierKind(StrEnum):
    ANONYMOUS = "anonymous"  # the visitor cookie
    ACCOUNT = "account"  # the site's own id of a signed-in person
    EMAIL = "email"
    PHONE = "phone"


subject = Table(
    "subject",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", Integer, nullable=False),
    Column("population", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("restricted", Integer, nullable=False, default=0),
    Column("canary", Integer, nullable=False, default=0),
    Column("created_at", BigInteger, nullable=False),
)
# Few of many, and every view asks who they are.
Index("subject_restricted", subject.c.ref, sqlite_where=subject.c.restricted == 1)
Index("subject_canary", subject.c.ref, sqlite_where=subject.c.canary == 1)
identifier = Table(
    "identifier",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("verified", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
)
Index("identifier_ref", identifier.c.ref)
erased_subject = Table(
    "erased_subject",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("erased_at", BigInteger, nullable=False),
    Column("swept", Integer, nullable=False, default=0),  # 1: no row of theirs is left in any file
)
Index("erased_unswept", erased_subject.c.swept)
erased_identifier = Table(
    "erased_identifier",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("erased_at", BigInteger, nullable=False),
)

# What a ground of law keeps of an erased subject: sealed, alone, seen by no purpose.
kept = Table(
    "kept",
    metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("keep", Text, primary_key=True),
    Column("ground", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class NewSubject:
    """What a subject starts as."""

    population: str
    regime: str
    canary: bool = False


def normalise(kind: IdentifierKind, value: str) -> str:
    """One spelling per identifier: e-mail lower-cased, telephone as digits with its plus."""
    match kind:
        case IdentifierKind.EMAIL:
            return value.strip().lower()
        case IdentifierKind.PHONE:
            return re.sub(r"[^0-9+]", "", value)
        case IdentifierKind.ANONYMOUS | IdentifierKind.ACCOUNT:
            return value


def hash_of(keys: KeyRing, kind: IdentifierKind, value: str) -> bytes:
    """The keyed hash an identifier is filed under."""
    return keys.hash_identifier(kind, normalise(kind, value))


def read_reference(text: object) -> int | None:
    """A reference as people and programs write it; None for what can be none."""
    written = str(text) if isinstance(text, (str, int)) and not isinstance(text, bool) else ""
    return int(written) if _REFERENCE.fullmatch(written) and int(written) < 2**63 else None


def as_known(conn: Connection, refs: Iterable[int]) -> list[dict[str, Any]]:
    """What finds each subject again and what it started as, in keyed hashes and words of the policy; whoever is not there is left out."""
    found = []
    for ref in refs:
        row = conn.exec_driver_sql("SELECT population, regime, canary FROM subject WHERE ref = ?", (ref,)).first()
        if row is not None:
            names = conn.exec_driver_sql("SELECT hash, kind FROM identifier WHERE ref = ?", (ref,))
            found_by = {hashed.hex(): kind for hashed, kind in names}
            found.append({"ref": ref, "population": row[0], "regime": row[1], "canary": row[2], "found_by": found_by})
    return found


def bring_back(conn: Connection, one: Mapping[str, Any]) -> None:
    """A subject that a restored copy does not know, as `as_known` told of it; whoever was erased stays away."""
    ref: int = one["ref"]
    if conn.exec_driver_sql("SELECT 1 FROM erased_subject WHERE ref = ?", (ref,)).first() is not None:
        return
    conn.exec_driver_sql(
        "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, ?, ?, 0, ?, ?) ON CONFLICT DO NOTHING",
        (ref, one["population"], one["regime"], int(bool(one["canary"])), now_micros()),
    )
    for hashed, kind in one["found_by"].items():
        attach(conn, ref, bytes.fromhex(hashed), IdentifierKind(kind), False)


def find(conn: Connection, hashed: bytes) -> int | None:
    """The reference filed under a hashed identifier, if any."""
    found = conn.exec_driver_sql("SELECT ref FROM identifier WHERE hash = ?", (hashed,)).first()
    return found[0] if found else None


def create(conn: Connection, hashed: bytes | None, kind: IdentifierKind, new: NewSubject, verified: bool = False) -> int:
    """A new subject, filed under `hashed` when given; returns its reference."""
    ref, at = new_reference(), now_micros()
    conn.exec_driver_sql(
        "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, ?, ?, 0, ?, ?)",
        (ref, new.population, new.regime, int(new.canary), at),
    )
    if hashed is not None:
        attach(conn, ref, hashed, kind, verified)
    return ref


def attach(conn: Connection, ref: int, hashed: bytes, kind: IdentifierKind, verified: bool) -> None:
    """File another identifier under a reference; one already filed elsewhere stays where it is."""
    conn.exec_driver_sql(
        "INSERT INTO identifier (hash, kind, ref, verified, since) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (hash) DO UPDATE SET verified = max(verified, excluded.verified) WHERE ref = excluded.ref",
        (hashed, kind, ref, int(verified), now_micros()),
    )


def is_verified(conn: Connection, hashed: bytes) -> bool:
    """Whether the holder of an identifier has shown that it is theirs, and did not merely name it."""
    return conn.exec_driver_sql("SELECT 1 FROM identifier WHERE hash = ? AND verified = 1", (hashed,)).first() is not None


def has_more_names(conn: Connection, ref: int) -> bool:
    """Whether a reference would still be found if it lost one of its identifiers."""
    return bool(conn.exec_driver_sql("SELECT count(*) > 1 FROM identifier WHERE ref = ?", (ref,)).scalar_one())


def claim(conn: Connection, ref: int, hashed: bytes) -> None:
    """File an identifier under whoever has shown that it is theirs, though another reference had named it before."""
    before = find(conn, hashed)
    moved = conn.exec_driver_sql("UPDATE identifier SET ref = ?, verified = 1 WHERE hash = ? AND verified = 0", (ref, hashed))
    if moved.rowcount and before is not None:
        move_epoch(conn, before)


def erased_at(conn: Connection, hashed: bytes) -> int | None:
    """When the subject once filed under this identifier was erased, in microseconds; None if never."""
    found = conn.exec_driver_sql("SELECT erased_at FROM erased_identifier WHERE hash = ?", (hashed,)).first()
    return found[0] if found else None


def move_epoch(conn: Connection, *refs: int) -> None:
    """Tell every process that what it remembers of these subjects is old."""
    for ref in refs:
        conn.exec_driver_sql("UPDATE subject SET epoch = epoch + 1 WHERE ref = ?", (ref,))
