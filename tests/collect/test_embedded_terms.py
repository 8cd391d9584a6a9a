"""What is a page told of tags of others: what needs no question, Google's signals, and what a person said elsewhere?"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Served, serving
from troth.collect.embedded import SIGNALS, needless, signals
from troth.collect.web import asking
from troth.policy.model import Permission
from troth.policy.parse import read_policy
from troth.prove.world import BERLIN, CALIFORNIA, Visitor, World

EXAMPLES = Path(__file__).parents[2] / "examples"
INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("embedded")) as running:
        yield running


@pytest.fixture
def world(served: Served) -> World:
    return served.world("infinity")


def terms(visitor: Visitor, tz: str = CALIFORNIA) -> dict[str, Any]:
    answer = visitor.world.http.post(f"/{visitor.world.workspace}/consent/terms", json={"tz": tz, "visitor": visitor.id})
    assert answer.status_code == 200
    return dict(answer.json())


def two_browsers(world: World) -> tuple[Visitor, Visitor]:
    """Ada's telephone and her other computer, on both of which she signed in."""
    account = f"account-{secrets.token_hex(6)}"
    both = world.visitor(), world.visitor()
    for one in both:
        one.view("/pricing")
        world.send("identify", userId=account, anonymousId=one.id, context={"timezone": CALIFORNIA})
    return both


def test_a_no_on_one_device_is_told_on_the_other_and_ends_when_it_is_taken_back_where_it_was_said(world: World) -> None:
    phone, computer = two_browsers(world)
    assert terms(computer)["elsewhere"] == []
    phone.choose("withdraw", personalisation="refused")
    told = terms(computer)
    assert told["elsewhere"] == ["personalisation"] and told["refused"] == []
    own = terms(phone)
    assert own["elsewhere"] == [] and own["refused"] == ["personalisation"], "where it was said it can be taken back"
    computer.choose(personalisation="given")
    assert terms(computer)["elsewhere"] == ["personalisation"], "a yes here does not outweigh the no there"
    phone.choose(personalisation="given")
    assert terms(computer)["elsewhere"] == []


def test_a_yes_on_one_device_is_no_yes_on_the_other(world: World) -> None:
    phone, computer = two_browsers(world)
    phone.choose(personalisation="given")
    told = terms(computer, BERLIN)
    assert (told["elsewhere"], told["refused"]) == ([], []) and "personalisation" not in told["free"]


def test_who_is_not_known_is_told_nothing_of_anybody(world: World) -> None:
    phone, _ = two_browsers(world)
    phone.choose("withdraw", personalisation="refused")
    for id in ("", "x", "0" * 32, phone.id[:-1] + "g", "x" * 4000, None, False, 7, [phone.id]):
        answer = world.http.post("/infinity/consent/terms", json={"tz": CALIFORNIA, "visitor": id}).json()
        assert (answer["elsewhere"], answer["refused"]) == ([], [])
    address = world.http.get("/infinity/consent", params={"tz": CALIFORNIA, "visitor": phone.id}).json()
    assert (address["elsewhere"], address["refused"]) == ([], []), "an address is read by whoever stands between"


def test_what_needs_no_question_is_free_and_what_is_asked_is_not() -> None:
    asked = asking(INFINITY, BERLIN)
    assert set(asked["free"]) == set(needless(INFINITY, asked["regime"])) and asked["free"]
    assert not {one["id"] for one in asked["purposes"]} & set(asked["free"])


@pytest.mark.parametrize(("workspace", "acts"), [
    ("infinity", set()), ("cxinfinity", set()), ("infi", {"use", "continued-use", "browser-settings"}), ("infinext", {"use", "browser-settings"}),
    ("infisim", {"continued-use", "browser-settings"})])
def test_going_on_is_read_only_as_the_policy_says_and_only_where_no_law_wants_a_yes_that_was_given(workspace: str, acts: set[str]) -> None:
    policy = read_policy(EXAMPLES / workspace / "policy.yaml")
    for zone in (BERLIN, CALIFORNIA, "Asia/Tokyo"):
        told = asking(policy, zone)
        asked = {one["id"]: one for one in told["purposes"]}
        assert set(told["read"]) == acts
        floor = policy.regimes[told["regime"]].floor
        given = {id for id in asked if floor.get(policy.purposes[id].kind) is Permission.ASK_BEFORE}
        assert all(set(ids) == asked.keys() - given for ids in told["read"].values())


def test_a_yes_that_was_read_is_taken_as_the_weaker_one_it_is(served: Served) -> None:
    cleo = served.world("infisim").visitor("Asia/Tokyo")
    read = cleo.asked()["read"]["continued-use"]
    assert read
    cleo.choose("continued-use", **{id.replace("-", "_"): "given" for id in read})
    with served.app.house.workspace("infisim").state.read() as conn:
        acts = conn.exec_driver_sql("SELECT purpose, state, strength, how FROM consent_act ORDER BY id DESC LIMIT ?", (len(read),)).all()
    assert {(purpose, state, strength, how) for purpose, state, strength, how in acts} == {(id, "given", "implied", "continued-use") for id in read}


@pytest.mark.parametrize("workspace", ["infinity", "cxinfinity", "infi", "infinext", "infisim"])
def test_each_signal_waits_for_every_purpose_of_its_kind(workspace: str) -> None:
    policy = read_policy(EXAMPLES / workspace / "policy.yaml")
    policy = replace(policy, asking=replace(policy.asking, google_consent_mode=True))
    for regime in policy.regimes:
        for signal, purposes in signals(policy, regime).items():
            assert all(policy.purposes[id].kind is SIGNALS[signal] for id in purposes)
    asked = asking(policy, BERLIN)
    kinds = {one["id"]: one["kind"] for one in asked["purposes"]}
    assert {id for id in asked["signals"]["analytics_storage"] if id in kinds} == {id for id, kind in kinds.items() if kind == "statistics"}


def test_only_where_the_policy_says_so_does_the_script_speak_to_google(world: World) -> None:
    assert asking(INFINITY, BERLIN)["signals"] == {} and b'"signals"' not in world.http.get("/infinity/troth.js").content
    assert b'"signals":["ad_storage"' in world.http.get("/cxinfinity/troth.js").content


def test_the_two_well_known_files_are_there(world: World) -> None:
    gpc = world.http.get("/.well-known/gpc.json")
    assert gpc.headers["content-type"].startswith("application/json") and gpc.json()["gpc"] is True and len(gpc.json()["lastUpdate"]) == 10
    rules = world.http.get("/.well-known/consent-o-matic.json")
    assert rules.headers["content-type"].startswith("application/json") and list(rules.json()) == ["troth"]
    assert [one["name"] for one in rules.json()["troth"]["methods"]] == ["OPEN_OPTIONS", "DO_CONSENT", "SAVE_CONSENT"]
