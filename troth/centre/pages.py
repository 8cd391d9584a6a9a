"""Where do people read the policy? The notice in force, every version for ever, and the cookies; for anyone.

The text itself is made by `troth.policy.notice`; its date stands where the policy promises.
Source: GDPR Art. 12(1), 13, 14; Cal. Civ. Code 1798.130(a)(5)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.clock import now
from troth.base.errors import Fault
from troth.policy.diff import diff
from troth.policy.model import Policy
from troth.policy.notice import as_html, as_markdown, cookie_page, notice
from troth.policy.page import Page
from troth.workspace import House, PublishedVersion, Workspace

_MARKDOWN = "text/markdown; charset=utf-8"
Handler = Callable[[Request, Workspace], Response]


def routes(house: House) -> list[Route]:
    """The routes of the public pages."""
    found: list[tuple[str, Handler]] = [
        ("/policy", _policy), ("/policy.md", _markdown), ("/policy/versions", _versions), ("/policy/versions/{version}", _version),
        ("/policy/versions/{version}.md", _version_markdown), ("/cookies", _cookies),
    ]
    found.sort(key=lambda one: not one[0].endswith(".md"))  # `1.md` is a version's text, not a version
    return [Route("/{w}" + path, _around(house, handler), methods=["GET"]) for path, handler in found]


def _around(house: House, handler: Handler) -> Any:
    async def answer(http: Request) -> Response:
        try:
            workspace = house.workspace(http.path_params["w"])
            return await run_in_threadpool(handler, http, workspace)
        except Fault as fault:
            if not look.wants_page(http):
                raise
            return look.error_page(http, fault.status, fault.code, fault.message, fault.help)

    return answer


def _notice(policy: Policy) -> Page:
    home = f"/{policy.workspace}"
    return notice(policy, f"{home}/policy/versions", f"{home}/cookies", f"{home}/privacy")


def _policy(http: Request, workspace: Workspace) -> Response:
    return _page(http, workspace.policy, _notice(workspace.policy), "policy")


def _markdown(_http: Request, workspace: Workspace) -> Response:
    return PlainTextResponse(as_markdown(_notice(workspace.policy)), media_type=_MARKDOWN)


def _cookies(http: Request, workspace: Workspace) -> Response:
    return _page(http, workspace.policy, cookie_page(workspace.policy), "cookies")


def _page(http: Request, policy: Policy, page: Page, here: str, older: str = "") -> Response:
    return look.render(
        "centre/notice.html", http, w=policy.workspace, owner=policy.organisation.name, here=here, title=page.title, text=_dressed(page),
        language=policy.language, older=older,
    )


def _dressed(page: Page) -> Markup:
    """The text's own HTML, every word of it escaped where it was made, in the clothes of our stylesheet."""
    html = as_html(page).replace('<article class="notice"', '<article class="text"', 1)
    return Markup(html.replace('<div class="scroll">', '<div class="table">').replace("<dl>", '<dl class="facts">'))


def _versions(http: Request, workspace: Workspace) -> Response:
    published = _published(workspace)
    policies = [workspace.plan_of(one).policy for one in published]
    rows = []
    for index, one in enumerate(published):
        changes = [str(change) for change in diff(policies[index - 1], policies[index])] if index else []
        told = {"version": one.version, "published_at": one.published_at, "effective_at": one.effective_at}
        rows.append(told | {"hash": one.hash[:16], "changes": changes})
    policy = workspace.policy
    return look.render(
        "centre/versions.html", http, w=policy.workspace, owner=policy.organisation.name, here="policy", rows=rows[::-1], in_force=policy.version,
        now=now(), language=policy.language,
    )


def _version(http: Request, workspace: Workspace) -> Response:
    found = _found(http, workspace)
    older = "" if found.version == workspace.policy.version else found.version
    policy = workspace.plan_of(found).policy
    return _page(http, policy, _notice(policy), "policy", older)


def _version_markdown(http: Request, workspace: Workspace) -> Response:
    return PlainTextResponse(as_markdown(_notice(workspace.plan_of(_found(http, workspace)).policy)), media_type=_MARKDOWN)


def _published(workspace: Workspace) -> list[PublishedVersion]:
    with workspace.state.read() as conn:
        return workspace.versions(conn)


def _found(http: Request, workspace: Workspace) -> PublishedVersion:
    for one in _published(workspace):
        if one.version == http.path_params["version"]:
            return one
    raise Fault("no-such-version", "no such version was ever published", status=404)
