"""What does the chat on a site's page talk to? The widget, its door, and what it does by itself: only wishes about one's own data.

It is there only where the policy offers a chat, and only for pages of sites that the policy lists; any other page is
refused and sets nothing. A wish to take consent back holds at once for what this browser allowed. What stands under an address
needs the mailbox first (`troth.rights.take_back`). Nothing else is ever answered by a machine.
Source: GDPR Art. 7(3); ePrivacy Directive Art. 5(3); Fetch standard (CORS)
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from troth.base.clock import now, now_micros
from troth.base.errors import Fault
from troth.browser.chat import chat_script
from troth.centre.chat_words import SAID, WIDGET, spoken
from troth.centre.front import make_and_send
from troth.collect import chat, choices
from troth.collect.chat import Chat, From, Offer, Side
from troth.collect.children import ChildRule
from troth.collect.door import Door
from troth.collect.free_text import look
from troth.collect.origins import Origins, in_force, of_a_site
from troth.collect.pipeline import Origin
from troth.collect.privacy_signal import sent_in
from troth.collect.regime import regime_for
from troth.collect.web import check_key, json_of
from troth.collect.wishes import ADDRESS, Wish, address_in, purposes_for, wish_in
from troth.disclose import letters
from troth.gate.admit import admit_subject
from troth.gate.reasons import SENTENCES, Reason
from troth.rights import take_back, verify
from troth.rights.verify import LINK_LASTS, Limit
from troth.workspace import House, Workspace

_LARGEST = 16 * 1024
PER_CLIENT = Limit(40, verify.PER_CLIENT.within)
PER_CHAT = Limit(60, verify.PER_CLIENT.within)


@dataclass(frozen=True, slots=True)
class _Asked:
    """One message of the widget."""

    workspace: Workspace
    offer: Offer
    body: dict[str, Any]
    origin: Origin
    proof: bool

    def text(self, name: str, most: int) -> str:
        given = self.body.get(name)
        return given[:most] if isinstance(given, str) else ""


def routes(house: House, door: Door) -> list[Route]:
    """The routes of the chat."""
    pages, sites = _Pages(house, door), Origins(house)

    def listed(handler: Any) -> Any:
        async def answer(http: Request) -> Response:
            if not http.headers.get("origin"):  # any that is not listed is refused before
                raise Fault("origin-not-allowed", "the policy does not list the site this comes from", status=403)
            return await handler(http)  # type: ignore[no-any-return]

        return sites.open_to_sites(answer)

    return [
        Route("/{w}/chat.js", pages.script, methods=["GET"]),
        Route("/{w}/chat", listed(pages.offered), methods=["GET"]),
        Route("/{w}/chat", listed(pages.said), methods=["POST"]),
        Route("/{w}/chat/lines", listed(pages.lines), methods=["POST"]),
    ]


class _Pages:
    def __init__(self, house: House, door: Door) -> None:
        self._house, self._door, self._origins = house, door, Origins(house)

    def _workspace(self, http: Request) -> Workspace:
        return self._house.workspace(http.path_params["w"])

    async def script(self, http: Request) -> Response:
        """The widget; a page of a site that the policy does not list is refused it, as far as its browser says where it is."""
        workspace = self._workspace(http)
        policy = await in_force(workspace)
        chat.must_offer(policy)
        place = http.headers.get("referer", "")
        if place and not of_a_site(policy, place) and not place.startswith(str(http.base_url)):
            raise Fault("origin-not-allowed", "the policy does not list the site this comes from", status=403)
        config = {"w": workspace.id, "base": str(http.base_url).rstrip("/"), "key": workspace.access["publishable_key"]}
        headers = {"cache-control": "private, max-age=300", "vary": "referer", "cross-origin-resource-policy": "cross-origin"}
        return Response(chat_script(config), media_type="text/javascript", headers=headers)

    async def offered(self, http: Request) -> Response:
        """What the widget needs to show itself; nothing is kept and nothing set by asking."""
        workspace = self._workspace(http)
        policy = await in_force(workspace)
        offer = chat.must_offer(policy)
        said: dict[str, Any] = {"text": dict(spoken(WIDGET, policy)), "cookie": _cookie(offer), "email": offer.email, "longest": chat.LONGEST_LINE}
        said |= {"language": policy.language, "owner": policy.organisation.name, "policy_url": f"/{workspace.id}/policy"}
        return JSONResponse(said | {"privacy_url": f"/{workspace.id}/privacy"}, headers={"cache-control": "no-store"})

    async def said(self, http: Request) -> Response:
        """Take a line; without a conversation's secret it begins one."""
        asked = await self._read(http)
        answer, tasks = await run_in_threadpool(self._take, asked, http.client.host if http.client else "")
        return JSONResponse(answer, headers={"cache-control": "no-store"}, background=tasks)

    async def lines(self, http: Request) -> Response:
        """What was said since; for whoever knows the conversation's secret."""
        asked = await self._read(http)
        return JSONResponse(await run_in_threadpool(_since, asked), headers={"cache-control": "no-store"})

    async def _read(self, http: Request) -> _Asked:
        workspace = self._workspace(http)
        body = await json_of(http, _LARGEST)
        check_key(workspace, body)
        offer = chat.must_offer(await in_force(workspace))
        address, agent = http.client.host if http.client else "", http.headers.get("user-agent", "")
        canary = str(body.get("canary") or "")
        proof = hmac.compare_digest(canary.encode("utf-8", "replace"), workspace.access["canary_key"].encode())
        origin = Origin(False, address, agent, now_micros(), workspace.access["canary_key"], sent_in(http.headers.raw))
        return _Asked(workspace, offer, body, origin, proof)

    def _take(self, asked: _Asked, client: str) -> tuple[dict[str, Any], BackgroundTask | None]:
        workspace, policy = asked.workspace, asked.workspace.policy
        text, email = _line_of(asked), _address_of(asked)
        if ChildRule(policy).declared({"age": asked.body.get("age")}, now().date()):
            raise Fault(str(Reason.CHILD), SENTENCES[Reason.CHILD], status=403)
        known = None
        with workspace.state.write() as conn:
            if asked.body.get("session") is not None:
                known = chat.by_secret(conn, asked.body["session"])
            fair = asked.proof or verify.may_try(workspace, conn, *(("chat-line", known.shown, PER_CHAT) if known else ("chat", client, PER_CLIENT)))
        if not fair:
            raise Fault("too-many-tries", "too much was written in a short time; try again in a quarter of an hour", status=429)
        by = From(Side.VISITOR, asked.origin, email, asked.text("tz", 64), asked.text("canary", 128))
        ingest = self._door.ingest(workspace)
        secret, said = ("", chat.say(workspace, ingest, known, text, by)) if known else chat.begin_and_say(workspace, ingest, text, by)
        kept = {"n": said.n, "side": str(Side.VISITOR), "at": now().isoformat(timespec="seconds"), "text": look(text, policy.free_text).text}
        answer: dict[str, Any] = {"ok": True, "lines": [kept], "withdrew": [], "dropped": dict(said.dropped)}
        if secret:
            answer |= {"session": secret, "cookie": _cookie(asked.offer), "name": "" if email else said.chat.name}
        done = _Wishing(asked, said.chat, ingest).carry_out(text)
        return answer | {"lines": [kept, *done.lines], "withdrew": done.withdrew}, done.task


