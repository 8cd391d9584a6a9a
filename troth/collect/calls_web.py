"""What do browsers and telephone providers talk to about calls? A number for a page, and the hooks that calls come in by.

A call is taken whatever the gate says of it: providers are answered the same, and quickly.
Source: Twilio documentation, "Voice status callbacks"; Asterisk, "CDR" and "CDR over HTTP"
"""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect import asterisk, calls, numbers, twilio
from troth.collect.calls import EndedCall, News
from troth.collect.door import Door
from troth.collect.messages import EVENT_LIMIT, basic_key, read_object
from troth.collect.origins import Origins
from troth.collect.privacy_signal import hear_visitor, sent_in
from troth.collect.telephone import displayed
from troth.workspace import House, Workspace


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room."""
    room = _Calls(house, door)
    return [
        Route("/{w}/number", Origins(house).open_to_sites(room.number), methods=["POST"]),
        Route("/{w}/hooks/twilio/voice", room.twilio_voice, methods=["POST"]),
        Route("/{w}/hooks/cdr/asterisk", room.asterisk_cdr, methods=["POST"]),
    ]


class _Calls:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door = house, door

    def _workspace(self, http: Request) -> Workspace:
        return self._house.workspace(http.path_params["w"])

    async def number(self, http: Request) -> Response:
        """The number this browser's page is to show. Who is known stands in the body: an address is read by proxies on the way."""
        workspace = self._workspace(http)
        given = read_object(await read_body(http, EVENT_LIMIT)).get("visitor")
        visitor = given if isinstance(given, str) else ""
        if sent_in(http.headers.raw):
            await run_in_threadpool(hear_visitor, workspace, visitor)
        offer = await run_in_threadpool(numbers.offer, workspace, visitor)
        shown = {"number": offer.number, "display": displayed(offer.number), "leased": offer.leased}
        return JSONResponse(shown, headers={"cache-control": "no-store"})

    async def twilio_voice(self, http: Request) -> Response:
        """One status callback of Twilio, which may also be the first call of a number's voice URL."""
        workspace = self._workspace(http)
        form = twilio.read_form(await read_body(http, twilio.FORM_LIMIT))
        url = workspace.settings.base_url + signed_path(http)
        twilio.check_signature(workspace.access["twilio_token"], url, form, http.headers.get("x-twilio-signature"))
        await self._take(workspace, twilio.read_call(form, now_micros()))
        return Response(twilio.NOTHING_TO_DO, media_type="text/xml")

    async def asterisk_cdr(self, http: Request) -> Response:
        """One record of Asterisk's, sent by a program that holds the workspace's write key."""
        workspace = self._workspace(http)
        if basic_key(http.headers.get("authorization", "")) != workspace.access["write_key"]:
            raise Fault("bad-key", "the write key is missing or belongs to another workspace", status=401)
        news = asterisk.read_record(await read_body(http, asterisk.RECORD_LIMIT))
        if news is not None:
            await self._take(workspace, news)
        return JSONResponse({"ok": True})

    async def _take(self, workspace: Workspace, news: News) -> None:
        if news.ends:
            await self._door.ingest(workspace).take(EndedCall(workspace, news))
        else:
            await run_in_threadpool(calls.note, workspace, news)


async def read_body(http: Request, limit: int) -> bytes:
    """The whole body; raises `too-large`."""
    raw = bytearray()
    async for part in http.stream():
        raw += part
        if len(raw) > limit:
            raise Fault("too-large", f"the body is larger than {limit // 1024} KB", status=413)
    return bytes(raw)


def signed_path(http: Request) -> str:
    """Path and query as they were sent, which is what was signed."""
    path: bytes = http.scope.get("raw_path") or http.scope["path"].encode()
    query: bytes = http.scope["query_string"]
    return (path.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
