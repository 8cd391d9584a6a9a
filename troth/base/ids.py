"""How is a new thing named? Random identifiers that say nothing about what they name."""

from __future__ import annotations

import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


_LEAST = 1 << 60  # written out it has 19 digits, and so has whatever is less than four times as much


def new_reference() -> int:
    """A subject reference: a random positive signed 64-bit integer, never 0 (0 is nobody).

    Always of 19 digits, so that none written as text can pass for a telephone number, which has 15 at most (ITU-T E.164).
    """
    return _LEAST + secrets.randbelow(3 * _LEAST)


def new_token(length: int = 26) -> str:
    """A random word of unambiguous letters and digits; 26 of them carry 128 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
