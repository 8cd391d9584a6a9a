"""What changed between two policies, in words a person understands? One `Change` for each fact that differs.

A change is material when it lets more be collected, kept, joined, shown or sent, or asks people less.
Source: GDPR Art. 13(3), and the Article 29 Working Party's guidelines on transparency, par. 29.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from troth.policy.changes import widens
from troth.policy.facts import Fact, facts
from troth.policy.finding import Code, Finding, field_at, severity_of, thing
from troth.policy.model import BelowFloor, Permission, Policy, Position, Purpose, Terms, permission_under
from troth.policy.words import BASES, KINDS, country, day, length, listed, plain, small


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that differs. `sentences`: the fact, then what follows from it. `key` names what joined or left a list."""

    place: tuple[str, ...]
    key: str
    before: Any
    after: Any
    material: bool
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.sentences)

    def as_json(self) -> dict[str, Any]:
        """The change for a program. An entry that came or went is named, not repeated."""
        return {"place": list(self.place), "key": self.key, "before": _bare(self.before), "after": _bare(self.after), "material": self.material,
                "sentences": list(self.sentences)}


def diff(old: Policy, new: Policy) -> list[Change]:
    """Every fact in which `new` differs from `old`, in the order of the file; equal policies give nothing."""
    return [change_of(fact, old, new) for fact in facts(old, new)]


def change_of(fact: Fact, old: Policy, new: Policy) -> Change:
    """One fact with its words, and whether it lets more be done."""
    return Change(fact.place, fact.key, fact.before, fact.after, widens(fact, old, new), tuple(_say(fact, old, new)))


def stale_date(old: Policy, new: Policy) -> Finding | None:
    """The finding that a changed policy still carries the old version or date of last change; None when it does not.

    Publishing either refuses with it or stamps the new version itself. Source: infinity's promise on changes.
    """
    if old == new or (new.changed_on > old.changed_on and new.version != old.version):
        return None
    what = "date `changed_on`" if new.changed_on <= old.changed_on else "`version`"
    message = f"the policy differs from version {plain(old.version)} and its {what} is not newer"
    return Finding(Code.DATE_UNCHANGED, severity_of(Code.DATE_UNCHANGED), message, Position(1, 1))


def _bare(value: Any) -> Any:
    match value:
        case None | bool() | int():
            return value
        case str() | StrEnum() | date():
            return str(value)
        case timedelta():
            return int(value.total_seconds())
        case tuple() | list():
            return [_bare(each) for each in value]
        case _:
            return True


def _say(fact: Fact, old: Policy, new: Policy) -> list[str]:
    return _SECTIONS.get(fact.section, _other)(fact, old, new)


def _label(policies: tuple[Policy, ...], section: str, id: str) -> str:
    """A thing's label in the first policy that has it, else its id."""
    for policy in policies:
        entry = getattr(policy, section).get(id)
        if entry is not None:
            return str(entry.label)
    return plain(id)


def _came_or_went(fact: Fact, came: str, went: str) -> str:
    return came if fact.before is None else went


def _now(subject: str, fact: Fact) -> str:
    return f"{subject} is now {plain(fact.after)}, not {plain(fact.before)}"


def _other(fact: Fact, old: Policy, new: Policy) -> list[str]:
    """Any fact that has no words of its own."""
    if not fact.field and not fact.member and (fact.before is None or fact.after is None):
        return [_came_or_went(fact, f"{thing(fact.place)} is new", f"{thing(fact.place)} is gone")]
    if isinstance(fact.after, tuple):
        return [f"{field_at(fact.place)} is in another order"]
    if fact.member and (fact.before is None or fact.after is None):
        return [f"{field_at(fact.place)} {_came_or_went(fact, 'now has', 'no longer has')} {plain(fact.key)}"]
    if isinstance(fact.before, (Terms, BelowFloor)) and isinstance(fact.after, (Terms, BelowFloor)):
        return [f"{field_at(fact.place)} reads otherwise"]
    if isinstance(fact.before, str) and isinstance(fact.after, str) and max(len(fact.before), len(fact.after)) > 40:
        return [f"{field_at(fact.place)} reads otherwise"]
    return [_now(field_at(fact.place), fact)]


