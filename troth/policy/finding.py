"""What is wrong in a policy file, where, and what to do? One class for every remark; it looks for nothing itself.

The codes are stable: `docs/policy-errors.md` has one line for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import NamedTuple

from troth.policy.model import Position

Place = tuple[str | int, ...]
"""The way to a value through the file's keys: `("purposes", "telephone", "items", 2)`."""


class Severity(StrEnum):
    """Only errors keep a policy from being published."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(StrEnum):
    """Every remark there is. The order is that of the page that explains them."""

    # the file as text
    UNREADABLE = "unreadable"
    TOO_LARGE = "too-large"
    NOT_UTF8 = "not-utf8"
    HIDDEN_CHARACTER = "hidden-character"
    TAB = "tab"
    NOT_YAML = "not-yaml"
    NOT_A_MAPPING = "not-a-mapping"
    MANY_DOCUMENTS = "many-documents"
    TOO_DEEP = "too-deep"
    ANCHOR = "anchor"
    ALIAS = "alias"
    TAG = "tag"
    KEY_NOT_TEXT = "key-not-text"
    DUPLICATE_KEY = "duplicate-key"
    # the values
    UNKNOWN_KEY = "unknown-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    EMPTY_TEXT = "empty-text"
    NOT_A_NAME = "not-a-name"
    NOT_A_DAY = "not-a-day"
    NOT_A_DURATION = "not-a-duration"
    NOT_A_NUMBER = "not-a-number"
    NOT_A_FLAG = "not-a-flag"
    NOT_ALLOWED = "not-allowed"
    REPEATED_NAME = "repeated-name"
    UNKNOWN_LANGUAGE_VERSION = "unknown-language-version"
    # the names
    UNDECLARED_ITEM = "undeclared-item"
    UNDECLARED_EVENT = "undeclared-event"
    UNDECLARED_POPULATION = "undeclared-population"
    UNDECLARED_RETENTION = "undeclared-retention"
    UNDECLARED_REGIME = "undeclared-regime"
    UNDECLARED_PURPOSE = "undeclared-purpose"
    OTHER_POPULATION = "other-population"
    UNKNOWN_CATEGORY = "unknown-category"
    UNKNOWN_VOCABULARY = "unknown-vocabulary"
    # the law
    BASIS_MISSING = "basis-missing"
    BASIS_DEFAULTED = "basis-defaulted"
    CONSENT_NOT_ASKED = "consent-not-asked"
    CONSENT_AS_CONDITION = "consent-as-condition"
    WORDING_MISSING = "wording-missing"
    BELOW_FLOOR = "below-floor"
    BELOW_FLOOR_UNNEEDED = "below-floor-unneeded"
    FLOOR_RAISES = "floor-raises"
    SPECIAL_DECLARED = "special-declared"
    CLEAR_WITHOUT_VALUES = "clear-without-values"
    REMAINDER_NOT_CLEAR = "remainder-not-clear"
    REMAINDER_UNUSED = "remainder-unused"
    REQUIRED_NOT_COLLECTED = "required-not-collected"
    UNUSED_ITEM = "unused-item"
    UNUSED_RETENTION = "unused-retention"
    RETENTION_MISSING = "retention-missing"
    COUNTED_FROM_COLLECTION = "counted-from-collection"
    RECIPIENT_WITHOUT_TERMS = "recipient-without-terms"
    TERMS_EXPIRED = "terms-expired"
    RECIPIENT_BEYOND_PURPOSE = "recipient-beyond-purpose"
    TRANSFER_WITHOUT_SAFEGUARD = "transfer-without-safeguard"
    COOKIE_WITHOUT_PURPOSE = "cookie-without-purpose"
    NOTICE_INCOMPLETE = "notice-incomplete"
    CONTRADICTION = "contradiction"
    CONTRADICTION_SETTLED = "contradiction-settled"
    READING_UNNEEDED = "reading-unneeded"
    UNPROVEN = "unproven"
    DATE_UNCHANGED = "date-unchanged"
    # a client below its parent
    PARENT_INVALID = "parent-invalid"
    CYCLIC_EXTENSION = "cyclic-extension"
    REMOVES_NOTHING = "removes-nothing"
    CLIENT_WIDENS_PARENT = "client-widens-parent"
    TOO_MANY_FINDINGS = "too-many-findings"
    TOO_MANY_WARNINGS = "too-many-warnings"
    TOO_MANY_NOTES = "too-many-notes"


_WARNINGS = frozenset({
    Code.REPEATED_NAME, Code.UNDECLARED_PURPOSE, Code.WORDING_MISSING, Code.BELOW_FLOOR, Code.BELOW_FLOOR_UNNEEDED,
    Code.REMAINDER_UNUSED, Code.UNUSED_ITEM, Code.UNUSED_RETENTION, Code.RECIPIENT_WITHOUT_TERMS, Code.TERMS_EXPIRED,
    Code.RECIPIENT_BEYOND_PURPOSE, Code.CONTRADICTION, Code.READING_UNNEEDED, Code.TOO_MANY_WARNINGS,
})
_NOTES = frozenset({
    Code.BASIS_DEFAULTED, Code.FLOOR_RAISES, Code.COUNTED_FROM_COLLECTION, Code.CONTRADICTION_SETTLED, Code.UNPROVEN, Code.TOO_MANY_NOTES})


_TOO_MANY: Mapping[Severity, Code] = {
    Severity.ERROR: Code.TOO_MANY_FINDINGS, Severity.WARNING: Code.TOO_MANY_WARNINGS, Severity.NOTE: Code.TOO_MANY_NOTES}


def severity_of(code: Code) -> Severity:
    """How much a remark weighs; the same for every remark of one code."""
    if code in _NOTES:
        return Severity.NOTE
    return Severity.WARNING if code in _WARNINGS else Severity.ERROR


class Spot(NamedTuple):
    """A position in a named file. One is made for every word of it, so it is the kind of value that is quickest to make."""

    path: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark. `str()` is what a person reads; `help` stands only when the suggestion was tried."""

    code: Code
    severity: Severity
    message: str
    position: Position
    help: str | None = None
    path: str = "policy.yaml"
    place: Place = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        line = f"{self.path}:{self.position.line}:{self.position.column} {self.code}: {self.message}"
        return f"{line}\nhelp: {self.help}" if self.help else line

    def as_json(self) -> dict[str, str | int]:
        """The remark for a program."""
        body: dict[str, str | int] = {
            "code": self.code, "severity": self.severity, "message": self.message,
            "path": self.path, "line": self.position.line, "column": self.position.column,
        }
        return body | {"help": self.help} if self.help else body


