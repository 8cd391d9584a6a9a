"""What does one line of a file of consents say? Reads a CSV, or an export of another banner's cookies, line by line.

It looks nobody up and keeps nothing. Each line becomes a `Line`, or a `Finding`: a code and the line's number, and nothing
of what stood in it. A yes needs its time; a no without one is a no all the same. Of a day without a time of day, a yes
counts from its beginning and a no from its end.
Source: GDPR Art. 7(1); RFC 4180 (CSV)
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from troth.base.clock import instant, micros
from troth.base.errors import Fault
from troth.collect.telephone import spelled
from troth.consent.banners import Answer, cookies_in, purposes_said, read_cookies
from troth.ledger.entry import check_body
from troth.subjects.directory import IdentifierKind

COLUMNS = ("kind", "value", "purpose", "state", "at", "source", "wording", "country", "cookies")
OLDEST = micros(datetime(1995, 1, 1, tzinfo=UTC))  # before it no site asked anybody
_LARGEST_MAP, _LONGEST_FIELD = 1 << 20, 1 << 17
_SOURCE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_EMAIL = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@[^\s@<>\"(),:;\\]{1,180}\.[^\s@<>\"(),:;\\]{2,63}")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z]{2})?")


class Form(StrEnum):
    """What a file is."""

    CSV = "csv"
    BANNER_COOKIES = "banner-cookies"


class Word(StrEnum):
    """What somebody said, as a file tells it."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"


_WORDS: Mapping[str, Word] = (
    dict.fromkeys(("given", "yes", "y", "true", "1", "granted", "accepted", "allow", "allowed", "opt-in", "opted-in", "subscribed"), Word.GIVEN)
    | dict.fromkeys(("refused", "no", "n", "false", "0", "denied", "declined", "rejected", "opt-out", "opted-out"), Word.REFUSED)
    | dict.fromkeys(("withdrawn", "revoked", "unsubscribed", "stopped"), Word.WITHDRAWN)
    | {"objected": Word.OBJECTED}
)


class Code(StrEnum):
    """What is wrong with a line. Each is counted and told with its line's number."""

    UNREADABLE = "unreadable"
    UNKNOWN_KIND = "unknown-kind"
    BAD_IDENTIFIER = "bad-identifier"
    UNKNOWN_PURPOSE = "unknown-purpose"
    UNKNOWN_STATE = "unknown-state"
    BAD_TIME = "bad-time"
    NO_ZONE = "no-zone"
    IN_FUTURE = "in-future"
    BEFORE_1995 = "before-1995"
    YES_WITHOUT_TIME = "yes-without-time"
    BAD_SOURCE = "bad-source"
    BAD_COUNTRY = "bad-country"
    BAD_COOKIE = "bad-cookie"
    NOTHING_SAID = "nothing-said"


SENTENCES: Mapping[Code, str] = {
    Code.UNREADABLE: "the line cannot be read",
    Code.UNKNOWN_KIND: "the kind of identifier is none of anonymous, account, email, phone",
    Code.BAD_IDENTIFIER: "the identifier is not one of its kind",
    Code.UNKNOWN_PURPOSE: "the policy has no such purpose, and nothing says which it stands for",
    Code.UNKNOWN_STATE: "what was said is neither a yes nor a no",
    Code.BAD_TIME: "the time cannot be read",
    Code.NO_ZONE: "the time has no offset, and the map names no zone",
    Code.IN_FUTURE: "the time is still to come",
    Code.BEFORE_1995: "the time is before 1995",
    Code.YES_WITHOUT_TIME: "a yes needs its time: nobody could say whether a no came after it",
    Code.BAD_SOURCE: "the source is not a short lower-case word",
    Code.BAD_COUNTRY: "the country is not two capital letters",
    Code.BAD_COOKIE: "the cookie cannot be read as one of its tool",
    Code.NOTHING_SAID: "the cookies hold no answer of a person to anything the policy knows",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A line that was not taken, and why."""

    line: int
    code: Code


@dataclass(frozen=True, slots=True)
class Line:
    """What one line says. `at` in microseconds, None: it does not say. `wording`: the hash of the words it was said to."""

    number: int
    kind: IdentifierKind
    value: str
    said: Mapping[str, Word]
    at: int | None
    source: str
    wording: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read: which column holds what, what its words mean, and what holds for every line."""

    columns: Mapping[str, str] = field(default_factory=dict)
    purposes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    states: Mapping[str, Word] = field(default_factory=dict)
    kind: str = ""
    source: str = ""
    zone: str = ""


class _NotTaken(Exception):
    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def read_layout(path: Path) -> Layout:
    """A map of a file, in YAML or JSON; raises `bad-map`."""
    try:
        raw = path.read_bytes()[: _LARGEST_MAP + 1]
        found = yaml.safe_load(raw.decode()) if len(raw) <= _LARGEST_MAP else None
        return _layout(found)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, RecursionError):
        message = "the map is not one: it has `columns`, `purposes`, `states`, `kind`, `source` and `zone`, each if needed"
        raise Fault("bad-map", message, help="docs/bringing-consents.md has one") from None


