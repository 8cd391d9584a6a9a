"""Is it true what the policy says is collected? Analyses of items and events, by what the compiled plan keeps of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.consent.record import State
from troth.gate.plan import Plan
from troth.policy.model import EnabledBy, Form, Permission, Policy
from troth.policy.packs import categories
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import (
    agreeing,
    all_say,
    carrying,
    collecting,
    kept,
    mode,
    person,
    phrase,
    refusing,
    remainder,
    says,
    serving,
    told,
    using,
)

NAMING = ("user.name", "user.contact", "user.account.username", "user.authorization", "user.government_id", "user.financial", "user.payment")


def _nothing_needs_them(policy: Policy, items: tuple[str, ...], events: tuple[str, ...] = (), purpose: str = "") -> Policy:
    return altering.without_items(policy, items)


@proves_static(breaks=_nothing_needs_them)
def collects(policy: Policy, items: tuple[str, ...], events: tuple[str, ...] = (), purpose: str = "") -> Iterator[str]:
    """Each item is declared, carried, kept when permitted, not kept when refused, kept for a time, and told."""
    plan, words = Plan(policy), told(policy)
    for event in events:
        if event not in policy.events or not set(items) & set(policy.events[event].items):
            yield f"there is no event {event}, or it carries none of them"
    for item in items:
        if item not in policy.items:
            yield f"no item {item} is declared"
            continue
        yield from _declared(policy, item, words)
        carriers = [event.id for event in carrying(policy, item) if not events or event.id in events]
        if not carriers:
            yield f"item {item} is not carried by the events it is said to come with"
        if not any(_kept_when_permitted(plan, item, event, purpose) for event in carriers):
            yield f"item {item} is kept for nobody, though its purpose is permitted"
        for event in carriers:
            yield from _gone_when_refused(plan, item, event)


def _declared(policy: Policy, item: str, words: str) -> Iterator[str]:
    found = policy.items[item]
    rule = policy.retention.get(found.keep)
    if found.category not in categories().data:
        yield f"item {item} is of no known kind"
    if rule is None or (rule.keep_for is None and rule.counted_from == "collection"):
        yield f"item {item} has no time after which it goes"
    if not says(words, found.label):
        yield f"the notice does not name item {item}"


def _kept_when_permitted(plan: Plan, item: str, event: str, purpose: str) -> bool:
    policy = plan.policy
    everybody = [agreeing(policy, law, policy.events[event].population) for law in policy.regimes]
    if not all(item in kept(plan, event, someone) for someone in everybody):
        return False
    if not purpose:
        return True
    wanted = policy.purposes.get(purpose)
    return wanted is not None and item in wanted.items and all(serving(plan, event, wanted, someone) for someone in everybody)


def _gone_when_refused(plan: Plan, item: str, event: str) -> Iterator[str]:
    policy, population = plan.policy, plan.policy.events[event].population
    if item in remainder(plan, event) and policy.items[item].form is not Form.CLEAR:
        yield f"item {item} is kept about nobody although it is not from a closed vocabulary"
    for law in policy.regimes:
        unasked = {purpose.id for purpose in collecting(policy, event) if mode(policy, purpose, law) is Permission.NONE}
        if item in kept(plan, event, refusing(policy, law, population)) and not any(item in policy.purposes[id].items for id in unasked):
            yield f"item {item} is kept about somebody who refused every purpose"
        if item in kept(plan, event, person(policy, law, all_say(policy, State.GIVEN), population, restricted=True)):
            yield f"item {item} is kept about somebody whose data is restricted"


def _all_take_all(policy: Policy, events: tuple[str, ...]) -> Policy:
    everything = tuple(dict.fromkeys(item for id in events if id in policy.events for item in policy.events[id].items))
    return altering.events(policy, events, lambda event: replace(event, items=everything))


@proves_static(breaks=_all_take_all)
def collects_apart(policy: Policy, events: tuple[str, ...]) -> Iterator[str]:
    """Each interaction takes its own fields, and one's own field is kept in no other."""
    plan = Plan(policy)
    for event in events:
        if event not in policy.events:
            yield f"there is no event {event}"
    known = [event for event in events if event in policy.events]
    for event in known:
        others = {item for other in known if other != event for item in policy.events[other].items}
        own = set(policy.events[event].items) - others
        if not own:
            yield f"event {event} takes nothing that the others do not take as well"
        for other in known:
            if other != event and own & kept(plan, other, agreeing(policy, next(iter(policy.regimes)), policy.events[other].population)):
                yield f"event {other} keeps what only {event} takes"


def _require_them(policy: Policy, event: str, items: tuple[str, ...]) -> Policy:
    return altering.events(policy, [event], lambda one: replace(one, required=tuple(dict.fromkeys((*one.required, *items)))))


