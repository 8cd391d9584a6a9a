"""In which facts do two policies differ? It says nothing in words, and does not judge.

Every difference is one `Fact`; equal policies have none. The order of mappings is not a fact, the order of lists is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from troth.policy.model import BelowFloor, Policy, Terms

KEYED = ("populations", "retention", "items", "events", "purposes", "cookies", "recipients", "regimes", "roles", "channels", "promises", "readings")
RECORDS = (
    "organisation", "site", "calls", "settings", "notice", "basis", "asking", "acceptance", "linking", "addresses", "profiling", "sharing",
    "aggregates", "transfers", "deployment", "access_control", "security", "rights", "children", "free_text", "complaints", "announcements")
WORDS = ("workspace", "title", "version", "effective_on", "changed_on", "language", "parent", "special_categories", "texts")
_WHOLE = (Terms, BelowFloor)  # one statement each: changed, it is another


@dataclass(frozen=True, slots=True)
class Fact:
    """One difference. Without `field` the whole entry came or went; a field within a field has a dot (`fees.after`).

    `member`: one thing joined or left a list or a mapping, named by `key`; else the field's value changed.
    """

    section: str
    id: str
    field: str
    before: Any
    after: Any
    key: str = ""
    member: bool = False

    @property
    def place(self) -> tuple[str, ...]:
        return tuple(step for step in (self.section, self.id, *self.field.split(".")) if step)


def facts(old: Policy, new: Policy) -> list[Fact]:
    """Every fact in which `new` differs from `old`, in the order of the file."""
    found: list[Fact] = []
    for name in WORDS:
        found += _values("", "", name, getattr(old, name), getattr(new, name))
    for section in RECORDS:
        found += _fields(section, "", "", getattr(old, section), getattr(new, section))
    for section in KEYED:
        found += _entries(section, getattr(old, section), getattr(new, section))
    return found


def _entries(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Fact]:
    for id in [*old, *(id for id in new if id not in old)]:
        if id not in new or id not in old:
            yield Fact(section, id, "", old.get(id), new.get(id))
        elif section == "roles":
            yield from _values(section, id, "", old[id], new[id])
        else:
            yield from _fields(section, id, "", old[id], new[id])


def field_facts(section: str, id: str, old: Any, new: Any) -> list[Fact]:
    """The fields in which two records of one kind differ."""
    return list(_fields(section, id, "", old, new))


def _fields(section: str, id: str, within: str, old: Any, new: Any) -> Iterator[Fact]:
    for field in fields(old):
        yield from _values(section, id, f"{within}{field.name}", getattr(old, field.name), getattr(new, field.name))


def _values(section: str, id: str, field: str, old: Any, new: Any) -> Iterator[Fact]:
    if old == new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        yield from _members(section, id, field, old, new)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            if old.get(key) != new.get(key):
                yield Fact(section, id, field, old.get(key), new.get(key), str(key), True)
    elif is_dataclass(old) and type(old) is type(new) and not isinstance(old, _WHOLE):
        yield from _fields(section, id, f"{field}.", old, new)
    else:
        yield Fact(section, id, field, old, new)


def _members(section: str, id: str, field: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[Fact]:
    """What joined and left a list; when neither, its order changed. Group companies are told apart by their id."""
    were, are = set(old), set(new)
    left, joined = [each for each in old if each not in are], [each for each in new if each not in were]
    for each in left:
        yield Fact(section, id, field, each, None, getattr(each, "id", str(each)), True)
    for each in joined:
        yield Fact(section, id, field, None, each, getattr(each, "id", str(each)), True)
    if not left and not joined:
        yield Fact(section, id, field, old, new)
