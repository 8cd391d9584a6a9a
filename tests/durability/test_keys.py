"""Can a key be lost that something is sealed under? Turns generations at the worst moments, and dies while making a key file."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from troth.base.database import Database, key_metadata
from troth.subjects import keys
from troth.subjects.keys import KeyRing

EDDA, DOV = 11, 12


def ring(folder: Path) -> KeyRing:
    return KeyRing("infinity", Database(folder / "keys.db", key_metadata), folder / "secrets")


def test_a_key_made_while_the_generation_turns_is_still_there_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, other = ring(tmp_path), ring(tmp_path)
    here.ensure([(DOV, "visits")])
    drawn = keys.secrets.token_bytes

    turning = threading.Thread(target=other.turn_generation)

    def turned_meanwhile(size: int) -> bytes:
        monkeypatch.setattr(keys.secrets, "token_bytes", drawn)
        turning.start()  # another process's erasure, just before this key is written
        turning.join(timeout=1)  # it may have to wait for this one: then it has not turned
        return drawn(size)

    monkeypatch.setattr(keys.secrets, "token_bytes", turned_meanwhile)
    here.ensure([(EDDA, "visits")])
    sealed = here.seal(EDDA, "visits", 1, b"kept")
    turning.join(timeout=30)
    assert ring(tmp_path).open(EDDA, "visits", 1, sealed) == b"kept"


def test_a_reader_that_met_the_turning_of_a_generation_looks_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, other = ring(tmp_path), ring(tmp_path)
    here.ensure([(EDDA, "visits")])
    sealed = here.seal(EDDA, "visits", 1, b"kept")
    fresh = ring(tmp_path)
    unwrap = KeyRing._unwrap

    def turned_meanwhile(self: KeyRing, ref: int, keep: str, generation: int, wrapped: bytes) -> bytes:
        monkeypatch.setattr(KeyRing, "_unwrap", unwrap)
        other.turn_generation()
        return unwrap(self, ref, keep, generation, wrapped)

    monkeypatch.setattr(KeyRing, "_unwrap", turned_meanwhile)
    assert fresh.open(EDDA, "visits", 1, sealed) == b"kept"


def test_a_key_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr("os.fsync", no_room)
        with pytest.raises(OSError):
            keys.load_or_create(tmp_path / "generation-1.key")
    assert list(tmp_path.iterdir()) == []
    assert len(keys.load_or_create(tmp_path / "generation-1.key")) == 32
