"""How is a backup read by nobody else, and believed only whole? A file in sealed chunks, under a passphrase.

First line: the format's name and version. Then a header as JSON on one line, which says what the file holds and how the
key is made, and its HMAC. Then chunks: a length and AES-256-GCM. Each chunk is bound to the header and to its place;
the last one says that it is the last, so that a file cut off between two chunks is not taken for a whole one.
Source: NIST SP 800-38D, RFC 7914 (scrypt), Hoang, Reyhanitabar, Rogaway and Vizár 2015 (STREAM)
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from troth.base.errors import Fault
from troth.ledger.durable import sync_folder

VERSION = 1
SHORTEST = 12  # characters of a passphrase
_NAME = b"troth-backup "
_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 20
_WORK = {"n": 1 << 17, "r": 8, "p": 1}
_TAG = 16


class Writer:
    """A sealed file being written. `finish` ends it; without that it is a cut-off file."""

    def __init__(self, file: BinaryIO, passphrase: bytes, header: Mapping[str, Any]) -> None:
        salt = os.urandom(16)
        line = json.dumps({**header, "scrypt": {**_WORK, "salt": salt.hex()}}, sort_keys=True).encode()
        first = _NAME + str(VERSION).encode() + b"\n" + line + b"\n"
        sealing, marking = _keys(passphrase, salt, _WORK)
        self._file, self._cipher, self._rest, self._number = file, AESGCM(sealing), bytearray(), 0
        self._bound = hashlib.sha256(first).digest()
        file.write(first + hmac.digest(marking, first, hashlib.sha256))

    def write(self, data: bytes) -> int:
        """Seal some more."""
        self._rest += data
        while len(self._rest) > _CHUNK:
            self._seal(bytes(self._rest[:_CHUNK]), last=False)
            del self._rest[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Seal what is left, and say that this is the end."""
        self._seal(bytes(self._rest), last=True)

    def _seal(self, data: bytes, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number, last), data, self._bound)
        self._file.write(struct.pack(">I", len(sealed)) + sealed)
        self._number += 1


class Reader:
    """A sealed file being read: nothing is given out that was not checked. Only `finish` shows that it is whole."""

    def __init__(self, file: BinaryIO, passphrase: bytes) -> None:
        first, self.header = _read_header(file)
        work = self.header["scrypt"]
        sealing, marking = _keys(passphrase, bytes.fromhex(work["salt"]), work)
        if not hmac.compare_digest(file.read(32), hmac.digest(marking, first, hashlib.sha256)):
            raise Fault("backup-not-opened", "the passphrase does not open this backup, or its beginning was altered")
        self._file, self._cipher, self._rest, self._number, self._ended = file, AESGCM(sealing), bytearray(), 0, False
        self._bound = hashlib.sha256(first).digest()

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, fewer only at the end."""
        while len(self._rest) < size and not self._ended:
            self._rest += self._open()
        found = bytes(self._rest[:size])
        del self._rest[:size]
        return found

    def finish(self) -> None:
        """Read to the end. Raises `Fault` when the file is cut off, altered or goes on after its end."""
        while not self._ended:
            self._open()
        if self._file.read(1):
            raise _altered()

    def _open(self) -> bytes:
        length = self._file.read(4)
        sealed = self._file.read(struct.unpack(">I", length)[0]) if len(length) == 4 and _fits(length) else b""
        if len(length) == 4 and not _fits(length):
            raise _altered()
        if len(length) < 4 or len(sealed) < struct.unpack(">I", length)[0]:
            raise Fault("backup-cut-off", "the backup ends before its end", help="take another copy of it")
        for last in (False, True):
            try:
                data = self._cipher.decrypt(_nonce(self._number, last), sealed, self._bound)
            except InvalidTag:
                continue
            self._number, self._ended = self._number + 1, last
            return data
        raise _altered()


def read_passphrase(path: Path) -> bytes:
    """The passphrase in the first line of a file; raises `Fault` when there is none worth the name."""
    try:
        found = path.read_bytes().split(b"\n")[0].strip()
    except OSError:
        raise Fault("no-passphrase", "the file with the passphrase cannot be read") from None
    if len(found) < SHORTEST:
        raise Fault("short-passphrase", f"a passphrase is {SHORTEST} characters or more", help="openssl rand -base64 32 > FILE")
    return found


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A new file readable by its owner alone, under its name only once it is whole and on the disk. It replaces none."""
    draft = path.with_name(f"{path.name}.{os.urandom(6).hex()}.new")
    with room_for("the backup"):
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)
        except FileExistsError:
            raise Fault("backup-exists", "there is a file of this name already", help="name another with --to") from None
        finally:
            draft.unlink()
        sync_folder(path.parent)


@contextmanager
def room_for(what: str) -> Iterator[None]:
    """Turns what the disk says into a coded error."""
    try:
        yield
    except OSError as failure:
        if failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise Fault("disk-full", f"no room left to write {what}", help="free some space and start again", status=503) from None
        if failure.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR):
            raise Fault("not-writable", f"{what} cannot be written here", help="check that the folder exists and who owns it", status=503) from None
        raise


def _read_header(file: BinaryIO) -> tuple[bytes, dict[str, Any]]:
    name = file.readline(64)
    version = re.fullmatch(re.escape(_NAME) + rb"([1-9][0-9]{0,5})\n", name)
    if version is None:
        raise Fault("not-a-backup", "this file is not a backup that Troth made")
    if int(version[1]) > VERSION:
        raise Fault("backup-too-new", "this backup was made by a newer Troth", help="install that version or a later one")
    line = file.readline(_LONGEST_HEADER)
    try:
        header = dict(json.loads(line))
        work = header["scrypt"]
        known = {name: work[name] for name in _WORK} == _WORK and len(bytes.fromhex(work["salt"])) == 16
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known or not line.endswith(b"\n"):
        raise _altered()
    return name + line, header


def _keys(passphrase: bytes, salt: bytes, work: Mapping[str, Any]) -> tuple[bytes, bytes]:
    made = Scrypt(salt=salt, length=64, n=work["n"], r=work["r"], p=work["p"]).derive(passphrase)
    return made[:32], made[32:]


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])  # each file has a key of its own


def _fits(length: bytes) -> bool:
    return _TAG <= int.from_bytes(length, "big") <= _CHUNK + _TAG


def _altered() -> Fault:
    return Fault("backup-altered", "the backup was altered", help="take another copy of it")
