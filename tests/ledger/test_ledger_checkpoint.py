"""Are signed notes those of C2SP, to the byte?"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from troth.base.errors import Fault
from troth.ledger.checkpoint import Checkpoint, load_or_create_key, parse_unverified, sign, verify
from troth.ledger.note import NoteInvalid, fingerprint, parse_note, public_bytes, sign_text, verifier_key, verify_text

ORIGIN = "example.com/behind-the-sofa"
POINT = Checkpoint(ORIGIN, 20852163, hashlib.sha256(b"sofa").digest())

# The note, key and signature that Go's golang.org/x/mod/sumdb/note publishes in its documentation and tests.
GO_NAME = "PeterNeumann"
GO_SEED = b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"


def test_the_note_that_go_publishes_comes_out_to_the_byte() -> None:
    key = Ed25519PrivateKey.from_private_bytes(GO_SEED)
    assert verifier_key(GO_NAME, public_bytes(key)) == GO_KEY
    assert sign_text(GO_TEXT, GO_NAME, key) == f"{GO_TEXT}\n{GO_LINE}"
    assert verify_text(f"{GO_TEXT}\n{GO_LINE}", key.public_key(), GO_NAME) == GO_TEXT


def test_a_checkpoint_is_the_note_worked_out_by_hand(key: Ed25519PrivateKey) -> None:
    public = public_bytes(key)
    text = f"{ORIGIN}\n20852163\n{b64encode(POINT.root).decode()}\n"
    key_hash = hashlib.sha256(ORIGIN.encode() + b"\x0a" + b"\x01" + public).digest()[:4]
    signature = b64encode(key_hash + key.sign(text.encode())).decode()
    assert sign(POINT, key) == text + "\n" + "\u2014 " + ORIGIN + " " + signature + "\n"
    assert verify(sign(POINT, key), key.public_key(), ORIGIN) == POINT
    assert parse_unverified(sign(POINT, key)) == POINT


def test_a_witness_may_sign_beside_us_but_not_for_us(key: Ed25519PrivateKey) -> None:
    witness = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
    beside = sign_text(POINT.text(), "witness.example/w1", witness)
    both = sign(POINT, key) + beside.rpartition("\n\n")[2]
    assert len(parse_note(both).signatures) == 2
    assert verify(both, key.public_key(), ORIGIN) == POINT
    with pytest.raises(NoteInvalid):
        verify(beside, key.public_key(), ORIGIN)
    with pytest.raises(NoteInvalid):
        verify(both, witness.public_key(), ORIGIN)


def test_a_checkpoint_of_another_log_is_refused(key: Ed25519PrivateKey) -> None:
    with pytest.raises(NoteInvalid):
        verify(sign(Checkpoint("other.example/log", 3, POINT.root), key), key.public_key(), ORIGIN)
    relabelled = sign_text(Checkpoint("other.example/log", 3, POINT.root).text(), ORIGIN, key)
    with pytest.raises(NoteInvalid):
        verify(relabelled, key.public_key(), ORIGIN)


def test_every_changed_byte_of_a_checkpoint_is_refused(key: Ed25519PrivateKey) -> None:
    note = sign(POINT, key).encode()
    for at in range(len(note)):
        for bit in range(8):
            changed = bytearray(note)
            changed[at] ^= 1 << bit
            with pytest.raises((NoteInvalid, UnicodeDecodeError)):
                verify(changed.decode(), key.public_key(), ORIGIN)


@pytest.mark.parametrize(
    "text",
    [
        *("", "\n", "a\n", "a\n3\n", "a\n3\nROOT", "a\n3\nAAAA\n", "a\n3\nROOT\n\nb\n", "a\r\n3\nROOT\n"),
        *("a\n03\nROOT\n", "a\n-3\nROOT\n", "a\n\u0663\nROOT\n"),
    ],
)
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str, key: Ed25519PrivateKey) -> None:
    with pytest.raises(NoteInvalid):
        verify(sign_text(text.replace("ROOT", b64encode(POINT.root).decode()), "a", key), key.public_key(), "a")


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "tab\there", "no\u00a0break", "x" * 201])
def test_an_origin_that_cannot_name_a_key_is_refused(origin: str, key: Ed25519PrivateKey) -> None:
    with pytest.raises(NoteInvalid):
        sign(Checkpoint(origin, 1, POINT.root), key)


MALFORMED_LINES = ["\u2014 b AAAA\n", "\u2014 b AAAAAAA\n", "\u2014 b AAAAAAB=\n", "- b AAAAAAAA\n", "\u2014 b AAAAAAAA"]


@pytest.mark.parametrize("note", ["", "a\n", "a\n\n", *(f"a\n\n{line}" for line in MALFORMED_LINES)])
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_note(note)


def test_the_signing_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    first = public_bytes(load_or_create_key(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_bytes(load_or_create_key(path)) == first
    assert [one.name for one in tmp_path.iterdir()] == ["ledger.key"]
    assert fingerprint(first) == hashlib.sha256(first).hexdigest()
    path.chmod(0o640)
    with pytest.raises(Fault):
        load_or_create_key(path)


def test_a_file_that_is_no_signing_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.key"
    path.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(Fault):
        load_or_create_key(path)


def test_the_public_key_can_be_rebuilt_from_its_bytes(key: Ed25519PrivateKey) -> None:
    assert public_bytes(Ed25519PublicKey.from_public_bytes(public_bytes(key))) == public_bytes(key)
