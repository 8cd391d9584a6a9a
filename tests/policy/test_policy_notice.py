"""Does the notice tell people all that is done, and nothing that is not? Golden texts are read as prose."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_edits import EXAMPLES, edited, entry, part, without

from troth.policy.model import Permission, Policy, Role
from troth.policy.notice import as_html, as_markdown, cookie_page, notice
from troth.policy.notice_record import record
from troth.policy.notice_short import short_notice
from troth.policy.parse import read_policy
from troth.policy.words import country, day, length, listed, small

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
SMALL = replace(INFINITY, promises=dict(list(INFINITY.promises.items())[:5]))
VERSIONS = "policy/versions"


@pytest.mark.parametrize("name", ["infinity", "cxinfinity", "infi", "infinext", "infisim", "harbour", "alder"])
def test_the_published_texts_read_well(name: str, golden: Callable[[str, str], None]) -> None:
    policy = read_policy(EXAMPLES / name / "policy.yaml")
    golden(f"notice-{name}.md", as_markdown(notice(policy, VERSIONS)))
    golden(f"cookies-{name}.md", as_markdown(cookie_page(policy)))
    golden(f"short-{name}.md", as_markdown(short_notice(policy)))
    golden(f"record-{name}.md", as_markdown(record(policy)))


@pytest.mark.parametrize("language", ["de", "en"])
def test_a_policy_reads_well_in_both_of_its_languages(language: str, golden: Callable[[str, str], None]) -> None:
    policy = read_policy(Path(__file__).parent / "speaking" / "baeckerei.yaml")
    texts = [notice(policy, VERSIONS, language=language), cookie_page(policy, language)]
    texts += [short_notice(policy, language=language), record(policy, (), language)]
    assert {text.language for text in texts} == {language} and {text.foreign for text in texts} == {""}
    golden(f"baeckerei-{language}.md", "\n".join(as_markdown(text) for text in texts))


def test_the_published_html_is_as_it_was(golden: Callable[[str, str], None]) -> None:
    golden("notice-infinity.html", as_html(notice(INFINITY, VERSIONS)))
    golden("cookies-infinity.html", as_html(cookie_page(INFINITY)))


def test_the_notice_names_every_purpose_item_recipient_and_right() -> None:
    text = as_markdown(notice(INFINITY, VERSIONS)).replace("\\", "").lower()
    for purpose in INFINITY.purposes.values():
        assert purpose.notice.lower() in text
    for item in INFINITY.items.values():
        assert item.label.lower() in text, item.id
    for recipient in INFINITY.recipients.values():
        assert recipient.label.lower() in text
        assert recipient.category.lower() in text
    for law in INFINITY.regimes.values():
        assert law.authority.lower() in text


def test_a_removed_purpose_leaves_the_notice_with_its_data() -> None:
    html = as_html(notice(without("purposes", "call-journey")(INFINITY), VERSIONS))
    assert 'data-purpose="call-journey"' in as_html(notice(INFINITY, VERSIONS))
    assert 'data-purpose="call-journey"' not in html
    assert INFINITY.purposes["call-journey"].notice not in html
    assert INFINITY.items["call.source"].label not in html
    assert INFINITY.items["call.caller"].label in html.replace("&#x27;", "'")


def test_readings_and_settings_stay_inside() -> None:
    text = as_markdown(notice(INFINITY, VERSIONS))
    for reading in INFINITY.readings.values():
        assert reading.chosen not in text


@pytest.mark.parametrize(("place", "last"), [("bottom", True), ("top", False), ("upper-right", False)])
def test_the_date_of_the_last_change_stands_where_the_policy_says(place: str, last: bool) -> None:
    html = as_html(notice(part("notice", date_at=place)(INFINITY), VERSIONS))
    assert html.count("Last changed on 21 September 2026") == 1
    assert (html.index("Last changed on") > html.index("</section>")) == last
    assert f'class="dated dated-{place}"' in html


def test_california_has_its_part_only_where_the_policy_covers_it() -> None:
    text = as_markdown(notice(INFINITY, VERSIONS))
    assert "## For people in California" in text
    assert INFINITY.notice.no_sale in text
    alder = read_policy(EXAMPLES / "alder" / "policy.yaml")
    assert "California" not in as_markdown(notice(alder, VERSIONS))


def test_what_one_can_say_depends_on_where_one_is() -> None:
    said = _told_of(INFINITY, "call-journey")
    assert "In the European Union and the United Kingdom we ask you first. Elsewhere you may say no at any time." in said
    asked = entry("purposes", "call-journey", permission=Permission.ASK_BEFORE)(INFINITY)
    assert "<dd>We ask you first.</dd>" in _told_of(asked, "call-journey")


def _told_of(policy: Policy, purpose: str) -> str:
    """What the notice says of one purpose."""
    part = re.search(f'data-purpose="{purpose}">.*?</section>', as_html(notice(policy, VERSIONS)), re.DOTALL)
    assert part
    return part.group()


def test_a_processor_says_that_it_acts_for_its_clients() -> None:
    us = replace(INFINITY.organisation, role=Role.PROCESSOR)
    assert "works with data on behalf of its clients" in as_markdown(notice(replace(INFINITY, organisation=us), VERSIONS))


def test_a_cookie_whose_purpose_is_gone_leaves_the_list() -> None:
    assert "troth_view" in as_html(cookie_page(INFINITY))
    assert "troth_view" not in as_html(cookie_page(without("purposes", "personalisation")(INFINITY)))


def test_a_recipient_whose_purposes_are_gone_leaves_the_notice() -> None:
    without_calls = without("purposes", "telephone")(INFINITY)
    assert "Call Carrier" in as_html(notice(INFINITY, VERSIONS))
    assert "Call Carrier" not in as_html(notice(without_calls, VERSIONS))


class _Balanced(HTMLParser):
    """Fails on anything but balanced, known tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = "article nav span header h1 h2 h3 footer section p ul li dl dt dd a div table caption thead tbody tr th td"
        assert tag in known.split(), tag
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@settings(max_examples=40, deadline=None)
@given(st.deferred(lambda: edited(SMALL)), st.text(max_size=40))
def test_no_word_of_a_policy_becomes_html(case: tuple[Policy, object], address: str) -> None:
    policy = part("notice", children='<script>alert("x")</script>')(case[0])
    for html in (as_html(notice(policy, address)), as_html(cookie_page(policy)), as_html(notice(policy, address, language="de"))):
        page = _Balanced()
        page.feed(html)
        assert page.open == []
        assert "<script" not in html


