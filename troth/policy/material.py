"""Which changes of a policy matter to people, why, and to whom? Each one of a listed type, with the purposes and people it concerns.

Small changes (words, dates, whatever lets less be done) are none of these. It decides nothing: whether a change must be
announced is `troth.policy.announcing`'s, and whether an older yes still counts is the plan's.
Source: GDPR Art. 6(4), 7, 13(3), 14(4); Article 29 Working Party, guidelines on transparency (WP260), par. 28-31.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from troth.policy.changes import widens
from troth.policy.diff import Change, change_of
from troth.policy.facts import Fact, facts
from troth.policy.model import Policy


class Material(StrEnum):
    """Every type of material change. A closed list: a new one is a decision (docs/decisions/0021)."""

    NEW_POPULATION = "new-population"
    NEW_ITEM = "new-item"
    NEW_EVENT = "new-event"
    LESS_SEALED = "less-sealed"
    NEW_PURPOSE = "new-purpose"
    WIDER_PURPOSE = "wider-purpose"
    OTHER_BASIS = "other-basis"
    NEW_JOIN = "new-join"
    WEAKER_PERMISSION = "weaker-permission"
    NEW_STORAGE = "new-storage"
    LONGER_KEEPING = "longer-keeping"
    NEW_RECIPIENT = "new-recipient"
    NEW_DISCLOSURE = "new-disclosure"
    NEW_COUNTRY = "new-country"
    WEAKER_PROTECTION = "weaker-protection"
    NEW_ACCESS = "new-access"
    OTHER_CONTROLLER = "other-controller"
    REMOVED_RIGHT = "removed-right"
    LESS_NOTICE = "less-notice"
    PROMISE_WITHDRAWN = "promise-withdrawn"


REASONS: Mapping[Material, str] = {
    Material.NEW_POPULATION: "data may be held about people of whom none was held",
    Material.NEW_ITEM: "something may be collected that was not",
    Material.NEW_EVENT: "something is noted that was not",
    Material.LESS_SEALED: "a kind of data is protected less than it was",
    Material.NEW_PURPOSE: "data is used for something it was not used for",
    Material.WIDER_PURPOSE: "a purpose takes in more than it did",
    Material.OTHER_BASIS: "a purpose rests on something else than people were told",
    Material.NEW_JOIN: "what was apart may be put together",
    Material.WEAKER_PERMISSION: "people are asked less than they were",
    Material.NEW_STORAGE: "more is kept in people's browsers, or for more",
    Material.LONGER_KEEPING: "data is kept longer than people were told",
    Material.NEW_RECIPIENT: "somebody receives data who received none",
    Material.NEW_DISCLOSURE: "a recipient receives more than it did, or for more",
    Material.NEW_COUNTRY: "data goes to a place where it did not go",
    Material.WEAKER_PROTECTION: "a protection that people were told of is gone or less",
    Material.NEW_ACCESS: "more people here may see data",
    Material.OTHER_CONTROLLER: "somebody else answers for the data",
    Material.REMOVED_RIGHT: "people can ask for less, or have a harder way to it",
    Material.LESS_NOTICE: "people are told less of changes than they were promised",
    Material.PROMISE_WITHDRAWN: "something that was promised is promised no more, or otherwise",
}
DISCLOSURE = frozenset({Material.NEW_RECIPIENT, Material.NEW_DISCLOSURE, Material.NEW_COUNTRY, Material.NEW_ACCESS, Material.OTHER_CONTROLLER})
"""The types that are about who is given data; every other type but rights, notice and promises is about its use."""
USE = frozenset(Material) - DISCLOSURE - {Material.REMOVED_RIGHT, Material.LESS_NOTICE, Material.PROMISE_WITHDRAWN, Material.WEAKER_PROTECTION}
_ASKS_AGAIN = USE | DISCLOSURE
_SECTIONS_ASKED = frozenset({"purposes", "items", "retention", "events", "cookies", "recipients"})


@dataclass(frozen=True, slots=True)
class MaterialChange:
    """One material change. `purposes` empty: it goes with no purpose in particular. `populations`: whom it concerns."""

    type: Material
    change: Change
    purposes: tuple[str, ...]
    populations: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why this type is material."""
        return REASONS[self.type]

    def as_json(self) -> dict[str, Any]:
        """The change for a program."""
        told = {"type": str(self.type), "reason": self.reason, "purposes": list(self.purposes), "populations": list(self.populations)}
        return self.change.as_json() | told


