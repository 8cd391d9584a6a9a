"""Where is every version of the policy, for ever? The list with what changed and why, and each version as it was published.

Nothing is made anew: the notice is the one that people read, the file the one that was in force, and both are compared
with the ledger before they are shown. What does not match is not served.
Source: GDPR Art. 5(2), 7(1), 12(1), 13(3)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.clock import now, now_micros
from troth.base.errors import Fault
from troth.policy.announcing import REVISED_FOR
from troth.policy.demands import RevisedFor
from troth.policy.diff import Change, diff
from troth.policy.material import MaterialChange, materials
from troth.policy.model import Policy
from troth.versions import KeptNotice, PublishedVersion, before, made_notice, overtaken, parse_policy
from troth.workspace import House, Workspace

_MARKDOWN, _YAML = "text/markdown; charset=utf-8", "application/yaml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Row:
    """One version in the list. `state` is in-force, coming, earlier, overtaken or tampered."""

    version: str
    published_at: datetime
    effective_at: datetime
    sha256: str
    state: str
    reason: str
    announced: bool
    by_mail: bool
    asks_again: tuple[str, ...]
    changes: tuple[Change, ...]
    material: tuple[MaterialChange, ...]

    def as_json(self) -> dict[str, Any]:
        """The row for a program."""
        return {
            "version": self.version, "published_at": self.published_at.isoformat(), "effective_at": self.effective_at.isoformat(),
            "sha256": self.sha256, "state": self.state, "reason": self.reason, "announced": self.announced, "by_mail": self.by_mail,
            "asks_again": list(self.asks_again), "changes": [str(one) for one in self.changes], "material": [one.as_json() for one in self.material],
        }


def routes(house: House, around: Any) -> list[Route]:
    """The routes of versions; `around` answers a fault as a page. Files come first: `1.md` is a version's text, not a version."""
    found = [
        ("/policy/versions", _list), ("/policy/versions.json", _json), ("/policy/versions/{version}.md", _markdown),
        ("/policy/versions/{version}.yaml", _file), ("/policy/versions/{version}", _page),
    ]
    return [Route("/{w}" + path, around(house, handler), methods=["GET"]) for path, handler in found]


def rows_of(workspace: Workspace) -> list[Row]:
    """Every version, oldest first, each compared with the ledger now."""
    with workspace.state.read() as conn:
        known, in_force = workspace.published.as_they_rest(conn), workspace.published.at(conn, now_micros())
    return [_row(one, known, in_force) for one in known]


def _row(one: PublishedVersion, known: list[PublishedVersion], in_force: PublishedVersion | None) -> Row:
    older = before(one, known)
    changes, material = _changed(older, one)
    state = _state(one, known, in_force)
    reason = REVISED_FOR[RevisedFor(one.reason)] if one.reason else ""
    return Row(
        one.version, one.published_at, one.effective_at, one.hash, state, reason, one.announced, one.by_mail, one.asks_again, changes, material
    )


def _state(one: PublishedVersion, known: list[PublishedVersion], in_force: PublishedVersion | None) -> str:
    if not one.genuine:
        return "tampered"
    if in_force is not None and one.version == in_force.version:
        return "in-force"
    if one.effective_at > now():
        return "overtaken" if overtaken(one, known) else "coming"
    return "earlier"


def _changed(older: PublishedVersion | None, one: PublishedVersion) -> tuple[tuple[Change, ...], tuple[MaterialChange, ...]]:
    if older is None or not (older.genuine and one.genuine):
        return (), ()
    old, new = parse_policy(older.text), parse_policy(one.text)
    return tuple(diff(old, new)), tuple(materials(old, new))


def _list(http: Request, workspace: Workspace) -> Response:
    policy = workspace.policy
    return look.render(
        "centre/versions.html", http, w=workspace.id, owner=policy.organisation.name, here="policy", rows=rows_of(workspace)[::-1],
        language=policy.language, policy=policy,
    )


def _json(_http: Request, workspace: Workspace) -> Response:
    return JSONResponse([row.as_json() for row in rows_of(workspace)], headers={"cache-control": "no-store"})


def _page(http: Request, workspace: Workspace) -> Response:
    found, kept, policy = _found(http, workspace)
    with workspace.state.read() as conn:
        in_force = workspace.published.at(conn, now_micros())
    older = "" if in_force is not None and found.version == in_force.version else found.version
    return look.render(
        "centre/notice.html", http, w=workspace.id, owner=policy.organisation.name, here="policy", title=policy.title, text=dressed(kept.html),
        language=policy.language, older=older, coming=[], published=found, not_yet=found.effective_at > now(), policy=policy,
    )


def _markdown(http: Request, workspace: Workspace) -> Response:
    return PlainTextResponse(_found(http, workspace)[1].markdown, media_type=_MARKDOWN)


def _file(http: Request, workspace: Workspace) -> Response:
    """The policy itself, byte for byte: its SHA-256 is the one in the ledger."""
    found, _, _ = _found(http, workspace)
    return PlainTextResponse(found.text, media_type=_YAML, headers={"etag": f'"{found.hash}"'})


def _found(http: Request, workspace: Workspace) -> tuple[PublishedVersion, KeptNotice, Policy]:
    with workspace.state.read() as conn:
        found = workspace.published.read(conn, http.path_params["version"])
        if found is None:
            raise Fault("no-such-version", "no such version was ever published", status=404)
        kept = workspace.published.notice_of(conn, found)
    policy = parse_policy(found.text)
    return found, kept or made_notice(policy), policy


def dressed(html: str) -> Markup:
    """A notice's own HTML, every word of it escaped where it was made, in the clothes of our stylesheet."""
    html = html.replace('<article class="notice"', '<article class="text"', 1)
    return Markup(html.replace("<dl>", '<dl class="facts">'))
