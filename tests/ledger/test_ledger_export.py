"""Does the offline verifier pass a true export, and find everything else?"""

from __future__ import annotations

import ast
import json
import random
import re
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from troth.base.database import Database
from troth.base.errors import Fault
from troth.ledger import verifier
from troth.ledger.checkpoint import Checkpoint, parse_unverified, sign
from troth.ledger.entry import Entry, EntryKind
from troth.ledger.export import export, sign_manifest
from troth.ledger.log import Log
from troth.ledger.note import fingerprint, public_bytes, sign_text

LOG = Log()
ORIGIN = "ledger.test/infinity"
START = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
Fill = Callable[[int], None]
FLIPS = 1000


@pytest.fixture
def folder(database: Database, fill: Fill, key: Ed25519PrivateKey, tmp_path: Path) -> Path:
    """An export of 62 entries under four checkpoints and two names of the log."""
    for count, origin in ((7, ORIGIN), (9, ORIGIN), (1, ORIGIN), (43, f"{ORIGIN}/2")):
        fill(count)
        with database.write() as conn:
            LOG.checkpoint(conn, origin, key, START)
    with database.read() as conn:
        export(conn, tmp_path / "export", key, sample=10)
    return tmp_path / "export"


def holds(folder: Path, *more: str) -> bool:
    return verifier.main([str(folder), *more]) == 0


def test_a_true_export_holds_and_the_verifier_says_what_it_checked(
    folder: Path, key: Ed25519PrivateKey, capsys: pytest.CaptureFixture[str]
) -> None:
    assert holds(folder)
    told = capsys.readouterr().out
    assert fingerprint(public_bytes(key)) in told
    renamed = f"goes on as {ORIGIN}/2 from entry 61 on: it was restored with what {ORIGIN} had up to 18"
    for part in ("62 entries", renamed, "4 signed checkpoints", "3 consistency proofs", "10 inclusion proofs", "the ledger holds"):
        assert part in told


def test_the_key_can_be_pinned(folder: Path, key: Ed25519PrivateKey) -> None:
    assert holds(folder, "--key", fingerprint(public_bytes(key)))
    assert not holds(folder, "--key", "0" * 64)


def test_the_verifier_in_the_export_runs_alone_and_says_so_with_its_exit_code(folder: Path) -> None:
    shipped = folder / "verifier.py"
    assert shipped.read_bytes() == Path(verifier.__file__).read_bytes()
    alone = [sys.executable, "-I", str(shipped)]  # -I: nothing of this checkout can be imported
    good = subprocess.run(alone, capture_output=True, text=True, cwd="/", check=False)
    assert (good.returncode, good.stdout.splitlines()[-1]) == (0, "the ledger holds")
    path = folder / "entries.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"idx":3', b'"idx":4', 1))
    bad = subprocess.run(alone, capture_output=True, text=True, cwd="/", check=False)
    assert (bad.returncode, bad.stdout.splitlines()[-1]) == (1, "does not hold: entries.jsonl is not the file that was signed")


def test_the_verifier_needs_no_more_than_python_3_9_and_one_library() -> None:
    source = ast.parse(Path(verifier.__file__).read_text(), feature_version=(3, 9))
    modules = {one.module for one in ast.walk(source) if isinstance(one, ast.ImportFrom)}
    modules |= {name.name for one in ast.walk(source) if isinstance(one, ast.Import) for name in one.names}
    outside = {str(name).split(".")[0] for name in modules} - sys.stdlib_module_names
    assert outside == {"cryptography"}


def test_a_thousand_random_byte_flips_are_all_found(folder: Path) -> None:
    chance = random.Random(6962)
    files = sorted(folder.iterdir())
    sizes = [path.stat().st_size for path in files]
    touched = set()
    for number in range(FLIPS):
        # Half of them anywhere, by size; half of them in any file, so that small files are hit as well.
        path = chance.choices(files, sizes)[0] if number % 2 else chance.choice(files)
        whole = path.read_bytes()
        at, flip = chance.randrange(len(whole)), chance.randrange(1, 256)
        path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
        assert not holds(folder), f"byte {at} of {path.name}, flipped by {flip}, was not noticed"
        path.write_bytes(whole)
        touched.add(path.name)
    assert touched == {path.name for path in files}
    assert holds(folder)


