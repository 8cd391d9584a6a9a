"""How do events reach us over HTTP? The raw ASGI door of `/v1/…`: reads, hands on, answers after the commit.

200 also for an event refused for want of permission (counted, and the body says so); errors are `{"code","message"}`.
Source: Segment HTTP Tracking API; ASGI 3.0
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from troth.base.clock import now_micros
from troth.base.errors import Fault
from troth.collect.ingest import Answer, Ingest
from troth.collect.messages import BATCH_LIMIT, CALLS, EVENT_LIMIT, basic_key, key_in, read_batch, read_one, unpack
from troth.collect.pipeline import Origin
from troth.collect.privacy_signal import HEADER, sent_in
from troth.gate.reasons import SENTENCES, Reason
from troth.workspace import House, Workspace

# Refused because of what it is, not for want of permission: the sender should mend it.
MALFORMED = frozenset(
    {Reason.UNDECLARED_EVENT, Reason.MISSING_ITEM, Reason.TIME_IN_FUTURE, Reason.ITEM_NOT_FOR_POPULATION, Reason.SPECIAL_CATEGORY, Reason.CHILD,
     Reason.CARD_NUMBER, Reason.NATIONAL_ID}
)
_PLAIN = [(b"content-type", b"application/json")]
_PREFLIGHT = [
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, authorization"),
    (b"access-control-max-age", b"600"),
]

_BROKEN = Fault("failed", "something failed here; send it again in a moment", status=500)


class Door:
    """Answers `/v1/<call>` for every workspace of a house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._ingests: dict[str, Ingest] = {}

    def ingest(self, workspace: Workspace) -> Ingest:
        """The workspace's writer, started on first use."""
        found = self._ingests.get(workspace.id)
        if found is None:
            found = self._ingests[workspace.id] = Ingest(workspace)
        return found

    def close(self) -> None:
        """Finish what waits."""
        for ingest in self._ingests.values():
            ingest.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        allow: list[tuple[bytes, bytes]] = []
        try:
            if scope["method"] == "OPTIONS":
                await _reply(send, 204, b"", self._preflight(headers))
                return
            if scope["method"] != "POST":
                raise Fault("method-not-allowed", "send events with POST", status=405)
            status, body, allow = await self._take(scope, headers, receive)
        except Fault as fault:
            status, body = fault.status, fault.as_json()
            allow = allow or self._cors_any(headers)
        except Exception:
            await _reply(send, 500, msgspec.json.encode(_BROKEN.as_json()), allow)
            raise  # so that the server's log has it
        extra = [(b"retry-after", b"1")] if status in (429, 503) else []
        await _reply(send, status, msgspec.json.encode(body), allow + extra)

    async def _take(self, scope: Any, headers: dict[bytes, bytes], receive: Any) -> tuple[int, Any, list[tuple[bytes, bytes]]]:
        call = scope["path"].rpartition("/")[2]
        if call not in CALLS and call != "batch":
            raise Fault("unknown-call", "there is no such call", status=404)
        limit = BATCH_LIMIT if call == "batch" else EVENT_LIMIT
        raw = await _read_body(receive, limit)
        body = unpack(raw, headers.get(b"content-encoding", b"").decode("latin-1").lower(), limit)
        workspace, trusted = self._whose(headers, body)
        if not trusted:
            self._check_origin(workspace, headers)
        faults: Counter[str] = Counter()
        if call == "batch":
            parts, _ = read_batch(body)
            messages = [part for part in parts if not isinstance(part, Fault)]
            faults.update(part.code for part in parts if isinstance(part, Fault))
        else:
            messages = [read_one(body, call)]
        client = scope.get("client") or ("", 0)
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        signal = not trusted and HEADER in headers and sent_in(scope["headers"])
        origin = Origin(trusted, client[0], agent, now_micros(), workspace.access.get("canary_key", ""), signal)
        answer = await self.ingest(workspace).submit(messages, origin)
        status, said = _say(answer, faults, single=call != "batch")
        return status, said, [] if trusted else self._cors(headers)

    def _whose(self, headers: dict[bytes, bytes], body: bytes) -> tuple[Workspace, bool]:
        header = headers.get(b"authorization")
        key = basic_key(header.decode("latin-1")) if header else key_in(body)
        found = self._house.by_key(key) if key else None
        if found is None:
            raise Fault("bad-key", "the write key is missing or not known", status=401)
        workspace, kind = found
        return workspace, kind == "write_key"

    def _check_origin(self, workspace: Workspace, headers: dict[bytes, bytes]) -> None:
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin not in workspace.policy.site.origins and origin != workspace.settings.base_url:
            raise Fault("origin-not-allowed", "the policy does not list the site this comes from", status=403)

    def _preflight(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        return [*self._cors_any(headers), *_PREFLIGHT]

    def _cors(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        origin = headers.get(b"origin")
        return [(b"access-control-allow-origin", origin), (b"vary", b"origin")] if origin else []

    def _cors_any(self, headers: dict[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """Errors and preflights say who may read them: origins that some policy lists."""
        origin = headers.get(b"origin", b"").decode("latin-1")
        listed = origin and any(origin in policy.site.origins for policy in self._house.policies())
        return self._cors(headers) if listed else []


def _say(answer: Answer, faults: Counter[str], single: bool) -> tuple[int, dict[str, Any]]:
    reasons = answer.reasons + faults if faults else answer.reasons
    if single and not answer.stored and not answer.duplicates and not answer.anonymous:
        for reason in reasons:
            if reason in MALFORMED:
                return 400, {"code": str(reason), "message": SENTENCES[Reason(reason)]}
    body: dict[str, Any] = {"success": True, "stored": answer.stored}
    for name, value in (("duplicates", answer.duplicates), ("anonymous", answer.anonymous), ("joined", answer.joined)):
        if value:
            body[name] = value
    if reasons:
        body["refused"] = {str(reason): count for reason, count in reasons.items()}
    if answer.dropped:
        body["dropped"] = {str(reason): count for reason, count in answer.dropped.items()}
    return 200, body


async def _read_body(receive: Any, limit: int) -> bytes:
    parts, size = [], 0
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            raise Fault("cut-off", "the body ended early")
        part = event.get("body", b"")
        size += len(part)
        if size > limit:
            raise Fault("too-large", f"the body is larger than {limit // 1024} KB", status=413)
        parts.append(part)
        if not event.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else part


async def _reply(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    head = [*_PLAIN, (b"content-length", b"%d" % len(body)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
