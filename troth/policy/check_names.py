"""Is every name that is used declared? Purposes that are gone are warnings: a reference to none permits nothing."""

from __future__ import annotations

from troth.policy.checking import Checking
from troth.policy.finding import Code, Place, meant, quoted
from troth.policy.model import EventType, Item, Purpose
from troth.policy.packs import categories

VOCABULARIES = ("route", "host", "browser", "os", "device", "word", "number", "flag")
"""The closed vocabularies a clear item may draw from."""
TAKEN = frozenset({"seq", "event", "ref", "class", "day", "at", "sealed", "person", "head"})
"""What a stored event has of its own, and what a question adds to it: an item of that name would stand in its place."""


def _items(checking: Checking) -> None:
    policy = checking.policy
    for id, item in policy.items.items():
        place = ("items", id)
        if id in TAKEN:
            message = f"item {quoted(id)} cannot have this name: every stored event has something of its own that is called so"
            checking.found(Code.NOT_A_NAME, place, message, "say whose it is, for example `order.day`")
        if item.keep:
            checking.name(Code.UNDECLARED_RETENTION, (*place, "keep"), item.keep, policy.retention)
        checking.names(Code.UNDECLARED_POPULATION, (*place, "populations"), item.populations, policy.populations)
        if item.category not in categories().data:
            message = f"item {quoted(id)} is of category {quoted(item.category)}, which the taxonomy does not have"
            checking.found(Code.UNKNOWN_CATEGORY, (*place, "category"), message, meant(item.category, categories().data))
        if item.values is not None and item.values not in VOCABULARIES:
            message = f"item {quoted(id)} has values {quoted(item.values)}; there are {', '.join(map(quoted, VOCABULARIES))}"
            checking.found(Code.UNKNOWN_VOCABULARY, (*place, "values"), message, meant(item.values, VOCABULARIES))


def _populations(checking: Checking) -> None:
    for id, population in checking.policy.populations.items():
        if population.category not in categories().subjects:
            message = f"population {quoted(id)} is of category {quoted(population.category)}, which the taxonomy does not have"
            help = meant(population.category, categories().subjects)
            checking.found(Code.UNKNOWN_CATEGORY, ("populations", id, "category"), message, help)


def _events(checking: Checking) -> None:
    policy = checking.policy
    for id, event in policy.events.items():
        checking.names(Code.UNDECLARED_ITEM, ("events", id, "items"), event.items, policy.items)
        checking.name(Code.UNDECLARED_POPULATION, ("events", id, "population"), event.population, policy.populations)
        for index, name in enumerate(event.items):
            _of_others(checking, ("events", id, "items", index), event, policy.items.get(name))
        _required(checking, id, event)


def _of_others(checking: Checking, place: Place, event: EventType, used: Item | Purpose | None) -> None:
    """An item or a purpose that is for some people only goes with events about them."""
    known = used is not None and event.population in checking.policy.populations
    if used is not None and known and used.populations and event.population not in used.populations and not checking.notes.full:
        kind = "item" if isinstance(used, Item) else "purpose"
        message = f"{kind} {quoted(used.id)} is for {' and '.join(map(quoted, used.populations))} only"
        checking.found(Code.OTHER_POPULATION, place, f"{message}, and event {quoted(event.id)} is about {quoted(event.population)}")


def _required(checking: Checking, id: str, event: EventType) -> None:
    collected = set(event.items)
    for index, item in enumerate(event.required):
        if item not in collected and not checking.notes.full:
            message = f"event {quoted(id)} requires {quoted(item)}, which it does not collect"
            place = ("events", id, "required", index)
            checking.found(Code.REQUIRED_NOT_COLLECTED, place, message, meant(item, event.items, event.required))


def _purposes(checking: Checking) -> None:
    policy = checking.policy
    for id, purpose in policy.purposes.items():
        checking.names(Code.UNDECLARED_ITEM, ("purposes", id, "items"), purpose.items, policy.items)
        checking.names(Code.UNDECLARED_EVENT, ("purposes", id, "events"), purpose.events, policy.events)
        checking.names(Code.UNDECLARED_POPULATION, ("purposes", id, "populations"), purpose.populations, policy.populations)
        for index, name in enumerate(purpose.events):
            if name in policy.events:
                _of_others(checking, ("purposes", id, "events", index), policy.events[name], purpose)
        _remainder(checking, id, purpose)


