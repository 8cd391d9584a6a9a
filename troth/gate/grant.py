"""What exactly did the gate allow? A grant is the gate's yes, for these items, this purpose, this moment.

Only `troth.gate.admit` makes one. Everything in the store asks for one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from troth.gate.plan import Plan, ViewRule

_made_by_admit = object()


@dataclass(frozen=True, slots=True)
class Grant:
    """A yes with its ledger entry. `reference` is set when it is about one subject alone."""

    purpose: str
    items: frozenset[str]
    at: datetime
    entry: int | None
    plan: Plan
    rule: ViewRule | None
    reference: int | None
    maker: object
    reveals: bool = False  # whether sealed items may be opened for many, not only for `reference`
    canaries: bool = False  # whether it sees canaries, and canaries alone (proofs), instead of people

    def __post_init__(self) -> None:
        if self.maker is not _made_by_admit:
            raise TypeError("grants are made by troth.gate.admit alone")
