"""What comes back to a message? A text that answers one, a link of a mail that was followed, a picture that was fetched.

A provider's signature, or the token of the message itself, is the authority. What is noticed passes the gate like every event: of
whom it is not permitted nothing is kept, and the link leads on all the same.
Source: Twilio documentation, "Receive messages"; docs/decisions/0028
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import twilio
from troth.collect.calls_web import read_body, signed_path
from troth.collect.door import Door
from troth.collect.messages import Message
from troth.collect.pipeline import Origin
from troth.consent.standing import read_standing
from troth.disclose import texts, trackers
from troth.disclose.trackers import Noticed
from troth.policy.conduct import Tracks
from troth.rights import verify
from troth.rights.verify import Limit
from troth.workspace import House, Workspace

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_PRIVATE = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
PER_NUMBER = Limit(30, verify.PER_ADDRESS.within)
_WHAT = {"opened": Tracks.OPENS, "followed": Tracks.CLICKS}


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room that messages lead to."""
    room = _Doors(house, door)
    return [
        Route("/{w}/hooks/twilio/sms", room.text, methods=["POST"]),
        Route("/{w}/mail/{what}/{token}", room.noticed, methods=["GET"]),
    ]


class _Doors:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door = house, door

    async def text(self, http: Request) -> Response:
        """One text that somebody sent to a number of ours."""
        workspace = self._house.workspace(http.path_params["w"])
        form = twilio.read_form(await read_body(http, twilio.FORM_LIMIT))
        url = workspace.settings.base_url + signed_path(http)
        twilio.check_signature(workspace.access["twilio_token"], url, form, http.headers.get("x-twilio-signature"))
        text = texts.read_text(form, workspace.access["canary_key"])
        meant = await run_in_threadpool(_take, workspace, text)
        await self._keep_text(workspace, text)
        return Response(twilio.NOTHING_TO_DO, media_type="text/xml", headers={"troth-meant": meant})

    async def _keep_text(self, workspace: Workspace, text: texts.Inbound) -> None:
        sent = await run_in_threadpool(texts.as_sent, workspace, text)
        if sent is not None:
            flag = {"canary": workspace.access["canary_key"]} if text.canary else {}
            message = Message(type="track", event=sent[0], properties=dict(sent[1]), message_id=f"text-{text.id}", context=dict(flag))
            await self._door.ingest(workspace).submit([message], Origin(True, "", "", now_micros(), workspace.access["canary_key"]))

    async def noticed(self, http: Request) -> Response:
        """A mail was opened, or a link of it followed."""
        workspace, what = self._house.workspace(http.path_params["w"]), http.path_params["what"]
        if what not in _WHAT:
            raise Fault("not-found", "there is nothing here", status=404)
        noticed = await run_in_threadpool(_read, workspace, what, http)
        event = trackers.event_for(workspace.policy, _WHAT[what])
        if event is not None and http.method == "GET":
            await self._keep(workspace, event.name or event.id, noticed)
        if what == "followed":
            return RedirectResponse(noticed.target, 302, headers=_PRIVATE)
        return Response(_PIXEL, media_type="image/gif", headers=_PRIVATE)

    async def _keep(self, workspace: Workspace, event: str, noticed: Noticed) -> None:
        fields = {"email": noticed.address, "letter": noticed.letter}
        fields |= {"link": urlsplit(noticed.target).path or "/"} if noticed.target else {}
        standing = await run_in_threadpool(_standing, workspace, noticed.ref)
        if standing is not None:  # whoever was erased since is nobody to notice anything of
            flag = {"canary": workspace.access["canary_key"]} if standing else {}
            message = Message(type="track", event=event, properties=dict(fields), context=dict(flag))
            await self._door.ingest(workspace).submit([message], Origin(True, "", "", now_micros(), workspace.access["canary_key"]))


def _take(workspace: Workspace, text: texts.Inbound) -> str:
    """What a text means; nobody's flood keeps others waiting, and a STOP is never one too many."""
    rules = workspace.policy.channels.get("sms")
    stops = texts.understood(text.body, text.opt_out, rules) in (texts.Meant.STOP, texts.Meant.ASKED_TO_STOP)
    with workspace.state.write() as conn:
        fair = verify.may_try(workspace, conn, "text", text.sender, PER_NUMBER)
    if not (fair or stops):
        raise Fault("too-many-tries", "too many texts came from this number; they are read again in a quarter of an hour", status=429)
    return str(texts.take(workspace, text))


def _standing(workspace: Workspace, ref: int) -> bool | None:
    """Whether this is a person made up by a proof; None when there is nobody."""
    with workspace.state.read() as conn:
        found = read_standing(conn, ref)
    return found.canary if found is not None else None


def _read(workspace: Workspace, what: str, http: Request) -> Noticed:
    try:
        return trackers.read_door(workspace, what, http.path_params["token"])
    except Fault:
        with workspace.state.write() as conn:
            fair = verify.may_try(workspace, conn, "mail-door", http.client.host if http.client else "", verify.PER_CLIENT)
        if not fair:
            raise Fault("too-many-tries", "too many wrong links came from here; try again in a quarter of an hour", status=429) from None
        raise
