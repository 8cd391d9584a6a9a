"""What must a restored backup be told? A file, kept apart from data and backups, that only grows.

It holds erasures, withdrawals, removals and their like, as references and keyed hashes, never personal data; what somebody
put right as it rests in the database, sealed under a key of theirs that goes at their erasure. Each line
carries the hash of the line before and its own. The tape alone cannot show that its end was cut off: whoever
restores compares it with the newest known checkpoint. Append before the effect commits: a line without its
effect is replayed harmlessly, an effect without its line would be forgotten.
Source: fsync(2), flock(2).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any

from troth.base.clock import instant, micros
from troth.base.errors import Fault
from troth.ledger.durable import sync_folder
from troth.ledger.entry import Body, canonical_json, check_body

VERSION = 1
_START = "0" * 64
_BLOCK = 1 << 14


class TapeKind(StrEnum):
    """What a restored backup must not forget. A closed list."""

    ERASURE = "erasure"
    WITHDRAWAL = "withdrawal"
    OBJECTION = "objection"
    OPT_OUT = "opt-out"
    RESTRICTION = "restriction"  # its lifting is not on the tape: a restored copy is the stricter one
    CORRECTION = "correction"
    REMOVAL = "removal"  # of one event, by whoever looked at it
    CHECKPOINT = "checkpoint"


_KNOWN = frozenset((VERSION, kind.value) for kind in TapeKind)


@dataclass(frozen=True, slots=True)
class TapeRecord:
    """One line of the tape; `body` holds references, purposes, and as hex keyed hashes and sealed values."""

    kind: TapeKind
    at: datetime
    body: Body


class TapeBroken(Fault):
    """A line of the tape was changed, lost or put in another place."""

    def __init__(self, message: str) -> None:
        super().__init__("tape-broken", message, help="bring the tape back from its own copy", status=503)


class Tape:
    """The tape at one path. Threads and processes may append to it at the same time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, kind: TapeKind, body: Body, at: datetime) -> None:
        """Add one record; on return it is on the disk. Raises `Fault` and adds nothing when it cannot be."""
        self.extend([TapeRecord(kind, at, body)])

    def extend(self, records: Iterable[TapeRecord]) -> None:
        """Add several records with one wait for the disk; none of them when it raises."""
        found = list(records)
        for record in found:
            check_body(record.body)
        with self._open(os.O_RDWR | os.O_CREAT | os.O_APPEND, fcntl.LOCK_EX) as handle:
            end, previous = _last(handle)
            os.ftruncate(handle, end)  # a crash may have left a torn line: nobody was told it was kept
            lines = []
            for record in found:
                line, previous = _line(record, previous)
                lines.append(line)
            _write(handle, b"".join(lines), end)
            if end == 0:
                sync_folder(self.path.parent)

    def read(self) -> list[TapeRecord]:
        """Every record, in order. A torn last line is passed over; anything else amiss raises `TapeBroken`."""
        if not self.path.exists():
            return []
        with self._open(os.O_RDONLY, fcntl.LOCK_SH) as handle, os.fdopen(os.dup(handle), "rb") as file:
            return list(_records(file))

    @contextmanager
    def _open(self, flags: int, lock: int) -> Iterator[int]:
        try:
            handle = os.open(self.path, flags, 0o600)
        except OSError:
            advice = "check that its folder exists and who owns it"
            raise Fault("tape-unusable", "the tape cannot be opened", help=advice, status=503) from None
        try:
            fcntl.flock(handle, lock)
            yield handle
        finally:
            os.close(handle)


class TapeTooNew(Fault):
    """A whole line that this version does not know: what it demands must not be guessed at, nor anything be written after it."""

    def __init__(self, where: str) -> None:
        help = "use the version of Troth that wrote it, or a later one"
        super().__init__("tape-not-understood", f"{where} of the tape is of a kind that this Troth does not know", help=help, status=503)


def _records(lines: Iterable[bytes]) -> Iterator[TapeRecord]:
    previous = _START
    for number, line in enumerate(lines, 1):
        if not line.endswith(b"\n"):
            return
        record, before, own = _parse(line, f"line {number}")
        if before != previous:
            raise TapeBroken(f"line {number} of the tape does not follow the line before it")
        previous = own
        yield record


def _line(record: TapeRecord, previous: str) -> tuple[bytes, str]:
    fields = {"v": VERSION, "prev": previous, "kind": record.kind.value, "at": micros(record.at), "body": record.body}
    own = sha256(canonical_json(fields)).hexdigest()
    return canonical_json(fields | {"hash": own}) + b"\n", own


def _parse(line: bytes, where: str) -> tuple[TapeRecord, str, str]:
    """Record, hash of the line before, own hash; the line must be exactly what we would write."""
    try:
        found = json.loads(line)
        if (found["v"], found["kind"]) not in _KNOWN and _is_whole(found, line):
            raise TapeTooNew(where)
        record = TapeRecord(TapeKind(found["kind"]), instant(found["at"]), dict(found["body"]))
        before = found["prev"]
        written, own = _line(record, before)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise TapeBroken(f"{where} of the tape cannot be read") from None
    if written != line:
        raise TapeBroken(f"{where} of the tape was changed")
    return record, before, own


def _is_whole(found: dict[str, Any], line: bytes) -> bool:
    """Whether a line has its own hash right, whatever it says."""
    fields = {name: value for name, value in found.items() if name != "hash"}
    own = sha256(canonical_json(fields)).hexdigest()
    return canonical_json(fields | {"hash": own}) + b"\n" == line


def _last(handle: int) -> tuple[int, str]:
    """Where the last whole line ends, and its hash."""
    end = _newline_before(handle, os.fstat(handle).st_size)
    if end == 0:
        return 0, _START
    start = _newline_before(handle, end - 1)
    line = os.pread(handle, end - start, start)
    return end, _parse(line, "the last line")[2]


def _newline_before(handle: int, end: int) -> int:
    """The offset just after the last newline before `end`, or 0."""
    while end > 0:
        start = max(0, end - _BLOCK)
        found = os.pread(handle, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write(handle: int, data: bytes, end: int) -> None:
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        os.fsync(handle)
    except OSError:
        os.ftruncate(handle, end)
        raise Fault("tape-unwritable", "the tape cannot be written", help="check the room on its disk", status=503) from None
