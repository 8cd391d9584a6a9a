"""What do the ledger's tests stand on? A fresh database, a signing key, and a ledger with checkpoints."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from troth.base.database import Database, metadata
from troth.ledger.entry import EntryKind
from troth.ledger.log import Log

START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(tmp_path / "state.db", metadata)
    yield opened
    opened.close()


@pytest.fixture
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture
def fill(database: Database) -> Callable[[int], None]:
    """Append that many entries, all different, in one transaction."""

    def append(count: int) -> None:
        with database.write() as conn:
            first = Log().size(conn)
            for number in range(first, first + count):
                Log().append(conn, EntryKind.COLLECTED, {"first_seq": number}, START + timedelta(seconds=number))

    return append


@pytest.fixture
def together() -> Callable[[str, Path], None]:
    """Run a script in two processes at once, with a path and the names `a` and `b` as its arguments."""

    def run(script: str, path: Path) -> None:
        script = f"import sys\n{script}"
        commands = [[sys.executable, "-c", script, str(path), name] for name in ("a", "b")]
        others = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for command in commands]
        for other in others:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
        for other in others:
            assert other.stdin is not None
            other.stdin.write("go\n")
            other.stdin.flush()
        for other in others:
            other.communicate(timeout=60)
            assert other.returncode == 0

    return run
