"""What does the register show, and who hears of a change? Recipients, what each received, the count of sales.

It adds nothing to the register. What recipients must hear is noted by the rights; here it leaves, by the outbox.
Our own test persons are in none of its counts.
Source: GDPR Art. 15(1)(c), 19; Cal. Civ. Code 1798.115, 1798.130(a)(5)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from troth.base.clock import micros, now, now_micros
from troth.base.errors import Fault
from troth.disclose import letters
from troth.gate.disclosure import Nature
from troth.policy.model import Policy
from troth.rights.disclosed import Disclosed, disclosures_of, read_disclosures
from troth.rights.passed_on import mark_told, recipients_of, untold
from troth.workspace import Workspace


def recipients_to_tell(conn: Connection, refs: Iterable[int]) -> list[tuple[str, str]]:
    """(id or name, label) of every recipient to be told of a correction, restriction or erasure. Source: GDPR Art. 19."""
    return list(recipients_of(conn, refs))


def tell_recipients(workspace: Workspace) -> int:
    """Send what recipients are still to be told; returns how many. Safe to run again: each is told once.

    A recipient without an address in the policy is told through the organisation's own officer, who passes it on.
    """
    with workspace.state.read() as conn:
        waiting = untold(conn)
    for one in waiting:
        try:
            letters.tell_recipient(workspace, one, _address(workspace.policy, one.recipient))
        except Fault:  # an address in the policy that is none: the officer passes it on
            letters.tell_recipient(workspace, one, _officer(workspace.policy))
        with workspace.state.write() as conn:
            mark_told(conn, workspace.log, one, now_micros())
    return len(waiting)


def _address(policy: Policy, recipient: str) -> str:
    known = policy.recipients.get(recipient)
    return known.email if known is not None and known.email else _officer(policy)


def _officer(policy: Policy) -> str:
    return policy.organisation.officer_email or policy.organisation.email


# what California asks


@dataclass(frozen=True, slots=True)
class SaleStatement:
    """How many sales of personal information the register shows between two instants (microseconds)."""

    since: int
    until: int
    sales: int
    refused: int
    words: str

    @property
    def holds(self) -> bool:
        """Whether there was none."""
        return self.sales == 0


def sale_statement(workspace: Workspace, since: int | None = None) -> SaleStatement:
    """The statement on sale, computed from the register; by default over the last twelve months. Source: 1798.130(a)(5)(C)."""
    until = now()
    begins = micros(until - timedelta(days=366)) if since is None else since
    with workspace.state.read() as conn:
        sales = len(read_disclosures(conn, "nature = ? AND at >= ? AND canary = 0", str(Nature.SALE), begins))
        refused = conn.exec_driver_sql(
            "SELECT coalesce(sum(count), 0) FROM refused WHERE event = 'disclosure' AND reason = 'sale' AND minute >= ?", (begins // 60_000_000,)
        ).scalar_one()
    kept = workspace.policy.notice.no_sale or "No personal information was sold in this time."
    words = kept if sales == 0 else f"The register shows {sales} sale{'s' if sales > 1 else ''} of personal information in this time."
    return SaleStatement(begins, micros(until), sales, refused, words)


@dataclass(frozen=True, slots=True)
class Received:
    """What one recipient received: which items, and their kinds in the taxonomy."""

    recipient: str
    label: str
    category: str
    items: tuple[str, ...]
    kinds: tuple[str, ...]
    times: int


def recipients_by_category(conn: Connection, policy: Policy, refs: Iterable[int] | None = None, since: int = 0) -> dict[str, list[Received]]:
    """Categories of third parties, each with its recipients and the kinds of data they received; empty: none.

    About one person's references, or about everyone when `refs` is None. Source: Cal. Civ. Code 1798.115(a).
    """
    rows = read_disclosures(conn, "canary = 0") if refs is None else disclosures_of(conn, refs)
    by_recipient: dict[str, list[Disclosed]] = {}
    for one in rows:
        if one.at >= since:
            by_recipient.setdefault(one.recipient, []).append(one)
    found: dict[str, list[Received]] = {}
    for recipient, mine in sorted(by_recipient.items()):
        items = tuple(sorted({item for one in mine for item in one.items}))
        kinds = tuple(sorted({policy.items[item].category for item in items if item in policy.items}))
        last = mine[-1]
        found.setdefault(last.category or "others", []).append(Received(recipient, last.label, last.category, items, kinds, len(mine)))
    return found