@pytest.mark.parametrize(("span", "words"), [
    (timedelta(days=395), "13 months"), (timedelta(days=730), "2 years"), (timedelta(days=90), "3 months"), (timedelta(days=365), "1 year"),
    (timedelta(days=2190), "6 years"), (timedelta(days=14), "2 weeks"), (timedelta(days=1), "1 day"), (timedelta(minutes=30), "30 minutes"),
    (timedelta(hours=36), "36 hours"), (timedelta(days=100), "100 days"), (timedelta(days=30), "1 month"), (None, "as long as it is needed"),
])
def test_durations_read_as_people_say_them(span: timedelta | None, words: str) -> None:
    assert length(span) == words


@given(st.integers(1, 20_000))
def test_a_duration_in_words_is_never_shorter_than_what_is_kept(days: int) -> None:
    count, unit = length(timedelta(days=days)).split()
    most = {"day": 1, "days": 1, "week": 7, "weeks": 7, "month": 30.4375, "months": 30.4375, "year": 365.25, "years": 365.25}[unit] * int(count)
    assert days <= int(most) + 1  # the longest run of so many months or years is a day above their mean
    assert days >= 0.97 * most


def test_lists_days_and_countries_are_said_plainly() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c", "a"]) == "a, b and c"
    assert day(date(2026, 10, 1)) == "1 October 2026"
    assert (country("US"), country("XX")) == ("the United States", "XX")
    assert (small("Taking calls"), small("GPS data")) == ("taking calls", "GPS data")