@proves_static(breaks=_require_them)
def leaves_optional(policy: Policy, event: str, items: tuple[str, ...]) -> Iterator[str]:
    """The event takes these, keeps them when given, and does not ask for them."""
    yield from _carried(policy, event, items)
    if event in policy.events:
        yield from (f"event {event} demands {item}" for item in items if item in policy.events[event].required)


def _require_nothing(policy: Policy, event: str, items: tuple[str, ...]) -> Policy:
    return altering.events(policy, [event], lambda one: replace(one, required=()))


@proves_static(breaks=_require_nothing)
def requires(policy: Policy, event: str, items: tuple[str, ...]) -> Iterator[str]:
    """The event is not taken without these, and keeps them."""
    yield from _carried(policy, event, items)
    if event in policy.events:
        yield from (f"event {event} is taken without {item}" for item in items if item not in policy.events[event].required)


def _carried(policy: Policy, event: str, items: tuple[str, ...]) -> Iterator[str]:
    if event not in policy.events:
        yield f"there is no event {event}"
        return
    plan = Plan(policy)
    found = [kept(plan, event, agreeing(policy, law, policy.events[event].population)) for law in policy.regimes]
    yield from (f"event {event} does not keep {item} when it is given" for item in items if not all(item in each for each in found))


def _about_anyone(policy: Policy, items: tuple[str, ...], populations: tuple[str, ...]) -> Policy:
    return altering.items(policy, items, lambda item: replace(item, populations=()))


@proves_static(breaks=_about_anyone)
def holds_about(policy: Policy, items: tuple[str, ...], populations: tuple[str, ...]) -> Iterator[str]:
    """Only these people's records hold the items; no event of others carries them."""
    for item in items:
        if item not in policy.items:
            yield f"no item {item} is declared"
            continue
        if set(policy.items[item].populations) != set(populations):
            yield f"item {item} may be held about others than {', '.join(populations)}"
        carriers = carrying(policy, item)
        if not carriers or any(event.population not in populations for event in carriers):
            yield f"item {item} comes with events of others, or with none"
    for population in populations:
        if population not in policy.populations:
            yield f"there is no population {population}"


def _take_one_of_them(policy: Policy, kinds: tuple[str, ...]) -> Policy:
    first = next(iter(policy.items))
    return altering.items(policy, [first], lambda item: replace(item, category=kinds[0]))


@proves_static(breaks=_take_one_of_them)
def never_holds(policy: Policy, kinds: tuple[str, ...]) -> Iterator[str]:
    """No item of these kinds is declared, so that the plan keeps none; and nothing said to people names such a kind."""
    for item in policy.items.values():
        if any(item.category == kind or item.category.startswith(f"{kind}.") for kind in kinds):
            yield f"item {item.id} is of a kind that is never held"


def _forget_the_channel(policy: Policy, events: tuple[str, ...], channel: str) -> Policy:
    return altering.without_items(policy, ["contact.source"])


@proves_static(breaks=_forget_the_channel)
def marks_the_channel(policy: Policy, events: tuple[str, ...], channel: str) -> Iterator[str]:
    """What comes by these events is kept with the channel it came by, and people are told of the channel."""
    plan = Plan(policy)
    for event in events:
        if event not in policy.events:
            yield f"there is no event {event}"
            continue
        found = policy.events[event]
        if found.channel != channel:
            yield f"event {event} comes by {found.channel}"
        if not all("contact.source" in kept(plan, event, agreeing(policy, law, found.population)) for law in policy.regimes):
            yield f"event {event} is kept without the channel it came by"
    if not says(told(policy), phrase(policy, f"channels.{channel}")):
        yield f"the notice does not say that data comes by {channel}"


def _into_the_open(policy: Policy, items: tuple[str, ...]) -> Policy:
    return altering.items(policy, items, lambda item: replace(item, form=Form.CLEAR, values="word"))


@proves_static(breaks=_into_the_open)
def seals(policy: Policy, items: tuple[str, ...]) -> Iterator[str]:
    """The items rest only under their subject's own key: in no readable column, in no remainder."""
    plan = Plan(policy)
    for item in items:
        if item not in policy.items:
            yield f"no item {item} is declared"
            continue
        for event in carrying(policy, item):
            for law in policy.regimes:
                found = plan.treatment(event.id, agreeing(policy, law, event.population))
                if item in found.clear:
                    yield f"item {item} rests readable when it comes with {event.id}"
            if item in remainder(plan, event.id):
                yield f"item {item} is kept about nobody"
        if not using(policy, item) or policy.items[item].form is not Form.SEALED:
            yield f"item {item} is not sealed, or not kept at all"


def _one_kind_of_people(policy: Policy, populations: tuple[str, ...]) -> Policy:
    return altering.events(policy, policy.events, lambda event: replace(event, population=next(iter(policy.populations))))


