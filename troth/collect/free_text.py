"""What stands in a text that should not be kept? Numbers of cards and persons, and words of special categories; and what becomes of it.

A free text is an item that a person writes in words of their own (`user.content…`, sealed). What is found is never repeated
anywhere: numbers leave their place blank, words leave the name of their category. Whether it is refused, blanked or
flagged for a person to look at is the policy's word (`free_text`); left out, numbers are blanked and words flagged.
Source: GDPR Art. 5(1)(c), 9(1), 87; PCI DSS 4.0 3.2-3.4
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from troth.collect.data.sensitive import WORDS
from troth.collect.numbers_found import Number, numbers_in
from troth.gate.reasons import Reason
from troth.policy.demands import FreeText, NumberFound, WordFound
from troth.policy.model import EventType, Policy

BLANK = "•"
_REASONS: Mapping[Number, Reason] = {Number.CARD: Reason.CARD_NUMBER, Number.NATIONAL_ID: Reason.NATIONAL_ID}


@dataclass(frozen=True, slots=True)
class Looked:
    """A text as it may be kept. `refused`: why it may not; `blanked`: what was blanked; `flags`: categories it speaks of."""

    text: str
    refused: Reason | None = None
    blanked: tuple[Reason, ...] = ()
    flags: tuple[str, ...] = ()


def free_texts(policy: Policy, event: EventType) -> tuple[str, ...]:
    """The items of an event that are free texts."""
    return tuple(id for id in event.items if policy.items[id].is_free_text)


def look(text: str, rules: FreeText) -> Looked:
    """What of a text may be kept under the policy's rules."""
    found = numbers_in(text)
    kept, blanked = text, []
    for span in reversed(found):
        reason = _REASONS[span.number]
        if (rules.card if span.number is Number.CARD else rules.national_id) is NumberFound.REFUSE:
            return Looked("", reason)
        blanked.append(reason)
        kept = kept[: span.start] + "".join(BLANK if one.isalnum() else one for one in kept[span.start : span.end]) + kept[span.end :]
    flags = () if rules.special is WordFound.KEEP else categories_in(text)
    if flags and rules.special is WordFound.REFUSE:
        return Looked("", Reason.SPECIAL_CATEGORY)
    return Looked(kept, None, tuple(blanked), flags)


def categories_in(text: str) -> tuple[str, ...]:
    """The special categories that a text's words speak of, in the order of the list."""
    folded = " ".join(text.casefold().replace("’", "'").split())
    return tuple(category for category, pattern in _patterns() if pattern.search(folded))


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((category, _pattern([word for words in spoken.values() for word in words])) for category, spoken in WORDS.items())


def _pattern(words: list[str]) -> re.Pattern[str]:
    parts = [re.escape(word.casefold().removesuffix("*")) + (r"\w*" if word.endswith("*") else "") for word in words]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)")
