"""Which addresses are written to no more, whoever they belong to? Keyed hashes, so that a STOP holds for the number it came from.

A person's own no stands with the person (`troth.consent`); this is about the number or mailbox itself, which two records may share.
It decides nothing about purposes.
Source: 47 CFR 64.1200(a)(10) (revocation by any reasonable means); GDPR Art. 7(3); docs/decisions/0028
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, Table, Text

from troth.base.clock import instant
from troth.base.database import metadata
from troth.ledger.tape import TapeKind
from troth.workspace import Workspace

stopped_address = Table(
    "stopped_address",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
)


def stop(workspace: Workspace, conn: Connection, hashed: bytes, channel: str, at: int) -> bool:
    """Write to this address by this channel no more; False when that held before. The tape is told."""
    if is_stopped(conn, hashed, channel):
        return False
    body: dict[str, object] = {"addresses": [hashed.hex()], "channel": channel, "purposes": [], "people": []}
    workspace.tape.append(TapeKind.OPT_OUT, body, instant(at))
    stop_again(conn, hashed, channel, at)
    return True


def stop_again(conn: Connection, hashed: bytes, channel: str, at: int) -> None:
    """The same, as the tape tells a restored copy."""
    conn.exec_driver_sql("INSERT INTO stopped_address (hash, channel, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (hashed, channel, at))


def start(conn: Connection, hashed: bytes, channel: str) -> bool:
    """Lift it; False when nothing was stopped."""
    return bool(conn.exec_driver_sql("DELETE FROM stopped_address WHERE hash = ? AND channel = ?", (hashed, channel)).rowcount)


def is_stopped(conn: Connection, hashed: bytes, channel: str) -> bool:
    """Whether this address is written to no more by this channel."""
    return conn.exec_driver_sql("SELECT 1 FROM stopped_address WHERE hash = ? AND channel = ?", (hashed, channel)).first() is not None
