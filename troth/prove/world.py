"""Through which doors does a proof act? The system seen from outside: a site, browsers, callers, programs.

A proof that acts for `troth verify` sends canaries: people who are flagged by the workspace's own secret, left out
of every statistic, and removed afterwards. In the test run the same proofs act as ordinary people.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from troth.base.clock import now
from troth.policy.model import Policy

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LONDON, BERLIN, CALIFORNIA = "Europe/London", "Europe/Berlin", "America/Los_Angeles"


class Broken(AssertionError):
    """A promise that does not hold, in words that hold no personal data."""


def check(holds: object, otherwise: str) -> None:
    """Raise Broken unless something holds."""
    if not holds:
        raise Broken(otherwise)


@dataclass(slots=True)
class World:
    """One running workspace and the keys to its doors. `access` is what `troth workspace show` gives."""

    http: httpx.Client
    workspace: str
    policy: Policy
    access: Mapping[str, str]
    canary: bool = True
    made: list[str] = field(default_factory=list)

    # people

    def visitor(self, tz: str = CALIFORNIA) -> Visitor:
        """Somebody new with a browser in a time zone; not yet asked."""
        return Visitor(self, tz, secrets.token_hex(16))

    def address(self) -> str:
        """An e-mail address nobody had before."""
        return f"someone.{secrets.token_hex(6)}@people.example"

    def number(self) -> str:
        """A telephone number nobody had before, from the range reserved for drama."""
        return f"+4479001{secrets.randbelow(90000) + 10000}"

    # doors

    def send(self, type: str, **fields: Any) -> dict[str, Any]:
        """One trusted server call; returns its answer with `status`."""
        context = {"userAgent": AGENT, **fields.pop("context", {}), **self._flag()}
        body = {"messageId": secrets.token_hex(12), "timestamp": now().isoformat(), **fields, "context": context}
        return self._said(self.http.post(f"/v1/{type}", json=body, auth=(self.access["write_key"], "")))

    def post(self, path: str, body: Mapping[str, Any], origin: bool = True) -> dict[str, Any]:
        """A site's script posting to this workspace, from the site's own origin."""
        headers = {"user-agent": AGENT} | ({"origin": self.policy.site.origins[0]} if origin else {})
        sent = {"key": self.access["publishable_key"], **self._flag(), **body}
        return self._said(self.http.post(f"/{self.workspace}{path}", json=sent, headers=headers))

    def events(self, purpose: str, role: str = "owner") -> list[dict[str, Any]]:
        """What a purpose may see."""
        found = self.program("GET", f"/events?purpose={purpose}&role={role}")
        check(found["status"] in (200, 403), f"asking for events answered {found['status']}")
        return list(found.get("list", []))

    def program(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A program of the operator, with the workspace's api key."""
        headers = {"authorization": f"Bearer {self.access['api_key']}"}
        if self.canary:
            headers["troth-canary"] = self.access["canary_key"]
        return self._said(self.http.request(method, f"/api/{self.workspace}{path}", json=body, headers=headers))

    def page(self, path: str) -> str:
        """A public page of this workspace, as text."""
        answer = self.http.get(f"/{self.workspace}{path}", headers={"user-agent": AGENT})
        check(answer.status_code == 200, f"{path} answered {answer.status_code}")
        return answer.text

    def _flag(self) -> dict[str, str]:
        return {"canary": self.access["canary_key"]} if self.canary else {}

    @staticmethod
    def _said(answer: httpx.Response) -> dict[str, Any]:
        try:
            body = answer.json()
        except ValueError:
            body = {"text": answer.text}
        return {"status": answer.status_code, **(body if isinstance(body, dict) else {"list": body})}


@dataclass(slots=True)
class Visitor:
    """A person with a browser: what troth.js does, step by step."""

    world: World
    tz: str
    id: str

    def asked(self) -> dict[str, Any]:
        """What this browser is asked."""
        answer = self.world.http.get(f"/{self.world.workspace}/consent", params={"tz": self.tz})
        return dict(answer.json())

    def choose(self, how: str = "choose", **choices: str) -> dict[str, Any]:
        """Say yes or no; purposes with underscores for dashes (`site_analytics="given"`)."""
        said = {purpose.replace("_", "-"): state for purpose, state in choices.items()}
        return self.world.post("/consent", {"anonymousId": self.id, "choices": said, "how": how, "tz": self.tz})

    def accept_all(self) -> dict[str, Any]:
        """Press `Accept all`."""
        return self.choose("accept-all", **{one["id"].replace("-", "_"): "given" for one in self.asked()["purposes"]})

    def withdraw_all(self) -> dict[str, Any]:
        """Press `Reject all` later."""
        return self.choose("withdraw", **{one["id"].replace("-", "_"): "refused" for one in self.asked()["purposes"]})

    def view(self, path: str = "/pricing", referrer: str = "", query: str = "", agent: str = AGENT, anonymous: bool = False, **context: Any) -> dict[str, Any]:
        """View a page."""
        url = f"{self.world.policy.site.origins[0]}{path}{query}"
        page = {"url": url, "path": path, "title": "A page", "referrer": referrer}
        return self._send({"type": "page", "context": {"page": page, **context}}, agent, anonymous)

    def click(self, href: str, host: str, external: bool = True) -> dict[str, Any]:
        """Follow a link."""
        properties = {"href": href, "host": host, "external": "true" if external else "false"}
        return self._send({"type": "track", "event": "Link Clicked", "properties": properties, "context": {}}, AGENT, False)

    def track(self, event: str, **properties: Any) -> dict[str, Any]:
        """Do something the site counts."""
        return self._send({"type": "track", "event": event, "properties": properties, "context": {}}, AGENT, False)

    def _send(self, message: dict[str, Any], agent: str, anonymous: bool) -> dict[str, Any]:
        message["context"] |= {"timezone": self.tz, **self.world._flag()}
        message |= {"messageId": secrets.token_hex(12)} | ({} if anonymous else {"anonymousId": self.id})
        headers = {"user-agent": agent, "origin": self.world.policy.site.origins[0]}
        body = {"writeKey": self.world.access["publishable_key"], "batch": [message]}
        return World._said(self.world.http.post("/v1/batch", json=body, headers=headers))

    def seen(self, purpose: str = "site-analytics", event: str | None = None) -> list[dict[str, Any]]:
        """What a purpose sees of this very browser: rows carrying its id, or joined with one that does."""
        rows = self.world.events(purpose)
        mine = {row["person"] for row in rows if row["items"].get("cookie.visitor") == self.id}
        return [row for row in rows if row["person"] in mine and (event is None or row["event"] == event)]
