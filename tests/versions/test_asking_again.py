"""Is permission asked again only for what changed, and does everything else keep its choice? Seen as a browser sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.versions.conftest import Business
from tests.versions.edits import Edit, entry, kept_longer, new_recipient, one_more_word, without
from troth.policy.model import Permission
from troth.prove.world import BERLIN, CALIFORNIA, Visitor, World

Start = Callable[..., Business]
WIDER: Edit = new_recipient("site-analytics", "page.route")


def _agreed(world: World, zone: str = BERLIN) -> Visitor:
    visitor = world.visitor(zone)
    assert visitor.accept_all()["receipt"]
    assert visitor.view()["stored"] == 1
    return visitor


def _served(here: Business, visitor: Visitor) -> dict[str, int]:
    """How many page views of a browser each purpose sees."""
    return {purpose: len(visitor.seen(purpose, "page-view")) for purpose in ("site-analytics", "call-journey")}


def test_a_yes_to_what_a_purpose_was_is_no_yes_to_what_it_is(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    assert _served(here, ada) == {"site-analytics": 1, "call-journey": 1}
    here.publish_fine(WIDER)
    assert ada.asked()["anew"] == {"site-analytics": "2"}
    assert ada.view()["stored"] == 1  # for the others, to which she said yes and which did not change
    assert _served(here, ada) == {"site-analytics": 1, "call-journey": 2}
    answer = ada.choose(site_analytics="given")
    assert answer["receipt"]["version"] == "2"
    ada.view()
    assert _served(here, ada) == {"site-analytics": 2, "call-journey": 3}


def test_it_falls_back_at_the_instant_the_change_takes_effect(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    day = here.days(5)
    here.publish_fine(WIDER, effective_on=day)
    here.until(day, before=timedelta(seconds=5))
    ada.view()
    assert _served(here, ada)["site-analytics"] == 2 and ada.asked()["anew"] == {}
    here.until(day)
    ada.view()
    assert _served(here, ada) == {"site-analytics": 2, "call-journey": 3}


def test_a_no_is_not_asked_again_and_still_holds(business: Start) -> None:
    here = business()
    ben = here.world().visitor(BERLIN)
    ben.choose(site_analytics="refused", call_journey="given")
    here.publish_fine(WIDER)
    ben.view()
    assert _served(here, ben) == {"site-analytics": 0, "call-journey": 1}
    with here.world().centre().by_browser(ben) as centre:
        acts = [act["said"] for act in centre.data()["choices"] if act["purpose"] == "site-analytics"]
    assert acts == ["refused"]


def test_where_nobody_is_asked_first_nobody_is_asked_again(business: Start) -> None:
    here = business()
    cal = _agreed(here.world(), CALIFORNIA)
    here.publish_fine(WIDER)
    assert cal.asked()["anew"] == {}
    cal.view()
    assert _served(here, cal)["site-analytics"] == 2


def test_a_small_change_asks_nobody_again(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    here.publish_fine(one_more_word)
    here.publish_fine(entry("recipients", "mailworks", items=()), without("purposes", "improvement"))
    assert ada.asked()["anew"] == {}
    ada.view()
    assert _served(here, ada)["site-analytics"] == 2


def test_going_back_does_not_bring_back_a_yes(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    here.publish_fine(WIDER)
    here.publish_fine(without("recipients", "new-house"))
    assert ada.asked()["anew"] == {"site-analytics": "2"}
    ada.view()
    assert _served(here, ada)["site-analytics"] == 1


def test_a_yes_on_a_screen_from_before_the_change_is_none(business: Start) -> None:
    here = business()
    ada = here.world().visitor(BERLIN)
    shown = ada.asked()
    here.publish_fine(WIDER)
    said = {"anonymousId": ada.id, "choices": {"site-analytics": "given", "call-journey": "given"}, "how": "choose", "tz": BERLIN}
    here.world().post("/consent", said | {"version": shown["version"], "screen": shown["screen"]})
    ada.view()
    assert _served(here, ada) == {"site-analytics": 0, "call-journey": 1}
    here.world().post("/consent", said | {"version": ada.asked()["version"]})
    ada.view()
    assert _served(here, ada)["site-analytics"] == 1


def test_the_privacy_centre_offers_it_as_not_asked(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    here.publish_fine(kept_longer("usage", 500), entry("purposes", "call-journey", keep_for=timedelta(days=500)))
    with here.world().centre().by_browser(ada) as centre:
        page = centre.get().text
        card = page[page.index('data-purpose="call-journey"'):]
        assert "You have not been asked" in card[: card.index("</section>")]
        centre.post("/choices", purpose="call-journey", say="give")
        card = centre.get().text
        card = card[card.index('data-purpose="call-journey"'):]
        assert "not been asked" not in card[: card.index("</section>")]
    ada.view()
    assert _served(here, ada)["call-journey"] == 2


@pytest.mark.promise("infi-130", "infinity-126")
def test_using_the_site_on_is_a_yes_to_nothing_that_changed(business: Start) -> None:
    here = business()
    ada = _agreed(here.world())
    here.publish_fine(entry("purposes", "site-analytics", permission=Permission.ASK_BEFORE), WIDER)
    with here.world().centre().by_browser(ada) as centre:
        assert [one["policy_version"] for one in centre.data()["used_under"]] == ["1"]  # no use since, so nothing of the new one
        here.clock.pass_by(timedelta(minutes=1))
        for _ in range(3):
            ada.view()
        used = centre.data()["used_under"]
    assert [(one["policy_version"], one["type"]) for one in used] == [("1", "use"), ("2", "continued-use")]
    assert {one["strength"] for one in used} == {"by-use"}
    assert used[1]["at"] > here.versions()["2"]["effective_at"]
    assert _served(here, ada)["site-analytics"] == 1
