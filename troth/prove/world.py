"""Through which doors does a proof act? The system seen from outside: a site, browsers, callers, programs.

A proof that acts for `troth verify` sends canaries: people who are flagged by the workspace's own secret, left out
of every statistic, and removed afterwards. In the test run the same proofs act as ordinary people.
"""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from troth.base.clock import now
from troth.collect.regime import regime_for
from troth.policy.model import EventType, Item, Kind, Policy, Purpose

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
LONDON, BERLIN, CALIFORNIA = "Europe/London", "Europe/Berlin", "America/Los_Angeles"
VISITOR = "cookie.visitor"
_TELLING = 6  # characters from which a value tells an event from others


class Broken(AssertionError):
    """A promise that does not hold, in words that hold no personal data."""


def check(holds: object, otherwise: str) -> None:
    """Raise Broken unless something holds."""
    if not holds:
        raise Broken(otherwise)


_TRIES = 12  # a program asks again as long as that before it gives up


@dataclass(slots=True)
class World:
    """One running workspace and the keys to its doors. `access` is what `troth workspace show` gives."""

    http: httpx.Client
    workspace: str
    policy: Policy
    access: Mapping[str, str]
    canary: bool = True
    outbox: Path | None = None  # where messages wait when no mail server is set
    clients: tuple[World, ...] = ()  # the same of the companies that this business serves
    hire: Callable[[str], AbstractContextManager[tuple[str, str]]] | None = None  # makes an operator for a while (`troth.prove.staff`)
    began: str = field(default_factory=lambda: (now() - timedelta(seconds=1)).isoformat())

    # people

    def visitor(self, tz: str = CALIFORNIA) -> Visitor:
        """Somebody new with a browser in a time zone; not yet asked."""
        return Visitor(self, tz, secrets.token_hex(16))

    def counted(self, tz: str = CALIFORNIA) -> Visitor:
        """Somebody new whose visits may be counted: asked and agreed, where the policy asks first."""
        return self.visitor(tz).allow(self.visiting().id)

    def address(self) -> str:
        """An e-mail address nobody had before."""
        return f"someone.{secrets.token_hex(6)}@people.example"

    def number(self) -> str:
        """A telephone number nobody had before, from the range reserved for drama."""
        return f"+4479001{secrets.randbelow(90000) + 10000}"

    # what the policy has for an act

    def visiting(self) -> Purpose:
        """The purpose that counts visits; raises Broken where the policy counts none."""
        page = self.event("page")
        found = [one for one in self.policy.purposes.values() if page.id in one.events and VISITOR in one.items]
        counting = [one for one in found if one.kind is Kind.STATISTICS] or found
        check(counting, "no purpose of this policy sees visits")
        return counting[0]

    def event(self, call: str, name: str | None = None) -> EventType:
        """The event that a message of this kind carries; raises Broken where the policy takes none."""
        found = [one for one in self.policy.events.values() if one.call == call and (name is None or one.name == name)]
        check(found, f"this policy takes no {name or call}")
        return found[0]

    def role(self, purpose: str) -> str:
        """A role that may ask for a purpose."""
        return next((role for role, purposes in self.policy.roles.items() if purpose in purposes), "owner")

    def law(self, tz: str) -> str:
        """The law that covers somebody in a time zone."""
        return regime_for(self.policy, tz)

    def paths(self) -> list[str]:
        """Pages of the site that have an address of their own."""
        return [route for route in self.policy.site.routes if ":" not in route and "*" not in route]

    # doors

    def send(self, type: str, **fields: Any) -> dict[str, Any]:
        """One trusted server call; returns its answer with `status`."""
        context = {"userAgent": AGENT, **fields.pop("context", {}), **self._flag()}
        body = {"messageId": secrets.token_hex(12), "timestamp": now().isoformat(), **fields, "context": context}
        return self._said(self.http.post(f"/v1/{type}", json=body, auth=(self.access["write_key"], "")))

    def known(self, event: EventType | None = None) -> Told:
        """Somebody whose e-mail address is held, of the same people as an event is about, or of any that leave one."""
        found = [
            one for one in self.policy.events.values()
            if one.call in ("track", "group", "identify") and "contact.email" in one.items and (event is None or one.population == event.population)
        ]  # fmt: skip
        check(found, "no event of these people brings an e-mail address")
        event = max(found, key=lambda one: len({"contact.name", "contact.phone"} & set(one.items)))
        told = self.tell(event)
        check(told.answer.get("stored") == 1, f"event {event.id} was not kept though everything was permitted")
        return told

    def tell(
        self, event: EventType, items: Iterable[str] = (), willing: bool | Mapping[str, bool] | None = True, account: str = "",
        more: Mapping[str, Any] | None = None, tz: str = LONDON,
    ) -> Told:  # fmt: skip
        """A trusted program tells of an event with made-up values for these items (all that it carries, if none is named).

        `willing`: what its own banner was told, for every purpose at once or for these; None: nothing was said. `more`: fields that
        the policy does not know of.
        """
        check(event.call, f"{event.id} does not come from a program")
        account = account or self.address()
        values = self.values(event, tuple(items) or event.items, account)
        groups: dict[str, dict[str, Any]] = {"properties": {}, "traits": {}}
        for item, value in values.items():
            group, _, name = self.policy.items[item].at[0].partition(".")
            groups[group][name] = value
        groups["traits" if event.call in ("identify", "group") else "properties"] |= more or {}
        told = dict.fromkeys(self.policy.purposes, willing) if isinstance(willing, bool) else dict(willing or {})
        said = {"consent": {"categoryPreferences": told}} if told else {}
        fields = {name: found for name, found in groups.items() if found} | ({"event": event.name or event.id} if event.call == "track" else {})
        fields |= {"groupId": "g"} if event.call == "group" else {}
        answer = self.send(str(event.call), userId=account, context={"timezone": tz, **said}, **fields)
        return Told(event, account, values, answer)

    def values(self, event: EventType, items: Iterable[str], account: str = "") -> dict[str, Any]:
        """A value of its kind, that nobody had before, for each item a message of this event can carry. An account is
        known by its e-mail address."""
        carried = [item for item in dict.fromkeys((*items, *event.required)) if self.policy.items[item].at and self.policy.items[item].on]
        return {item: self._value(self.policy.items[item], account) for item in carried if item in event.items}

    def _value(self, item: Item, account: str) -> Any:
        fresh = secrets.token_hex(5)
        if item.category.startswith("user.contact.email"):
            return account or self.address()
        if item.category.startswith("user.contact.phone"):
            return self.number()
        match item.values:
            case None:
                return f"Something said {fresh}"
            case "number":
                return secrets.randbelow(900_000) + 100_000
            case "flag":
                return "true"
            case "host":
                return f"{fresh}.example"
            case "route":
                return next(iter(self.paths()), "/")
            case _:
                return f"w{fresh}"

    def post(self, path: str, body: Mapping[str, Any], origin: bool = True) -> dict[str, Any]:
        """A site's script posting to this workspace, from the site's own origin."""
        headers = {"user-agent": AGENT} | ({"origin": self.policy.site.origins[0]} if origin else {})
        sent = {"key": self.access["publishable_key"], **self._flag(), **body}
        return self._said(self.http.post(f"/{self.workspace}{path}", json=sent, headers=headers))

    def events(self, purpose: str, role: str = "") -> list[dict[str, Any]]:
        """What a purpose may see, asked by a role that may ask for it."""
        found = self.program("GET", f"/events?purpose={purpose}&role={role or self.role(purpose)}&since={quote(self.began)}")
        check(found["status"] in (200, 403), f"asking for events answered {found['status']}")
        return list(found.get("list", []))

    def program(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A program of the operator, with the workspace's api key."""
        headers = {"authorization": f"Bearer {self.access['api_key']}"}
        if self.canary:
            headers["troth-canary"] = self.access["canary_key"]
        for _ in range(_TRIES):
            said = self._said(self.http.request(method, f"/api/{self.workspace}{path}", json=body, headers=headers))
            if said.get("code") != "view-unsettled":
                break
            time.sleep(0.3)  # other people's choices kept changing while it was read: no promise is broken by asking again
        return said

    def page(self, path: str) -> str:
        """A public page of this workspace, as text."""
        answer = self.http.get(f"/{self.workspace}{path}", headers={"user-agent": AGENT})
        check(answer.status_code == 200, f"{path} answered {answer.status_code}")
        return answer.text

    def call(self, caller: str, number: str, seconds: int = 65, status: str = "completed") -> dict[str, Any]:
        """Somebody calls one of our numbers; the provider tells us, signed, when it rings and when it ends."""
        call, path = "CA" + secrets.token_hex(16), f"/{self.workspace}/hooks/twilio/voice"
        for step, (now_is, length) in enumerate((("ringing", None), (status, seconds))):
            fields = {"CallSid": call, "From": caller, "To": number, "CallStatus": now_is, "Direction": "inbound", "SequenceNumber": str(step)}
            fields |= {"CallDuration": str(length)} if length is not None else {}
            fields |= {"TrothCanary": self.access["canary_key"]} if self.canary else {}
            said = str(self.http.base_url).rstrip("/") + path + "".join(name + fields[name] for name in sorted(fields))
            signature = base64.b64encode(hmac.digest(self.access["twilio_token"].encode(), said.encode(), "sha1")).decode()
            answer = self.http.post(path, data=fields, headers={"x-twilio-signature": signature})
        return self._said(answer)

    def letter_to(self, address: str, within: float = 8.0, holding: str = "") -> str:
        """The newest message to an address that holds some words, as text; raises Broken when none came."""
        until = time.monotonic() + within
        while self.outbox is not None and time.monotonic() < until:
            for path in sorted(self.outbox.glob("*.eml"), key=lambda one: one.stat().st_mtime, reverse=True):
                message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                if address in str(message["to"]):
                    body = message.get_body(("plain",))
                    text = str(body.get_content()) if body is not None else ""
                    if holding in text:
                        return text
            time.sleep(0.05)
        raise Broken("no message came to an address that asked for one")

    def centre(self) -> Centre:
        """Somebody opens the privacy centre in a browser of their own."""
        headers = {"user-agent": AGENT} | ({"troth-canary": self.access["canary_key"]} if self.canary else {})
        return Centre(self, httpx.Client(base_url=self.http.base_url, headers=headers, timeout=30))

    def _flag(self) -> dict[str, str]:
        return {"canary": self.access["canary_key"]} if self.canary else {}

    @staticmethod
    def _said(answer: httpx.Response) -> dict[str, Any]:
        try:
            body = answer.json()
        except ValueError:
            body = {"text": answer.text}
        return {"status": answer.status_code, **(body if isinstance(body, dict) else {"list": body})}


@dataclass(frozen=True, slots=True)
class Told:
    """An event that a program told of: about which account, with which values, and what was answered."""

    event: EventType
    account: str
    values: Mapping[str, Any]
    answer: Mapping[str, Any]

    def among(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows that hold something of it that nobody else has."""
        own = {str(value) for value in self.values.values() if len(str(value)) >= _TELLING and str(value) != self.account} or {self.account}
        return [row for row in rows if row["event"] == self.event.id and own & {str(value) for value in row["items"].values()}]


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

    def allow(self, *purposes: str) -> Visitor:
        """Say yes to purposes where this browser is asked before; silence is enough for the others."""
        asks = [one["id"] for one in self.asked()["purposes"] if one["id"] in purposes and one["mode"] == "ask-before"]
        if asks:
            self.choose(**{purpose.replace("-", "_"): "given" for purpose in asks})
        return self

    def refuse_all(self) -> dict[str, Any]:
        """Press `Reject all`."""
        return self.choose("reject-all", **{one["id"].replace("-", "_"): "refused" for one in self.asked()["purposes"]})

    def withdraw_all(self) -> dict[str, Any]:
        """Press `Reject all` later."""
        return self.choose("withdraw", **{one["id"].replace("-", "_"): "refused" for one in self.asked()["purposes"]})

    def view(
        self, path: str = "/pricing", referrer: str = "", query: str = "", agent: str = AGENT, anonymous: bool = False,
        headers: Mapping[str, str] | None = None, **context: Any,
    ) -> dict[str, Any]:  # fmt: skip
        """View a page. `headers`: what else the browser sends."""
        url = f"{self.world.policy.site.origins[0]}{path}{query}"
        page = {"url": url, "path": path, "title": "A page", "referrer": referrer}
        return self._send({"type": "page", "context": {"page": page, **context}}, agent, anonymous, headers)

    def click(self, href: str, host: str, external: bool = True) -> dict[str, Any]:
        """Follow a link."""
        properties = {"href": href, "host": host, "external": "true" if external else "false"}
        return self._send({"type": "track", "event": "Link Clicked", "properties": properties, "context": {}}, AGENT, False)

    def track(self, event: str, **properties: Any) -> dict[str, Any]:
        """Do something the site counts."""
        return self._send({"type": "track", "event": event, "properties": properties, "context": {}}, AGENT, False)

    def _send(self, message: dict[str, Any], agent: str, anonymous: bool, more: Mapping[str, str] | None = None) -> dict[str, Any]:
        message["context"] |= {"timezone": self.tz, **self.world._flag()}
        message |= {"messageId": secrets.token_hex(12)} | ({} if anonymous else {"anonymousId": self.id})
        headers = {"user-agent": agent, "origin": self.world.policy.site.origins[0], **(more or {})}
        body = {"writeKey": self.world.access["publishable_key"], "batch": [message]}
        return World._said(self.world.http.post("/v1/batch", json=body, headers=headers))

    def number(self) -> dict[str, Any]:
        """The telephone number this browser's page shows."""
        path = f"/{self.world.workspace}/number"
        return dict(self.world.http.post(path, json={"visitor": self.id}, headers={"origin": self.world.policy.site.origins[0]}).json())

    def seen(self, purpose: str = "", event: str | None = None) -> list[dict[str, Any]]:
        """What a purpose (the one that counts visits, if none is named) sees of this very browser: rows that carry its
        id, or are of the same person as one that does."""
        rows = self.world.events(purpose or self.world.visiting().id)
        mine = {row["person"] for row in rows if row["items"].get(VISITOR) == self.id}
        return [row for row in rows if row["person"] in mine and (event is None or row["event"] == event)]


@dataclass(slots=True)
class Centre:
    """The privacy centre in one person's browser. Close it with `with`."""

    world: World
    http: httpx.Client

    def __enter__(self) -> Centre:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def by_browser(self, visitor: Visitor) -> Centre:
        """Come in with the browser's own identifier."""
        self.post("/browser", v=visitor.id)
        return self

    def by_mail(self, address: str) -> Centre:
        """Come in by the one-time link sent to an address."""
        try:
            self.post("/link", email=address)
            found = re.search(r"/privacy/open[?]t=([A-Za-z0-9]+)", self.world.letter_to(address, holding="/privacy/open?t="))
            check(found, "the message holds no link")
            assert found is not None
            self.get(f"/open?t={found[1]}")
            self.post("/open", t=found[1])
        except BaseException:
            self.http.close()
            raise
        return self

    def get(self, path: str = "") -> httpx.Response:
        """A page of the centre."""
        return self.http.get(f"/{self.world.workspace}/privacy{path}", follow_redirects=True)

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send one of its forms, with the token its pages carry."""
        token = re.search(r'name="form_token" value="([^"]+)"', self.get().text)
        sent = fields | ({"form_token": token[1]} if token else {})
        return self.http.post(f"/{self.world.workspace}/privacy{path}", data=sent, follow_redirects=True)

    def data(self) -> dict[str, Any]:
        """Everything held about whoever came in, as the file they download."""
        answer = self.get("/data.json")
        check(answer.status_code == 200, f"the person's data was answered with {answer.status_code}")
        return dict(answer.json())

    def items(self) -> dict[str, list[str]]:
        """The items of that file: item to its values."""
        found: dict[str, list[str]] = {}
        for event in self.data()["events"]:
            for item in event["items"]:
                found.setdefault(item["id"], []).append(str(item["value"]))
        return found
