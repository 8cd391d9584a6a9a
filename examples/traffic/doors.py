"""How does traffic reach a server? Through the doors that sites, servers and telephone providers use; it knows no other way in.

Source: DESIGN section 8; `troth/browser/troth.js` for what a site's script sends
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping, Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlsplit

from story import Call, Terms
from twilio_like import TAKEN, TwilioLike, new_call

Body = dict[str, Any]
TOGETHER = 150  # messages in one batch


class Doors:
    """The doors of one workspace. `keys` are those of `troth workspace show`."""

    def __init__(self, server: str, workspace: str, origin: str, keys: Mapping[str, str]) -> None:
        self.workspace, self.origin, self._keys = workspace, origin, keys
        self._server = server
        self._line = http.client.HTTPConnection(urlsplit(server).netloc, timeout=60)

    # a browser's

    def terms(self, zones: Sequence[str]) -> Terms:
        """What browsers in these time zones are asked, purpose by purpose."""
        asked = {zone: self._call("GET", f"/{self.workspace}/consent?tz={quote(zone)}") for zone in zones}
        return {zone: {one["id"]: one["mode"] for one in answer["purposes"]} for zone, answer in asked.items()}

    def choose(self, visitor: str | None, choices: Mapping[str, str], how: str, zone: str) -> Body:
        """An answer to the banner; without a visitor only a count is kept."""
        return self._site(f"/{self.workspace}/consent", {"anonymousId": visitor, "choices": dict(choices), "how": how, "tz": zone})

    def number(self, visitor: str) -> Body:
        """The number a page shows to this browser."""
        return self._site(f"/{self.workspace}/number", {"visitor": visitor})

    def form(self, name: str, fields: Mapping[str, str], zone: str) -> Body:
        """A form that is sent."""
        return self._site(f"/{self.workspace}/forms/{name}", {"fields": dict(fields), "tz": zone})

    def chat(self, lines: Sequence[str], zone: str) -> Body:
        """A conversation in the site's chat: lines of one person, who gives no address."""
        said: Body = {}
        for line in lines:
            said |= self._site(f"/{self.workspace}/chat", {"text": line, "tz": zone, "session": said.get("session")})
        return said

    def warning(self, article: str) -> str:
        """The version of the warning that is shown before commenting."""
        return str(self._call("GET", f"/{self.workspace}/comments?article={quote(article, safe='')}")["warning"]["version"])

    def browser(self, messages: Sequence[Body], agent: str) -> Body:
        """Events as a site's script sends them: with the key that everybody can read."""
        body = {"writeKey": self._keys["publishable_key"], "batch": list(messages)}
        return self._call("POST", "/v1/batch", body, {"origin": self.origin, "user-agent": agent, "content-type": "text/plain"})

    # a server's, with the secret key

    def server(self, messages: Sequence[Body]) -> Body:
        """Events that a server of the business sends or imports; what became of them, added up."""
        key = base64.b64encode(f"{self._keys['write_key']}:".encode()).decode()
        total: Body = {"stored": 0, "anonymous": 0, "joined": 0, "refused": 0}
        for start in range(0, len(messages), TOGETHER):
            body = {"batch": list(messages[start : start + TOGETHER])}
            said = self._call("POST", "/v1/batch", body, {"authorization": f"Basic {key}"})
            for name in ("stored", "anonymous", "joined"):
                total[name] += said.get(name, 0)
            # What is told of a remainder is why the rest was left out; only what is in neither was refused.
            total["refused"] += max(0, sum(said.get("refused", {}).values()) - said.get("anonymous", 0))
        return total

    # a telephone provider's

    def ring(self, call: Call, number: str) -> None:
        """A call: one that rings now step by step, one of the past by its last step, which says when it was."""
        provider = TwilioLike(self._server, self.workspace, self._keys["twilio_token"])
        caller = call.caller or "anonymous"
        if call.live:
            provider.ring(caller, number, call.seconds, TAKEN)
            return
        fields = provider.fields(new_call(), caller, number, call.status, 3, call.seconds)
        fields |= {"Timestamp": format_datetime(call.at), "TrothImport": "true"}
        if call.visit is not None:
            fields["TrothVisitor"] = call.visit.person.visitor
        code, said = provider.post(fields)
        if code != 200:
            raise RuntimeError(f"the telephone hook answered {code}: {said[:200]}")

    # the line

    def _site(self, path: str, body: Body) -> Body:
        sent = {"key": self._keys["publishable_key"], **body}
        return self._call("POST", path, sent, {"origin": self.origin, "content-type": "text/plain"})

    def _call(self, method: str, path: str, body: Body | None = None, headers: Mapping[str, str] | None = None) -> Body:
        sent = {"content-type": "application/json", "user-agent": "traffic/1", **(headers or {})}
        packed = None if body is None else json.dumps(body).encode()
        try:
            self._line.request(method, path, packed, sent)
            answer = self._line.getresponse()
        except (BrokenPipeError, ConnectionResetError):  # the server had hung up on a line that was quiet for long: nothing was read
            self._line.close()
            self._line.request(method, path, packed, sent)
            answer = self._line.getresponse()
        raw = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path.partition('?')[0]} answered {answer.status}: {raw[:200].decode(errors='replace')}")
        return dict(json.loads(raw))

    def close(self) -> None:
        """Hang up."""
        self._line.close()
