"""How does a person come in? One field for an address, a one-time link, or the identifier of their own browser.

The answer to an address is the same whether or not anything is held under it, in words and in time: the work is done
after the answer. To an address that nobody gave us nothing is sent. We do not write to strangers, a form that
anybody can fill in must not send mail to anybody, and the page itself says what no message means.
Source: GDPR Art. 11, 12(2), 12(6)
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection
from starlette.background import BackgroundTask
from starlette.responses import Response
from starlette.routing import Route

from troth.base.errors import Fault
from troth.centre.desk import Ask, Desk, Needs, give_cookie, take_cookie
from troth.centre.mine import home
from troth.collect.choices import refused_by_signal
from troth.disclose import letters
from troth.rights import rectify, requests, verify
from troth.rights.deadlines import Pause
from troth.rights.requests import Right
from troth.rights.take_back import carry_out
from troth.rights.verify import LINK_LASTS, SESSION_LASTS, LinkUse, OneTimeLink, Shown
from troth.subjects.links import are_two, same_person
from troth.workspace import Workspace

_LONGEST_TEXT = 7_500  # with where to answer it is no longer than a note may be
_SCRIPT = Path(__file__).parent / "centre.js"


def front(desk: Desk) -> list[Route]:
    """The routes of the way in."""
    return [
        desk.get("", _front),
        desk.get("/centre.js", _script),
        desk.post("/link", _send_link, Needs.NOBODY),
        desk.get("/open", _look_at_link),
        desk.post("/open", _use_link, Needs.NOBODY),
        desk.post("/browser", _open_browser, Needs.NOBODY),
        desk.post("/question", _question, Needs.NOBODY),
        desk.post("/leave", _leave, Needs.NOBODY),
    ]


def _front(ask: Ask) -> Response:
    if ask.session:
        return home(ask)
    signal = [ask.policy.purposes[id].label for id in refused_by_signal(ask.workspace.plan, ask.policy.settings.default_regime)] if ask.signal else []
    return ask.page("front.html", asked=False, sent=ask.http.query_params.get("done", ""), signal=signal)


def _script(_ask: Ask) -> Response:
    return Response(_SCRIPT.read_text(), media_type="text/javascript", headers={"cache-control": "public, max-age=300"})


def _send_link(ask: Ask) -> Response:
    address = ask.form.get("email", "").strip()
    if not rectify.ADDRESS.fullmatch(address) or len(address) > 254:
        raise Fault("bad-address", "this is not an e-mail address")
    if not ask.may_try("link-client", ask.client, verify.PER_CLIENT):
        raise Fault("too-many-tries", "too many links were asked for from here; try again in a quarter of an hour", status=429)
    # One too many for this address is answered like any other: who asks learns nothing about who asked before.
    wanted = ask.may_try("link-address", address.lower(), verify.PER_ADDRESS)
    answer = ask.page("front.html", asked=True, sent="")
    if wanted:
        answer.background = BackgroundTask(make_and_send, ask.workspace, address, ask.form.get("v", "")[:128])
    return answer


def make_and_send(workspace: Workspace, address: str, visitor: str) -> None:
    """Send a one-time link to an address, if anything is held under it."""
    with workspace.state.write() as conn:
        link = verify.make_link(workspace, conn, address, visitor)
    if link is not None:
        letters.send_link(workspace, link.ref, link.address, _url(workspace, link.token), LINK_LASTS)


def _url(workspace: Workspace, token: str) -> str:
    return f"{workspace.settings.base_url}/{workspace.id}/privacy/open?t={token}"


def send_confirmation(workspace: Workspace, ref: int, address: str, case: int) -> None:
    """Have a new address shown to be theirs."""
    with workspace.state.write() as conn:
        link = verify.make_confirmation(workspace, conn, ref, address, case)
    letters.send_confirmation(workspace, ref, link.address, _url(workspace, link.token), LINK_LASTS)


def _look_at_link(ask: Ask) -> Response:
    token = ask.http.query_params.get("t", "")[:64]
    with ask.workspace.state.read() as conn:
        link = verify.look_at_link(ask.workspace, conn, token)
        mine = link.visitor == 0 or link.visitor in same_person(conn, link.ref)
    new, taking = link.what is LinkUse.CONFIRM_ADDRESS, link.what is LinkUse.WITHDRAW
    if new and not _asked_for(ask, link):
        raise rectify.not_the_asker()
    return ask.page("open.html", link=link, link_token=token, asked_from_browser=not mine, new_address=new, taking_back=taking)


def _asked_for(ask: Ask, link: OneTimeLink) -> bool:
    """Whether it is the person themselves, by their own session, who opens a link about their new address."""
    return ask.session is not None and ask.session.shown is Shown.MAILBOX and link.ref in ask.session.refs


def _use_link(ask: Ask) -> Response:
    workspace, token = ask.workspace, ask.form.get("t", "")[:64]
    to, done = "", ""
    with workspace.state.write() as conn:
        link = verify.use_link(workspace, conn, token)
        match link.what:
            case LinkUse.CONFIRM_ADDRESS:
                _confirm_address(ask, conn, link)
                to, done = "/data", "corrected"
            case LinkUse.WITHDRAW:
                carry_out(workspace, conn, link)
                done = "taken-back"
            case LinkUse.OPEN:
                done = _join_browser(ask, conn, link) if ask.form.get("mine") == "yes" else ""
        opened = verify.open_by_mailbox(workspace, conn, link)
    return give_cookie(ask.back(to, done), workspace, opened, SESSION_LASTS)


def _join_browser(ask: Ask, conn: Connection, link: OneTimeLink) -> str:
    """Put the browser's visits with the person who says that it is theirs; what the page then says."""
    visitor = verify.visitor_ref(ask.workspace, conn, ask.form.get("v", "")[:128]) or link.visitor
    if visitor and are_two(conn, visitor, link.ref):
        return "another-browser"
    verify.join_shown(ask.workspace, conn, visitor, link.ref)
    return ""


