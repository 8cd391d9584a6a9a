"""What does an IAB consent string say? Reads TC strings (TCF 2), Global Privacy Platform strings and US Privacy strings.

It only decodes: who makes such strings must be registered for it. Whatever is not a whole string of its kind is
`bad-consent-string`, however long or strange; vendors are read, and decide nothing here.
Source: IAB Tech Lab, "Transparency and Consent String" 2.3, "Global Privacy Platform" 1.0 and its sections 2, 6, 7, 8,
"US Privacy String" 1.0
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field

from troth.base.errors import Fault

LONGEST = 16 * 1024
"""Characters of any string or cookie read here: four times what a browser keeps of one cookie."""
MANDATORY_SINCE = 1_772_323_200_000_000
"""Since 1 March 2026 a TC string without its list of disclosed vendors is not whole."""
PURPOSES, SPECIAL = 11, 2
_ALPHABET = {letter: value for value, letter in enumerate(string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_")}
_DECISECOND = 100_000
_MOST_RANGES = 65_536


def bad(what: str) -> Fault:
    """The one refusal of this room; it repeats nothing of what was sent."""
    return Fault("bad-consent-string", what)


@dataclass(frozen=True, slots=True)
class TcString:
    """What a TC string says. Times in microseconds. `disclosed` None: it does not list whom the person was shown."""

    created_at: int
    updated_at: int
    policy_version: int
    language: str
    purposes: frozenset[int]
    legitimate: frozenset[int]
    special: frozenset[int]
    vendors: frozenset[int]
    legitimate_vendors: frozenset[int]
    disclosed: frozenset[int] | None

    @property
    def whole(self) -> bool:
        """Whether it has the segment that strings of its day must have; a yes in one that has not counts for nothing."""
        return self.disclosed is not None or self.updated_at < MANDATORY_SINCE

    @property
    def said(self) -> dict[str, bool]:
        """A yes or no to `tcf.1` and so on, and to `tcf.special.1`; of a string that is not whole the no alone."""
        found = {f"tcf.{one}": one in self.purposes for one in range(1, PURPOSES + 1)}
        found |= {f"tcf.special.{one}": one in self.special for one in range(1, SPECIAL + 1)}
        return {category: yes for category, yes in found.items() if self.whole or not yes}


@dataclass(frozen=True, slots=True)
class Gpp:
    """What a GPP string says: its section ids, the sections as they stand, and the answers in those that are read."""

    ids: tuple[int, ...]
    sections: Mapping[int, str]
    said: Mapping[str, bool] = field(default_factory=dict)
    said_at: int | None = None


class _Bits:
    """A string of 6 bits a letter, read from its beginning. Reading past the end is refused."""

    def __init__(self, text: str) -> None:
        try:
            self._bits = "".join(f"{_ALPHABET[letter]:06b}" for letter in text)
        except KeyError:
            raise bad("a consent string holds a letter that no such string has") from None
        self._at = 0

    def number(self, width: int) -> int:
        part = self._bits[self._at : self._at + width]
        if len(part) != width:
            raise bad("a consent string ends early")
        self._at += width
        return int(part, 2)

    def flags(self, count: int) -> frozenset[int]:
        """The places, from 1, of the bits that are set."""
        part = f"{self.number(count):0{count}b}" if count else ""
        return frozenset(place for place, bit in enumerate(part, start=1) if bit == "1")

    def letters(self, count: int) -> str:
        return "".join(chr(ord("a") + self.number(6)) for _ in range(count))

    def time(self) -> int:
        """Tenths of a second since 1970, as microseconds."""
        return self.number(36) * _DECISECOND

    def fibonacci(self) -> int:
        """A number of at least 1 as a sum of Fibonacci numbers, ended by two set bits. Source: GPP, "Fibonacci Encoding"."""
        total, low, high, before = 0, 1, 2, 0
        for _ in range(40):
            bit = self.number(1)
            if bit and before:
                return total
            total, low, high, before = total + bit * low, high, low + high, bit
        raise bad("a consent string holds a number without an end")


def read_tc_string(text: str) -> TcString:
    """A TC string, version 2: its core, and its list of disclosed vendors if it has one. Raises `bad-consent-string`."""
    core, *others = _parts(text, ".")
    bits = _Bits(core)
    if bits.number(6) != 2:
        raise bad("a TC string is not of version 2")
    created_at, updated_at = bits.time(), bits.time()
    bits.number(12 + 12 + 6)  # who made it, with which version, on which screen
    language = bits.letters(2)
    bits.number(12)  # version of the vendor list
    policy_version = bits.number(6)
    bits.number(2)  # for one service alone; with other texts
    special, purposes, legitimate = bits.flags(12), bits.flags(24), bits.flags(24)
    bits.number(1 + 12)  # purpose one treated apart; country of the publisher
    vendors, legitimate_vendors = _vendors(bits), _vendors(bits)
    return TcString(created_at, updated_at, policy_version, language, purposes, legitimate, special, vendors, legitimate_vendors, _disclosed(others))


def _disclosed(segments: list[str]) -> frozenset[int] | None:
    for segment in segments:
        bits = _Bits(segment)
        if bits.number(3) == 1:
            return _vendors(bits)
    return None


def _vendors(bits: _Bits) -> frozenset[int]:
    """A list of vendors: a bit for each up to the largest, or ranges."""
    largest = bits.number(16)
    if not bits.number(1):
        return bits.flags(largest)
    found: set[int] = set()
    left = largest
    for _ in range(bits.number(12)):
        several = bits.number(1)
        first = bits.number(16)
        last = bits.number(16) if several else first
        left -= last - first + 1
        if not first or first > last or last > largest or left < 0:  # nobody is named twice, so that none takes long
            raise bad("a consent string holds a range that is none")
        found.update(range(first, last + 1))
    return frozenset(found)


def read_gpp(text: str) -> Gpp:
    """A GPP string: which sections it has, and what those that are read say. Raises `bad-consent-string`.

    A header may be padded with more zero bits than it needs.
    """
    header, *sections = _parts(text, "~")
    ids = read_gpp_header(header)
    if sections and len(sections) != len(ids):
        raise bad("a GPP string has other sections than its header says")
    held = dict(zip(ids, sections, strict=bool(sections)))
    said: dict[str, bool] = {}
    said_at = None
    for id, section in held.items():
        if id == 2:
            consent = read_tc_string(section)
            said, said_at = said | consent.said, consent.updated_at
        elif id == 6:
            said |= read_us_privacy(section)
        elif id in _US:
            said |= _opted_out(section, *_US[id])
    return Gpp(ids, held, said, said_at)


def read_gpp_header(text: str) -> tuple[int, ...]:
    """The section ids that a header names, in its order."""
    bits = _Bits(text)
    if bits.number(6) != 3 or bits.number(6) != 1:
        raise bad("a GPP header is not of type 3 and version 1")
    ids: list[int] = []
    last = 0
    for _ in range(bits.number(12)):
        several = bits.number(1)
        first = last + bits.fibonacci()
        last = first + bits.fibonacci() if several else first
        if last > _MOST_RANGES:
            raise bad("a GPP header names a section that there cannot be")
        ids.extend(range(first, last + 1))
    return tuple(ids)


# Sections of one shape: notices to skip after the version, then an answer of two bits for each of these.
_US: Mapping[int, tuple[int, tuple[str, ...]]] = {
    7: (6, ("us.sale", "us.sharing", "us.targeted")),
    8: (3, ("us.sale", "us.sharing")),
}
_OPTED_OUT = 1


def _opted_out(text: str, notices: int, answers: tuple[str, ...]) -> dict[str, bool]:
    """A no for each answer that is one; that somebody did not opt out is no yes."""
    bits = _Bits(text.partition(".")[0])
    if bits.number(6) != 1:
        raise bad("a section of a GPP string is not of version 1")
    bits.number(2 * notices)
    return {answer: False for answer in answers if bits.number(2) == _OPTED_OUT}


def read_us_privacy(text: str) -> dict[str, bool]:
    """A US Privacy string: `us.sale` is a no when it says so; no opt-out is no yes. Raises `bad-consent-string`."""
    if not re.fullmatch(r"1[YN-]{3}", text, re.ASCII):
        raise bad("a US Privacy string is `1` and three of Y, N and -")
    return {"us.sale": False} if text[2] == "Y" else {}


def _parts(text: str, by: str) -> list[str]:
    if len(text) > LONGEST:
        raise bad("a consent string is longer than any such string")
    return text.split(by)