def _layout(found: Any) -> Layout:
    sections = ("columns", "purposes", "states")
    columns, purposes, states = ({str(key): value for key, value in (found.pop(name, None) or {}).items()} for name in sections)
    words = {name: str(found.pop(name, None) or "") for name in ("kind", "source", "zone")}
    if found or columns.keys() - set(COLUMNS):
        raise ValueError
    if words["zone"]:
        ZoneInfo(words["zone"])
    meant = {name: (one,) if isinstance(one, str) else tuple(map(str, one)) for name, one in purposes.items()}
    return Layout({name: str(one) for name, one in columns.items()}, meant, {key.lower(): Word(str(one)) for key, one in states.items()}, **words)


def lines_of(path: Path, form: Form, layout: Layout, purposes: Iterable[str], now: int, told: Callable[[int], object]) -> Iterator[Line | Finding]:
    """Every line of a file, in its order. `purposes`: those of the policy; `told` hears of the bytes read.

    Raises `empty-file` and `no-such-column`.
    """
    reader = _Reader(form, layout, frozenset(purposes), now)
    with path.open("rb") as file:
        if path.suffix in (".json", ".jsonl", ".ndjson"):
            yield from _json_lines(reader, file, told)
        else:
            yield from _csv_lines(reader, file, told)


def _text(file: Iterable[bytes], told: Callable[[int], object]) -> Iterator[str]:
    for raw in file:
        told(len(raw))
        yield raw.decode("utf-8-sig", errors="replace").replace("\0", "\ufffd")


def _csv_lines(reader: _Reader, file: Any, told: Callable[[int], object]) -> Iterator[Line | Finding]:
    text = _text(file, told)
    head = next(text, "")
    if not head.strip():
        raise Fault("empty-file", "the file has no lines")
    by = max(",;\t|", key=head.count)
    names = [name.strip() for name in next(csv.reader([head], delimiter=by))]
    reader.check(names)
    csv.field_size_limit(_LONGEST_FIELD)
    rows = csv.reader(text, delimiter=by)
    while True:
        number = rows.line_num + 2
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Finding(number, Code.UNREADABLE)
            continue
        if any(row):
            yield reader.read(number, dict(zip(names, row, strict=False)))