def materials(old: Policy, new: Policy) -> list[MaterialChange]:
    """Every material change from `old` to `new`, in the order of the file."""
    found = []
    for fact in facts(old, new):
        if widens(fact, old, new):
            purposes = _purposes_of(fact, old, new)
            found.append(MaterialChange(type_of(fact), change_of(fact, old, new), purposes, _populations_of(fact, purposes, old, new)))
    return found


def asked_again(old: Policy, new: Policy) -> tuple[str, ...]:
    """The purposes that changed so much that a yes to the old one is not a yes to the new one. New purposes are among them."""
    found: dict[str, None] = dict.fromkeys(id for id in new.purposes if id not in old.purposes)
    for fact in facts(old, new):
        if fact.section in _SECTIONS_ASKED and widens(fact, old, new) and type_of(fact) in _ASKS_AGAIN:
            found.update(dict.fromkeys(id for id in _purposes_of(fact, old, new) if id in new.purposes))
    return tuple(id for id in new.purposes if id in found)


# which type


def type_of(fact: Fact) -> Material:
    """The type of a fact that widens."""
    if not fact.field or fact.section == "roles":
        return _WHOLE.get(fact.section, Material.WEAKER_PROTECTION)
    return _FIELDS.get((fact.section, fact.field)) or _SECTIONS.get(fact.section, Material.WEAKER_PROTECTION)


_WHOLE: Mapping[str, Material] = {
    "populations": Material.NEW_POPULATION, "items": Material.NEW_ITEM, "events": Material.NEW_EVENT, "purposes": Material.NEW_PURPOSE,
    "cookies": Material.NEW_STORAGE, "recipients": Material.NEW_RECIPIENT, "promises": Material.PROMISE_WITHDRAWN, "roles": Material.NEW_ACCESS,
    "regimes": Material.WEAKER_PERMISSION, "retention": Material.LONGER_KEEPING, "channels": Material.WIDER_PURPOSE,
}
_FIELDS: Mapping[tuple[str, str], Material] = {
    ("items", "keep"): Material.LONGER_KEEPING, ("items", "populations"): Material.NEW_POPULATION, ("items", "at"): Material.NEW_ITEM,
    ("events", "items"): Material.NEW_ITEM, ("events", "required"): Material.NEW_ITEM, ("events", "population"): Material.NEW_POPULATION,
    ("events", "about"): Material.REMOVED_RIGHT,
    ("purposes", "permission"): Material.WEAKER_PERMISSION, ("purposes", "below_floor"): Material.WEAKER_PERMISSION,
    ("purposes", "basis"): Material.OTHER_BASIS, ("purposes", "keep_for"): Material.LONGER_KEEPING, ("purposes", "joins"): Material.NEW_JOIN,
    ("purposes", "populations"): Material.NEW_POPULATION,
    ("cookies", "keep_for"): Material.LONGER_KEEPING,
    ("recipients", "label"): Material.NEW_RECIPIENT, ("recipients", "country"): Material.NEW_COUNTRY,
    ("recipients", "terms"): Material.WEAKER_PROTECTION, ("recipients", "safeguard"): Material.WEAKER_PROTECTION,
    ("settings", "ask_again_after"): Material.WEAKER_PERMISSION, ("settings", "global_privacy_control"): Material.WEAKER_PERMISSION,
    ("settings", "regions"): Material.NEW_COUNTRY, ("settings", "region"): Material.NEW_COUNTRY,
    ("settings", "legal_reasons"): Material.NEW_DISCLOSURE, ("settings", "default_regime"): Material.WEAKER_PERMISSION,
    ("retention", "told_on_request"): Material.REMOVED_RIGHT, ("populations", "controller"): Material.OTHER_CONTROLLER,
    ("items", "enabled"): Material.NEW_ITEM, ("", "special_categories"): Material.NEW_ITEM,
    ("channels", "recorded"): Material.WIDER_PURPOSE, ("channels", "transcripts"): Material.LONGER_KEEPING,
    ("channels", "purposes"): Material.WIDER_PURPOSE, ("channels", "tracks"): Material.WIDER_PURPOSE,
    ("linking", "cookie_to_person"): Material.NEW_JOIN, ("addresses", "disclosed_as"): Material.NEW_DISCLOSURE,
    ("aggregates", "anonymised_to"): Material.NEW_RECIPIENT, ("aggregates", "use"): Material.NEW_DISCLOSURE,
}
_SECTIONS: Mapping[str, Material] = {
    "organisation": Material.OTHER_CONTROLLER, "items": Material.LESS_SEALED, "retention": Material.LONGER_KEEPING,
    "events": Material.NEW_EVENT, "purposes": Material.WIDER_PURPOSE, "cookies": Material.NEW_STORAGE, "recipients": Material.NEW_DISCLOSURE,
    "promises": Material.PROMISE_WITHDRAWN, "populations": Material.NEW_POPULATION, "regimes": Material.WEAKER_PERMISSION,
    "asking": Material.WEAKER_PERMISSION, "acceptance": Material.WEAKER_PERMISSION, "linking": Material.NEW_JOIN,
    "channels": Material.WEAKER_PERMISSION,
    "profiling": Material.WIDER_PURPOSE, "sharing": Material.NEW_DISCLOSURE, "transfers": Material.NEW_COUNTRY,
    "deployment": Material.NEW_COUNTRY, "access_control": Material.NEW_ACCESS, "rights": Material.REMOVED_RIGHT,
    "complaints": Material.REMOVED_RIGHT, "basis": Material.OTHER_BASIS, "children": Material.WEAKER_PERMISSION,
    "free_text": Material.NEW_ITEM,
    "announcements": Material.LESS_NOTICE, "notice": Material.LESS_NOTICE,
}


