"""How is one sort of value read from the file, and written back? It knows no section of a policy.

A `Shape` reads a marked node into a value and writes the value back as plain data; what is wrong becomes a finding and
the shape's blank stands in, so that reading always goes on to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

from troth.policy.finding import Code, Notes, Place, Spot, field_at, meant, quoted, thing
from troth.policy.marked import HIDDEN, NULLS, Listing, Node, Scalar, Table

T = TypeVar("T")
Form = Mapping[str, Any]
E = TypeVar("E", bound=StrEnum)

UNITS: Mapping[str, timedelta] = {
    "w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1), "s": timedelta(seconds=1),
}
LONGEST = timedelta(days=36525)  # a hundred years
_DURATION = re.compile(r"([1-9][0-9]{0,9})([wdhms])")
_SPELLED = re.compile(r"([1-9][0-9]{0,5})\s*(week|day|hour|minute|second|month|year)s?")
_SPELLED_DAYS = {"month": 30, "year": 365}
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_COOKIE = re.compile(r"[A-Za-z0-9_.*-]{1,100}")
_COUNTRY = re.compile(r"[A-Z]{2}(-[A-Z]{2})?|\*|EU")
_TELEPHONE = re.compile(r"\+[1-9][0-9]{6,14}")
TEXT_LENGTH = 4000
_WORD = ["string", "number"]  # a word that looks like a number may stand without quotes


class Where(NamedTuple):
    """The place being read: its way through the keys, the spot of its key, and where remarks go."""

    place: Place
    spot: Spot
    notes: Notes

    def into(self, step: str | int, spot: Spot) -> Where:
        return Where((*self.place, step), spot, self.notes)

    def wrong(self, code: Code, message: str, spot: Spot | None = None, help: str | None = None) -> None:
        self.notes.add(code, message, spot or self.spot, help, self.place)


def _slow(word: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """How one sort of value is read and written; `blank` stands in for one that cannot be read.

    `form` is what an editor is told of it, as JSON Schema. A mapping of known keys has `keys`; where it maps ids to such
    mappings, `named` is the shape of an id. `word` is the short way for a word that is as it should be: its value, or None
    when it must be looked at closely; most of a file is such words.
    """

    read: Callable[[Node, Where], T]
    write: Callable[[T], Any]
    blank: T
    form: Form = field(default_factory=dict)
    keys: tuple[Key, ...] = ()
    named: Shape[Any] | None = None
    word: Callable[[str], T | None] = _slow


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping. Without `needed` it may be left out and `default` holds.

    `help` says in plain words what it means; `example` is a value as it stands in a file.
    """

    name: str
    shape: Shape[Any]
    needed: bool = False
    default: Any = None
    help: str = ""
    example: str = ""


def _scalar(node: Node, where: Where, wanted: str) -> str | None:
    if isinstance(node, Scalar) and not node.null:
        return node.text.strip()
    found = {Listing: "a list", Table: "a mapping"}.get(type(node), "nothing")
    where.wrong(Code.WRONG_TYPE, f"{field_at(where.place)} must be {wanted}, and is {found}", node.spot)
    return None


def text(empty: bool = False) -> Shape[str]:
    """Free text without control characters."""
    def read(node: Node, where: Where) -> str:
        words = _scalar(node, where, "text")
        if words is None:
            return ""
        if not words and not empty:
            where.wrong(Code.EMPTY_TEXT, f"{field_at(where.place)} is empty", node.spot)
        if HIDDEN.search(words):
            where.wrong(Code.HIDDEN_CHARACTER, f"{field_at(where.place)} holds a character that cannot be seen", node.spot)
        if len(words) > TEXT_LENGTH:
            where.wrong(Code.TOO_LARGE, f"{field_at(where.place)} is longer than {TEXT_LENGTH} characters", node.spot)
        return words
    return Shape(read, str, "", form={"type": _WORD, "maxLength": TEXT_LENGTH} | ({} if empty else {"minLength": 1}), word=_printable)


