"""Who works here, and as what? Operators of the whole data folder, with a role for each workspace they may enter.

It holds their names and password hashes, in a database of its own: no workspace's backup carries them. What a
role may do is the policy's. It knows no session (that is `sessions`).
Source: RFC 9106 (Argon2id); NIST SP 800-63B-4, 3.1.1 (length, no composition rules)
"""

from __future__ import annotations

import threading
import unicodedata
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, MetaData, Table, Text

from troth.base.clock import now_micros
from troth.base.database import Database
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.settings import Settings

operators_metadata = MetaData()
operator_table = Table(
    "operator",
    operators_metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)
role_table = Table(
    "operator_role",
    operators_metadata,
    Column("operator", Text, primary_key=True),
    Column("workspace", Text, primary_key=True),
    Column("role", Text, nullable=False),
)
session_table = Table(
    "session",
    operators_metadata,
    Column("token", LargeBinary, primary_key=True),  # its SHA-256: the token itself rests in the browser alone
    Column("operator", Text, nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
Index("session_operator", session_table.c.operator)
failure_table = Table(
    "sign_in_failure",
    operators_metadata,
    Column("who", LargeBinary, primary_key=True),  # a keyed hash of a name or an address
    Column("count", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),  # forgotten after
    Column("blocked_until", BigInteger, nullable=False),
)

SHORTEST, LONGEST = 12, 256
_two_at_a_time = threading.Semaphore(2)  # each hash takes 64 MB for a moment


@dataclass(frozen=True, slots=True)
class Operator:
    """One person who works here. `roles` maps workspaces to the role held there."""

    id: str
    name: str
    roles: dict[str, str]
    created_at: int


class Operators:
    """The operators of one data folder."""

    def __init__(self, settings: Settings, hasher: PasswordHasher | None = None) -> None:
        settings.data.mkdir(parents=True, exist_ok=True)
        self.database = Database(settings.data / "operators.db", operators_metadata)
        self._hasher = hasher or PasswordHasher()
        self._nobody = self._hasher.hash(new_token())

    def add(self, name: str, workspace: str, role: str, password: str | None) -> Operator:
        """A new operator, or another role for one there is (who keeps the password).

        Raises `bad-operator-name`, `weak-password` or `password-missing`.
        """
        name = checked_name(name)
        with self.database.read() as conn:
            known = _id_of(conn, name)
        if known is None and password is None:
            raise Fault("password-missing", "a new operator needs a password")
        hashed = self.hash(checked_password(password)) if password is not None and known is None else ""
        with self.database.write() as conn:
            id = _id_of(conn, name)
            if id is None:
                id = new_token()
                conn.exec_driver_sql("INSERT INTO operator (id, name, password, created_at) VALUES (?, ?, ?, ?)", (id, name, hashed, now_micros()))
            conn.exec_driver_sql(
                "INSERT INTO operator_role (operator, workspace, role) VALUES (?, ?, ?) "
                "ON CONFLICT (operator, workspace) DO UPDATE SET role = excluded.role",
                (id, workspace, role),
            )
            return _read(conn, id)

    def set_password(self, name: str, password: str) -> None:
        """A new password; every session of that operator ends. Raises `no-such-operator`."""
        hashed = self.hash(checked_password(password))
        with self.database.write() as conn:
            id = _known(conn, name)
            conn.exec_driver_sql("UPDATE operator SET password = ? WHERE id = ?", (hashed, id))
            conn.exec_driver_sql("DELETE FROM session WHERE operator = ?", (id,))

    def remove(self, name: str, workspace: str | None = None) -> None:
        """Take a role away, or (without a workspace, or with the last role) the operator. Sessions end.

        Raises `no-such-operator`, and `no-such-role` for a workspace in which the operator holds none.
        """
        with self.database.write() as conn:
            id = _known(conn, name)
            if workspace is not None:
                gone = conn.exec_driver_sql("DELETE FROM operator_role WHERE operator = ? AND workspace = ?", (id, workspace))
                if not gone.rowcount:
                    raise Fault("no-such-role", "this operator holds no role in that workspace", help="troth operator list", status=404)
            left = conn.exec_driver_sql("SELECT count(*) FROM operator_role WHERE operator = ?", (id,)).scalar_one()
            conn.exec_driver_sql("DELETE FROM session WHERE operator = ?", (id,))
            if workspace is None or not left:
                conn.exec_driver_sql("DELETE FROM operator_role WHERE operator = ?", (id,))
                conn.exec_driver_sql("DELETE FROM operator WHERE id = ?", (id,))

    def all(self) -> list[Operator]:
        """Every operator, by name."""
        with self.database.read() as conn:
            ids = [row[0] for row in conn.exec_driver_sql("SELECT id FROM operator ORDER BY name")]
            return [_read(conn, id) for id in ids]

    def find(self, id: str) -> Operator | None:
        """One operator by reference."""
        with self.database.read() as conn:
            known = conn.exec_driver_sql("SELECT 1 FROM operator WHERE id = ?", (id,)).first()
            return _read(conn, id) if known else None

    def check_password(self, name: str, password: str) -> str | None:
        """The operator's reference when the password is right, else None; as slow for names that do not exist."""
        with self.database.read() as conn:
            row = conn.exec_driver_sql("SELECT id, password FROM operator WHERE name = ?", (tidy(name),)).first()
        right = self._verify(row[1] if row else self._nobody, password)
        return str(row[0]) if row and right else None

    def hash(self, password: str) -> str:
        """An Argon2id hash with its own salt and parameters."""
        with _two_at_a_time:
            return self._hasher.hash(password)

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            with _two_at_a_time:
                return self._hasher.verify(hashed, password[:LONGEST])
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    def close(self) -> None:
        """Let go of the file."""
        self.database.close()


def tidy(name: str) -> str:
    """One spelling per name."""
    return unicodedata.normalize("NFKC", name).strip()[:64]


def checked_name(name: str) -> str:
    """A name an operator may have; raises `bad-operator-name`."""
    tidied = tidy(name)
    if len(tidied) < 2 or not tidied.isprintable() or len(name) > 64:
        raise Fault("bad-operator-name", "an operator's name is 2 to 64 letters or other readable signs")
    return tidied


def checked_password(password: str) -> str:
    """A password that is long enough; raises `weak-password`."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Fault("weak-password", f"a password is {SHORTEST} to {LONGEST} characters long", help="a few words in a row are easy to keep")
    return password


def _id_of(conn: Connection, name: str) -> str | None:
    found = conn.exec_driver_sql("SELECT id FROM operator WHERE name = ?", (name,)).first()
    return str(found[0]) if found else None


def _known(conn: Connection, name: str) -> str:
    id = _id_of(conn, tidy(name))
    if id is None:
        raise Fault("no-such-operator", "there is no operator of this name", help="troth operator list", status=404)
    return id


def _read(conn: Connection, id: str) -> Operator:
    name, created_at = conn.exec_driver_sql("SELECT name, created_at FROM operator WHERE id = ?", (id,)).one()
    roles = conn.exec_driver_sql("SELECT workspace, role FROM operator_role WHERE operator = ? ORDER BY workspace", (id,))
    return Operator(id, name, {workspace: role for workspace, role in roles}, created_at)
