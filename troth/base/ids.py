"""How is a thing named? New random identifiers that say nothing about what they name, and how one is read that came from outside."""

from __future__ import annotations

import re
import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


_MOST = (1 << 63) - 1  # what a column of the database holds
_LEAST = 1 << 60  # written out it has 19 digits, and so has whatever is less than four times as much


def new_reference() -> int:
    """A subject reference: a random positive signed 64-bit integer, never 0 (0 is nobody).

    Always of 19 digits, so that none written as text can pass for a telephone number, which has 15 at most (ITU-T E.164).
    """
    return _LEAST + secrets.randbelow(3 * _LEAST)


def new_token(length: int = 26) -> str:
    """A random word of unambiguous letters and digits; 26 of them carry 128 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def number_in(text: str) -> int:
    """The reference or row number that a text writes out in digits; 0, which is nobody's, for whatever can be none."""
    number = int(text) if re.fullmatch(r"[0-9]{1,19}", text) else 0
    return number if number <= _MOST else 0


def hex_in(text: str) -> int:
    """The number that an address carries as 16 hexadecimal digits; 0, which is nobody's, for whatever can be none."""
    number = int(text, 16) if re.fullmatch(r"[0-9a-f]{16}", text) else 0
    return number if number <= _MOST else 0