@dataclass(frozen=True, slots=True)
class _Done:
    lines: tuple[dict[str, Any], ...] = ()
    withdrew: tuple[str, ...] = ()
    task: BackgroundTask | None = None


class _Wishing:
    """What follows from one line, beyond its being kept."""

    def __init__(self, asked: _Asked, conversation: Chat, ingest: Any) -> None:
        self._asked, self._chat, self._ingest = asked, conversation, ingest
        self._workspace, self._policy = asked.workspace, asked.workspace.policy
        self._words = spoken(SAID, self._policy)

    def carry_out(self, text: str) -> _Done:
        wish, address = wish_in(text), address_in(text)
        if wish is None and self._chat.wish and address and ADDRESS.fullmatch(text.strip(" .,;:<>")):
            with self._workspace.state.write() as conn:
                chat.remember_wish(conn, self._chat, "")
            words, task = self._for_address(Wish(self._chat.wish), address)
            return _Done(self._say(words), (), task)
        if wish is None:
            return _Done()
        address = address or chat.address_of(self._workspace, self._chat)
        return self._lead_to_the_centre(address) if wish is Wish.DELETE else self._stop(wish, address)

    def _stop(self, wish: Wish, address: str) -> _Done:
        stopped = self._for_browser(wish)
        words, task = [self._stopped(stopped)] if stopped else [], None
        if address:
            more, task = self._for_address(wish, address)
            words.append(more)
        elif not stopped:
            words += [self._words["nothing"], self._words["ask"].format(case=self._case(wish))]
            with self._workspace.state.write() as conn:
                chat.remember_wish(conn, self._chat, str(wish))
        return _Done(self._say("\n".join(words)), tuple(stopped), task)

    def _for_browser(self, wish: Wish) -> list[str]:
        """At once: what the identifier of this very browser allowed."""
        visitor = self._asked.text("anonymousId", 128)
        with self._workspace.state.write() as conn:
            ref = verify.visitor_ref(self._workspace, conn, visitor)
            refs, wanted = [] if ref is None else [ref], purposes_for(self._policy, wish)
            return choices.take_back(self._workspace, conn, refs, wanted, take_back.HOW, self._chat.shown, now_micros())

    def _stopped(self, stopped: list[str]) -> str:
        purposes = [self._policy.purposes[id] for id in stopped]
        what = self._words["stopped"].format(what=", ".join(f"“{one.label}”" for one in purposes))
        return "\n".join([what, *(self._words["loses"].format(label=one.label, loses=one.loses.rstrip(".")) for one in purposes if one.loses)])

    def _case(self, wish: Wish) -> str:
        regime = regime_for(self._policy, self._asked.text("tz", 64) or None)
        with self._workspace.state.write() as conn:
            return take_back.open_case(self._workspace, conn, wish, self._chat.shown, regime, self._asked.proof).shown

    def _for_address(self, wish: Wish, address: str) -> tuple[str, BackgroundTask | None]:
        """What stands under an address ends when its mailbox's owner says so; the answer is the same whether or not anything does."""
        workspace, regime = self._workspace, regime_for(self._policy, self._asked.text("tz", 64) or None)
        with workspace.state.write() as conn:
            case = take_back.open_case(workspace, conn, wish, self._chat.shown, regime, self._asked.proof)
            fair = self._asked.proof or verify.may_try(workspace, conn, "link-address", address.lower(), verify.PER_ADDRESS)

        def send() -> None:
            with workspace.state.write() as conn:
                link = take_back.make_link(workspace, conn, case, address)
            if link is not None:
                url = f"{workspace.settings.base_url}/{workspace.id}/privacy/open?t={link.token}"
                letters.send_withdrawal(workspace, link.ref, link.address, url, LINK_LASTS)

        return self._words["link"].format(case=case.shown), BackgroundTask(send) if fair else None

    def _lead_to_the_centre(self, address: str) -> _Done:
        workspace = self._workspace
        words, task = [self._words["delete"].format(url=f"{workspace.settings.base_url}/{workspace.id}/privacy")], None
        if address:
            with workspace.state.write() as conn:
                fair = self._asked.proof or verify.may_try(workspace, conn, "link-address", address.lower(), verify.PER_ADDRESS)
            task = BackgroundTask(make_and_send, workspace, address, "") if fair else None
            words.append(self._words["delete-link"])
        return _Done(self._say("\n".join(words)), (), task)

    def _say(self, words: str) -> tuple[dict[str, Any], ...]:
        """Say it in the conversation, where it stays as part of the transcript."""
        origin = Origin(True, "", "", now_micros(), self._workspace.access["canary_key"])
        by = From(Side.AUTOMATIC, origin, tz=self._asked.text("tz", 64), canary=self._asked.text("canary", 128))
        try:
            said = chat.say(self._workspace, self._ingest, self._chat, words, by)
        except Fault:  # what was just taken back may have been what let the chat be kept; it is shown all the same
            return ({"n": self._chat.lines + 1, "side": str(Side.AUTOMATIC), "at": now().isoformat(timespec="seconds"), "text": words},)
        return ({"n": said.n, "side": str(Side.AUTOMATIC), "at": now().isoformat(timespec="seconds"), "text": words},)


