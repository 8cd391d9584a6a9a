"""Does a later version ever show, keep or use more of what came in under an earlier one? Seen through the views."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.keeping import infinity_policy
from tests.versions.conftest import Business
from tests.versions.edits import Edit, added, entry, without
from troth.consent.record import Strength
from troth.consent.standing import Standing
from troth.gate.plan import Plan
from troth.policy.model import Policy
from troth.prove.world import Visitor

Start = Callable[..., Business]
DAYS = timedelta(days=1)


def _rows(visitor: Visitor, purpose: str) -> list[dict[str, object]]:
    return [dict(row["items"]) for row in visitor.seen(purpose, "page-view")]


def uses_also(purpose: str, *items: str) -> Edit:
    """A purpose that uses more items."""

    def apply(policy: Policy) -> Policy:
        one = policy.purposes[purpose]
        return replace(policy, purposes={**policy.purposes, purpose: replace(one, items=tuple(dict.fromkeys((*one.items, *items))))})

    return apply


def test_an_item_that_a_purpose_did_not_use_is_not_shown_of_older_rows(business: Start) -> None:
    here = business()
    ada = here.world().visitor()
    ada.view("/pricing")
    here.publish_fine(uses_also("personalisation", "device.browser", "page.url"))
    ada.view("/contact")
    for _ in range(2):
        older, newer = _rows(ada, "personalisation")
        assert "device.browser" not in older and older["page.route"] and "page.url" not in older
        assert newer["device.browser"] and newer["page.url"]
        here.workspace.lake.settle()  # and the same of rows that rest in a file


def test_an_item_that_may_be_held_of_other_people_only_from_now_on_is_not_shown_of_older_rows(business: Start) -> None:
    here = business()
    ada = here.world().visitor()
    ada.view("/pricing")
    (row,) = _rows(ada, "site-analytics")
    assert row["device.browser"] and row["page.url"]
    left = tuple(item for item in here.workspace.policy.events["page-view"].items if item not in ("device.browser", "page.url"))
    of_customers = [entry("items", item, populations=("customer-contact",)) for item in ("device.browser", "page.url")]
    here.publish_fine(entry("events", "page-view", items=left), *of_customers)
    for _ in range(2):
        (row,) = _rows(ada, "site-analytics")
        assert row["page.route"] == "/pricing" and "device.browser" not in row and "page.url" not in row
        here.workspace.lake.settle()


def test_a_policy_that_feeds_a_purpose_with_people_it_is_not_for_is_refused_and_its_plan_would_keep_nothing(business: Start) -> None:
    here = business()
    said = here.publish(entry("purposes", "personalisation", populations=("customer-contact",)))
    assert said.code != 0 and "other-population" in said.text
    policy = here.workspace.policy
    plan = Plan(entry("purposes", "personalisation", populations=("customer-contact",))(policy))
    visitor = Standing(5, 1, "site-visitor", "california", signature=("california", False, frozenset(), Strength.NONE))
    before = Plan(policy).treatment("page-view", visitor)
    assert "personalisation" in dict(before.row_class.permitted)
    assert "personalisation" not in dict(plan.treatment("page-view", visitor).row_class.permitted)
    assert not plan.serves(before.row_class, plan.policy.purposes["personalisation"])


def test_an_older_row_is_seen_no_longer_than_was_said_when_it_came_in(business: Start) -> None:
    here = business()
    ada = here.world().visitor()
    ada.view("/pricing")
    here.publish_fine(entry("purposes", "personalisation", keep_for=300 * DAYS))
    ada.view("/contact")
    assert len(_rows(ada, "personalisation")) == 2
    here.clock.pass_by(91 * DAYS)
    assert [row["page.route"] for row in _rows(ada, "personalisation")] == ["/contact"]
    here.tend()
    assert len(_rows(ada, "site-analytics")) == 2
    here.clock.pass_by(400 * DAYS)
    assert _rows(ada, "personalisation") == []


def test_what_came_in_for_less_is_swept_when_it_was_said_to_go(business: Start) -> None:
    here = business()
    ada = here.world().visitor()
    ada.view("/pricing")
    longer = [entry("purposes", id, keep_for=800 * DAYS) for id in ("site-analytics", "call-journey", "improvement", "personalisation")]
    here.publish_fine(entry("retention", "usage", keep_for=800 * DAYS), *longer)
    ada.view("/contact")
    here.clock.pass_by(500 * DAYS)
    said = here.troth("retain", "run", "infinity")
    assert said.code == 0, said.text
    assert [row["page.route"] for row in _rows(ada, "site-analytics")] == ["/contact"]
    with here.workspace.state.read() as conn:
        left = conn.exec_driver_sql("SELECT count(*) FROM journal").scalar_one()
    assert left == 1


def test_a_purpose_that_is_new_sees_nothing_that_came_before_it(business: Start) -> None:
    here = business("infinity", without("purposes", "personalisation"))
    ada = here.world().visitor()
    ada.view("/pricing")
    here.publish_fine(added("purposes", infinity_policy().purposes["personalisation"]))
    ada.view("/contact")
    assert [row["page.route"] for row in _rows(ada, "personalisation")] == ["/contact"]


def test_what_a_later_version_takes_away_is_taken_from_older_rows_too(business: Start) -> None:
    here = business()
    ada = here.world().visitor()
    ada.view("/pricing")
    assert "device.browser" in _rows(ada, "site-analytics")[0]
    one = here.policy.purposes["site-analytics"]
    here.publish_fine(entry("purposes", "site-analytics", items=tuple(item for item in one.items if item != "device.browser")))
    assert "device.browser" not in _rows(ada, "site-analytics")[0]
