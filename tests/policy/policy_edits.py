"""How may a policy be edited at random, and which facts does an edit change? Each edit knows the facts it makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from troth.policy.conduct import ChannelRules
from troth.policy.finding import Notes
from troth.policy.marked import read_tree
from troth.policy.model import BelowFloor, Permission, Policy, ProofKind
from troth.policy.reference import Told, every_key
from troth.policy.sections_conduct import CHANNELS
from troth.policy.shapes import Where

EXAMPLES = Path(__file__).parents[2] / "examples"

Key = tuple[str, ...]
"""A fact's place, and its key when a member joined or left."""


@dataclass(frozen=True)
class Edit:
    target: Key  # what it touches: two edits of one policy have different targets
    apply: Callable[[Policy], Policy]
    facts: frozenset[Key]


WORDS = st.text(
    st.one_of(st.characters(exclude_categories=("C", "Zl", "Zp")), st.sampled_from("\n\t'\"#:{}[]&*!|>%@`-?,\\~<= ")),
    min_size=1, max_size=80,
).map(str.strip).filter(bool)
SPANS = st.one_of(
    st.integers(1, 4000).map(lambda count: timedelta(days=count)),
    st.integers(1, 10_000_000).map(lambda count: timedelta(seconds=count)),
)


def entry(section: str, id: str, **values: Any) -> Callable[[Policy], Policy]:
    """An edit of one entry's fields."""
    def apply(policy: Policy) -> Policy:
        entries: Mapping[str, Any] = getattr(policy, section)
        return replace(policy, **{section: {**entries, id: replace(entries[id], **values)}})
    return apply


def without(section: str, id: str) -> Callable[[Policy], Policy]:
    """An edit that removes an entry."""
    def apply(policy: Policy) -> Policy:
        entries: Mapping[str, Any] = getattr(policy, section)
        return replace(policy, **{section: {name: value for name, value in entries.items() if name != id}})
    return apply


def part(section: str, **values: Any) -> Callable[[Policy], Policy]:
    """An edit of a section that is one record."""
    return lambda policy: replace(policy, **{section: replace(getattr(policy, section), **values)})


def _changed(section: str, id: str, field: str, before: object, after: Any, *more: Key) -> Edit:
    facts = frozenset({(section, id, field), *more}) if before != after else frozenset()
    return Edit((section, id), entry(section, id, **{field: after}), facts)


def _keep_for(draw: st.DrawFn, policy: Policy) -> Edit:
    section = draw(st.sampled_from(["purposes", "retention", "cookies"]))
    id = draw(st.sampled_from(sorted(getattr(policy, section))))
    before = getattr(policy, section)[id].keep_for
    return _changed(section, id, "keep_for", before, draw(st.one_of(st.none(), SPANS)))


def _label(draw: st.DrawFn, policy: Policy) -> Edit:
    section = draw(st.sampled_from(["items", "purposes", "events", "populations", "retention", "recipients", "cookies"]))
    id = draw(st.sampled_from(sorted(getattr(policy, section))))
    return _changed(section, id, "label", getattr(policy, section)[id].label, draw(WORDS))


def _gone(draw: st.DrawFn, policy: Policy) -> Edit:
    section = draw(st.sampled_from(["items", "purposes", "events", "recipients", "cookies", "promises", "readings", "roles", "retention"]))
    id = draw(st.sampled_from(sorted(getattr(policy, section))))
    return Edit((section, id), without(section, id), frozenset({(section, id)}))


def _permission(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.purposes)))
    return _changed("purposes", id, "permission", policy.purposes[id].permission, draw(st.sampled_from(list(Permission))))


def _basis(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.purposes)))
    was = policy.purposes[id].basis_defaulted
    return Edit(("purposes", id), entry("purposes", id, basis_defaulted=False), frozenset({("purposes", id, "basis_defaulted")} if was else ()))


def _below_floor(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.purposes)))
    return _changed("purposes", id, "below_floor", None, BelowFloor(draw(WORDS), draw(WORDS), draw(st.dates())))


