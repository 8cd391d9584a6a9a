"""Which declared route is this path? It keeps nothing of a path but the route's own pattern.

A route is a page as its owner declares it: `/`, `/pricing`, `/blog/:slug`, `/product/*`. What is stored in
clear is the pattern, so a name or a token in a path never is; a path that fits no route is `(other)`.

- `:name` is one segment, not empty. `*` stands last and is one segment or more. A literal is itself.
- A literal wins over `:name`, and `:name` over `*`, segment by segment from the left.
- One `/` at the end makes no difference. Case does (RFC 3986, 6.2.2.1).
- Segments are parted first and percent-decoded after (RFC 3986, 2.4), so `%2F` never parts one.
- Fails closed: an empty segment (`//`), a dot segment in any spelling, or over 8,192 characters is `(other)`.

Source: RFC 3986, sections 2.4, 3.3 and 6.2.2; WHATWG URL, "host parsing", for which host a URL names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import unquote

from troth.base.errors import Fault

OTHER: Final = "(other)"
LONGEST: Final = 8_192


class UrlParts(NamedTuple):
    host: str  # lower case, no port, no credentials; empty when there is none or it cannot be read
    path: str  # as sent; empty when this is no URL and no path
    query: str  # as sent, without the `?`


class Routes:
    """A closed list of routes. Building it raises `bad-route`; matching never raises."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self.patterns: Final = tuple(dict.fromkeys(patterns))
        self._root: Final = _Node()
        self._literal: Final[dict[str, str]] = {}
        for pattern in self.patterns:
            self._declare(pattern)

    def match(self, path: str) -> str:
        """The pattern that this path fits, exactly as declared, or `(other)`."""
        known = self._literal.get(path)
        if known is not None:
            return known
        segments = _segments(path)
        found = _find(self._root, segments, 0) if segments else None
        return OTHER if found is None else found

    def _declare(self, pattern: str) -> None:
        if _ROUTE.fullmatch(pattern) is None or {".", ".."} & set(pattern.split("/")):
            raise Fault(
                "bad-route", f"`{pattern[:80]}` is not a route", help="write for example `/blog/:slug` or `/product/*`"
            )
        segments = pattern.strip("/").split("/") if pattern != "/" else []
        node = self._root
        for segment in segments:
            node = node.child(segment)
        if node.here is not None:
            raise Fault("bad-route", f"routes `{node.here}` and `{pattern}` fit the same paths")
        node.here = pattern
        if not any(segment[0] in ":*" for segment in segments):
            self._literal[pattern] = pattern


def split_url(url: str) -> UrlParts:
    """The host, path and query of an http(s) URL, or of a path that starts with one `/`; never raises."""
    found = _HTTP.match(url)
    if found is not None:
        host, rest = read_host(found[1])[0], url[found.end() :]
    elif url.startswith("/") and not url.startswith(("//", "/\\")):
        host, rest = "", url
    else:
        return UrlParts("", "", "")
    path, _, query = rest.partition("#")[0].partition("?")
    return UrlParts(host, path or "/", query)


def read_host(authority: str) -> tuple[str, str]:
    """(host, host with its port) of `name:secret@Host:port`; ("", "") if it is not well formed."""
    place = authority[-_LONGEST_PLACE:].rpartition("@")[2].lower()
    found = _PLACE.fullmatch(place)
    if found is None:
        return "", ""
    host, port = found.groups()
    if not host.startswith("["):
        host = _plain_host(host)
    return host, f"{host}:{port}" if host and port else host


def is_address(host: str) -> bool:
    """Is this host an IP address, in any spelling that browsers read as one?"""
    return host.startswith("[") or _NUMBERED.search(host) is not None


@dataclass(slots=True)
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    one: _Node | None = None
    rest: _Node | None = None
    here: str | None = None

    def child(self, segment: str) -> _Node:
        if segment == "*":
            self.rest = self.rest or _Node()
            return self.rest
        if segment.startswith(":"):
            self.one = self.one or _Node()
            return self.one
        return self.literals.setdefault(segment, _Node())


def _find(node: _Node, segments: list[str], at: int) -> str | None:
    # Each node of the tree is visited once at most, so a hostile path costs no more than the routes' own size.
    if at == len(segments):
        return node.here
    literal = node.literals.get(segments[at])
    found = _find(literal, segments, at + 1) if literal is not None else None
    if found is None and node.one is not None:
        found = _find(node.one, segments, at + 1)
    return node.rest.here if found is None and node.rest is not None else found


def _segments(path: str) -> list[str]:
    """The decoded segments, or none if this is no path that a page of ours can have."""
    if len(path) > LONGEST or not path.startswith("/"):
        return []
    segments = path[1:].removesuffix("/").split("/")
    if "%" in path:
        segments = [unquote(segment) for segment in segments]
    if "" in segments or any("." in segment and not _DOTS.isdisjoint(_SLASH.split(segment)) for segment in segments):
        return []
    return segments


def _plain_host(host: str) -> str:
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return ""
    host = host.removesuffix(".")
    return host if len(host) <= 253 and _HOST.fullmatch(host) else ""


_LONGEST_PLACE = 320  # a host of 253 with port fits; more would only feed the IDNA decoder
_DOTS = frozenset({".", ".."})
_SLASH = re.compile(r"[/\\]")
_SEGMENT = r"(?::[A-Za-z][A-Za-z0-9_-]*|[^:/*?#%\s\x00-\x1f\x7f][^/*?#%\s\x00-\x1f\x7f]*)"
_ROUTE = re.compile(rf"/(?:\*|{_SEGMENT}(?:/{_SEGMENT})*(?:/\*?)?)?")
_HTTP = re.compile(r"\s*https?://([^/\\?#]*)", re.IGNORECASE | re.ASCII)
_PLACE = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[^\s:\[\]%<>^|\x00-\x20\x7f]{1,255})(?::([0-9]{0,5}))?", re.ASCII)
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
_NUMBERED = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$")
