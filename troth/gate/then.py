"""What was a row collected for? The terms of the version it came in under, which no later version widens.

A purpose sees of an older row what it used then and still uses, as far back as it said then and still says. A later
version may narrow that; more needs a new recorded basis, which is a new row.
Source: GDPR Art. 5(1)(b), 5(1)(e), 6(4); docs/decisions/0021
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from troth.policy.model import Policy, Purpose

Earlier = Callable[[str], Policy | None]


def shorter(*spans: timedelta | None) -> timedelta | None:
    """The shortest of several times to keep; None has no end."""
    return min((span for span in spans if span is not None), default=None)


class Then:
    """The versions before one policy, as far as rows collected under them ask. `earlier` finds a version's policy."""

    def __init__(self, policy: Policy, earlier: Earlier | None = None) -> None:
        self._now, self._earlier = policy, earlier
        self._known: dict[str, Policy] = {policy.version: policy}

    def policy(self, version: str) -> Policy | None:
        """The policy a row was collected under; None when it cannot be shown, and then the row serves nothing."""
        found = self._known.get(version)
        if found is None:
            found = self._earlier(version) if self._earlier is not None else self._now
            if found is not None:
                self._known[version] = found
        return found

    def purpose(self, version: str, purpose: str) -> Purpose | None:
        """A purpose as it was then."""
        policy = self.policy(version)
        return policy.purposes.get(purpose) if policy is not None else None

    def items(self, version: str, purpose: Purpose) -> frozenset[str]:
        """What a purpose may see of rows of a version."""
        then = self.purpose(version, purpose.id)
        return frozenset(purpose.items).intersection(then.items) if then is not None else frozenset()

    def carried(self, version: str, event: str) -> frozenset[str]:
        """What rows of a version and an event type can hold at all."""
        policy = self.policy(version)
        declared = policy.events.get(event) if policy is not None else None
        return frozenset(declared.items) if declared is not None else frozenset()

    def keep_for(self, version: str, purpose: Purpose) -> timedelta | None:
        """How far back a purpose may look at rows of a version."""
        then = self.purpose(version, purpose.id)
        return shorter(purpose.keep_for, then.keep_for if then is not None else None)

    def item_keeps(self, version: str, item: str) -> timedelta | None:
        """How long an item's own retention rule keeps it of rows of a version."""
        declared = self._now.items.get(item)
        return self.rule_keeps(version, declared.keep) if declared is not None else None

    def rule_keeps(self, version: str, rule: str) -> timedelta | None:
        """How long a retention rule keeps what rows of a version hold; a rule that is gone binds no more."""
        policies = (self._now, self.policy(version))
        return shorter(*(policy.retention[rule].keep_for for policy in policies if policy is not None and rule in policy.retention))
