"""What can a page do without the script? Keep a way of viewing in a cookie that the server sends, load a pixel, show what is published.

A cookie that a script writes is cut short by some browsers; one that the server sends lives as the policy says. Whether
either may be is the gate's: the act is collected like any other event, and nothing is kept of somebody for whom it is not.
Source: Directive 2002/58/EC Art. 5(3); RFC 6265; EDPB Guidelines 2/2023 (pixels)
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect.door import Door
from troth.collect.messages import Message
from troth.collect.origins import Origins, in_force, of_a_site
from troth.collect.pipeline import Origin
from troth.collect.privacy_signal import sent_in
from troth.collect.published import published_for
from troth.collect.web import check_key, json_of
from troth.consent.standing import read_standing
from troth.gate.reasons import SENTENCES, Reason
from troth.policy.conduct import WithoutCookies
from troth.policy.model import Cookie, Policy
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

VIEW, VISITOR = "troth_view", "troth_visitor"
SET, LOADED = "Preference Set", "Pixel Loaded"
NEEDED = "this rests on a cookie that your browser did not send, or that you refused"
_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAAAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")  # one clear point
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_ID = re.compile(r"[A-Za-z0-9_-]{8,128}")


def routes(house: House, door: Door) -> list[Route]:
    """The routes of this room."""
    doors, sites = _Scriptless(house, door), Origins(house)
    return [
        Route("/{w}/view", sites.open_to_sites(doors.viewed), methods=["GET"]),
        Route("/{w}/view", sites.open_to_sites(doors.prefer), methods=["POST"]),
        Route("/{w}/pixel.gif", doors.pixel, methods=["GET"]),
        Route("/{w}/published/{purpose}", sites.open_to_sites(doors.published), methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of one event of a browser. `why`: the reason nothing was kept, in words; empty when it was."""

    why: str = ""


class _Scriptless:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door = house, door

    async def viewed(self, http: Request) -> Response:
        """How this browser's owner likes to view the site, by the cookie that says so; the usual way without it."""
        workspace = self._house.workspace(http.path_params["w"])
        policy = await in_force(workspace)
        cookie = _view_cookie(policy)
        found, visitor = words_in(http.cookies.get(VIEW, "")), _id(http.cookies.get(VISITOR))
        if not found:
            return _usual(policy, cookie, http, NEEDED if visitor is None else "", deny=visitor is None)
        if visitor is not None and not await run_in_threadpool(_permits, workspace, cookie, visitor):
            return _usual(policy, cookie, http, NEEDED)
        return _told(found, kept=True)

    async def prefer(self, http: Request) -> Response:
        """Keep one way of viewing in the cookie, where that is permitted; a bare word and nothing else."""
        workspace = self._house.workspace(http.path_params["w"])
        body = await json_of(http)
        check_key(workspace, body)
        policy = await in_force(workspace)
        cookie, word = _view_cookie(policy), body.get("preference")
        if not isinstance(word, str) or not _WORD.fullmatch(word):
            raise Fault("bad-preference", "a preference is one word of small letters, digits and dashes")
        visitor = _id(body.get("anonymousId")) or _id(http.cookies.get(VISITOR))
        if visitor is None:
            return _usual(policy, cookie, http, NEEDED, deny=True)
        kept = await self._keep(workspace, http, SET, visitor, {"preference": word}, body)
        if kept.why:
            return _usual(policy, cookie, http, kept.why, deny=True)
        answer = _told({"preference": word}, kept=True)
        seconds = int(cookie.keep_for.total_seconds()) if cookie.keep_for else None
        secure = workspace.settings.base_url.startswith("https://")
        answer.set_cookie(VIEW, quote(json.dumps({"preference": word})), max_age=seconds, path="/", secure=secure, samesite="lax")
        return answer

    async def pixel(self, http: Request) -> Response:
        """One hidden picture: an event with its technology where that is permitted; else an empty answer, and nothing kept."""
        workspace = self._house.workspace(http.path_params["w"])
        asked = dict(http.query_params)
        check_key(workspace, asked)
        visitor, page = _id(asked.get("visitor")) or _id(http.cookies.get(VISITOR)), http.headers.get("referer", "")
        empty = Response(status_code=204, headers={"cache-control": "no-store"})
        if visitor is None or not of_a_site(await in_force(workspace), page) or http.method == "HEAD":  # who asks for no picture is shown none
            return empty
        kept = await self._keep(workspace, http, LOADED, visitor, {"technology": "pixel"}, asked, page)
        return empty if kept.why else Response(_PIXEL, media_type="image/gif", headers={"cache-control": "no-store"})

    async def published(self, http: Request) -> Response:
        """What people let us publish: for a page of the site, and for whoever takes it over from here."""
        workspace = self._house.workspace(http.path_params["w"])
        found = await run_in_threadpool(published_for, workspace, http.path_params["purpose"])
        return JSONResponse({"published": found}, headers={"cache-control": "no-store"})

    async def _keep(
        self, workspace: Workspace, http: Request, name: str, visitor: str, properties: dict[str, Any], said: Mapping[str, Any], page: str = ""
    ) -> Kept:
        message = Message(type="track", event=name, properties=properties, anonymous_id=visitor)
        message.context = {"timezone": said.get("tz"), "canary": said.get("canary")} | ({"page": {"url": page}} if page else {})
        address, agent = http.client.host if http.client else "", http.headers.get("user-agent", "")
        origin = Origin(False, address, agent, now_micros(), workspace.access["canary_key"], sent_in(http.headers.raw))
        answer = await self._door.ingest(workspace).submit([message], origin)
        return Kept() if answer.stored else Kept(SENTENCES[Reason(next(iter(answer.reasons), Reason.NO_PERMISSION))])


