"""Does a choice made in the centre hold from the next event on, for its own purpose and no other, and is it on record?"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.centre.conftest import CALIFORNIA, LONDON, Person
from troth.prove.world import World

People = Callable[..., Person]


def test_withdrawing_in_one_click_refuses_the_next_event_and_hides_the_earlier_ones_from_that_purpose_alone(person: People, world: World) -> None:
    visitor = world.visitor(LONDON)
    visitor.accept_all()
    visitor.view("/pricing")
    visitor.click("https://other.example/", "other.example")
    someone = person(known=False)
    someone.post("/browser", v=visitor.id)
    assert visitor.seen("site-analytics") and visitor.seen("call-journey")

    page = someone.follow(someone.post("/choices", purpose="site-analytics", say="stop"))
    assert "“Learning how the site is used” has stopped" in page.text and "stays lawful" in page.text

    answer = visitor.click("https://other.example/", "other.example")
    assert answer["refused"] == {"withdrawn": 1} and answer["stored"] == 0
    assert visitor.seen("site-analytics") == []
    assert visitor.seen("call-journey")
    said = [(act["said"], act["how"]) for act in someone.data()["choices"] if act["purpose"] == "site-analytics"]
    assert said == [("given", "accept-all"), ("withdrawn", "centre")]
    history = someone.said(someone.get())
    assert "You agreed." in history and "You took your agreement back." in history and "ledger entry" in history


def test_allowing_again_opens_the_purpose_again(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    someone = person(known=False)
    someone.post("/browser", v=visitor.id)
    someone.post("/choices", purpose="site-analytics", say="stop")
    assert visitor.click("https://other.example/", "other.example")["refused"] == {"objected": 1}
    someone.post("/choices", purpose="site-analytics", say="give")
    assert visitor.click("https://other.example/", "other.example")["stored"] == 1


def test_what_is_lost_is_said_before_and_after(person: People, world: World) -> None:
    ada = person()
    world.post("/forms/newsletter", {"fields": {"name": "Ada", "email": ada.address}, "tz": LONDON})
    ada.come_in()
    assert "Without it: the newsletter" in ada.said(ada.get())
    page = ada.follow(ada.post("/choices", purpose="newsletter", say="stop"))
    assert "Without it: the newsletter" in ada.said(page)
    traits = {"name": "Ada", "email": ada.address}
    assert world.send("track", event="Newsletter Requested", properties=traits)["refused"] == {"withdrawn": 1}


def test_a_no_holds_for_every_browser_of_the_person_and_so_does_a_later_yes(person: People, world: World) -> None:
    visitor = world.visitor(CALIFORNIA)
    visitor.view("/pricing")
    ada = person(CALIFORNIA).come_in(visitor.id, mine=True)
    ada.post("/choices", purpose="site-analytics", say="stop")
    assert "objected" in visitor.click("https://x.example/", "x.example")["refused"]
    ada.post("/choices", purpose="site-analytics", say="give")
    assert visitor.click("https://x.example/", "x.example")["stored"] == 1


def test_an_objection_to_what_is_not_asked_for_waits_for_somebody_to_weigh_it(person: People) -> None:
    ada = person().come_in()
    page = ada.follow(ada.post("/choices", purpose="telephone", say="stop", why="I never called"))
    assert "Somebody weighs it" in ada.said(page)
    asked = [one for one in ada.data()["requests"] if one["right"] == "objection"]
    assert [(one["about"], one["status"], one["written"][0]["text"]) for one in asked] == [("telephone", "in-progress", "I never called")]


def test_an_objection_where_the_persons_word_is_enough_is_upheld_at_once_and_on_record(person: People) -> None:
    ada = person(LONDON).come_in()
    ada.post("/choices", purpose="enquiries", say="stop")
    asked = [one for one in ada.data()["requests"] if one["right"] == "objection"]
    assert [(one["about"], one["status"], one["outcome"], one["fee"]) for one in asked] == [("enquiries", "fulfilled", "upheld", 0)]


@pytest.mark.parametrize(
    ("purpose", "say"), [("nonsense", "stop"), ("newsletter", "maybe"), ("transactions", "stop"), ("telephone", "give"), ("", "")]
)
def test_a_choice_that_is_not_the_persons_to_make_is_refused(person: People, purpose: str, say: str) -> None:
    ada = person().come_in()
    assert ada.post("/choices", purpose=purpose, say=say).status_code in (400, 409)
    assert ada.data()["choices"] == []


def test_words_in_the_address_bar_are_never_shown(person: People) -> None:
    ada = person().come_in()
    assert "evil" not in ada.get("?done=<b>evil</b>&p=evil").text
    assert "evil" not in ada.get("?done=withdrawn&p=evil").text
