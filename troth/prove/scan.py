"""What did a browser really meet, and does the policy list it? Compares a recording of a visit with the list of cookies.

A recording is a HAR file, as every browser's tools and every driver save one, or the storage state that Playwright saves.
It looks for cookies and stored values, hidden pictures, beacons and marks in the cache of others. It shows what one visit
met, not what another might.
Source: HTTP Archive 1.2; Directive 2002/58/EC Art. 5(3); EDPB Guidelines 2/2023
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import unquote, urlsplit

from troth.base.clock import now
from troth.base.errors import Fault
from troth.policy.model import Cookie, Policy

_PERSONAL = re.compile(r"[^\s@\"']+@[^\s@\"']+\.[a-z]{2,}|\+?\d{9,}", re.IGNORECASE)
_HIDDEN = 200  # bytes; a picture no larger shows nothing
_LASTING = timedelta(days=7)
_MOST = 20_000


class Technology(StrEnum):
    """By what something is kept in a browser, or a browser known again."""

    COOKIE = "cookie"
    LOCAL_STORAGE = "local-storage"
    PIXEL = "pixel"
    BEACON = "beacon"
    HTTP_CACHE = "http-cache"


@dataclass(frozen=True, slots=True)
class Met:
    """One thing that a visit met. A cookie or stored value goes by its name, anything else by its host."""

    technology: Technology
    name: str
    host: str
    value: str = ""
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """What is not as the policy says, without any value that was found."""

    code: str
    technology: str
    name: str
    host: str
    words: str


def check_recording(policy: Policy, recording: object, refused: Iterable[str] = ()) -> list[Flag]:
    """What of a recorded visit the policy does not say. `refused`: the purposes that its visitor had said no to.

    Raises `bad-recording` for anything that is neither a HAR file nor a storage state.
    """
    listed, said_no = {(one.storage, one.name): one for one in policy.cookies.values()}, frozenset(refused)
    flags: dict[tuple[str, str, str], Flag] = {}
    for met in _met(policy, recording):
        for flag in _flags(met, listed.get((str(met.technology), met.name)), said_no):
            flags.setdefault((flag.code, flag.technology, flag.name), flag)
    return list(flags.values())


def _flags(met: Met, listed: Cookie | None, refused: frozenset[str]) -> Iterator[Flag]:
    stored = met.technology in (Technology.COOKIE, Technology.LOCAL_STORAGE)

    def flag(code: str, words: str) -> Flag:
        return Flag(code, str(met.technology), met.name, met.host, words)

    if listed is None:
        yield flag("unlisted-cookie" if stored else "unlisted-technology", f"the policy lists no {met.technology} of this name")
        return
    if listed.purposes and set(listed.purposes) <= refused:
        yield flag("refused-cookie", "it is there although everything it serves was refused")
    if listed.keep_for is not None and met.lasts is not None and met.lasts > listed.keep_for + timedelta(days=1):
        yield flag("kept-too-long", f"it lasts longer than the {listed.keep_for.days} days that the policy says")
    if _PERSONAL.search(unquote(met.value)):
        yield flag("personal-value", "it holds what could be an address or a number of somebody")


# reading a recording


def _met(policy: Policy, recording: object) -> Iterator[Met]:
    own = {urlsplit(origin).hostname or "" for origin in policy.site.origins}
    match recording:
        case {"log": {"entries": list(entries)}} if len(entries) <= _MOST:
            for entry in entries:
                if not isinstance(entry, dict):
                    raise _bad()
                yield from _of_entry(entry, own)
        case {"cookies": list(cookies), "origins": list(origins)} if len(cookies) + len(origins) <= _MOST:
            yield from _of_storage(cookies, origins)
        case _:
            raise _bad()


def _bad() -> Fault:
    return Fault("bad-recording", "a recording is a HAR file, or the storage state that Playwright saves")


def _of_entry(entry: Mapping[str, Any], own: set[str]) -> Iterator[Met]:
    sent, got = _part(entry, "request"), _part(entry, "response")
    host = _host(_text(sent, "url"))
    for name, value in _headers(got):
        if name == "set-cookie":
            yield from cookies_in(value, host)
    if host in own:
        return
    kind, content = str(entry.get("_resourceType", "")), _part(got, "content")
    size = content.get("size")
    if kind in ("ping", "beacon"):
        yield Met(Technology.BEACON, host, host)
    elif _text(content, "mimeType").startswith("image/") and isinstance(size, int) and size <= _HIDDEN:
        yield Met(Technology.PIXEL, host, host)
    if _marks_the_cache(dict(_headers(got))):
        yield Met(Technology.HTTP_CACHE, host, host)


def _marks_the_cache(headers: Mapping[str, str]) -> bool:
    """Whether an answer leaves a mark of its own in this one browser's cache, to be sent back for longer than a week."""
    rule = headers.get("cache-control", "").lower()
    age = re.search(r"max-age=(\d{1,12})", rule)
    return "etag" in headers and "private" in rule and age is not None and int(age[1]) > _LASTING.total_seconds()


def cookies_in(header: str, host: str) -> Iterator[Met]:
    """The cookies of one header that sets some."""
    for line in header.split("\n"):
        try:
            found = SimpleCookie(line)
        except CookieError:
            continue
        for name, morsel in found.items():
            age = morsel["max-age"]
            lasts = timedelta(seconds=min(int(age), 10**9)) if age.isascii() and age.isdigit() else None
            yield Met(Technology.COOKIE, name, host, morsel.value, lasts)


def _of_storage(cookies: list[Any], origins: list[Any]) -> Iterator[Met]:
    for one in cookies:
        cookie = one if isinstance(one, dict) else {}
        yield Met(Technology.COOKIE, _text(cookie, "name"), _text(cookie, "domain").lstrip("."), _text(cookie, "value"), _left(cookie.get("expires")))
    for origin in origins:
        held = origin.get("localStorage", []) if isinstance(origin, dict) else []
        for one in held if isinstance(held, list) else []:
            value = one if isinstance(one, dict) else {}
            yield Met(Technology.LOCAL_STORAGE, _text(value, "name"), _host(_text(origin, "origin")), _text(value, "value"))


def _left(expires: object) -> timedelta | None:
    """How long a cookie has to go, by the second when it ends; None when it ends with the browser."""
    if not isinstance(expires, (int, float)) or not 0 < expires < 4e9:
        return None
    return datetime.fromtimestamp(expires, now().tzinfo) - now()


def _headers(part: Mapping[str, Any]) -> list[tuple[str, str]]:
    given = part.get("headers", [])
    return [(_text(one, "name").lower(), _text(one, "value")) for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _text(of: Mapping[str, Any], name: str) -> str:
    found = of.get(name)
    return found[:8_192] if isinstance(found, str) else ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
