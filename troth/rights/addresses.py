"""Where do we write to somebody about their own request? Their e-mail address, opened for that and nothing else.

A person's address is opened with the grant of their own right, which the ledger has. Of somebody unknown there is
only what they wrote under their question.
Source: GDPR Art. 12(1), 12(3)-(4)
"""

from __future__ import annotations

import re

from sqlalchemy import Connection

from troth.gate.admit import admit_subject
from troth.rights import requests
from troth.rights.rectify import ADDRESS
from troth.rights.requests import SubjectRequest
from troth.store.reveal import reveal_events
from troth.subjects.links import same_person
from troth.workspace import Workspace

_ANSWER_TO = re.compile(r"^Answer to: (\S+)$", re.MULTILINE)


def address_of(workspace: Workspace, conn: Connection, found: SubjectRequest) -> str | None:
    """The address to answer to, in the caller's write transaction; None when none is held: they read it in their privacy page."""
    if found.ref == 0:
        return _written(workspace, conn, found.id)
    refs = same_person(conn, found.ref)
    plan = workspace.plan
    grant = admit_subject(conn, workspace.log, plan, found.ref, "answer")
    mail = {id for id, item in plan.policy.items.items() if item.category.startswith("user.contact.email")}
    latest = None
    for event in reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs):
        for item in sorted(mail & event.items.keys()):
            if ADDRESS.fullmatch(str(event.items[item])):
                latest = str(event.items[item])
    return latest


def _written(workspace: Workspace, conn: Connection, id: int) -> str | None:
    """What somebody unknown named under their question."""
    for note in requests.notes_of(workspace, conn, id):
        named = _ANSWER_TO.search(note.text) if note.by == "person" else None
        if named is not None and ADDRESS.fullmatch(named[1]):
            return named[1]
    return None
