"""A call has the source of the visit that led to it, or says why it has none; opting out takes the source away, not the call."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from tests.reports.town import Town
from troth.base.clock import now
from troth.consent.record import State
from troth.ledger.entry import EntryKind
from troth.policy.model import Policy
from troth.reports.asking import Asker, Period, Withheld
from troth.reports.calls import NOT_JOINED, CallReport, Joined, call_report
from troth.reports.journey import Called, Journey, Visit, journey
from troth.reports.overview import overview
from troth.reports.refusals import left_out, refusal_report
from troth.subjects.directory import IdentifierKind

WEEK = 7
CALIFORNIAN, GERMAN = "+12135550100", "+4930555010"


def asker(town: Town, role: str = "owner", w: str = "infinity") -> Asker:
    return Asker(town.workspace(w), role, "operator-one")


def report(town: Town, role: str = "owner", w: str = "infinity") -> CallReport:
    found = call_report(asker(town, role, w), Period.latest(WEEK))
    assert not isinstance(found, Withheld)
    return found


def without_the_join(policy: Policy, today: date) -> Policy:
    """The next version, in which no purpose joins calls to visits."""

    def kept(ids: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(id for id in ids if id != "call-journey")

    return replace(
        policy,
        version="2",
        changed_on=today,
        effective_on=today,
        purposes={id: purpose for id, purpose in policy.purposes.items() if id != "call-journey"},
        roles={role: kept(ids) for role, ids in policy.roles.items()},
        cookies={id: replace(cookie, purposes=kept(cookie.purposes)) for id, cookie in policy.cookies.items()},
        settings=replace(policy.settings, global_privacy_control=kept(policy.settings.global_privacy_control)),
        promises={id: replace(promise, about=kept(promise.about)) for id, promise in policy.promises.items()},
    )


def test_a_call_has_the_source_of_the_latest_visit_before_it(town: Town) -> None:
    town.view("ada-ada-ada", "/?utm_source=news&utm_medium=email&utm_campaign=autumn")
    town.clock.forward(days=1)
    town.view("ada-ada-ada", "/pricing", "https://www.google.com/")
    town.call(CALIFORNIAN, "ada-ada-ada")
    town.clock.forward(days=1)
    town.view("ada-ada-ada", "/", "https://www.bing.com/")
    (call,) = report(town).calls
    assert (call.joined, call.source, call.medium, call.campaign) == (Joined.JOINED, "google", "organic", None)


def test_sources_show_visits_calls_and_how_many_visits_led_to_one(town: Town) -> None:
    town.view("ada-ada-ada", "/", "https://www.google.com/")
    town.view("ben-ben-ben", "/", "https://www.google.com/")
    town.view("dov-dov-dov", "/", "https://www.bing.com/")
    town.call(CALIFORNIAN, "ada-ada-ada")
    town.call(CALIFORNIAN, "ada-ada-ada")
    rows = {row.source: row for row in overview(asker(town), Period.latest(WEEK)).sources}
    assert (rows["google"].visits, rows["google"].calls, rows["google"].conversion) == (2, 2, 0.5)
    assert (rows["bing"].visits, rows["bing"].calls, rows["bing"].conversion) == (1, 0, 0.0)


def test_a_call_to_a_number_that_nobody_was_shown_finds_no_visit(town: Town) -> None:
    town.view("ada-ada-ada", "/")
    town.call(CALIFORNIAN)
    found = report(town)
    assert found.by_state == ((Joined.NO_VISIT, 1),)
    assert found.calls[0].ref is None


def test_a_caller_who_was_never_asked_where_the_law_asks_first_is_not_joined_and_the_call_is_kept(town: Town) -> None:
    town.call(GERMAN)
    (call,) = report(town).calls
    assert call.joined is Joined.NO_PERMISSION
    assert call.why == "the person has not been asked, and this purpose asks first"


def test_saying_no_takes_the_source_away_and_leaves_the_call(town: Town) -> None:
    town.view("ada-ada-ada", "/", "https://www.google.com/")
    town.call(CALIFORNIAN, "ada-ada-ada")
    caller = town.ref(CALIFORNIAN, IdentifierKind.PHONE)
    assert isinstance(journey(asker(town), caller), Journey)
    town.say("ada-ada-ada", {"call-journey": State.OBJECTED})
    found = report(town)
    assert found.total == 1
    assert found.calls[0].source is None and found.calls[0].why
    shown = journey(asker(town), caller)
    assert shown is None or not any(isinstance(step, Visit) for step in shown.steps)  # type: ignore[union-attr]
    assert left_out(town.workspace(), "call-journey") >= 1


def test_a_policy_without_the_joining_purpose_says_so_and_still_counts_calls(town: Town) -> None:
    town.view("ada-ada-ada", "/", "https://www.google.com/")
    town.call(CALIFORNIAN, "ada-ada-ada")
    policy = town.workspace().policy
    town.clock.forward(days=1)
    new = without_the_join(policy, now().date())
    town.workspace().publish(new)
    town.clock.forward(minutes=1)
    found = report(town)
    assert found.joining is not None and found.joining.sentence == NOT_JOINED
    assert found.by_state == ((Joined.NO_PURPOSE, 1),)
    assert isinstance(journey(asker(town), town.ref(CALIFORNIAN, IdentifierKind.PHONE)), Withheld)
    rows = overview(asker(town), Period.latest(WEEK)).sources
    assert [(row.source, row.calls) for row in rows] == [("google", None)]


def test_a_client_whose_policy_never_joins_gets_the_same_answer(town: Town) -> None:
    found = report(town, w="alder")
    assert found.joining is not None and found.joining.sentence == NOT_JOINED


def test_support_sees_calls_and_not_what_led_to_them(town: Town) -> None:
    town.view("ada-ada-ada", "/", "https://www.google.com/")
    town.call(CALIFORNIAN, "ada-ada-ada")
    found = report(town, role="support")
    assert found.by_state == ((Joined.NO_ROLE, 1),)
    assert all(call.source is None and call.ref is None for call in found.calls)
    assert isinstance(journey(asker(town, "support"), town.ref("ada-ada-ada")), Withheld)


def test_a_journey_shows_visits_and_calls_in_order_and_each_look_is_in_the_ledger(town: Town) -> None:
    town.view("ada-ada-ada", "/", "https://www.google.com/")
    town.clock.forward(minutes=3)
    town.view("ada-ada-ada", "/pricing", "http://127.0.0.1:8101/")
    town.call(CALIFORNIAN, "ada-ada-ada", seconds=61)
    town.clock.forward(hours=3)
    town.view("ada-ada-ada", "/product")
    found = journey(asker(town), town.ref("ada-ada-ada"))
    assert isinstance(found, Journey)
    visit, call, later = found.steps
    assert isinstance(visit, Visit) and [page.route for page in visit.pages] == ["/", "/pricing"] and visit.source == "google"
    assert isinstance(call, Called) and call.seconds == 61
    assert isinstance(later, Visit) and [page.route for page in later.pages] == ["/product"]
    (entry,) = town.entries(EntryKind.REVEALED)
    assert entry["ref"] == town.ref("ada-ada-ada") and entry["operator"] == "operator-one"


def test_nobody_is_found_under_a_reference_that_is_not_there(town: Town) -> None:
    assert journey(asker(town), 12345) is None
    assert journey(asker(town), 0) is None


def test_refusals_are_told_by_reason_in_words_with_what_was_kept(town: Town) -> None:
    town.view("cleo-cleo-c", "/", zone="Europe/Berlin")
    town.view("robot-robot", "/", agent="Googlebot/2.1 (+http://www.google.com/bot.html)")
    found = refusal_report(town.workspace(), Period.latest(WEEK))
    told = {one.reason: one for one in found.reasons}
    assert told["not-asked"].refusals[0].kept == "an anonymous count"
    assert told["not-asked"].sentence == "the person has not been asked, and this purpose asks first"
    assert told["robot"].refusals[0].kept == "nothing"
    town.clock.at += timedelta(days=30)
    assert refusal_report(town.workspace(), Period.latest(WEEK)).total == 0