def _top(fact: Fact, old: Policy, new: Policy) -> list[str]:
    match fact.field:
        case "changed_on":
            return [f"the policy was last changed on {day(fact.after)}, before that on {day(fact.before)}"]
        case "effective_on":
            return [f"the policy applies from {day(fact.after)}, not from {day(fact.before)}"]
        case "texts":
            kept = "reads otherwise" if fact.before and fact.after else _came_or_went(fact, "is now there", "is gone")
            return [f"what the policy says itself {kept} in `{fact.key}`"]
        case _:
            return [_now(f"the policy's {fact.field}", fact)]


def _purpose(fact: Fact, old: Policy, new: Policy) -> list[str]:
    if not fact.field:
        return _purpose_came(new, fact.after) if fact.before is None else _purpose_went(old, new, fact.before)
    label, both = new.purposes[fact.id].label, (new, old)
    also = _came_or_went(fact, "now also", "no longer")
    match fact.field:
        case "label":
            return [f"“{fact.before}” is now called “{fact.after}”"]
        case "items" if fact.member:
            return [f"{label} {also} uses: {_label(both, 'items', fact.key)}"]
        case "events" if fact.member:
            return [f"{label} {also} happens when {small(_label(both, 'events', fact.key))}"]
        case "remainder" if fact.member:
            kept = _came_or_went(fact, "is now kept", "is no longer kept")
            return [f"without permission for {small(label)}, {_label(both, 'items', fact.key)} {kept}"]
        case "keep_for":
            return [f"for {small(label)}, data is now kept {length(fact.after)}, before {length(fact.before)}"]
        case "permission":
            return [_permission(label, fact.after)]
        case "basis":
            return [f"{label} now rests on {BASES[fact.after]}, before on {BASES[fact.before]}"]
        case "kind":
            return [f"{label} now counts as {KINDS[fact.after]}, before as {KINDS[fact.before]}"]
        case "wording":
            return [f"the question for {small(label)} reads otherwise"]
        case "notice":
            return [f"the notice tells of {small(label)} in other words"]
        case "basis_defaulted":
            return [f"the basis of {small(label)} is {'now assumed' if fact.after else 'now stated'}"]
        case _:
            return _other(fact, old, new)


def _permission(label: str, now: Permission) -> str:
    match now:
        case Permission.ASK_BEFORE:
            return f"{label} is now done only after a yes"
        case Permission.MAY_OBJECT:
            return f"{label} is now done until somebody says no"
        case Permission.NONE:
            return f"{label} is now done without asking"


def _purpose_came(new: Policy, purpose: Purpose) -> list[str]:
    uses = listed(_label((new,), "items", item) for item in purpose.items)
    asked = ["its question comes to the banner"] if _on_banner(new, purpose) else []
    return [f"{purpose.label} is new", f"it uses: {uses}", *asked, "its sentence comes to the notice"]


def _purpose_went(old: Policy, new: Policy, purpose: Purpose) -> list[str]:
    said = [f"{purpose.label} is no longer done"]
    if _on_banner(old, purpose):
        said.append("its question leaves the banner")
    said.append("its sentence leaves the notice")
    return said + _still_taken(old, new, purpose) + _no_longer_needed(old, new, purpose) + _cookies_left(old, new, purpose)


def _on_banner(policy: Policy, purpose: Purpose) -> bool:
    """Whether anybody is asked about it on the site."""
    web = not purpose.events or any(policy.events[event].channel == "web" for event in purpose.events if event in policy.events)
    return web and any(permission_under(policy, purpose, law) is not Permission.NONE for law in policy.regimes)


def _still_taken(old: Policy, new: Policy, purpose: Purpose) -> list[str]:
    """What a joining purpose put together goes on apart, where another purpose still needs it."""
    others = {event for other in new.purposes.values() for event in other.events}
    telephone = [id for id in purpose.events if id in others and id in old.events and old.events[id].channel == "telephone"]
    return ["calls are still taken but not joined"] if purpose.joins and telephone else []


def _no_longer_needed(old: Policy, new: Policy, purpose: Purpose) -> list[str]:
    needed = {item for other in new.purposes.values() for item in other.items}
    alone = [_label((old,), "items", item) for item in purpose.items if item not in needed]
    return [f"no longer collected: {listed(alone)}"] if alone else []


