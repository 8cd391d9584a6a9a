"""Does what a browser is asked follow how the policy asks?"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from troth.collect.children import is_child
from troth.collect.web import asking
from troth.policy.conduct import AskMode, DoNotTrack, Until, WithoutCookies
from troth.policy.demands import Children, ChildrenThen
from troth.policy.parse import read_policy

INFINITY = read_policy(Path(__file__).parents[2] / "examples" / "infinity" / "policy.yaml")


def _asked(untracked: bool = False, zone: str = "Europe/London", **rules: Any) -> dict[str, Any]:
    return asking(replace(INFINITY, asking=replace(INFINITY.asking, **rules)), zone, untracked)


@pytest.mark.parametrize(("until", "days"), [(None, 180), (timedelta(days=30), 30), (Until.CHANGED, 36525)])
def test_a_choice_holds_as_long_as_the_policy_says(until: timedelta | Until | None, days: int) -> None:
    assert _asked(until=until)["ask_again_after_days"] == days


def test_do_not_track_makes_every_purpose_ask_first_where_it_is_honoured_and_only_there() -> None:
    plain = [one["mode"] for one in _asked()["purposes"]]
    assert "may-object" in plain
    assert {one["mode"] for one in _asked(untracked=True, do_not_track=DoNotTrack.HONOUR)["purposes"]} == {"ask-before"}
    for rule in (DoNotTrack.IGNORE, DoNotTrack.UNSTATED):
        assert [one["mode"] for one in _asked(untracked=True, do_not_track=rule)["purposes"]] == plain
    assert [one["mode"] for one in _asked(do_not_track=DoNotTrack.HONOUR)["purposes"]] == plain


def test_the_banner_says_that_the_site_works_without_cookies_only_where_it_does() -> None:
    assert "Nothing on this site depends on it." in _asked(without_cookies=WithoutCookies.SERVE)["text"]["intro"]
    denied = _asked(without_cookies=WithoutCookies.MAY_DENY)
    assert "Nothing on this site depends on it." not in denied["text"]["intro"]
    assert denied["asking"]["without_cookies"] == "may-deny"


def test_a_notice_is_agreed_to_and_continued_and_tells_of_the_browser() -> None:
    asked = _asked(mode=AskMode.NOTICE, browser_help="Your browser can refuse them all.")
    assert asked["text"]["accept"] == "Agree and continue"
    assert asked["text"]["intro"].endswith("Your browser can refuse them all.")
    assert _asked(mode=AskMode.ASK_FIRST)["text"]["accept"] == "Accept all"


@pytest.mark.parametrize("mode", list(AskMode))
def test_the_banners_fixed_words_are_of_the_policys_language_and_english_where_there_are_none(mode: AskMode) -> None:
    rules = replace(INFINITY.asking, mode=mode)
    english, german, french = (asking(replace(INFINITY, asking=rules, language=one), "Europe/Berlin")["text"] for one in ("en", "de", "fr"))
    assert french == english and german.keys() == english.keys()
    assert [name for name in english if german[name] == english[name]] == ["cookies"]


@pytest.mark.parametrize(("rule", "age", "child"), [
    (Children(None, ChildrenThen.REFUSE), "17", True), (Children(None, ChildrenThen.REFUSE), "18", False),
    (Children(13, ChildrenThen.REMOVE), "12", True), (Children(13, ChildrenThen.REMOVE), "13", False),
    (Children(13, ChildrenThen.UNSTATED), "5", False), (Children(13, ChildrenThen.REFUSE), "", False),
    (Children(13, ChildrenThen.REFUSE), "twelve", False)])
def test_a_childs_form_is_refused_under_the_age_the_policy_states(rule: Children, age: str, child: bool) -> None:
    assert is_child(replace(INFINITY, children=rule), age) is child
