"""Is each type of material change found by the edit that makes it, with its reason and those it concerns, and by no other?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.keeping import infinity_policy
from tests.policy.policy_edits import edited
from tests.versions.edits import Edit, added, entry, kept_longer, new_recipient, one_more_word, promising, without
from troth.policy.changes import widens
from troth.policy.demands import AnnouncedBy
from troth.policy.diff import diff
from troth.policy.facts import facts
from troth.policy.material import DISCLOSURE, REASONS, USE, Material, asked_again, materials
from troth.policy.model import Basis, BelowFloor, Cookie, EventType, Form, Item, Permission, Policy, Population, Purpose

INFINITY = infinity_policy()
SMALL = replace(INFINITY, promises=dict(list(INFINITY.promises.items())[:5]))


def more(section: str, id: str, field: str, one: Any) -> Edit:
    """One more in a list of an entry."""

    def apply(policy: Policy) -> Policy:
        found = getattr(policy, section)[id]
        return replace(policy, **{section: {**getattr(policy, section), id: replace(found, **{field: (*getattr(found, field), one)})}})

    return apply


def settled(**values: Any) -> Edit:
    return lambda policy: replace(policy, settings=replace(policy.settings, **values))


def role(name: str, purpose: str) -> Edit:
    return lambda policy: replace(policy, roles={**policy.roles, name: (*policy.roles[name], purpose)})


def rights(**values: Any) -> Edit:
    return lambda policy: replace(policy, rights=replace(policy.rights, **values))


def company(policy: Policy) -> Policy:
    return replace(policy, organisation=replace(policy.organisation, name="Another Company Ltd"))


NEW_ITEM = Item("device.screen", "size of the screen", "user.device", Form.SEALED, "usage")
BELOW = BelowFloor("because", "a person", date(2026, 1, 1))
EXAMPLES: dict[Material, tuple[Edit, tuple[str, ...]]] = {
    Material.NEW_POPULATION: (added("populations", Population("member", "a member", "customer")), ()),
    Material.NEW_ITEM: (added("items", NEW_ITEM), ()),
    Material.NEW_EVENT: (added("events", EventType("scroll", "A page is scrolled", ("page.route",), "site-visitor")), ()),
    Material.LESS_SEALED: (entry("items", "page.url", form=Form.CLEAR), ("site-analytics",)),
    Material.NEW_PURPOSE: (added("purposes", replace(INFINITY.purposes["feedback"], id="contests", label="Contests")), ("contests",)),
    Material.WIDER_PURPOSE: (more("purposes", "personalisation", "items", "page.url"), ("personalisation",)),
    Material.OTHER_BASIS: (entry("purposes", "feedback", basis=Basis.CONTRACT, basis_defaulted=False), ("feedback",)),
    Material.NEW_JOIN: (more("purposes", "personalisation", "joins", "web-call"), ("personalisation",)),
    Material.WEAKER_PERMISSION: (entry("purposes", "newsletter", permission=Permission.NONE), ("newsletter",)),
    Material.NEW_STORAGE: (added("cookies", Cookie("t2", "us", "cookie", ("site-analytics",), timedelta(1), "a counter")), ("site-analytics",)),
    Material.LONGER_KEEPING: (kept_longer("posts", 3000), ("publication",)),
    Material.NEW_RECIPIENT: (new_recipient("feedback", "contact.name"), ("feedback",)),
    Material.NEW_DISCLOSURE: (more("recipients", "mailworks", "items", "contact.phone"), ("service-messages", "newsletter", "marketing-email")),
    Material.NEW_COUNTRY: (entry("recipients", "mailworks", country="IN"), ("service-messages", "newsletter", "marketing-email")),
    Material.WEAKER_PROTECTION: (settled(measures=INFINITY.settings.measures[1:]), ()),
    Material.NEW_ACCESS: (role("analyst", "newsletter"), ("newsletter",)),
    Material.OTHER_CONTROLLER: (company, ()),
    Material.REMOVED_RIGHT: (rights(by_agreement=True), ()),
    Material.LESS_NOTICE: (promising(by=()), ()),
    Material.PROMISE_WITHDRAWN: (without("promises", next(iter(INFINITY.promises))), ()),
}


def test_every_type_has_an_example_and_a_reason_and_a_side() -> None:
    assert set(EXAMPLES) == set(REASONS) == set(Material)
    assert not USE & DISCLOSURE


@pytest.mark.parametrize("type", Material)
def test_an_edit_is_the_type_that_it_is(type: Material) -> None:
    edit, purposes = EXAMPLES[type]
    start = promising(by=(AnnouncedBy.SITE,))(INFINITY)
    found = materials(start, edit(start))
    assert {one.type for one in found} == {type}
    assert set(found[0].purposes) == set(purposes)
    assert found[0].reason == REASONS[type] and found[0].populations
    back = {one.type for one in materials(edit(start), start)}
    assert type not in back or type in (Material.OTHER_CONTROLLER, Material.NEW_COUNTRY, Material.OTHER_BASIS)


def test_it_concerns_those_whom_the_purpose_is_about() -> None:
    one, = materials(INFINITY, new_recipient("newsletter", "contact.email")(INFINITY))
    assert one.populations == ("enquirer",)
    one, = materials(INFINITY, new_recipient("transactions", "invoice.number")(INFINITY))
    assert one.populations == ("customer-contact",)


def test_a_small_change_is_none() -> None:
    assert materials(INFINITY, one_more_word(INFINITY)) == []
    assert materials(INFINITY, without("purposes", "newsletter")(INFINITY)) == []
    assert asked_again(INFINITY, without("recipients", "mailworks")(INFINITY)) == ()


@pytest.mark.parametrize(
    ("edit", "again"),
    [
        (new_recipient("feedback", "contact.name"), {"feedback"}),
        (more("purposes", "personalisation", "items", "page.url"), {"personalisation"}),
        (kept_longer("posts", 3000), {"publication"}),
        (entry("items", "post.text", form=Form.CLEAR), {"publication"}),
        (added("purposes", Purpose("raffles", "Raffles", INFINITY.purposes["feedback"].kind, Basis.CONSENT, Permission.ASK_BEFORE, ())), {"raffles"}),
        (entry("purposes", "newsletter", below_floor=BELOW), {"newsletter"}),
        (role("analyst", "newsletter"), set()),
        (company, set()),
        (settled(measures=()), set()),
        (entry("purposes", "newsletter", wording="Please send me the newsletter."), set()),
        (entry("purposes", "feedback", permission=Permission.ASK_BEFORE), set()),
    ],
)
def test_who_said_yes_is_asked_again_only_for_what_changed(edit: Edit, again: set[str]) -> None:
    assert set(asked_again(INFINITY, edit(INFINITY))) == again


@settings(max_examples=60)
@given(st.data())
def test_a_change_is_material_exactly_when_it_lets_more_be_done(data: st.DataObject) -> None:
    old, _ = data.draw(edited(SMALL))
    new, _ = data.draw(edited(SMALL))
    found = {(one.change.place, one.change.key) for one in materials(old, new)}
    assert found == {(one.place, one.key) for one in diff(old, new) if one.material}
    assert found == {(one.place, one.key) for one in facts(old, new) if widens(one, old, new)}
    assert set(asked_again(old, new)) <= set(new.purposes)
