"""Which numbers in a text are cards, accounts or national identities? By form, length and check digits; it keeps and changes nothing.

A number counts where its own check digit says so, or where its form is so narrow that little else has it (an SSN in its
hyphens, a NINO). One without either counts only beside a word that names it. Digits of any script are read.
Source: ISO/IEC 7812-1 (Luhn, issuers); ISO 13616 (IBAN); SSA "High group" rules; HMRC NIM39110; 1. BMF-Schreiben StIdV
(ISO 7064 MOD 11,10); Orden INT/2058/2008 (DNI, NIE); INSEE (NIR); Wet BSN (11-proef); DM 23.12.1976 (codice fiscale)
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple


class Number(StrEnum):
    """What sort of number was found."""

    CARD = "card"  # of a payment card or a bank account
    NATIONAL_ID = "national-id"


class Span(NamedTuple):
    """Where a number stands in a text."""

    start: int
    end: int
    number: Number


def numbers_in(text: str) -> list[Span]:
    """The numbers of a text from left to right, none inside another; positions are those of the text as given."""
    if not any(character.isdigit() for character in text):
        return []
    plain = _latin(text)
    found = sorted([*_cards(plain), *_accounts(plain), *_national(plain)], key=lambda span: (span.start, span.start - span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _latin(text: str) -> str:
    """The same text, character for character, with every script's digits and letters of full width as ASCII, in capitals."""
    return "".join(_plain(character) for character in text)


def _plain(character: str) -> str:
    if character.isascii():
        return character.upper()
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    narrow = unicodedata.normalize("NFKC", character)
    if unicodedata.category(character) in ("Pd", "Zs", "Cf"):
        return "-" if unicodedata.category(character) == "Pd" else " "
    return narrow.upper() if len(narrow) == 1 and narrow.isascii() else character


# payment cards and accounts

_RUN = re.compile(r"(?<![A-Z0-9])[0-9]+(?:[ ./_-]{1,2}[0-9]+)*(?![A-Z0-9])")
_GROUP = re.compile(r"[0-9]+")
# Issuer's first digits to the lengths of its cards.
_ISSUERS: tuple[tuple[str, frozenset[int]], ...] = tuple(
    (first, frozenset(lengths))
    for first, lengths in (
        ("4", (13, 16, 19)), ("5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720|220[0-4]", (16,)), ("3[47]", (15,)), ("30[0-5]|309|3[689]", (14, 16)),
        ("35", (16, 17, 18, 19)), ("1800|2131", (15,)), ("6011|64[4-9]|65|62|60|8[12]", (16, 17, 18, 19)), ("5[0678]|6[0379]", range(12, 20)),
    )
)
_BEGINS = {length: re.compile("|".join(first for first, lengths in _ISSUERS if length in lengths)) for length in range(12, 20)}
_IBAN = re.compile(r"(?<![A-Z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}(?![A-Z0-9])")
_IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22,
    "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18,
    "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26, "UA": 29, "AE": 23, "IL": 23, "SA": 24, "BR": 29,
}  # fmt: skip


