"""How does a client's policy stand on its parent's? Lays one tree over the other and finds where the client widens.

A mapping is laid over key by key, a list or word replaces, `null` removes and takes the references to what it removed
with it. Some parts are each organisation's own and are never inherited.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from troth.policy.changes import widens
from troth.policy.facts import Fact, facts
from troth.policy.finding import Code, Finding, Notes, Place, Spot, field_at, meant, quoted, thing
from troth.policy.marked import Entry, Listing, Node, Scalar, Table
from troth.policy.model import Basis, Policy
from troth.policy.words import plain

OWN = frozenset({"troth", "workspace", "title", "version", "effective_on", "changed_on", "organisation", "site", "calls",
                 "complaints", "texts", "promises", "readings"})
"""What a client says for itself: never inherited, free to differ."""


@dataclass(frozen=True, slots=True)
class _Reference:
    """Lists in `section` entries under `field` name things of `target`. `drops`: an emptied list takes its entry along.

    A cookie or recipient whose last purpose went must go too: an empty list would say "strictly necessary" or "nothing".
    """

    section: str
    field: str
    target: str
    drops: bool = False


_REFERENCES = (
    _Reference("cookies", "purposes", "purposes", drops=True), _Reference("recipients", "purposes", "purposes", drops=True),
    _Reference("recipients", "items", "items", drops=True), _Reference("roles", "", "purposes"),
    _Reference("purposes", "items", "items"), _Reference("purposes", "remainder", "items"), _Reference("purposes", "events", "events"),
    _Reference("events", "items", "items"), _Reference("events", "required", "items"),
    _Reference("settings", "global_privacy_control", "purposes"),
    _Reference("linking", "purposes", "purposes"), _Reference("linking", "populations", "populations"),
    _Reference("profiling", "purposes", "purposes"), _Reference("profiling", "items", "items"),
    _Reference("channels", "purposes", "purposes"), _Reference("aggregates", "opt_out", "populations"),
)


_BOUND = frozenset({"special_categories"})  # of the words at the head of a file, what a client may not loosen
_RECORDS = frozenset({"settings", "linking", "profiling", "aggregates"})
"""Sections of `_REFERENCES` that are one record each, not a mapping of records."""


def lay_over(parent: Table, client: Table, workspace: str, notes: Notes) -> Table:
    """The client's tree over the parent's; `workspace` is the parent's, and becomes the client's `parent`."""
    extends = client.entries["extends"]
    inherited = {name: entry for name, entry in parent.entries.items() if name not in OWN and name != "parent"}
    said = {name: entry for name, entry in client.entries.items() if name not in {"extends", "parent"}}
    merged = _laid(Table(inherited, parent.spot), Table(said, client.spot), (), notes)
    without = _without_gone(merged, _removed(client, parent), client.spot.path)
    return Table(without.entries | {"parent": Entry(extends.key, Scalar(workspace, False, extends.value.spot))}, client.spot)


def _laid(under: Table, over: Table, place: Place, notes: Notes) -> Table:
    entries = dict(under.entries)
    for name, entry in over.entries.items():
        below, value = under.entries.get(name), entry.value
        if isinstance(value, Scalar) and value.null:
            if below is None and place and place != ("promises",):
                message = f"{quoted(name)} is removed, but the parent has no such key in {thing(place)}"
                notes.add(Code.REMOVES_NOTHING, message, entry.key, meant(name, under.entries, over.entries), (*place, name))
            entries.pop(name, None)
        elif below is not None and isinstance(value, Table) and isinstance(below.value, Table):
            entries[name] = Entry(entry.key, _laid(below.value, value, (*place, name), notes))
        else:
            entries[name] = entry
    return Table(entries, over.spot)


def _removed(client: Table, parent: Table) -> Mapping[str, frozenset[str]]:
    """Ids the client removed, by section."""
    gone: dict[str, frozenset[str]] = {}
    for section in {reference.target for reference in _REFERENCES}:
        said, had = client.entries.get(section), parent.entries.get(section)
        if said and had and isinstance(said.value, Table) and isinstance(had.value, Table):
            nulls = {name for name, entry in said.value.entries.items() if isinstance(entry.value, Scalar) and entry.value.null}
            gone[section] = frozenset(nulls & had.value.entries.keys())
    return gone


def _without_gone(tree: Table, gone: Mapping[str, frozenset[str]], path: str) -> Table:
    """The tree without inherited references to what the client removed. The client's own words are left as they are."""
    entries = dict(tree.entries)
    for reference in _REFERENCES:
        names, section = gone.get(reference.target), entries.get(reference.section)
        if names and section and isinstance(section.value, Table):
            entries[reference.section] = Entry(section.key, _pruned(section.value, reference, names, path))
    return Table(entries, tree.spot)


