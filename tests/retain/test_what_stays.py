"""What of a row stays? Properties of `what_stays`, against a model that looks at one item at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.keeping import infinity_policy
from troth.consent.record import Strength
from troth.gate.plan import Plan, RowClass
from troth.policy.model import Form, Policy
from troth.retain import Staying, what_stays

DAY = timedelta(days=1)
POLICY = infinity_policy()

spans = st.one_of(st.none(), st.integers(0, 60).map(lambda days: days * DAY))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Infinity with other times to keep."""
    purposes = {id: replace(one, keep_for=draw(spans)) for id, one in POLICY.purposes.items()}
    retention = {id: replace(one, keep_for=draw(spans)) for id, one in POLICY.retention.items()}
    return Plan(replace(POLICY, purposes=purposes, retention=retention))


@st.composite
def classes(draw: st.DrawFn) -> RowClass:
    """A row of some event, collected for some of its purposes."""
    event = draw(st.sampled_from(sorted(POLICY.events)))
    feeding = [one.id for one in POLICY.purposes.values() if event in one.events]
    chosen = draw(st.frozensets(st.sampled_from(feeding))) if feeding else frozenset()
    how = draw(st.sampled_from(["given", "unobjected", "needless"]))
    return RowClass("1", event, draw(st.sampled_from(sorted(POLICY.regimes))), tuple(sorted((id, how) for id in chosen)), Strength.NONE)


ages = st.integers(0, 70 * 24).map(lambda hours: timedelta(hours=hours))


def parts_of(policy: Policy, kind: RowClass) -> tuple[str, ...]:
    """The rules under which a row of this class can hold something sealed."""
    sealed = [policy.items[item] for item in policy.events[kind.event].items if policy.items[item].form is Form.SEALED]
    return tuple(sorted({item.keep for item in sealed}))


def model(plan: Plan, kind: RowClass, age: timedelta) -> Staying:
    """The same, said slowly: item by item."""
    policy, needed, part_stays = plan.policy, set(), set()
    for item in policy.events[kind.event].items:
        rule = policy.retention[policy.items[item].keep]
        young = rule.keep_for is None or age <= rule.keep_for
        wanted = False
        for purpose in policy.purposes.values():
            still = purpose.keep_for is None or age <= purpose.keep_for
            wanted = wanted or (plan.serves(kind, purpose) and still and item in purpose.items)
        if young and wanted:
            needed.add(item)
        if policy.items[item].form is Form.SEALED and young and (wanted or rule.ground):
            part_stays.add(rule.id)
    return Staying(bool(needed or part_stays), frozenset(i for i in needed if policy.items[i].form is Form.CLEAR), frozenset(part_stays))


@given(plans(), classes(), ages)
def test_an_item_stays_while_a_purpose_needs_it_and_its_rule_allows(plan: Plan, kind: RowClass, age: timedelta) -> None:
    found, slow = what_stays(plan, kind, parts_of(plan.policy, kind), age), model(plan, kind, age)
    assert found == slow


@given(plans(), classes(), ages, ages)
def test_what_is_gone_stays_gone(plan: Plan, kind: RowClass, one: timedelta, other: timedelta) -> None:
    parts = parts_of(plan.policy, kind)
    younger, older = (what_stays(plan, kind, parts, age) for age in sorted((one, other)))
    assert older.parts <= younger.parts and older.clear <= younger.clear and older.row <= younger.row


@given(plans(), classes(), ages)
def test_nothing_stays_beyond_every_time_of_the_policy(plan: Plan, kind: RowClass, age: timedelta) -> None:
    times = [one.keep_for for one in plan.policy.purposes.values()] + [one.keep_for for one in plan.policy.retention.values()]
    if all(time is not None and age > time for time in times):
        assert what_stays(plan, kind, parts_of(plan.policy, kind), age) == Staying(False, frozenset(), frozenset())


@given(classes(), ages)
def test_only_a_ground_of_law_keeps_what_no_purpose_needs(kind: RowClass, age: timedelta) -> None:
    over = Plan(replace(POLICY, purposes={id: replace(one, keep_for=-DAY) for id, one in POLICY.purposes.items()}))
    found = what_stays(over, kind, parts_of(POLICY, kind), age)
    assert not found.clear and found.parts <= {rule.id for rule in POLICY.retention.values() if rule.ground}
    assert found.row == bool(found.parts)


def test_a_part_whose_rule_was_renamed_stays_while_its_row_serves() -> None:
    kind = RowClass("1", "call", "uk", (("telephone", "needless"),), Strength.NONE)
    assert what_stays(Plan(POLICY), kind, ("talks",), 10 * DAY).parts == {"talks"}
    assert what_stays(Plan(POLICY), kind, ("talks",), 396 * DAY).row is False