def words_in(text: str) -> dict[str, str]:
    """What a view cookie holds, as far as it is bare words; empty for anything else that somebody put there."""
    try:
        found = json.loads(unquote(text)) if text else {}
    except (ValueError, RecursionError):
        return {}
    word = found.get("preference") if isinstance(found, dict) else None
    return {"preference": word} if isinstance(word, str) and _WORD.fullmatch(word) else {}


def _view_cookie(policy: Policy) -> Cookie:
    found = policy.cookies.get(VIEW)
    if found is None:
        raise Fault("no-such-cookie", "the policy names no cookie that keeps how somebody likes to view the site", status=404)
    return found


def _permits(workspace: Workspace, cookie: Cookie, visitor: str) -> bool:
    """Whether this browser's owner still lets the cookie be, for one of its purposes."""
    plan = workspace.plan
    with workspace.state.read() as conn:
        ref = directory.find(conn, directory.hash_of(workspace.keys, IdentifierKind.ANONYMOUS, visitor))
        standing = read_standing(conn, ref) if ref is not None else None
    if standing is None:
        return False
    return any(plan.denial(plan.policy.purposes[one], standing) is None for one in cookie.purposes if one in plan.policy.purposes)


def _usual(policy: Policy, cookie: Cookie, http: Request, why: str, deny: bool = False) -> Response:
    """The usual way of viewing and why; where the policy serves nobody without cookies, an answer that says so. A cookie left over goes."""
    if deny and policy.asking.without_cookies is WithoutCookies.MAY_DENY:
        answer: Response = JSONResponse(Fault("cookies-needed", why, help="allow the cookie, and ask again").as_json(), 403)
    else:
        answer = _told({}, kept=False, why=why)
    if cookie.name in http.cookies:
        answer.delete_cookie(cookie.name, path="/")
    return answer


def _told(view: Mapping[str, str], kept: bool, why: str = "") -> JSONResponse:
    return JSONResponse({"view": dict(view), "kept": kept} | ({"why": why} if why else {}), headers={"cache-control": "no-store"})


def _id(given: object) -> str | None:
    return given if isinstance(given, str) and _ID.fullmatch(given) else None