def _since(asked: _Asked) -> dict[str, Any]:
    workspace, after = asked.workspace, asked.body.get("after", 0)
    if not isinstance(after, int) or isinstance(after, bool) or not 0 <= after < 1_000_000:
        raise Fault("bad-number", "`after` is the number of the last line that was seen")
    with workspace.state.read() as conn:
        found = chat.by_secret(conn, asked.body.get("session"))
        news = chat.pointers(conn, found, after)
    if not news:
        return {"lines": [], "closed": found.closed}
    with workspace.state.write() as conn:  # words are opened for their own person, and the ledger says so
        grant = admit_subject(conn, workspace.log, workspace.plan, found.ref, "chat")
    with workspace.state.read() as conn:
        shown = chat.lines(workspace, conn, grant, found, after)
    name = "" if chat.address_of(workspace, found) else found.name
    told = [{"n": one.n, "side": str(one.side), "at": one.at.isoformat(timespec="seconds"), "text": one.text} for one in shown]
    return {"lines": told, "closed": found.closed, "name": name}


def _line_of(asked: _Asked) -> str:
    text = asked.body.get("text")
    if not isinstance(text, str) or not text.strip():
        raise Fault("empty-line", "a message needs its `text`")
    if len(text) > chat.LONGEST_LINE:
        raise Fault("too-long", f"a message has at most {chat.LONGEST_LINE} characters", status=413)
    return text.strip()


def _address_of(asked: _Asked) -> str:
    email = asked.text("email", 255).strip()
    if email and (not ADDRESS.fullmatch(email) or len(email) > 254):
        raise Fault("bad-address", "this is not an e-mail address")
    return email if asked.offer.email else ""


def _cookie(offer: Offer) -> dict[str, Any] | None:
    """What the page may keep so that the conversation goes on; None: nothing, where the policy declares no such cookie."""
    one = offer.cookie
    return None if one is None else {"name": one.name, "days": one.keep_for.days if one.keep_for else None}
