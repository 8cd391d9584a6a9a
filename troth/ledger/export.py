"""What does an auditor get? The ledger as files, with proofs, the public key and a verifier.

It signs a list of every file's hash, so that no byte is unchecked. It makes no checkpoint: an export ends at
the newest one, and entries after it are not in the export.
Source: C2SP signed-note and tlog-checkpoint, RFC 6962, RFC 4648 section 4.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from troth.base.errors import Fault
from troth.ledger import checkpoint as checkpoints
from troth.ledger.checkpoint import Checkpoint
from troth.ledger.log import Log
from troth.ledger.note import fingerprint, public_bytes, sign_text, verifier_key
from troth.ledger.verifier import FILES, FORMAT, measure

SAMPLE = 64
_VERIFIER = Path(__file__).with_name("verifier.py")
_README = """\
This folder is an exported ledger: what happened to the data of one workspace, as references and commitments.

  entries.jsonl       every entry: its index, and its bytes in base64 (they are JSON)
  checkpoints.jsonl   every signed checkpoint, smallest first; the last one is also in `checkpoint`
  consistency.jsonl   for each checkpoint the proof that it continues the one before
  inclusion.jsonl     for a sample of entries the proof that each is in the ledger
  public_key.txt      the key that signed, in the form that note tools read
  MANIFEST            the hash of every other file, signed
  verifier.py         checks all of it: python3 verifier.py --key FINGERPRINT

The verifier needs Python 3.9 or later and the `cryptography` library, and no network.
Formats: RFC 6962 (the tree), C2SP signed-note and tlog-checkpoint (the signatures).
The key's fingerprint is {fingerprint}
Get the fingerprint, and the verifier, from somewhere else as well, or they prove little.
"""


def export(conn: Connection, folder: Path, key: Ed25519PrivateKey, sample: int = SAMPLE) -> Checkpoint:
    """Write the ledger up to its newest checkpoint into a new or empty folder; return that checkpoint.

    `sample` entries, evenly spread, get an inclusion proof. Raises `Fault` when there is no checkpoint, when
    the folder holds something, or when a stored checkpoint is not signed by `key`.
    """
    public = key.public_key()
    notes = [row.note for row in checkpoints.all_unverified(conn)]
    points = [checkpoints.verify(note, public, checkpoints.parse_unverified(note).origin) for note in notes]
    if not points:
        raise Fault("no-checkpoint", "the ledger has no checkpoint to export up to", status=409)
    last = points[-1]
    _make_empty(folder)
    _write_lines(folder / "entries.jsonl", _entries(conn, last.size))
    _write_lines(folder / "checkpoints.jsonl", _points(points, notes))
    _write_lines(folder / "consistency.jsonl", _consistency(conn, [one.size for one in points]))
    _write_lines(folder / "inclusion.jsonl", _inclusion(conn, last.size, sample))
    names = dict.fromkeys(one.origin for one in points)
    _write_text(folder / "public_key.txt", "".join(f"{verifier_key(name, public_bytes(public))}\n" for name in names))
    _write_text(folder / "checkpoint", notes[-1])
    _write_text(folder / "README.txt", _README.format(fingerprint=fingerprint(public_bytes(public))))
    (folder / "verifier.py").write_bytes(_VERIFIER.read_bytes())
    sign_manifest(folder, last, key)
    return last


def sign_manifest(folder: Path, last: Checkpoint, key: Ed25519PrivateKey) -> None:
    """Write `MANIFEST`: the hash and length of every other file, as a signed note."""
    lines = [FORMAT, f"origin {last.origin}", f"size {last.size}"]
    lines += [measure(folder / name) for name in sorted(FILES)]
    _write_text(folder / "MANIFEST", sign_text("\n".join(lines) + "\n", last.origin, key))


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        raise Fault("export-folder-unusable", "the folder for the export cannot be made", status=409) from None
    if any(folder.iterdir()):
        raise Fault("export-folder-not-empty", "the folder for the export holds something already", status=409)


def _points(points: list[Checkpoint], notes: list[str]) -> Iterator[dict[str, Any]]:
    for point, note in zip(points, notes, strict=True):
        yield {"size": point.size, "note": note}


def _entries(conn: Connection, size: int) -> Iterator[dict[str, Any]]:
    for idx, data in Log().raw_entries(conn, 0, size):
        yield {"idx": idx, "data": base64.b64encode(data).decode()}


def _consistency(conn: Connection, sizes: list[int]) -> Iterator[dict[str, Any]]:
    for old, new in pairwise(sizes):
        yield {"old": old, "new": new, "proof": _texts(Log().prove_consistency(conn, old, new))}


def _inclusion(conn: Connection, size: int, sample: int) -> Iterator[dict[str, Any]]:
    count = max(1, min(sample, size))
    for idx in sorted({number * (size - 1) // max(1, count - 1) for number in range(count)}):
        yield {"idx": idx, "size": size, "proof": _texts(Log().prove_inclusion(conn, idx, size))}


def _texts(proof: list[bytes]) -> list[str]:
    return [base64.b64encode(one).decode() for one in proof]


def _write_lines(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