@pytest.mark.parametrize("name", ["MANIFEST", "public_key.txt"])
def test_every_single_bit_of_what_is_not_hashed_elsewhere_counts(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :])
        assert not holds(folder), f"byte {at} of {name} was not noticed"
    for at in range(len(whole) - 4, len(whole)):  # the end of the last base64 value, whose spare bits must be zero
        for flip in range(1, 256):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ flip]) + whole[at + 1 :])
            assert not holds(folder), f"byte {at} of {name}, flipped by {flip}, was not noticed"
    for longer in (whole + b"\n", b"\n" + whole, whole + b" ", whole[:-1], whole.replace(b"\n", b"\r\n"), whole + whole, b""):
        path.write_bytes(longer)
        assert not holds(folder)


def test_no_signature_can_be_added_to_the_list_of_files(folder: Path) -> None:
    path = folder / "MANIFEST"
    added = sign_text("x\n", "witness.test/w1", Ed25519PrivateKey.generate()).rpartition("\n\n")[2]
    path.write_text(path.read_text() + added)
    assert not holds(folder)


def test_a_file_too_many_or_too_few_is_found(folder: Path) -> None:
    extra = folder / "more.txt"
    extra.write_text("hello")
    assert not holds(folder)
    extra.unlink()
    assert holds(folder)
    for name in [path.name for path in folder.iterdir()]:
        (folder / name).rename(folder.parent / name)
        assert not holds(folder)
        (folder / name).symlink_to(folder.parent / name)
        assert not holds(folder)
        (folder / name).unlink()
        (folder.parent / name).rename(folder / name)
    assert holds(folder)


def test_a_folder_that_is_no_export_does_not_hold(tmp_path: Path) -> None:
    assert not holds(tmp_path)
    assert not holds(tmp_path / "missing")


# Whoever holds the key can sign any list of files. What is in them must still agree with itself.

Lines = list[dict[str, Any]]


def change_an_entry(lines: Lines) -> None:
    entry = Entry.from_canonical(b64decode(lines[20]["data"]))
    lines[20]["data"] = b64encode(Entry(EntryKind.REVEALED, entry.at, entry.body).canonical()).decode()


def swap_two(lines: Lines) -> None:
    lines[1]["data"], lines[2]["data"] = lines[2]["data"], lines[1]["data"]


def swap_whole(lines: Lines) -> None:
    lines[1], lines[2] = lines[2], lines[1]


def lose_the_first(lines: Lines) -> None:
    del lines[0]


def lose_the_last(lines: Lines) -> None:
    lines.pop()


def lose_all(lines: Lines) -> None:
    lines.clear()


def repeat_one(lines: Lines) -> None:
    lines.insert(1, lines[1])


def misnumber_one(lines: Lines) -> None:
    lines[5]["idx"] = 6


def add_one(lines: Lines) -> None:
    lines.append(lines[-1] | {"idx": len(lines)})


def mislabel_a_size(lines: Lines) -> None:
    lines[0]["size"] += 1


def change_a_proof(lines: Lines) -> None:
    lines[1]["proof"][0] = b64encode(b"x" * 32).decode()


def shorten_a_proof(lines: Lines) -> None:
    lines[1]["proof"].pop()


def sign_with_another_key(lines: Lines) -> None:
    point = parse_unverified(lines[0]["note"])
    lines[0]["note"] = sign(point, Ed25519PrivateKey.generate())


def sign_another_root(lines: Lines) -> None:
    point = parse_unverified(lines[0]["note"])
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    lines[0]["note"] = sign(Checkpoint(point.origin, point.size, b"x" * 32), key)


def sign_an_unnamed_log(lines: Lines) -> None:
    point = parse_unverified(lines[0]["note"])
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    lines[0]["note"] = sign(Checkpoint(f"{ORIGIN}/2", point.size, point.root), key)


INSIDE = [
    ("entries.jsonl", change_an_entry),
    ("entries.jsonl", swap_two),
    ("entries.jsonl", swap_whole),
    ("entries.jsonl", lose_the_first),
    ("entries.jsonl", lose_the_last),
    ("entries.jsonl", lose_all),
    ("entries.jsonl", repeat_one),
    ("entries.jsonl", misnumber_one),
    ("entries.jsonl", add_one),
    ("checkpoints.jsonl", swap_whole),
    ("checkpoints.jsonl", lose_the_first),
    ("checkpoints.jsonl", lose_the_last),
    ("checkpoints.jsonl", repeat_one),
    ("checkpoints.jsonl", mislabel_a_size),
    ("checkpoints.jsonl", sign_with_another_key),
    ("checkpoints.jsonl", sign_another_root),
    ("checkpoints.jsonl", sign_an_unnamed_log),
    ("consistency.jsonl", change_a_proof),
    ("consistency.jsonl", shorten_a_proof),
    ("consistency.jsonl", lose_the_last),
    ("consistency.jsonl", swap_whole),
    ("inclusion.jsonl", change_a_proof),
    ("inclusion.jsonl", shorten_a_proof),
    ("inclusion.jsonl", lose_all),
]