def _printable(word: str) -> str | None:
    return word if 0 < len(word) <= TEXT_LENGTH and word.isprintable() and word[0] != " " and word[-1] != " " else None


def _short(shape: Shape[T], node: Node) -> T | None:
    """The value of a word that is as it should be; None: look closely."""
    if node.__class__ is not Scalar or (node.plain and node.text in NULLS):
        return None
    return shape.word(node.text)


def matching(pattern: re.Pattern[str], wanted: str) -> Shape[str]:
    """Text of a fixed form; `wanted` tells a person which."""
    def read(node: Node, where: Where) -> str:
        word = _scalar(node, where, wanted)
        if word is not None and not pattern.fullmatch(word):
            where.wrong(Code.NOT_A_NAME, f"{field_at(where.place)} must be {wanted}, and is {quoted(word)}", node.spot)
        return word or ""
    return Shape(read, str, "", form={"type": _WORD, "pattern": f"^({pattern.pattern})$"},
                 word=lambda word: word if pattern.fullmatch(word) else None)


NAME = matching(_NAME, "a name of lower-case letters, digits, dots and dashes")
COOKIE_NAME = matching(_COOKIE, "a cookie's name")
COUNTRY = matching(_COUNTRY, "a country code such as GB")
TEXT_PLACE = matching(re.compile(r"[a-z_]+(/[^/\s]+){1,2}"), "a text's place such as purposes/newsletter/label")
ORIGIN = matching(re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?"), "an origin such as https://www.shop.example, without a path")
ROUTE = matching(re.compile(r"/[^\s?#]*"), "a path such as /blog/:slug")
TELEPHONE = matching(_TELEPHONE, "a telephone number such as +442079460000")
CALENDAR_ZONE = matching(re.compile(r"[A-Za-z]+(/[A-Za-z0-9_+-]+)+"), "a time zone such as Europe/Berlin")


def listing(each: Shape[T], unique: bool = True) -> Shape[tuple[T, ...]]:
    """A list of one sort of value."""
    def read(node: Node, where: Where) -> tuple[T, ...]:
        if not isinstance(node, Listing):
            where.wrong(Code.WRONG_TYPE, f"{field_at(where.place)} must be a list, in square brackets or with dashes", node.spot)
            return ()
        values: list[T] = []
        seen: set[T] = set()
        for index, entry in enumerate(node.entries):
            value = _short(each, entry)
            if value is None:
                value = each.read(entry, where.into(index, entry.spot))
            if unique and value in seen:
                where.wrong(Code.REPEATED_NAME, f"{field_at(where.place)} names {quoted(str(value))} twice", entry.spot)
            seen.add(value)
            values.append(value)
        return tuple(values)
    return Shape(read, lambda values: [each.write(value) for value in values], (), form={"type": "array", "items": each.form})


def _one_of(words: list[str]) -> str:
    return f"{', '.join(map(quoted, words[:-1]))} or {quoted(words[-1])}"


def choice(kind: type[E]) -> Shape[E]:
    """One of a closed list of words."""
    members = {str(member): member for member in kind}
    words = list(members)
    wanted = _one_of(words)
    def read(node: Node, where: Where) -> E:
        word = _scalar(node, where, wanted)
        if word is None or word in members:
            return members[word or words[0]]
        where.wrong(Code.NOT_ALLOWED, f"{field_at(where.place)} is {quoted(word)}; it may be {wanted}", node.spot, meant(word, words))
        return kind(words[0])
    return Shape(read, str, kind(words[0]), form={"enum": words}, word=members.get)


def among(words: Collection[str]) -> Shape[str]:
    """One of a closed list of words that has no type of its own."""
    known = list(words)
    wanted = _one_of(known)
    def read(node: Node, where: Where) -> str:
        word = _scalar(node, where, wanted)
        if word is not None and word not in known:
            where.wrong(Code.NOT_ALLOWED, f"{field_at(where.place)} is {quoted(word)}; it may be {wanted}", node.spot, meant(word, known))
        return word if word in known else known[0]
    return Shape(read, str, known[0], form={"enum": known}, word={word: word for word in known}.get)


def _read_flag(node: Node, where: Where) -> bool:
    word = _scalar(node, where, "`true` or `false`")
    if word is not None and word not in {"true", "false"}:
        where.wrong(Code.NOT_A_FLAG, f"{field_at(where.place)} must be `true` or `false`, and is {quoted(word)}", node.spot)
    return word == "true"


def _read_number(node: Node, where: Where) -> int:
    word = _scalar(node, where, "a whole number")
    if word is not None and not re.fullmatch(r"[0-9]{1,9}", word, re.ASCII):
        where.wrong(Code.NOT_A_NUMBER, f"{field_at(where.place)} must be a whole number, and is {quoted(word)}", node.spot)
        return 0
    return int(word or 0)


def _read_day(node: Node, where: Where) -> date:
    word = _scalar(node, where, "a day such as 2026-10-01")
    try:
        if word is None or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", word, re.ASCII):
            raise ValueError
        return date.fromisoformat(word)
    except ValueError:
        if word is not None:
            message = f"{field_at(where.place)} must be a day of the calendar such as 2026-10-01, and is {quoted(word)}"
            where.wrong(Code.NOT_A_DAY, message, node.spot)
        return date.min


def _read_duration(node: Node, where: Where) -> timedelta:
    word = _scalar(node, where, "a duration such as `90d`")
    length = _duration(word or "")
    if word is not None and length is None:
        message = f"{field_at(where.place)} must be a number with `w`, `d`, `h`, `m` or `s`, and is {quoted(word)}"
        where.wrong(Code.NOT_A_DURATION, message, node.spot, _duration_meant(word))
    return length or timedelta(0)


def _duration(word: str) -> timedelta | None:
    found = _DURATION.fullmatch(word)
    if not found:
        return None
    count, unit = int(found.group(1)), UNITS[found.group(2)]
    return count * unit if count <= LONGEST // unit else None


def _duration_meant(word: str) -> str | None:
    found = _SPELLED.fullmatch(word)
    if not found:
        return None
    count, unit = int(found.group(1)), found.group(2)
    short = f"{count * _SPELLED_DAYS[unit]}d" if unit in _SPELLED_DAYS else f"{count}{unit[0]}"
    return f"did you mean {quoted(short)}?" if _duration(short) else None


def _write_duration(length: timedelta) -> str:
    """Days where they serve, else the largest smaller unit that is exact."""
    unit = next(unit for unit in "dhms" if not length % UNITS[unit])
    return f"{length // UNITS[unit]}{unit}"


FLAG: Shape[bool] = Shape(_read_flag, bool, False, form={"enum": [True, False, "true", "false"]})
NUMBER: Shape[int] = Shape(_read_number, int, 0, form={"type": "integer", "minimum": 0, "maximum": 10**9 - 1})
DAY: Shape[date] = Shape(_read_day, lambda day: day, date.min, form={"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"})
DURATION: Shape[timedelta] = Shape(_read_duration, _write_duration, timedelta(0), form={"type": "string", "pattern": f"^{_DURATION.pattern}$"})


TEXT = text()
LOOSE = text(empty=True)
NAMES = listing(NAME)
TEXTS = listing(TEXT)
LINK = matching(re.compile(r"https://[^\s\"<>]+"), "a link such as https://www.shop.example/cookies")
PLACE = matching(re.compile(r"(https://|/)[^\s\"<>]*"), "a link or a path such as /cookies")


def mapping(name: Shape[Any], value: Shape[T]) -> Shape[dict[Any, T]]:
    """Names to values."""
    def read(node: Node, where: Where) -> dict[Any, T]:
        table = _table(node, where)
        found: dict[Any, T] = {}
        for key, entry in table.items():
            if key:
                inside = where.into(key, entry.key)
                found[name.read(Scalar(key, False, entry.key), inside)] = value.read(entry.value, inside)
        return found
    form = {"type": "object", "propertyNames": name.form, "additionalProperties": value.form}
    return Shape(read, lambda values: {name.write(key): value.write(each) for key, each in values.items()}, {}, form=form)


def part(blank: T, *keys: Key) -> Shape[T]:
    """A section that may be left out: each key's default is that of `blank`, the value that says nothing."""
    told = tuple(replace(key, default=getattr(blank, key.name)) for key in keys)
    return record(type(blank), told)


def record(build: Callable[..., T], keys: tuple[Key, ...], fields: Callable[[T], Mapping[str, Any]] | None = None) -> Shape[T]:
    """A mapping with known keys, read into one value by `build`; `fields` gives a value's keys back."""
    reading = Reading(keys)
    def read(node: Node, where: Where) -> T:
        return build(**reading(node, where))
    def write(value: T) -> dict[str, Any]:
        return write_fields(fields(value) if fields else {key.name: getattr(value, key.name) for key in keys}, keys)
    return Shape(read, write, build(**reading.blank), keys=keys)


def keyed(build: Callable[..., T], keys: tuple[Key, ...], name: Shape[str] = NAME,
          fields: Callable[[T], Mapping[str, Any]] | None = None) -> Shape[dict[str, T]]:
    """A mapping of ids to records that know their id."""
    reading = Reading(keys)
    def read(node: Node, where: Where) -> dict[str, T]:
        found: dict[str, T] = {}
        for key, entry in _table(node, where).items():
            if key:
                inside = where.into(key, entry.key)
                name.read(Scalar(key, False, entry.key), inside)
                found[key] = build(id=key, **reading(entry.value, inside))
        return found
    def write(values: dict[str, T]) -> dict[str, Any]:
        named = {id: fields(value) if fields else {key.name: getattr(value, key.name) for key in keys} for id, value in values.items()}
        return {id: write_fields(value, keys) for id, value in named.items()}
    return Shape(read, write, {}, keys=keys, named=name)


class Reading:
    """How a mapping with known keys is read: each known key's value; unknown keys and missing ones become findings."""

    def __init__(self, keys: tuple[Key, ...]) -> None:
        self._keys = {key.name: key for key in keys}
        self._needed = [key.name for key in keys if key.needed]
        self.blank = {key.name: key.shape.blank if key.needed else key.default for key in keys}

    def __call__(self, node: Node, where: Where) -> dict[str, Any]:
        table, values = _table(node, where), self.blank.copy()
        for name, entry in table.items():
            key = self._keys.get(name)
            if key is None:
                self._unknown(name, entry.key, table, where)
            elif (value := _short(key.shape, entry.value)) is not None:
                values[name] = value
            elif not (isinstance(entry.value, Scalar) and entry.value.null):
                values[name] = key.shape.read(entry.value, where.into(name, entry.key))
            elif key.needed:
                where.into(name, entry.key).wrong(Code.MISSING_KEY, f"{thing(where.place)} has no {quoted(name)}")
        for name in self._needed:
            if name not in table:
                where.into(name, where.spot).wrong(Code.MISSING_KEY, f"{thing(where.place)} has no {quoted(name)}")
        return values

    def _unknown(self, name: str, spot: Spot, table: Mapping[str, Any], where: Where) -> None:
        if name and not where.notes.full:
            message = f"{thing(where.place)} has no key {quoted(name)}"
            help = None if where.notes.weary else meant(name, self._keys, used=table.keys())
            where.into(name, spot).wrong(Code.UNKNOWN_KEY, message, help=help)


def read_fields(node: Node, where: Where, keys: tuple[Key, ...]) -> dict[str, Any]:
    """Each known key's value, once; a shape that is read often keeps a `Reading`."""
    return Reading(keys)(node, where)


def write_fields(values: Mapping[str, Any], keys: tuple[Key, ...]) -> dict[str, Any]:
    """Plain data for each key that says more than its default."""
    said = [key for key in keys if key.needed or values[key.name] != key.default]
    return {key.name: key.shape.write(values[key.name]) for key in said}


def _table(node: Node, where: Where) -> Mapping[str, Any]:
    if isinstance(node, Table):
        return node.entries
    where.wrong(Code.WRONG_TYPE, f"{field_at(where.place)} must be a mapping of keys to values", node.spot)
    return {}
