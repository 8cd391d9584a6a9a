"""What does the link in a message open? A page with a button; a POST, from it or from a mail program, acts at once.

It needs no cookie and no sign-in and sends nowhere else: the token is the authority. A GET changes nothing, as mail scanners
follow every link. A token that was not made here is refused in one way whatever is wrong with it, and counted.
Source: RFC 8058 section 3; docs/decisions/0026
"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.errors import Fault
from troth.disclose.unsubscribe import ALL, BY_PAGE, ONE_CLICK, Subscription, read_token, unsubscribe
from troth.rights import verify
from troth.workspace import House, Workspace

_LARGEST = 8 * 1024
_PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def routes(house: House) -> list[Route]:
    """The routes of leaving a list."""

    async def answer(http: Request) -> Response:
        try:
            body = await _read(http) if http.method == "POST" else b""
            return await run_in_threadpool(_answer, house, http, body)
        except Fault as fault:
            headers = {"retry-after": "900"} if fault.status == 429 else {}
            if not look.wants_page(http):
                return JSONResponse(fault.as_json(), fault.status, headers)
            return look.error_page(http, fault.status, fault.code, fault.message, fault.help, headers=headers)

    return [Route(f"/{{w}}/unsubscribe/{{token}}{end}", answer, methods=["GET", "POST"]) for end in ("", ALL)]


def _answer(house: House, http: Request, body: bytes) -> Response:
    workspace = house.workspace(http.path_params["w"])
    one, everything = _of(workspace, http), http.url.path.endswith(ALL)
    done = http.method == "POST"
    if done:
        unsubscribe(workspace, one, everything, BY_PAGE if b"by=page" in body else ONE_CLICK)
        if not look.wants_page(http):
            return PlainTextResponse("You get no more of these messages.\n", headers=_PRIVATE)
    purpose = workspace.policy.purposes.get(one.purpose)
    usual: dict[str, Any] = {"w": workspace.id, "owner": workspace.policy.organisation.name, "here": "privacy", "policy": workspace.policy}
    usual |= {"coming": (), "person": None, "flash": None, "tab": "", "form_token": ""}
    here = f"/{workspace.id}/unsubscribe/{http.path_params['token']}"
    label = purpose.label if purpose else "these messages"
    return look.render("centre/unsubscribe.html", http, headers=_PRIVATE, **usual, label=label, everything=everything, done=done, action=here)


def _of(workspace: Workspace, http: Request) -> Subscription:
    try:
        return read_token(workspace, http.path_params["token"])
    except Fault:
        who = http.client.host if http.client else ""
        with workspace.state.write() as conn:
            fair = verify.may_try(workspace, conn, "unsubscribe", who, verify.PER_CLIENT)
        if not fair:
            raise Fault("too-many-tries", "too many wrong links came from here; try again in a quarter of an hour", status=429) from None
        raise


async def _read(http: Request) -> bytes:
    raw = b""
    async for part in http.stream():
        raw += part
        if len(raw) > _LARGEST:
            raise Fault("too-large", f"the form is larger than {_LARGEST // 1024} KB", status=413)
    return raw
