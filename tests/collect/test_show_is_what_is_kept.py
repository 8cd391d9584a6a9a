"""Is what `troth policy show` says what the running pipeline keeps? Random events and standings, compared row by row.

Nothing is faked but the time of day: messages go through the one writer into the journal, and the row is opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.keeping import Place, a_place, infinity_policy
from troth.base import clock
from troth.collect.ingest import Ingest
from troth.collect.messages import Message
from troth.collect.pipeline import Origin, Reader
from troth.consent.record import Evidence, State, Strength, record
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.gate.shown import Fate, Shown, Stored, show, standing_of
from troth.policy.model import Policy
from troth.store import journal
from troth.subjects import directory
from troth.subjects.directory import IdentifierKind, NewSubject

COUNTRIES = {"gdpr": "DE", "uk": "GB", "california": "US-CA", "elsewhere": "BR"}
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
INFINITY = infinity_policy()
EVENTS = sorted(id for id, event in INFINITY.events.items() if event.call)
number = count(1)


class Town:
    """A workspace with its writer."""

    def __init__(self, place: Place) -> None:
        self.place, self.ingest = place, Ingest(place.workspace)
        self.plan = Plan(place.workspace.policy)

    def keep(self, event: str, states: dict[str, State], regime: str) -> tuple[dict[str, Any], Any]:
        """Somebody new says these things, and one event of theirs comes in; the message's own items, and the answer."""
        account = f"account-{next(number)}"
        if states:
            with self.place.workspace.state.write() as conn:
                hashed = directory.hash_of(self.place.workspace.keys, IdentifierKind.ACCOUNT, account)
                ref = directory.create(conn, hashed, IdentifierKind.ACCOUNT, NewSubject(INFINITY.events[event].population, regime))
                evidence = Evidence(Strength.EXPLICIT, "centre", "1", "", regime)
                record(conn, self.place.workspace.log, ref, states, evidence, clock.now_micros())
        message = a_message(INFINITY, event, account, COUNTRIES[regime])
        origin = Origin(True, "203.0.113.9", AGENT, clock.now_micros())
        brought = dict(Reader(self.plan).read(message, origin).items)
        return brought, self.ingest.submit_and_wait([message], origin)

    def row(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The newest row of the journal: reference, clear items, sealed items with the retention rule that keeps them."""
        workspace = self.place.workspace
        with workspace.state.read() as conn:
            event, ref, clear, sealed = conn.exec_driver_sql("SELECT event, ref, clear, sealed FROM journal ORDER BY seq DESC LIMIT 1").one()
            opened = {}
            for keep, blob in msgspec.msgpack.decode(sealed):
                if keep:  # a row without sealed items holds random bytes under no rule, so that its commitment cannot be guessed
                    opened |= dict.fromkeys(msgspec.msgpack.decode(workspace.keys.open(ref, keep, event, blob)), keep)
        return ref, msgspec.json.decode(clear), opened


def a_message(policy: Policy, event: str, account: str, country: str) -> Message:
    """A message of this event that carries every item a sender can give."""
    given: dict[str, dict[str, Any]] = {"properties": {}, "traits": {}}
    for id in policy.events[event].items:
        item = policy.items[id]
        for path in item.at[:1]:
            group, _, name = path.partition(".")
            given[group][name] = "12" if item.values == "number" else f"{name}@x.example" if id.endswith("email") else "some words"
    page = {"url": "https://www.infinity.example/pricing?utm_source=news&utm_medium=email&utm_campaign=may", "title": "Pricing",
            "referrer": "https://news.example/today"}
    context = {"page": page, "userAgent": AGENT, "country": country, "consent": {"cookies": "accepted"}}
    declared = policy.events[event]
    return Message(type=declared.call, event=declared.name, user_id=account, anonymous_id=f"visitor-{account}", message_id=f"message-{account}",
                   context=context, **given)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with a_place(tmp_path_factory.mktemp("shown"), INFINITY) as place:
        built = Town(place)
        yield built
        built.ingest.close()


SAID = st.dictionaries(st.sampled_from(sorted(INFINITY.purposes)), st.sampled_from(list(State)), max_size=6)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(event=st.sampled_from(EVENTS), states=SAID, regime=st.sampled_from(sorted(COUNTRIES)))
def test_what_is_shown_is_what_is_kept(town: Town, event: str, states: dict[str, State], regime: str) -> None:
    shown = show(town.plan, event, standing_of(town.plan, event, states, regime), clock.now())
    brought, answer = town.keep(event, states, regime)
    match shown.stored:
        case Stored.NOTHING:
            assert (answer.stored, answer.anonymous, next(iter(answer.reasons))) == (0, 0, shown.reason)  # a join may be refused besides
        case Stored.REMAINDER:
            ref, clear, sealed = town.row()
            assert (answer.stored, answer.anonymous, ref, sealed) == (0, 1, 0, {})
            assert next(iter(answer.reasons)) == shown.reason
            assert set(clear) == in_the_clear(shown) & set(brought)
        case Stored.ALL:
            ref, clear, sealed = town.row()
            assert answer.stored == 1 and ref > 0
            assert set(clear) == in_the_clear(shown) & set(brought)
            assert sealed == {one.item: INFINITY.items[one.item].keep for one in shown.items if one.fate is Fate.SEALED and one.item in brought}


def in_the_clear(shown: Shown) -> set[str]:
    """The items that are said to be readable."""
    return {one.item for one in shown.items if one.fate in (Fate.CLEAR, Fate.COARSENED)}


def test_a_coarsened_item_is_stored_coarser_than_it_came(town: Town) -> None:
    shown = show(town.plan, "page-view", standing_of(town.plan, "page-view", {}, "elsewhere"), clock.now())
    assert {one.item for one in shown.items if one.fate is Fate.COARSENED} >= {"page.route", "referrer.host", "device.browser"}
    town.keep("page-view", {}, "elsewhere")
    _, clear, _ = town.row()
    assert (clear["page.route"], clear["referrer.host"], clear["device.browser"]) == ("/pricing", "news.example", "Chrome 120")


def test_the_reason_of_a_refused_purpose_is_the_gates_with_the_law_that_makes_it_stricter(town: Town) -> None:
    shown = show(town.plan, "page-view", standing_of(town.plan, "page-view", {"personalisation": State.WITHDRAWN}, "gdpr"), clock.now())
    by = {one.purpose: one for one in shown.purposes}
    assert (by["site-analytics"].reason, by["site-analytics"].law) == (Reason.NOT_ASKED, "European Union")
    assert by["personalisation"].reason is Reason.WITHDRAWN
    assert ("infinity-006", "§2(i) Site visitors") in by["site-analytics"].promises


def test_an_event_about_nobody_leaves_the_remainder_alone(town: Town) -> None:
    shown = show(town.plan, "page-view", standing_of(town.plan, "page-view", {}, "elsewhere", nobody=True), clock.now())
    assert (shown.stored, shown.reason, shown.when) == (Stored.REMAINDER, Reason.NO_SUBJECT, "the day alone")


def test_the_table_named_here_is_the_journal() -> None:
    assert {"event", "ref", "clear", "sealed"} <= set(journal.journal.c.keys())
