"""Whom does a change of the policy concern, and how many are they? Counted by purpose, and never told below the threshold.

A person is concerned by a purpose while it is done with their data: they said yes, or it needs no yes and they said no no.
Nobody is looked at by name here, and canaries are nobody.
Source: GDPR Art. 13(3); aggregates: `aggregates.threshold` of the policy
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from troth.consent.record import State
from troth.gate.plan import Plan, permits
from troth.policy.material import MaterialChange, populations_of
from troth.policy.model import Policy
from troth.workspace import Workspace

_PEOPLE = (
    "SELECT s.population, s.regime, st.state, count(*) FROM subject s LEFT JOIN standing st ON st.ref = s.ref AND st.purpose = ? "
    "WHERE s.canary = 0 AND s.restricted = 0 AND s.ref NOT IN (SELECT ref FROM erased_subject) AND s.ref NOT IN (SELECT ref FROM kept) "
    "GROUP BY 1, 2, 3"
)


@dataclass(frozen=True, slots=True)
class Concerned:
    """How many people a purpose concerns; `people` None: fewer than the threshold, and so not told."""

    purpose: str
    populations: tuple[str, ...]
    people: int | None
    threshold: int

    def __str__(self) -> str:
        many = f"fewer than {self.threshold} people" if self.people is None else f"{self.people} people"
        return f"{self.purpose}: {many} ({', '.join(self.populations)})"

    def as_json(self) -> dict[str, object]:
        """The count for a program; `people` is null where it is held back."""
        return {"purpose": self.purpose, "populations": list(self.populations), "people": self.people, "threshold": self.threshold}


def concerned(workspace: Workspace, changes: Iterable[MaterialChange], new: Policy) -> list[Concerned]:
    """For each purpose that some material change goes with, whom it concerns, and how many they are.

    A purpose is counted as the policy in force has it; one that is new, as `new` would have it.
    """
    named = {purpose for change in changes for purpose in change.purposes}
    plan, coming = workspace.plan, Plan(new)
    threshold = plan.policy.aggregates.threshold
    with workspace.state.read() as conn:
        found = [_counted(conn, plan, purpose, threshold) for purpose in plan.policy.purposes if purpose in named]
        return found + [_counted(conn, coming, id, threshold) for id in new.purposes if id in named and id not in plan.policy.purposes]


def _counted(conn: Connection, plan: Plan, purpose: str, threshold: int) -> Concerned:
    declared, about = plan.policy.purposes[purpose], populations_of(plan.policy, purpose)
    many = 0
    for population, regime, state, count in conn.exec_driver_sql(_PEOPLE, (purpose,)):
        if population in about and permits(State(state) if state else None, plan.mode(declared, regime)) is None:
            many += count
    return Concerned(purpose, about, many if many >= threshold else None, threshold)
