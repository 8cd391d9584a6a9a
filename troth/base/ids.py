"""How is a new thing named? Random identifiers that say nothing about what they name."""

from __future__ import annotations

import secrets

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_reference() -> int:
    """A subject reference: a random positive signed 64-bit integer, never 0 (0 is nobody)."""
    return secrets.randbits(62) + 1


def new_token(length: int = 26) -> str:
    """A random word of unambiguous letters and digits; 26 of them carry 128 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))
