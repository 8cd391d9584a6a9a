"""What did a client send? Reads Segment-compatible bodies into messages, within limits. It judges no permission.

Source: Segment HTTP Tracking API (public specification of its calls and fields); RFC 1952 (gzip); RFC 7617 (Basic)
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import msgspec

from troth.base.errors import Fault

CALLS = frozenset({"track", "page", "screen", "identify", "group", "alias"})
EVENT_LIMIT = 32 * 1024
BATCH_LIMIT = 500 * 1024
MANY = 2_500
_DEPTH = 12
_MOST = 10**128  # of an id that is a number
LONGEST = {"anonymous_id": 128, "user_id": 256, "previous_id": 256}  # characters; cut short, two people's could be one


class Message(msgspec.Struct, rename="camel"):
    """One Segment message. Unknown fields are ignored; wrong types are errors."""

    type: str | None = None
    message_id: str | None = None
    anonymous_id: str | None = None
    user_id: str | int | None = None
    previous_id: str | int | None = None
    group_id: str | int | None = None
    event: str | None = None
    name: str | None = None
    timestamp: str | None = None
    context: dict[str, Any] | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None


class _Batch(msgspec.Struct, rename="camel"):
    batch: list[msgspec.Raw]
    write_key: str | None = None
    context: dict[str, Any] | None = None


class _Key(msgspec.Struct, rename="camel"):
    write_key: str | None = None


_message = msgspec.json.Decoder(Message)
_batch = msgspec.json.Decoder(_Batch)
_key = msgspec.json.Decoder(_Key)
_any = msgspec.json.Decoder()


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body as sent, unzipped if it says so; raises when it is larger than `limit` either way."""
    if encoding == "gzip":
        try:
            opened = zlib.decompressobj(wbits=31)
            body = opened.decompress(body, limit + 1)
        except zlib.error:
            raise Fault("bad-gzip", "the body says gzip but cannot be unzipped") from None
        if len(body) <= limit and not opened.eof:
            raise Fault("bad-gzip", "the gzip body ends too early")
        if opened.unused_data:
            raise Fault("bad-gzip", "something follows the gzip body")
    elif encoding not in ("", "identity"):
        raise Fault("bad-encoding", "the body may be plain or gzip", status=415)
    if len(body) > limit:
        raise Fault("too-large", f"the body is larger than {limit // 1024} KB", status=413)
    return body


def read_one(body: bytes, call: str) -> Message:
    """The message of a single call."""
    if len(body) > EVENT_LIMIT:
        raise Fault("event-too-large", f"an event may be at most {EVENT_LIMIT // 1024} KB", status=413)
    message: Message = _read(_message, body)
    message.type = call
    check_depth(_parts(message), body)
    _check_ids(message)
    return message


def read_batch(body: bytes) -> tuple[list[Message | Fault], str | None]:
    """The messages of a batch, each its own: a bad one is a Fault in its place and fails no other."""
    batch = _read(_batch, body)
    if len(batch.batch) > MANY:
        raise Fault("too-many-events", f"a batch may hold at most {MANY} events", status=413)
    return [_read_part(raw, batch.context) for raw in batch.batch], batch.write_key


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object of any fields, as pages and telephone systems send it; raises `bad-json` and `too-deep`."""
    found = _read(_any, body)
    if not isinstance(found, dict):
        raise Fault("bad-json", "the body must be a JSON object")
    check_depth([found], body)
    return found


def key_in(body: bytes) -> str | None:
    """The write key a browser put into the body."""
    key: str | None = _read(_key, body).write_key
    return key


def _read_part(raw: msgspec.Raw, shared: dict[str, Any] | None) -> Message | Fault:
    try:
        whole = memoryview(raw)
        if len(whole) > EVENT_LIMIT:
            raise Fault("event-too-large", f"an event may be at most {EVENT_LIMIT // 1024} KB", status=413)
        message: Message = _read(_message, raw)
        check_depth(_parts(message), bytes(whole))
        _check_ids(message)
        if message.type not in CALLS:
            raise Fault("unknown-call", "an event's `type` is one of " + ", ".join(sorted(CALLS)))
    except Fault as fault:
        return fault
    if shared:
        message.context = shared | (message.context or {})
    return message


def _read(decoder: Any, body: Any) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        # The message names the place and the types, never the value.
        raise Fault("bad-field", f"a field has the wrong type: {str(error)[:160]}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Fault("bad-json", "the body is not valid JSON") from None
    except RecursionError:
        raise Fault("too-deep", f"the body is nested more than {_DEPTH} levels deep") from None


def _parts(message: Message) -> list[Any]:
    return [part for part in (message.context, message.properties, message.traits) if part]


def check_depth(parts: list[Any], body: bytes) -> None:
    """Refuse nesting no honest client sends. `body` is what the parts were read from."""
    if body.count(b"{") + body.count(b"[") <= _DEPTH:
        return  # too few brackets to be deep
    ahead: list[tuple[Any, int]] = [(part, 2) for part in parts]
    while ahead:
        value, depth = ahead.pop()
        if depth > _DEPTH:
            raise Fault("too-deep", f"an event is nested more than {_DEPTH} levels deep")
        inner = value.values() if isinstance(value, dict) else value
        ahead += [(one, depth + 1) for one in inner if isinstance(one, (dict, list))]


def _check_ids(message: Message) -> None:
    for name, longest in LONGEST.items():
        given = getattr(message, name)
        if (isinstance(given, str) and len(given) > longest) or (isinstance(given, int) and abs(given) >= _MOST):
            raise Fault("id-too-long", f"`{name.replace('_id', 'Id')}` may have at most {longest} characters")


def basic_key(header: str) -> str | None:
    """The write key of a Basic authorisation header, if it is one."""
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode("ascii").partition(":")[0]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
