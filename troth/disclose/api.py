"""How do operators' programs hand data over? `/api/<w>/…` over the register, with the workspace's own key.

Every rule is the gate's; this reads bodies strictly and answers in JSON.
Source: RFC 6750 (bearer tokens); RFC 9110
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.errors import Fault
from troth.collect.door import Door
from troth.collect.messages import read_object
from troth.disclose import doors, said, said_messages
from troth.workspace import House, Workspace

_LIMIT = 64 * 1024
_PACKAGE_LIMIT = 64 * 1024 * 1024
Act = Callable[[Workspace, Mapping[str, Any], Mapping[str, str]], Any]


def routes(house: House, door: Door | None = None) -> list[Route]:
    """The routes of this room."""
    return [
        *(doors.routes(house, door) if door is not None else ()),
        _route(house, "disclosures", "GET", said.list_disclosures),
        _route(house, "disclosures", "POST", said.disclose_as_said),
        _route(house, "business-transfers", "POST", said.transfer_as_said),
        _route(house, "business-transfers/receive", "POST", said.receive_as_said, _PACKAGE_LIMIT),
        _route(house, "suppliers", "GET", said.list_suppliers),
        _route(house, "suppliers/{id}/terms", "POST", said.terms_as_said),
        _route(house, "suppliers/{id}/safeguards", "POST", said.safeguard_as_said),
        _route(house, "cases", "POST", said.open_as_said),
        _route(house, "cases/{id}/close", "POST", said.close_as_said),
        _route(house, "customers", "POST", said.customer_as_said),
        _route(house, "customers/{id}", "GET", said.show_customer),
        _route(house, "customers/{id}/notice", "POST", said.advise_as_said),
        _route(house, "customers/{id}/region", "POST", said.move_as_said),
        _route(house, "customers/{id}/copies", "POST", said.place_as_said),
        _route(house, "customers/{id}/contacts", "POST", said.contact_as_said),
        _route(house, "customers/{id}/end", "POST", said.end_as_said),
        _route(house, "sale-statement", "GET", said.show_sale_statement),
        _route(house, "transfers", "GET", said.list_transfers),
        _route(house, "recipients", "GET", said.list_received),
        _route(house, "responsible-company", "GET", said.show_company),
        _route(house, "uses", "POST", said.use_as_said),
        _route(house, "uses", "GET", said.list_uses),
        _route(house, "messages", "POST", said_messages.message_as_said),
        _route(house, "messages", "GET", said_messages.list_messages),
        _route(house, "withdrawals", "POST", lambda workspace, body, path: said_messages.withdrawal_as_said(house, workspace, body, path)),
    ]


def _route(house: House, path: str, method: str, act: Act, limit: int = _LIMIT) -> Route:
    async def answer(http: Request) -> Response:
        workspace = house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
        body = await _body(http, limit) if method == "POST" else dict(http.query_params)
        path = dict(http.path_params) | ({"canary": "yes"} if _is_proof(workspace, http.headers.get("troth-canary", "")) else {})
        found = await run_in_threadpool(act, workspace, body, path)
        return JSONResponse(found, 201 if method == "POST" else 200)

    handler: Callable[[Request], Awaitable[Response]] = answer
    return Route(f"/api/{{w}}/{path}", handler, methods=[method])


def _is_proof(workspace: Workspace, given: str) -> bool:
    """Whether a proof of this system's own asks, by the workspace's own secret: it then means its own persons alone."""
    return bool(given) and hmac.compare_digest(given.encode(), workspace.access["canary_key"].encode())


async def _body(http: Request, limit: int) -> dict[str, Any]:
    raw = b""
    async for part in http.stream():
        raw += part
        if len(raw) > limit:
            raise Fault("too-large", f"the body is larger than {limit // 1024} KB", status=413)
    return read_object(raw or b"{}")


