"""What does a restored copy do again? Every line of the tape since the copy was made, each as its own room does it.

Each line may be done twice. A yes is not on the tape: of whoever took a no back after the copy was made, the no stands.
Source: GDPR Art. 7(3), 16, 17, 18, 21; DESIGN section 5
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import assert_never

from sqlalchemy import Connection

from troth.base.clock import micros
from troth.collect.calls import undo_joins
from troth.consent.record import Evidence, State, Strength, record
from troth.consent.standing import read_standing
from troth.disclose.stopped import stop_again
from troth.ledger.tape import TapeKind, TapeRecord
from troth.rights import replay as rights_replay
from troth.rights.erasure import erase_again
from troth.rights.review import remove_again
from troth.subjects import directory
from troth.workspace import Workspace

RESTORED = "restored"  # how an act came about that was told by the tape


def replay_since(workspace: Workspace, lines: Iterable[TapeRecord]) -> dict[str, int]:
    """Do these lines again, oldest first; returns how many of each kind."""
    counts: Counter[str] = Counter()
    for line in lines:
        match line.kind:
            case TapeKind.CHECKPOINT:
                continue
            case TapeKind.ERASURE:
                hashes = [bytes.fromhex(one) for one in line.body["identifiers"]]
                erase_again(workspace, line.body["case"], line.body["refs"], hashes, micros(line.at))
            case TapeKind.RESTRICTION | TapeKind.CORRECTION:
                with workspace.state.write() as conn:
                    rights_replay.replay(conn, line)
            case TapeKind.WITHDRAWAL | TapeKind.OBJECTION | TapeKind.OPT_OUT:
                with workspace.state.write() as conn:
                    _say_no_again(workspace, conn, line)
            case TapeKind.REMOVAL:
                remove_again(workspace, line.body["ref"], line.body["event"])
            case _:
                assert_never(line.kind)
        counts[str(line.kind)] += 1
    return dict(counts)


def _say_no_again(workspace: Workspace, conn: Connection, line: TapeRecord) -> None:
    """The no falls on everybody it fell on then, whoever they are joined with in this copy; and on the addresses it named."""
    for hashed in line.body.get("addresses", ()):
        stop_again(conn, bytes.fromhex(hashed), line.body["channel"], micros(line.at))
    for one in line.body["people"]:
        ref = one["ref"]
        directory.bring_back(conn, one)  # or the next visit of whoever came after the copy was made would be a stranger's
        standing = read_standing(conn, ref)
        if standing is None:
            continue
        for purpose in line.body["purposes"]:
            if not _spoke_since(conn, ref, purpose, micros(line.at)):
                state = _state(line.kind, standing.states.get(purpose))
                evidence = Evidence(Strength.RELAYED, RESTORED, "", "", standing.regime)
                record(conn, workspace.log, ref, {purpose: state}, evidence, micros(line.at))
            undo_joins(conn, workspace.log, ref, purpose, micros(line.at))


def _state(kind: TapeKind, before: State | None) -> State:
    if kind is not TapeKind.WITHDRAWAL:
        return State.OBJECTED
    return State.WITHDRAWN if before is State.GIVEN else State.REFUSED


def _spoke_since(conn: Connection, ref: int, purpose: str, at: int) -> bool:
    asked = "SELECT 1 FROM consent_act WHERE ref = ? AND purpose = ? AND at >= ? LIMIT 1"
    return conn.exec_driver_sql(asked, (ref, purpose, at)).first() is not None
