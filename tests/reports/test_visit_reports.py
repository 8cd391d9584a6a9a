"""The figures on the overview are those that were posted: counted again here, by hand and by a plain model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.reports.town import BERLIN, LOS_ANGELES, Town, town_in
from troth.base.clock import EPOCH, day_of
from troth.consent.record import State
from troth.gate.reasons import Reason
from troth.reports.asking import Asker, Period, Withheld
from troth.reports.visits import Share, Use, VisitReport, visit_report

GOOGLE, OWN = "https://www.google.com/", "http://127.0.0.1:8101/"


def asker(town: Town, role: str = "owner", w: str = "infinity") -> Asker:
    return Asker(town.workspace(w), role, "operator-one")


def report(town: Town, days: int = 7, w: str = "infinity") -> VisitReport:
    found = visit_report(asker(town, w=w), Period.latest(days))
    assert not isinstance(found, Withheld)
    return found


def test_a_workspace_where_nothing_happened_has_a_report_of_zeros(town: Town) -> None:
    found = report(town)
    assert (found.totals.visits, found.totals.people, found.totals.views, found.totals.anonymous) == (0, 0, 0, 0)
    assert [day.visits for day in found.by_day] == [0] * 7
    assert found.sources == found.pages == found.exits == ()


def test_a_visit_ends_after_half_an_hour_of_silence_and_not_before(town: Town) -> None:
    town.view("ada-ada-ada", "/", GOOGLE)
    town.clock.forward(minutes=29)
    town.view("ada-ada-ada", "/pricing", OWN)
    assert report(town).totals.visits == 1
    town.clock.forward(minutes=31)
    town.view("ada-ada-ada", "/product", OWN)
    found = report(town)
    assert (found.totals.visits, found.totals.people, found.totals.views) == (2, 1, 3)


def test_a_later_visit_that_begins_inside_the_site_keeps_its_persons_source(town: Town) -> None:
    town.view("ada-ada-ada", "/?utm_source=News&utm_medium=email&utm_campaign=autumn", GOOGLE)
    town.clock.forward(hours=2)
    town.view("ada-ada-ada", "/pricing", OWN)
    found = report(town)
    assert found.sources == (Share("news", 2, 1),)
    assert found.mediums == (Share("email", 2, 1),)
    assert found.campaigns == (Share("autumn", 2, 1),)
    assert found.landings == (Share("/", 1, 1), Share("/pricing", 1, 1))


def test_a_new_source_without_campaign_does_not_inherit_the_old_campaign(town: Town) -> None:
    town.view("ada-ada-ada", "/?utm_source=news&utm_medium=email&utm_campaign=autumn")
    town.clock.forward(hours=2)
    town.view("ada-ada-ada", "/", GOOGLE)
    found = report(town)
    assert found.campaigns == (Share("autumn", 1, 1),)
    assert {share.name for share in found.sources} == {"news", "google"}


def test_who_was_not_asked_where_the_law_asks_first_counts_in_views_and_in_nothing_else(town: Town) -> None:
    town.view("ada-ada-ada", "/pricing", GOOGLE, zone=LOS_ANGELES)
    town.view("cleo-cleo-c", "/pricing", GOOGLE, zone=BERLIN)
    town.view(None, "/product", zone=BERLIN)
    found = report(town)
    assert (found.totals.visits, found.totals.people, found.totals.views, found.totals.anonymous) == (1, 1, 1, 2)
    assert found.pages == (Use("/pricing", 1, 1, None), Use("/product", 0, 0, None))
    assert found.sources == (Share("google", 1, 1),)
    assert sum(found.by_hour) == 1


def test_views_without_a_person_are_shown_by_page_and_day_when_there_are_enough_of_them(town: Town) -> None:
    for _ in range(6):
        town.view(None, "/pricing", zone=BERLIN)
    for _ in range(5):
        town.view(None, "/", zone=BERLIN)
    found = report(town)
    assert found.pages == (Use("/pricing", 0, 0, 6), Use("/", 0, 0, 5))
    assert found.by_day[-1].anonymous == 11
    town.view(None, "/product", zone=BERLIN)
    found = report(town)
    assert found.totals.anonymous == 12
    assert {page.name: page.anonymous for page in found.pages} == {"/pricing": 6, "/": None, "/product": None}  # the total would tell


def test_whoever_says_no_is_gone_from_every_figure_at_once(town: Town) -> None:
    for who in ("ada-ada-ada", "ben-ben-ben"):
        town.view(who, "/pricing", GOOGLE)
        town.follow(who, "example.org")
    assert report(town).totals.people == 2
    town.say("ben-ben-ben", {"site-analytics": State.OBJECTED})
    found = report(town)
    assert (found.totals.people, found.totals.visits, found.totals.views, found.clicks) == (1, 1, 1, 1)
    assert found.exits == (Use("example.org", 1, 1, 0),)


def test_links_that_leave_features_and_devices_are_counted(town: Town) -> None:
    town.view("ada-ada-ada", "/", agent="phone")
    town.follow("ada-ada-ada", "example.org")
    town.follow("ada-ada-ada", "www.infinity.example", external=False)
    town.use("ada-ada-ada", "search")
    found = report(town)
    assert found.exits == (Use("example.org", 1, 1, 0),)
    assert found.clicks == 2
    assert found.features == (Use("search", 1, 1, 0),)
    assert found.systems == (Share("iOS", 1, 1),)
    assert [share.name for share in found.devices] == ["phone"]


def test_the_period_before_is_compared_and_never_mixed_in(town: Town) -> None:
    town.view("ada-ada-ada", "/")
    town.clock.forward(days=7)
    town.view("ben-ben-ben", "/")
    town.view("dov-dov-dov", "/")
    found = report(town)
    assert (found.totals.visits, found.before.visits) == (2, 1)
    assert (found.totals.people, found.before.people) == (2, 1)
    assert [day.visits for day in found.by_day] == [0, 0, 0, 0, 0, 0, 2]


def test_settling_into_files_changes_no_figure(town: Town) -> None:
    town.view("ada-ada-ada", "/", GOOGLE)
    town.view("cleo-cleo-c", "/", zone=BERLIN)
    town.clock.forward(minutes=40)
    town.view("ada-ada-ada", "/pricing", OWN)
    before = report(town)
    town.workspace().lake.settle()
    assert report(town) == before


def test_a_role_without_the_purpose_gets_the_reason_and_not_the_figures(town: Town) -> None:
    found = visit_report(asker(town, role="support"), Period.latest(7))
    assert isinstance(found, Withheld)
    assert found.reason is Reason.ROLE_NOT_ALLOWED


def test_one_business_never_sees_anothers_visits(town: Town) -> None:
    town.view("ada-ada-ada", "/", w="infinity")
    assert report(town, w="harbour").totals.visits == 0
    town.view("ben-ben-ben", "/", w="harbour")
    assert (report(town, w="harbour").totals.visits, report(town, w="infinity").totals.visits) == (1, 1)


people = st.sampled_from(["ada-ada-ada", "ben-ben-ben", "dov-dov-dov"])
moves = st.lists(st.tuples(people, st.sampled_from([1, 25, 40, 60 * 20]), st.sampled_from(["/", "/pricing"])), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for many examples, each three weeks after the last."""
    with town_in(tmp_path_factory.mktemp("town"), datetime(2026, 10, 3, 9, 0, tzinfo=UTC)) as made:
        yield made


@settings(max_examples=12, deadline=None)
@given(moves)
def test_visits_people_and_views_are_those_of_a_plain_recount(lasting: Town, steps: list[tuple[str, int, str]]) -> None:
    lasting.clock.forward(days=21)
    seen: dict[str, list[datetime]] = defaultdict(list)
    for name, minutes, path in steps:
        lasting.clock.forward(minutes=minutes)
        lasting.view(name, path)  # the same people come back weeks later, which begins a visit too
        seen[name].append(lasting.clock.at)
    period = Period.latest(7)
    found = report(lasting)
    begun = [at for times in seen.values() for n, at in enumerate(times) if n == 0 or at - times[n - 1] > timedelta(minutes=30)]
    shown = [at for at in begun if _day(at) in period.days]
    views = [at for times in seen.values() for at in times if _day(at) in period.days]
    people = {who for who, times in seen.items() if any(_day(at) in period.days for at in times)}
    assert (found.totals.visits, found.totals.views, found.totals.people) == (len(shown), len(views), len(people))
    assert sum(share.visits for share in found.landings) == len(shown)


def _day(at: datetime) -> int:
    return day_of((at - EPOCH) // timedelta(microseconds=1))
