"""Do other tools' cookies say here what a person said there: no more than was answered, and nothing when they are broken?"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.consent.banners import READERS, Answer, cookies_in, purposes_said, read_cookies

CLOSED = "2024-05-01T10:00:00.000Z"
AT = micros(datetime(2024, 5, 1, 10, 0, tzinfo=UTC))
DIDOMI = {"updated": CLOSED, "purposes": {"enabled": ["analytics"], "disabled": ["ads"]}, "user_id": "x"}
USERCENTRICS = {"services": [
    {"id": "ga", "status": True, "history": [{"type": "explicit", "timestamp": AT // 1000}]},
    {"id": "px", "status": True, "history": [{"type": "implicit", "timestamp": AT // 1000}]}]}  # fmt: skip
ONETRUST = quote("isGpcEnabled=0&datestamp=Wed+May+01+2024&version=202401.1.0&groups=C0001:1,C0002:1,C0004:0&AwaitingReconsent=false")
COOKIEBOT = quote(
    f"{{stamp:'abc==',necessary:true,preferences:false,statistics:true,marketing:false,method:'explicit',ver:1,utc:{AT // 1000},region:'gb'}}"
)
VANILLA = {"categories": ["necessary", "analytics"], "revision": 0, "consentTimestamp": CLOSED, "consentId": "u"}

GOOD: list[tuple[Mapping[str, str], Answer]] = [
    ({"OptanonConsent": ONETRUST, "OptanonAlertBoxClosed": CLOSED}, Answer("onetrust", {"C0001": True, "C0002": True, "C0004": False}, AT)),
    ({"CookieConsent": COOKIEBOT}, Answer("cookiebot", {"preferences": False, "statistics": True, "marketing": False}, AT)),
    ({"klaro": quote('{"matomo":true,"ads":false}')}, Answer("klaro", {"matomo": True, "ads": False})),
    ({"osano_consentmanager": '{"ESSENTIAL":"ACCEPT","ANALYTICS":"DENY"}'}, Answer("osano", {"ESSENTIAL": True, "ANALYTICS": False})),
    ({"cookieconsent_status": "deny"}, Answer("osano", {"status": False})),
    ({"cmplz_banner-status": "dismissed", "cmplz_statistics": "allow", "cmplz_marketing": "deny"},
     Answer("complianz", {"statistics": True, "marketing": False})),
    ({"cookieyes-consent": f"consentid:abc,consent:yes,action:yes,necessary:yes,analytics:no,lastRenewedDate:{AT // 1000}"},
     Answer("cookieyes", {"necessary": True, "analytics": False}, AT)),
    ({"didomi_token": base64.b64encode(json.dumps(DIDOMI).encode()).decode().rstrip("=")}, Answer("didomi", {"analytics": True, "ads": False}, AT)),
    ({"uc_settings": json.dumps(USERCENTRICS)}, Answer("usercentrics", {"ga": True}, AT)),
    ({"cc_cookie": quote(json.dumps(VANILLA))}, Answer("vanilla-cookieconsent", {"necessary": True, "analytics": True}, AT, rest=True)),
    ({"usprivacy": "1YYN"}, Answer("us-privacy", {"us.sale": False})),
]  # fmt: skip
UNANSWERED: list[Mapping[str, str]] = [
    {}, {"OptanonConsent": ONETRUST}, {"CookieConsent": "-1"}, {"CookieConsent": COOKIEBOT.replace("explicit", "implied")},
    {"cookieconsent_status": "dismiss"}, {"cmplz_statistics": "allow"}, {"cookieyes-consent": "consentid:abc,consent:no,action:,analytics:yes"},
    {"usprivacy": "1YNN"}, {"session": "abc", "theme": "dark"}, {"uc_settings": '{"services":[{"id":"ga","status":true,"history":[]}]}'},
]  # fmt: skip


@pytest.mark.parametrize(("cookies", "answer"), GOOD, ids=[f"{answer.tool}-{number}" for number, (_, answer) in enumerate(GOOD)])
def test_each_tools_cookies_say_what_was_answered(cookies: Mapping[str, str], answer: Answer) -> None:
    assert read_cookies(cookies) == [answer]
    assert read_cookies(cookies_in("; ".join(f"{name}={value}" for name, value in cookies.items() if ";" not in value))) == [answer]


def test_every_tool_has_an_example_here_or_a_file_of_its_own() -> None:
    assert {answer.tool for _, answer in GOOD} | {"tcf", "gpp"} == set(READERS)


@pytest.mark.parametrize("cookies", UNANSWERED, ids=range(len(UNANSWERED)))
def test_what_stands_there_before_anybody_answered_is_nobodys_word(cookies: Mapping[str, str]) -> None:
    assert read_cookies(cookies) == []


NAMES = ("OptanonConsent", "CookieConsent", "klaro", "osano_consentmanager", "cookieyes-consent", "didomi_token", "uc_settings", "cc_cookie",
         "euconsent-v2", "gpp", "usprivacy")  # fmt: skip
ODD = ["{", "%", "%%%", '{"a":', "null", "[]", '{"services":3}', '{"categories":{"a":1}}', '{"a":"maybe"}', "groups=C1:2", "同意", "x" * 1_000_000,
       "[" * 100_000, '{"' + "a" * 200 + '":true}', '{"<script>":true}', "\ud800", "{statistics:perhaps}", "1" * 5_000,
       '{"a":' + "9" * 5_000 + "}"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_a_broken_cookie_is_refused_with_a_code_or_says_nothing(name: str, text: str) -> None:
    try:
        answers = read_cookies({name: text, "OptanonAlertBoxClosed": CLOSED})
    except Fault as refused:
        assert refused.code in ("bad-consent-cookie", "bad-consent-string") and (len(text) < 5 or text[:40] not in refused.message)
    else:
        assert all(not answer.said for answer in answers)


NAMED = st.sampled_from([*NAMES, "cmplz_statistics", "cmplz_banner-status", "OptanonAlertBoxClosed"])
COOKIES = st.dictionaries(NAMED | st.text(max_size=9),
                          st.one_of(st.text(max_size=80), st.sampled_from([*ODD[:12], ONETRUST, COOKIEBOT, "dismissed"]),
                                    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=9),
                                                 lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
                                                 max_leaves=6).map(json.dumps)), max_size=5)  # fmt: skip


@given(COOKIES)
def test_any_cookies_are_read_or_refused_and_nothing_else(cookies: dict[str, str]) -> None:
    try:
        for answer in read_cookies(cookies):
            assert all(isinstance(yes, bool) for yes in answer.said.values())
    except Fault as refused:
        assert refused.code in ("bad-consent-cookie", "bad-consent-string")


CATEGORIES = {"C0002": ("counting",), "C0004": ("counting", "ads"), "analytics": ("counting",), "extra": ("more",)}


def test_a_no_to_any_category_of_a_purpose_is_a_no_to_it() -> None:
    assert purposes_said(Answer("onetrust", {"C0001": True, "C0002": True, "C0004": False}), CATEGORIES) == {"counting": False, "ads": False}
    assert purposes_said(Answer("onetrust", {"C0002": True}), CATEGORIES) == {"counting": True}
    assert purposes_said(Answer("x", {"unknown": True}), CATEGORIES) == {}
    assert purposes_said(Answer("vanilla", {"analytics": True}, rest=True), CATEGORIES) == {"counting": True, "ads": False, "more": False}
