"""How does a telephone provider report a call? Signs and posts status callbacks as Twilio does, to one workspace.

It stands in for the provider in rehearsals: no call is made. It shares no code with the server, so that a mistake
in one is not a mistake in both.
Source: Twilio documentation, "Voice status callbacks" and "Security: validating requests"

    troth workspace show infinity --json | python examples/traffic/twilio_like.py --to +442079460101
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

STEPS = ("initiated", "ringing", "in-progress", "completed")
TAKEN, MISSED, BUSY = STEPS, ("initiated", "ringing", "no-answer"), ("initiated", "busy")


def new_call() -> str:
    """The id of a call that nobody had before."""
    return "CA" + secrets.token_hex(16)


def sign(token: str, url: str, fields: Mapping[str, str]) -> str:
    """The value of `X-Twilio-Signature`."""
    text = url
    for name in sorted(fields):
        text += name + fields[name]
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass(frozen=True)
class TwilioLike:
    """One account: the server it reports to, the workspace, the secret both know. `more` goes into every form."""

    server: str
    workspace: str
    token: str
    more: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    @property
    def url(self) -> str:
        """The hook, as it is set up at the provider."""
        return f"{self.server}/{self.workspace}/hooks/twilio/voice" + (f"?{self.query}" if self.query else "")

    def fields(self, call: str, caller: str, to: str, status: str, step: int, seconds: int | None = None) -> dict[str, str]:
        """The form of one callback."""
        said = {"CallSid": call, "AccountSid": "AC" + "0" * 32, "ApiVersion": "2010-04-01", "Direction": "inbound"}
        said |= {"From": caller, "To": to, "CallStatus": status, "SequenceNumber": str(step)}
        if seconds is not None:
            said["CallDuration"] = str(seconds)
        return said | dict(self.more)

    def post(self, fields: Mapping[str, str], signature: str | None = None) -> tuple[int, str]:
        """Post one callback; status and body of the answer."""
        headers = {"content-type": "application/x-www-form-urlencoded", "user-agent": "TwilioProxy/1.1"}
        headers["X-Twilio-Signature"] = sign(self.token, self.url, fields) if signature is None else signature
        sent = urllib.request.Request(self.url, urllib.parse.urlencode(fields).encode(), headers)
        try:
            with urllib.request.urlopen(sent, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def ring(self, caller: str, to: str, seconds: int = 60, steps: Iterable[str] = TAKEN, call: str = "") -> str:
        """A whole call, step by step; returns its id. Raises RuntimeError when the server refuses a step."""
        call = call or new_call()
        for step, status in enumerate(steps):
            last = status not in STEPS[:3]
            length = (seconds if status == "completed" else 0) if last else None
            code, body = self.post(self.fields(call, caller, to, status, step, length))
            if code != 200:
                raise RuntimeError(f"the hook answered {code}: {body[:200]}")
        return call


def main() -> None:
    """Report one call from the command line."""
    asked = argparse.ArgumentParser(description="Report one telephone call to a workspace, as Twilio would. Its keys come by standard input.")
    asked.add_argument("--server", default="http://127.0.0.1:8000", help="the public address of the server")
    asked.add_argument("--caller", default="+442079460999", help="who calls; `anonymous` withholds the number")
    asked.add_argument("--to", required=True, help="the number that is called, as +442079460101 or as the page shows it")
    asked.add_argument("--seconds", type=int, default=60)
    given = asked.parse_args()
    workspace, token = _keys()
    to = number_of(given.to)
    try:
        TwilioLike(given.server, workspace, token).ring(given.caller, to, given.seconds)
    except urllib.error.URLError as error:
        raise SystemExit(f"nothing answers at {given.server}: {error.reason}") from None
    except RuntimeError as error:
        raise SystemExit(str(error)) from None
    print(f"{to} was rung for {given.seconds} seconds; see {given.server}/{workspace}/console/calls")


def _keys() -> tuple[str, str]:
    """Whose telephone it is and the secret both know, as `troth workspace show --json` says them: by pipe, never by argument."""
    try:
        said = json.load(sys.stdin)
        return str(said["id"]), str(said["twilio_token"])
    except (ValueError, KeyError, TypeError):
        raise SystemExit("no keys came: pipe `troth workspace show NAME --json` into this") from None


def number_of(written: str) -> str:
    """A number of the United Kingdom as providers write it, from how a page shows it."""
    digits = "".join(one for one in written if one.isdigit())
    if not digits:
        raise SystemExit(f"`{written}` is no telephone number")
    return f"+44{digits[1:]}" if digits.startswith("0") and not digits.startswith("00") else f"+{digits.removeprefix('00')}"


if __name__ == "__main__":
    main()
