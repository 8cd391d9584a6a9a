"""What does a person take home of what they said? Their consent records, signed, with the proof that each act is in the ledger.

Whoever has the file can check it offline and for ever with `verifier.py --receipt`, or `troth consent check`: also after an
erasure here, and against us. It shows what was entered; that what was entered is true, a later receipt or the person says.
Source: ISO/IEC TS 27560:2023 (consent receipt); RFC 6962; C2SP signed-note; docs/decisions/0026
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect import nobody
from troth.ledger import checkpoint as checkpoints
from troth.ledger.checkpoint import parse_unverified
from troth.ledger.entry import canonical_json
from troth.ledger.note import public_bytes, sign_text, verifier_key
from troth.ledger.verifier import RECEIPT
from troth.rights.consent_record import Node, Records
from troth.workspace import Workspace


def receipt_of(workspace: Workspace, refs: Iterable[int]) -> Node:
    """The receipt over every reference that is one person."""
    wanted = sorted(set(refs))
    with workspace.state.read() as conn:
        records = Records(workspace, conn)
        found = [record for ref in wanted if (record := records.of(ref)) is not None]
    return _signed(workspace, found)


def receipt_of_nobody(workspace: Workspace, id: str) -> Node:
    """The receipt of a choice that names nobody, for whoever has its random id; raises `no-such-receipt`."""
    with workspace.state.read() as conn:
        choice = nobody.choice_of(conn, workspace.policy, id)
        if choice is None:
            raise Fault("no-such-receipt", "there is no such receipt, or its time is over", status=404)
        found = Records(workspace, conn).of_nobody(choice)
    return _signed(workspace, [found])


def _signed(workspace: Workspace, found: list[Node]) -> Node:
    entries = sorted(_entries_in(found))
    sign_up_to(workspace, max(entries, default=-1))
    signed = {"@type": "dpv:ConsentReceipt", "dct:created": now().isoformat(timespec="seconds"), "records": found}
    with workspace.state.read() as conn:
        evidence = _evidence(workspace, conn, entries)
    text = f"{RECEIPT}\nsha256 {hashlib.sha256(canonical_json(signed)).hexdigest()}\n"
    return {"format": RECEIPT, "receipt": signed, **evidence, "signature": sign_text(text, workspace.origin, workspace.ledger_key)}


def sign_up_to(workspace: Workspace, entry: int) -> None:
    """Sign the ledger as it stands, and tell the tape, unless a checkpoint has this entry already."""
    with workspace.state.read() as conn:
        newest = checkpoints.latest_unverified(conn)
    if newest is not None and newest.size > entry:
        return
    with workspace.state.write() as conn:
        workspace.sign(conn)


def _entries_in(records: Iterable[Node]) -> set[int]:
    """The entries of all acts, of the versions they were said under, and of those that ended a yes."""
    found: set[int] = set()
    for record in records:
        found |= {notice["troth:entry"] for notice in record["dpv:hasNotice"]}
        found |= {event["troth:entry"] for process in record["dpv:hasProcess"] for event in process["troth:events"]}
    return found


def _evidence(workspace: Workspace, conn: Connection, entries: list[int]) -> dict[str, Any]:
    newest = checkpoints.latest_unverified(conn)
    note = newest.note if newest else ""
    point = checkpoints.verify(note, workspace.ledger_key.public_key(), parse_unverified(note).origin)
    raw = {idx: next(workspace.log.raw_entries(conn, idx, idx + 1))[1] for idx in entries}
    names = dict.fromkeys((point.origin, workspace.origin))
    return {
        "public_key": "".join(f"{verifier_key(name, public_bytes(workspace.ledger_key))}\n" for name in names),
        "checkpoint": note,
        "entries": [{"idx": idx, "data": _text(raw[idx]), "proof": [_text(one) for one in workspace.log.prove_inclusion(conn, idx, point.size)]}
                    for idx in entries],
    }


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