def _item_leaves(draw: st.DrawFn, policy: Policy) -> Edit:
    section = draw(st.sampled_from(["purposes", "events", "recipients"]))
    id = draw(st.sampled_from(sorted(getattr(policy, section))))
    items = getattr(policy, section)[id].items
    gone = draw(st.sampled_from(items))
    left = tuple(item for item in items if item != gone)
    return Edit((section, id), entry(section, id, items=left), frozenset({(section, id, "items", gone)}))


def _item_joins(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.purposes)))
    items = policy.purposes[id].items
    come = draw(st.sampled_from([item for item in policy.items if item not in items]))
    return Edit(("purposes", id), entry("purposes", id, items=(*items, come)), frozenset({("purposes", id, "items", come)}))


def _items_turn(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.purposes)))
    items = policy.purposes[id].items
    return _changed("purposes", id, "items", items, tuple(reversed(items)))


def _country(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.recipients)))
    return _changed("recipients", id, "country", policy.recipients[id].country, draw(st.sampled_from(["GB", "NO", "US", "IN", "US-CA"])))


def _leaving(draw: st.DrawFn, policy: Policy) -> Edit:
    who = draw(st.sampled_from(["caller", "agent", "carrier"]))
    about = {**policy.events["call"].about}
    was = about.pop(who, None)
    return Edit(("events", "call"), entry("events", "call", about=about), frozenset({("events", "call", "about", who)} if was else ()))


def _notice(draw: st.DrawFn, policy: Policy) -> Edit:
    field = draw(st.sampled_from(["changes", "children", "contact", "public_warning"]))
    words = draw(WORDS)
    facts = frozenset({("notice", field)}) if words != getattr(policy.notice, field) else frozenset()
    return Edit(("notice", field), part("notice", **{field: words}), facts)


def _threshold(draw: st.DrawFn, policy: Policy) -> Edit:
    number = draw(st.integers(0, 10**9 - 1))
    facts = frozenset({("aggregates", "threshold")}) if number != policy.aggregates.threshold else frozenset()
    return Edit(("aggregates", "threshold"), part("aggregates", threshold=number), facts)


def _measure(draw: st.DrawFn, policy: Policy) -> Edit:
    gone = draw(st.sampled_from(policy.settings.measures))
    left = tuple(each for each in policy.settings.measures if each != gone)
    return Edit(("settings", "measures"), part("settings", measures=left), frozenset({("settings", "measures", gone)}))


def _role(draw: st.DrawFn, policy: Policy) -> Edit:
    role = draw(st.sampled_from(sorted(policy.roles)))
    gone = draw(st.sampled_from(policy.roles[role]))
    left = tuple(each for each in policy.roles[role] if each != gone)
    return Edit(("roles", role), lambda policy: replace(policy, roles={**policy.roles, role: left}), frozenset({("roles", role, gone)}))


def _proof(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(sorted(policy.promises)))
    kind, before = draw(st.sampled_from(list(ProofKind))), policy.promises[id]
    facts = {("promises", id, field) for field, now in (("kind", kind), ("proof", "a-proof")) if getattr(before, field) != now}
    return Edit(("promises", id), entry("promises", id, kind=kind, proof="a-proof"), frozenset(facts))


def _changed_on(draw: st.DrawFn, policy: Policy) -> Edit:
    on = draw(st.dates(min_value=date(1000, 1, 1)))
    return Edit(("changed_on",), lambda policy: replace(policy, changed_on=on), frozenset({("changed_on",)} if on != policy.changed_on else ()))


# rules of conduct and of rights: any key of them, by the tables that read the file

PARTS = ("basis", "asking", "acceptance", "linking", "addresses", "profiling", "sharing", "aggregates", "transfers", "deployment",
         "access_control", "security", "rights", "children", "free_text", "complaints", "announcements", "notice",
         "settings", "calls", "organisation")