def _cards(text: str) -> Iterator[Span]:
    for start, end, digits in _numbers(text, 12, 19):
        if _BEGINS[len(digits)].match(digits) and luhn(digits) and len(set(digits)) > 1:
            yield Span(start, end, Number.CARD)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    return (sum(map(int, digits[::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # twice each digit, its own digits added up


def _numbers(text: str, least: int, most: int) -> Iterator[tuple[int, int, str]]:
    """Whole groups of digits, next to one another, of that many digits together; the longest first."""
    for run in _RUN.finditer(text):
        groups = [(run.start() + one.start(), run.start() + one.end(), one[0]) for one in _GROUP.finditer(run[0])]
        for first, (start, _, _) in enumerate(groups):
            found, digits = [], ""
            for _, end, more in groups[first : first + most]:
                digits += more
                if len(digits) > most:
                    break
                if len(digits) >= least:
                    found.append((start, end, digits))
            yield from reversed(found)


def _accounts(text: str) -> Iterator[Span]:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found[0][:2])
        end, bare = _cut(text, found.start(), found.end(), length or 0)
        if length and len(bare) == length and iban(bare):
            yield Span(found.start(), end, Number.CARD)


def _cut(text: str, start: int, end: int, length: int) -> tuple[int, str]:
    """The first `length` letters and digits from `start` on, and where they end: a word may follow an account's number."""
    bare = ""
    for at in range(start, end):
        if text[at].isalnum():
            bare += text[at]
            if len(bare) == length and not text[at + 1 : at + 2].isalnum():
                return at + 1, bare
    return end, bare


def iban(bare: str) -> bool:
    """Whether an account's number, without spaces and in capitals, has its check digits."""
    return int("".join(str(int(one, 36)) for one in bare[4:] + bare[:4])) % 97 == 1


# national identities

_EDGE, _END = r"(?<![A-Z0-9])", r"(?![A-Z0-9])"
_SSN = re.compile(rf"{_EDGE}(?!000|666|9)[0-9]{{3}}([ -])(?!00)[0-9]{{2}}\1(?!0000)[0-9]{{4}}{_END}(?!-[0-9])")
_NINO = re.compile(rf"{_EDGE}(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ -]?[0-9]{{2}}){{3}}[ -]?[A-D]{_END}")
_DNI = re.compile(rf"{_EDGE}([XYZ][ -]?[0-9]{{7}}|[0-9]{{8}})[ -]?([A-Z]){_END}")
_NIR = re.compile(
    rf"{_EDGE}[12][ ]?[0-9]{{2}}[ ]?(?:0[1-9]|1[0-2]|[2-9][0-9])[ ]?(?:[0-9]{{2}}|2[AB])"
    rf"[ ]?[0-9]{{3}}[ ]?[0-9]{{3}}[ ]?[0-9]{{2}}{_END}"
)
_FISCAL = re.compile(rf"{_EDGE}[A-Z]{{6}}[0-9L-V]{{2}}[A-EHLMPRST][0-9L-V]{{2}}[A-Z][0-9L-V]{{3}}[A-Z]{_END}")
_NAMED = {
    9: re.compile(r"\b(SSN|SOCIAL SECURITY|BSN|BURGERSERVICE\w*|SOFI\w*)\b"),
}
_NEAR = 40  # characters before a bare number in which a word must name it


def _national(text: str) -> Iterator[Span]:
    shapes = [*_SSN.finditer(text), *_NINO.finditer(text)]
    shapes += [one for one in _DNI.finditer(text) if dni(one[1], one[2])]
    shapes += [one for one in _NIR.finditer(text) if nir(one[0].replace(" ", ""))]
    shapes += [one for one in _FISCAL.finditer(text) if codice_fiscale(one[0])]
    for one in shapes:
        yield Span(one.start(), one.end(), Number.NATIONAL_ID)
    for start, end, digits in _numbers(text, 9, 11):
        if (len(digits) == 11 and german_tax_id(digits)) or (len(digits) == 9 and _named(text[max(0, start - _NEAR) : start], digits)):
            yield Span(start, end, Number.NATIONAL_ID)


def _named(before: str, digits: str) -> bool:
    found = _NAMED[9].findall(before)
    if not found:
        return False
    american = found[-1] in ("SSN", "SOCIAL SECURITY")
    return bool(_SSN.fullmatch(f"{digits[:3]}-{digits[3:5]}-{digits[5:]}")) if american else bsn(digits)


def german_tax_id(digits: str) -> bool:
    """ISO 7064 MOD 11,10, and of the first ten digits exactly one comes twice or three times."""
    counts = Counter(digits[:10])
    if digits[0] == "0" or sorted(counts.values())[-1] not in (2, 3) or sum(1 for one in counts.values() if one > 1) != 1:
        return False
    product = 10
    for digit in digits[:10]:
        product = ((int(digit) + product) % 10 or 10) * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def dni(number: str, letter: str) -> bool:
    """Spain's DNI, and NIE with its first letter."""
    bare = number.replace(" ", "").replace("-", "")
    whole = {"X": "0", "Y": "1", "Z": "2"}.get(bare[0], bare[0]) + bare[1:]
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(whole) % 23] == letter


def nir(bare: str) -> bool:
    """France's number of social security; the two parts of Corsica count as 19 and 18."""
    return int(bare[:13].replace("2A", "19").replace("2B", "18")) % 97 == (97 - int(bare[13:])) % 97


def bsn(digits: str) -> bool:
    """The Netherlands' eleven test."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return int(digits) > 0 and sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=True)) % 11 == 0


_ODD = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
                strict=True))  # fmt: skip


def codice_fiscale(code: str) -> bool:
    """Italy's check letter."""
    total = sum(_ODD[one] if place % 2 == 0 else (int(one) if one.isdigit() else ord(one) - 65) for place, one in enumerate(code[:15]))
    return chr(65 + total % 26) == code[15]
