"""Do the parts of a policy agree with one another and with the law? Looks at a whole policy; it mends nothing.

The checks stand in files by what they look at: names (`check_names`), law (`check_law`), notice (`check_notice`), the
policy against itself (`check_contradictions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from troth.policy import check_contradictions, check_law, check_names, check_notice
from troth.policy.checking import Checking
from troth.policy.finding import Code, Finding, Notes, Place, Severity, Spot, errors
from troth.policy.model import Policy

__all__ = ["Code", "Finding", "Severity", "check", "check_into", "errors", "report"]


def check(policy: Policy, positions: Mapping[Place, Spot] | None = None, today: date | None = None) -> list[Finding]:
    """Everything to be said about `policy`, in the order of the file.

    `positions` says where each value stands; without it all findings stand at line 1. `today` lets expired terms be found.
    """
    notes = Notes()
    check_into(notes, policy, positions or {}, today, ())
    return sorted(notes.findings, key=lambda found: (found.path, found.position.line, found.position.column))


def check_into(notes: Notes, policy: Policy, spots: Mapping[Place, Spot], today: date | None, faults: Iterable[Place]) -> None:
    """`check`, into notes that exist. Nothing is said of values that could not be read (`faults`)."""
    unread = frozenset(faults)
    around = frozenset(fault[:length] for fault in unread for length in range(1, len(fault)))
    checking = Checking(policy, spots, notes, today, unread, around)
    for room in (check_names, check_law, check_notice, check_contradictions):
        for look in room.CHECKS:
            look(checking)


def report(findings: Iterable[Finding], notes: bool = False) -> str:
    """The findings as a person reads them; notes only when asked for."""
    return "\n".join(str(found) for found in findings if notes or found.severity is not Severity.NOTE)
