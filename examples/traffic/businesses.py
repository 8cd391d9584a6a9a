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
class Deed:
    """Something a business records so many times a month: an event with one of the values given for each field.

    `{n}`, `{name}`, `{email}` and `{phone}` are filled in. `customer`: it is told of an account. `agreed`: purposes said yes to with it.
    `call`: the message's type; one that is no `track` has no event of its own.
    """

    event: str
    times: int
    fields: Mapping[str, tuple[str, ...]]
    customer: bool = False
    agreed: tuple[str, ...] = ()
    call: str = "track"


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
    accounts: int = 0  # made-up ones that deeds are told of; else those of the customers
    deeds: tuple[Deed, ...] = ()
    chats: tuple[tuple[str, ...], ...] = ()  # conversations of just now: what one person writes


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

_WRITTEN, _CALLED = ("{name}",), ("{email}",)
_ARTICLES = ("quince jam", "rye loaf", "oat milk", "black tea", "sea salt")

INFI = Business(
    "infi",
    {"America/Los_Angeles": 46, "America/New_York": 30, "Europe/London": 10, "Europe/Berlin": 9, "Europe/Paris": 5},
    {"/": "Things for the counter", "/products": "Products", "/products/till": "The till", "/products/labels": "The labels",
     "/products/stockroom": "The stockroom", "/pricing": "Prices", "/order": "Order", "/texts": "News by text message", "/contact": "Help",
     "/account": "Account"},
    {
        "/": {"/products": 40, "/pricing": 20, "/contact": 4, LEAVE: 36},
        "/products": {"/products/till": 34, "/products/labels": 18, "/products/stockroom": 20, "/pricing": 8, LEAVE: 20},
        "/products/till": {"/order": 22, "/products/stockroom": 16, "/pricing": 12, LEAVE: 50},
        "/products/labels": {"/order": 16, "/products/till": 20, LEAVE: 64},
        "/products/stockroom": {"/order": 14, "/pricing": 24, LEAVE: 62},
        "/pricing": {"/order": 26, "/contact": 8, LEAVE: 66},
        "/order": {"/texts": 9, "/contact": 5, LEAVE: 86},
        "/texts": {LEAVE: 100},
        "/contact": {LEAVE: 100},
        "/account": {LEAVE: 100},
    },
    (
        Source("google", 38, SEARCH, "", {"/": 4, "/products/till": 4, "/products/labels": 2, "/pricing": 1}, 0.6),
        Source("direct", 22, "", "", {"/": 6, "/account": 2}, 0.8),
        Source("newsletter", 10, "", LETTER, {"/products/stockroom": 3, "/products": 1}, 0.6),
        Source("bing", 12, "https://www.bing.com/", AD + "small-till", {"/products/till": 3, "/": 1}, 1.0),
        Source("facebook", 8, FACES, "", {"/": 2, "/products/labels": 2}, 0.2),
        Source("partner", 10, "https://corner-stores.example/tools", "", {"/products": 2, "/products/stockroom": 1}, 0.9),
    ),
    joined=0, unjoined=14, writes=0.35, features={"till-price": 3, "stock-sum": 2},
    customers=(("Amara Okafor", "Okafor Grocers"), ("Ben Lister", "Lister Books"), ("Elin Strand", "Strand Flowers"), ("Luca Ferri", "Ferri Coffee"),
               ("Hana Novak", "Novak Bakery")),
    chats=(("Is the till loud?", "It would stand next to the cradle."), ("Where is my order? I was told Tuesday.",)),
    deeds=(
        Deed("Order Placed", 24, {"name": _WRITTEN, "email": _CALLED, "product_ordered": ("till", "till", "labels", "stockroom"),
                                  "quantity": ("1", "1", "2")}),
        Deed("Texts Requested", 14, {"phone": ("{phone}",), "agree": ("true",)}, agreed=("text-messages",)),
        Deed("Chat Message", 9, {"email": _CALLED, "chat": ("Is the till loud?", "Where is my order?", "Can I pay by invoice?")}),
        Deed("Email Opened", 26, {"email": _CALLED, "letter": ("october", "november")}, agreed=("mail-statistics",)),
        Deed("Issue Reported", 6, {"email": _CALLED, "issue": ("The printer feeds twice.", "A label shows last week's price."),
                                   "status": ("open", "closed")}),
        Deed("Catalogue Item Imported", 10, {"article": _ARTICLES, "price": ("490", "520", "320"), "integration": ("stocklink",)}, customer=True),
        Deed("Stock Set", 10, {"article": _ARTICLES, "count": ("20", "31", "48")}, customer=True),
        Deed("Sale Recorded", 60, {"sale": ("s{n}",), "article": _ARTICLES, "sold": ("1", "1", "2", "3"), "takings": ("490", "980", "1470")},
             customer=True),
    ),
)  # fmt: skip

