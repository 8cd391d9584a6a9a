#!/usr/bin/env python3
"""Does this exported ledger hold, or this receipt? Checks every byte of it, offline and without Troth.

    python3 verifier.py [FOLDER] [--key FINGERPRINT] [--seen NOTE_FILE]...
    python3 verifier.py --receipt FILE [--key FINGERPRINT]

It needs Python 3.9 or later and the `cryptography` library, writes nothing and calls nobody. It exits 0 when
all holds and 1 at the first thing that does not. It shows that nothing in the history was changed, lost or
put in another place since a checkpoint was signed. It cannot show that what was entered was true, nor what
happened after the last checkpoint. Keep the checkpoints you are given and name them with --seen: only that
shows that you and others were told the same history. Run a copy of this file that you trust.
Source: RFC 6962, RFC 9162, C2SP signed-note and tlog-checkpoint.
"""

from __future__ import annotations

import argparse
import base64
import json
import re
import stat
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "troth-ledger-export v1"
RECEIPT = "troth-consent-receipt v1"
FILES = {
    "README.txt",
    "checkpoint",
    "checkpoints.jsonl",
    "consistency.jsonl",
    "entries.jsonl",
    "inclusion.jsonl",
    "public_key.txt",
    "verifier.py",
}
# Which states of ISO/IEC TS 27560 each recorded act can lead to.
ACTS = {"given": ("Given", "RenewedGiven"), "refused": ("Refused",), "withdrawn": ("Withdrawn",), "objected": ("Refused", "Withdrawn"),
        "requested": ("Requested",), "deferred": ("RequestDeferred",), "expired": ("Expired",)}
NOES = ("refused", "withdrawn", "objected")
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
_SIZE = re.compile("0|[1-9][0-9]{0,18}")


class DoesNotHold(Exception):
    """The first thing found wrong."""


class Key:
    """The ledger's public key, and the names under which it signed."""

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        must(lines.pop() == "" and bool(lines), "public_key.txt is not one key a line")
        self.names = [line.split("+")[0] for line in lines]
        raw = decode(lines[0].split("+", 2)[-1], "public_key.txt")
        must(len(raw) == 33 and raw[:1] == b"\x01", "public_key.txt does not hold an Ed25519 key")
        self.raw = raw[1:]
        written = [f"{name}+{self.key_id(name).hex()}+{base64.b64encode(raw).decode()}" for name in self.names]
        must(written == lines and len(set(self.names)) == len(lines), "public_key.txt is malformed")
        self.fingerprint = sha256(self.raw).hexdigest()

    def key_id(self, name: str) -> bytes:
        return sha256(name.encode() + b"\n\x01" + self.raw).digest()[:4]

    def open_note(self, note: str, what: str) -> tuple[str, str]:
        """The signed text of a note and the name that signed it; other keys' signatures are passed over."""
        text, blank, rest = note.rpartition("\n\n")
        lines = rest.split("\n")
        must(bool(blank) and lines.pop() == "" and bool(lines), f"{what} is not a signed note")
        text += "\n"
        signed = None
        for line in lines:
            dash, _, pair = line.partition(" ")
            name, _, value = pair.partition(" ")
            must(dash == "\u2014" and bool(name) and bool(value), f"{what} has a malformed signature line")
            raw = decode(value, what)
            if name not in self.names or raw[:4] != self.key_id(name):
                continue
            try:
                Ed25519PublicKey.from_public_bytes(self.raw).verify(raw[4:], text.encode())
            except InvalidSignature:
                raise DoesNotHold(f"the signature of {what} is wrong") from None
            signed = name
        if signed is None:
            raise DoesNotHold(f"{what} is not signed by the key in public_key.txt")
        return text, signed

    def open_checkpoint(self, note: str, what: str) -> tuple[str, int, bytes]:
        """Origin, size and root of a signed checkpoint."""
        text, signed = self.open_note(note, what)
        lines = text.split("\n")
        must(len(lines) >= 4 and lines.pop() == "" and "" not in lines, f"{what} is not a checkpoint")
        must(_SIZE.fullmatch(lines[1]) is not None and lines[0] == signed, f"{what} is not a checkpoint")
        root = decode(lines[2], what)
        must(len(root) == 32, f"{what} has no root of 32 bytes")
        return lines[0], int(lines[1]), root


def must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DoesNotHold(otherwise)


def decode(text: str, what: str) -> bytes:
    """Standard base64 in its one right spelling."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise DoesNotHold(f"{what} holds something that is not base64") from None
    must(base64.b64encode(raw).decode() == text, f"{what} holds base64 in a second spelling")
    return raw


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over perfect subtrees, largest first."""
    if not peaks:
        return sha256(b"").digest()
    found = peaks[-1]
    for peak in reversed(peaks[:-1]):
        found = node(peak, found)
    return found


