"""What does an operator see? The pages of the console, each asked through the operator's own seat.

It counts nothing itself: reports answer, templates show. Every page says which purpose it rests on, and a
report that may not be shown says why in its place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from troth.base.clock import day_on, now
from troth.base.errors import Fault
from troth.base.ids import new_token
from troth.collect.chat import offer_of
from troth.collect.telephone import displayed
from troth.console.people import PolicyPage, callers, keys_of, policy_page
from troth.console.seat import BEFORE, COOKIE, OWNER, Doorkeeper, Elsewhere, Seat, SignedOut, check_origin, forged, other_workspace
from troth.gate.reasons import SENTENCES, Reason, Refused
from troth.ledger.entry import EntryKind
from troth.look import error_page, render, teach, wants_page
from troth.look.chart import Drawing, Series, columns, day_slots, hour_slots
from troth.reports.asking import Asker, Period, Withheld
from troth.reports.calls import call_report
from troth.reports.imports import funnel
from troth.reports.overview import Overview, obeyed, overview, purposes_of
from troth.reports.refusals import refusal_report
from troth.workspace import check_name

PERIODS = (7, 30, 90)
USUAL = 30
_LARGEST_FORM = 64 * 1024  # of somebody signed in, who may write a long answer
_NAMED = {"other": "another number", "unknown": "unknown"}


def phone(number: str) -> str:
    """A number that was called, as people of its country write it."""
    return _NAMED.get(number) or displayed(number)


teach(filters={"phone": phone, "called": lambda pair: (phone(pair[0]), pair[1])}, tests={"withheld": lambda value: isinstance(value, Withheld)})


class Pages:
    """The handlers of `/<w>/console/…`."""

    def __init__(self, door: Doorkeeper) -> None:
        self.door = door

    # what is read

    def overview(self, http: Request, seat: Seat) -> Response:
        """The first page."""
        days = days_asked(http)
        found = overview(seat.asker, Period.latest(days))
        return self._show(http, seat, "overview", "overview.html", days=days, found=found, chart=_chart(found), hours=_hours(found))

    def calls(self, http: Request, seat: Seat) -> Response:
        """Every call of a period, with its source or why it has none."""
        days = days_asked(http)
        found = call_report(seat.asker, Period.latest(days))
        by_day: dict[int, list[Any]] = {}
        for call in () if isinstance(found, Withheld) else found.calls:
            by_day.setdefault(call.day, []).append(call)
        dated = [(day_on(day), calls) for day, calls in by_day.items()]
        obeys = obeyed(seat.asker, *purposes_of(found))
        return self._show(http, seat, "calls", "calls.html", days=days, found=found, by_day=dated, obeys=obeys)

    def people(self, http: Request, seat: Seat) -> Response:
        """People whose calls are joined to their visits."""
        days = days_asked(http)
        found = call_report(seat.asker, Period.latest(days))
        obeys = obeyed(seat.asker, *purposes_of(found))
        return self._show(http, seat, "people", "people.html", days=days, found=found, callers=callers(found), obeys=obeys)

    def refused(self, http: Request, seat: Seat) -> Response:
        """What was refused and why."""
        days = days_asked(http)
        return self._show(http, seat, "refused", "refused.html", days=days, found=refusal_report(seat.workspace, Period.latest(days)))

    def imports(self, http: Request, seat: Seat) -> Response:
        """What became of the lines of access logs that were brought in."""
        return self._show(http, seat, "imports", "imports.html", found=funnel(seat.workspace))

    def policy(self, http: Request, seat: Seat) -> Response:
        """The policy in force, in short, and what came before it."""
        page: PolicyPage = policy_page(seat.workspace)
        return self._show(http, seat, "policy", "policy.html", page=page)

    def settings(self, http: Request, seat: Seat, revealed: str = "") -> Response:
        """The script tag, addresses and keys."""
        keys = keys_of(seat.workspace, revealed) if seat.role == OWNER else ()
        base = self.door.house.settings.base_url
        policy = seat.workspace.policy
        return self._show(http, seat, "settings", "settings.html", base=base, keys=keys, policy=policy, chat=offer_of(policy) is not None)

    def workspaces(self, http: Request, seat: Seat) -> Response:
        """The operator's other workspaces."""
        return self._show(http, seat, "workspaces", "workspaces.html", roles=seat.session.operator.roles)

    def _show(self, http: Request, seat: Seat, here: str, template: str, status: int = 200, **context: Any) -> Response:
        return render(f"console/{template}", http, status=status, seat=seat, here=here, periods=PERIODS, **context)

    # what is done

    def reveal(self, http: Request, seat: Seat, form: dict[str, str]) -> Response:
        """Show one secret key once; the ledger says who looked."""
        key = form.get("key", "")
        if seat.role != OWNER or key not in seat.workspace.access:
            raise Fault("not-yours", "only an owner may see this key", status=403)
        with seat.workspace.state.write() as conn:
            body = {"act": "key-revealed", "key": key, "operator": seat.session.operator.id}
            seat.workspace.log.append(conn, EntryKind.OPERATOR_ACT, body, now())
        return self.settings(http, seat, revealed=key)

    def sign_out(self, http: Request, seat: Seat, _form: dict[str, str]) -> Response:
        """End the session."""
        self.door.sessions.sign_out(http.cookies.get(COOKIE))
        response = RedirectResponse(f"/{seat.w}/console/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    # signing in

    def sign_in_form(self, http: Request, status: int = 200, fault: Fault | None = None) -> Response:
        """The form; it is tied to the browser it is shown to."""
        check_name(http.path_params["w"])
        token = http.cookies.get(BEFORE) or new_token()
        w, next_page, ended = http.path_params["w"], http.query_params.get("next", ""), "ended" in http.query_params
        response = render("console/sign_in.html", http, status=status, w=w, token=token, fault=fault, next_page=next_page, ended=ended)
        self.door.put_before(response, token)
        return response

    def sign_in(self, http: Request, form: dict[str, str]) -> Response:
        """Begin a session, or say that name and password are not right."""
        check_name(http.path_params["w"])
        check_origin(http)
        token = http.cookies.get(BEFORE, "")
        if not token or form.get("csrf", "") != token:
            raise forged()
        address = http.client.host if http.client else ""
        try:
            session = self.door.sessions.sign_in(form.get("name", ""), form.get("password", ""), address, http.cookies.get(COOKIE))
        except Fault as fault:
            return self.sign_in_form(http, fault.status, fault)
        response = RedirectResponse(_after(http.path_params["w"], form.get("next", "")), 303)
        self.door.put_session(response, session)
        response.delete_cookie(BEFORE, path="/")
        return response


def _after(w: str, wanted: str) -> str:
    """Where to go after signing in: a page of this console, never another place."""
    home = f"/{w}/console/"
    return wanted if wanted.startswith(home) and "\\" not in wanted and wanted.isprintable() else home


def days_asked(http: Request) -> int:
    """The length of the period asked for: one of three."""
    asked = http.query_params.get("days", "")
    return next((period for period in PERIODS if asked == str(period)), USUAL)


def _chart(found: Overview) -> tuple[Drawing, Drawing] | None:
    series = []
    if not isinstance(found.visits, Withheld):
        series.append(Series("Visits", "visits", [day.visits for day in found.visits.by_day], 2.4))
    if not isinstance(found.calls, Withheld):
        series.append(Series("Calls", "calls", found.calls.by_day))
    return columns(day_slots([day_on(day) for day in found.period.days]), series) if series else None


def _hours(found: Overview) -> tuple[Drawing, Drawing] | None:
    if isinstance(found.visits, Withheld) or not any(found.visits.by_hour):
        return None
    return columns(hour_slots(), [Series("Page views", "visits", found.visits.by_hour)])


# how a handler becomes a page

Read = Callable[[Request, Seat], Response]
Post = Callable[[Request, Seat, dict[str, str]], Response]
Act = Callable[[Request, dict[str, str]], Response]


def reading(door: Doorkeeper, read: Read) -> Callable[[Request], Awaitable[Response]]:
    """A page for whoever has a seat here; everybody else is led to sign in, or refused."""
    return _guarded(lambda http, _form: _seated(http, door.seat(http), lambda seat: read(http, seat)))


def posting(door: Doorkeeper, post: Post) -> Callable[[Request], Awaitable[Response]]:
    """The same for a POST, which must carry the session's own token."""

    def act(http: Request, form: dict[str, str]) -> Response:
        seat = door.seat(http)
        door.check_form(http, seat.session, form.get("csrf", ""))
        return _seated(http, seat, lambda seated: post(http, seated, form))

    return _guarded(act, _LARGEST_FORM)


def _seated(http: Request, seat: Seat, act: Callable[[Seat], Response]) -> Response:
    """What an operator asked for; the gate's no is told beside the way on, and to whom it would say yes."""
    try:
        return act(seat)
    except Refused as refused:
        if not wants_page(http):
            raise
        policy, asked = seat.workspace.policy, refused.about
        purpose = policy.purposes[asked].label if asked in policy.purposes else ""
        return render(
            "console/not_permitted.html", http, status=refused.status, seat=seat, here="", purpose=purpose, sentence=SENTENCES[refused.reason],
            role_only=refused.reason is Reason.ROLE_NOT_ALLOWED, roles=[role for role, purposes in policy.roles.items() if asked in purposes],
        )


def open_to_all(act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A page that needs no seat: the sign-in."""
    return _guarded(act)


async def form_of(http: Request, limit: int) -> dict[str, str]:
    """The fields of a plain form, within a limit; raises `too-large`."""
    size = http.headers.get("content-length", "")
    if not size.isdigit() or int(size) > limit:
        raise Fault("too-large", "this form is larger than it can be", status=413)
    if not http.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    return {name: value for name, value in (await http.form()).items() if isinstance(value, str)}


def _guarded(act: Act, limit: int = 8_192) -> Callable[[Request], Awaitable[Response]]:
    async def answer(http: Request) -> Response:
        try:
            form = await form_of(http, limit) if http.method == "POST" else {}
            return await run_in_threadpool(act, http, form)
        except SignedOut:
            return _to_sign_in(http)
        except Elsewhere as elsewhere:
            own, sign_in = sorted(elsewhere.session.operator.roles), f"/{http.path_params['w']}/console/sign-in"
            here = (sign_in, "Sign in as somebody else"),
            return _error(http, other_workspace(), *((f"/{w}/console/", "To your own console") for w in own[:1]), *here)
        except Refused as refused:
            return _error(http, Fault(str(refused.reason), str(refused), status=refused.status))
        except Fault as fault:
            back = () if fault.code in ("bad-workspace-name", "other-workspace") else ((f"/{http.path_params['w']}/console/", "To the console"),)
            return _error(http, fault, *back)

    return answer


def _to_sign_in(http: Request) -> Response:
    if not wants_page(http):
        return JSONResponse({"code": "sign-in-needed", "message": "sign in first"}, 401)
    w = http.path_params["w"]
    try:
        check_name(w)
    except Fault as fault:
        return _error(http, fault)
    if http.url.path.endswith("/sign-out"):
        return RedirectResponse(f"/{w}/console/sign-in", 303)
    return RedirectResponse(f"/{w}/console/sign-in?" + (f"next={quote(http.url.path)}" if http.method == "GET" else "ended=1"), 303)


def _error(http: Request, fault: Fault, *ways: tuple[str, str]) -> Response:
    if not wants_page(http):
        return JSONResponse(fault.as_json(), fault.status)
    help = fault.help or ("go back in your browser: what you typed is still there" if http.method == "POST" and fault.status != 403 else None)
    return error_page(http, fault.status, fault.code, fault.message, help, ways=ways)


__all__ = ["Asker", "Pages", "open_to_all", "posting", "reading"]