@proves_static(breaks=_one_kind_of_people)
def knows_apart(policy: Policy, populations: tuple[str, ...]) -> Iterator[str]:
    """These are different kinds of people: each has events of its own and is named to people."""
    words = told(policy)
    for population in populations:
        if population not in policy.populations:
            yield f"there is no population {population}"
            continue
        if not any(event.population == population for event in policy.events.values()):
            yield f"no event is about a {population}"
        if not says(words, policy.populations[population].label):
            yield f"the notice does not name {population}"
    labels = [policy.populations[one].label for one in populations if one in policy.populations]
    if len(set(labels)) != len(labels):
        yield "two populations bear the same name"


def _identifier_in_remainder(policy: Policy) -> Policy:
    sealed = next(item.id for item in policy.items.values() if item.form is Form.SEALED)
    return altering.items(policy, [sealed], lambda item: replace(item, personal=False))


@proves_static(breaks=_identifier_in_remainder)
def classifies_every_item(policy: Policy) -> Iterator[str]:
    """Every item is of a known kind, and personal or not; what is not personal is from a closed vocabulary; a remainder holds nothing else."""
    plan = Plan(policy)
    for item in policy.items.values():
        if item.category not in categories().data:
            yield f"item {item.id} is of no known kind"
        if not item.personal and item.form is not Form.CLEAR:
            yield f"item {item.id} counts as not personal although it may hold anything"
    for event in policy.events:
        for item_id in remainder(plan, event):
            if policy.items[item_id].form is not Form.CLEAR or policy.items[item_id].category == "user.device.cookie_id":
                yield f"what is kept of {event} about nobody holds {item_id}"


def _name_them(policy: Policy, population: str) -> Policy:
    naming = next(item.id for item in policy.items.values() if item.category.startswith(NAMING))
    event = next(event for event in policy.events.values() if event.population == population and collecting(policy, event.id))
    changed = altering.events(policy, [event.id], lambda one: replace(one, items=(*one.items, naming)))
    purpose = collecting(policy, event.id)[0]
    changed = altering.items(changed, [naming], lambda item: replace(item, populations=()))
    return altering.purposes(changed, [purpose.id], lambda one: replace(one, items=(*one.items, naming)))


@proves_static(breaks=_name_them)
def leaves_unnamed(policy: Policy, population: str) -> Iterator[str]:
    """Nothing kept of these people names them: no name, contact detail, account, official number or payment detail."""
    plan = Plan(policy)
    found = [event for event in policy.events.values() if event.population == population]
    if not found:
        yield f"no event is about a {population}"
    for event in found:
        for law in policy.regimes:
            for item in kept(plan, event.id, agreeing(policy, law, population)):
                if policy.items[item].category.startswith(NAMING):
                    yield f"event {event.id} keeps {item} of a {population}"


def _to_the_metre(policy: Policy, item: str, values: str) -> Policy:
    return altering.items(policy, [item], lambda one: replace(one, form=Form.SEALED, values=None))


@proves_static(breaks=_to_the_metre)
def places_no_finer_than(policy: Policy, item: str, values: str) -> Iterator[str]:
    """A place is one word of a closed vocabulary, and nothing else that is declared says where somebody is."""
    if item not in policy.items:
        yield f"no item {item} is declared"
        return
    found = policy.items[item]
    if found.form is not Form.CLEAR or found.values != values:
        yield f"item {item} may be finer than {values}"
    for other in policy.items.values():
        if other.id != item and other.category.startswith("user.location") and other.values != values:
            yield f"item {other.id} says where somebody is, beside {item}"


def _switch_on(policy: Policy, items: tuple[str, ...]) -> Policy:
    return altering.items(policy, items, lambda item: replace(item, enabled_by=EnabledBy.POLICY))


@proves_static(breaks=_switch_on)
def holds_when_client_enables(policy: Policy, items: tuple[str, ...]) -> Iterator[str]:
    """Kept of nobody as long as no client asks for it, kept as declared once one does; people read that it waits for the client."""
    words = told(policy)
    for item in items:
        if item not in policy.items or policy.items[item].enabled_by is not EnabledBy.CLIENT:
            yield f"item {item} does not wait for a client"
            continue
        plan, switched = Plan(policy), Plan(altering.items(policy, [item], lambda one: replace(one, enabled=True)))
        for event in carrying(policy, item):
            for law in policy.regimes:
                someone = agreeing(policy, law, event.population)
                if item in kept(plan, event.id, someone):
                    yield f"item {item} is kept although no client asked for it"
                if item not in kept(switched, event.id, someone):
                    yield f"item {item} is not kept with {event.id} although a client asked for it"
        if not carrying(policy, item) or not says(words, policy.items[item].label):
            yield f"item {item} comes with nothing, or people do not read of it"
