"""Sabotages of telephone calls."""

from __future__ import annotations

from typing import Any

from troth.collect.calls import EndedCall
from troth.prove.sabotage import sabotage

Changes = list[tuple[Any, Any, Any]]


@sabotage("a caller's number is not kept")
def lose_callers() -> Changes:
    honest = EndedCall.draft

    def draft(self: EndedCall, plan: Any) -> Any:
        made = honest(self, plan)
        made.items.pop("call.caller", None)
        return made

    return [(EndedCall, "draft", draft)]


@sabotage("calls are never joined with visits")
def never_join() -> Changes:
    return [(EndedCall, "end", lambda self, conn, plan, kept, at: None)]
