"""What did a person answer to another tool's banner? Reads the cookies that common banner tools leave; one reader a tool.

It says yes or no for each of the tool's own categories, and when; what they mean here is the policy's to say. What a tool
wrote before the person pressed anything is nobody's word and is left out: a banner that was closed, a yes "by use", a
default. A cookie that cannot be read is `bad-consent-cookie`; nothing of it is repeated.
Source: the tools' own documentation of their cookies; `troth.consent.iab` for strings of the IAB
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from troth.base.clock import micros
from troth.base.errors import Fault
from troth.consent import iab

Cookies = Mapping[str, str]
_MOST = 500  # categories of one cookie
_CATEGORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,79}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one tool's cookies say: its categories with their yes or no, and when (microseconds; None: they do not say).

    `rest`: the tool lists only what was agreed to, so that every other category is a no.
    """

    tool: str
    said: Mapping[str, bool] = field(default_factory=dict)
    at: int | None = None
    rest: bool = False


def read_cookies(cookies: Cookies) -> list[Answer]:
    """What every tool whose cookies are here says; a tool that was not answered yet is left out.

    Raises `bad-consent-cookie` and `bad-consent-string`.
    """
    if sum(len(name) + len(value) for name, value in cookies.items()) > 4 * iab.LONGEST:
        raise Fault("bad-consent-cookie", "these cookies are longer than a browser keeps")
    found: list[Answer] = []
    for tool, reader in READERS.items():
        answer = _read(tool, reader, cookies)
        if answer is not None and (answer.said or answer.rest):
            found.append(answer)
    return found


def cookies_in(header: str) -> dict[str, str]:
    """The cookies of a `Cookie:` header, or of a page's `document.cookie`."""
    pairs = (part.partition("=") for part in header[: 4 * iab.LONGEST].split(";"))
    return {name.strip(): value.strip() for name, equals, value in pairs if equals and name.strip()}


def _read(tool: str, reader: Callable[[Cookies], Answer | None], cookies: Cookies) -> Answer | None:
    try:
        answer = reader(cookies)
    except Fault:
        raise
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError, binascii.Error):
        raise Fault("bad-consent-cookie", f"the cookie of {tool} cannot be read") from None
    if answer is not None and (len(answer.said) > _MOST or not all(_CATEGORY.fullmatch(category) for category in answer.said)):
        raise Fault("bad-consent-cookie", f"the cookie of {tool} names categories of another form than {tool} has")
    return answer


def _onetrust(cookies: Cookies) -> Answer | None:
    """`groups` stand in the cookie before anybody answered; they are a word once the banner was closed by an answer."""
    text, closed = cookies.get("OptanonConsent"), cookies.get("OptanonAlertBoxClosed")
    if text is None or not closed:
        return None
    fields = dict(parse_qsl(_plain(text), keep_blank_values=True, max_num_fields=100))
    groups = (pair.rpartition(":") for pair in fields.get("groups", "").split(",") if pair)
    return Answer("onetrust", {_word(id): _flag(value) for id, _, value in groups}, _time(_plain(closed)))


def _cookiebot(cookies: Cookies) -> Answer | None:
    text = cookies.get("CookieConsent")
    if text is None:
        return None
    text = _plain(text)
    if re.fullmatch(r"-?[0-9]{1,2}", text):  # nobody was asked: not where the law demands it, or the browser's signal answered
        return None
    if not re.fullmatch(r"\{.*\}", text, re.DOTALL):
        raise ValueError
    fields = {name: value.strip("'") for name, value in re.findall(r"(\w{1,20}):('[^']*'|[^,}']*)", text)}
    if fields.get("method", "explicit") != "explicit":
        return None
    said = {name: _flag(fields[name]) for name in ("preferences", "statistics", "marketing") if name in fields}
    return Answer("cookiebot", said, _milliseconds(fields.get("utc")))


def _klaro(cookies: Cookies) -> Answer | None:
    text = cookies.get("klaro")
    return None if text is None else Answer("klaro", {_word(service): _flag(value) for service, value in _object(text).items()})


def _osano(cookies: Cookies) -> Answer | None:
    """The manager's own cookie is encrypted; what can be handed over is what its page tells (`Osano.cm.getConsent()`)."""
    text, status = cookies.get("osano_consentmanager"), cookies.get("cookieconsent_status")
    if text is not None:
        if not _plain(text).lstrip().startswith("{"):
            help = "hand over what `Osano.cm.getConsent()` gives, as JSON under the same name"
            raise Fault("bad-consent-cookie", "the cookie of osano is encrypted and can be read by osano alone", help)
        return Answer("osano", {_word(category): _flag(value) for category, value in _object(text).items()})
    if status in ("allow", "deny"):
        return Answer("osano", {"status": status == "allow"})
    return None  # `dismiss` is a banner that was closed


def _complianz(cookies: Cookies) -> Answer | None:
    """Defaults are written too; they are a word once the banner was answered."""
    if cookies.get("cmplz_banner-status") != "dismissed" and not cookies.get("cmplz_saved_categories"):
        return None
    said = {name: _flag(cookies[f"cmplz_{name}"]) for name in ("preferences", "statistics", "marketing") if f"cmplz_{name}" in cookies}
    return Answer("complianz", said)


