"""Who vouches for what software cannot see? A person, with a document and a last day, for a promise that asks for it.

It shows nothing itself, and the page says so: who vouches, on what, until when, and what was not shown. An attestation
is replaced by a newer one and never renewed by itself. The document stays where it is; its SHA-256 is kept, so that
it can be told from another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, Text

from troth.base.clock import instant, now_micros
from troth.base.database import metadata
from troth.base.errors import Fault
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy, ProofKind
from troth.policy.words import day
from troth.workspace import Workspace

attestation_table = Table(
    "attestation",
    metadata,
    Column("promise", Text, primary_key=True),
    Column("operator", Text, nullable=False),
    Column("document", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("not_shown", Text, nullable=False),
    Column("until", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("entry", Integer, nullable=False),
)
_LONGEST_DAYS = 400  # nobody vouches for longer than a year and a month


@dataclass(frozen=True, slots=True)
class Attestation:
    """One person's word. `document` is its name, `digest` its SHA-256; `until` is the last day it holds."""

    promise: str
    operator: str
    document: str
    digest: str
    not_shown: str
    until: date

    def holds_on(self, on: date) -> bool:
        """Whether it has not run out."""
        return on <= self.until

    def in_words(self) -> str:
        """What people read of it."""
        return f"{self.operator} vouches for this until {day(self.until)}, on the document {self.document}. Not shown: {self.not_shown}"


def attest(workspace: Workspace, promise: str, operator: str, document: str, content: bytes, until: date, not_shown: str) -> Attestation:
    """Take a person's word for a promise that asks for one, with its document, its last day and what it does not show.

    Raises `no-such-promise`, `not-to-be-attested`, `document-missing`, `not-shown-missing`, `name-missing` or `bad-until`.
    """
    _check(workspace.policy, promise, operator, content, not_shown)
    at = now_micros()
    if not 0 <= (until - instant(at).date()).days <= _LONGEST_DAYS:
        raise Fault("bad-until", "an attestation ends on a day to come, within 400 days")
    made = Attestation(promise, operator.strip(), document, hashlib.sha256(content).hexdigest(), not_shown.strip(), until)
    body = {"act": "attested", "promise": promise, "operator": made.operator, "digest": made.digest, "until": until.isoformat()}
    with workspace.state.write() as conn:
        entry = workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, instant(at))
        conn.exec_driver_sql(
            "INSERT OR REPLACE INTO attestation (promise, operator, document, digest, not_shown, until, at, entry) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (promise, made.operator, document, made.digest, made.not_shown, until.isoformat(), at, entry),
        )
    return made


def _check(policy: Policy, promise: str, operator: str, content: bytes, not_shown: str) -> None:
    found = policy.promises.get(promise)
    if found is None:
        raise Fault("no-such-promise", "the policy makes no such promise")
    if found.kind is not ProofKind.ATTESTED:
        raise Fault("not-to-be-attested", "this promise does not ask for anybody's word", help=f"proof: {{attested: …}} in the policy's {promise}")
    if not content:
        raise Fault("document-missing", "somebody vouches on a document, and this one is empty")
    if not not_shown.strip():
        raise Fault("not-shown-missing", "say what the document does not show; people read it")
    if not operator.strip():
        raise Fault("name-missing", "an attestation is somebody's; say whose")


def attestations(conn: Connection) -> dict[str, Attestation]:
    """The latest word for each promise, whether it still holds or not."""
    rows = conn.exec_driver_sql("SELECT promise, operator, document, digest, not_shown, until FROM attestation")
    return {row[0]: Attestation(row[0], row[1], row[2], row[3], row[4], date.fromisoformat(row[5])) for row in rows}