def _cookies_left(old: Policy, new: Policy, purpose: Purpose) -> list[str]:
    """Cookies that served nothing else. A purpose's name stays in their list when only its block was deleted."""
    served = {name: cookie.purposes for name, cookie in old.cookies.items() if purpose.id in cookie.purposes}
    idle = [name for name, purposes in served.items() if not any(id in new.purposes for id in purposes)]
    return [f"no longer set: cookie {listed(map(plain, idle))}"] if idle else []


def _item(fact: Fact, old: Policy, new: Policy) -> list[str]:
    label = _label((new, old), "items", fact.id)
    match fact.field:
        case "":
            return [f"{label}: {_came_or_went(fact, 'may now be collected', 'no longer collected')}"]
        case "form":
            return [f"{label} now rests {'in clear words' if fact.after == 'clear' else 'sealed'}"]
        case "keep":
            after, before = _label((new, old), "retention", fact.after), _label((old, new), "retention", fact.before)
            return [f"{label} is now kept as {after}, before as {before}"]
        case _:
            return _other(fact, old, new)


def _retention(fact: Fact, old: Policy, new: Policy) -> list[str]:
    if fact.field != "keep_for":
        return _other(fact, old, new)
    label = new.retention[fact.id].label
    return [f"{label}: now kept {length(fact.after)}, before {length(fact.before)}"]


def _recipient(fact: Fact, old: Policy, new: Policy) -> list[str]:
    label, both = _label((new, old), "recipients", fact.id), (new, old)
    also = _came_or_went(fact, "now also", "no longer")
    match fact.field:
        case "" if fact.before is None:
            items = listed(_label(both, "items", item) for item in fact.after.items)
            return [f"{label} in {country(fact.after.country)} is a new recipient", f"it receives: {items}"]
        case "":
            return [f"{label} no longer receives anything"]
        case "country":
            return [f"{label} is now in {country(fact.after)}, before in {country(fact.before)}"]
        case "items" if fact.member:
            return [f"{label} {also} receives: {_label(both, 'items', fact.key)}"]
        case "purposes" if fact.member:
            return [f"{label} {also} serves: {_label(both, 'purposes', fact.key)}"]
        case _:
            return _other(fact, old, new)


def _cookie(fact: Fact, old: Policy, new: Policy) -> list[str]:
    match fact.field:
        case "":
            return [f"cookie {plain(fact.id)} {_came_or_went(fact, 'may now be set', 'is no longer set')}"]
        case "keep_for":
            after, before = (length(kept) if kept else "until the browser closes" for kept in (fact.after, fact.before))
            return [f"cookie {plain(fact.id)} now stays {after}, before {before}"]
        case "purposes" if fact.member:
            label = _label((new, old), "purposes", fact.key)
            return [f"cookie {plain(fact.id)} {_came_or_went(fact, 'now also serves', 'no longer serves')}: {label}"]
        case _:
            return _other(fact, old, new)


def _event(fact: Fact, old: Policy, new: Policy) -> list[str]:
    label = _label((new, old), "events", fact.id)
    if fact.field == "items" and fact.member:
        also = _came_or_went(fact, "is now also noted", "is no longer noted")
        return [f"when {small(label)}, {_label((new, old), 'items', fact.key)} {also}"]
    return _other(fact, old, new)


def _role(fact: Fact, old: Policy, new: Policy) -> list[str]:
    if not fact.member:
        return _other(fact, old, new)
    able = _came_or_went(fact, "may now also act", "may no longer act")
    return [f"{thing(fact.place)} {able} for: {_label((new, old), 'purposes', fact.key)}"]


def _promise(fact: Fact, old: Policy, new: Policy) -> list[str]:
    match fact.field:
        case "":
            promise = fact.after or fact.before
            return [f"{_came_or_went(fact, 'newly promised', 'no longer promised')}: “{promise.sentence}”"]
        case "sentence":
            return [f"promise {plain(fact.id)} now reads: “{fact.after}”"]
        case _:
            return _other(fact, old, new)


_SECTIONS: Mapping[str, Callable[[Fact, Policy, Policy], list[str]]] = {
    "": _top, "purposes": _purpose, "items": _item, "retention": _retention, "recipients": _recipient, "cookies": _cookie,
    "events": _event, "roles": _role, "promises": _promise,
}