INFINEXT = Business(
    "infinext",
    {"America/New_York": 40, "America/Los_Angeles": 28, "Europe/London": 14, "Europe/Berlin": 10, "Europe/Dublin": 8},
    {"/": "Know your readers by what they read", "/product": "Product", "/pricing": "Pricing", "/blog": "Blog",
     "/blog/averages": "An average is a promise not to look closer", "/blog/one-letter": "One letter fewer", "/survey": "Survey",
     "/figures": "Averages", "/contact": "Contact"},
    {
        "/": {"/blog": 26, "/product": 30, "/survey": 5, LEAVE: 39},
        "/product": {"/pricing": 34, "/figures": 14, LEAVE: 52},
        "/pricing": {"/contact": 12, "/product": 10, LEAVE: 78},
        "/blog": {"/blog/averages": 44, "/blog/one-letter": 36, LEAVE: 20},
        "/blog/averages": {"/figures": 24, "/blog/one-letter": 12, "/product": 8, LEAVE: 56},
        "/blog/one-letter": {"/blog/averages": 18, "/product": 12, "/survey": 4, LEAVE: 66},
        "/survey": {LEAVE: 100},
        "/figures": {"/pricing": 18, LEAVE: 82},
        "/contact": {LEAVE: 100},
    },
    (
        Source("google", 26, SEARCH, "", {"/blog/averages": 3, "/": 3, "/product": 1}, 0.0),
        Source("direct", 18, "", "", {"/": 5, "/blog": 2}, 0.0),
        Source("newsletter", 24, "", LETTER, {"/blog/one-letter": 4, "/blog/averages": 4, "/survey": 1}, 0.0),
        Source("facebook", 8, FACES, "", {"/blog/one-letter": 2, "/": 1}, 0.0),
        Source("bing", 6, "https://www.bing.com/", AD + "newsletter-tools", {"/product": 2, "/pricing": 1}, 0.0),
        Source("partner", 10, "https://small-presses.example/links", "", {"/blog/averages": 2, "/": 1}, 0.0),
        Source("linkedin", 8, "https://www.linkedin.com/", "", {"/blog/averages": 3}, 0.0),
    ),
    joined=0, unjoined=0, writes=0.3, features={"list-size": 2, "switch-plan": 1},
    comments=(
        ("/blog/averages", "Priya", "The subtraction had never crossed my mind. It will not leave it now."),
        ("/blog/averages", "Tom", "Is ten enough where the biggest of them is half of it?"),
        ("/blog/one-letter", "Rosa", "We went to Thursdays too. Nobody complained, not even the printer."),
    ),
    customers=(("Chloe Marsh", "Marsh Review"), ("Noah Quist", "Quist Weekly"), ("Farah Aziz", "Aziz Letters"), ("Imogen Vale", "Vale Press")),
    deeds=(
        Deed("Newsletter Requested", 26, {"name": _WRITTEN, "email": _CALLED}, agreed=("newsletter",)),
        Deed("Survey Answered", 18, {"email": _CALLED, "survey": ("kind of publisher",), "result": ("diarist", "columnist", "essayist"),
                                     "answer": ("Why they stay.", "What they skip.", "Whether they read it on the train.")}, agreed=("surveys",)),
        Deed("Purchase Made", 9, {"name": _WRITTEN, "email": _CALLED, "product": ("weekly", "imprint"), "amount": ("29.00", "190.00"),
                                  "refunded": ("false",)}),
        Deed("Metrics Reported", 16, {"period": ("2026-09", "2026-10"), "churn": ("210", "305", "260"), "revenue": ("8400", "12900", "3100"),
                                      "conversion": ("180", "240")}, customer=True),
    ),
)  # fmt: skip

