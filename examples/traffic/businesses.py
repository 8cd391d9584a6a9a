"""Who visits the example sites, from where, and what do they look at? Tables for `story`; everybody in them is made up.

Numbers come from the ranges that regulators reserve for fiction, names of hosts end in `.example` where they are ours.
Source: Ofcom "Telephone numbers for drama"; NANPA 555-0100 to 555-0199; Arcep's numbers for audiovisual works
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Weights = Mapping[str, float]
LEAVE = ""  # the next page of somebody who leaves


@dataclass(frozen=True)
class Source:
    """Where visits come from: what the browser says, how many of them, where they land, how readily they call."""

    name: str
    weight: float
    referrer: str
    query: str
    landings: Weights
    calls: float


@dataclass(frozen=True)
class Business:
    """One site: from each page to the next, and how much of everything happens in a month."""

    workspace: str
    zones: Weights
    titles: Mapping[str, str]
    following: Mapping[str, Weights]
    sources: tuple[Source, ...]
    joined: int  # calls by visitors whose visits may be put together with calls
    unjoined: int  # calls of people who said no, or who read the number elsewhere
    live: int = 0  # of the joined ones, how many ring while the traffic is replayed, at a number lent just now
    writes: float = 0.0  # how often somebody on the contact page writes
    features: Weights | None = None
    comments: tuple[tuple[str, str, str], ...] = ()  # article, name, words
    customers: tuple[tuple[str, str], ...] = ()  # name, company


@dataclass(frozen=True)
class Zone:
    """`prefix`: how a telephone number of somebody there begins, to which `digits` digits are added."""

    name: str
    prefix: str
    digits: int


ZONES = {
    zone.name: zone
    for zone in (
        Zone("Europe/London", "+447700900", 3),
        Zone("Europe/Dublin", "+447700900", 3),
        Zone("Europe/Paris", "+3363998", 4),
        Zone("Europe/Berlin", "+447700900", 3),
        Zone("America/Los_Angeles", "+121355501", 2),
        Zone("America/New_York", "+121255501", 2),
    )
}

AGENTS: Weights = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36": 30,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1": 22,
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36": 18,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15": 12,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0": 8,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0": 8,
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0": 2,
}
ROBOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
)
NAMES = (
    "Amara Okafor", "Ben Lister", "Chloe Marsh", "Dylan Reyes", "Elin Strand", "Farah Aziz", "Gareth Pugh", "Hana Novak", "Imogen Vale",
    "Jonas Weber", "Keira Doyle", "Luca Ferri", "Maya Patel", "Noah Quist", "Orla Byrne", "Priya Shah", "Quentin Roy", "Rosa Lind",
)  # fmt: skip
SEARCH, LETTER, FACES = "https://www.google.com/", "?utm_source=newsletter&utm_medium=email&utm_campaign=autumn-letter", "https://www.facebook.com/"
AD = "?utm_source=bing&utm_medium=cpc&utm_campaign="

INFINITY = Business(
    "infinity",
    {"Europe/London": 50, "America/Los_Angeles": 18, "America/New_York": 9, "Europe/Berlin": 9, "Europe/Paris": 8, "Europe/Dublin": 6},
    {"/": "Infinity", "/product": "Product", "/pricing": "Pricing", "/blog": "Blog", "/blog/asking-first": "What changes when you ask first",
     "/blog/the-quiet-page": "The quiet page that makes the telephone ring", "/contact": "Contact", "/account": "Account"},
    {
        "/": {"/product": 34, "/pricing": 22, "/blog": 8, "/contact": 5, LEAVE: 31},
        "/product": {"/pricing": 44, "/contact": 9, "/blog": 4, "/": 5, LEAVE: 38},
        "/pricing": {"/contact": 24, "/product": 14, LEAVE: 62},
        "/blog": {"/blog/the-quiet-page": 38, "/blog/asking-first": 34, LEAVE: 28},
        "/blog/asking-first": {"/product": 17, "/pricing": 8, LEAVE: 75},
        "/blog/the-quiet-page": {"/product": 26, "/pricing": 11, LEAVE: 63},
        "/contact": {"/pricing": 12, LEAVE: 88},
        "/account": {LEAVE: 100},
    },
    (
        Source("google", 30, SEARCH, "", {"/": 5, "/product": 3, "/blog/the-quiet-page": 3, "/blog/asking-first": 2, "/pricing": 1}, 0.8),
        Source("direct", 19, "", "", {"/": 7, "/pricing": 2, "/account": 1}, 0.7),
        Source("newsletter", 14, "", LETTER, {"/blog/the-quiet-page": 4, "/blog/asking-first": 3, "/pricing": 1}, 1.1),
        Source("bing", 12, "https://www.bing.com/", AD + "call-tracking", {"/product": 4, "/pricing": 3}, 1.8),
        Source("facebook", 9, FACES, "", {"/": 2, "/blog/the-quiet-page": 3}, 0.2),
        Source("partner", 7, "https://trade-weekly.example/reviews", "", {"/product": 3, "/pricing": 2}, 1.5),
        Source("directory", 4, "https://directory.example/telephony", "", {"/": 1, "/pricing": 1}, 1.2),
        Source("linkedin", 3, "https://www.linkedin.com/", "", {"/blog/asking-first": 2, "/": 1}, 0.4),
        Source("assistant", 2, "https://chatgpt.com/", "", {"/product": 1, "/pricing": 1}, 1.0),
    ),
    joined=26, unjoined=10, live=3, writes=0.32, features={"savings-sum": 3, "call-sample": 1},
    comments=(
        ("/blog/the-quiet-page", "Maya", "We moved our number to the quiet page last spring. It rings more, and for the right reasons."),
        ("/blog/the-quiet-page", "Gareth", "Does this hold for shops that take orders by telephone all day?"),
        ("/blog/asking-first", "Elin", "Fewer people say yes, but I believe the figures now."),
        ("/blog/asking-first", "Noah", "Our lawyer liked this one. So did our designer, which is rarer."),
    ),
    customers=(("Priya Shah", "Lantern Foods"), ("Jonas Weber", "Weber & Kind"), ("Orla Byrne", "Byrne Lettings"), ("Rosa Lind", "Lind Optik"),
               ("Dylan Reyes", "Reyes Roofing"), ("Hana Novak", "Novak Travel"), ("Luca Ferri", "Ferri Cycles"), ("Keira Doyle", "Doyle Legal")),
)  # fmt: skip

HARBOUR = Business(
    "harbour",
    {"Europe/London": 84, "Europe/Dublin": 6, "Europe/Paris": 5, "America/Los_Angeles": 5},
    {"/": "Repairs and hire by the water", "/hire": "Hire", "/workshop": "Workshop", "/contact": "Contact"},
    {
        "/": {"/workshop": 34, "/hire": 26, "/contact": 6, LEAVE: 34},
        "/workshop": {"/contact": 22, "/hire": 8, LEAVE: 70},
        "/hire": {"/contact": 28, "/": 6, LEAVE: 66},
        "/contact": {LEAVE: 100},
    },
    (
        Source("google", 46, SEARCH, "", {"/": 4, "/workshop": 5, "/hire": 3}, 1.2),
        Source("direct", 22, "", "", {"/": 5, "/hire": 1}, 0.8),
        Source("facebook", 14, FACES, "", {"/": 2, "/hire": 2}, 0.4),
        Source("bing", 10, "https://www.bing.com/", AD + "summer-hire", {"/hire": 1}, 1.4),
        Source("partner", 8, "https://visit-the-quay.example/what-to-do", "", {"/hire": 3, "/": 1}, 0.9),
    ),
    joined=13, unjoined=5, live=1, writes=0.2,
)  # fmt: skip

ALDER = Business(
    "alder",
    {"Europe/London": 94, "Europe/Dublin": 3, "Europe/Paris": 3},
    {"/": "Alder Dental", "/treatments": "Treatments", "/prices": "Prices", "/contact": "Contact"},
    {
        "/": {"/treatments": 36, "/prices": 24, "/contact": 10, LEAVE: 30},
        "/treatments": {"/prices": 34, "/contact": 12, LEAVE: 54},
        "/prices": {"/contact": 30, LEAVE: 70},
        "/contact": {LEAVE: 100},
    },
    (
        Source("google", 56, SEARCH, "", {"/": 5, "/treatments": 3, "/prices": 2}, 1.0),
        Source("direct", 28, "", "", {"/": 4, "/contact": 1}, 1.0),
        Source("facebook", 6, FACES, "", {"/": 1}, 0.5),
        Source("partner", 10, "https://leeds-dentists.example/list", "", {"/": 1, "/prices": 1}, 1.0),
    ),
    joined=0, unjoined=6, writes=0.2,
)  # fmt: skip

BUSINESSES = {one.workspace: one for one in (INFINITY, HARBOUR, ALDER)}
