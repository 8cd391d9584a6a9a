"""How is wrong data put right? A person gives a new value for a detail they once gave; it then stands everywhere.

The old value is opened nowhere again; that there was one, and which item, is a fact of the ledger. A new e-mail
address counts only once its mailbox was opened by whoever asked, else a slip of the finger would hand a person's data to a stranger.
Whoever received the item is told that it changed.
Source: GDPR Art. 5(1)(d), 16, 19; Cal. Civ. Code 1798.106
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlalchemy import Connection

from troth.base.clock import now, now_micros
from troth.base.errors import Fault
from troth.gate.admit import admit_subject
from troth.ledger.entry import EntryKind
from troth.policy.model import Form, Item, Policy
from troth.rights import requests
from troth.rights.deadlines import Pause
from troth.rights.passed_on import Change, note_change
from troth.rights.replay import Moved, let_go, write_correction
from troth.rights.requests import Right, SubjectRequest
from troth.rights.verify import OneTimeLink, Session, Shown, join_shown
from troth.store.correct import commitment_to, correct
from troth.store.reveal import RevealedEvent, reveal_events
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, normalise
from troth.workspace import Workspace

_DETAILS = ("user.name", "user.contact", "user.job_title", "user.account.username", "user.demographic")
_LONGEST = 256
ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]+\.[^\s@<>\"(),:;\\\[\]\x00-\x1f\x7f]{2,63}")
_NUMBER = re.compile(r"\+?[0-9][0-9 ().\-/]{4,24}")


def correctable(policy: Policy) -> list[Item]:
    """The details a person may put right themselves: given by people, and not part of a record the law keeps."""
    return [item for item in policy.items.values() if _may_be_corrected(policy, item)]


def check(policy: Policy, id: str, value: str) -> str:
    """The value as it would be kept; raises when it is no value for this item."""
    item = policy.items.get(id)
    if item is None or not _may_be_corrected(policy, item):
        raise Fault("not-correctable", "this detail cannot be changed here", help="ask the privacy officer", status=403)
    value = " ".join(value.split())
    if not value or len(value) > _LONGEST or not value.isprintable():
        raise Fault("bad-value", f"a detail has 1 to {_LONGEST} characters")
    if _kind(item) is IdentifierKind.EMAIL and not ADDRESS.fullmatch(value):
        raise Fault("bad-address", "this is not an e-mail address")
    if _kind(item) is IdentifierKind.PHONE and not _NUMBER.fullmatch(value):
        raise Fault("bad-number", "this is not a telephone number")
    return value


def needs_confirmation(policy: Policy, id: str) -> bool:
    """Whether the new value must be confirmed from its own mailbox first."""
    return _kind(policy.items[id]) is IdentifierKind.EMAIL


def ask(workspace: Workspace, conn: Connection, session: Session, id: str, value: str) -> SubjectRequest:
    """Put a detail right, at once where it needs no confirmation; else the subject request waits for it.

    In the caller's write transaction. Raises `not-correctable`, `bad-value`, `bad-address` or `bad-number`.
    """
    policy = workspace.policy
    value = check(policy, id, value)
    made = requests.open_request(workspace, conn, Right.RECTIFICATION, session.ref, session.regime, about=id)
    if needs_confirmation(policy, id):
        return requests.ask_person(workspace, conn, made.id, Pause.IDENTITY, "troth")
    _put_right(workspace, conn, session, id, value)
    return requests.fulfil(workspace, conn, made.id, "corrected")


def confirm(workspace: Workspace, conn: Connection, session: Session, link: OneTimeLink) -> SubjectRequest:
    """Whoever asked opened the link at the new address: it takes the old one's place.

    Both must be shown, who asks and whose mailbox it is: a stranger to whom a slip of the finger sent the link has only the
    second. Raises `not-the-asker`, and `nothing-to-confirm` when the change does not wait any more.
    """
    if link.ref not in session.refs or session.shown is not Shown.MAILBOX:
        raise not_the_asker()
    found = next((one for one in requests.of_person(conn, session.refs) if one.id == link.case), None)
    if found is None or found.status is not requests.Status.WAITING or not needs_confirmation(workspace.policy, found.about):
        raise Fault("nothing-to-confirm", "nothing waits for this address any more", status=410)
    _put_right(workspace, conn, session, found.about, link.address)
    for one in requests.of_person(conn, session.refs):
        if one.kind is Right.RECTIFICATION and one.status is requests.Status.WAITING and one.about == found.about and one.id != found.id:
            requests.expire(workspace, conn, one.id)
    return requests.fulfil(workspace, conn, found.id, "corrected")


def not_the_asker() -> Fault:
    """A new address is not confirmed by its mailbox alone."""
    help = "open your privacy page with the older address first; then open this link in the same browser"
    return Fault("not-the-asker", "only who asked for the new address can say so, in the browser in which they asked", help=help, status=403)


def _put_right(workspace: Workspace, conn: Connection, session: Session, id: str, value: str) -> None:
    plan = workspace.plan
    grant = admit_subject(conn, workspace.log, plan, session.ref, "rectification")
    events = reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, session.refs)
    old = _values(events, id) - {value}
    correct(conn, grant, workspace.keys, session.refs, id, value)
    kind = _kind(plan.policy.items[id])
    moved = _move_identifier(workspace, conn, session, kind, old, value) if kind is not None else None
    write_correction(workspace, conn, session.refs, id, moved)
    note_change(conn, workspace.log, session.refs, Change.CORRECTION, now_micros(), id)
    # The old value is gone from sight; what stays is that it was replaced, and a commitment nobody can open.
    body = {"act": "corrected", "ref": session.ref, "item": id, "was": commitment_to(old)}
    workspace.log.append(conn, EntryKind.REQUEST_STEP, body, now())


def _values(events: Iterable[RevealedEvent], id: str) -> set[str]:
    return {str(event.items[id]) for event in events if id in event.items}


def _move_identifier(workspace: Workspace, conn: Connection, session: Session, kind: IdentifierKind, old: set[str], value: str) -> Moved:
    """From now on the person is found by the new value, and no longer by the one it replaces."""
    gone = tuple(directory.hash_of(workspace.keys, kind, one) for one in old)
    let_go(conn, gone, session.refs)
    hashed, mailbox = directory.hash_of(workspace.keys, kind, normalise(kind, value)), kind is IdentifierKind.EMAIL
    other = directory.find(conn, hashed)
    if other is not None and mailbox:  # two records of one mailbox, which was opened just now
        join_shown(workspace, conn, other, session.ref)
    directory.attach(conn, session.ref, hashed, kind, mailbox)
    directory.move_epoch(conn, *session.refs)
    return Moved(gone, hashed if directory.find(conn, hashed) == session.ref else None, kind)


def _may_be_corrected(policy: Policy, item: Item) -> bool:
    rule = policy.retention.get(item.keep)
    given = bool(item.at) and item.form is Form.SEALED and item.category.startswith(_DETAILS)
    return given and rule is not None and not rule.ground


def _kind(item: Item) -> IdentifierKind | None:
    if item.category.startswith("user.contact.email"):
        return IdentifierKind.EMAIL
    return IdentifierKind.PHONE if item.category.startswith("user.contact.phone_number") else None

