"""What does a telephone number say? Its one spelling, its country, how people write it, whether it was withheld.

It keeps nothing and asks nobody; the numbering plans come with the phonenumbers library.
Source: ITU-T E.164; Twilio's documentation of callers who withhold their number
"""

from __future__ import annotations

import re

import phonenumbers

from troth.collect.data.area_codes import CALIFORNIA

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
# What Twilio puts where a number is withheld: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on a keypad.
_WITHHELD = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})


def spelled(text: str) -> str:
    """A number as `+` and digits; empty when it is none, or stands for one that was withheld.

    What is not a number in international form (`anonymous`, a SIP address) says nothing we may rely on.
    """
    number = re.sub(r"[ ().\-]", "", text.strip()[:40])
    if not _E164.fullmatch(number) or number[1:] in _WITHHELD or (number[1] == "1" and number[2:] in _WITHHELD):
        return ""
    return number


def country_of(number: str) -> str | None:
    """The ISO 3166 country a spelled number belongs to, `US-CA` where its area code is California's; None: unknown.

    A number moves with its holder, so this is no proof of residence; it is what a call tells of it.
    """
    if number.startswith("+1") and number[2:5] in CALIFORNIA:
        return "US-CA"
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return None
    region = phonenumbers.region_code_for_number(parsed) or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return region if len(region) == 2 and region.isalpha() and region != "ZZ" else None


def displayed(number: str) -> str:
    """A number as people of its own country write it; as it is when it cannot be read."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number), phonenumbers.PhoneNumberFormat.NATIONAL)
    except phonenumbers.NumberParseException:
        return number
