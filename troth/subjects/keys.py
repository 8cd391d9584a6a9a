"""Who can read a sealed item? Whoever holds its subject's key for its retention rule. It decides nothing.

One data key per (subject, retention rule). Data keys rest wrapped under a workspace key that has
generations, each a file outside the data folder; turning the generation and destroying the old file
is what makes deleted keys unrecoverable.
Source: NIST SP 800-38D (AES-GCM), NIST SP 800-57 part 1 (key wrapping, cryptoperiods), NIST SP 800-88 (cryptographic erase)
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table, Text

from troth.base.database import Database, key_metadata
from troth.base.errors import Fault
from troth.ledger.durable import create_private

DataKey = NewType("DataKey", bytes)

data_key = Table(
    "data_key",
    key_metadata,
    Column("ref", BigInteger, primary_key=True, autoincrement=False),
    Column("keep", Text, primary_key=True),
    Column("generation", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

_FORMAT = b"\x01"
_CACHE = 50_000


class KeyMissing(Exception):
    """The key was destroyed, or never made: what it sealed cannot be read by anyone."""


class KeyRing:
    """The data keys of one workspace, and the two long-lived secrets beside them."""

    def __init__(self, workspace: str, database: Database, secrets_folder: Path) -> None:
        self._workspace, self._database, self._folder = workspace, database, secrets_folder
        secrets_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._identify = load_or_create(secrets_folder / "identify-1.key")
        if not self._generations():
            load_or_create(self._path(1))
        self._wrappers: dict[int, AESGCM] = {}
        self._ciphers: OrderedDict[int, dict[str, AESGCM]] = OrderedDict()  # by subject, the longest known first

    # identifiers

    def hash_identifier(self, kind: str, value: str) -> bytes:
        """The keyed hash (16 bytes) by which an identifier is found; useless without the key file."""
        return hmac.digest(self._identify, f"{kind}\x00{value}".encode("utf-8", "surrogatepass"), hashlib.sha256)[:16]

    def hash_message(self, id: str) -> bytes:
        """The keyed hash (16 bytes) by which a message sent twice is known."""
        return hashlib.blake2b(id.encode("utf-8", "surrogatepass"), key=self._identify, digest_size=16, person=b"message").digest()

    # sealing

    def seal(self, ref: int, keep: str, event: int, payload: bytes) -> bytes:
        """Encrypt one event's payload under the subject's key for `keep`; the key must exist (`ensure`)."""
        nonce = os.urandom(12)
        return _FORMAT + nonce + self._cipher(ref, keep).encrypt(nonce, payload, self._bound_to(ref, keep, event))

    def open(self, ref: int, keep: str, event: int, sealed: bytes) -> bytes:
        """Decrypt what `seal` made; raise KeyMissing when its key is gone or it was bound to something else."""
        if sealed[:1] != _FORMAT:
            raise KeyMissing
        try:
            return self._cipher(ref, keep).decrypt(sealed[1:13], sealed[13:], self._bound_to(ref, keep, event))
        except InvalidTag:
            raise KeyMissing from None

    def _bound_to(self, ref: int, keep: str, event: int) -> bytes:
        return f"{self._workspace}|{ref}|{keep}|{event}|1".encode()

    # keys

    def ensure(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Make the data keys that do not exist yet; durable when it returns."""
        wanted = {(ref, keep) for ref, keep in pairs if keep not in self._ciphers.get(ref, ())}
        missing = wanted - self._load(wanted)
        if not missing:
            return
        with self._database.write() as conn:
            generation = self._generations()[-1]  # read in here: one that ends now would be destroyed with these keys under it
            rows = [(ref, keep, generation, self._wrap(ref, keep, generation, secrets.token_bytes(32))) for ref, keep in missing]
            conn.exec_driver_sql("INSERT INTO data_key (ref, keep, generation, wrapped) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
        self._load(missing)  # another process may have been first: what is stored counts

    def _load(self, pairs: set[tuple[int, str]]) -> set[tuple[int, str]]:
        if not pairs:
            return set()
        try:
            return self._read(pairs)
        except Fault:  # a generation ended between the row that names it and its file: the row has moved on
            return self._read(pairs)

    def _read(self, pairs: set[tuple[int, str]]) -> set[tuple[int, str]]:
        refs = list({ref for ref, _ in pairs})
        found: set[tuple[int, str]] = set()
        with self._database.read() as conn:
            for start in range(0, len(refs), 500):
                part = refs[start : start + 500]
                marks = ",".join("?" * len(part))
                rows = conn.exec_driver_sql(f"SELECT ref, keep, generation, wrapped FROM data_key WHERE ref IN ({marks})", tuple(part))
                for ref, keep, generation, wrapped in rows:
                    self._remember(ref, keep, self._unwrap(ref, keep, generation, wrapped))
                    found.add((ref, keep))
        return found & pairs

    def _cipher(self, ref: int, keep: str) -> AESGCM:
        ciphers = self._ciphers.get(ref)
        if ciphers is None or keep not in ciphers:
            self._load({(ref, keep)})
            ciphers = self._ciphers.get(ref, {})
        if keep not in ciphers:
            raise KeyMissing
        return ciphers[keep]

    def _remember(self, ref: int, keep: str, key: bytes) -> None:
        if ref not in self._ciphers and len(self._ciphers) >= _CACHE:
            self._ciphers.popitem(last=False)
        self._ciphers.setdefault(ref, {})[keep] = AESGCM(key)

    def forget(self, ref: int) -> None:
        """Drop a subject's keys from memory."""
        self._ciphers.pop(ref, None)

    def wrapped(self, ref: int) -> list[tuple[str, bytes]]:
        """The wrapped data keys of `ref` as they rest, by retention rule."""
        with self._database.read() as conn:
            return [(row[0], row[1]) for row in conn.exec_driver_sql("SELECT keep, wrapped FROM data_key WHERE ref = ?", (ref,))]

    def destroy(self, ref: int, except_keeps: frozenset[str]) -> None:
        """Delete the data keys of `ref` but those of `except_keeps`. Unrecoverable only after `turn_generation`."""
        self.forget(ref)
        with self._database.write() as conn:
            marks = ",".join("?" * len(except_keeps))
            conn.exec_driver_sql(f"DELETE FROM data_key WHERE ref = ? AND keep NOT IN ({marks})", (ref, *sorted(except_keeps)))

    def destroy_pairs(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Delete the data keys of each (reference, retention rule). Unrecoverable only after `turn_generation`."""
        gone = sorted(set(pairs))
        for ref, _ in gone:
            self.forget(ref)
        if gone:
            with self._database.write() as conn:
                conn.exec_driver_sql("DELETE FROM data_key WHERE ref = ? AND keep = ?", gone)

    def turn_generation(self) -> int:
        """Wrap every living key anew and destroy the old generations; returns the new generation's number.

        Safe to run again after a crash: keys not yet moved are still under a generation that exists.
        """
        new = self._generations()[-1] + 1
        load_or_create(self._path(new))
        with self._database.write() as conn:
            rows = conn.exec_driver_sql("SELECT ref, keep, generation, wrapped FROM data_key WHERE generation < ?", (new,)).all()
            moved = [(new, self._wrap(ref, keep, new, self._unwrap(ref, keep, old, wrapped)), ref, keep) for ref, keep, old, wrapped in rows]
            if moved:
                conn.exec_driver_sql("UPDATE data_key SET generation = ?, wrapped = ? WHERE ref = ? AND keep = ?", moved)
        self._database.truncate_log()
        for old in self._generations()[:-1]:
            _shred_file(self._path(old))
            self._wrappers.pop(old, None)
        return new

    # generations

    @property
    def generation(self) -> int:
        """The newest generation: what is wrapped from now on is wrapped under it."""
        return self._generations()[-1]

    def _generations(self) -> list[int]:
        return sorted(int(path.stem.split("-")[1]) for path in self._folder.glob("generation-*.key"))

    def _path(self, generation: int) -> Path:
        return self._folder / f"generation-{generation}.key"

    def _wrapper(self, generation: int) -> AESGCM:
        if generation not in self._wrappers:
            path = self._path(generation)
            if not path.exists():
                raise Fault("key-generation-missing", f"key generation {generation} is not in the secrets folder", status=503)
            self._wrappers[generation] = AESGCM(path.read_bytes())
        return self._wrappers[generation]

    def _wrap(self, ref: int, keep: str, generation: int, key: bytes) -> bytes:
        nonce = os.urandom(12)
        return nonce + self._wrapper(generation).encrypt(nonce, key, f"{self._workspace}|{ref}|{keep}|{generation}".encode())

    def _unwrap(self, ref: int, keep: str, generation: int, wrapped: bytes) -> bytes:
        return self._wrapper(generation).decrypt(wrapped[:12], wrapped[12:], f"{self._workspace}|{ref}|{keep}|{generation}".encode())


def load_or_create(path: Path, size: int = 32) -> bytes:
    """The secret in `path`, made on first use, readable by its owner alone."""
    if not path.exists():
        create_private(path, secrets.token_bytes(size))  # another process may have been first: then its secret is the secret
    found = path.read_bytes()
    if len(found) != size:
        raise Fault("secret-damaged", f"`{path.name}` is not {size} bytes long", status=503)
    return found


def _shred_file(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(secrets.token_bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
