"""Are the doors for pages without the script as strict as the others? Odd cookies, odd words, other sites, other workspaces."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest

from tests.collect.test_forms import only
from tests.serving import serving
from troth.collect.scriptless import words_in
from troth.prove.browser import VIEW, browser
from troth.prove.world import BERLIN, World


@pytest.fixture(scope="module")
def infi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """INFI as it stands, alone."""
    folder = tmp_path_factory.mktemp("scriptless")
    with serving(folder, only(folder, "infi")) as served:
        yield served.world("infi")


ODD = [
    "", "x", "[]", "7", quote('{"preference": 7}'), quote('{"preference": "<b>"}'), quote('{"preference": "ada@people.example"}'), quote("[" * 2000),
]  # fmt: skip


@pytest.mark.parametrize("text", ODD)
def test_an_odd_cookie_is_no_preference(text: str) -> None:
    assert words_in(text) == {}


def test_a_cookie_that_the_script_wrote_is_read_as_well() -> None:
    assert words_in(quote(json.dumps({"preference": "wide", "seen": ["a"]}))) == {"preference": "wide"}


@pytest.mark.parametrize("word", ["", "Wide", "two words", "a@b.example", "x" * 33, 7, None, ["wide"]])
def test_what_is_no_word_is_refused_and_sets_nothing(infi: World, word: object) -> None:
    someone = browser(infi)
    answer = someone.post("/view", preference=word, anonymousId=someone.person.id)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-preference") and not someone.ever


def test_the_key_and_the_site_must_be_this_workspaces(infi: World) -> None:
    someone = browser(infi)
    assert someone.post("/view", preference="wide", key="another").json()["code"] == "bad-key"
    assert someone.post("/view", "https://elsewhere.example", preference="wide").json()["code"] == "origin-not-allowed"
    assert not someone.ever


def test_a_preference_of_somebody_whose_law_asks_first_waits_for_a_yes(infi: World) -> None:
    someone = browser(infi, BERLIN)
    answer = someone.prefers("wide").json()
    assert answer["kept"] is False and "not been asked" in answer["why"] and VIEW not in someone.jar


def test_a_policy_without_the_cookie_keeps_no_preference(tmp_path: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bare")
    with serving(folder, only(folder, "infi", ("  troth_view: ", "  other_view: "))) as served:
        world = served.world("infi")
        assert browser(world).prefers("wide").json()["code"] == "no-such-cookie"


def _pixel(world: World, referer: str, **query: str) -> httpx.Response:
    headers = {"referer": referer} if referer else {}
    return world.http.get(f"/{world.workspace}/pixel.gif", params={"key": world.access["publishable_key"], **query}, headers=headers)


def test_a_pixel_on_another_site_or_of_nobody_is_empty(infi: World) -> None:
    site = infi.policy.site.origins[0]
    for referer, query in ((site + ".elsewhere.example/", {"visitor": "a" * 32}), ("", {"visitor": "a" * 32}), (site + "/", {})):
        answer = _pixel(infi, referer, **query)
        assert (answer.status_code, answer.content) == (204, b"")
    assert _pixel(infi, site + "/", visitor="a" * 32, key="another").json()["code"] == "bad-key"


def test_only_what_a_policy_publishes_can_be_read(infi: World) -> None:
    for purpose in ("orders", "no-such"):
        answer = infi.http.get(f"/{infi.workspace}/published/{purpose}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not-published")


def test_an_answer_that_the_policy_does_not_take_for_a_yes_is_refused(infi: World) -> None:
    someone = browser(infi)
    said = {"anonymousId": someone.person.id, "choices": {"site-analytics": "given"}}
    assert someone.post("/consent", how="import", **said).json()["code"] == "bad-choice"
    bare = World(infi.http, infi.workspace, infi.policy, infi.access, False)
    assert bare.post("/consent", {**said, "how": "use", "tz": BERLIN})["receipt"] is None
