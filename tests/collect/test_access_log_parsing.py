"""Is each line of an access log read as written, and is what became of it what the rules say?

The recount below was written from the rules in `access_log`'s docstring alone. It imports neither that
module's classification nor ua-parser: it knows a robot by a short list of words of its own, found by reading
the agents of this one log, and so it holds for this log only.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from timeit import repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from troth.base.errors import Fault
from troth.collect.access_log import BadLine, LogLine, Outcome, Reason, parse, shift, what_became

WHOLE = Path(__file__).parents[2].parent / "shared" / "data" / "web" / "apache_access.log"
SAMPLE = Path(__file__).parent / "data" / "access_sample.log"

COMMON = '198.18.0.1 - - [17/May/2015:10:05:03 +0000] "GET /blog HTTP/1.1" 200 203'
CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36"
COMBINED = f'{COMMON} "http://news.example/" "{CHROME}"'

ROBOT = re.compile(
    r"bot|spider|slurp|feed|rss/|reader|newsify|reeder|\+http|@|wget/|curl/|python|ruby|libfetch|libwww-perl|nutch|"
    r"http_request2|phantomjs|xenu|validator|discovery|indy|daumoa|genieo|distilator|liferea|google favicon|preview",
    re.IGNORECASE,
)
ENDINGS = (
    "css|js|mjs|map|wasm|json|xml|xsl|rss|atom|webmanifest|png|jpe?g|gif|svg|ico|webp|avif|bmp|tiff?|cur|woff2?|ttf|otf|"
    "eot|mp[34]|m4[av]|og[gv]|wav|webm|avi|mov|swf|flv|pdf|zip|gz|tgz|bz2|xz|7z|rar|tar|jar|war|rpm|deb|apk|dmg|exe|msi|iso|bin"
)
ASSET = re.compile(
    rf"[^?#]*\.(?:{ENDINGS})(?:[?#].*)?"
    r"|/(?:robots|ads|app-ads|humans|security)\.txt(?:[?#].*)?"
    r"|/(?:css|js|img|images|fonts|static|assets|_next|wp-includes|cdn-cgi|\.well-known)/[^?#].*",
    re.IGNORECASE | re.DOTALL,
)


def recount(text: str) -> str:
    quoted = text.split('"')
    if len(quoted) != 7:
        return "malformed"
    method, target, _ = quoted[1].split(" ")
    if ASSET.fullmatch(target):
        return "asset"
    if quoted[5] in ("", "-") or ROBOT.search(quoted[5]):
        return "robot"
    if method != "GET":
        return "not-a-page:method"
    status = quoted[2].split()[0]
    if status[0] != "2" and status != "304":
        return "not-a-page:status"
    return "page-view"


def outcome_of(text: str) -> Outcome:
    try:
        return what_became(parse(text))
    except BadLine as bad:
        return what_became(bad)


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_what_became_of_every_line_equals_an_independent_recount() -> None:
    lines = lines_of(WHOLE if WHOLE.exists() else SAMPLE)
    differing = [text for text in lines if outcome_of(text) != recount(text)]
    assert differing == []
    assert len(lines) == (10_000 if WHOLE.exists() else 400)


def test_the_sample_holds_every_outcome() -> None:
    found = Counter(outcome_of(text) for text in lines_of(SAMPLE))
    assert set(found) == set(Outcome)
    assert sum(found.values()) == 400


@pytest.mark.skipif(not WHOLE.exists(), reason="the whole log is not beside the repository")
def test_the_whole_log_has_the_funnel_that_the_guide_states() -> None:
    found = Counter(str(outcome_of(text)) for text in lines_of(WHOLE))
    assert found == {
        "asset": 5_812,
        "robot": 2_443,
        "page-view": 1_638,
        "not-a-page:status": 93,
        "not-a-page:method": 13,
        "malformed": 1,
    }


def test_a_combined_line_is_read_whole() -> None:
    at = datetime(2015, 5, 17, 10, 5, 3, tzinfo=UTC)
    assert parse(COMBINED) == LogLine("198.18.0.1", at, "GET", "/blog", 200, 203, "http://news.example/", CHROME)


def test_a_common_line_has_neither_referrer_nor_agent_and_may_be_a_page_view() -> None:
    line = parse(COMMON)
    assert (line.referrer, line.agent) == (None, None)
    assert what_became(line) is Outcome.PAGE_VIEW


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_end_makes_no_difference(end: str) -> None:
    assert parse(COMBINED + end) == parse(COMBINED)


def test_a_dash_is_nothing() -> None:
    line = parse(COMMON.replace(" 203", " -") + ' "-" "-"')
    assert (line.size, line.referrer, line.agent) == (0, None, "")


def test_the_time_is_turned_into_utc() -> None:
    at = parse(COMBINED.replace("+0000", "+0530")).at
    assert at == datetime(2015, 5, 17, 4, 35, 3, tzinfo=UTC)
    assert at.utcoffset() == timedelta(0)


def test_a_leap_second_counts_as_the_second_before() -> None:
    assert parse(COMBINED.replace("10:05:03", "23:59:60")).at.second == 59


def test_quotes_and_backslashes_inside_a_quoted_part_are_read_back() -> None:
    line = parse(COMMON + r' "http://a.example/\"x\"" "Mozilla \\ \x07"')
    assert (line.referrer, line.agent) == ('http://a.example/"x"', r"Mozilla \ \x07")


def test_an_ipv6_client_and_a_named_account_are_read() -> None:
    assert parse(COMBINED.replace("198.18.0.1 - -", "2001:db8::1 - Ada Lovelace")).address == "2001:db8::1"


BAD = {
    "": Reason.EMPTY,
    " \n": Reason.EMPTY,
    "hello": Reason.NOT_A_LOG_LINE,
    COMBINED[:-1]: Reason.NOT_A_LOG_LINE,
    COMBINED + " extra": Reason.NOT_A_LOG_LINE,
    COMMON + ' "-"': Reason.NOT_A_LOG_LINE,
    COMBINED.replace(" 200 ", " 999 "): Reason.NOT_A_LOG_LINE,
    COMBINED.replace(" 200 ", " ٢٠٠ "): Reason.NOT_A_LOG_LINE,
    COMBINED.replace(" 203 ", " -203 "): Reason.NOT_A_LOG_LINE,
    COMBINED.replace("17/May", "32/May"): Reason.BAD_INSTANT,
    COMBINED.replace("17/May", "17/Mai"): Reason.BAD_INSTANT,
    COMBINED.replace("+0000", "+9900"): Reason.BAD_INSTANT,
    COMBINED.replace("17/May/2015:10:05:03 +0000", "01/Jan/0001:00:00:00 +1200"): Reason.BAD_INSTANT,
    COMBINED.replace("17/May/2015:10:05:03 +0000", "2015-05-17T10:05:03Z"): Reason.BAD_INSTANT,
    COMBINED.replace("GET /blog HTTP/1.1", "-"): Reason.BAD_REQUEST_LINE,
    COMBINED.replace("GET /blog HTTP/1.1", r"\x16\x03\x01"): Reason.BAD_REQUEST_LINE,
    COMBINED.replace("GET /blog HTTP/1.1", "GET /blog"): Reason.BAD_REQUEST_LINE,
    COMBINED.replace("GET /blog HTTP/1.1", "GET  HTTP/1.1"): Reason.BAD_REQUEST_LINE,
    COMBINED.replace(CHROME, "x" * 1_000_000): Reason.TOO_LONG,
}


@pytest.mark.parametrize(("text", "reason"), BAD.items(), ids=range(len(BAD)))
def test_a_line_that_cannot_be_read_says_why_and_not_what(text: str, reason: Reason) -> None:
    with pytest.raises(BadLine) as caught:
        parse(text)
    assert caught.value.reason is reason
    assert caught.value.code == f"log-line-{reason}"
    assert "198.18" not in str(caught.value)
    assert what_became(caught.value) is Outcome.MALFORMED


def test_every_reason_for_a_bad_line_is_tested() -> None:
    assert set(BAD.values()) == set(Reason)


@pytest.mark.parametrize(
    ("method", "target", "status", "agent", "expected"),
    [
        ("GET", "/blog", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/blog", 304, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/notes.txt", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/page.css/", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/css", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/images/", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/blog?file=a.css", 200, CHROME, Outcome.PAGE_VIEW),
        ("GET", "/a.css", 404, "Googlebot/2.1", Outcome.ASSET),
        ("GET", "/A.CSS?v=3", 200, CHROME, Outcome.ASSET),
        ("GET", "/logo.png#top", 200, CHROME, Outcome.ASSET),
        ("GET", "/robots.txt", 200, CHROME, Outcome.ASSET),
        ("GET", "/static/font", 200, CHROME, Outcome.ASSET),
        ("POST", "/blog", 500, "Googlebot/2.1", Outcome.ROBOT),
        ("GET", "/blog", 200, "", Outcome.ROBOT),
        ("HEAD", "/blog", 500, CHROME, Outcome.OTHER_METHOD),
        ("OPTIONS", "*", 200, CHROME, Outcome.OTHER_METHOD),
        ("GET", "/blog", 301, CHROME, Outcome.OTHER_STATUS),
        ("GET", "/blog", 404, CHROME, Outcome.OTHER_STATUS),
    ],
)
def test_the_first_rule_that_fits_wins(method: str, target: str, status: int, agent: str, expected: Outcome) -> None:
    at = datetime(2015, 5, 17, tzinfo=UTC)
    assert what_became(LogLine("198.18.0.1", at, method, target, status, 0, None, agent)) is expected


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from([*COMBINED.split(" "), '"', "\\", "[", "]", ""]), max_size=20).map(" ".join)
)
def test_reading_a_line_gives_a_line_or_a_reason_and_nothing_else(text: str) -> None:
    assert outcome_of(text) in Outcome


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80))
def test_an_agent_written_with_escapes_is_read_back(agent: str) -> None:
    written = agent.replace("\\", "\\\\").replace('"', '\\"')
    expected = "" if agent == "-" else agent
    assert parse(f'{COMMON} "-" "{written}"').agent == expected


NEWEST = datetime(2015, 5, 20, 21, 5, 15, tzinfo=UTC)
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("keep", NEWEST),
        ("now", NOW),
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, 0, tzinfo=UTC)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8, 0, tzinfo=UTC)),
        ("90d", NEWEST + timedelta(days=90)),
        ("-2h", NEWEST - timedelta(hours=2)),
    ],
)
def test_the_newest_line_falls_where_the_option_says(option: str, expected: datetime) -> None:
    assert NEWEST + shift(NEWEST, option, NOW) == expected


@pytest.mark.parametrize("option", ["", "soon", "2026-13-01", "2026-03-01T10:00:00", "2026-03-01", "d", "1y"])
def test_an_option_that_is_no_shift_is_refused(option: str) -> None:
    with pytest.raises(Fault) as caught:
        shift(NEWEST, option, NOW)
    assert caught.value.code == "bad-shift"


def test_a_line_is_read_in_well_under_a_hundred_microseconds() -> None:
    # The aim is twenty microseconds; the margin is for a busy machine.
    assert min(repeat(lambda: parse(COMBINED), number=500, repeat=5)) / 500 < 100e-6


def test_a_hostile_line_costs_no_more_than_its_length() -> None:
    hostile = COMMON + ' "' + "\\a" * 30_000
    assert min(repeat(lambda: outcome_of(hostile), number=1, repeat=3)) < 0.25