_CHAT = {"name": ("{name}",), "email": ("{email}",), "channel": ("chat",), "outcome": ("settled", "settled", "settled", "handed-on", "left"),
         "seconds": ("48", "95", "130", "192", "310", "420")}  # fmt: skip

CXINFINITY = Business(
    "cxinfinity",
    {"Europe/London": 60, "Europe/Dublin": 12, "Europe/Berlin": 10, "America/New_York": 10, "America/Los_Angeles": 8},
    {"/": "CxInfinity", "/platform": "The platform", "/where-it-runs": "Where it runs", "/clients/tern": "Tern Ferries", "/contact": "Contact"},
    {
        "/": {"/platform": 38, "/where-it-runs": 20, "/clients/tern": 12, LEAVE: 30},
        "/platform": {"/where-it-runs": 32, "/contact": 12, "/clients/tern": 12, LEAVE: 44},
        "/where-it-runs": {"/contact": 22, "/platform": 10, LEAVE: 68},
        "/clients/tern": {"/platform": 24, "/contact": 8, LEAVE: 68},
        "/contact": {LEAVE: 100},
    },
    (
        Source("google", 44, SEARCH, "", {"/": 3, "/platform": 4, "/where-it-runs": 2}, 0.6),
        Source("direct", 26, "", "", {"/": 5, "/contact": 1}, 0.6),
        Source("linkedin", 18, "https://www.linkedin.com/", "", {"/clients/tern": 4, "/": 1}, 0.4),
        Source("partner", 12, "https://contact-weekly.example/compared", "", {"/where-it-runs": 2, "/platform": 1}, 0.8),
    ),
    joined=0, unjoined=34, writes=0.3, accounts=6,
    deeds=(
        Deed("Chat Ended", 46, _CHAT | {"agent": ("Tariq", "Ines", "Wren"), "crm_system": ("orders", "bookings"), "crm_record": ("record {n}",),
                                       "transcript": ("Where is my parcel? It left this morning.", "Can I change the day? Yes, until Friday.")}),
        Deed("Customer Recorded", 18, {"name": ("{name}",), "email": ("{email}",), "phone": ("{phone}",), "address": ("{n} Example Road, Leeds",),
                                      "attestation": ("notice-and-consent-given",), "date_of_birth": ("1980-01-01",)}),
        Deed("Agent Recorded", 6, {"agent": ("{name}",), "agent_login": ("agent-{n}",), "email": ("{email}",)}, customer=True),
        Deed("", 4, {"name": ("{name}",), "email": ("{email}",), "policy_version": ("1",), "terms_version": ("2026-03",)},
             customer=True, call="group"),
    ),
)  # fmt: skip

TERN = Business(
    "tern",
    {"Europe/London": 90, "Europe/Dublin": 4, "Europe/Berlin": 4, "America/Los_Angeles": 2},
    {"/": "Boats to the small isles", "/crossings": "Crossings", "/help": "Help"},
    {"/": {"/crossings": 62, "/help": 10, LEAVE: 28}, "/crossings": {"/help": 18, LEAVE: 82}, "/help": {"/crossings": 24, LEAVE: 76}},
    (
        Source("google", 58, SEARCH, "", {"/": 2, "/crossings": 6, "/help": 1}, 1.0),
        Source("direct", 30, "", "", {"/crossings": 4, "/": 1}, 1.0),
        Source("partner", 12, "https://small-isles.example/how-to-get-there", "", {"/crossings": 1}, 1.0),
    ),
    joined=0, unjoined=22,
    chats=(("Is the 9:40 on time?",),),
    deeds=(
        Deed("Chat Ended", 38, _CHAT | {"agent": ("Morag", "Euan"), "crm_system": ("bookings",), "crm_record": ("booking {n}",),
                                       "transcript": ("Is the 9:40 on time? Yes, from the north pier.", "Can I take a kayak? Up to five metres.")}),
        Deed("Customer Recorded", 20, {"name": ("{name}",), "email": ("{email}",), "phone": ("{phone}",),
                                      "date_of_birth": ("1975-06-30", "1991-11-02"), "attestation": ("notice-and-consent-given",)}),
    ),
)  # fmt: skip

