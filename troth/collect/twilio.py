"""What does Twilio say of a call, and is it Twilio who says it? Checks signatures and reads forms; it keeps nothing.

Source: Twilio documentation, "Security: validating requests" (signature) and "Voice status callbacks" (fields)
"""

from __future__ import annotations

import base64
import hmac
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.collect.calls import News, Status, status_of
from troth.collect.telephone import spelled

FORM_LIMIT = 32 * 1024
NOTHING_TO_DO = b'<?xml version="1.0" encoding="UTF-8"?>\n<Response/>'  # TwiML: go on as the number is set up
_AHEAD = 300_000_000
_LONGEST = 7 * 86_400

Form = list[tuple[str, str]]


def read_form(body: bytes) -> Form:
    """The fields of a form body, in order. Raises `bad-form`."""
    try:
        return parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=200, errors="strict")
    except ValueError:
        raise Fault("bad-form", "the body is not a form") from None


def signature(token: str, url: str, form: Form) -> str:
    """What `X-Twilio-Signature` must be: base64 of HMAC-SHA1 over the URL and the sorted fields, each value once."""
    text = url + "".join(name + value for name, value in sorted(set(form)))
    return base64.b64encode(hmac.digest(token.encode(), text.encode("utf-8", "surrogatepass"), "sha1")).decode()


def check_signature(token: str, url: str, form: Form, given: str | None) -> None:
    """Raise `bad-signature` unless `given` was made with `token` for this URL (with or without its port)."""
    wanted = [signature(token, one, form).encode() for one in _spellings(url)]
    said = (given or "").encode("utf-8", "replace")
    if not token or not any([hmac.compare_digest(one, said) for one in wanted]):
        raise Fault("bad-signature", "the signature is missing or does not fit the call", help="check the token and the public address", status=403)


def _spellings(url: str) -> tuple[str, str]:
    """The URL without a port and with one: Twilio signs either, depending on how it was called."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))


def read_call(form: Form, received_at: int) -> News:
    """One status callback. Raises `bad-call` when it does not say which call, which number or how it stands."""
    fields = dict(form)
    call, status = fields.get("CallSid", ""), fields.get("CallStatus", "")
    if not 2 <= len(call) <= 64 or not (call.isascii() and call.isalnum()) or not status or "To" not in fields:
        raise Fault("bad-call", "a call needs `CallSid`, `To` and `CallStatus`")
    known = status_of(status)
    seconds = _number(fields.get("CallDuration", ""))
    if seconds is None and known in (Status.BUSY, Status.NO_ANSWER, Status.FAILED, Status.CANCELED):
        seconds = 0
    return News(
        call=call,
        caller=spelled(fields.get("From", "")),
        number=spelled(fields["To"]),
        status=known,
        sequence=fields.get("SequenceNumber", "")[:16],
        at=_time(fields.get("Timestamp", ""), received_at),
        seconds=min(seconds, _LONGEST) if seconds is not None else None,
        inbound=fields.get("Direction", "inbound") == "inbound",
        canary=fields.get("TrothCanary", ""),
        imported=fields.get("TrothImport") == "true",  # signed like every field, so only who holds the token can say it
        visitor=fields.get("TrothVisitor", "")[:128],
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _time(text: str, received_at: int) -> int:
    """When it happened: by the signed `Timestamp` where there is one that can be, else now."""
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return received_at
    at = micros(said.replace(tzinfo=said.tzinfo or UTC))
    return at if at <= received_at + _AHEAD else received_at