def _confirm_address(ask: Ask, conn: Connection, link: OneTimeLink) -> None:
    """The new address takes the old one's place, and whatever the old one opened is closed."""
    if ask.session is None:
        raise rectify.not_the_asker()
    rectify.confirm(ask.workspace, conn, ask.session, link)
    verify.forget(conn, ask.session.refs)


def _open_browser(ask: Ask) -> Response:
    if not ask.may_try("browser", ask.client, verify.PER_CLIENT):
        raise Fault("too-many-tries", "this was tried too often from here; try again in a quarter of an hour", status=429)
    with ask.workspace.state.write() as conn:
        opened = verify.open_by_browser(ask.workspace, conn, ask.form.get("v", "").strip()[:128])
    if opened is None:
        raise Fault("nothing-held", "we hold nothing under this browser's identifier", status=404)
    return give_cookie(ask.back(), ask.workspace, opened, SESSION_LASTS)


def _question(ask: Ask) -> Response:
    """Anybody may ask; what is asked goes to the privacy officer's queue, sealed, with a clock like any other."""
    if not ask.may_try("question", ask.client, verify.PER_CLIENT):
        raise Fault("too-many-tries", "too much was sent from here; try again in a quarter of an hour", status=429)
    text, answer_to = ask.form.get("text", "").strip()[:_LONGEST_TEXT], ask.form.get("answer_to", "").strip()[:254]
    person = ask.session
    regime = person.regime if person else ask.policy.settings.default_regime
    with ask.workspace.state.write() as conn:
        whole = f"{text}\n\nAnswer to: {answer_to}" if text and answer_to else text
        made = requests.open_request(ask.workspace, conn, Right.QUESTION, person.ref if person else 0, regime, ask.channel, text=whole)
        if not text:
            requests.ask_person(ask.workspace, conn, made.id, Pause.CLARIFICATION, "troth")
    if person is None:
        return ask.back("", "question", number=made.shown)
    return ask.back(f"/requests/{made.shown}", "question" if text else "more")


def _leave(ask: Ask) -> Response:
    with ask.workspace.state.write() as conn:
        verify.end_session(conn, ask.token)
    return take_cookie(ask.back("", "left"), ask.workspace)

