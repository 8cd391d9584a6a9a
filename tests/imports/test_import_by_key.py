"""Does the time of an event count only where a trusted sender imports it, and never further than the policy keeps it?"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.imports.conftest import CHROME, Desk
from troth.base.clock import micros, now, now_micros
from troth.collect.batch import Answer
from troth.collect.calls import EndedCall, News, Status
from troth.collect.messages import Message
from troth.collect.pipeline import Origin

PAGE = {"url": "http://127.0.0.1:8101/pricing", "title": "Pricing"}
LAST_WEEK = now() - timedelta(days=7)


def send(desk: Desk, trusted: bool = True, timestamp: str | None = LAST_WEEK.isoformat(), mark: object = True) -> Answer:
    context = {"page": PAGE, "timezone": "America/Los_Angeles", "userAgent": CHROME, "import": mark}
    message = Message(type="page", anonymous_id="ada-in-california", timestamp=timestamp, context=context)
    return desk.ingest.submit_and_wait([message], Origin(trusted, "203.0.113.7", CHROME, now_micros()))


def test_an_imported_event_is_kept_by_its_own_time(desk: Desk) -> None:
    assert send(desk).stored == 1
    (row,) = desk.rows()
    assert row["at"] == micros(LAST_WEEK)


@pytest.mark.parametrize(("trusted", "mark"), [(False, True), (True, "true"), (True, None)])
def test_without_the_secret_key_and_the_mark_the_time_is_ours(desk: Desk, trusted: bool, mark: object) -> None:
    before = now_micros()
    assert send(desk, trusted=trusted, mark=mark).stored == 1
    (row,) = desk.rows()
    assert row["at"] >= before


@pytest.mark.parametrize(
    ("at", "reason"),
    [(timedelta(days=-396), "too-old"), (timedelta(days=-9_000), "too-old"), (timedelta(hours=1), "time-in-future"), (None, "missing-item")],
)
def test_an_import_of_a_time_that_cannot_count_is_refused(desk: Desk, at: timedelta | None, reason: str) -> None:
    answer = send(desk, timestamp=(now() + at).isoformat() if at is not None else None)
    assert (answer.stored, dict(answer.reasons)) == (0, {reason: 1})
    assert desk.count("subject") == 0


def test_a_clock_a_little_fast_keeps_nothing_later_than_now(desk: Desk) -> None:
    assert send(desk, timestamp=(now() + timedelta(minutes=4)).isoformat()).stored == 1
    assert desk.rows()[0]["at"] <= now_micros()


def call(desk: Desk, id: str, visitor: str = "", imported: bool = True) -> None:
    at = micros(LAST_WEEK + timedelta(minutes=5))
    news = News(id, "+12135550142", "+442079460101", Status.COMPLETED, "3", at, 75, imported=imported, visitor=visitor)
    asyncio.run(desk.ingest.take(EndedCall(desk.workspace, news)))


def test_an_imported_call_is_kept_by_its_time_and_joined_to_whom_its_number_was_shown(desk: Desk) -> None:
    send(desk)
    call(desk, "CA1", visitor="ada-in-california")
    rows = desk.rows("call-journey")
    assert [row["event"] for row in rows] == ["page-view", "call"]
    assert rows[0]["person"] == rows[1]["person"] and rows[1]["at"] == micros(LAST_WEEK + timedelta(minutes=5))


def test_an_imported_call_that_names_nobody_known_is_kept_and_joined_to_nobody(desk: Desk) -> None:
    send(desk)
    call(desk, "CA2", visitor="somebody-else")
    call(desk, "CA3")
    assert desk.count("link") == 0
    assert desk.refused()[("join", "no-visit")] == 2


def test_a_call_that_is_not_imported_cannot_name_its_visitor(desk: Desk) -> None:
    send(desk)
    call(desk, "CA4", visitor="ada-in-california", imported=False)
    assert desk.count("link") == 0