def _cookieyes(cookies: Cookies) -> Answer | None:
    text = cookies.get("cookieyes-consent")
    if text is None:
        return None
    fields = dict(pair.split(":", 1) for pair in _plain(text).split(",") if pair)
    if fields.get("action") != "yes":
        return None
    said = {_word(name): _flag(value) for name, value in fields.items() if name not in _NOT_COOKIEYES}
    return Answer("cookieyes", said, _milliseconds(fields.get("lastRenewedDate")))


_NOT_COOKIEYES = frozenset({"consentid", "consent", "action", "lastRenewedDate"})


def _didomi(cookies: Cookies) -> Answer | None:
    text = cookies.get("didomi_token")
    if text is None:
        return None
    token = _object(base64.b64decode(_plain(text) + "==="[: -len(_plain(text)) % 4], validate=True).decode())
    purposes = token.get("purposes") or {}
    said = dict.fromkeys(map(_word, purposes.get("enabled", ())), True) | dict.fromkeys(map(_word, purposes.get("disabled", ())), False)
    return Answer("didomi", said, _time(token.get("updated") or token.get("created")))


def _usercentrics(cookies: Cookies) -> Answer | None:
    """Kept in the browser's storage as `uc_settings`; a service whose last word came by no press is left out."""
    text = cookies.get("uc_settings")
    if text is None:
        return None
    said: dict[str, bool] = {}
    times: list[int] = []
    for service in _object(text)["services"]:
        history = service.get("history") or [{}]
        if history[-1].get("type") == "explicit":
            said[_word(service["id"])] = _flag(service["status"])
            at = _milliseconds(history[-1].get("timestamp"))
            times += [] if at is None else [at]
    return Answer("usercentrics", said, max(times, default=None))


def _vanilla(cookies: Cookies) -> Answer | None:
    text = cookies.get("cc_cookie")
    if text is None:
        return None
    kept = _object(text)
    agreed = kept["categories"]
    if not isinstance(agreed, list):
        raise TypeError
    at = next((kept[name] for name in ("lastConsentTimestamp", "last_consent_update", "consentTimestamp", "consent_date") if kept.get(name)), None)
    return Answer("vanilla-cookieconsent", dict.fromkeys(map(_word, agreed), True), _time(at), rest=True)


def _tcf(cookies: Cookies) -> Answer | None:
    text = cookies.get("euconsent-v2")
    if text is None:
        return None
    consent = iab.read_tc_string(_plain(text))
    return Answer("tcf", consent.said, consent.updated_at)


def _gpp(cookies: Cookies) -> Answer | None:
    text = cookies.get("gpp") or cookies.get("__gpp")
    if text is None:
        return None
    found = iab.read_gpp(_plain(text))
    return Answer("gpp", found.said, found.said_at)


def _us_privacy(cookies: Cookies) -> Answer | None:
    text = cookies.get("usprivacy")
    return None if text is None else Answer("us-privacy", iab.read_us_privacy(_plain(text)))


READERS: Mapping[str, Callable[[Cookies], Answer | None]] = {
    "onetrust": _onetrust, "cookiebot": _cookiebot, "klaro": _klaro, "osano": _osano, "complianz": _complianz, "cookieyes": _cookieyes,
    "didomi": _didomi, "usercentrics": _usercentrics, "vanilla-cookieconsent": _vanilla, "tcf": _tcf, "gpp": _gpp, "us-privacy": _us_privacy,
}  # fmt: skip


# the words and times of cookies

_YES = frozenset({"1", "true", "yes", "allow", "accept", "granted"})
_NO = frozenset({"0", "false", "no", "deny", "denied", "reject"})


def _flag(value: object) -> bool:
    """A yes or a no; anything else is no answer that may be guessed at."""
    word = str(value).strip().lower() if isinstance(value, (str, bool, int)) else ""
    if word in _YES:
        return True
    if word in _NO:
        return False
    raise ValueError


def _word(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _plain(text: str) -> str:
    """A cookie's value without its percent signs, within what a browser keeps."""
    if len(text) > iab.LONGEST:
        raise Fault("bad-consent-cookie", "a cookie is longer than a browser keeps")
    return unquote(text) if "%" in text else text


def _object(text: str) -> dict[str, Any]:
    found = json.loads(_plain(text))
    if not isinstance(found, dict):
        raise TypeError
    return found


def _time(value: object) -> int | None:
    """A date as text, in microseconds; one that cannot be read is none."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def _milliseconds(value: object) -> int | None:
    text = str(value)
    return int(text) * 1000 if re.fullmatch(r"[0-9]{12,14}", text, re.ASCII) else None


def purposes_said(answer: Answer, categories: Mapping[str, Iterable[str]]) -> dict[str, bool]:
    """What an answer says to each purpose: a yes when every category of it that was answered is a yes, else a no.

    `categories`: which purposes each category stands for. Categories that stand for none say nothing.
    """
    found: dict[str, bool] = {}
    for category, purposes in categories.items():
        if category in answer.said:
            for purpose in purposes:
                found[purpose] = found.get(purpose, True) and answer.said[category]
    if answer.rest:
        found = {purpose: False for purposes in categories.values() for purpose in purposes} | found
    return found
