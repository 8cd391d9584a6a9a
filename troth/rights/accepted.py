"""Under which versions of the policy did a person go on using what we offer? The first use under each, with its day and time.

It is notice by use and never a yes: no purpose that asks first is permitted by it. Nothing is written for it either; it is
read from what is held about the person, and is gone when that is.
Source: GDPR Art. 4(11), 7; CJEU C-673/17 (Planet49)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant
from troth.consent.record import Strength
from troth.store.reveal import held_rows
from troth.workspace import Workspace

CONTINUED_USE = "continued-use"


def used_under(workspace: Workspace, conn: Connection, refs: Iterable[int]) -> list[dict[str, Any]]:
    """Each version under which something of the person was collected, with the first time, oldest first."""
    classes = workspace.classes.all(conn)
    first: dict[str, int] = {}
    for row in held_rows(conn, workspace.lake, refs):  # in the order of time
        first.setdefault(classes[row.row_class].policy_version, row.at)
    return [
        {"policy_version": version, "at": instant(at).isoformat(timespec="seconds"), "type": CONTINUED_USE, "strength": str(Strength.BY_USE)}
        for version, at in first.items()
    ]
