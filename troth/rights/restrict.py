"""How does a person have their data only stored? Every use and every new event is refused until they lift it.

Storage and the person's own rights go on. When somebody here lifts it, the person is told first. Whoever received
the data is told of both; the tape has the restriction, so that no restored backup forgets it.
Source: GDPR Art. 18, 18(3), 19
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.ledger.tape import TapeKind
from troth.rights import requests
from troth.rights.passed_on import Change, note_change
from troth.rights.requests import Right, Step, SubjectRequest
from troth.rights.verify import Session
from troth.subjects import directory
from troth.subjects.directory import move_epoch
from troth.subjects.links import same_person
from troth.workspace import Workspace


def restrict(workspace: Workspace, conn: Connection, session: Session) -> SubjectRequest:
    """Restrict a person's data to storage; in force when the caller's transaction commits."""
    made = requests.open_request(workspace, conn, Right.RESTRICTION, session.ref, session.regime)
    workspace.tape.append(TapeKind.RESTRICTION, {"people": directory.as_known(conn, sorted(session.refs))}, made.received_at)
    _set(workspace, conn, session.refs, True)
    return requests.fulfil(workspace, conn, made.id, "restricted")


def lift(workspace: Workspace, conn: Connection, session: Session) -> SubjectRequest:
    """The person lifts it themselves."""
    made = requests.open_request(workspace, conn, Right.LIFTING, session.ref, session.regime)
    _set(workspace, conn, session.refs, False)
    return requests.fulfil(workspace, conn, made.id, "lifted")


def announce_lifting(workspace: Workspace, conn: Connection, id: int, by: str) -> SubjectRequest:
    """Note that the person was told that the restriction will be lifted; `id` is the restriction's subject request."""
    return requests.note_told(workspace, conn, id, by)


def lift_by_operator(workspace: Workspace, conn: Connection, id: int, by: str) -> None:
    """Lift a restriction for the person; raises `not-told-yet` unless they were told before."""
    found = requests.get(conn, id)
    if not any(one.step is Step.TOLD for one in requests.steps(conn, id)):
        raise Fault("not-told-yet", "the person must be told before a restriction is lifted", status=409)
    made = requests.open_request(workspace, conn, Right.LIFTING, found.ref, found.regime, channel="operator", by=by)
    _set(workspace, conn, same_person(conn, found.ref), False)
    requests.fulfil(workspace, conn, made.id, "lifted", by)


def _set(workspace: Workspace, conn: Connection, refs: Iterable[int], restricted: bool) -> None:
    wanted = sorted(refs)
    set_restricted(conn, wanted, restricted)
    note_change(conn, workspace.log, wanted, Change.RESTRICTION if restricted else Change.LIFTING, now_micros())


def set_restricted(conn: Connection, refs: Iterable[int], restricted: bool) -> None:
    """Let it hold, or no longer, from the commit of the caller's transaction on."""
    for ref in refs:
        conn.exec_driver_sql("UPDATE subject SET restricted = ? WHERE ref = ?", (int(restricted), ref))
        move_epoch(conn, ref)
