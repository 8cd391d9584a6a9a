"""What does a line of a web server's access log say, and what became of it? It reads no file and stores nothing.

What became of a line. The rules in order; the first that fits wins.

1. `malformed`: the line is not in the combined or the common log format (`parse` says why).
2. `asset`: take the target up to the first `?` or `#`, in lower case. Its last segment (after the last `/`)
   ends in `.` and one of ASSET_ENDINGS; or it is one of ASSET_PATHS; or it starts with one of ASSET_FOLDERS
   and something follows.
3. `robot`: the agent is a robot's, by `agents.recognise`; or the format has an agent and the client sent
   none (`-` or nothing), which no browser does.
4. `not-a-page:method`: the method is not GET.
5. `not-a-page:status`: the status is neither 200 to 299 nor 304.
6. `page-view`: everything else.

Source: Apache HTTP Server 2.4, mod_log_config, "Common Log Format" and "Combined Log Format".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

from troth.base.clock import duration
from troth.base.errors import Fault
from troth.collect.agents import recognise

LONGEST: Final = 65_536  # characters; a server's own limits keep real lines far below

_STYLE_AND_SCRIPT = "css js mjs map wasm json xml xsl rss atom webmanifest"
_PICTURES_AND_FONTS = "png jpg jpeg gif svg ico webp avif bmp tif tiff cur woff woff2 ttf otf eot"
_SOUND_AND_FILM = "mp3 mp4 m4a m4v ogg ogv wav webm avi mov swf flv"
_FILES_TO_KEEP = "pdf zip gz tgz bz2 xz 7z rar tar jar war rpm deb apk dmg exe msi iso bin"
ASSET_ENDINGS: Final = frozenset(
    f"{_STYLE_AND_SCRIPT} {_PICTURES_AND_FONTS} {_SOUND_AND_FILM} {_FILES_TO_KEEP}".split()
)
ASSET_PATHS: Final = frozenset({"/robots.txt", "/ads.txt", "/app-ads.txt", "/humans.txt", "/security.txt"})
ASSET_FOLDERS: Final = (
    "/css/", "/js/", "/img/", "/images/", "/fonts/", "/static/", "/assets/",
    "/_next/", "/wp-includes/", "/cdn-cgi/", "/.well-known/",
)  # fmt: skip


class Outcome(StrEnum):
    MALFORMED = "malformed"
    ASSET = "asset"
    ROBOT = "robot"
    OTHER_METHOD = "not-a-page:method"
    OTHER_STATUS = "not-a-page:status"
    PAGE_VIEW = "page-view"


class Reason(StrEnum):
    """Why a line cannot be read."""

    EMPTY = "empty"
    TOO_LONG = "too-long"
    NOT_A_LOG_LINE = "not-a-log-line"
    BAD_INSTANT = "bad-instant"
    BAD_REQUEST_LINE = "bad-request-line"


class BadLine(Fault):
    """A line that cannot be read. It carries the reason and never the line: a log line is personal data."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(f"log-line-{reason}", _WORDS[reason])
        self.reason: Final = reason


@dataclass(frozen=True, slots=True)
class LogLine:
    address: str
    at: datetime
    method: str
    target: str
    status: int
    size: int
    referrer: str | None  # None: none was sent, or the format has none
    agent: str | None  # None: the format has none; empty: the client sent none


def parse(text: str) -> LogLine:
    """Read one line, with or without its line end; raises `BadLine`. `at` is in UTC; a size of `-` is 0."""
    if len(text) > LONGEST:
        raise BadLine(Reason.TOO_LONG)
    found = _LINE.fullmatch(text)
    if found is None:
        raise BadLine(Reason.NOT_A_LOG_LINE if text.strip() else Reason.EMPTY)
    address, at, asked, status, size, referrer, agent = found.groups()
    method, _, rest = asked.partition(" ")
    target, _, protocol = rest.rpartition(" ")
    if not target or _METHOD.fullmatch(method) is None or _PROTOCOL.fullmatch(protocol) is None:
        raise BadLine(Reason.BAD_REQUEST_LINE)
    return LogLine(
        address=address,
        at=_instant(at),
        method=method,
        target=_unescaped(target),
        status=int(status),
        size=0 if size == "-" else int(size),
        referrer=_unescaped(referrer) if referrer and referrer != "-" else None,
        agent=None if agent is None else "" if agent == "-" else _unescaped(agent),
    )