def _remainder(checking: Checking, id: str, purpose: Purpose) -> None:
    policy, used = checking.policy, set(purpose.items)
    for index, name in enumerate(purpose.remainder):
        place, item = ("purposes", id, "remainder", index), policy.items.get(name)
        if item is None and not checking.notes.full:
            checking.name(Code.UNDECLARED_ITEM, place, name, policy.items, purpose.remainder)
        elif item is not None and (item.form != "clear" or name not in used):
            why = "which is not clear" if item.form != "clear" else "which it does not use"
            checking.found(Code.REMAINDER_NOT_CLEAR, place, f"purpose {quoted(id)} keeps {quoted(name)} without permission, {why}")


def _gone_purposes(checking: Checking) -> None:
    """References to purposes from everywhere else. The file must stay publishable when one purpose's block is deleted."""
    policy, code = checking.policy, Code.UNDECLARED_PURPOSE
    for name, cookie in policy.cookies.items():
        checking.names(code, ("cookies", name, "purposes"), cookie.purposes, policy.purposes)
    for id, recipient in policy.recipients.items():
        checking.names(code, ("recipients", id, "purposes"), recipient.purposes, policy.purposes)
        checking.names(Code.UNDECLARED_ITEM, ("recipients", id, "items"), recipient.items, policy.items)
        checking.names(Code.UNDECLARED_EVENT, ("recipients", id, "announced_by"), recipient.announced_by, policy.events)
    for role, purposes in policy.roles.items():
        checking.names(code, ("roles", role), purposes, policy.purposes)
    for section in ("linking", "profiling"):
        checking.names(code, (section, "purposes"), getattr(policy, section).purposes, policy.purposes)
    for id, channel in policy.channels.items():
        checking.names(code, ("channels", id, "purposes"), channel.purposes, policy.purposes)
    for category, purposes in policy.asking.categories.items():
        checking.names(code, ("asking", "categories", category), purposes, policy.purposes)
    told = (policy.announcements.purpose,) if policy.announcements.purpose else ()
    checking.names(code, ("announcements", "purpose"), told, policy.purposes)
    refused = policy.settings.global_privacy_control
    checking.names(code, ("settings", "global_privacy_control"), refused, policy.purposes)
    for id, promise in policy.promises.items():
        checking.names(code, ("promises", id, "about"), promise.about, policy.purposes)


def _conduct(checking: Checking) -> None:
    """What the rules of conduct name besides purposes."""
    policy = checking.policy
    checking.names(Code.UNDECLARED_POPULATION, ("linking", "populations"), policy.linking.populations, policy.populations)
    checking.names(Code.UNDECLARED_POPULATION, ("aggregates", "opt_out"), policy.aggregates.opt_out, policy.populations)
    checking.names(Code.UNDECLARED_ITEM, ("profiling", "items"), policy.profiling.items, policy.items)
    if policy.acceptance.item:
        checking.name(Code.UNDECLARED_ITEM, ("acceptance", "item"), policy.acceptance.item, policy.items)
    for index, law in enumerate(policy.rights.only_under):
        if law not in policy.regimes:
            message = f"the rights are tied to {quoted(law)}, which is not among the policy's regimes"
            checking.found(Code.UNDECLARED_REGIME, ("rights", "only_under", index), message, meant(law, policy.regimes))


def _default_regime(checking: Checking) -> None:
    policy, place = checking.policy, ("settings", "default_regime")
    default = policy.settings.default_regime
    if default not in policy.regimes:
        message = f"the default regime {quoted(default)} is not among the policy's regimes"
        checking.found(Code.UNDECLARED_REGIME, place if place in checking.spots else ("regimes",), message, meant(default, policy.regimes))


def _unused(checking: Checking) -> None:
    policy = checking.policy
    needed = {item for purpose in policy.purposes.values() for item in purpose.items}
    for id in policy.items:
        if id not in needed:
            checking.found(Code.UNUSED_ITEM, ("items", id), f"item {quoted(id)} serves no purpose, so it is never collected")
    kept = {item.keep for item in policy.items.values()}
    for id in policy.retention:
        if id not in kept:
            checking.found(Code.UNUSED_RETENTION, ("retention", id), f"no item is kept by retention rule {quoted(id)}")


CHECKS = (_populations, _items, _events, _purposes, _gone_purposes, _conduct, _default_regime, _unused)
