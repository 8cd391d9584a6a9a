"""Who may send? Keys that are missing, wrong, another workspace's or of another kind, and sites that are not listed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bad_input.looking import is_coded, stored_by
from tests.running import BROWSER, Server, basic, page_view

BODY = page_view("key-visitor", "key-message")


@pytest.mark.parametrize(
    "header",
    [
        "", "Basic", "Basic ", "Basic !!!!", "Basic AAAA", "Bearer abc", "basic " + "QUJD" * 4_000, basic("w_" + "2" * 26), basic("p_"),
        basic("w_'; DROP TABLE journal; --"), "Basic w_\u00e9".encode().decode("latin-1"), basic("\x00"),
    ],
)
def test_a_missing_or_unknown_key_is_refused(server: Server, header: str) -> None:
    before = stored_by(server)
    headers = {"content-type": "application/json"} | ({"authorization": header} if header else {})
    status, answer = server.call("POST", "/v1/page", json.dumps(BODY).encode(), headers)
    assert (status, json.loads(answer)["code"]) == (401, "bad-key")
    assert stored_by(server) == before


@pytest.mark.parametrize("kind", ["twilio_token", "api_key", "canary_key"])
def test_a_key_for_something_else_opens_no_collection(server: Server, kind: str) -> None:
    assert server.post("/v1/page", BODY, key=server.access()[kind])[0] == 401


def test_a_key_writes_into_its_own_workspace_and_no_other(server: Server) -> None:
    before = stored_by(server, "infinity")
    key = server.access("harbour")["write_key"]
    status, answer = server.post("/v1/page", BODY | {"workspace": "infinity", "context": {"workspace": "infinity"}}, key=key)
    assert status == 200 and answer["success"]
    assert stored_by(server, "infinity") == before


def consent(key: Any, **more: Any) -> dict[str, Any]:
    return {"key": key, "anonymousId": "choosing-visitor", "choices": {"site-analytics": "given"}, "how": "accept-all", "tz": "Europe/Berlin"} | more


def test_another_workspaces_key_makes_no_choice_here(server: Server) -> None:
    before = stored_by(server)
    for key in (server.access("harbour")["publishable_key"], "", None, 7, {"a": 1}, "p_"):
        status, answer = server.post("/infinity/consent", consent(key))
        assert (status, answer["code"]) == (403, "bad-key")
    assert stored_by(server) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"choices": None}, {"choices": ["site-analytics"]}, {"choices": {"site-analytics": True}}, {"choices": {"site-analytics": "maybe"}},
        {"how": "by-force"}, {"how": None}, {"how": ["accept-all"]}, {"anonymousId": 7}, {"anonymousId": "short"}, {"anonymousId": "x" * 200},
        {"choices": {f"purpose-{n}": "given" for n in range(200)}}, {"choices": {"site-analytics": ["given"]}}, {"choices": {"site-analytics": {}}},
    ],
)
def test_a_malformed_choice_is_a_coded_error_and_records_nothing(server: Server, wrong: dict[str, Any]) -> None:
    before = stored_by(server)
    status, answer = server.post("/infinity/consent", consent(server.access()["publishable_key"]) | wrong)
    assert (status, answer.get("code")) == (400, "bad-choice")
    assert is_coded(answer)
    assert stored_by(server) == before


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b"7", b'"text"', b"[" * 40_000, b'{"a":' * 6_000, b"\xff\xfe", b'{"key":"' + b"x" * 60_000 + b'"}']
)
@pytest.mark.parametrize("path", ["/infinity/consent", "/infinity/forms/contact", "/infinity/comments"])
def test_what_a_site_posts_is_read_with_the_same_care(server: Server, path: str, body: bytes) -> None:
    before = stored_by(server)
    status, answer = server.post(path, body)
    assert status in (400, 403, 413) and is_coded(answer), (status, answer)
    assert stored_by(server) == before


@pytest.mark.parametrize(
    ("path", "status"), [("/infinity/forms/unknown", 404), ("/nowhere/consent", 404), ("/Infinity/consent", 404), ("/..%2f..%2fetc/consent", 404)]
)
def test_what_is_not_there_is_a_coded_error(server: Server, path: str, status: int) -> None:
    found, answer = server.post(path, consent(server.access()["publishable_key"]))
    assert found == status and is_coded(answer)


NOWHERE = ["/nowhere/else", "/infinity/nothing", "/infinity/console/nothing", "/infinity/privacy/nothing", "/api/x/y"]


@pytest.mark.parametrize("path", NOWHERE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_unknown_address_is_not_found_as_a_page_for_people_and_json_for_programs(server: Server, path: str, method: str) -> None:
    status, answer = server.call(method, path, b"")
    assert status == 404 and json.loads(answer)["code"] == "not-found"
    status, answer = server.call(method, path, b"", {"accept": "text/html"})
    assert status == 404 and b"There is nothing here" in answer and b"/static/" in answer


def test_a_wrong_method_at_a_known_address_is_told_so(server: Server) -> None:
    for method, path in (("POST", "/infinity/policy"), ("PUT", "/infinity/forms/contact"), ("DELETE", "/infinity/consent")):
        status, answer = server.call(method, path, b"")
        assert status == 405 and json.loads(answer)["code"] == "method-not-allowed", path


def test_a_preflight_is_still_answered_at_every_address_of_a_workspace(server: Server) -> None:
    headers = {"origin": "http://127.0.0.1:8101", "access-control-request-method": "POST"}
    assert server.call("OPTIONS", "/infinity/consent", b"", headers)[0] == 204


def test_a_site_that_the_policy_does_not_list_may_not_send(server: Server) -> None:
    key = server.access()["publishable_key"]
    raw = json.dumps(BODY | {"writeKey": key}).encode()
    headers = {"content-type": "text/plain", "user-agent": BROWSER}
    before = stored_by(server)
    status, answer = server.call("POST", "/v1/page", raw, headers | {"origin": "https://evil.example"})
    assert (status, json.loads(answer)["code"]) == (403, "origin-not-allowed")
    assert stored_by(server) == before
