"""How does a message leave? One outbox: each message names its purpose, passes the gate when it is sent, and can be forgotten.

With `smtp_url` set it goes out and its file is removed; without, it rests as a file in the outbox folder, for a
while, for whoever runs this to read. A message about a person's own subject request needs no other purpose.
What the person can stop says so to mail programs in its head (`troth.disclose.unsubscribe`). The row names no
address. A file without a row is removed, so that whoever is erased leaves none behind.
Source: GDPR Art. 5(1)(b), 12(3); RFC 5322, RFC 8058
"""

from __future__ import annotations

import os
import smtplib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text

from troth.base.clock import now, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.consent.standing import read_standing
from troth.disclose.unsubscribe import headers_for
from troth.gate.admit import admit_use
from troth.gate.reasons import Refused
from troth.workspace import Workspace

REQUEST = "request"  # the one purpose that is not the policy's: a person's own subject request
KEPT_FOR = timedelta(days=3)
_TRIES = 8
# RFC 5322 allows 998. Folded at 78, a long link is written in coded words, which no mail program follows.
_WHOLE = SMTP.clone(max_line_length=990)
_MICROSECOND = timedelta(microseconds=1)

outbox_message = Table(
    "outbox_message",
    metadata,
    Column("id", Text, primary_key=True),
    Column("ref", BigInteger, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
)
Index("outbox_message_ref", outbox_message.c.ref)


class Sent(StrEnum):
    """What became of a message."""

    WAITING = "waiting"
    IN_FOLDER = "in-folder"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person. `kind` is a code (`link`, `receipt`...); `to` is never stored but in the file."""

    ref: int
    to: str
    purpose: str
    kind: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


def send(workspace: Workspace, letter: Letter, id: str = "") -> str:
    """Send a message, or leave it in the folder; returns its id. Raises Refused when its purpose is not permitted now.

    With an `id` of the caller's own it is sent once, however often it is tried.
    """
    body = _compose(workspace, letter).as_bytes(policy=_WHOLE)
    id = id or new_token()
    with workspace.state.write() as conn:
        if conn.exec_driver_sql("SELECT 1 FROM outbox_message WHERE id = ? AND status != ?", (id, Sent.WAITING)).first():
            return id
        _pass_the_gate(workspace, conn, letter.ref, letter.purpose)
        conn.exec_driver_sql("DELETE FROM outbox_message WHERE id = ?", (id,))  # begun, and never written
        conn.exec_driver_sql(
            "INSERT INTO outbox_message (id, ref, purpose, kind, status, attempts, at) VALUES (?, ?, ?, ?, ?, 0, ?)",
            (id, letter.ref, letter.purpose, letter.kind, Sent.WAITING, now_micros()),
        )
    _write(path_of(workspace, id), body)
    deliver(workspace, id)
    return id


def deliver(workspace: Workspace, id: str) -> Sent:
    """Take one waiting message further. The gate is asked again: a withdrawal may have come since it was written."""
    with workspace.state.write() as conn:
        row = conn.exec_driver_sql("SELECT ref, purpose, attempts FROM outbox_message WHERE id = ? AND status = ?", (id, Sent.WAITING)).first()
        if row is None:
            return Sent.FAILED
        if not workspace.settings.smtp_url:
            _mark(conn, id, Sent.IN_FOLDER)
            return Sent.IN_FOLDER
        conn.exec_driver_sql("UPDATE outbox_message SET attempts = attempts + 1 WHERE id = ?", (id,))
    path = path_of(workspace, id)
    try:
        with workspace.state.write() as conn:
            _pass_the_gate(workspace, conn, row[0], row[1])
        hand_over(workspace.settings.smtp_url, path.read_bytes())
        became = Sent.SENT
    except Refused:
        became = Sent.FAILED
    except (OSError, smtplib.SMTPException):
        became = Sent.FAILED if row[2] + 1 >= _TRIES else Sent.WAITING
    with workspace.state.write() as conn:
        _mark(conn, id, became)
    if became is not Sent.WAITING:
        path.unlink(missing_ok=True)
    return became


def deliver_waiting(workspace: Workspace) -> int:
    """Try again what could not be sent; returns how many went out. For the maintenance round."""
    with workspace.state.read() as conn:
        waiting = [row[0] for row in conn.exec_driver_sql("SELECT id FROM outbox_message WHERE status = ?", (Sent.WAITING,))]
    return sum(deliver(workspace, id) is Sent.SENT for id in waiting if path_of(workspace, id).exists())


def sweep(workspace: Workspace) -> int:
    """Remove files that no row names (their person was erased) and those kept long enough; returns how many went."""
    old = now_micros() - KEPT_FOR // _MICROSECOND
    # The files are listed before the rows: a row is always there before its file.
    files = list(folder_of(workspace).iterdir())
    with workspace.state.write() as conn:
        conn.exec_driver_sql("DELETE FROM outbox_message WHERE at < ?", (old,))
        named = {row[0] for row in conn.exec_driver_sql("SELECT id FROM outbox_message")}
    gone = [path for path in files if path.stem not in named]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def forget(workspace: Workspace, refs: Iterable[int]) -> int:
    """Remove every message to a person, files and rows; returns how many files went."""
    wanted = list(refs)
    with workspace.state.write() as conn:
        ids = [row[0] for ref in wanted for row in conn.exec_driver_sql("SELECT id FROM outbox_message WHERE ref = ?", (ref,))]
        for ref in wanted:
            conn.exec_driver_sql("DELETE FROM outbox_message WHERE ref = ?", (ref,))
    for id in ids:
        path_of(workspace, id).unlink(missing_ok=True)
    return len(ids)


def folder_of(workspace: Workspace) -> Path:
    """Where messages rest; readable by its owner alone."""
    folder = workspace.folder / "outbox"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def path_of(workspace: Workspace, id: str) -> Path:
    """The file of one message; its name says nothing."""
    return folder_of(workspace) / f"{id}.eml"


def hand_over(smtp_url: str, body: bytes) -> None:
    """Give a message to the mail server of `smtp://name:password@host:port` (`smtps` for TLS from the start)."""
    from email import message_from_bytes

    url = urlsplit(smtp_url)
    client = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with client(url.hostname or "localhost", url.port or 0, timeout=20) as server:
        if url.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message_from_bytes(body, policy=_WHOLE))


def _pass_the_gate(workspace: Workspace, conn: Connection, ref: int, purpose: str) -> None:
    if purpose == REQUEST:
        return
    standing = read_standing(conn, ref)
    admit_use(conn, workspace.log, workspace.plan, purpose, standing, "outbox")


def _compose(workspace: Workspace, letter: Letter) -> EmailMessage:
    us = workspace.policy.organisation
    message = EmailMessage(policy=_WHOLE)
    try:
        message["To"] = Address(addr_spec=letter.to)
        message["From"] = Address(us.name, addr_spec=us.email)
        message["Subject"] = " ".join(letter.subject.split())
    except (ValueError, IndexError, MessageError):  # the address itself is never repeated
        raise Fault("bad-address", "this is not an e-mail address") from None
    message["Date"] = format_datetime(now())
    message["Message-ID"] = make_msgid(domain=us.email.partition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    for name, value in headers_for(workspace, letter.ref, letter.purpose).items():
        message[name] = value
    # As it is, not wrapped or quoted: a link stays whole for whoever reads the file.
    message.set_content(letter.text, cte="7bit" if letter.text.isascii() else "8bit")
    for one in letter.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.body, maintype=main, subtype=sub, filename=one.name)
    return message


def _write(path: Path, body: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def _mark(conn: Connection, id: str, status: Sent) -> None:
    conn.exec_driver_sql("UPDATE outbox_message SET status = ? WHERE id = ?", (status, id))