# whom it concerns


def _purposes_of(fact: Fact, old: Policy, new: Policy) -> tuple[str, ...]:
    """The purposes a fact goes with, in the order of the newer file."""
    named = set(_named(fact, old, new))
    return tuple(id for id in {**new.purposes, **old.purposes} if id in named)


def _named(fact: Fact, old: Policy, new: Policy) -> Iterable[str]:
    every = {**old.purposes, **new.purposes}.values()
    match fact.section:
        case "purposes":
            return [fact.id]
        case "items":
            return [one.id for one in every if fact.id in one.items]
        case "retention":
            kept = {item.id for item in new.items.values() if item.keep == fact.id}
            return [one.id for one in every if kept & set(one.items)]
        case "events":
            return [one.id for one in every if fact.id in one.events]
        case "cookies" | "recipients":
            return [fact.key] if fact.field == "purposes" and fact.member else list(_entry(fact, old, new).purposes)
        case "roles":
            return [fact.key] if fact.member else (fact.after or ())
        case "settings" if fact.field == "global_privacy_control":
            return [fact.key]
        case "channels":
            return list(_entry(fact, old, new).purposes)
        case "linking" | "profiling":
            return list(getattr(new, fact.section).purposes)
    return ()


def _entry(fact: Fact, old: Policy, new: Policy) -> Any:
    section = getattr(new, fact.section)
    return section[fact.id] if fact.id in section else getattr(old, fact.section)[fact.id]


def _populations_of(fact: Fact, purposes: tuple[str, ...], old: Policy, new: Policy) -> tuple[str, ...]:
    if fact.section == "populations":
        return (fact.id,)
    if fact.section == "events" and fact.id in new.events:
        return (new.events[fact.id].population,)
    if not purposes:
        return tuple(new.populations)
    named = {population for id in purposes for population in populations_of(new if id in new.purposes else old, id)}
    return tuple(id for id in {**new.populations, **old.populations} if id in named)


def populations_of(policy: Policy, purpose: str) -> tuple[str, ...]:
    """The sorts of people a purpose is about: those it names, else those whose events feed it, else all."""
    declared = policy.purposes[purpose]
    fed = {policy.events[event].population for event in declared.events if event in policy.events}
    named = set(declared.populations) or fed or set(policy.populations)
    return tuple(id for id in policy.populations if id in named)
