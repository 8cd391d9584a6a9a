"""Do figures that leave the house point to nobody? Analyses of aggregates, by what would be published of made-up rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from troth.gate.plan import Plan
from troth.policy.conduct import AggregateUse
from troth.policy.model import Form, Kind, Policy
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import agreeing, kept, phrase, says, told_in
from troth.reports.publishing import publish

LEAST = 3  # a cell of one tells of that one; of two, each tells of the other


def _cells(policy: Policy, counts: list[int]) -> list[int | None]:
    rows = [{"name": f"row {index}", "people": count} for index, count in enumerate(counts)]
    return [dict(cell.numbers)["people"] for cell in publish(rows, "people", policy.aggregates.threshold).cells]


def _every_cell(policy: Policy) -> Policy:
    return altering.section(policy, "aggregates", threshold=0)


@proves_static(breaks=_every_cell)
def publishes_only_large_groups(policy: Policy) -> Iterator[str]:
    """Of figures that leave the house, every cell about too few people is held back, also against subtraction; a large one is shown."""
    threshold = policy.aggregates.threshold
    if threshold < LEAST:
        yield f"a figure about {threshold} people may be published"
    if _cells(policy, [1, 400, 500]) != [None, None, 500]:
        yield "one person's figure is published, or can be worked out from the others and their sum"
    if _cells(policy, [threshold + 20, threshold + 30]) != [threshold + 20, threshold + 30]:
        yield "figures about many people are held back"


def _keep_it_in(policy: Policy, use: str) -> Policy:
    other = AggregateUse.INTERNAL if use != AggregateUse.INTERNAL else AggregateUse.PUBLIC
    return altering.section(policy, "aggregates", use=other)


@proves_static(breaks=_keep_it_in)
def uses_figures_for(policy: Policy, use: str) -> Iterator[str]:
    """People read what figures that point to nobody may be used for; what makes them up holds no identifier."""
    if policy.aggregates.use != use or not says(told_in(policy, "figures"), phrase(policy, f"figures.{use}")):
        yield "people do not read what figures may be used for"
    plan = Plan(policy)
    for event in policy.events:
        found = plan.treatment(event, agreeing(policy, next(iter(policy.regimes)), policy.events[event].population))
        if any(policy.items[item].category == "user.device.cookie_id" for item in found.clear):
            yield f"event {event} would bring an identifier into figures"


def _single_rows(policy: Policy, items: tuple[str, ...]) -> Policy:
    first = next(id for id, purpose in policy.purposes.items() if purpose.kind is not Kind.STATISTICS)
    return altering.purposes(policy, [first], lambda one: replace(one, items=tuple(dict.fromkeys((*one.items, *items)))))


@proves_static(breaks=_single_rows)
def uses_only_in_sum(policy: Policy, items: tuple[str, ...]) -> Iterator[str]:
    """These serve statistics alone, rest as closed words, and no recipient has them. It does not show each question that was asked."""
    plan = Plan(policy)
    for item in items:
        if item not in policy.items or policy.items[item].form is not Form.CLEAR:
            yield f"item {item} is not a closed word"
            continue
        for purpose in policy.purposes.values():
            if item in purpose.items and purpose.kind is not Kind.STATISTICS:
                yield f"item {item} serves {purpose.id}"
        if any(item in recipient.items for recipient in policy.recipients.values()):
            yield f"somebody else is given {item}"
        carriers = [event for event in policy.events.values() if item in event.items]
        if not any(item in kept(plan, event.id, agreeing(policy, law, event.population)) for event in carriers for law in policy.regimes):
            yield f"item {item} is never kept"
