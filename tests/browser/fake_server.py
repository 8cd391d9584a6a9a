"""What does the script meet when it asks the server? A fake of the server's half, kept in memory; it stores nothing and proves nothing.

It speaks the contract between browser and server and remembers what it was sent, so that a test can read it:

    GET  /<w>/troth.js                     the script with its settings
    POST /<w>/consent/terms                purposes and wording for the regime of a time zone      -> `asks`
    POST /<w>/consent                      an answer                                               -> `answers`
    POST /v1/batch                         events; the same `messageId` is kept once               -> `events`, `batches`
    POST /<w>/number                       a number from a pool of one                             -> `leases`
    POST /<w>/forms/<name>                 a form; an e-mail without @ is refused                  -> `forms`
    GET, POST /<w>/comments                comments with the warning shown before                  -> `comments`

`fail_next("/v1/batch", 503, times=2)` makes it answer badly, `lose_next` does the work and then answers badly.
`terms` and `config` may be changed by a test; `regimes` says which purposes each law wants asked first. Only `origins` may call.
Source: the paths and shapes of DESIGN section 8.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from tests.running import ROOT
from troth.browser import script
from troth.collect.banner_words import banner_text
from troth.policy.model import Permission
from troth.policy.parse import read_policy

Json = dict[str, Any]
Answer = Callable[[Request], Awaitable[Response]]

# What the server says, but for the sentences that its policy's author wrote.
TEXT = banner_text(read_policy(ROOT / "examples" / "infinity" / "policy.yaml"), {Permission.ASK_BEFORE}) | {
    "title": "Your choices about your visit",
    "intro": "We would like to use what your visit tells us for the purposes below. You decide, and you can change your mind at any time.",
    "save": "Save choices",
}
PURPOSES = {
    "site-analytics": ("Learning how the site is used", "Let us count your visit and see which pages and sources are of use.",
                       "nothing on the site stops working"),
    "call-journey": ("Joining your visit with your calls", "Let us put your visit together with telephone calls you make to us.",
                     "we will not know what you looked at when you call"),
    "personalisation": ("Fitting pages to you", "Let us remember how you like to view the site and fit pages to what you read before.",
                        "pages appear in their usual form and your viewing choices are forgotten"),
}
KINDS = {"site-analytics": "statistics", "call-journey": "joining", "personalisation": "personalisation"}
FIRST = {"gdpr": set(PURPOSES), "uk": {"call-journey", "personalisation"}, "california": set()}
LABELS = {"gdpr": "European Union", "uk": "United Kingdom", "california": "California"}


class FakeTroth:
    """One fake server for one test. `start` listens on a free port of 127.0.0.1."""

    def __init__(self) -> None:
        self.origins: list[str] = []
        self.origin = ""
        self.regimes: dict[str, set[str]] = {name: set(first) for name, first in FIRST.items()}
        self.purposes: dict[str, tuple[str, str, str]] = dict(PURPOSES)
        self.terms: Json = {}
        self.config: Json = {}
        self.asks: list[Json] = []
        self.answers: list[Json] = []
        self.batches: list[Json] = []
        self.events: list[Json] = []
        self.leases: list[Json] = []
        self.forms: list[Json] = []
        self.comments: list[Json] = []
        self._failing: list[tuple[str, int, bool]] = []

    def fail_next(self, path: str, status: int, times: int = 1) -> None:
        self._failing += [(path, status, False)] * times

    def lose_next(self, path: str, status: int = 503) -> None:
        """The next call to `path` is carried out, but its answer is lost."""
        self._failing.append((path, status, True))

    def pages(self) -> list[Json]:
        return [event for event in self.events if event["type"] == "page"]

    def tracked(self, name: str) -> list[Json]:
        return [event for event in self.events if event.get("event") == name]

    def start(self) -> FakeTroth:
        app = Starlette(routes=[
            Route("/v1/batch", self._or_failing(self._batch), methods=["POST"]),
            Route("/{w}/troth.js", self._script),
            Route("/{w}/chat.js", lambda _: Response("", media_type="text/javascript")),
            Route("/{w}/consent/terms", self._or_failing(self._ask), methods=["POST"]),
            Route("/{w}/consent", self._or_failing(self._answer), methods=["POST"]),
            Route("/{w}/number", self._or_failing(self._number), methods=["POST"]),
            Route("/{w}/forms/{name}", self._or_failing(self._form), methods=["POST"]),
            Route("/{w}/comments", self._or_failing(self._read_comments), methods=["GET"]),
            Route("/{w}/comments", self._or_failing(self._comment), methods=["POST"]),
            Route("/{w}/{page}", lambda _: HTMLResponse("<title>Server page</title><h1>Server page</h1>")),
        ])
        app.add_middleware(CORSMiddleware, allow_origins=self.origins, expose_headers=["Retry-After"])
        self._server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        self.origin = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)

    def _or_failing(self, answer: Answer) -> Answer:
        async def answered(http: Request) -> Response:
            planned = next((one for one in self._failing if http.url.path.endswith(one[0])), None)
            if planned:
                self._failing.remove(planned)
            if planned is None or planned[2]:
                good = await answer(http)
            return JSONResponse({"code": "busy", "message": "please wait"}, planned[1], {"Retry-After": "1"}) if planned else good

        return answered

    async def _script(self, http: Request) -> Response:
        config = {"w": http.path_params["w"], "base": self.origin, "key": "pk_test"} | self.config
        return Response(script(config), media_type="text/javascript; charset=utf-8")

    async def _ask(self, http: Request) -> Response:
        self.asks.append(json.loads(await http.body()))
        zone, w = self.asks[-1]["tz"], http.path_params["w"]
        regime = "california" if zone == "America/Los_Angeles" else "uk" if zone == "Europe/London" else "gdpr"
        listed = [{"id": name, "label": label, "wording": wording, "loses": loses,
                   "kind": KINDS.get(name, "statistics"), "mode": "ask-before" if name in self.regimes[regime] else "may-object"}
                  for name, (label, wording, loses) in self.purposes.items()]
        return JSONResponse({
            "regime": regime, "regime_label": LABELS[regime], "version": "1", "screen": "s1", "ask_again_after_days": 180,
            "gpc": ["call-journey", "personalisation", "marketing-email"], "joins": ["call-journey"],
            "policy_url": f"/{w}/policy", "cookies_url": f"/{w}/cookies", "privacy_url": f"/{w}/privacy",
            "text": TEXT, "purposes": listed, "external_note": "This link leads to a site that this policy does not cover.",
            "cookies": [{"name": "troth_choice", "purposes": [], "keep_for_days": 180},
                        {"name": "troth_visitor", "purposes": ["site-analytics"], "keep_for_days": 400},
                        {"name": "troth_view", "purposes": ["personalisation"], "keep_for_days": 90},
                        {"name": "old_counter", "purposes": ["site-analytics"]}],
        } | self.terms)

    async def _answer(self, http: Request) -> Response:
        self.answers.append(json.loads(await http.body()))
        return JSONResponse({"ok": True, "version": "1", "receipt": None})

    async def _batch(self, http: Request) -> Response:
        sent = json.loads(await http.body())
        self.batches.append(sent | {"content_type": http.headers.get("content-type", "")})
        known = Counter(event["messageId"] for event in self.events)
        self.events += [event for event in sent["batch"] if not known[event["messageId"]]]
        return JSONResponse({"ok": True})

    async def _number(self, http: Request) -> Response:
        self.leases.append(json.loads(await http.body()))
        return JSONResponse({"number": "+442079460101", "display": "020 7946 0101", "leased": True})

    async def _form(self, http: Request) -> Response:
        sent = json.loads(await http.body())
        if "@" not in sent["fields"].get("email", ""):
            return JSONResponse({"code": "missing-item", "message": "an e-mail address is needed <b>here</b>"}, 400)
        self.forms.append(sent | {"name": http.path_params["name"]})
        return JSONResponse({"ok": True})

    async def _read_comments(self, http: Request) -> Response:
        shown = [{"name": one["name"], "text": one["text"], "on": "2026-11-22"} for one in self.comments]
        return JSONResponse({"warning": {"version": "w1", "text": "What you post here is public."}, "comments": shown})

    async def _comment(self, http: Request) -> Response:
        self.comments.append(json.loads(await http.body()))
        return JSONResponse({"ok": True})
