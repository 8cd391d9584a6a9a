"""How does a file say what is held, about whom, how long and what for? The keys of populations, retention, items, events, purposes.

It reads and writes; what the words mean is in `model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from troth.policy.model import (
    Basis,
    BelowFloor,
    Controller,
    CountedFrom,
    EnabledBy,
    EventType,
    Form,
    Item,
    Kind,
    Leaving,
    Permission,
    Population,
    Purpose,
    RetentionRule,
    Without,
)
from troth.policy.sections_conduct import CHANNELS
from troth.policy.shapes import DAY, DURATION, FLAG, LOOSE, NAME, NAMES, TEXT, TEXTS, Key, among, choice, keyed, listing, mapping, record

CALLS = ("track", "page", "screen", "identify", "group", "alias")
JOINS = ("web-call", "web-account", "web-form", "call-account", "web-chat")

POPULATIONS = keyed(Population, (
    Key("label", TEXT, True, help="What such a person is called in the notice.", example="someone who visits the site"),
    Key("category", TEXT, True, help="The kind of person, from the taxonomy of subjects.", example="citizen_voter"),
    Key("controller", choice(Controller), default=Controller.ORGANISATION,
        help="Who answers these people's subject requests; `client` sends them on to the client.", example="client")))

RETENTION = keyed(RetentionRule, (
    Key("label", TEXT, True, help="What the notice calls it.", example="use of the site"),
    Key("keep_for", DURATION, help="How long; left out: as long as `why` says.", example="90d"),
    Key("why", LOOSE, default="", help="Why so long.", example="a quarter shows which pages are read"),
    Key("ground", TEXT, help="The law that keeps it even when the person asks for erasure.", example="six years of accounting records"),
    Key("counted_from", choice(CountedFrom), default=CountedFrom.COLLECTION, example="contract-end",
        help="What starts the time, as the notice tells it. Only the day something came is recorded: what the rule keeps goes no later."),
    Key("told_on_request", FLAG, default=True, help="The rule is told to whoever asks.", example="false")))

ITEMS = keyed(Item, (
    Key("label", TEXT, True, help="What the notice calls it.", example="which page was viewed"),
    Key("category", TEXT, True, help="The kind of datum, from the taxonomy of data.", example="user.behavior.browsing_history"),
    Key("form", choice(Form), True, help="How it rests: `clear`, from a closed vocabulary, or `sealed` under the person's own key.",
        example="sealed"),
    Key("keep", LOOSE, default="", help="The retention rule it is kept by.", example="usage"),
    Key("at", TEXTS, default=(), help="Where a message carries it; left out: Troth observes it.", example="[properties.href]"),
    Key("values", NAME, help="The closed vocabulary of a clear item: route, host, browser, os, device, word, number or flag.", example="route"),
    Key("populations", NAMES, default=(), help="Whom it may be held about; left out: anyone.", example="[visitor]"),
    Key("personal", FLAG, default=True, help="It points to a person.", example="false"),
    Key("special", FLAG, default=False, help="It is of a special category, such as health.", example="true"),
    Key("sensitive", LOOSE, default="", help="Why it is held although it is of a special or sensitive kind; it must be sealed.",
        example="the payroll law asks for it"),
    Key("enabled_by", choice(EnabledBy), default=EnabledBy.POLICY,
        help="Who switches it on: this policy, or a `client` whose own file says `enabled: true`.", example="client"),
    Key("enabled", FLAG, default=False, help="Switched on by this client.", example="true")))

EVENTS = keyed(EventType, (
    Key("label", TEXT, True, help="What happened, as the notice says it.", example="A page is viewed"),
    Key("items", NAMES, True, help="What is noted of it.", example="[page.route]"),
    Key("population", NAME, True, help="Whom it is about.", example="visitor"),
    Key("call", among(CALLS), help="The kind of message that carries it.", example="track"),
    Key("name", TEXT, help="The event name in the message.", example="Link Clicked"),
    Key("required", NAMES, default=(), help="Items without which it is refused.", example="[page.route]"),
    Key("about", mapping(NAME, choice(Leaving)), default={}, help="What becomes of the part about each person in it who leaves.",
        example="{caller: delete, agent: detach}"),
    Key("channel", among(CHANNELS), default="web", help="Where it comes from.", example="telephone")))

BELOW_FLOOR = record(BelowFloor, (
    Key("why", TEXT, True, help="Why it runs below the law's floor.", example="the authority allows it until spring"),
    Key("by", TEXT, True, help="Who answers for it.", example="the managing director"),
    Key("on", DAY, True, help="Since when.", example="2026-10-01")))

PURPOSE_KEYS = (
    Key("label", TEXT, True, help="What the purpose is called.", example="Counting visits"),
    Key("kind", choice(Kind), True, help="What sort of purpose it is; the law's floor goes by it.", example="statistics"),
    Key("basis", choice(Basis), help="What makes it lawful; left out: what `basis.default` says.", example="legitimate-interests"),
    Key("permission", choice(Permission), True, help="How it comes to be permitted.", example="may-object"),
    Key("populations", NAMES, default=(), help="Whose data it uses; left out: anyone's.", example="[visitor]"),
    Key("events", NAMES, default=(), help="Events that serve it.", example="[page-view]"),
    Key("items", NAMES, True, help="Items it uses.", example="[page.route]"),
    Key("keep_for", DURATION, help="How far back it may look; left out: as long as the items are kept.", example="90d"),
    Key("without", choice(Without), default=Without.NOTHING, help="What is kept of an event without permission.", example="anonymous-remainder"),
    Key("remainder", NAMES, default=(), help="Clear items that are kept then, with the day and nothing else.", example="[page.route]"),
    Key("joins", listing(among(JOINS)), default=(), help="What was collected apart and is put together for it.", example="[web-call]"),
    Key("wording", LOOSE, default="", help="The question a person is asked.", example="May we count your visit?"),
    Key("notice", LOOSE, default="", help="The sentence of the notice.", example="We count which pages are read."),
    Key("loses", LOOSE, default="", help="What a person goes without after a no.", example="the page remembers nothing"),
    Key("below_floor", BELOW_FLOOR, help="A person answers for running the text below the law's floor.",
        example="{why: the authority allows it until spring, by: the managing director, on: 2026-10-01}"))


def _purpose(id: str, basis: Basis | None, **values: Any) -> Purpose:
    """A purpose that states no basis rests on legitimate interests, and says that this was assumed."""
    return Purpose(id=id, basis=basis or Basis.LEGITIMATE_INTERESTS, basis_defaulted=basis is None, **values)


def _purpose_fields(purpose: Purpose) -> Mapping[str, Any]:
    fields = {key.name: getattr(purpose, key.name) for key in PURPOSE_KEYS}
    return fields | {"basis": None if purpose.basis_defaulted else purpose.basis}


PURPOSES = keyed(_purpose, PURPOSE_KEYS, fields=_purpose_fields)
