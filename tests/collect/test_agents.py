"""Does `recognise` know people from robots, and say nothing that is not on its lists?"""

from __future__ import annotations

from timeit import repeat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from troth.collect import agents
from troth.collect.agents import Agent, recognise

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) "
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
HEADLESS = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36"
)

PEOPLE = {
    WINDOWS + "Chrome/126.0.0.0 Safari/537.36": ("Chrome", "126", "Windows", "desktop"),
    WINDOWS + "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0": ("Edge", "126", "Windows", "desktop"),
    WINDOWS + "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0": ("Opera", "112", "Windows", "desktop"),
    ANDROID + "Chrome/126.0.0.0 Mobile Safari/537.36": ("Chrome", "126", "Android", "phone"),
    ANDROID + "Chrome/126.0.0.0 Safari/537.36": ("Chrome", "126", "Android", "tablet"),
    ANDROID + "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile": ("Samsung Internet", "25", "Android", "phone"),
    IPHONE + "Version/17.2 Mobile/15E148 Safari/604.1": ("Safari", "17", "iOS", "phone"),
    IPHONE + "CriOS/126.0.6478.35 Mobile/15E148 Safari/604.1": ("Chrome", "126", "iOS", "phone"),
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 "
    "Safari/604.1": ("Safari", "16", "iOS", "tablet"),
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
    "Safari/605.1.15": ("Safari", "17", "macOS", "desktop"),
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0": (
        "Firefox", "127", "Linux", "desktop",
    ),
    "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0": ("Firefox", "127", "Android", "phone"),
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36": (
        "Chrome", "126", "Chrome OS", "desktop",
    ),
    "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko": (
        "Internet Explorer", "11", "Windows", "desktop",
    ),
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 5.0) AppleWebKit/538.1 (KHTML, like Gecko) Version/5.0 TV Safari/538.1": (
        "Safari", "5", "Tizen", "other",
    ),
}  # fmt: skip

ROBOTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "Googlebot",
    IPHONE
    + "Version/6.0 Mobile Safari/8536.25 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": "Googlebot",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)": "OpenAI",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0)": "Anthropic",
    "Feedly/1.0 (+http://www.feedly.com/fetcher.html; like FeedFetcher-Google)": "Feedly",
    "Tiny Tiny RSS/1.11 (http://tt-rss.org/)": "Tiny Tiny RSS",
    "Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)": "UptimeRobot",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": "facebookexternalhit",
    "WhatsApp/2.23.20.0": "WhatsApp",
    "curl/8.5.0": "curl",
    "Wget/1.21.4": "Wget",
    "python-requests/2.32.3": "python-requests",
    "Python/3.11 aiohttp/3.9.5": "Python",
    "Go-http-client/2.0": "Go-http-client",
    "Java/17.0.2": "Java",
    "okhttp/4.12.0": "Java",
    "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)": "JavaScript library",
    "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/534.34 (KHTML, like Gecko) PhantomJS/1.9.2": "browser automation",
    "portwatch/0.1 (https://watch.example/about)": "unnamed robot",
    "Mozilla/5.0 (compatible; AdaLovelaceBot/9.1)": "unnamed robot",
    "Ada Lovelace Crawler": "unnamed robot",
    "Mozilla/5.0 (compatible; Genieo/1.0 http://www.genieo.com/webfilter.html)": "unnamed robot",
    HEADLESS: "HeadlessChrome",
}

hostile = st.one_of(
    st.text(max_size=300),
    st.lists(
        st.sampled_from(
            ["Mozilla/5.0 (", "Android", "Chrome/", "Mobile", "ada@lovelace.example", "bot", "\x00", "\r\n", "9" * 20]
        )
        | st.text(max_size=5),
        max_size=12,
    ).map(" ".join),
)


def on_the_lists(agent: Agent) -> bool:
    major = agent.browser_major
    return (
        agent.browser in agents.BROWSERS
        and (major == "unknown" or (major.isascii() and major.isdigit() and len(major) <= 3))
        and agent.os in agents.SYSTEMS
        and agent.device in agents.DEVICES
        and (agent.robot is None or agent.robot in agents.ROBOTS)
    )


