"""What does one line of the ledger say? The kinds of entry, and their one way of being bytes.

It holds references and commitments, never personal data: a cheap net refuses what looks like an e-mail
address, a telephone number or an IP address. The net is not a proof; whoever writes an entry chooses well.
References and counts go in as integers, hashes and commitments as lower-case hex.
Source: RFC 6962 section 2.1 (leaf input), RFC 2104 (HMAC), RFC 8259 (JSON).
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from troth.base.clock import instant, micros
from troth.base.errors import Fault

VERSION = 1
SALT_SIZE = 16
Body = Mapping[str, Any]


class EntryKind(StrEnum):
    """What can happen. A closed list: a new kind is a decision."""

    LOG_ORIGIN = "log-origin"
    POLICY_PUBLISHED = "policy-published"
    KEY_GENERATION = "key-generation"
    CONSENT = "consent"
    COLLECTED = "collected"
    JOINED = "joined"
    UNJOINED = "unjoined"
    READ = "read"
    REVEALED = "revealed"
    PUBLISHED = "published"
    DISCLOSED = "disclosed"
    REFUSED_DISCLOSURE = "refused-disclosure"
    REQUEST_OPENED = "request-opened"
    REQUEST_STEP = "request-step"
    REQUEST_CLOSED = "request-closed"
    ERASED = "erased"
    SWEPT = "swept"
    OPERATOR_ACT = "operator-act"
    RESTORED = "restored"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, at an instant, told in references and commitments."""

    kind: EntryKind
    at: datetime
    body: Body

    def canonical(self) -> bytes:
        """The bytes that are hashed: compact JSON with sorted keys in UTF-8. Raises `Fault` on a bad body."""
        check_body(self.body)
        return canonical_json({"v": VERSION, "kind": self.kind.value, "at": micros(self.at), "body": self.body})

    @classmethod
    def from_canonical(cls, data: bytes) -> Entry:
        """Read back what `canonical` wrote. Raises `Fault` when it is something else."""
        try:
            found = json.loads(data)
            if found["v"] != VERSION:
                raise Fault("ledger-entry-unknown", "an entry has a version this Troth does not know", status=500)
            return cls(EntryKind(found["kind"]), instant(found["at"]), dict(found["body"]))
        except (ValueError, KeyError, TypeError, OverflowError):
            raise Fault("ledger-entry-unreadable", "an entry of the ledger cannot be read", status=500) from None


def commitment(salt: bytes, data: bytes) -> bytes:
    """HMAC-SHA256 of the data under a secret random salt; without the salt nobody can test a guess."""
    if len(salt) < SALT_SIZE:
        raise Fault("salt-too-short", f"a commitment needs a salt of at least {SALT_SIZE} bytes", status=500)
    return hmac.digest(salt, data, "sha256")


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical_json(value: Mapping[str, Any]) -> bytes:
    """Compact JSON with sorted keys, in UTF-8: equal values give equal bytes."""
    return _encode(value).encode()


def check_body(body: Body) -> None:
    """Raise `Fault` on anything but plain JSON without fractions, or on what looks like personal data."""
    if not isinstance(body, dict):
        raise Fault("bad-ledger-body", "the body of an entry is a dictionary", status=500)
    _check_value(body)


def _check_value(value: object) -> None:
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            _check_text(key)
            _check_value(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            _check_value(inner)
    elif value is not None and not isinstance(value, int):  # a bool is an int; a fraction has no one spelling
        raise Fault("bad-ledger-body", f"an entry cannot hold a value of type `{type(value).__name__}`", status=500)


_harmless = re.compile(r"[A-Za-z_.-]{0,60}|[0-9a-f]{32,128}").fullmatch
# Dates, times of day and UUIDs are full of digits and dashes, and say nothing about who somebody is.
_spare = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\b\d{4}([-./])\d{2}\1\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?(?![\d-])"
)
_mail = re.compile(r"[^\s@]@[^\s@]+\.[^\s@]")
_phone = re.compile(r"(?<!\w)(?:\+|00)?\(?\d(?:[ ().\-/]{0,2}\d){6,14}(?!\w)")
_address4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\.?\d)")
_address6 = re.compile(r"(?<![\w:])[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F.:]*")


def _check_text(text: object) -> None:
    if not isinstance(text, str):
        raise Fault("bad-ledger-body", "the keys of an entry are text", status=500)
    if _harmless(text):
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Fault("bad-ledger-body", "an entry holds text that is not valid Unicode", status=500) from None
    rest = _spare.sub(" ", text)
    if _mail.search(rest) or _phone.search(rest) or _holds_address(rest):
        # The text itself is what must not be repeated here.
        message = "an entry looks as if it held an e-mail address, a telephone number or an IP address"
        raise Fault("personal-data-in-ledger", message, status=500)


def _holds_address(text: str) -> bool:
    found = [*_address4.findall(text), *_address6.findall(text)]
    return any(_is_address(one) for one in found)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text != "::"
