"""A call that Asterisk reports is a call like any other; the legs to colleagues are not calls."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.calls.conftest import FALLBACK, Town
from troth.base.clock import now
from troth.base.errors import Fault
from troth.collect.asterisk import read_record


def _record(caller: str, to: str, began: datetime | None = None, **more: str) -> dict[str, Any]:
    call, began = f"17950000{secrets.randbelow(100)}.{secrets.randbelow(10**6)}", began or now()
    ended = min(now(), began + timedelta(seconds=40))
    record = {"uniqueid": call, "linkedid": call, "sequence": "7", "src": caller, "dst": to, "billsec": "35", "disposition": "ANSWERED"}
    return record | {"start": began.strftime("%Y-%m-%d %H:%M:%S.%f"), "end": ended.strftime("%Y-%m-%d %H:%M:%S.%f")} | more


def _post(town: Town, record: Any, key: str | None = None) -> tuple[int, dict[str, Any]]:
    key = town.world.access["write_key"] if key is None else key
    answer = town.world.http.post("/infinity/hooks/cdr/asterisk", json=record, auth=(key, ""))
    return answer.status_code, answer.json()


def test_a_record_of_a_call_is_kept_once_and_joined(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    record = _record(caller, town.number(ada)["number"])
    assert [_post(town, record)[0] for _ in range(3)] == [200] * 3
    (call,) = town.calls_of(caller)
    assert (call["items"]["call.status"], call["items"]["call.seconds"]) == ("completed", 35)
    assert town.joined(ada, caller)


def test_a_call_that_began_before_the_number_was_lent_is_not_joined(town: Town) -> None:
    ada, caller = town.ada(), town.caller()
    number = town.number(ada)["number"]
    _post(town, _record(caller, number, began=now() - timedelta(minutes=1)))
    assert len(town.calls_of(caller)) == 1 and not town.joined(ada, caller)


def test_a_leg_to_a_colleague_is_not_kept(town: Town) -> None:
    colleague = town.caller()
    assert _post(town, _record(colleague, FALLBACK, uniqueid="1795000000.2"))[0] == 200
    assert not town.calls_of(colleague)


@pytest.mark.parametrize(
    ("disposition", "status"), [("NO ANSWER", "no-answer"), ("BUSY", "busy"), ("FAILED", "failed"), ("CONGESTION", "failed"), ("ODD", "other")]
)
def test_every_disposition_is_one_of_our_words(town: Town, disposition: str, status: str) -> None:
    caller = town.caller()
    _post(town, _record(caller, FALLBACK, disposition=disposition))
    assert [row["items"]["call.status"] for row in town.calls_of(caller)] == [status]


def test_only_the_holder_of_the_write_key_may_report(town: Town) -> None:
    caller = town.caller()
    harbour = town.served.app.house.workspace("harbour").access["write_key"]
    for key in ("", "w_wrong", town.world.access["publishable_key"], harbour):
        code, body = _post(town, _record(caller, FALLBACK), key)
        assert (code, body["code"]) == (401, "bad-key")
    assert town.world.http.post("/infinity/hooks/cdr/asterisk", json={}).status_code == 401
    assert not town.calls_of(caller)


@pytest.mark.parametrize(
    "broken",
    [{"start": ""}, {"end": "soon"}, {"billsec": "-1"}, {"linkedid": ""}, {"end": "2001-01-01 00:00:00"}, {"end": "2136-01-01 00:00:00"}],
)
def test_a_record_that_is_no_call_is_refused_with_a_code(town: Town, broken: dict[str, str]) -> None:
    code, body = _post(town, _record(town.caller(), FALLBACK) | broken)
    assert (code, body["code"]) == (400, "bad-call")


_FIELDS = st.sampled_from(["uniqueid", "linkedid", "start", "end", "billsec", "src", "dst"])


@given(st.dictionaries(_FIELDS, st.text(max_size=30) | st.integers() | st.none()))
def test_whatever_is_sent_either_is_a_record_or_is_refused_with_a_code(record: dict[str, Any]) -> None:
    try:
        news = read_record(json.dumps(record).encode())
    except Fault as fault:
        assert fault.code in ("bad-call", "bad-json")
    else:
        assert news is None or news.ends


def test_a_time_with_an_offset_is_that_instant() -> None:
    record = {"uniqueid": "1.1", "linkedid": "1.1", "start": "2025-11-18T10:00:00+01:00", "end": "2025-11-18T09:01:00+00:00", "billsec": 60}
    news = read_record(json.dumps(record).encode())
    assert news is not None and news.began is not None
    assert datetime.fromtimestamp(news.began / 1_000_000, UTC) == datetime(2025, 11, 18, 9, tzinfo=UTC)