@pytest.mark.parametrize(("text", "expected"), PEOPLE.items())
def test_a_persons_browser_is_named_by_family_major_system_and_device(text: str, expected: tuple[str, ...]) -> None:
    found = recognise(text)
    assert (found.browser, found.browser_major, found.os, found.device, found.robot) == (*expected, None)


@pytest.mark.parametrize(("text", "name"), ROBOTS.items())
def test_a_robot_is_named_and_nothing_else_is_said_of_it(text: str, name: str) -> None:
    assert recognise(text) == Agent("unknown", "unknown", "unknown", "other", name)


@pytest.mark.parametrize("phone", ["CUBOT X19", "CUBOT_NOTE_7", "cubot"])
def test_a_cubot_phone_is_not_taken_for_a_bot(phone: str) -> None:
    text = f"Mozilla/5.0 (Linux; Android 9; {phone}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0.0.0 Mobile"
    assert recognise(text).robot is None
    assert recognise(text).device == "phone"


def test_the_silk_browser_is_not_taken_for_a_robot() -> None:
    text = (
        "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/120.1.1 like Chrome/120.0"
    )
    assert recognise(text) == Agent("Amazon Silk", "120", "Android", "tablet", None)


def test_headless_chromium_is_a_robot_unless_the_caller_says_otherwise() -> None:
    assert recognise(HEADLESS).robot == "HeadlessChrome"
    assert recognise(HEADLESS, headless_is_robot=False) == Agent("Chrome", "120", "Linux", "desktop", None)
    assert recognise("Googlebot/2.1 HeadlessChrome/120", headless_is_robot=False).robot == "Googlebot"


@pytest.mark.parametrize(
    "text", ["", " ", "-", "&as_qdr=all", "Mozilla/5.0", "\x00\x01", "<script>alert(1)</script>", "\ud800"]
)
def test_what_says_nothing_is_unknown_and_not_a_robot(text: str) -> None:
    assert recognise(text) == Agent("unknown", "unknown", "unknown", "other", None)


def test_a_name_made_up_by_the_visitor_never_comes_out() -> None:
    for text in (
        "AdaLovelace/5 CFNetwork/673 Darwin/13",
        "ada_lovelace_bot/3",
        "Mozilla/5.0 (Linux; Android 9; Ada's phone) Ada/7",
    ):
        assert "ada" not in repr(recognise(text)).lower()


def test_an_agent_is_read_to_1024_characters_only() -> None:
    chrome = WINDOWS + "Chrome/126.0.0.0 Safari/537.36"
    assert recognise(chrome + "x" * 1_000_000).browser == "Chrome"
    assert recognise(chrome.ljust(1_024) + "Googlebot/2.1").robot is None
    assert recognise("x" * 1_000_000 + chrome).browser == "unknown"


def test_the_memory_is_bounded_in_number_and_in_length() -> None:
    agents._recognise.cache_clear()
    first, second = "Q" * 1_024 + "a" * 10_000, "Q" * 1_024 + "b" * 10_000
    recognise(first)
    recognise(second)
    assert agents._recognise.cache_info().currsize == 1
    assert agents._recognise.cache_info().maxsize == agents.REMEMBERED


@given(hostile, st.booleans())
@example("Mozilla/5.0 (Windows NT 10.0) Firefox/٣٤", True)
@example("Chrome/99999999999999999999.0", True)
def test_it_never_raises_and_stays_on_its_lists(text: str, headless_is_robot: bool) -> None:
    assert on_the_lists(recognise(text, headless_is_robot=headless_is_robot))


def test_the_lists_themselves_hold_no_control_characters() -> None:
    for word in agents.BROWSERS | agents.SYSTEMS | agents.DEVICES | agents.ROBOTS:
        assert word.isprintable()


def test_an_agent_seen_before_costs_well_under_five_microseconds() -> None:
    text = next(iter(PEOPLE))
    recognise(text)
    # The aim is one microsecond; the margin is for a busy machine.
    assert min(repeat(lambda: recognise(text), number=2_000, repeat=5)) / 2_000 < 5e-6
