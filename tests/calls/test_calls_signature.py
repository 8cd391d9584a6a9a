"""Is it Twilio who speaks? Its published examples, and what the hook does with anything else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.conftest import FALLBACK, Town, twilio_like
from troth.base.errors import Fault
from troth.collect.twilio import check_signature, read_call, read_form, signature

# The examples of Twilio's own libraries.
URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
FORM = [
    ("CallSid", "CA1234567890ABCDE"), ("Digits", "1234"), ("From", "+14158675309"), ("To", "+18005551212"), ("Caller", "+14158675309"),
]  # fmt: skip
NOW = 1_795_000_000_000_000


def test_the_signature_is_that_of_the_published_examples() -> None:
    assert signature("12345", URL, FORM) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    twice = [("Sid", "CA123"), ("SidAccount", "AC123"), ("Digits", "5678"), ("Digits", "1234")]
    assert signature("12345", URL, twice) == "IK+Dwps556ElfBT0I3Rgjkr1wJU="


@pytest.mark.parametrize(
    ("url", "given"),
    [
        (URL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL.replace(".com", ".com:1234"), "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        (URL, "kvajT1Ptam85bY51eRf/AJRuM3w="),
        (URL.replace("https", "http"), "0ZXoZLH/DfblKGATFgpif+LLRf4="),
        (URL.replace("https", "http").replace(".com", ".com:1234"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU="),
    ],
)
def test_a_signature_over_the_address_with_or_without_its_port_is_good(url: str, given: str) -> None:
    check_signature("12345", url, FORM, given)


@given(st.integers(0, 27), st.integers(0, 4))
def test_a_changed_signature_or_field_is_bad(place: int, field: int) -> None:
    good = signature("12345", URL, FORM)
    flipped = good[:place] + ("A" if good[place : place + 1] != "A" else "B") + good[place + 1 :]
    with pytest.raises(Fault, match="bad-signature"):
        check_signature("12345", URL, FORM, flipped)
    changed = [(name, value + "0") if at == field else (name, value) for at, (name, value) in enumerate(FORM)]
    with pytest.raises(Fault, match="bad-signature"):
        check_signature("12345", URL, changed, good)


@pytest.mark.parametrize("given", [None, "", "RSOYDt4T1cUTdK1PDd93/VVr8B8", "é", "x" * 10_000])
def test_a_missing_or_strange_signature_is_bad(given: str | None) -> None:
    with pytest.raises(Fault, match="bad-signature"):
        check_signature("12345", URL, FORM, given)


def test_without_a_token_no_signature_is_good() -> None:
    with pytest.raises(Fault, match="bad-signature"):
        check_signature("", URL, FORM, signature("", URL, FORM))


@given(st.dictionaries(st.sampled_from(["CallSid", "From", "To", "CallStatus", "CallDuration", "Timestamp", "Direction"]), st.text(max_size=40)))
def test_whatever_is_signed_either_is_a_call_or_is_refused_with_a_code(fields: dict[str, str]) -> None:
    body = urlencode(fields, errors="replace").encode()
    try:
        news = read_call(read_form(body), NOW)
    except Fault as fault:
        assert fault.code == "bad-call"
    else:
        assert news.at <= NOW + 300_000_000
        assert news.seconds is None or 0 <= news.seconds <= 7 * 86_400


def test_a_time_that_twilio_signed_is_the_time_of_the_event_unless_it_lies_ahead() -> None:
    form = [("CallSid", "CA1"), ("To", "+442079460101"), ("CallStatus", "ringing")]
    assert read_call([*form, ("Timestamp", "Tue, 18 Nov 2025 09:00:00 +0000")], NOW).at == 1_763_456_400_000_000
    assert read_call([*form, ("Timestamp", "Tue, 18 Nov 2036 09:00:00 +0000")], NOW).at == NOW
    assert read_call([*form, ("Timestamp", "yesterday")], NOW).at == NOW


# the hook


def _fields(town: Town, **more: str) -> dict[str, str]:
    return town.provider.fields(twilio_like.new_call(), town.caller(), FALLBACK, "ringing", 0) | more


def test_the_hook_answers_a_signed_callback_with_empty_instructions(town: Town) -> None:
    fields = _fields(town)
    answer = town.world.http.post("/infinity/hooks/twilio/voice", data=fields, headers={"x-twilio-signature": twilio_like.sign(
        town.world.access["twilio_token"], town.provider.url, fields)})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/xml")
    assert answer.text.endswith("<Response/>")


@pytest.mark.parametrize("given", ["", "AAAA", "x" * 28])
def test_the_hook_refuses_a_callback_that_is_not_signed(town: Town, given: str) -> None:
    code, body = town.provider.post(_fields(town), given)
    assert code == 403 and '"code":"bad-signature"' in body
    assert "+44" not in body


def test_the_address_with_its_query_is_what_is_signed(town: Town) -> None:
    asked: Any = twilio_like.TwilioLike(town.served.url, "infinity", town.provider.token, query="from=a%20b&x=1")
    assert asked.post(_fields(town))[0] == 200
    fields = _fields(town)
    assert asked.post(fields, twilio_like.sign(town.provider.token, town.provider.url, fields))[0] == 403


def test_another_workspaces_token_signs_nothing_here(town: Town) -> None:
    other = town.served.app.house.workspace("harbour").access["twilio_token"]
    code, _ = twilio_like.TwilioLike(town.served.url, "infinity", other).post(_fields(town))
    assert code == 403


@pytest.mark.parametrize("missing", ["CallSid", "CallStatus", "To"])
def test_a_signed_form_that_is_no_call_is_refused_with_a_code(town: Town, missing: str) -> None:
    fields = _fields(town)
    del fields[missing]
    code, body = town.provider.post(fields)
    assert code == 400 and '"code":"bad-call"' in body


def test_bodies_that_are_too_large_or_no_form_are_refused_before_anything_is_read(town: Town) -> None:
    http, path = town.world.http, "/infinity/hooks/twilio/voice"
    assert http.post(path, content=b"a=" + b"x" * 40_000).json()["code"] == "too-large"
    assert http.post(path, content=b"a=%ff%fe").json()["code"] == "bad-form"
    assert http.post("/nobody/hooks/twilio/voice", content=b"a=1").status_code == 404
