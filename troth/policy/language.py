"""How is a thing said in a language? Every fixed phrase of what people read, as data: one file a language beside this one.

A phrase that a language lacks is an error, never another language's phrase. A policy's own texts are in its own language
and are not held here. `tests/policy/test_languages.py` compares the files with one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from troth.policy.finding import Notes
from troth.policy.marked import Scalar, Table, read_tree
from troth.policy.packs import categories, countries

_FOLDER = Path(__file__).parent / "languages"
# Only these parts may differ between languages: names for which English has its own list, and places said in a way of their own.
OWN_PARTS = ("countries.", "within.", "categories.", "subjects.")
_SMALL: Mapping[str, timedelta] = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}


class Unsaid(LookupError):
    """A language has no such phrase, or a phrase needs a word it was not given."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language's phrases by dotted key, such as `who.heading`."""

    id: str
    phrases: Mapping[str, str]

    def say(self, key: str, **words: object) -> str:
        """The phrase with its places filled. Raises `Unsaid` when there is none."""
        try:
            return self.phrases[key].format(**words)
        except (KeyError, IndexError):
            raise Unsaid(f"{self.id}: {key}") from None

    def has(self, key: str) -> bool:
        return key in self.phrases

    def under(self, part: str) -> dict[str, str]:
        """The phrases of one part by their last names: `bases` gives every basis."""
        start = part + "."
        return {key[len(start):]: phrase for key, phrase in self.phrases.items() if key.startswith(start)}

    def listed(self, names: Iterable[str], last: str = "and") -> str:
        """Names as a person lists them: `a, b and c`; set further apart where a name holds a comma or the word itself."""
        every = list(dict.fromkeys(names))
        word = self.say("list." + last)
        if len(every) > 1 and any("," in name or f" {word} " in name for name in every[:-1]):
            return f"{'; '.join(every[:-1])}; {word} {every[-1]}"
        return self.row(every, last)

    def row(self, names: Iterable[str], last: str = "and") -> str:
        """Names that cannot be mistaken for one another, such as quoted ones: `a, b and c`."""
        every = list(dict.fromkeys(names))
        if not every:
            return self.say("list.nothing")
        word = self.say("list." + last)
        return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} {word} {every[-1]}"

    def length(self, kept: timedelta | None) -> str:
        """A duration in the largest unit that says it. Years and months may say a fiftieth more than is kept, never less."""
        if kept is None:
            return self.say("length.needed")
        days, rest = kept.days, kept % timedelta(days=1)
        if rest:
            unit = next(name for name, span in _SMALL.items() if not kept % span)
            return self.counted(kept // _SMALL[unit], unit)
        for unit, span in (("year", 365.25), ("month", 30.4375)):
            count = round(days / span)
            if count and 0.98 * count * span <= days <= int(count * span) + 1:
                return self.counted(count, unit)
        return self.counted(days // 7, "week") if days and not days % 7 else self.counted(days, "day")

    def counted(self, count: int, unit: str) -> str:
        return self.say(f"length.{unit}" if count == 1 else f"length.{unit}s", count=count)

    def day(self, on: date) -> str:
        """A day as a letter is dated."""
        return self.say("day", day=on.day, month=self.phrases[f"months.{on.month}"], year=on.year)

    def country(self, code: str) -> str:
        """A country's plain name, or its code when it has none here."""
        return self.phrases.get(f"countries.{code}", code)

    def within(self, code: str) -> str:
        """The country as a place something is in: `in the United Kingdom`."""
        return self.phrases.get(f"within.{code}") or self.say("place.within", place=self.country(code))

    def places(self, codes: Iterable[str], last: str = "and") -> str:
        """Countries as places something is in: `in the United Kingdom and the United States`."""
        return self.places_said([self.within(code) for code in codes], last)

    def places_said(self, withins: Iterable[str], last: str = "and") -> str:
        """Places already said, with the word before them once where the language lets it stand once."""
        every = list(dict.fromkeys(withins))
        before = self.say("place.within", place="")
        if self.phrases["style.place_once"] == "yes":
            every = every[:1] + [place.removeprefix(before) for place in every[1:]]
        return self.listed(every, last)

    def category(self, id: str) -> str:
        """A kind of data in plain words, or its id."""
        return self.phrases.get(f"categories.{id}", id)

    def subject(self, id: str) -> str:
        """A kind of people in plain words, or its id."""
        return self.phrases.get(f"subjects.{id}", id)

    def small(self, words: str) -> str:
        """A heading's words inside a sentence; in a language that lowers none, as they are."""
        if self.phrases["style.small"] == "no" or words[1:2].isupper():
            return words
        return words[:1].lower() + words[1:]


@lru_cache(maxsize=1)
def languages() -> Mapping[str, str]:
    """Every language there is a file for, by id, with its own name for itself."""
    return {path.stem: language(path.stem).phrases["name"] for path in sorted(_FOLDER.glob("*.yaml"))}


@lru_cache(maxsize=16)
def language(id: str) -> Language:
    """The language's phrases. Raises `Unsaid` when there is no file for it."""
    path = _FOLDER / f"{id}.yaml"
    if not id.isalpha() or not path.is_file():
        raise Unsaid(f"there is no language `{id}`")
    notes = Notes()
    tree = read_tree(path.read_text("utf-8"), path.name, notes)
    if tree is None or notes.findings:
        raise ValueError(f"language {id}: {notes.findings[0] if notes.findings else 'empty'}")
    return Language(id, (_packed() if id == "en" else {}) | dict(_flat(tree, "")))


def _packed() -> dict[str, str]:
    """What the packs hold in English already."""
    return ({f"countries.{code}": name for code, name in countries().items()}
            | {f"categories.{id}": words for id, words in categories().data.items()}
            | {f"subjects.{id}": words for id, words in categories().subjects.items()})


def _flat(table: Table, above: str) -> Iterable[tuple[str, str]]:
    for name, entry in table.entries.items():
        if isinstance(entry.value, Scalar):
            yield above + name, entry.value.text
        elif isinstance(entry.value, Table):
            yield from _flat(entry.value, f"{above}{name}.")
        else:
            raise ValueError(f"{above}{name} is a list; a language holds phrases")


def capital(words: str) -> str:
    """The words as the start of a sentence. A mark of a foreign run (`troth.policy.page`) is passed over."""
    at = 1 if words[:1] == "\ue000" else 0
    return words[:at] + words[at:at + 1].upper() + words[at + 1:]
