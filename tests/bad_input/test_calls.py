"""What does a body that no honest client sends come to? A coded error, nothing stored, nothing echoed."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from tests.bad_input.looking import is_coded, stored_by
from tests.running import Server, page_view

NEEDLE = "hostile-needle-7431"


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"needle": NEEDLE}
    for _ in range(levels):
        inner = {"deeper": inner}
    return inner


def good(**changes: Any) -> dict[str, Any]:
    return page_view("hostile-visitor", NEEDLE) | changes


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    # name: call, body, status, code
    "nothing": ("page", b"", 400, "bad-json"),
    "not JSON": ("page", b"{hostile-needle-7431", 400, "bad-json"),
    "half a JSON": ("page", json.dumps(good()).encode()[:-5], 400, "bad-json"),
    "not UTF-8": ("page", b'{"anonymousId":"hostile-needle-7431\xff"}', 400, "bad-json"),
    "a list": ("page", b'["hostile-needle-7431"]', 400, "bad-field"),
    "a number": ("page", b"7431", 400, "bad-field"),
    "null": ("page", b"null", 400, "bad-field"),
    "an id that is an object": ("page", json.dumps(good(anonymousId={"a": NEEDLE})).encode(), 400, "bad-field"),
    "an id that is a list": ("page", json.dumps(good(userId=[NEEDLE])).encode(), 400, "bad-field"),
    "an account of 257 letters": ("page", json.dumps(good(userId="u" * 257)).encode(), 400, "id-too-long"),
    "a visitor of 129 letters": ("page", json.dumps(good(anonymousId="v" * 129)).encode(), 400, "id-too-long"),
    "a context that is a text": ("page", json.dumps(good(context=NEEDLE)).encode(), 400, "bad-field"),
    "properties that are a list": ("track", json.dumps(good(event="Feature Used", properties=[NEEDLE])).encode(), 400, "bad-field"),
    "an event name that is a number": ("track", json.dumps(good(event=7431)).encode(), 400, "bad-field"),
    "nested 40 deep": ("page", json.dumps(good(properties=nested(40))).encode(), 400, "too-deep"),
    "nested 9,000 deep": ("page", b'{"context":{"a":' + b"[" * 9_000 + b"]" * 9_000 + b"}}", 400, "too-deep"),
    "an object nested 5,000 deep": ("page", b'{"properties":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"}", 400, "too-deep"),
    "40 KB": ("page", json.dumps(good(name=NEEDLE + "x" * 40_000)).encode(), 413, "too-large"),
    "3 MB": ("batch", b'{"batch":["' + b"x" * 3_000_000 + b'"]}', 413, "too-large"),
    "2,600 events": ("batch", json.dumps({"batch": [{}] * 2_600}).encode(), 413, "too-many-events"),
    "a batch that is no list": ("batch", json.dumps({"batch": good()}).encode(), 400, "bad-field"),
    "a batch of nothing known": ("batch", json.dumps({"events": [good()]}).encode(), 400, "bad-field"),
    "an event nobody declared": ("track", json.dumps(good(event=f"Event {NEEDLE}")).encode(), 400, "undeclared-event"),
    "a call nobody knows": ("explode", json.dumps(good()).encode(), 404, "unknown-call"),
    "a clock an hour fast": ("page", json.dumps(good(timestamp="2999-01-01T00:00:00Z")).encode(), 400, "time-in-future"),
    "a required item missing": ("track", json.dumps(good(event="Contact Requested", properties={"message": NEEDLE})).encode(), 400, "missing-item"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_gets_a_coded_error_and_leaves_nothing(server: Server, name: str) -> None:
    call, body, status, code = BODIES[name]
    before = stored_by(server)
    found, answer = server.post(f"/v1/{call}", body)
    assert (found, answer.get("code")) == (status, code), answer
    assert is_coded(answer)
    assert NEEDLE not in json.dumps(answer), "what was sent is echoed"
    assert stored_by(server) == before


def test_a_gzip_bomb_is_never_unpacked_past_the_limit(server: Server) -> None:
    bomb = gzip.compress(b'{"batch":["' + b"0" * 200_000_000 + b'"]}')
    assert len(bomb) < 250_000
    assert server.post("/v1/batch", bomb, content_encoding="gzip")[:1] == (413,)


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", b"this is no gzip", 400, "bad-gzip"),
        ("gzip", gzip.compress(json.dumps(good()).encode())[:-9], 400, "bad-gzip"),
        ("gzip", gzip.compress(json.dumps(good()).encode()) + b"and more", 400, "bad-gzip"),
        ("gzip", b"", 400, "bad-gzip"),
        ("br", b"anything", 415, "bad-encoding"),
        ("deflate", zlib.compress(json.dumps(good()).encode()), 415, "bad-encoding"),
    ],
)
def test_a_bad_packing_gets_a_coded_error(server: Server, encoding: str, body: bytes, status: int, code: str) -> None:
    before = stored_by(server)
    found, answer = server.post("/v1/page", body, content_encoding=encoding)
    assert (found, answer["code"]) == (status, code)
    assert stored_by(server) == before


def test_one_bad_event_of_a_batch_fails_no_other(server: Server) -> None:
    rows, *_ = stored_by(server)
    fine = page_view("batch-visitor", "batch-fine-1")
    bad = [{"type": 3}, {"type": "explode"}, 7, None, [fine], good(context=NEEDLE), good(properties=nested(30)), {"type": "track", "event": NEEDLE}]
    status, answer = server.post("/v1/batch", {"batch": [*bad, fine]})
    assert (status, answer["stored"]) == (200, 1)
    assert sum(answer["refused"].values()) == len(bad)
    assert NEEDLE not in json.dumps(answer)
    assert stored_by(server)[0] == rows + 1


def test_fields_the_policy_does_not_declare_are_left_out_and_counted(server: Server) -> None:
    body = good(
        type="track",
        event="Feature Used",
        anonymousId="undeclared-1",
        messageId="undeclared-1",
        properties={"feature": "search", "shoe_size": NEEDLE},
    )
    assert server.post("/v1/track", body) == (200, {"success": True, "stored": 1, "dropped": {"undeclared-item": 1}})


@pytest.mark.parametrize("when", ["yesterday", "0000-00-00", "9999-99-99T99:99:99Z", "-1", "1e400", "2026-11-22T05:00:00+99:99", "", "٢٠٢٦-01-01"])
def test_a_time_that_cannot_be_read_is_no_time_and_no_error(server: Server, when: str) -> None:
    status, answer = server.post("/v1/page", page_view("clock-visitor", f"clock-{when!r}", timestamp=when))
    assert (status, answer["stored"]) == (200, 1)


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2999-01-01", "9999-12-31T23:59:59.999999Z"])
def test_the_ends_of_the_calendar_break_nothing(server: Server, when: str) -> None:
    status, answer = server.post("/v1/page", page_view("calendar-visitor", f"calendar-{when}", timestamp=when))
    assert status in (200, 400) and (status == 200 or answer["code"] == "time-in-future")
