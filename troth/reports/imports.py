"""What became of the lines of imported access logs? One funnel a file, from lines read to page views kept. Counts alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from troth.base.clock import instant
from troth.collect.access_log import Outcome
from troth.collect.import_log import Import, imports
from troth.gate.reasons import SENTENCES
from troth.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a funnel: what is left (`stays`), or what went out."""

    id: str
    label: str
    count: int
    stays: bool


@dataclass(frozen=True, slots=True)
class ImportFunnel:
    """One import. `read` is the sum of the five kinds of line; `page_views` that of `kept` and everything `refused`.

    `complete` is False while it runs, and after a crash until it is gone on with.
    """

    file: str
    read: int
    malformed: int
    assets: int
    robots: int
    not_pages: int
    other_method: int
    other_status: int
    page_views: int
    kept: int
    refused: Mapping[str, int]  # reason to how many
    began_at: datetime
    complete: bool

    @property
    def refused_in_words(self) -> list[tuple[str, int]]:
        """Why page views were refused, in the gate's words, most frequent first."""
        known = {str(reason): sentence for reason, sentence in SENTENCES.items()}
        return [(known.get(reason, reason), count) for reason, count in sorted(self.refused.items(), key=lambda pair: (-pair[1], pair[0]))]

    @property
    def steps(self) -> list[Step]:
        """From lines read to page views kept, each way out by name; what leaves nothing out is left out."""
        outs = [
            ("asset", "Files that belong to pages", self.assets), ("robot", "Robots", self.robots),
            ("other-method", "Calls that fetch no page", self.other_method),
            ("other-status", "Answered with an error or another address", self.other_status),
            ("malformed", "Lines that cannot be read", self.malformed),
        ]  # fmt: skip
        known = {str(reason): sentence for reason, sentence in SENTENCES.items()}
        refused = sorted(self.refused.items(), key=lambda pair: (-pair[1], pair[0]))
        return [
            Step("read", "Lines read", self.read, True),
            *(Step(id, label, count, False) for id, label, count in outs if count),
            Step("page-view", "Page views of people", self.page_views, True),
            *(Step(reason, "Refused: " + known.get(reason, reason), count, False) for reason, count in refused),
            Step("kept", "Page views kept", self.kept, True),
        ]

    def as_json(self) -> dict[str, Any]:
        """For programs; the outcomes of lines under the names that `access_log` gives them."""
        lines = {Outcome.MALFORMED: self.malformed, Outcome.ASSET: self.assets, Outcome.ROBOT: self.robots}
        lines |= {Outcome.OTHER_METHOD: self.other_method, Outcome.OTHER_STATUS: self.other_status, Outcome.PAGE_VIEW: self.page_views}
        told = {"file": self.file, "read": self.read, **{str(outcome): count for outcome, count in lines.items()}}
        return told | {"kept": self.kept, "refused": dict(self.refused), "began_at": self.began_at.isoformat(), "complete": self.complete}


def funnel(workspace: Workspace) -> list[ImportFunnel]:
    """Every import of a workspace, newest first."""
    with workspace.state.read() as conn:
        return [funnel_of(one) for one in reversed(imports(conn))]


def funnel_of(one: Import) -> ImportFunnel:
    """The funnel of one import."""
    counted = one.counts.outcomes
    method, status = counted[Outcome.OTHER_METHOD], counted[Outcome.OTHER_STATUS]
    return ImportFunnel(
        file=one.label,
        read=counted.total(),
        malformed=counted[Outcome.MALFORMED],
        assets=counted[Outcome.ASSET],
        robots=counted[Outcome.ROBOT],
        not_pages=method + status,
        other_method=method,
        other_status=status,
        page_views=counted[Outcome.PAGE_VIEW],
        kept=one.counts.kept,
        refused={reason: count for reason, count in one.counts.refused.items() if count},
        began_at=instant(one.began_at),
        complete=one.complete,
    )


