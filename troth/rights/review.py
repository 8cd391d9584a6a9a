"""What becomes of what somebody was asked to look at? It stays, it goes, or the person turns out to be a child and is erased.

One event that should not be held is removed from journal and files alone; the rest of the person's data stays. A child is
erased like anybody who asks for it, at once and whole, and the ledger and the receipt say on which ground.
Source: GDPR Art. 8, 9, 17(1)(d), 17(1)(f); 16 CFR 312.10
"""

from __future__ import annotations

from sqlalchemy import Connection

from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect import flagged
from troth.collect.flagged import CHILD, Flag, Look
from troth.consent.standing import read_standing
from troth.gate.admit import admit_subject
from troth.gate.grant import Grant
from troth.ledger.entry import EntryKind
from troth.ledger.tape import TapeKind
from troth.policy.demands import ChildrenThen
from troth.rights import erasure, requests, verify
from troth.store.reveal import reveal_events
from troth.store.shred import remove_event
from troth.subjects.links import same_person
from troth.workspace import Workspace

GROUND = "child"


def read(workspace: Workspace, id: int, operator: str) -> tuple[Flag, str]:
    """A flag and the text it points to; that it was read is entered in the ledger. Raises `no-such-flag`."""
    with workspace.state.write() as conn:
        flag = _open(conn, id)
        grant = admit_subject(conn, workspace.log, workspace.plan, flag.ref, "review")
        _enter(workspace, conn, "flag-read", flag, operator)
    if not flag.event:
        return flag, ""
    with workspace.state.read() as conn:
        opened = reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, frozenset({flag.ref}))
        return flag, next((str(one.items.get(flag.item, "")) for one in opened if one.event == flag.event), "")


def keep(workspace: Workspace, id: int, operator: str) -> None:
    """It may stay."""
    with workspace.state.write() as conn:
        flag = _open(conn, id)
        flagged.settle(conn, [flag.id], Look.KEPT)
        _enter(workspace, conn, "flag-kept", flag, operator)


def remove(workspace: Workspace, id: int, operator: str) -> None:
    """The event goes, from journal and files. Raises `no-such-flag`, and `whole-person` for a flag that is about nobody's single event."""
    with workspace.state.write() as conn:
        flag = _open(conn, id)
        if not flag.event:
            raise Fault("whole-person", "this is about a person; keep them, or erase them as a child", status=409)
        grant = admit_subject(conn, workspace.log, workspace.plan, flag.ref, "review-removed")
        _enter(workspace, conn, "flag-removed", flag, operator)
        workspace.tape.append(TapeKind.REMOVAL, {"ref": flag.ref, "event": flag.event}, now())  # or a restored backup would have it again
    _take_out(workspace, grant, flag.ref, flag.event)


def remove_again(workspace: Workspace, ref: int, event: int) -> None:
    """Remove in a restored copy what the tape says was removed. Safe to run twice; people who are no longer there are passed over."""
    with workspace.state.write() as conn:
        if read_standing(conn, ref) is None:
            return
        grant = admit_subject(conn, workspace.log, workspace.plan, ref, "review-removed")
    _take_out(workspace, grant, ref, event)


def _take_out(workspace: Workspace, grant: Grant, ref: int, event: int) -> None:
    remove_event(grant, workspace.lake, workspace.state, ref, event)
    with workspace.state.write() as conn:
        same = conn.exec_driver_sql("SELECT id FROM flagged WHERE ref = ? AND event = ?", (ref, event))
        flagged.settle(conn, [row[0] for row in same.all()], Look.REMOVED)


def erase_child(workspace: Workspace, ref: int, operator: str) -> str:
    """Somebody held turns out to be a child: erased at once, on that ground. Returns the case's id.

    Raises `children-not-refused` where the policy says nothing of children, and `no-such-subject`.
    """
    if workspace.policy.children.then is ChildrenThen.UNSTATED:
        help = "say in `children.then` of the policy what becomes of a child's data"
        raise Fault("children-not-refused", "the policy says nothing of what becomes of children's data", help, status=409)
    with workspace.state.write() as conn:
        if read_standing(conn, ref) is None:
            raise Fault("no-such-subject", "there is nobody to erase", status=404)
        refs = sorted(same_person(conn, ref))
        waiting = [one.id for one in requests.of_person(conn, refs) if not one.closed]
        workspace.log.append(conn, EntryKind.OPERATOR_ACT, {"act": "child-found", "ref": ref, "operator": operator}, now())
    case = erasure.erase(workspace, ref, ground=GROUND)
    with workspace.state.write() as conn:
        verify.forget(conn, refs)
        for id in waiting:  # what else was asked in this name cannot be answered any more
            requests.fulfil(workspace, conn, id, "erased")
    return case


def erase_flagged_child(workspace: Workspace, id: int, operator: str) -> str:
    """The person a flag points to is a child."""
    with workspace.state.read() as conn:
        flag = _open(conn, id)
    return erase_child(workspace, flag.ref, operator)


def erase_due(workspace: Workspace) -> int:
    """Erase whoever a program with the secret key said is a child; returns how many went."""
    with workspace.state.read() as conn:
        due = {flag.ref for flag in flagged.due(conn) if flag.what == CHILD}
    gone = 0
    for ref in sorted(due):
        try:
            erase_child(workspace, ref, "program")
            gone += 1
        except Fault as fault:
            if fault.code != "no-such-subject":
                raise
    return gone


def _open(conn: Connection, id: int) -> Flag:
    flag = flagged.flag_of(conn, id)
    if flag is None or flag.state is not Look.OPEN:
        raise Fault("no-such-flag", "there is nothing like that to look at", help="somebody may have been faster; load the page again", status=404)
    return flag


def _enter(workspace: Workspace, conn: Connection, act: str, flag: Flag, operator: str) -> None:
    body = {"act": act, "flag": flag.id, "ref": flag.ref, "what": flag.what, "operator": operator}
    workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
