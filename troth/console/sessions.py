"""Who is signed in? Sessions of operators, and the brake on guessing passwords.

A session is a random token in a cookie; only its hash is kept. It ends after half an hour of rest and after
twelve hours in any case. Failed sign-ins are counted per name and per address under keyed hashes: neither a
name nor an address is written anywhere.
Source: OWASP ASVS 5.0, V7 (sessions); NIST SP 800-63B-4, 3.2.2 (rate limiting)
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.console.operators import Operator, Operators, tidy
from troth.settings import Settings

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
FREE_TRIES_NAME, FREE_TRIES_ADDRESS = 5, 20
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
_MINUTE = 60_000_000


def _micros(duration: timedelta) -> int:
    return duration // timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in operator. `csrf` must come back with every POST."""

    operator: Operator
    csrf: str
    expires_at: int


class Sessions:
    """The sessions of one data folder."""

    def __init__(self, settings: Settings, operators: Operators) -> None:
        self._operators = operators
        self._database = operators.database
        self._key = _load_or_create(settings.secrets / "operators.key")
        self._blocked: dict[bytes, int] = {}  # what the table says, remembered, so that a flood costs nothing

    def sign_in(self, name: str, password: str, address: str, old_token: str | None = None) -> str:
        """The token of a new session; the browser's old session ends. Raises `sign-in-failed` or `too-many-tries`."""
        by_name, by_address = self._hash("name", tidy(name)), self._hash("address", address)
        self._check_brake(by_name, by_address)
        operator = self._operators.check_password(name, password)
        if operator is None:
            self._count_failure(by_name, FREE_TRIES_NAME)
            self._count_failure(by_address, FREE_TRIES_ADDRESS)
            raise Fault("sign-in-failed", "the name or the password is not right", status=401)
        token, at = secrets.token_urlsafe(32), now_micros()
        with self._database.write() as conn:
            conn.exec_driver_sql("DELETE FROM sign_in_failure WHERE who = ?", (by_name,))
            conn.exec_driver_sql("DELETE FROM session WHERE expires_at < ? OR seen_at < ?", (at, at - _micros(IDLE)))
            if old_token:
                conn.exec_driver_sql("DELETE FROM session WHERE token = ?", (_hash_token(old_token),))
            conn.exec_driver_sql(
                "INSERT INTO session (token, operator, csrf, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
                (_hash_token(token), operator, new_token(), at, at, at + _micros(LONGEST)),
            )
        self._blocked.pop(by_name, None)
        return token

    def find(self, token: str | None) -> Session | None:
        """The session of a token, if it still runs; using it keeps it from resting."""
        if not token:
            return None
        hashed, at = _hash_token(token), now_micros()
        with self._database.read() as conn:
            row = conn.exec_driver_sql("SELECT operator, csrf, seen_at, expires_at FROM session WHERE token = ?", (hashed,)).first()
        if row is None:
            return None
        operator, csrf, seen_at, expires_at = row
        if at >= expires_at or at >= seen_at + _micros(IDLE):
            self.sign_out(token)
            return None
        if at >= seen_at + _MINUTE:
            with self._database.write() as conn:
                conn.exec_driver_sql("UPDATE session SET seen_at = ? WHERE token = ?", (at, hashed))
        found = self._operators.find(operator)
        return Session(found, csrf, expires_at) if found else None

    def sign_out(self, token: str | None) -> None:
        """End a session."""
        if token:
            with self._database.write() as conn:
                conn.exec_driver_sql("DELETE FROM session WHERE token = ?", (_hash_token(token),))

    # the brake

    def _hash(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\0{value}".encode("utf-8", "replace"), "sha256")

    def _check_brake(self, *who: bytes) -> None:
        at = now_micros()
        for one in who:
            until = self._blocked.get(one, 0)
            if until <= at:
                with self._database.read() as conn:
                    row = conn.exec_driver_sql("SELECT blocked_until FROM sign_in_failure WHERE who = ?", (one,)).first()
                until = row[0] if row else 0
            if until > at:
                if len(self._blocked) > 10_000:
                    self._blocked.clear()
                self._blocked[one] = until
                minutes = -(-(until - at) // _MINUTE)
                wait = "a minute" if minutes == 1 else f"{minutes} minutes"
                raise Fault("too-many-tries", f"too many tries; wait {wait} and try again", status=429)

    def _count_failure(self, who: bytes, free: int) -> None:
        at = now_micros()
        with self._database.write() as conn:
            conn.exec_driver_sql("DELETE FROM sign_in_failure WHERE until < ?", (at,))
            count = _failures(conn, who) + 1
            wait = min(_micros(FIRST_WAIT) * 2 ** min(count - free, 10), _micros(LONGEST_WAIT)) if count >= free else 0
            conn.exec_driver_sql(
                "INSERT INTO sign_in_failure (who, count, until, blocked_until) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (who) DO UPDATE SET count = excluded.count, until = excluded.until, blocked_until = excluded.blocked_until",
                (who, count, at + _micros(FORGOTTEN_AFTER), at + wait if wait else 0),
            )


def _failures(conn: Connection, who: bytes) -> int:
    row = conn.exec_driver_sql("SELECT count FROM sign_in_failure WHERE who = ?", (who,)).first()
    return int(row[0]) if row else 0


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _load_or_create(path: Path) -> bytes:
    """32 secret bytes beside the keys, made on first use."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with path.open("xb") as file:
            path.chmod(0o600)
            file.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    key = path.read_bytes()
    if len(key) < 32:
        raise Fault("bad-operators-key", "the file `operators.key` among the secrets is cut short", help="remove it; a new one is made", status=503)
    return key
