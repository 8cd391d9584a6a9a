"""A shop that writes to people, its doors, a provider of texts on loopback that says what it is told to, and signed texts that come in."""

from __future__ import annotations

import base64
import email
import email.policy
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

import httpx
from starlette.applications import Starlette

from tests.keeping import EXAMPLES, Place, Programs, held_clock
from troth.app import _fault, _refused
from troth.base.errors import Fault
from troth.centre import confirm, unsubscribe
from troth.collect.door import Door
from troth.collect.web import routes as web_routes
from troth.consent.record import State
from troth.consent.standing import read_standing
from troth.disclose import confirming, outbox
from troth.disclose.api import routes
from troth.gate.reasons import Refused
from troth.policy.model import Policy
from troth.policy.parse import read_policy
from troth.settings import Settings
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind
from troth.workspace import House

ADA, BEN = "+447900123456", "+447900654321"
TEXTS = "text-messages"
CARRIED = "Sale on Monday. Your carrier may charge for messages and data. Reply STOP to end these messages."
assert confirming.ask  # whoever sends the links of forms that wait


def policy_of(name: str, **channels: dict[str, Any]) -> Policy:
    """An example's policy, with other rules for some of its channels."""
    found = read_policy(EXAMPLES / name / "policy.yaml")
    return replace(found, channels={id: replace(rules, **channels.get(id, {})) for id, rules in found.channels.items()})


@dataclass
class Shop(Place):
    """One workspace whose people are written to."""

    def reader(self, number: str, regime: str = "uk", **said: State) -> int:
        """Somebody who gave a number together with agreement."""
        ref = self.person("enquirer", regime)
        with self.workspace.state.write() as conn:
            directory.attach(conn, ref, directory.hash_of(self.workspace.keys, IdentifierKind.PHONE, number), IdentifierKind.PHONE, False)
        self.say(ref, **({"text_messages": State.GIVEN} | said))
        self.keep(ref, "text-signup", **{"contact.phone": number, "sms.agreed": "true"})
        return ref

    def holder(self, address: str, regime: str = "uk") -> int:
        """Somebody with an account."""
        ref = self.person("account-holder", regime, address)
        self.keep(ref, "customer-details", **{"contact.name": "Ada", "contact.email": address})
        return ref

    def states(self, ref: int) -> dict[str, State]:
        with self.workspace.state.read() as conn:
            found = read_standing(conn, ref)
        assert found is not None
        return dict(found.states)

    def text_in(self, sender: str, body: str, id: str = "", token: str = "", **more: str) -> httpx.Response:
        """A text that comes in, signed as Twilio signs it (by another token, if one is given)."""
        path = f"/{self.workspace.id}/hooks/twilio/sms"
        fields = {"MessageSid": id or "SM" + secrets.token_hex(16), "From": sender, "To": "+442079460000", "Body": body} | more
        said = self.workspace.settings.base_url + path + "".join(name + fields[name] for name in sorted(fields))
        signature = base64.b64encode(hmac.digest((token or self.workspace.access["twilio_token"]).encode(), said.encode(), "sha1")).decode()
        headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
        return self.http.request("POST", path, content=urlencode(fields).encode(), headers=headers)

    def texts(self, to: str = "") -> list[str]:
        """What lies in the outbox for a number."""
        said = [json.loads(path.read_bytes()) for path in sorted(outbox.folder_of(self.workspace).glob("*.sms"))]
        return [str(one["text"]) for one in said if to in ("", one["to"])]

    def mails(self, to: str = "") -> list[EmailMessage]:
        paths = sorted(outbox.folder_of(self.workspace).glob("*.eml"), key=lambda one: one.stat().st_mtime_ns)
        read = [cast(EmailMessage, email.message_from_bytes(path.read_bytes(), policy=email.policy.default)) for path in paths]
        return [one for one in read if to in str(one["To"])]

    def status(self, id: str) -> str:
        return str(outbox.became(self.workspace, id))

    def use(self, **settings: Any) -> None:
        """Other settings from here on."""
        self.workspace.settings = replace(self.workspace.settings, **settings)


@contextmanager
def a_shop(folder: Path, policy: Policy) -> Iterator[Shop]:
    """A workspace of this policy with all the doors that messages lead to."""
    with held_clock() as held:
        house = House(Settings(folder / "data", folder / "secrets", folder / "tape"))
        workspace, door = house.create(policy.workspace), Door(house)
        workspace.publish(policy)
        found = [*routes(house, door), *confirm.routes(house, door), *unsubscribe.routes(house), *web_routes(house, door)]
        app = Starlette(routes=found, exception_handlers={Fault: _fault, Refused: _refused})  # type: ignore[dict-item]
        yield Shop(house, workspace, Programs(app), held)
        door.close()
        house.close()


@dataclass
class Provider:
    """Takes texts over HTTP as Twilio does. `answers`: what it says to each in turn, the last of them for ever; 0: it hangs up."""

    answers: list[int] = field(default_factory=lambda: [201])
    taken: list[dict[str, str]] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)  # path and who asked
    retry_after: str = ""

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Its address, with an account in it, while the block runs."""
        provider = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                provider.taken.append(dict(parse_qsl(body.decode())))
                provider.seen.append((self.path, base64.b64decode(self.headers["authorization"].split()[1]).decode()))
                status = provider.answers.pop(0) if len(provider.answers) > 1 else provider.answers[0]
                if status:
                    self.send_response(status)
                    if provider.retry_after:
                        self.send_header("retry-after", provider.retry_after)
                    self.send_header("content-length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://AC123:secret@127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()