def what_became(line: LogLine | BadLine) -> Outcome:
    """The one definition of what a line is, by the rules at the top of this file."""
    if isinstance(line, BadLine):
        return Outcome.MALFORMED
    if _is_asset(line.target):
        return Outcome.ASSET
    if line.agent is not None and (not line.agent or recognise(line.agent).robot is not None):
        return Outcome.ROBOT
    if line.method != "GET":
        return Outcome.OTHER_METHOD
    if not (200 <= line.status <= 299 or line.status == 304):
        return Outcome.OTHER_STATUS
    return Outcome.PAGE_VIEW


def shift(newest_at: datetime, option: str, now: datetime) -> timedelta:
    """What to add to every line's `at`, so that all keep their distances.

    `option` is `keep` (nothing), `now` (the newest line falls on `now`), an instant with its offset such as
    `2026-03-04T12:00:00Z` (the newest line falls on it), or a duration such as `90d` or `-2h`. Raises `bad-shift`.
    """
    if option == "keep":
        return timedelta(0)
    if option == "now":
        return now - newest_at
    try:
        falls_at = datetime.fromisoformat(option)
    except ValueError:
        return _by_duration(option)
    if falls_at.tzinfo is None:
        raise Fault(
            "bad-shift", "the instant to shift to has no offset from UTC", help="add `Z`, as in `2026-03-04T12:00:00Z`"
        )
    return falls_at.astimezone(UTC) - newest_at


def _by_duration(option: str) -> timedelta:
    try:
        return duration(option)
    except Fault:
        raise Fault(
            "bad-shift", f"`{option[:40]}` is no shift", help="write `keep`, `now`, `90d` or `2026-03-04T12:00:00Z`"
        ) from None


def _is_asset(target: str) -> bool:
    path = target.partition("?")[0].partition("#")[0].lower()
    _, dot, ending = path.rpartition("/")[2].rpartition(".")
    if dot and ending in ASSET_ENDINGS:
        return True
    return path in ASSET_PATHS or any(path.startswith(folder) and path != folder for folder in ASSET_FOLDERS)


def _instant(text: str) -> datetime:
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise BadLine(Reason.BAD_INSTANT)
    day, month, year, hour, minute, second, sign, ahead_h, ahead_m = found.groups()
    try:
        ahead = timedelta(hours=int(ahead_h), minutes=int(ahead_m))
        zone = UTC if not ahead else timezone(ahead if sign == "+" else -ahead)
        # A leap second is logged as :60; no datetime has one, so it counts as the second before.
        at = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), min(int(second), 59), tzinfo=zone)
        return at.astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        raise BadLine(Reason.BAD_INSTANT) from None


def _unescaped(text: str) -> str:
    r"""Apache writes `"` and `\` with a `\` before them. Its `\xhh` stays as it is: harmless text."""
    return _ESCAPED.sub(r"\1", text) if "\\" in text else text


_WORDS = {
    Reason.EMPTY: "the line is empty",
    Reason.TOO_LONG: f"the line is longer than {LONGEST} characters",
    Reason.NOT_A_LOG_LINE: "the line is neither in the combined nor in the common log format",
    Reason.BAD_INSTANT: "the line's time cannot be read",
    Reason.BAD_REQUEST_LINE: "the line's first quoted part is no HTTP method, target and protocol",
}
_YEAR = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_MONTHS = {name: number for number, name in enumerate(_YEAR.split(), start=1)}
# The possessive `++` and `*+` never go back, so a hostile line costs one pass.
_QUOTED = r'"((?:[^"\\]++|\\.)*+)"'
_WHO_AND_WHEN = r"(\S+) \S+ [^\[]{1,256}? \[([^\]]{1,64})\]"
_ANSWER = r"([1-5][0-9][0-9]) ([0-9]{1,18}|-)"
_LINE = re.compile(rf"{_WHO_AND_WHEN} {_QUOTED} {_ANSWER}(?: {_QUOTED} {_QUOTED})?\s*")
_METHOD = re.compile(r"[A-Za-z][A-Za-z_-]{0,31}")
_PROTOCOL = re.compile(r"HTTP/[0-9](?:\.[0-9])?")
_INSTANT = re.compile(
    r"([0-9]{2})/([A-Z][a-z]{2})/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"
)
_ESCAPED = re.compile(r'\\(["\\])')
