"""Under which versions of the policy did a person use what we offer? The first use under each, with its day and time.

It is notice by use and never a yes: no purpose that asks first is permitted by it, whatever a policy says it counts as.
Nothing is written for it either; it is read from what is held about the person, and is gone when that is.
Source: GDPR Art. 4(11), 7; CJEU C-673/17 (Planet49)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant
from troth.consent.record import Strength
from troth.policy.conduct import YesBy, YesStrength
from troth.policy.model import Policy
from troth.store.reveal import held_rows
from troth.workspace import Workspace


def used_under(workspace: Workspace, conn: Connection, refs: Iterable[int]) -> list[dict[str, Any]]:
    """Each version under which something of the person was collected, with the first time, oldest first.

    The first is `use`, the later ones are `continued-use`; how good an acceptance each is, its own version says.
    """
    classes = workspace.classes.all(conn)
    first: dict[str, int] = {}
    for row in held_rows(conn, workspace.lake, refs):  # in the order of time
        first.setdefault(classes[row.row_class].policy_version, row.at)
    policies = {one.version: workspace.plan_of(one).policy for one in workspace.versions(conn) if one.version in first}
    acts = [YesBy.USE, *(YesBy.CONTINUED_USE for _ in range(1, len(first)))]
    return [_used(version, at, act, policies.get(version)) for act, (version, at) in zip(acts, first.items(), strict=False)]


def agreement(workspace: Workspace, conn: Connection, refs: Iterable[int]) -> dict[str, Any] | None:
    """Whether a person agreed to the policy, to which version last, and when; None where agreeing is not noted.

    Somebody who went on without agreeing is `not-agreed`, however much they used.
    """
    item = workspace.policy.acceptance.item
    if not item:
        return None
    classes, agreed = workspace.classes.all(conn), [row for row in held_rows(conn, workspace.lake, refs) if row.clear.get(item) == "true"]
    if not agreed:
        return {"status": "not-agreed"}
    last = agreed[-1]
    return {"status": "agreed", "policy_version": classes[last.row_class].policy_version, "at": instant(last.at).isoformat(timespec="seconds")}


def _used(version: str, at: int, act: YesBy, policy: Policy | None) -> dict[str, Any]:
    taken = policy is not None and (policy.asking.evidence.get(act) or policy.acceptance.counts_as)
    strength = Strength.IMPLIED if taken == YesStrength.IMPLIED else Strength.BY_USE
    return {"policy_version": version, "at": instant(at).isoformat(timespec="seconds"), "type": str(act), "strength": str(strength)}
