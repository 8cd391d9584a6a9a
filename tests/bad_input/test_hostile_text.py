"""What becomes of hostile text in any field? It is kept as text or not at all: never run, echoed, logged or stored in the clear."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bad_input.looking import files_with, stored_by
from tests.running import Server, basic, opened, page_view

MARK = "qz<needle"  # no host and no plain word can be this
TEXTS = {
    "html": f"<script>alert('{MARK}')</script>",
    "quotes": f"{MARK}'; DROP TABLE journal; --\"",
    "control": f"{MARK}\x00\x07\x1b[31m\r\nset-cookie: a=b\x7f",
    "direction": f"\u202e{MARK}\u2066\u200b",
    "surrogate": f"{MARK}\ud800\udfff\udc00",
    "long": MARK + "\u00e9" * 6_000,
    "template": "{{" + MARK + "}} ${" + MARK + "} %s %n",
    "path": f"../../{MARK}/etc/passwd\x00.html",
}


def everywhere(text: str, message: str) -> list[tuple[str, dict[str, Any]]]:
    """The same text in every field that an event of each call has."""
    page = {"url": "http://127.0.0.1:8101/" + text, "path": text, "title": text, "referrer": text, "search": text}
    context = {
        "page": page,
        "timezone": text,
        "userAgent": text,
        "ip": text,
        "locale": text,
        "consent": {"cookies": text},
        "canary": text,
        "country": text,
    }
    common: dict[str, Any] = {
        "anonymousId": "h" + text[:60],
        "userId": text[:200],
        "context": context,
        "timestamp": text,
        "messageId": message + text[:80],
    }
    fields = dict.fromkeys(
        ("name", "email", "phone", "message", "text", "article", "warning", "feature", "href", "host", "external", "company", text[:50]), text
    )
    return [
        ("page", common | {"name": text, "properties": page}),
        ("screen", common | {"name": text, "properties": fields}),
        ("identify", common | {"traits": fields}),
        ("group", common | {"groupId": text, "traits": fields}),
        ("alias", common | {"previousId": text}),
        ("track", common | {"event": text, "properties": fields}),
        *(
            ("track", common | {"event": name, "properties": fields})
            for name in ("Link Clicked", "Feature Used", "Contact Requested", "Comment Posted")
        ),
    ]


@pytest.mark.parametrize("name", TEXTS)
def test_hostile_text_in_every_field_of_every_call_is_answered_with_sense(server: Server, name: str) -> None:
    for number, (call, body) in enumerate(everywhere(TEXTS[name], f"{name}-")):
        body["messageId"] += str(number)
        status, answer = server.post(f"/v1/{call}", body)
        assert status in (200, 400, 413), (call, status, answer)
        assert MARK not in json.dumps(answer), (call, answer)
        if status == 400:
            assert answer["code"] in ("bad-json", "undeclared-event", "missing-item", "item-not-for-population"), answer


@pytest.mark.parametrize("name", TEXTS)
def test_one_event_of_hostile_text_harms_no_other_of_its_batch(server: Server, name: str) -> None:
    raw = [json.dumps(body | {"type": call, "messageId": f"mixed-{name}-{n}"}) for n, (call, body) in enumerate(everywhere(TEXTS[name], ""))]
    fine = json.dumps(page_view("calm-visitor", f"calm-{name}"))
    status, answer = server.post("/v1/batch", ('{"batch":[' + ",".join([*raw, fine]) + "]}").encode())
    if status == 400:  # a lone half of a character is no JSON text, wherever it stands
        assert name == "surrogate" and answer["code"] == "bad-json"
        return
    if status == 413:
        assert name == "long" and answer["code"] == "too-large"
        return
    assert (status, answer["success"]) == (200, True)
    assert answer["stored"] >= 1
    assert server.post("/v1/page", page_view("calm-visitor", f"calm-{name}"))[1].get("duplicates") == 1


def test_a_megabyte_of_user_agent_is_refused_or_cut_and_stops_nobody(server: Server) -> None:
    raw = json.dumps(page_view("agent-visitor", "agent-1")).encode()
    headers = {"content-type": "application/json", "authorization": basic(server.access()["write_key"]), "user-agent": MARK + "A" * 1_000_000}
    try:
        status, _ = server.call("POST", "/v1/page", raw, headers)
        assert status in (200, 400, 413, 431)
    except OSError:
        pass  # the server may hang up in the middle of such a header
    assert server.call("GET", "/healthz")[0] == 200


def test_a_megabyte_of_claimed_user_agent_is_too_large(server: Server) -> None:
    body = page_view("agent-visitor", "agent-2")
    body["context"]["userAgent"] = MARK + "A" * 1_000_000
    assert server.post("/v1/page", body)[1]["code"] == "too-large"
    assert server.post("/v1/batch", {"batch": [body]})[1]["code"] in ("too-large", "event-too-large")


@pytest.mark.parametrize("agent", ["\x01\x02" + MARK, "\xff\xfe\xe9" + MARK, "A" * 30_000 + MARK])
def test_a_strange_user_agent_header_is_only_an_unknown_browser(server: Server, agent: str) -> None:
    raw = json.dumps(page_view("header-visitor", f"header-{len(agent)}-{ord(agent[0])}") | {"writeKey": server.access()["publishable_key"]}).encode()
    try:
        status, answer = server.call("POST", "/v1/page", raw, {"content-type": "text/plain", "user-agent": agent})
    except (OSError, ValueError):  # some of these no client will send and no server will read
        return
    assert status in (200, 400) and MARK.encode() not in answer


def test_hostile_words_never_reach_the_clear_part_of_a_row(server: Server) -> None:
    body = page_view("word-visitor", "word-1")
    page = {"url": f"http://127.0.0.1:8101/{MARK}/secret?utm_source=<b>{MARK}&utm_campaign=%00{MARK}%ff", "referrer": f"javascript:{MARK}"}
    body["context"] |= {"page": page, "userAgent": f"Mozilla/5.0 {MARK}"}
    assert server.post("/v1/page", body)[1]["stored"] == 1
    with opened(server.data) as workspace, workspace.state.read() as conn:
        clear = [bytes(row[0]) for row in conn.exec_driver_sql("SELECT clear FROM journal")]
    assert clear and not [one for one in clear if b"<b>" in one or b"secret" in one or b"javascript" in one]


def test_a_form_with_hostile_fields_is_kept_sealed_and_told_nothing_of(server: Server) -> None:
    fields = {"name": TEXTS["html"], "email": f"{MARK}@example.com", "message": TEXTS["control"], TEXTS["html"]: MARK}
    status, answer = server.post("/infinity/forms/contact", {"key": server.access()["publishable_key"], "fields": fields, "tz": "Europe/London"})
    assert status in (200, 400, 403) and MARK not in json.dumps(answer)


def test_a_comment_with_hostile_text_comes_out_as_text(server: Server) -> None:
    key = server.access()["publishable_key"]
    status, raw = server.call("GET", "/infinity/comments?article=/blog/one")
    assert status == 200
    body = {
        "key": key,
        "article": "/blog/one",
        "name": TEXTS["html"],
        "email": f"{MARK}@example.com",
        "text": TEXTS["html"],
        "warning": json.loads(raw)["warning"]["version"],
    }
    status, _ = server.post("/infinity/comments", body)
    assert status in (200, 400)
    status, raw = server.call("GET", "/infinity/comments?article=/blog/one")
    assert status == 200 and f"{MARK}@example.com".encode() not in raw


def test_nothing_that_was_sent_stands_in_the_log_or_in_the_clear_in_any_file(server: Server) -> None:
    """Runs last in this file: everything above was sent to the same server."""
    assert stored_by(server)[0] > 10
    assert MARK not in server.said()
    assert "Traceback" not in server.said()
    assert files_with(server.settings.tape, MARK.encode()) == []
    found = files_with(server.data, MARK.encode())
    assert found == [], f"sent text stands in the clear in {found}"