OPTIONAL = {"organisation.group", "notice.licence"}  # they may not be there at all
LEAVES = [
    told for told in every_key()
    if told.way[0] in PARTS and len(told.way) > 1 and not told.key.shape.keys and not told.key.needed and ".".join(told.way[:2]) not in OPTIONAL]
CHANNEL_LEAVES = [told for told in every_key() if told.way[:1] == ("channels",) and len(told.way) > 1]


def _data(draw: st.DrawFn, told: Told) -> Any:
    """Plain data that this key may hold: any of its words, or else its example."""
    form = told.key.shape.form
    if "enum" in form:
        return draw(st.sampled_from(form["enum"]))
    if form.get("type") == "integer":
        return draw(st.integers(0, form["maximum"]))
    if form.get("type") == "array" and "enum" in form["items"]:
        return draw(st.lists(st.sampled_from(form["items"]["enum"]), unique=True))
    if "maxLength" in form:
        return draw(WORDS)
    return yaml.safe_load(told.key.example) if "date" not in str(form) else told.key.example


def value_of(told: Told, data: Any) -> Any:
    """What the key's own shape makes of plain data."""
    notes = Notes()
    tree = read_tree(yaml.safe_dump({"value": data}, allow_unicode=True), "data", notes)
    value = told.key.shape.read(tree.entries["value"].value, Where(("value",), tree.spot, notes)) if tree else None
    assert not notes.findings, notes.findings
    return value


def _put(record: Any, way: tuple[str, ...], value: Any) -> Any:
    inner = value if len(way) == 1 else _put(getattr(record, way[0]), way[1:], value)
    return replace(record, **{way[0]: inner})


def _keys_between(place: Key, before: Any, after: Any) -> frozenset[Key]:
    if before == after:
        return frozenset()
    if isinstance(before, tuple) and isinstance(after, tuple) and set(before) != set(after):
        return frozenset((*place, str(one)) for one in set(before) ^ set(after))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return frozenset((*place, str(key)) for key in {*before, *after} if before.get(key) != after.get(key))
    return frozenset({place})


def _rule(draw: st.DrawFn, policy: Policy) -> Edit:
    told = draw(st.sampled_from(LEAVES))
    section, way = told.way[0], told.way[1:]
    before: Any = getattr(policy, section)
    for step in way:
        before = getattr(before, step)
    value = draw(st.just(told.key.default)) if draw(st.booleans()) else value_of(told, _data(draw, told))
    facts = _keys_between(told.way, before, value)
    return Edit(told.way, lambda policy: replace(policy, **{section: _put(getattr(policy, section), way, value)}), facts)


def _channel(draw: st.DrawFn, policy: Policy) -> Edit:
    id = draw(st.sampled_from(CHANNELS))
    told = draw(st.sampled_from(CHANNEL_LEAVES))
    rules = replace(ChannelRules(id), **{told.way[-1]: value_of(told, _data(draw, told))})
    return Edit(("channels", id), lambda policy: replace(policy, channels={**policy.channels, id: rules}), frozenset({("channels", id)}))


SORTS = (_keep_for, _label, _gone, _permission, _basis, _below_floor, _item_leaves, _item_joins, _items_turn, _country, _leaving, _notice,
         _threshold, _measure, _role, _proof, _changed_on, _rule, _rule, _rule, _channel)


def edited(policy: Policy) -> st.SearchStrategy[tuple[Policy, frozenset[Key]]]:
    """The policy after up to six edits of different things, and the facts that changed."""
    @st.composite
    def one(draw: st.DrawFn) -> Edit:
        return draw(st.sampled_from(SORTS))(draw, policy)

    many = st.lists(one(), max_size=6, unique_by=lambda edit: edit.target)
    return many.map(lambda edits: (_applied(policy, edits), frozenset().union(*(edit.facts for edit in edits))))


def _applied(policy: Policy, edits: list[Edit]) -> Policy:
    for edit in edits:
        policy = edit.apply(policy)
    return policy
