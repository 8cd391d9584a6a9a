"""Which pages and addresses have the chat and the review? For operators in the console, and for programs.

It shows and passes on: what may be done stands in `troth.console.talk` and `troth.rights.review`.
Source: GDPR Art. 8, 9, 32(4)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from troth.base.errors import Fault
from troth.base.ids import number_in
from troth.collect.chat import Chat, Side
from troth.collect.door import Door
from troth.collect.flagged import CHILD
from troth.collect.messages import read_object
from troth.console import queue
from troth.console.pages import posting, reading
from troth.console.seat import OWNER, Doorkeeper, Seat
from troth.console.talk import Opened, Talker, canaries_in
from troth.disclose.reply import reply
from troth.gate.reasons import Refused
from troth.look import render
from troth.policy.demands import ChildrenThen
from troth.rights import review
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House, Workspace

SIDES: Mapping[Side, str] = {Side.VISITOR: "They", Side.OPERATOR: "We", Side.AUTOMATIC: "Said by itself"}
WHAT: Mapping[str, str] = {
    "health": "health", "belief": "belief", "orientation": "orientation or sex life", "politics": "politics", "union": "a trade union",
    "origin": "origin", "genes": "genes", "biometrics": "biometrics", CHILD: "a child",
}  # fmt: skip
_KINDS = {"email": IdentifierKind.EMAIL, "phone": IdentifierKind.PHONE, "account": IdentifierKind.ACCOUNT}
_LARGEST = 16 * 1024


def routes(keeper: Doorkeeper, door: Door | None) -> list[Route]:
    """The routes of the chat and of the review."""
    pages, programs, at = _Pages(door), _Programs(keeper.house, door), "/{w}/console"
    read = {"/chats": pages.chats, "/chats/{id}": pages.chat, "/review": pages.review, "/review/{id}": pages.flag}
    post = {"/chats/{id}/answer": pages.answer, "/chats/{id}/close": pages.close, "/child": pages.child, "/review/{id}/{act}": pages.settle}
    return [
        *(Route(at + path, posting(keeper, act), methods=["POST"]) for path, act in post.items()),
        *(Route(at + path, reading(keeper, page), methods=["GET"]) for path, page in read.items()),
        Route("/api/{w}/chats", programs.answering(programs.chats), methods=["GET"]),
        Route("/api/{w}/chats/{id}", programs.answering(programs.chat), methods=["GET"]),
        Route("/api/{w}/chats/{id}", programs.answering(programs.answer), methods=["POST"]),
        Route("/api/{w}/flags", programs.answering(programs.flags), methods=["GET"]),
        Route("/api/{w}/flags/{id}/{act}", programs.answering(programs.settle), methods=["POST"]),
        Route("/api/{w}/reply", programs.answering(programs.reply), methods=["POST"]),
        Route("/api/{w}/child", programs.answering(programs.child), methods=["POST"]),
    ]


class _Pages:
    """The handlers of `/<w>/console/chats…`, `/review…` and `/child`."""

    def __init__(self, door: Door | None) -> None:
        self._door = door

    def chats(self, http: Request, seat: Seat) -> Response:
        """The queue."""
        return _show(http, seat, "chats", "chats.html", found=_talker(seat).queue())

    def chat(self, http: Request, seat: Seat) -> Response:
        """One conversation."""
        return _show(http, seat, "chats", "chat.html", found=_talker(seat).open(http.path_params["id"]), sides=SIDES)

    def answer(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Say something in it."""
        shown = http.path_params["id"]
        _talker(seat).answer(_must(self._door), shown, form.get("text", ""))
        return RedirectResponse(f"/{seat.w}/console/chats/{shown}?done=said#end", 303)

    def close(self, http: Request, seat: Seat, _form: dict[str, str]) -> Response:
        """End it."""
        _talker(seat).close(http.path_params["id"])
        return RedirectResponse(f"/{seat.w}/console/chats?done=closed", 303)

    def review(self, http: Request, seat: Seat) -> Response:
        """What waits for a look."""
        queue.check_may_answer(seat)
        asks = seat.workspace.policy.children.then is not ChildrenThen.UNSTATED
        return _show(http, seat, "review", "review.html", found=_talker(seat).flags(), what=WHAT, policy=seat.workspace.policy, children=asks)

    def flag(self, http: Request, seat: Seat) -> Response:
        """One of them, with its text."""
        queue.check_may_answer(seat)
        flag, text = review.read(seat.workspace, number_in(http.path_params["id"]), seat.session.operator.id)
        policy = seat.workspace.policy
        return _show(http, seat, "review", "flag.html", one=flag, text=text, what=WHAT, policy=policy, children=policy.children)

    def settle(self, http: Request, seat: Seat, _form: dict[str, str]) -> Response:
        """Say what becomes of it."""
        queue.check_may_answer(seat)
        done = _settle(seat.workspace, number_in(http.path_params["id"]), http.path_params["act"], seat.session.operator.id)
        return RedirectResponse(f"/{seat.w}/console/review?done={done}", 303)

    def child(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Somebody who is held is a child."""
        queue.check_may_answer(seat)
        kind = form.get("kind", "")
        review.erase_child(seat.workspace, _who(seat.workspace, {kind: form.get("value", "")}), seat.session.operator.id)
        return RedirectResponse(f"/{seat.w}/console/review?done=child", 303)


class _Programs:
    """The same for programs, by the workspace's own key."""

    def __init__(self, house: House, door: Door | None) -> None:
        self._house, self._door = house, door

    def answering(self, answer: Callable[[Request, Talker, dict[str, Any]], Any]) -> Callable[[Request], Awaitable[Response]]:
        """A handler of the api: coded errors are JSON, always."""

        def guarded(http: Request, raw: bytes) -> Response:
            try:
                workspace = self._house.for_program(http.path_params["w"], http.headers.get("authorization", ""))
                talker = Talker(workspace, http.query_params.get("role", OWNER), "program", canaries_in(http, workspace))
                return JSONResponse(answer(http, talker, read_object(raw or b"{}")), headers={"cache-control": "no-store"})
            except Refused as refused:
                return JSONResponse(refused.as_json(), refused.status)
            except Fault as fault:
                return JSONResponse(fault.as_json(), fault.status)

        async def respond(http: Request) -> Response:
            raw = b""
            async for part in http.stream():
                raw += part
                if len(raw) > _LARGEST:
                    return JSONResponse(Fault("too-large", f"the body is larger than {_LARGEST // 1024} KB").as_json(), 413)
            return await run_in_threadpool(guarded, http, raw)

        return respond

    def chats(self, _http: Request, talker: Talker, _body: dict[str, Any]) -> Any:
        """The queue."""
        return [_told(one) for one in talker.queue()]

    def chat(self, http: Request, talker: Talker, _body: dict[str, Any]) -> Any:
        """One conversation."""
        return _transcript(talker.open(http.path_params["id"]))

    def answer(self, http: Request, talker: Talker, body: dict[str, Any]) -> Any:
        """Say something in it."""
        return _told(talker.answer(_must(self._door), http.path_params["id"], str(body.get("text") or "")))

    def flags(self, _http: Request, talker: Talker, _body: dict[str, Any]) -> Any:
        """What waits for a look."""
        return [{"id": one.id, "person": str(one.ref), "event": one.type, "item": one.item, "what": one.what, "at": one.at.isoformat()}
                for one in talker.flags()]  # fmt: skip

    def settle(self, http: Request, talker: Talker, _body: dict[str, Any]) -> Any:
        """Say what becomes of it."""
        return {"done": _settle(talker.workspace, number_in(http.path_params["id"]), http.path_params["act"], talker.operator)}

    def reply(self, _http: Request, talker: Talker, body: dict[str, Any]) -> Any:
        """Answer somebody who wrote, at the address they gave, for the purpose they wrote for."""
        purpose, text = str(body.get("purpose") or ""), str(body.get("text") or "")
        whom = {name: value for name, value in body.items() if name not in ("purpose", "text")}
        return {"message": reply(talker.workspace, purpose, talker.role, talker.operator, _who(talker.workspace, whom), text)}

    def child(self, _http: Request, talker: Talker, body: dict[str, Any]) -> Any:
        """Somebody who is held is a child."""
        return {"case": review.erase_child(talker.workspace, _who(talker.workspace, body), talker.operator)}


def _settle(workspace: Workspace, id: int, act: str, operator: str) -> str:
    match act:
        case "keep":
            review.keep(workspace, id, operator)
        case "remove":
            review.remove(workspace, id, operator)
        case "child":
            review.erase_flagged_child(workspace, id, operator)
        case _:
            raise Fault("no-such-act", "that cannot be done with it", help="one of keep, remove and child", status=404)
    return act


def _who(workspace: Workspace, given: Mapping[str, Any]) -> int:
    """Whom an address, number, account or reference means; raises `no-such-subject`."""
    for name, value in given.items():
        text = str(value).strip()[:256]
        if name == "ref" and (ref := directory.read_reference(text)):
            return ref
        if name in _KINDS and text:
            with workspace.state.read() as conn:
                known = directory.find(conn, directory.hash_of(workspace.keys, _KINDS[name], text))
            if known is not None:
                return known
    raise Fault("no-such-subject", "nobody is known by this", status=404)


def _told(one: Chat) -> dict[str, Any]:
    told = {"id": one.shown, "person": str(one.ref), "began_at": one.began_at.isoformat(), "last_at": one.last_at.isoformat()}
    return told | {"lines": one.lines, "waiting": one.waiting, "closed": one.closed}


def _transcript(one: Opened) -> dict[str, Any]:
    lines = [{"n": line.n, "side": str(line.side), "at": line.at.isoformat(), "text": line.text} for line in one.lines]
    return _told(one.chat) | {"purpose": one.purpose, "address": one.address, "transcript": lines}


def _talker(seat: Seat) -> Talker:
    return Talker(seat.workspace, seat.role, seat.session.operator.id)


def _must(door: Door | None) -> Door:
    if door is None:
        raise Fault("no-door", "nothing can be said from here", status=503)
    return door


DONE: Mapping[str, tuple[str, str]] = {
    "said": ("good", "It is said; they read it in their chat."),
    "closed": ("good", "The conversation has ended. What was said stays as the policy says."),
    "keep": ("good", "It stays."), "remove": ("good", "It is gone, from the journal and from the files."),
    "child": ("good", "They are erased, on the ground that they are a child. The receipt follows."),
}  # fmt: skip


def _show(http: Request, seat: Seat, here: str, template: str, **context: Any) -> Response:
    return render(f"console/{template}", http, seat=seat, here=here, flash=DONE.get(http.query_params.get("done", "")), **context)