def check_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 section 2.1.3.2."""
    must(all(len(one) == 32 for one in (leaf, root, *proof)), "a hash is not 32 bytes")
    must(0 <= index < size, f"entry {index} is not among {size}")
    first, last, found = index, size - 1, leaf
    for step in proof:
        must(last != 0, "an inclusion proof is too long")
        if first & 1 or first == last:
            found = node(step, found)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            found = node(found, step)
        first, last = first >> 1, last >> 1
    must(last == 0 and found == root, f"the proof that entry {index} is in the ledger is wrong")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """RFC 9162 section 2.1.4.2."""
    must(1 <= old <= new, f"size {new} cannot continue size {old}")
    wrong = f"the proof that size {new} continues size {old} is wrong"
    if old == new:
        must(not proof and old_root == new_root, wrong)
        return
    must(all(len(one) == 32 for one in (old_root, new_root, *proof)) and bool(proof), wrong)
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    first, last = old - 1, new - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    found_old = found_new = path[0]
    for step in path[1:]:
        must(last != 0, wrong)
        if first & 1 or first == last:
            found_old, found_new = node(step, found_old), node(step, found_new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            found_new = node(found_new, step)
        first, last = first >> 1, last >> 1
    must(last == 0 and found_old == old_root and found_new == new_root, wrong)


def check_manifest(folder: Path, key: Key) -> int:
    """Every byte of every file is what was signed, and there is no other file. Returns the ledger's size."""
    note = read_text(folder / "MANIFEST")
    text, signed = key.open_note(note, "MANIFEST")
    must(signed == key.names[-1] and note.count("\n\u2014 ") == 1, "MANIFEST is not signed once, by the newest name")
    lines = text.split("\n")
    must(lines.pop() == "" and lines[:2] == [FORMAT, f"origin {signed}"], "MANIFEST is of another format")
    must(len(lines) == 3 + len(FILES) and lines[2][:5] == "size ", "MANIFEST does not list the files of an export")
    there = {path.name for path in folder.iterdir()} ^ {"MANIFEST"}
    must(there == FILES, f"a file is missing or strange: {', '.join(sorted(there ^ FILES))}")
    for number, name in enumerate(sorted(FILES), 3):
        must(lines[number] == measure(folder / name), f"{name} is not the file that was signed")
    must(_SIZE.fullmatch(lines[2][5:]) is not None, "MANIFEST names no size")
    return int(lines[2][5:])


def measure(path: Path) -> str:
    """The line that MANIFEST must have for this file."""
    must(stat.S_ISREG(path.lstat().st_mode), f"{path.name} is not a plain file")
    digest, length = sha256(), 0
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
            length += len(block)
    return f"sha256 {digest.hexdigest()} {length} {path.name}"


def read_text(path: Path) -> str:
    must(stat.S_ISREG(path.lstat().st_mode), f"{path.name} is not a plain file")
    return path.read_bytes().decode("utf-8")


def read_lines(path: Path) -> Iterator[Any]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield json.loads(line)
            except ValueError:
                raise DoesNotHold(f"{path.name} line {number} is not JSON") from None


class History:
    """What follows from the entries alone: roots at the sizes asked for, leaf hashes, names of the log."""

    def __init__(self, path: Path, sizes: set[int], leaves: set[int]) -> None:
        self.roots: dict[int, bytes] = {}
        self.leaves: dict[int, bytes] = {}
        self.origins: list[tuple[int, str]] = []
        self.lost: list[str] = []
        self.size = 0
        peaks: list[bytes] = []
        for line in read_lines(path):
            must(line["idx"] == self.size, f"entry {self.size} is missing or out of place")
            data = decode(line["data"], f"entry {self.size}")
            leaf = found = sha256(b"\x00" + data).digest()
            self._read(data)
            if self.size in leaves:
                self.leaves[self.size] = leaf
            index = self.size
            while index & 1:
                found, index = node(peaks.pop(), found), index >> 1
            peaks.append(found)
            self.size += 1
            if self.size in sizes:
                self.roots[self.size] = fold(peaks)

    def _read(self, data: bytes) -> None:
        entry = json.loads(data)
        known = entry["v"] == 1 and isinstance(entry["kind"], str) and isinstance(entry["at"], int)
        must(known and isinstance(entry["body"], dict), f"entry {self.size} is not of a known form")
        if entry["kind"] == "log-origin":
            self._rename(entry["body"])

    def _rename(self, body: Any) -> None:
        """A log takes another name only when a restore has lost entries that were signed for under the name before."""
        if self.origins:
            before, after = self.origins[-1][1], body.get("after")
            must(body.get("previous") == before != body["origin"], f"entry {self.size} names another log before it than there was")
            self.lost.append(f"the log goes on as {body['origin']} from entry {self.size} on: it was restored with what {before} had up to {after}")
        self.origins.append((self.size, body["origin"]))

    def origin_at(self, size: int) -> str | None:
        """The log's name as the last entry that gives one, among the first `size`, has it."""
        names = [name for index, name in self.origins if index < size]
        return names[-1] if names else None