class Notes:
    """Remarks as they are collected. Each severity is bounded by itself, so that a hostile file cannot make a long list,
    and so that many notes never hide an error or count as one.
    """

    LIMIT = 200

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._seen: set[tuple[Code, str, Position, str]] = set()
        self._count = dict.fromkeys(Severity, 0)

    @property
    def full(self) -> bool:
        """Whether further errors are dropped; then there is no use in looking for more."""
        return self._count[Severity.ERROR] > self.LIMIT

    @property
    def weary(self) -> bool:
        """Whether so much was said that no suggestion is looked for any more."""
        return sum(self._count.values()) > self.LIMIT

    def add(self, code: Code, message: str, spot: Spot, help: str | None = None, place: Place = ()) -> None:
        """Remember a remark once."""
        severity = severity_of(code)
        position = Position(spot.line, spot.column)
        seen = (code, spot.path, position, message)
        if self._count[severity] > self.LIMIT or seen in self._seen:
            return
        self._seen.add(seen)
        if self._count[severity] == self.LIMIT:
            code, help = _TOO_MANY[severity], None
            message = f"more than {self.LIMIT} {severity}s; the rest are not listed"
        self._count[severity] += 1
        self.findings.append(Finding(code, severity, message, position, help, spot.path, place))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that keep a policy from being published."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def quoted(words: str) -> str:
    """An author's own words in backticks, shortened, with nothing invisible in them."""
    seen = words[:60]
    if not seen.isprintable() or "`" in seen:
        seen = "".join(letter if letter.isprintable() and letter != "`" else "?" for letter in seen)
    return f"`{seen}…`" if len(words) > 60 else f"`{seen}`"


def meant(word: str, known: Collection[str], used: Collection[str] = ()) -> str | None:
    """A `help:` line naming the known, unused word that was probably meant, or None."""
    if len(known) > 2000 or len(word) > 100:
        return None
    close = get_close_matches(word, [name for name in known if name not in used], n=1, cutoff=0.6)
    return f"did you mean {quoted(close[0])}?" if close else None


_SINGULAR: Mapping[str, str] = {
    "populations": "population", "items": "item", "retention": "retention rule", "events": "event", "purposes": "purpose",
    "cookies": "cookie", "recipients": "recipient", "regimes": "regime", "roles": "role", "promises": "promise", "readings": "reading",
    "channels": "channel",
}


def thing(place: Place) -> str:
    """What stands at a place, as a person calls it: "purpose `telephone`", "`settings`"."""
    if len(place) > 1 and place[0] in _SINGULAR:
        return f"{_SINGULAR[str(place[0])]} {quoted(str(place[1]))}"
    names = [str(step) for step in place if isinstance(step, str)]
    return quoted(".".join(names)) if names else "the policy"


def field_at(place: Place) -> str:
    """A field as a person calls it: "`keep_for` of purpose `telephone`", "`settings.threshold`"."""
    named = len(place) > 2 and place[0] in _SINGULAR
    names = [str(step) for step in place[2:] if isinstance(step, str)]
    return f"{quoted('.'.join(names))} of {thing(place)}" if named and names else thing(place)
