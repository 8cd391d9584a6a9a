"""Is a flood at a public door refused clearly, per client and workspace, in bounded memory, and told without saying who it was?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import ROOT
from troth.app import Troth
from troth.base.errors import Fault
from troth.collect import limits
from troth.collect.limits import is_local, network_of
from troth.policy.parse import read_policy
from troth.settings import DOORS, Limit, load, read_limits

ADA, BEN = "203.0.113.5", "203.0.113.6"
CHOICE = {"choices": {"site-analytics": "refused"}, "how": "reject-all", "tz": "Europe/Berlin"}
Call = Callable[..., list[httpx.Response]]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troth]:
    tight = dict(DOORS) | {"consent": Limit(5, 60), "cxinfinity/consent": Limit(9, 60)}
    found = Troth(replace(load(tmp_path_factory.mktemp("floods") / "data"), limits=tight))
    for name in ("infinity", "cxinfinity"):
        found.house.publish(read_policy(ROOT / f"examples/{name}/policy.yaml"))
    yield found
    found.house.close()


@pytest.fixture
def call(app: Troth) -> Iterator[Call]:
    app.pages.middleware_stack = None  # another fresh layer of limits

    def calls(count: int, path: str = "/infinity/consent", client: str = ADA, method: str = "POST", **more: Any) -> list[httpx.Response]:
        async def all() -> list[httpx.Response]:
            transport = httpx.ASGITransport(app, client=(client, 4711), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://troth.example") as http:
                return [await http.request(method, path, **more) for _ in range(count)]

        return asyncio.run(all())

    yield calls


def choice(app: Troth, workspace: str = "infinity") -> dict[str, Any]:
    return {"json": CHOICE | {"key": app.house.workspace(workspace).access["publishable_key"]}}


def test_a_flood_of_choices_is_refused_with_a_time_to_wait_and_others_are_not(app: Troth, call: Call, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    answers = call(8, **choice(app))
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
    refused = answers[-1]
    assert refused.json()["code"] == "too-many" and 1 <= int(refused.headers["retry-after"]) <= 12
    assert call(1, client=BEN, **choice(app))[0].status_code == 200
    assert [record.getMessage() for record in caplog.records if "too many" in record.getMessage()] == [
        "too many calls from one client at consent of infinity"]  # once a minute, and of nobody
    assert ADA not in caplog.text


def test_a_workspace_may_have_its_own_limit_and_a_door_is_not_anothers(app: Troth, call: Call) -> None:
    call(5, **choice(app))
    assert [one.status_code for one in call(10, "/cxinfinity/consent", **choice(app, "cxinfinity"))].count(429) == 1
    assert call(1, "/infinity/privacy", method="GET")[0].status_code == 200
    assert call(1, "/infinity/policy", method="GET")[0].status_code == 200


def test_the_refusal_can_be_read_from_the_sites_own_pages_alone(app: Troth, call: Call) -> None:
    site = app.house.workspace("infinity").policy.site.origins[0]
    listed = call(6, headers={"origin": site}, **choice(app))[-1]
    assert listed.status_code == 429 and listed.headers["access-control-allow-origin"] == site
    assert listed.headers["access-control-expose-headers"] == "retry-after"
    assert "access-control-allow-origin" not in call(1, headers={"origin": "https://elsewhere.example"}, **choice(app))[0].headers
    page = call(1, headers={"accept": "text/html"}, **choice(app))[0]
    assert page.status_code == 429 and "text/html" in page.headers["content-type"]


@pytest.mark.parametrize(("path", "method", "limit"), [("/infinity/unsubscribe/x", "POST", 600), ("/infinity/forms/contact", "POST", 30),
                                                      ("/infinity/receipts/x.json", "GET", 60), ("/infinity/privacy/link", "POST", 240)])  # fmt: skip
def test_every_public_door_has_its_limit(call: Call, path: str, method: str, limit: int) -> None:
    assert [answer.status_code for answer in call(limit + limit // 4, path, method=method)].count(429) >= 1
    assert call(1, path, client=BEN, method=method)[0].status_code != 429


@pytest.mark.parametrize(("path", "how"), [("/infinity/consent", {"method": "GET"}), ("/infinity/consent/terms", {"json": {"visitor": "v" * 32}})])
def test_reading_what_to_ask_is_counted_apart_and_ten_times_as_often(app: Troth, call: Call, path: str, how: dict[str, Any]) -> None:
    assert {one.status_code for one in call(45, path, **how)} == {200}
    assert call(1, **choice(app))[0].status_code == 200
    assert 429 in {one.status_code for one in call(20, path, **how)}


def test_programs_at_the_raw_door_are_not_counted(app: Troth, call: Call) -> None:
    key = app.house.workspace("infinity").access["write_key"]
    assert {one.status_code for one in call(300, "/v1/nowhere", auth=(key, ""), json={})} == {404}


def test_what_is_remembered_of_clients_is_bounded_and_names_none(app: Troth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST", 50)
    layer = limits.Limits(None, app.house, app.settings)
    for number in range(500):
        layer._take("infinity", "consent", Limit(1, 60), f"198.51.{number // 250}.{number % 250}")
    assert len(layer._buckets) == 50 and "198.51" not in repr(layer._buckets)
    assert layer._take("infinity", "consent", Limit(1, 60), "198.51.1.249") > 0  # the newest are the ones remembered


def test_time_lets_a_client_in_again(app: Troth, monkeypatch: pytest.MonkeyPatch) -> None:
    layer, now = limits.Limits(None, app.house, app.settings), [1_000.0]
    monkeypatch.setattr("troth.collect.limits.time.monotonic", lambda: now[0])
    waits = [layer._take("infinity", "consent", Limit(2, 60), ADA) for _ in range(3)]
    assert waits == [0, 0, 30]
    now[0] += 30
    assert [layer._take("infinity", "consent", Limit(2, 60), ADA) for _ in range(2)] == [0, 30]


@pytest.mark.parametrize(("address", "known_as"), [("203.0.113.5", "203.0.113.5"), ("2001:db8::1", "2001:db8::"),
                                                   ("2001:db8:0:0:ffff::9", "2001:db8::"), ("::ffff:203.0.113.5", "203.0.113.5"),
                                                   ("unix", "unix")])  # fmt: skip
def test_one_machine_with_a_whole_network_is_one_client(address: str, known_as: str) -> None:
    assert network_of(address) == known_as and not is_local(address)


def test_this_machine_itself_may_come_more_often(app: Troth, call: Call) -> None:
    assert {one.status_code for one in call(60, client="127.0.0.1", **choice(app))} == {200} and is_local("::1") and is_local("127.0.0.1")


def test_limits_are_settings_and_a_wrong_one_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = read_limits("consent=7/2m, shop/forms=off")
    assert found["consent"] == Limit(7, 120) and found["shop/forms"] is None and found["forms"] == DOORS["forms"]
    for wrong in ("consent", "consent=0/1m", "window=1/1m", "consent=1/0s", "consent=1/1y", "Shop/forms=1/1m", "consent=9/1m;rm"):
        monkeypatch.setenv("TROTH_LIMITS", wrong)
        with pytest.raises(Fault, match="bad-setting"):
            load(tmp_path / "data")
