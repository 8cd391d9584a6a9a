"""Does the tape survive a crash, and does it notice what was done to it?"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.ledger.entry import canonical_json
from troth.ledger.tape import Tape, TapeBroken, TapeKind, TapeRecord

AT = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
BODY = {"subject": 4611686018427387904, "keyed": "ab" * 32, "purposes": ["statistics"]}
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)


@pytest.fixture
def tape(tmp_path: Path) -> Tape:
    found = Tape(tmp_path / "tape.jsonl")
    for number in range(5):
        found.append(TapeKind.WITHDRAWAL, BODY | {"n": number}, AT)
    return found


def test_records_come_back_in_order_and_the_file_is_private(tape: Tape) -> None:
    assert tape.read() == [TapeRecord(TapeKind.WITHDRAWAL, AT, BODY | {"n": number}) for number in range(5)]
    assert tape.path.stat().st_mode & 0o777 == 0o600


def test_a_tape_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert Tape(tmp_path / "tape.jsonl").read() == []


def test_several_records_can_share_one_wait_for_the_disk(tape: Tape) -> None:
    tape.extend([TapeRecord(TapeKind.ERASURE, AT, {"n": 5}), TapeRecord(TapeKind.REMOVAL, AT, {"n": 6})])
    assert [record.body["n"] for record in tape.read()] == list(range(7))


@pytest.mark.parametrize("other", [b'"kind":"withdrawal","prev"', b'"v":1}'])
def test_a_line_of_a_later_version_is_not_called_broken_and_nothing_is_written_after_it(tape: Tape, other: bytes) -> None:
    later = other.replace(b"withdrawal", b"hold").replace(b"1", b"2")
    fields = json.loads(tape.path.read_bytes().splitlines()[0].replace(other, later))
    del fields["hash"]
    own = sha256(canonical_json(fields)).hexdigest()
    tape.path.write_bytes(canonical_json(fields | {"hash": own}) + b"\n")
    for act in (tape.read, lambda: tape.append(TapeKind.ERASURE, {"n": 1}, AT)):
        with pytest.raises(Fault) as refused:
            act()
        assert refused.value.code == "tape-not-understood"
    tape.path.write_bytes(canonical_json(fields | {"hash": "0" * 64}) + b"\n")
    with pytest.raises(TapeBroken):
        tape.read()


def test_a_line_torn_by_a_crash_is_passed_over_and_then_replaced(tape: Tape) -> None:
    whole = tape.path.read_bytes()
    last = whole[:-1].rfind(b"\n") + 1
    for cut in range(last, len(whole)):
        tape.path.write_bytes(whole[:cut])
        assert len(tape.read()) == 4
    tape.append(TapeKind.ERASURE, {"n": "after the crash"}, AT)
    assert [record.body["n"] for record in tape.read()] == [0, 1, 2, 3, "after the crash"]


@SHARED
@given(st.data())
def test_any_changed_byte_is_found(tape: Tape, data: st.DataObject) -> None:
    whole = tape.path.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 2))  # the last newline alone looks like a torn line
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    tape.path.write_bytes(changed)
    with pytest.raises(TapeBroken):
        tape.read()
    tape.path.write_bytes(whole)


AMISS = {"first lost": [1, 2, 3, 4], "one lost": [0, 2, 3, 4], "swapped": [0, 1, 3, 2, 4], "twice": [0, 1, 1, 2, 3, 4]}


@pytest.mark.parametrize("lines", AMISS.values(), ids=AMISS)
def test_a_lost_moved_or_repeated_line_is_found(tape: Tape, lines: list[int]) -> None:
    whole = tape.path.read_bytes().splitlines(keepends=True)
    tape.path.write_bytes(b"".join(whole[number] for number in lines))
    with pytest.raises(TapeBroken):
        tape.read()


def test_nothing_is_appended_after_a_last_line_that_was_changed(tape: Tape) -> None:
    changed = tape.path.read_bytes().replace(b'"n":4', b'"n":9')
    tape.path.write_bytes(changed)
    with pytest.raises(TapeBroken):
        tape.append(TapeKind.ERASURE, {"n": 5}, AT)
    assert tape.path.read_bytes() == changed


def test_lines_longer_than_a_block_are_chained(tape: Tape) -> None:
    for number in (5, 6):
        tape.append(TapeKind.REMOVAL, {"n": number, "references": [7] * 30_000}, AT)
    assert [record.body["n"] for record in tape.read()] == list(range(7))


def test_personal_data_is_refused_before_anything_is_written(tape: Tape) -> None:
    before = tape.path.read_bytes()
    with pytest.raises(Fault):
        tape.append(TapeKind.ERASURE, {"who": "ada@example.com"}, AT)
    assert tape.path.read_bytes() == before


def test_a_tape_that_cannot_be_opened_is_a_clear_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault) as refused:
        Tape(tmp_path / "missing" / "tape.jsonl").append(TapeKind.ERASURE, {"n": 1}, AT)
    assert refused.value.code == "tape-unusable"


IN_TURNS = """
from datetime import UTC, datetime
from pathlib import Path
from troth.ledger.tape import Tape, TapeKind
tape = Tape(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(40):
    tape.append(TapeKind.OPT_OUT, {"by": sys.argv[2], "n": number}, datetime(2026, 3, 4, tzinfo=UTC))
"""


def test_two_processes_append_to_one_chain(tmp_path: Path, together: Callable[[str, Path], None]) -> None:
    path = tmp_path / "tape.jsonl"
    together(IN_TURNS, path)
    records = Tape(path).read()
    for name in ("a", "b"):
        assert [record.body["n"] for record in records if record.body["by"] == name] == list(range(40))
