"""Who vouches for the ledger as it stood? Signed checkpoints, and the key that signs them.

It does not decide whether a checkpoint is true: the log compares its root with the entries.
Source: C2SP tlog-checkpoint (on signed-note), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Row, Table, Text

from troth.base.clock import micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.ledger.durable import create_private
from troth.ledger.note import NoteInvalid, check_name, parse_note, sign_text, strict_base64, verify_text
from troth.ledger.tree import HASH_SIZE

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)

ledger_checkpoint = Table(
    "ledger_checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The ledger at one size: its origin (the log's name), number of entries and root hash."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed, ending in a newline."""
        check_name(self.origin)
        if self.size < 0 or len(self.root) != HASH_SIZE:
            raise NoteInvalid("a checkpoint needs a size and a root of 32 bytes")
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class UnverifiedCheckpoint:
    """A row of `ledger_checkpoint`, as stored. Nothing in it may be believed yet."""

    size: int
    root: bytes
    note: str
    at: int


def sign(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The checkpoint as a signed note; the key's name is the origin."""
    return sign_text(checkpoint.text(), checkpoint.origin, key)


def parse_unverified(note: str) -> Checkpoint:
    """What a checkpoint's note says, its signature not looked at. Raises `NoteInvalid` on a bad form."""
    return _parse_text(parse_note(note).text)


def verify(note: str, public: Ed25519PublicKey, origin: str) -> Checkpoint:
    """The checkpoint in a note that `public` signed for the log named `origin`. Raises `NoteInvalid`."""
    checkpoint = _parse_text(verify_text(note, public, origin))
    if checkpoint.origin != origin:
        raise NoteInvalid("a checkpoint is of another log")
    return checkpoint


def keep(conn: Connection, checkpoint: Checkpoint, note: str, at: datetime) -> None:
    """Store a signed checkpoint beside the ledger, in the caller's transaction."""
    row = {"size": checkpoint.size, "root": checkpoint.root, "note": note, "at": micros(at)}
    conn.execute(ledger_checkpoint.insert().values(row))


def latest_unverified(conn: Connection) -> UnverifiedCheckpoint | None:
    """The newest stored checkpoint, as stored."""
    row = conn.execute(ledger_checkpoint.select().order_by(ledger_checkpoint.c.size.desc()).limit(1)).first()
    return None if row is None else _from_row(row)


def all_unverified(conn: Connection) -> Iterator[UnverifiedCheckpoint]:
    """Every stored checkpoint, smallest first, as stored."""
    yield from map(_from_row, conn.execute(ledger_checkpoint.select().order_by(ledger_checkpoint.c.size)))


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """The signing key in this file, made at first use; readable by its owner only.

    Raises `Fault` when others may read it, or when it is not such a key.
    """
    if not path.exists():
        _create_key(path)
    if path.stat().st_mode & 0o077:
        raise Fault("ledger-key-exposed", "others may read the ledger's signing key", help="run `chmod 600` on the key file", status=503)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise Fault("ledger-key-unreadable", "the ledger's signing key cannot be read", status=503)
    return key


def _create_key(path: Path) -> None:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    create_private(path, pem)  # another process may have been first: then its key is the key


def _from_row(row: Row[tuple[int, bytes, str, int]]) -> UnverifiedCheckpoint:
    return UnverifiedCheckpoint(row.size, bytes(row.root), row.note, row.at)


def _parse_text(text: str) -> Checkpoint:
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or "" in lines or not _NUMBER.fullmatch(lines[1]):
        raise NoteInvalid("a checkpoint is an origin, a size and a root, one a line")
    root = strict_base64(lines[2])
    if len(root) != HASH_SIZE:
        raise NoteInvalid("the root of a checkpoint is not 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)