@pytest.mark.parametrize(("name", "change"), INSIDE, ids=lambda one: one if isinstance(one, str) else one.__name__)
def test_what_the_signer_itself_changed_is_found(
    folder: Path, key: Ed25519PrivateKey, name: str, change: Callable[[Lines], None], capsys: pytest.CaptureFixture[str]
) -> None:
    lines: Lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
    last = parse_unverified((folder / "checkpoint").read_text())
    sign_manifest(folder, last, key)
    assert holds(folder)
    change(lines)
    (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    sign_manifest(folder, last, key)
    capsys.readouterr()
    assert not holds(folder)
    assert "every byte as signed" in capsys.readouterr().out  # so it was not the list of files that told


def test_a_signed_list_does_not_excuse_another_key_line_or_an_older_checkpoint(folder: Path, key: Ed25519PrivateKey) -> None:
    last = parse_unverified((folder / "checkpoint").read_text())
    older: str = json.loads((folder / "checkpoints.jsonl").read_text().splitlines()[0])["note"]
    keys = (folder / "public_key.txt").read_text()
    wrong_id = re.sub(r"\+[0-9a-f]{8}\+", "+00000000+", keys)
    for name, wrong in (("checkpoint", older), ("public_key.txt", wrong_id), ("public_key.txt", keys + keys)):
        true = (folder / name).read_text()
        (folder / name).write_text(wrong)
        sign_manifest(folder, last, key)
        assert not holds(folder)
        (folder / name).write_text(true)
        sign_manifest(folder, last, key)
        assert holds(folder)


def test_a_checkpoint_seen_before_must_be_of_this_history(
    folder: Path, database: Database, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    with database.read() as conn:
        true = sign(Checkpoint(ORIGIN, 12, LOG.root(conn, 12)), key)
    seen = tmp_path / "seen"
    for note, expected in (
        (true, True),
        (sign(Checkpoint(ORIGIN, 12, b"x" * 32), key), False),
        (sign(Checkpoint(ORIGIN, 63, b"x" * 32), key), False),
        (sign(Checkpoint("other.test/log", 12, b"x" * 32), key), False),
    ):
        seen.write_text(note)
        assert holds(folder, "--seen", str(seen)) is expected


def test_a_log_that_takes_another_name_says_which_it_had(
    database: Database, fill: Fill, key: Ed25519PrivateKey, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(3)
    with database.write() as conn:
        LOG.checkpoint(conn, ORIGIN, key, START)
        LOG.append(conn, EntryKind.LOG_ORIGIN, {"origin": f"{ORIGIN}/2", "previous": "other.test/log", "after": 4}, START)
        LOG.checkpoint(conn, f"{ORIGIN}/2", key, START)
        export(conn, tmp_path / "forged", key)
    assert not holds(tmp_path / "forged")
    assert "entry 4 names another log before it than there was" in capsys.readouterr().out


def test_an_export_ends_at_the_newest_checkpoint(database: Database, fill: Fill, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    fill(3)
    with database.write() as conn:
        with pytest.raises(Fault):
            export(conn, tmp_path / "none", key)
        LOG.checkpoint(conn, ORIGIN, key, START)
    fill(3)
    with database.read() as conn:
        assert export(conn, tmp_path / "one", key).size == 4
        with pytest.raises(Fault):
            export(conn, tmp_path / "one", key)
        with pytest.raises(Fault):
            export(conn, tmp_path / "other", Ed25519PrivateKey.generate())
    assert (tmp_path / "one" / "entries.jsonl").read_text().count("\n") == 4
    assert not (tmp_path / "other").exists()
    assert holds(tmp_path / "one")


def test_a_ledger_of_one_entry_can_be_exported(database: Database, key: Ed25519PrivateKey, tmp_path: Path) -> None:
    with database.write() as conn:
        LOG.checkpoint(conn, ORIGIN, key, START)
        export(conn, tmp_path / "one", key)
    assert holds(tmp_path / "one")
