"""Does the door speak Segment's calls as they are written down? Every call by plain HTTP, packed and not, up to the limits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import BROWSER, Server, basic, opened, page_view
from troth.collect.messages import EVENT_LIMIT
from troth.store import journal

CALLS: dict[str, dict[str, Any]] = {
    "identify": {"userId": "plain-account", "traits": {"name": "Ada Test", "email": "plain@example.com"}},
    "track": {"anonymousId": "plain-visitor", "event": "Feature Used", "properties": {"feature": "search"}},
    "page": {"anonymousId": "plain-visitor", "name": "Pricing", "properties": {"url": "http://127.0.0.1:8101/pricing", "title": "Pricing"}},
    "screen": {"anonymousId": "plain-visitor", "name": "Start"},
    "group": {"userId": "plain-account", "groupId": "company-1", "traits": {"company": "Example Ltd"}},
}
CONTEXT = {"timezone": "America/Los_Angeles", "userAgent": BROWSER}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("plain") / "data")
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("call", CALLS)
def test_each_call_is_kept_once(server: Server, call: str, packed: bool) -> None:
    body = json.dumps(CALLS[call] | {"context": CONTEXT, "messageId": f"plain-{call}-{packed}"}).encode()
    sent = gzip.compress(body) if packed else body
    headers = {"content_encoding": "gzip"} if packed else {}
    status, answer = server.post(f"/v1/{call}", sent, **headers)
    assert (status, answer["success"], answer["stored"]) == (200, True, 1)
    assert server.post(f"/v1/{call}", sent, **headers)[1] == {"success": True, "stored": 0, "duplicates": 1}


def test_alias_is_understood(server: Server) -> None:
    body = {"userId": "plain-account-new", "previousId": "plain-account", "context": CONTEXT, "messageId": "plain-alias"}
    status, answer = server.post("/v1/alias", body)
    assert status == 200 and answer["success"], answer


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_mixed_batch_is_answered_for_each_of_its_parts(server: Server, packed: bool) -> None:
    parts = [CALLS[call] | {"type": call, "messageId": f"mixed-{call}-{packed}"} for call in CALLS]
    parts += [{"type": "track", "event": "Never Declared", "anonymousId": "plain-visitor"}, {"type": "page", "anonymousId": 7}]
    body = json.dumps({"batch": parts, "context": CONTEXT, "sentAt": "2026-11-22T05:00:00Z"}).encode()
    status, answer = server.post("/v1/batch", gzip.compress(body) if packed else body, **({"content_encoding": "gzip"} if packed else {}))
    assert (status, answer["stored"]) == (200, len(CALLS))
    assert answer["refused"] == {"undeclared-event": 1, "bad-field": 1}


def test_the_key_may_come_in_the_body(server: Server) -> None:
    raw = json.dumps(page_view("body-key-visitor", "body-key-1") | {"writeKey": server.access()["write_key"]}).encode()
    status, answer = server.call("POST", "/v1/page", raw, {"content-type": "text/plain"})
    assert (status, json.loads(answer)["stored"]) == (200, 1)


def padded(size: int, message: str) -> bytes:
    """An event whose JSON is exactly `size` bytes."""
    body = page_view("size-visitor", message) | {"integrations": ""}
    body["integrations"] = "x" * (size - len(json.dumps(body).encode()))
    raw = json.dumps(body).encode()
    assert len(raw) == size
    return raw


def test_an_event_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(server: Server) -> None:
    assert server.post("/v1/page", padded(EVENT_LIMIT, "size-1"))[1]["stored"] == 1
    assert server.post("/v1/page", padded(EVENT_LIMIT + 1, "size-2"))[0] == 413


def test_one_event_too_large_fails_no_other_of_its_batch(server: Server) -> None:
    raw = b'{"batch":[' + padded(EVENT_LIMIT + 1, "size-3") + b"," + padded(EVENT_LIMIT, "size-4") + b"]}"
    status, answer = server.post("/v1/batch", raw)
    assert (status, answer["stored"], answer["refused"]) == (200, 1, {"event-too-large": 1})


def test_a_batch_of_nearly_the_limit_is_taken_whole(server: Server) -> None:
    parts = [padded(30_000, f"large-{number}").decode() for number in range(16)]
    status, answer = server.post("/v1/batch", ('{"batch":[' + ",".join(parts) + "]}").encode())
    assert (status, answer["stored"]) == (200, 16)


def test_no_permission_is_no_error_and_leaves_nothing_of_the_message(server: Server) -> None:
    status, answer = server.post("/v1/page", page_view("never-asked-1", "never-asked-1", zone="Europe/Berlin"))
    assert (status, answer["stored"], answer["refused"]) == (200, 0, {"not-asked": 1})
    with opened(server.data) as workspace, workspace.state.read() as conn:
        key = workspace.keys.hash_message("never-asked-1")
        assert journal.known_keys(conn, [key]) == {}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_collects(server: Server, method: str) -> None:
    assert server.call(method, "/v1/page", headers={"authorization": basic(server.access()["write_key"])})[0] == 405