INFISIM = Business(
    "infisim",
    {"Europe/London": 82, "Europe/Dublin": 6, "Europe/Berlin": 6, "Europe/Paris": 6},
    {"/": "InfiSIM", "/plans": "Plans", "/order": "Order", "/blog": "Blog", "/blog/one-number": "Why your number is yours",
     "/blog/what-a-cookie-knows": "What our cookie knows", "/survey": "Survey", "/contact": "Contact"},
    {
        "/": {"/plans": 48, "/blog": 8, "/contact": 6, LEAVE: 38},
        "/plans": {"/order": 34, "/contact": 6, LEAVE: 60},
        "/order": {"/plans": 12, LEAVE: 88},
        "/blog": {"/blog/one-number": 40, "/blog/what-a-cookie-knows": 30, LEAVE: 30},
        "/blog/one-number": {"/plans": 26, LEAVE: 74},
        "/blog/what-a-cookie-knows": {"/plans": 14, LEAVE: 86},
        "/survey": {LEAVE: 100},
        "/contact": {LEAVE: 100},
    },
    (
        Source("google", 46, SEARCH, "", {"/": 3, "/plans": 5, "/blog/one-number": 3}, 0.8),
        Source("direct", 24, "", "", {"/": 5, "/plans": 1}, 0.7),
        Source("newsletter", 12, "", LETTER, {"/blog/what-a-cookie-knows": 3, "/survey": 2}, 0.5),
        Source("bing", 10, "https://www.bing.com/", AD + "sim-only", {"/plans": 1}, 1.0),
        Source("partner", 8, "https://compare-lines.example/sim-only", "", {"/plans": 3, "/order": 1}, 1.0),
    ),
    joined=0, unjoined=18, writes=0.35, accounts=24,
    chats=(("Does it work on a boat?", "About a mile out, on the Norfolk side."),),
    deeds=(
        Deed("", 24, {"name": ("{name}",), "email": ("{email}",), "phone": ("{phone}",), "address": ("{n} Example Lane, Norwich",)},
             customer=True, call="group"),
        Deed("Order Placed", 30, {"name": ("{name}",), "email": ("{email}",), "address": ("{n} Example Lane, Norwich",), "order": ("O-{n}",),
                                 "product": ("line", "line", "broad", "fleet"), "state": ("placed", "sent", "sent", "cancelled")}, customer=True),
        Deed("Service Ordered", 20, {"order": ("O-{n}",), "product": ("line", "broad"), "state": ("running",), "payment_token": ("tok-{n}",),
                                    "name": ("{name}",), "email": ("{email}",)}, customer=True),
        Deed("Service Used", 90, {"kind": ("data", "data", "voice", "text"), "volume": ("3", "12", "180", "640"),
                                 "region": ("norfolk", "suffolk", "london")},
             customer=True),
        Deed("Invoice Issued", 20, {"invoice": ("I-{n}",), "amount": ("8.00", "15.00", "55.00"), "name": ("{name}",)}, customer=True),
        Deed("Credit Checked", 5, {"result": ("enough", "more papers asked"), "decided_by": ("Odile",)}, customer=True),
        Deed("Chat Ended", 16, {"name": ("{name}",), "email": ("{email}",), "transcript": ("Does it work abroad? In all of Europe, yes.",)}),
        Deed("Email Received", 12, {"email": ("{email}",), "subject": ("My bill", "The new card"), "body": ("Could you look at this, please?",)}),
    ),
)  # fmt: skip

BUSINESSES = {one.workspace: one for one in (INFINITY, HARBOUR, ALDER, CXINFINITY, TERN, INFISIM, INFI, INFINEXT)}
