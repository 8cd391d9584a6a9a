"""What does the link in “is it you?” open? A page with a button; pressing it is the yes. A GET changes nothing.

It needs no cookie and no sign-in: the token is the authority, once. Whatever else it is, it is refused in one way, and counted.
Source: GDPR Art. 7(1); docs/decisions/0028
"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import twice
from troth.collect.calls_web import read_body
from troth.collect.door import Door
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.collect.twice import Held
from troth.disclose.ending import shown
from troth.rights import verify
from troth.workspace import House, Workspace

_LARGEST = 8 * 1024
_PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


def routes(house: House, door: Door | None) -> list[Route]:
    """The routes of confirming."""

    async def answer(http: Request) -> Response:
        try:
            workspace = house.workspace(http.path_params["w"])
            if http.method == "POST":
                await read_body(http, _LARGEST)
                held = await run_in_threadpool(_use, workspace, http)
                await _hand_on(workspace, door, held)
                await run_in_threadpool(twice.use_up, workspace, http.path_params["token"][:64])
            else:
                held = await run_in_threadpool(_look, workspace, http)
            return _page(http, workspace, held)
        except Fault as fault:
            headers = {"retry-after": "900"} if fault.status == 429 else {}
            if not look.wants_page(http):
                return JSONResponse(fault.as_json(), fault.status, headers)
            return look.error_page(http, fault.status, fault.code, fault.message, fault.help, headers=headers)

    return [Route("/{w}/confirm/{token}", answer, methods=["GET", "POST"])]


def _use(workspace: Workspace, http: Request) -> Held:
    return _counted(workspace, http, lambda token: twice.confirm(workspace, token))


def _look(workspace: Workspace, http: Request) -> Held:
    def read(token: str) -> Held:
        with workspace.state.read() as conn:
            return twice.look(workspace, conn, token)

    return _counted(workspace, http, read)


def _counted(workspace: Workspace, http: Request, read: Any) -> Held:
    """Only a wrong token is counted: whole offices may confirm from one address."""
    try:
        found: Held = read(http.path_params["token"][:64])
        return found
    except Fault:
        with workspace.state.write() as conn:
            fair = verify.may_try(workspace, conn, "confirm", http.client.host if http.client else "", verify.PER_CLIENT)
        if not fair:
            raise Fault("too-many-tries", "too many wrong links came from here; try again in a quarter of an hour", status=429) from None
        raise


async def _hand_on(workspace: Workspace, door: Door | None, held: Held) -> None:
    """What was sent with the form goes its usual way, through the gate, which permits it now."""
    if door is None:
        return
    event = workspace.policy.events[held.event]
    message = Message(type="track", event=event.name or event.id, properties=dict(held.fields), message_id=held.message)
    message.context = {"timezone": held.body.get("tz"), "canary": held.body.get("canary")}
    await door.ingest(workspace).submit([message], Origin(False, "", "", now_micros(), workspace.access["canary_key"]))


def _page(http: Request, workspace: Workspace, held: Held) -> Response:
    done = http.method == "POST"
    labels = shown(workspace.policy, held.purposes)
    if done and not look.wants_page(http):
        return PlainTextResponse("Thank you, it is confirmed.\n", headers=_PRIVATE)
    usual: dict[str, Any] = {"w": workspace.id, "owner": workspace.policy.organisation.name, "here": "privacy", "policy": workspace.policy}
    usual |= {"coming": (), "person": None, "flash": None, "tab": "", "form_token": ""}
    action = f"/{workspace.id}/confirm/{http.path_params['token'][:64]}"
    wordings = [workspace.policy.purposes[id].wording or workspace.policy.purposes[id].notice for id in held.purposes]
    return look.render("centre/confirm.html", http, headers=_PRIVATE, **usual, labels=labels, wordings=wordings, done=done, action=action)
