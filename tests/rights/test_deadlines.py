"""Is the deadline what each law says, whatever happened to the clock?"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.policy.packs import regimes
from troth.rights.deadlines import ClockEvent, Pause, Tick, acknowledge_by, add_months, all_facts, deadline, facts_for, next_working_day

DAYS = st.dates(date(2024, 1, 1), date(2034, 12, 31))


def started(on: date) -> ClockEvent:
    return ClockEvent(Tick.STARTED, on)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        (date(2026, 3, 5), date(2026, 4, 7)),  # 5 April is a Sunday, 6 April Easter Monday
        (date(2026, 8, 31), date(2026, 9, 30)),  # September has no 31st
        (date(2027, 1, 31), date(2027, 3, 1)),  # 28 February is a Sunday
        (date(2026, 11, 25), date(2026, 12, 29)),  # Christmas, Boxing Day on a Saturday and its substitute
        (date(2026, 6, 10), date(2026, 7, 10)),
    ],
)
def test_one_month_ends_on_the_same_date_or_the_next_working_day(received: date, due: date) -> None:
    assert deadline(facts_for("gdpr"), [started(received)], received).due_on == due


def test_californians_have_45_calendar_days_weekend_or_not() -> None:
    assert deadline(facts_for("california"), [started(date(2026, 3, 2))], date(2026, 3, 2)).due_on == date(2026, 4, 16)
    assert deadline(facts_for("california"), [started(date(2026, 3, 4))], date(2026, 3, 4)).due_on == date(2026, 4, 18)  # a Saturday


def test_an_extension_is_counted_from_the_first_day() -> None:
    events = [started(date(2026, 5, 4)), ClockEvent(Tick.EXTENDED, date(2026, 5, 20))]
    assert deadline(facts_for("uk"), events, date(2026, 5, 21)).due_on == date(2026, 8, 4)
    assert deadline(facts_for("california"), events, date(2026, 5, 21)).due_on == date(2026, 8, 2)


def test_the_clock_stops_in_the_united_kingdom_while_the_person_is_asked_who_they_are() -> None:
    events = [started(date(2026, 6, 1)), ClockEvent(Tick.PAUSED, date(2026, 6, 5), Pause.IDENTITY), ClockEvent(Tick.RESUMED, date(2026, 6, 15))]
    assert deadline(facts_for("uk"), events, date(2026, 6, 20)).due_on == date(2026, 7, 13)  # 1 July and ten days, off the weekend
    assert deadline(facts_for("gdpr"), events, date(2026, 6, 20)).due_on == date(2026, 7, 1)
    assert deadline(facts_for("california"), events, date(2026, 6, 20)).due_on == date(2026, 7, 16)


def test_a_clock_that_is_stopped_says_so_and_moves_day_by_day() -> None:
    events = [started(date(2026, 6, 1)), ClockEvent(Tick.PAUSED, date(2026, 6, 5), Pause.CLARIFICATION)]
    first, later = (deadline(facts_for("california"), events, on) for on in (date(2026, 6, 6), date(2026, 6, 16)))
    assert not first.running and later.due_on - first.due_on == timedelta(days=10)


def test_a_complaint_in_the_united_kingdom_is_acknowledged_in_thirty_days() -> None:
    assert acknowledge_by(facts_for("uk"), "complaint", date(2026, 7, 1)) == date(2026, 7, 31)
    assert acknowledge_by(facts_for("gdpr"), "complaint", date(2026, 7, 1)) is None


def test_a_californian_is_told_of_receipt_within_ten_working_days() -> None:
    # 3 July 2026 is the observed holiday of the fourth
    assert acknowledge_by(facts_for("california"), "know", date(2026, 6, 29)) == date(2026, 7, 14)


def test_every_law_of_the_packs_has_its_clock_with_its_source() -> None:
    assert regimes().keys() <= all_facts().keys()
    assert all(facts.source and facts.as_of for facts in all_facts().values())


@given(DAYS, st.sampled_from(sorted(all_facts())))
def test_no_answer_is_ever_due_before_its_time_or_on_a_day_off(received: date, law: str) -> None:
    facts = facts_for(law)
    due = deadline(facts, [started(received)], received).due_on
    assert due >= received + timedelta(days=28)
    assert not facts.moves_on or next_working_day(facts, due) == due
    assert due <= received + timedelta(days=45)


@given(DAYS, st.integers(0, 60), st.integers(0, 40), st.sampled_from(list(Pause)), st.sampled_from(sorted(all_facts())))
def test_a_pause_never_brings_the_deadline_nearer_and_never_gives_more_than_it_took(
    after: date, wait: int, length: int, why: Pause, law: str
) -> None:
    facts = facts_for(law)
    paused, resumed = after + timedelta(days=wait), after + timedelta(days=wait + length)
    plain = deadline(facts, [started(after)], resumed).due_on
    with_pause = deadline(facts, [started(after), ClockEvent(Tick.PAUSED, paused, why), ClockEvent(Tick.RESUMED, resumed)], resumed).due_on
    longest = next_working_day(facts, plain + timedelta(days=length)) if facts.moves_on else plain + timedelta(days=length)
    assert plain <= with_pause <= longest
    assert why in facts.pauses or with_pause == plain


@given(DAYS, st.integers(0, 30))
def test_months_later_is_the_same_date_or_the_last_of_the_month(day: date, count: int) -> None:
    later = add_months(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or (later + timedelta(days=1)).day == 1