def _pruned(section: Table, reference: _Reference, names: frozenset[str], path: str) -> Table:
    if reference.section in _RECORDS:
        return _pruned_entry(section, reference.field, names, path) or section
    kept: dict[str, Entry] = {}
    for name, entry in section.entries.items():
        if isinstance(entry.value, Listing) and not reference.field:
            kept[name] = Entry(entry.key, _pruned_list(entry.value, names, path))
        elif isinstance(entry.value, Table):
            record = _pruned_entry(entry.value, reference.field, names, path, reference.drops)
            kept |= {} if record is None else {name: Entry(entry.key, record)}
        else:
            kept[name] = entry
    return Table(kept, section.spot)


def _pruned_entry(record: Table, field: str, names: frozenset[str], path: str, drops: bool = False) -> Table | None:
    entry = record.entries.get(field)
    if entry is None or not isinstance(entry.value, Listing) or entry.value.spot.path == path:
        return record
    left = _pruned_list(entry.value, names, path)
    if drops and entry.value.entries and not left.entries:
        return None
    return Table(record.entries | {field: Entry(entry.key, left)}, record.spot)


def _pruned_list(node: Listing, names: frozenset[str], path: str) -> Listing:
    if node.spot.path == path:
        return node
    left: list[Node] = [each for each in node.entries if not (isinstance(each, Scalar) and each.text in names)]
    return Listing(tuple(left), node.spot)


def widenings(parent: Policy, client: Policy, spots: Mapping[Place, Spot], notes: Notes) -> None:
    """Note every way in which the client's policy permits, collects, keeps or shows more than its parent's."""
    for fact in facts(parent, client):
        free = fact.section in OWN or (fact.section == "" and fact.field not in _BOUND)
        if not free and not _own_basis(fact) and widens(fact, parent, client):
            place = nearest(fact.place, spots)
            notes.add(Code.CLIENT_WIDENS_PARENT, _widening(fact, parent.workspace), spots[place], place=fact.place)


def _own_basis(fact: Fact) -> bool:
    """What the parent does as the client instructs rests, for the client, on a basis of the client's own. Source: GDPR Art. 28(3)(a)."""
    return (fact.section, fact.field) == ("purposes", "basis") and fact.before is Basis.CLIENT_INSTRUCTION


def narrows(parent: Policy, client: Policy) -> list[Finding]:
    """The ways in which a client's policy goes beyond its parent's, for two policies without their files; none is right."""
    notes = Notes()
    widenings(parent, client, {(): Spot("policy.yaml", 1, 1)}, notes)
    return notes.findings


def nearest(place: Place, spots: Mapping[Place, Spot]) -> Place:
    """The place itself, or the innermost one around it that stands in the file."""
    return next(place[:length] for length in range(len(place), -1, -1) if place[:length] in spots)


def _widening(fact: Fact, parent: str) -> str:
    owner = f"the parent {quoted(parent)}"
    if not fact.field and not fact.member:
        return f"{thing(fact.place)} is not in {owner}; a client may only narrow it"
    if fact.member and fact.before is None:
        return f"{field_at(fact.place)} adds {quoted(fact.key)}, which {owner} does not have"
    if fact.member and fact.after is None:
        return f"{field_at(fact.place)} leaves out {quoted(fact.key)}, which {owner} has"
    return f"{field_at(fact.place)} is {plain(fact.after)}; {owner} has {plain(fact.before)}, and a client may only narrow it"

