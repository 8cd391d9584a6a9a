"""What did people say that anyone may read? Their own words, for a purpose that publishes, while they permit it.

No address, number or other way to reach somebody is ever shown, whatever the purpose sees.
Source: GDPR Art. 6(1)(a), 7(3), 21
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis.expr.types as ir

from troth.base.clock import instant
from troth.base.errors import Fault
from troth.gate.grant import Grant
from troth.policy.model import Item, Kind, Policy
from troth.store.reveal import RevealedEvent, reveal_events
from troth.store.view import View
from troth.workspace import Workspace

PUBLIC = "public"  # the role of whoever reads what is published
_SHOWN = ("user.name", "user.content.public", "user.contact.organization", "user.contact.url")


def published_for(workspace: Workspace, purpose: str) -> list[dict[str, Any]]:
    """What stands published for a purpose, oldest first: each with its day. Raises `not-published` for any other purpose."""
    found = workspace.policy.purposes.get(purpose)
    if found is None or found.kind is not Kind.PUBLICATION:
        raise Fault("not-published", "the policy publishes nothing under this name", status=404)
    shown = frozenset(item for item in found.items if _may_be_read(workspace.policy.items[item]))
    grant = workspace.grant(purpose, PUBLIC, PUBLIC, shown)
    events = revealed(workspace, grant, lambda view: view.events)
    said = sorted((event for event in events if event.type in found.events and _speaks(workspace.policy, event.items)), key=lambda event: event.at)
    return [{"on": instant(event.at).date().isoformat()} | {item: event.items[item] for item in sorted(shown & event.items.keys())} for event in said]


def revealed(workspace: Workspace, grant: Grant, of: Callable[[View], ir.Table]) -> list[RevealedEvent]:
    """The events, opened, of whoever has one among `of`, a part of the view's; a no said meanwhile is heard."""

    def opened(view: View) -> list[RevealedEvent]:
        refs = frozenset(row["ref"] for row in view.execute(of(view).select("ref").distinct()))
        with workspace.state.read() as conn:
            return list(reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs)) if refs else []

    return workspace.views.run(grant, opened)  # type: ignore[no-any-return]


def _may_be_read(item: Item) -> bool:
    return item.category.startswith(_SHOWN)


def _speaks(policy: Policy, items: dict[str, Any]) -> bool:
    """Whether there are words in it, not a name alone."""
    return any(item in policy.items and policy.items[item].category.startswith("user.content") for item in items)