def check_history(folder: Path, key: Key, size: int, seen: Sequence[Path]) -> Iterator[str]:
    """Entries, checkpoints and proofs agree; yields what was found to hold."""
    lines = list(read_lines(folder / "checkpoints.jsonl"))
    notes = [line["note"] for line in lines]
    points = [key.open_checkpoint(note, f"checkpoint {number}") for number, note in enumerate(notes, 1)]
    sizes = [point[1] for point in points]
    must(sizes == [line["size"] for line in lines], "a checkpoint is not of the size beside it")
    must(bool(sizes) and sizes == sorted({0, *sizes})[1:] and sizes[-1] == size, "the checkpoints do not lead up to the ledger's size")
    must(read_text(folder / "checkpoint") == notes[-1], "the file `checkpoint` is not the last checkpoint")
    kept = [key.open_checkpoint(read_text(path), f"the checkpoint in {path.name}") for path in seen]
    inclusion = list(read_lines(folder / "inclusion.jsonl"))

    history = History(folder / "entries.jsonl", set(sizes) | {one[1] for one in kept}, {one["idx"] for one in inclusion})
    must(history.size == size, f"there are {history.size} entries, not {size}")
    yield f"{size} entries, none missing"
    yield from history.lost
    for origin, at, root in points:
        must(history.roots[at] == root, f"the first {at} entries are not those of the checkpoint of size {at}")
        must(history.origin_at(at) == origin, f"the checkpoint of size {at} is of a log that no entry names")
    yield f"{len(points)} signed checkpoints, each the root of the entries before it"

    pairs = [(line["old"], line["new"], proof_in(line)) for line in read_lines(folder / "consistency.jsonl")]
    steps = [(sizes[at], sizes[at + 1]) for at in range(len(sizes) - 1)]
    must([(old, new) for old, new, _ in pairs] == steps, "a consistency proof is missing")
    for old, new, proof in pairs:
        check_consistency(old, new, proof, history.roots[old], history.roots[new])
    yield f"{len(pairs)} consistency proofs, each checkpoint continues the one before"
    must(bool(inclusion), "there is no inclusion proof")
    for line in inclusion:
        must(line["size"] == size and line["idx"] in history.leaves, "an inclusion proof is of another ledger")
        check_inclusion(history.leaves[line["idx"]], line["idx"], size, proof_in(line), history.roots[size])
    yield f"{len(inclusion)} inclusion proofs"
    for _, at, root in kept:
        must(history.roots.get(at) == root, f"this history does not continue the checkpoint of size {at} seen before")
    if kept:
        yield f"{len(kept)} checkpoints seen before, all of this history"


def proof_in(line: Any) -> list[bytes]:
    return [decode(one, "a proof") for one in line["proof"]]


def check(folder: Path, pinned: str | None, seen: Sequence[Path]) -> Iterator[str]:
    key = Key(read_text(folder / "public_key.txt"))
    yield f"the key's fingerprint is {key.fingerprint}"
    if pinned is not None:
        must(pinned.lower().replace(":", "") == key.fingerprint, "the ledger is signed by another key than the one you named")
        yield "it is the key you named"
    size = check_manifest(folder, key)
    yield f"{len(FILES)} files, every byte as signed"
    yield from check_history(folder, key, size, seen)


