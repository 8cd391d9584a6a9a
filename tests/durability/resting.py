"""What rests in a workspace, row by row, and in which order was it committed? Reads journal and lake as they are."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import msgspec
import pyarrow.parquet as pq

from troth.ledger.entry import EntryKind
from troth.store.journal import commitment
from troth.store.lake import FIXED
from troth.workspace import Workspace

FEATURE = "feature.name"


@dataclass(frozen=True, slots=True)
class Row:
    """One stored row. `number` is the event's own, as `sending.event` wrote it; None for other events."""

    seq: int
    event: int
    ref: int
    row_class: int
    number: int | None
    clear: dict[str, object]
    sealed: bytes


def rows_of(workspace: Workspace) -> list[Row]:
    """Every row of journal and lake, of one instant."""
    found: list[Row] = []
    with workspace.state.read() as conn:
        for row in conn.exec_driver_sql("SELECT seq, event, ref, class, clear, sealed FROM journal"):
            found.append(_row(row[0], row[1], row[2], row[3], msgspec.json.decode(row[4]), row[5]))
        files = workspace.lake.files(conn)
    fixed = set(FIXED.names)
    for file in files:
        for row in pq.read_table(workspace.lake.path(file)).to_pylist():
            clear = {name: value for name, value in row.items() if name not in fixed and value is not None}
            found.append(_row(row["seq"], row["event"], row["ref"], row["class"], clear, row["sealed"]))
    return sorted(found, key=lambda row: row.seq)


def _row(seq: int, event: int, ref: int, row_class: int, clear: dict[str, object], sealed: bytes) -> Row:
    feature = str(clear.get(FEATURE, ""))
    number = int(feature[1:]) if feature[:1] == "n" and feature[1:].isdigit() else None
    return Row(seq, event, ref, row_class, number, clear, sealed)


def numbers_of(rows: list[Row]) -> Counter[int]:
    """How often each numbered event is stored."""
    return Counter(row.number for row in rows if row.number is not None)


def entries_of_rows(workspace: Workspace) -> dict[str, int]:
    """Each row's commitment in the ledger (hex) to the index of its entry: the order of commits."""
    with workspace.state.read() as conn:
        return {
            digest: index
            for index, entry in workspace.log.entries(conn)
            if entry.kind is EntryKind.COLLECTED
            for digest in entry.body["events"]
        }


def digest_of(row: Row) -> str:
    """The commitment by which the ledger knows a row, worked out anew from what rests."""
    return commitment(row.event, row.ref, row.row_class, msgspec.json.encode(row.clear, order="sorted"), row.sealed).hex()


def check_ledger(workspace: Workspace) -> int:
    """Recompute the whole ledger, checkpoints and signatures included; returns how many entries it has."""
    with workspace.state.read() as conn:
        return workspace.log.verify(conn, workspace.ledger_key.public_key())
