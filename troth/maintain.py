"""What must be done again and again? Settling the journal, unlinking files, erasing, sweeping, signing checkpoints.

Each task is safe to run twice and from several processes. A failure is logged by its kind, stops no other task, and is tried
again next time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from troth.base.clock import now_micros
from troth.collect import asked, chat, nobody, twice
from troth.disclose import announce, confirming, outbox, told
from troth.retain import sweep_when_due
from troth.rights import erasure, review
from troth.workspace import House, Workspace

erasure.ALSO_REMOVE += [outbox.sweep, twice.purge]
assert confirming.ask in twice.ASK  # whoever sends the links of forms that wait
_SETTLE_ROWS = 5_000
_SETTLE_AFTER = 30_000_000
_logger = logging.getLogger("troth")


def tend(workspace: Workspace) -> None:
    """One round for one workspace."""
    tasks: tuple[Callable[[Workspace], object], ...] = (
        settle_when_due, unlink, review.erase_due, told.tell_recipients, erasure.continue_cases, announce.go_on, outbox.deliver_waiting, outbox.sweep,
        twice.purge, sweep_when_due, nobody.forget, asked.lapse_when_due, chat.forget_old, checkpoint,
    )  # fmt: skip
    for task in tasks:
        try:
            task(workspace)
        except Exception as error:  # tried again next round; what failed is named without its data
            _logger.warning("maintenance of %s failed at %s: %s", workspace.id, getattr(task, "__name__", ""), type(error).__name__)


def tend_all(house: House) -> None:
    """One round for every workspace; one that cannot be opened keeps nobody from the others."""
    for name in house.names():
        try:
            workspace = house.workspace(name)
        except Exception as error:
            _logger.warning("maintenance cannot open %s: %s", name, type(error).__name__)
            continue
        tend(workspace)


def settle_when_due(workspace: Workspace) -> None:
    """Settle a journal that has grown, or has waited long enough."""
    if _worth_settling(workspace):
        workspace.lake.settle()


def unlink(workspace: Workspace) -> None:
    """Remove files off the lake's list."""
    workspace.lake.unlink_retired()


def _worth_settling(workspace: Workspace) -> bool:
    with workspace.state.read() as conn:
        count, oldest = conn.exec_driver_sql("SELECT count(*), min(at) FROM (SELECT at FROM journal LIMIT 5001)").one()
    return bool(count >= _SETTLE_ROWS or (count > 0 and now_micros() - oldest > _SETTLE_AFTER))


def checkpoint(workspace: Workspace) -> None:
    """Sign the ledger's size and root when it has grown, and tell the tape."""
    with workspace.state.read() as conn:
        size = workspace.log.size(conn)
        newest = conn.exec_driver_sql("SELECT coalesce(max(size), 0) FROM ledger_checkpoint").scalar_one()
    if size <= newest:
        return
    with workspace.state.write() as conn:
        workspace.sign(conn)
