"""What becomes of what no page of a site sends? Every field of every public door in a wrong type: a coded answer, and nothing kept."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.bad_input.looking import is_coded, stored_by
from tests.running import BROWSER, Server
from troth.collect.choices import screen_in
from troth.collect.numbers_found import numbers_in

ODD: list[Any] = [None, True, -1, 10**30, 1e308, "", "\x00", "x" * 20_000, [], ["x"], {}, {"a": "x"}, [[[[[[[[[[[[["deep"]]]]]]]]]]]]]]
RAW = ["NaN", "-Infinity", "1e999", "1" * 5_000, '"\\ud800"', "[" * 3_000 + "]" * 3_000, '{"a":' * 900 + "1" + "}" * 900]
ME = "a-page-visitor-01"


def bodies(key: str) -> dict[str, dict[str, Any]]:
    """What each door of a page is sent when all is well."""
    return {
        "/infinity/consent": {"key": key, "anonymousId": ME, "choices": {"site-analytics": "refused"}, "how": "choose", "screen": "0" * 16},
        "/infinity/consent?asked": {"key": key, "anonymousId": ME, "asked": ["site-analytics"], "how": "shown", "tz": "UTC"},
        "/infinity/consent?imported": {"key": key, "anonymousId": ME, "imported": {"cookies": {"usprivacy": "1YYN"}}, "tz": "UTC"},
        "/infinity/consent/terms": {"tz": "UTC", "visitor": ME},
        "/infinity/number": {"visitor": ME},
        "/infinity/forms/contact": {"key": key, "fields": {"email": "a@b.example", "message": "hi"}, "tz": "UTC", "messageId": "m", "canary": "x"},
        "/infinity/comments": {"key": key, "article": "/a", "name": "A", "email": "a@b.example", "text": "hi", "warning": "w", "tz": "UTC"},
        "/infinity/view": {"key": key, "preference": "large", "anonymousId": ME, "tz": "UTC"},
        "/infi/chat": {"key": "", "text": "hi", "tz": "UTC", "email": "a@b.example", "session": "s", "age": 40, "anonymousId": ME, "canary": "x"},
        "/infi/chat/lines": {"key": "", "session": "s", "after": 0},
    }


def sent(server: Server, path: str, raw: bytes) -> tuple[int, Any]:
    origin = "http://127.0.0.1:8107" if path.startswith("/infi/") else "http://127.0.0.1:8101"
    status, answer = server.call("POST", path, raw, {"content-type": "text/plain", "user-agent": BROWSER, "origin": origin})
    return status, json.loads(answer)


@pytest.mark.parametrize("path", bodies(""))
def test_a_field_of_any_other_kind_gets_a_coded_answer(server: Server, path: str) -> None:
    body = bodies(server.access()["publishable_key"])[path]
    if path.startswith("/infi/"):
        body["key"] = server.access("infi")["publishable_key"]
    for name in body:
        wrong = [json.dumps(body | {name: odd}) for odd in ODD] + [json.dumps(body | {name: "@@"}).replace('"@@"', raw) for raw in RAW]
        for one in wrong:
            status, answer = sent(server, path, one.encode())
            assert status < 500 and (status == 200 or is_coded(answer)), (path, name, one[:200], status, answer)


@pytest.mark.parametrize("agent", ["Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.0"])
def test_a_form_that_is_refused_for_what_it_is_says_yes_to_nothing(server: Server, agent: str) -> None:
    before = stored_by(server, "infi")
    body = {"key": server.access("infi")["publishable_key"], "fields": {"phone": "+447900123456", "agree": "true"}, "tz": "Europe/London"}
    raw = json.dumps(body).encode()
    status, answer = server.call("POST", "/infi/forms/text-signup", raw, {"content-type": "text/plain", "user-agent": agent})
    assert (status, json.loads(answer)["code"]) == (403, "robot")
    assert stored_by(server, "infi") == before


def test_a_screen_that_could_be_a_telephone_number_is_no_screen() -> None:
    assert [screen_in({"screen": one}) for one in ("0" * 16, "0044207946010012", "00442079460100ab")] == ["", "", "00442079460100ab"]


def test_a_text_full_of_numbers_is_looked_through_at_once() -> None:
    began = time.thread_time()
    assert numbers_in("1 " * 2_048) == [] and time.thread_time() - began < 0.12