def _json_lines(reader: _Reader, file: Any, told: Callable[[int], object]) -> Iterator[Line | Finding]:
    """One object a line, or one list of objects, whose places in it are then the numbers."""
    raw = file.read()
    told(len(raw))
    text = raw.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise Fault("empty-file", "the file has no lines")
    whole = _json(text) if text.lstrip().startswith("[") else None
    rows = whole if isinstance(whole, list) else [_json(line) for line in text.splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        yield reader.read(number, row) if isinstance(row, dict) else Finding(number, Code.UNREADABLE)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


class _Reader:
    """Reads rows under one layout."""

    def __init__(self, form: Form, layout: Layout, purposes: frozenset[str], now: int) -> None:
        self._form, self._layout, self._purposes, self._now = form, layout, purposes, now
        self._column = {name: layout.columns.get(name, name) for name in COLUMNS}

    def check(self, names: Sequence[str]) -> None:
        """Raise `no-such-column` when the file lacks what each line must have."""
        needed = ["value", "cookies"] if self._form is Form.BANNER_COOKIES else ["value", "purpose", "state"]
        for name in needed + ([] if self._layout.kind else ["kind"]):
            if self._column[name] not in names:
                help = "name the file's own columns in a map (--map)"
                raise Fault("no-such-column", f"the file has no column for `{name}`", help)

    def read(self, number: int, row: Mapping[str, Any]) -> Line | Finding:
        try:
            return self._line(number, row)
        except _NotTaken as wrong:
            return Finding(number, wrong.code)

    def _get(self, row: Mapping[str, Any], name: str) -> str:
        value = row.get(self._column[name])
        return str(value).strip() if isinstance(value, (str, int)) else ""

    def _line(self, number: int, row: Mapping[str, Any]) -> Line:
        kind, value = self._identifier(row)
        country = self._get(row, "country").upper()
        if country and not _COUNTRY.fullmatch(country):
            raise _NotTaken(Code.BAD_COUNTRY)
        said, at, tool = self._cookies(row) if self._form is Form.BANNER_COOKIES else self._one(row)
        if at is None and Word.GIVEN in said.values():
            raise _NotTaken(Code.YES_WITHOUT_TIME)
        wording = self._get(row, "wording")
        hashed = hashlib.sha256(wording.encode("utf-8", "replace")).hexdigest()[:16] if wording else ""
        return Line(number, kind, value, said, at, self._source(row, tool), hashed, country)

    def _identifier(self, row: Mapping[str, Any]) -> tuple[IdentifierKind, str]:
        try:
            kind = IdentifierKind((self._layout.kind or self._get(row, "kind")).lower())
        except ValueError:
            raise _NotTaken(Code.UNKNOWN_KIND) from None
        value = self._get(row, "value")
        match kind:
            case IdentifierKind.EMAIL:
                fits = bool(_EMAIL.fullmatch(value))
            case IdentifierKind.PHONE:
                value = spelled(value)
                fits = bool(value)
            case IdentifierKind.ANONYMOUS:
                fits = 8 <= len(value) <= 128
            case IdentifierKind.ACCOUNT:
                fits = 0 < len(value) <= 256
        if not fits or not value.isprintable():
            raise _NotTaken(Code.BAD_IDENTIFIER)
        return kind, value

    def _one(self, row: Mapping[str, Any]) -> tuple[dict[str, Word], int | None, str]:
        named, state = self._get(row, "purpose"), self._get(row, "state").lower()
        purposes = self._layout.purposes.get(named, (named,))
        if not purposes or not set(purposes) <= self._purposes:
            raise _NotTaken(Code.UNKNOWN_PURPOSE)
        word = self._layout.states.get(state) or _WORDS.get(state)
        if word is None:
            raise _NotTaken(Code.UNKNOWN_STATE)
        return dict.fromkeys(purposes, word), self._time(self._get(row, "at"), late=word is not Word.GIVEN), ""

    def _cookies(self, row: Mapping[str, Any]) -> tuple[dict[str, Word], int | None, str]:
        raw = row.get(self._column["cookies"])
        cookies = {str(name): str(value) for name, value in raw.items()} if isinstance(raw, dict) else cookies_in(str(raw or ""))
        try:
            answers = read_cookies(cookies)
        except Fault:
            raise _NotTaken(Code.BAD_COOKIE) from None
        said, at, tool = said_by(answers, self._layout.purposes)
        said = {purpose: yes for purpose, yes in said.items() if purpose in self._purposes}
        if not said:
            raise _NotTaken(Code.NOTHING_SAID)
        given = self._get(row, "at")
        at = self._time(given, late=True) if at is None and given else self._within(at)
        return {purpose: Word.GIVEN if yes else Word.REFUSED for purpose, yes in said.items()}, at, tool

    def _source(self, row: Mapping[str, Any], tool: str) -> str:
        source = self._get(row, "source") or self._layout.source or tool or "file"
        if not _SOURCE.fullmatch(source):
            raise _NotTaken(Code.BAD_SOURCE)
        try:
            check_body({"how": f"import-undated.{source}"})  # the ledger refuses what looks like a number of somebody's
        except Fault:
            raise _NotTaken(Code.BAD_SOURCE) from None
        return source

    def _time(self, text: str, late: bool) -> int | None:
        if not text:
            return None
        if re.fullmatch(r"[0-9]{10}|[0-9]{13}", text, re.ASCII):
            return self._within(int(text) * (1_000_000 if len(text) == 10 else 1_000))
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise _NotTaken(Code.BAD_TIME) from None
        day = len(text) <= 10
        if at.tzinfo is None:
            if not self._layout.zone and not day:
                raise _NotTaken(Code.NO_ZONE)
            at = at.replace(tzinfo=ZoneInfo(self._layout.zone or "UTC"))
        try:
            found = micros(at)
        except OverflowError:
            raise _NotTaken(Code.BAD_TIME) from None
        if day and late and found <= self._now:
            return self._within(min(found + timedelta(days=1) // timedelta(microseconds=1) - 1, self._now))
        return self._within(found)

    def _within(self, at: int | None) -> int | None:
        if at is not None and at > self._now:
            raise _NotTaken(Code.IN_FUTURE)
        if at is not None and at < OLDEST:
            raise _NotTaken(Code.BEFORE_1995)
        return at


def said_by(answers: Iterable[Answer], categories: Mapping[str, Iterable[str]]) -> tuple[dict[str, bool], int | None, str]:
    """What the cookies of one browser say together: a no of any of them is a no. When: the earliest, as far as each says."""
    said: dict[str, bool] = {}
    times: list[int | None] = []
    tools: list[str] = []
    for answer in answers:
        news = purposes_said(answer, categories)
        if news:
            said |= {purpose: yes and said.get(purpose, True) for purpose, yes in news.items()}
            times.append(answer.at)
            tools.append(answer.tool)
    at = None if None in times else min((one for one in times if one is not None), default=None)
    return said, at, tools[0] if tools else ""


def shown(at: int) -> str:
    """An instant's day, for a choice that is kept in a browser."""
    return instant(at).date().isoformat()