def check_receipt(path: Path, pinned: str | None) -> Iterator[str]:
    """A person's receipt: signed as a whole, and every event in it an entry of the ledger that says the same."""
    file = json.loads(read_text(path))
    must(file["format"] == RECEIPT, "this is not a receipt of a form known here")
    key = Key(file["public_key"])
    yield f"the key's fingerprint is {key.fingerprint}"
    if pinned is not None:
        must(pinned.lower().replace(":", "") == key.fingerprint, "the receipt is signed by another key than the one you named")
        yield "it is the key you named"
    whole = json.dumps(file["receipt"], sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text, _ = key.open_note(file["signature"], "the receipt's signature")
    must(text == f"{RECEIPT}\nsha256 {sha256(whole).hexdigest()}\n", "the receipt is not the one that was signed")
    yield f"the receipt of {file['receipt']['dct:created']}, every byte as signed"
    _, size, root = key.open_checkpoint(file["checkpoint"], "the checkpoint")
    entries: dict[int, Any] = {}
    for line in file["entries"]:
        data = decode(line["data"], f"entry {line['idx']}")
        check_inclusion(sha256(b"\x00" + data).digest(), line["idx"], size, proof_in(line), root)
        entries[line["idx"]] = json.loads(data)
    yield f"{len(entries)} ledger entries, each among the {size} of the signed checkpoint"
    for record in file["receipt"]["records"]:
        yield from check_record(record, entries)


def check_record(record: Any, entries: dict[int, Any]) -> Iterator[str]:
    """One reference's record says of every notice and every act what the ledger says."""
    ref = record["dpv:hasDataSubject"]["dct:identifier"]
    for notice in record["dpv:hasNotice"]:
        entry = entries[notice["troth:entry"]]
        said = entry["kind"], entry["body"]["version"], entry["body"]["sha256"], entry["body"].get("notice", "")
        wanted = "policy-published", notice["dct:hasVersion"], notice["troth:policySha256"], notice["troth:noticeSha256"]
        must(said == wanted, f"the ledger says something else of version {notice['dct:hasVersion']}")
    count = 0
    for process in record["dpv:hasProcess"]:
        last = "Unknown"
        for event in process["troth:events"]:
            last, count = event["troth:state"], count + 1
            check_event(ref, process["troth:purpose"], event, entries[event["troth:entry"]])
        must(process["troth:state"] == last, f"the state of {process['troth:purpose']} is not that of its last event")
    yield f"reference {ref}: {len(record['dpv:hasNotice'])} notices and {count} events as the ledger has them"


def check_event(ref: str, purpose: str, event: Any, entry: Any) -> None:
    """One event and its entry. A no may have been carried over from the same person's other reference, which said it; a yes never is."""
    wrong = f"the ledger says something else in entry {event['troth:entry']}"
    at = (datetime.fromisoformat(event["dpv:isIndicatedAtTime"]) - EPOCH) // timedelta(microseconds=1)
    body = entry["body"]
    if event["troth:type"] == "new-version":
        must(entry["kind"] == "policy-published" and body["version"] == event["dct:hasVersion"], wrong)
        must(body.get("effective_at", at) == at and event["troth:state"] in ("Invalidated", "Revoked"), wrong)
        must(event["troth:state"] == "Revoked" or purpose in body["asks_again"], wrong)
        return
    must(entry["kind"] == "consent" and body.get("said_at", entry["at"]) == at, wrong)
    act, entered = event["troth:act"], body["acts"].get(purpose)
    carried = event["troth:carried"] is True and entered in NOES
    must(act == entered or (carried and act == "objected"), wrong)  # whoever objected objects still after a lesser no
    states = ACTS.get(act, ()) + (("Unknown",) if body["strength"] == "imported" else ())
    must(event["troth:state"] in states, f"the state of an event is not what entry {event['troth:entry']} can lead to")
    if not carried:
        said = str(body.get("receipt", body["ref"])), body["strength"], body["how"], body["policy"], body["screen"]
        shown = ref, event["troth:strength"], event["dpv:hasIndicationMethod"], event["dct:hasVersion"], event["troth:screen"]
        must(said == shown, wrong)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported ledger, offline.")
    here = Path(__file__).resolve().parent
    parser.add_argument("folder", nargs="?", type=Path, default=here, help="the export (default: where this file is)")
    parser.add_argument("--key", metavar="FINGERPRINT", help="the key's fingerprint as you know it from elsewhere")
    parser.add_argument("--seen", metavar="NOTE_FILE", type=Path, action="append", default=[], help="a checkpoint you kept")
    parser.add_argument("--receipt", metavar="FILE", type=Path, help="check this receipt of what you allowed, instead of a folder")
    options = parser.parse_args(argv)
    try:
        receipt = options.receipt
        for line in check_receipt(receipt, options.key) if receipt else check(options.folder, options.key, options.seen):
            print(f"ok: {line}")
    except DoesNotHold as wrong:
        print(f"does not hold: {wrong}")
        return 1
    except OSError as wrong:
        print(f"does not hold: {wrong.filename} cannot be read")
        return 1
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as wrong:
        print(f"does not hold: a file is not what it should be ({type(wrong).__name__})")
        return 1
    if options.key is None:
        print("note: compare the fingerprint with one from elsewhere, or name it with --key")
    print("the receipt holds" if receipt else "the ledger holds")
    return 0


if __name__ == "__main__":
    sys.exit(main())
