"""Where do people read the policy? The notice in force with what is announced, and the cookies; for anyone. Versions have their own file.

The texts themselves are made by `troth.policy.notice` and its neighbours; their date stands where the policy promises. Each can
be had in another form (`.md`, `.pdf`, `.jsonld`) and in another language (`?language=de`).
Source: GDPR Art. 12(1), 13, 14; Cal. Civ. Code 1798.130(a)(5)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.errors import Fault
from troth.centre import versions
from troth.collect.origins import home
from troth.look.paper import as_pdf
from troth.policy.language import language, languages
from troth.policy.model import Policy
from troth.policy.notice import as_html, as_markdown, cookie_page, notice
from troth.policy.notice_dpv import as_jsonld
from troth.policy.notice_short import short_notice
from troth.policy.notice_texts import untranslated
from troth.policy.page import Page
from troth.versions import Coming
from troth.workspace import House, Workspace

_MARKDOWN, _LINKED = "text/markdown; charset=utf-8", "application/ld+json"
_KEPT = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
Handler = Callable[[Request, Workspace], Response]


def routes(house: House) -> list[Route]:
    """The routes of the public pages. Forms come first: `policy.pdf` is a form of the policy."""
    found: list[tuple[str, Handler]] = []
    for path in _TEXTS:
        found += [(f"{path}.{form}", _in_form(path, form)) for form in ("md", "pdf", "jsonld")]
    found += [("", _start), ("/policy", _policy), ("/policy/short", _short), ("/cookies", _cookies)]
    return [*(Route("/{w}" + path, _around(house, handler), methods=["GET"]) for path, handler in found), *versions.routes(house, _around)]


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


def _language(http: Request) -> str:
    """The language asked for; empty: the policy's own."""
    asked = http.query_params.get("language", "")
    if asked and asked not in languages():
        raise Fault("no-such-language", "there is no such language here", f"one of {', '.join(languages())}", status=404)
    return asked


def _notice(policy: Policy, spoken: str = "") -> Page:
    home = f"/{policy.workspace}"
    return notice(policy, f"{home}/policy/versions", f"{home}/cookies", f"{home}/privacy", spoken)


def _brief(policy: Policy, spoken: str = "") -> Page:
    return short_notice(policy, f"/{policy.workspace}/policy", f"/{policy.workspace}/privacy", spoken)


_TEXTS: dict[str, Callable[[Policy, str], Page]] = {"/policy": _notice, "/policy/short": _brief, "/cookies": cookie_page}
_LINKED_AS = {"/policy": "notice", "/policy/short": "short", "/cookies": "cookies"}


def _in_form(path: str, form: str) -> Handler:
    """One of the texts as a file."""
    make = _TEXTS[path]

    def answer(http: Request, workspace: Workspace) -> Response:
        policy, spoken = workspace.policy, _language(http)
        if form == "jsonld":
            linked = as_jsonld(policy, _LINKED_AS[path], f"{home(workspace, http)}/{policy.workspace}/policy", spoken)
            return Response(json.dumps(linked, ensure_ascii=False), media_type=_LINKED, headers=_KEPT)
        if form == "pdf":
            return Response(as_pdf(make(policy, spoken), home(workspace, http)), media_type="application/pdf", headers=_KEPT)
        return PlainTextResponse(as_markdown(make(policy, spoken)), media_type=_MARKDOWN, headers=_KEPT)

    return answer


def _start(http: Request, workspace: Workspace) -> Response:
    return look.render("centre/start.html", http, w=workspace.id, owner=workspace.policy.organisation.name, here="")


def _policy(http: Request, workspace: Workspace) -> Response:
    return _page(http, workspace.policy, _notice(workspace.policy, _language(http)), "policy", workspace.coming(), "policy")


def _short(http: Request, workspace: Workspace) -> Response:
    return _page(http, workspace.policy, _brief(workspace.policy, _language(http)), "policy", (), "policy/short")


def _cookies(http: Request, workspace: Workspace) -> Response:
    return _page(http, workspace.policy, cookie_page(workspace.policy, _language(http)), "cookies", (), "cookies")


def _page(http: Request, policy: Policy, page: Page, here: str, coming: Sequence[Coming] = (), path: str = "") -> Response:
    return look.render(
        "centre/notice.html", http, w=policy.workspace, owner=policy.organisation.name, here=here, title=page.title,
        text=versions.dressed(as_html(page)), language=page.language, older="", coming=coming, published=None, not_yet=False,
        forms=_forms(policy, page, path), forms_label=language(page.language).say("forms.heading"),
    )


def _forms(policy: Policy, page: Page, path: str) -> list[tuple[str, str, str]]:
    """The other forms of a text: what each is called, where it is, and its language where that is another one."""
    say, own = language(page.language).say, f"/{policy.workspace}/{path}"
    asked = "" if page.language == policy.language else f"?language={page.language}"
    found = [(say(f"forms.{form}"), f"{own}.{form}{asked}", "") for form in ("pdf", "md", "jsonld")]
    if path == "policy":
        found.append((say("forms.short"), f"{own}/short{asked}", ""))
    return found + [(name, f"{own}?language={id}", id) for id, name in languages().items() if id != page.language and not untranslated(policy, id)]
