"""Is the made-up month one that could have happened: nobody known without permission, nobody real, the same when told again?"""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.running import ROOT
from troth.collect.web import asking
from troth.policy.parse import read_policy

sys.path.insert(0, str(ROOT / "examples" / "traffic"))
import itertools

from businesses import BUSINESSES, ZONES
from story import Story, Terms, tell

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
NAMES = tuple(BUSINESSES)


def terms_of(name: str) -> Terms:
    policy = read_policy(ROOT / "examples" / name / "policy.yaml")
    return {zone: {one["id"]: one["mode"] for one in asking(policy, zone)["purposes"]} for zone in ZONES}


TERMS = {name: terms_of(name) for name in NAMES}


def story_of(name: str, visits: int = 120, seed: int = 3, now: datetime = NOW) -> Story:
    return tell(BUSINESSES[name], visits, TERMS[name], now, seed)


def test_the_same_seed_at_the_same_instant_tells_the_same_story() -> None:
    assert repr(story_of("infinity").calls) == repr(story_of("infinity").calls)
    assert repr(story_of("infinity").calls) != repr(story_of("infinity", seed=4).calls)


@settings(max_examples=15, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 999), hours=st.integers(0, 24 * 8))
def test_a_story_could_have_happened(name: str, seed: int, hours: int) -> None:
    now = NOW + timedelta(hours=hours)
    story = story_of(name, seed=seed, now=now)
    business, paths = BUSINESSES[name], read_policy(ROOT / "examples" / name / "policy.yaml").site.routes
    assert len(story.visits) == 120 and len(story.calls) == business.joined + business.unjoined
    for visit in story.visits:
        times = [page.at for page in visit.pages]
        assert times == sorted(times) and times[-1] < now and now - times[0] < timedelta(days=33)
        assert {page.path for page in visit.pages} <= set(paths)
        for page in visit.pages:
            if page.known:  # an id only under permission, before the answer or after it
                assert visit.person.has_id(answered=True) or visit.person.has_id(answered=False)
    for person in story.people:
        begins = [visit.pages[0].at for visit in person.visits]
        assert all(later - earlier > timedelta(minutes=30) for earlier, later in itertools.pairwise(begins))
    for call in story.calls:
        assert call.visit is None or call.at > call.visit.pages[0].at
    assert all(call.at < now + timedelta(hours=1) for call in story.calls)


def test_nobody_who_was_asked_first_and_did_not_agree_has_an_id() -> None:
    story = story_of("infinity", visits=400)
    strict = [person for person in story.people if set(person.terms.values()) == {"ask-before"} and "given" not in (person.choices or {}).values()]
    assert len(strict) > 20
    assert not any(page.known for person in strict for visit in person.visits for page in visit.pages)


def test_every_number_belongs_to_fiction_and_every_address_to_nobody() -> None:
    fiction = re.compile(r"\+447700900\d{3}|\+3363998\d{4}|\+1(212|213)55501\d{2}|")
    for name in NAMES:
        story = story_of(name, visits=300)
        assert all(fiction.fullmatch(call.caller) for call in story.calls)
        assert all(person.address.startswith("203.0.113.") for person in story.people)


@pytest.mark.parametrize("name", NAMES)
def test_callers_of_one_business_share_no_number(name: str) -> None:
    counts = Counter(person.caller for person in story_of(name, visits=200).people)
    assert max(counts.values()) == 1
