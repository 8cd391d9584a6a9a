"""Who stands at the desk, and may this form be taken? Session, origin and form token around every handler of the centre.

It answers nothing itself. Every POST must come from our own pages; with a session it must carry the session's form
token as well. A handler runs in a thread and gets an `Ask`.
Source: OWASP CSRF prevention; RFC 6265bis (SameSite)
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from troth import look
from troth.base.errors import Fault
from troth.collect.privacy_signal import sent_in
from troth.gate.admit import admit_subject
from troth.gate.grant import Grant
from troth.gate.reasons import Refused
from troth.policy.model import Policy
from troth.policy.packs_rights import verifying_under
from troth.policy.words import capital
from troth.rights import requests, verify
from troth.rights.access import Package, access_package, opened
from troth.rights.points import can_ask_for, held_details
from troth.rights.portability import to_take_along
from troth.rights.verify import Session, Shown
from troth.workspace import House, Workspace

COOKIE = "troth_centre"
_LARGEST_FORM = 64 * 1024


class Needs(StrEnum):
    """What a handler asks of whoever comes."""

    NOBODY = "nobody"
    SESSION = "session"
    MAILBOX = "mailbox"
    DATA = "data"  # enough shown to be handed data


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody at the desk asks: where, with which form, and who they have shown to be."""

    http: Request
    workspace: Workspace
    form: Mapping[str, str]
    token: str
    session: Session | None

    @property
    def policy(self) -> Policy:
        return self.workspace.policy

    @property
    def person(self) -> Session:
        """The session; a handler that needs none never asks."""
        if self.session is None:
            raise Fault("not-signed-in", "open your privacy page with a link first", status=401)
        return self.session

    @property
    def web_only(self) -> bool:
        return self.person.shown is Shown.BROWSER

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """A page of the centre."""
        usual: dict[str, Any] = {"w": self.workspace.id, "owner": self.policy.organisation.name, "here": "privacy", "policy": self.policy}
        usual |= {"coming": self.workspace.coming()}
        usual |= {"form_token": verify.form_token(self.token) if self.session else "", "person": self.session, "flash": None, "tab": "", "signal": []}
        return look.render(f"centre/{template}", self.http, status=status, **(usual | context))

    def back(self, path: str = "", done: str = "", **more: str) -> Response:
        """Go to a page of the centre, which says what was done."""
        query = "&".join(f"{name}={value}" for name, value in ({"done": done} | more).items() if value)
        return RedirectResponse(f"/{self.workspace.id}/privacy{path}" + (f"?{query}" if query else ""), 303)

    @property
    def proof(self) -> bool:
        """Whether a proof of this system's own asks, by the workspace's own secret."""
        canary = self.http.headers.get("troth-canary", "")
        return bool(canary) and hmac.compare_digest(canary.encode(), self.workspace.access["canary_key"].encode())

    @property
    def channel(self) -> str:
        """By which way what is asked here came."""
        return requests.PROOF if self.proof else "centre"

    def may_try(self, what: str, who: str, limit: verify.Limit) -> bool:
        if self.proof:
            return True  # a proof of this system's own is no stranger at the door
        with self.workspace.state.write() as conn:
            return verify.may_try(self.workspace, conn, what, who, limit)

    def own_right(self, act: str) -> Grant:
        """The grant of the person's own right, entered in the ledger."""
        with self.workspace.state.write() as conn:
            return self.own_right_in(conn, act)

    def own_right_in(self, conn: Connection, act: str) -> Grant:
        return admit_subject(conn, self.workspace.log, self.workspace.plan, self.person.ref, act)

    def package(self, act: str = "access") -> Package:
        """Everything about the person."""
        return access_package(self.workspace, self.person.refs, self.own_right(act), self.web_only)

    def portable(self) -> Package:
        """What of it the person can take along."""
        return to_take_along(self.package("portability"), self.policy.rights.portability, self.person.regime)

    @property
    def signal(self) -> bool:
        """Whether this browser sends Global Privacy Control."""
        return sent_in(self.http.headers.raw)

    @property
    def client(self) -> str:
        return self.http.client.host if self.http.client else ""


Handler = Callable[[Ask], Response]

look.teach({"capital": capital})  # Jinja's own makes small letters of all the others


