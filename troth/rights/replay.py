"""What must a restored backup do again of what people restricted and put right? Written to the tape, and read from it.

A corrected value is on the tape as it rests in the database: sealed under the person's key, which goes when they are
erased. A restriction's lifting is not: a restored copy is the stricter one, and the person lifts it again.
Source: GDPR Art. 5(1)(d), 16, 18; DESIGN section 5
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from troth.base.clock import instant, micros
from troth.ledger.tape import TapeKind, TapeRecord
from troth.rights.restrict import set_restricted
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Moved:
    """What a person is no longer found by, and what by instead; keyed hashes. `found_by` is None where another keeps it."""

    gone: tuple[bytes, ...]
    found_by: bytes | None
    kind: IdentifierKind


def write_correction(workspace: Workspace, conn: Connection, refs: Iterable[int], item: str, moved: Moved | None) -> None:
    """Put the corrections of one item that now stand on the tape, before the caller's transaction commits."""
    reading = "SELECT ref, sealed, at, entry FROM correction WHERE ref = ? AND item = ?"
    rows = [conn.exec_driver_sql(reading, (ref, item)).one() for ref in sorted(refs)]
    body: dict[str, object] = {"item": item, "entry": rows[0][3], "sealed": {str(row[0]): row[1].hex() for row in rows}}
    if moved is not None:
        found_by = moved.found_by.hex() if moved.found_by else ""
        body |= {"gone": sorted(hashed.hex() for hashed in moved.gone), "found_by": found_by, "kind": str(moved.kind)}
    workspace.tape.append(TapeKind.CORRECTION, body, instant(rows[0][2]))


def replay(conn: Connection, record: TapeRecord) -> bool:
    """Do one line of the tape again, in the caller's write transaction; False for lines that are others' to do again.

    Safe to run twice; people who are no longer there are passed over.
    """
    match record.kind:
        case TapeKind.RESTRICTION:
            for one in record.body["people"]:
                directory.bring_back(conn, one)
            set_restricted(conn, [one["ref"] for one in record.body["people"]], True)
        case TapeKind.CORRECTION:
            _correct(conn, record)
        case _:
            return False
    return True


def let_go(conn: Connection, hashes: Iterable[bytes], refs: Iterable[int]) -> None:
    """The person is no longer found by these."""
    wanted = list(refs)
    for hashed in hashes:
        for ref in wanted:
            conn.exec_driver_sql("DELETE FROM identifier WHERE hash = ? AND ref = ?", (hashed, ref))


def _correct(conn: Connection, record: TapeRecord) -> None:
    body, at = record.body, micros(record.at)
    sealed = {int(ref): bytes.fromhex(value) for ref, value in body["sealed"].items()}
    there = [ref for ref in sorted(sealed) if conn.exec_driver_sql("SELECT 1 FROM subject WHERE ref = ?", (ref,)).first()]
    for ref in there:
        conn.exec_driver_sql(
            "INSERT INTO correction (ref, item, sealed, at, entry) VALUES (?, ?, ?, ?, ?) ON CONFLICT (ref, item) DO UPDATE "
            "SET sealed = excluded.sealed, at = excluded.at, entry = excluded.entry WHERE excluded.at >= correction.at",
            (ref, body["item"], sealed[ref], at, body["entry"]),
        )
    if there and "gone" in body:
        let_go(conn, [bytes.fromhex(one) for one in body["gone"]], there)
        if body["found_by"]:
            kind = IdentifierKind(body["kind"])
            directory.attach(conn, there[0], bytes.fromhex(body["found_by"]), kind, kind is IdentifierKind.EMAIL)
    directory.move_epoch(conn, *there)
