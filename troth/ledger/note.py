"""Who signed this text? The signed note: text, an empty line, signature lines.

It knows nothing of ledgers. A note that was only parsed is called unverified and must not be believed.
Source: C2SP signed-note, RFC 8032 (Ed25519), RFC 4648 section 4 (base64).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from troth.base.errors import Fault

ED25519 = b"\x01"
KEY_ID_SIZE = 4
MAX_NOTE = 1_000_000
_SIGNATURE = re.compile("\u2014 ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")


class NoteInvalid(Fault):
    """A signed note is malformed, or nobody we know signed it."""

    def __init__(self, message: str) -> None:
        super().__init__("ledger-note-invalid", message, status=500)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its four-byte id, and the signature itself."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class UnverifiedNote:
    """A note whose form is right. Nothing in it may be believed yet."""

    text: str
    signatures: tuple[NoteSignature, ...]


def sign_text(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Any text ending in a newline as a note, signed by one key under this name."""
    check_name(name)
    if not text.endswith("\n") or _has_control(text):
        raise NoteInvalid("the text of a note ends in a newline and holds no control characters")
    signed = key_id(name, public_bytes(key)) + key.sign(text.encode())
    return f"{text}\n\u2014 {name} {base64.b64encode(signed).decode()}\n"


def parse_note(note: str) -> UnverifiedNote:
    """Take a note apart, strictly. Raises `NoteInvalid`; believes nothing."""
    if len(note) > MAX_NOTE or _has_control(note):
        raise NoteInvalid("a note is too long or holds control characters")
    # The text may hold empty lines itself: the last one separates.
    text, blank, rest = note.rpartition("\n\n")
    lines = rest.split("\n")
    if not blank or lines.pop() != "" or not lines:
        raise NoteInvalid("a note is text, an empty line, and at least one signature")
    return UnverifiedNote(text + "\n", tuple(map(_parse_signature, lines)))


def verify_text(note: str, public: Ed25519PublicKey, name: str) -> str:
    """The text of a note that `public`, under this name, signed. Raises `NoteInvalid`.

    Signatures of other keys (witnesses) are passed over, as the standard asks; a wrong one of ours is not.
    """
    found = parse_note(note)
    known = name, key_id(name, public_bytes(public))
    ours = [one for one in found.signatures if (one.name, one.key_id) == known]
    if not ours:
        raise NoteInvalid("a note is not signed by the ledger's key")
    for one in ours:
        try:
            public.verify(one.signature, found.text.encode())
        except InvalidSignature:
            raise NoteInvalid("the signature of a note does not hold") from None
    return found.text


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes by which a signature line names its key."""
    return sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_SIZE]


def verifier_key(name: str, public: bytes) -> str:
    """The public key in the form that note tools read: name, key id and key, joined by `+`."""
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def fingerprint(public: bytes) -> str:
    """What people compare by voice or on paper: SHA-256 of the 32-byte public key, in hex."""
    return sha256(public).hexdigest()


def public_bytes(key: Ed25519PrivateKey | Ed25519PublicKey) -> bytes:
    """The 32 bytes of the public key."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def check_name(name: str) -> None:
    """Raise `NoteInvalid` unless this can name a key."""
    if not re.fullmatch(r"[^\s+]{1,200}", name) or _has_control(name):
        raise NoteInvalid("a log's name is 1 to 200 characters without spaces or `+`")


def strict_base64(text: str) -> bytes:
    """Decode standard base64 in its one right spelling. Raises `NoteInvalid`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise NoteInvalid("a value is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise NoteInvalid("a value is not in the one spelling that base64 allows")
    return raw


def _parse_signature(line: str) -> NoteSignature:
    found = _SIGNATURE.fullmatch(line)
    if found is None:
        raise NoteInvalid("a signature line is malformed")
    raw = strict_base64(found[2])
    if len(raw) <= KEY_ID_SIZE:
        raise NoteInvalid("a signature is too short")
    return NoteSignature(found[1], raw[:KEY_ID_SIZE], raw[KEY_ID_SIZE:])


def _has_control(text: str) -> bool:
    return any((char < " " and char != "\n") or "\ud800" <= char <= "\udfff" for char in text)
