"""What does a browser keep and send again? The cookies of one made-up person, by hand, so that each can be looked at, lost or forged."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import date, timedelta
from http.cookies import SimpleCookie
from typing import Any

import httpx

from troth.base.clock import now
from troth.prove.world import AGENT, CALIFORNIA, Visitor, World

VIEW, VISITOR_COOKIE = "troth_view", "troth_visitor"


@dataclass(slots=True)
class Browser:
    """A browser on a site of the policy: its jar, and every cookie that a server ever set in it, newest last."""

    world: World
    person: Visitor
    jar: dict[str, str] = field(default_factory=dict)
    ever: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, tuple[str, date, str]] = field(default_factory=dict)  # purpose to what was said, when, to which change of it
    refuses: bool = False  # it keeps no cookie

    def get(self, path: str, origin: str = "", **query: str) -> httpx.Response:
        """Fetch something of this workspace from a page of the site, or of another origin."""
        return self._kept(self.world.http.get(f"/{self.world.workspace}{path}", params=query, headers=self._headers(origin)))

    def post(self, path: str, origin: str = "", **said: Any) -> httpx.Response:
        """Send something as a page's own code does."""
        body = {"key": self.world.access["publishable_key"], "tz": self.person.tz, **self._flag(), **said}
        return self._kept(self.world.http.post(f"/{self.world.workspace}{path}", json=body, headers=self._headers(origin)))

    def prefers(self, word: str, origin: str = "") -> httpx.Response:
        """Choose a way of viewing."""
        known = {} if self.refuses else {"anonymousId": self.person.id}
        return self.post("/view", origin, preference=word, **known)

    def viewed(self, origin: str = "") -> dict[str, Any]:
        """How the site is shown to this browser."""
        answer = self.get("/view", origin)
        return {"status": answer.status_code, **answer.json()}

    def asked(self) -> dict[str, Any]:
        """What this browser is to be asked, as the service tells it."""
        return dict(self.get("/consent", tz=self.person.tz).json())

    def questions(self, days_later: int = 0) -> list[str]:
        """The purposes that the banner asks about when this browser comes, by what is kept in it; none: no banner."""
        terms, today = self.asked(), now().date() + timedelta(days=days_later)
        return [one["id"] for one in terms["purposes"] if not self._needs_no_banner(terms, one) and not self._answered(terms, one["id"], today)]

    def _needs_no_banner(self, terms: dict[str, Any], purpose: dict[str, Any]) -> bool:
        return bool(terms["asking"]["mode"] == "browser-only" and purpose["mode"] == "may-object")

    def _answered(self, terms: dict[str, Any], id: str, today: date) -> bool:
        state, said_on, change = self.answers.get(id, ("", today, ""))
        if not state or (state == "given" and change != terms["anew"].get(id, "")):
            return False
        return (today - said_on).days < int(terms["ask_again_after_days"])

    def choose(self, how: str, **choices: str) -> dict[str, Any]:
        """Say yes or no, keep it, and let go of what is not permitted any more."""
        terms = self.asked()
        said = {purpose.replace("_", "-"): state for purpose, state in choices.items()}
        known = {"anonymousId": self.person.id}
        answer = self.post("/consent", **known, choices=said, how=how, screen=terms["screen"], version=terms["version"])
        self.answers |= {id: (state, now().date(), terms["anew"].get(id, "")) for id, state in said.items()}
        states = {one["id"]: self.answers.get(one["id"], ("",))[0] or ("given" if one["mode"] == "may-object" else "") for one in terms["purposes"]}
        for cookie in terms["cookies"]:
            if cookie["purposes"] and not any(states.get(one) == "given" for one in cookie["purposes"]):
                self.jar.pop(cookie["name"], None)
        if any(state == "given" for state in states.values()):
            self.jar[VISITOR_COOKIE] = self.person.id
        return dict(answer.json())

    def press(self, button: str) -> dict[str, Any]:
        """Press `accept-all` or `reject-all`."""
        state = "given" if button == "accept-all" else "refused"
        return self.choose(button, **{one["id"].replace("-", "_"): state for one in self.asked()["purposes"]})

    def lose(self, *names: str) -> Browser:
        """Delete cookies: these, or all."""
        for name in names or tuple(self.jar):
            self.jar.pop(name, None)
        return self

    def _headers(self, origin: str) -> dict[str, str]:
        self.world.http.cookies.clear()  # what the client itself keeps of others is not this browser's
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        return {"user-agent": AGENT, "origin": origin or self.world.policy.site.origins[0]} | ({"cookie": cookies} if cookies else {})

    def _kept(self, answer: httpx.Response) -> httpx.Response:
        for name, value, lasts in cookies_set(answer):
            self.ever.append((name, value))
            if lasts and not self.refuses:
                self.jar[name] = value
            else:
                self.jar.pop(name, None)
        return answer

    def _flag(self) -> dict[str, str]:
        return {"canary": self.world.access["canary_key"]} if self.world.canary else {}


def browser(world: World, tz: str = CALIFORNIA, allowing: tuple[str, ...] = (), refuses: bool = False) -> Browser:
    """Somebody new with a browser, who allowed these purposes where they are asked first."""
    person = Visitor(world, tz, secrets.token_hex(16))
    if allowing:
        person.allow(*allowing)
    return Browser(world, person, {} if refuses else {VISITOR_COOKIE: person.id}, refuses=refuses)


def cookies_set(answer: httpx.Response) -> list[tuple[str, str, bool]]:
    """The cookies that an answer and what led to it set: name, value, and whether they are to be kept."""
    found = []
    for one in (*answer.history, answer):
        for header in one.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(header).items():
                found.append((name, morsel.value, bool(morsel.value) and morsel["max-age"] != "0"))
    return found