class Desk:
    """Makes routes of handlers."""

    def __init__(self, house: House) -> None:
        self._house = house

    def get(self, path: str, handler: Handler, needs: Needs = Needs.NOBODY) -> Route:
        return Route("/{w}/privacy" + path, self._around(handler, needs), methods=["GET"])

    def post(self, path: str, handler: Handler, needs: Needs = Needs.SESSION) -> Route:
        return Route("/{w}/privacy" + path, self._around(handler, needs), methods=["POST"])

    def _around(self, handler: Handler, needs: Needs) -> Any:
        async def answer(http: Request) -> Response:
            try:
                form = await _read_form(http) if http.method == "POST" else {}
                return await run_in_threadpool(self._run, http, form, handler, needs)
            except Fault as fault:
                return _failed(http, fault)
            except Refused as refused:
                return _failed(http, Fault(str(refused.reason), str(refused), status=refused.status))

        return answer

    def _run(self, http: Request, form: Mapping[str, str], handler: Handler, needs: Needs) -> Response:
        workspace = self._house.workspace(http.path_params["w"])
        token = http.cookies.get(COOKIE, "")[:64]
        with workspace.state.read() as conn:
            session = verify.read_session(workspace, conn, token) if token else None
        ask = Ask(http, workspace, form, token, session)
        if http.method == "POST":
            _check_form(ask)
        _check_needs(ask, needs)
        if needs is Needs.DATA and details_missing(ask):
            return RedirectResponse(f"/{workspace.id}/privacy/detail", 303)
        return handler(ask)


def details_missing(ask: Ask) -> list[str]:
    """The items of which one more must match before data is handed out; empty when enough was shown.

    # Reading: of whom only an address is held, no second detail can be asked; the opened mailbox is then enough.
    """
    person = ask.person
    if person.shown is Shown.BROWSER or person.points >= verifying_under(person.regime).details:
        return []
    grant = ask.own_right("verification")
    with ask.workspace.state.read() as conn:
        held = held_details(ask.policy, opened(ask.workspace, conn, grant, person.refs))
    return [item.id for item in can_ask_for(ask.policy, held, person.address)]


def give_cookie(answer: Response, workspace: Workspace, token: str, lasts: timedelta) -> Response:
    """Put the session's secret into the browser, for the centre's own pages alone."""
    secure = workspace.settings.base_url.startswith("https:")
    answer.set_cookie(
        COOKIE, token, max_age=int(lasts.total_seconds()), path=f"/{workspace.id}/privacy", httponly=True, samesite="lax", secure=secure
    )
    return answer


def take_cookie(answer: Response, workspace: Workspace) -> Response:
    """Take it out again."""
    answer.delete_cookie(COOKIE, path=f"/{workspace.id}/privacy", httponly=True, samesite="lax")
    return answer


def as_file(body: bytes, media_type: str, name: str) -> Response:
    """A file to keep."""
    headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(body, media_type=media_type, headers=headers)


def _check_form(ask: Ask) -> None:
    headers = ask.http.headers
    origin = headers.get("origin")
    own = {headers.get("host", ""), urlsplit(ask.workspace.settings.base_url).netloc}
    foreign = origin is not None and origin.partition("://")[2] not in own - {""}
    if foreign or headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Fault("foreign-form", "this form was not sent from our own page", status=403)
    if ask.session is not None and not _same(ask.form.get("form_token", ""), verify.form_token(ask.token)):
        raise Fault("form-token", "this form is too old, or not ours", help="go back, load the page again and send it once more", status=403)


def _same(given: str, true: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), true.encode())


def _check_needs(ask: Ask, needs: Needs) -> None:
    if needs is Needs.NOBODY:
        return
    person = ask.person
    if needs is Needs.MAILBOX and person.shown is not Shown.MAILBOX:
        raise Fault("mailbox-needed", "this needs the link that we send to your e-mail address", status=403)


async def _read_form(http: Request) -> dict[str, str]:
    raw = b""
    async for part in http.stream():
        raw += part
        if len(raw) > _LARGEST_FORM:
            raise Fault("too-large", f"the form is larger than {_LARGEST_FORM // 1024} KB", status=413)
    try:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise Fault("bad-form", "the form cannot be read") from None


def _failed(http: Request, fault: Fault) -> Response:
    headers = {"retry-after": "900"} if fault.status == 429 else {}
    if not look.wants_page(http):
        return JSONResponse(fault.as_json(), fault.status, headers)
    ways = [(f"/{http.path_params['w']}/privacy", "To the privacy centre")] if fault.code != "no-such-workspace" else []
    page = look.error_page(http, fault.status, fault.code, fault.message, fault.help, ways=ways)
    page.headers.update(headers)
    return page
