"""What came in, in the policy's words? A literal list of steps from a message to a draft of an event.

It knows no standing: whether the draft may be kept is the gate's, in `troth.collect.ingest`. A step may drop
the whole event (`Dropped`, with a reason of the gate's list) or an item (counted in `draft.dropped`).
Source: GDPR Art. 5(1)(c), 9, 25
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from troth.base.clock import instant, micros
from troth.collect import routes, sources
from troth.collect.agents import LONGEST, UNKNOWN, recognise
from troth.collect.children import ChildRule, born_on
from troth.collect.flagged import CHILD
from troth.collect.free_text import free_texts, look
from troth.collect.messages import Message
from troth.collect.regime import regime_for
from troth.collect.routes import Routes
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.demands import ChildrenThen
from troth.policy.model import EventType, Item, Policy
from troth.subjects.directory import IdentifierKind

_AHEAD = 300_000_000  # a client's clock may be five minutes fast
_MICROSECOND = timedelta(microseconds=1)
_OLDEST = timedelta(days=400) // _MICROSECOND  # imports reach no further back
_LONGEST = 4_096
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_REMEMBERED = 4_096  # addresses, and agents, of which it is remembered what they say
_MOST = 1 << 63  # journal and lake keep numbers of 64 bits
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_WORD = re.compile(r"[a-z0-9][a-z0-9 ._+-]{0,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z]{2})?(?![A-Za-z0-9])")


class Dropped(Exception):
    """The event goes no further, because of `reason`."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a message came from. `trusted`: sent with the secret write key, so its identities and times count.

    `signal`: a browser sent it, and Global Privacy Control with it.
    """

    trusted: bool
    address: str
    agent: str
    received_at: int
    canary_key: str = ""
    signal: bool = False


def is_canary(message: Message, origin: Origin) -> bool:
    """Whether a message is a proof's, by the workspace's own secret."""
    return bool(origin.canary_key) and (message.context or {}).get("canary") == origin.canary_key


@dataclass(slots=True)
class Draft:
    """An event on its way in. `people` are identifiers in order of preference; `also` are filed with the first."""

    message: Message
    origin: Origin
    plan: Plan
    event: EventType
    items: dict[str, Any] = field(default_factory=dict)
    people: list[tuple[IdentifierKind, str]] = field(default_factory=list)
    also: list[tuple[IdentifierKind, str]] = field(default_factory=list)
    source_at: int | None = None
    occurred_at: int | None = None  # of an import: its source's time, which is kept as its own; never later than now
    regime: str = ""
    canary: bool = False
    dropped: dict[str, int] = field(default_factory=dict)  # why items were left out, and how many
    flags: list[tuple[str, str]] = field(default_factory=list)  # what an operator is to look at: item, and what it speaks of

    def drop_item(self, reason: Reason) -> None:
        """An item is left out, because of `reason`."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a policy asks of an event type, worked out once. `paths`: property or trait to item."""

    paths: dict[tuple[str, str], Item]
    items: frozenset[str]
    personal_people: bool
    free: tuple[str, ...]  # what people write in words of their own
    births: tuple[str, ...]


class Reader:
    """The pipeline for one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        policy = plan.policy
        self.routes = Routes(policy.site.routes)
        self.own_hosts = frozenset(origin.partition("://")[2].lower() for origin in policy.site.origins)
        self._children = ChildRule(policy)
        self._shapes = {event.id: _shape(policy, event) for event in policy.events.values()}
        self._regimes: dict[tuple[str, str], str] = {}
        self._pages: dict[tuple[str, str, str], dict[str, str]] = {}
        self._elsewhere = {
            tuple(path.split(".", 1)): item for item in policy.items.values() for path in item.at
        }

    def read(self, message: Message, origin: Origin) -> Draft:
        """A draft of the event; raises Dropped."""
        event = self.plan.event_for(message.type or "", message.event if message.type == "track" else None)
        if event is None:
            raise Dropped(Reason.UNDECLARED_EVENT)
        draft = Draft(message, origin, self.plan, event)
        for step in STEPS:
            step(self, draft)
        return draft

    def regime(self, zone: str, country: str) -> str:
        """The law that covers a person in this time zone or country (remembered)."""
        found = self._regimes.get((zone, country))
        if found is None:
            if len(self._regimes) > 2_000:
                self._regimes.clear()
            found = self._regimes[(zone, country)] = regime_for(self.plan.policy, zone or None, country or None)
        return found

    # the steps

    def put_time(self, draft: Draft) -> None:
        text = draft.message.timestamp
        if text is None:
            return
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return  # a time we cannot read is no time at all
        source_at = micros(at if at.tzinfo else at.replace(tzinfo=UTC))
        if source_at > draft.origin.received_at + _AHEAD:
            raise Dropped(Reason.TIME_IN_FUTURE)
        draft.source_at = source_at

    def put_import_time(self, draft: Draft) -> None:
        """What a trusted sender imports happened when its source says, and its retention runs from there."""
        if draft.origin.trusted and (draft.message.context or {}).get("import") is True:
            if draft.source_at is None:
                raise Dropped(Reason.MISSING_ITEM)
            draft.occurred_at = import_time(draft.plan, draft.event, draft.source_at, draft.origin.received_at)

    def put_page(self, draft: Draft) -> None:
        page = (draft.message.context or {}).get("page")
        given = draft.message.properties or {}
        page = page if isinstance(page, dict) else {}
        url = _text(page.get("url") or given.get("url"))
        if not url and not page.get("path"):
            return
        path = "" if url else _text(page.get("path"))
        referrer = _text(page.get("referrer") or given.get("referrer"))
        draft.items |= self._page(url, path, referrer)
        draft.items["page.title"] = _text(page.get("title") or given.get("title"))

    def _page(self, url: str, path: str, referrer: str) -> dict[str, str]:
        """What an address and a referrer say (remembered: the same few come again and again)."""
        found = self._pages.get((url, path, referrer))
        if found is None:
            if len(self._pages) >= _REMEMBERED:
                self._pages.clear()
            found = self._pages[(url, path, referrer)] = self._read_page(url, path, referrer)
        return found

    def _read_page(self, url: str, path: str, referrer: str) -> dict[str, str]:
        route = self.routes.match((routes.split_url(url).path if url else path) or "/")
        items = {"page.route": route, "page.url": url, "referrer.url": referrer}
        source = sources.classify(referrer or None, url, self.own_hosts)
        if source.source != "(internal)":
            items |= {"visit.source": source.source, "visit.medium": source.medium, "visit.landing": route}
            if source.campaign:
                items["visit.campaign"] = source.campaign
            if source.referrer_host:
                items["referrer.host"] = source.referrer_host
        return items

    def put_agent(self, draft: Draft) -> None:
        context = draft.message.context or {}
        text = _text(context.get("userAgent")) if draft.origin.trusted else draft.origin.agent
        robot, items = _agent_items(text[:LONGEST])
        if robot and not draft.origin.trusted:
            raise Dropped(Reason.ROBOT)
        draft.items |= items

    def put_network(self, draft: Draft) -> None:
        context = draft.message.context or {}
        claimed = context.get("ip") if draft.origin.trusted else None
        draft.items["device.ip"] = _text(claimed) or draft.origin.address
        zone = context.get("timezone")
        country = context.get("country") if draft.origin.trusted else None
        draft.regime = self.regime(_text(zone), _text(country))
        cookies = context.get("consent")
        if isinstance(cookies, dict) and isinstance(cookies.get("cookies"), str):
            draft.items["cookie.accepted"] = cookies["cookies"] if cookies["cookies"] in ("accepted", "refused", "unasked") else "unknown"
        if "device.language" in self._shapes[draft.event.id].items:
            draft.items["device.language"] = preferred_language(_text(context.get("locale")))
        draft.canary = is_canary(draft.message, draft.origin)

    def refuse_children(self, draft: Draft) -> None:
        """Nothing is kept of somebody who says, in whatever field, that they are a child, where the policy takes no children's data."""
        message, on = draft.message, instant(draft.origin.received_at).date()
        for group, given in (("properties", message.properties), ("traits", message.traits)):
            if self._children.declared(given, on, group):
                raise Dropped(Reason.CHILD)

    def put_declared(self, draft: Draft) -> None:
        """Take the properties and traits the policy declares for this event; drop and count the others."""
        shape = self._shapes[draft.event.id]
        for group, given in (("properties", draft.message.properties), ("traits", draft.message.traits)):
            for name, value in (given or {}).items():
                item = shape.paths.get((group, name))
                if item is None:
                    self._drop_item(draft, group, name)
                elif isinstance(value, (str, int, float)):
                    self._put(draft, item, value)
                elif value is not None:
                    draft.drop_item(Reason.ITEM_NOT_A_VALUE)

    def _drop_item(self, draft: Draft, group: str, name: str) -> None:
        if draft.event.call in ("page", "screen") and group == "properties" and name in _PAGE_PROPERTIES:
            return
        known = self._elsewhere.get((group, name))
        if known is not None and known.populations and draft.event.population not in known.populations:
            raise Dropped(Reason.ITEM_NOT_FOR_POPULATION)
        draft.drop_item(Reason.UNDECLARED_ITEM)

    def _put(self, draft: Draft, item: Item, value: str | float) -> None:
        match item.values:
            case None if isinstance(value, str):
                draft.items[item.id] = _text(value)
            case None | "number":
                number = _number(value) if item.values else value if not isinstance(value, str) and abs(value) < _MOST else None
                if number is None:
                    draft.drop_item(Reason.ITEM_NOT_A_VALUE)
                else:
                    draft.items[item.id] = number
            case "flag":
                draft.items[item.id] = "true" if str(value).lower() in ("true", "1", "yes") else "false"
            case "host":
                draft.items[item.id] = routes.split_url("https://" + _text(str(value))[:253]).host or "unknown"
            case "route":
                draft.items[item.id] = self.routes.match(_text(str(value)))
            case _:
                word = _text(str(value)).lower()[:64]
                draft.items[item.id] = word if _WORD.fullmatch(word) else "other"

    def look_at_words(self, draft: Draft) -> None:
        """Blank, flag or refuse what a free text should not hold; drop a date of birth that nobody can read."""
        policy, shape = self.plan.policy, self._shapes[draft.event.id]
        for item in shape.free:
            text = draft.items.get(item)
            if not isinstance(text, str):
                continue
            seen = look(text, policy.free_text)
            if seen.refused is not None:
                raise Dropped(seen.refused)
            draft.items[item] = seen.text
            for reason in seen.blanked:
                draft.drop_item(reason)
            draft.flags += [(item, what) for what in seen.flags] + ([(item, CHILD)] if self._children.said(text) else [])
        for item in shape.births:
            if item in draft.items and born_on(str(draft.items[item])) is None:
                del draft.items[item]
                draft.drop_item(Reason.ITEM_NOT_A_VALUE)

    def put_channel(self, draft: Draft) -> None:
        draft.items["contact.source"] = draft.event.channel

    def drop_unlisted(self, draft: Draft) -> None:
        """Keep only items the event type lists, and none that is empty."""
        listed = self._shapes[draft.event.id].items
        draft.items = {item: value for item, value in draft.items.items() if item in listed and value != "" and value is not None}

    def require_items(self, draft: Draft) -> None:
        if any(item not in draft.items for item in draft.event.required):
            raise Dropped(Reason.MISSING_ITEM)

    def name_people(self, draft: Draft) -> None:
        """Whom it is about: the account of a trusted sender, else the address or number given, else the visitor."""
        message = draft.message
        account = str(message.user_id) if message.user_id not in (None, "") and draft.origin.trusted else None
        given: list[tuple[IdentifierKind, str]] = []
        if account:
            given.append((IdentifierKind.ACCOUNT, account[:256]))
        if self._shapes[draft.event.id].personal_people:
            for item, kind in (("contact.email", IdentifierKind.EMAIL), ("contact.phone", IdentifierKind.PHONE)):
                if draft.items.get(item):
                    given.append((kind, str(draft.items[item])[:256]))
        anonymous = _text(message.anonymous_id or "")[:128]
        if anonymous:
            draft.items["cookie.visitor"] = anonymous
            if not given:
                given.append((IdentifierKind.ANONYMOUS, anonymous))
        if "cookie.visitor" in draft.items and "cookie.visitor" not in self._shapes[draft.event.id].items:
            del draft.items["cookie.visitor"]
        draft.people, draft.also = given[:1], given[1:]


STEPS: list[Callable[[Reader, Draft], None]] = [
    Reader.put_time,
    Reader.put_import_time,
    Reader.put_page,
    Reader.put_agent,
    Reader.put_network,
    Reader.refuse_children,
    Reader.put_declared,
    Reader.look_at_words,
    Reader.put_channel,
    Reader.drop_unlisted,
    Reader.require_items,
    Reader.name_people,
]

_PAGE_PROPERTIES = frozenset({"url", "path", "title", "referrer", "search", "name", "category", "hash"})


def _shape(policy: Policy, event: EventType) -> _Shape:
    paths: dict[tuple[str, str], Item] = {}
    for id in event.items:
        item = policy.items[id]
        for path in item.at if item.on else ():  # one that waits for a client to switch it on is not declared here yet
            group, _, name = path.partition(".")
            paths[(group, name)] = item
    births = tuple(id for id in event.items if policy.items[id].category == "user.demographic.date_of_birth")
    births = births if policy.children.then is not ChildrenThen.UNSTATED else ()
    return _Shape(paths, frozenset(event.items), event.population != "site-visitor", free_texts(policy, event), births)


def preferred_language(locale: str) -> str:
    """The language, and the country where it names one, of a browser's locale: `en-gb`; empty for what is none."""
    found = _LANGUAGE.match(locale.replace("_", "-"))
    return found[0].lower() if found else ""


def import_time(plan: Plan, event: EventType, source_at: int, now: int) -> int:
    """The time to keep an imported event by, in microseconds; raises Dropped when nothing may keep it that long."""
    spans = [purpose.keep_for for purpose in plan.policy.purposes.values() if event.id in purpose.events]
    known = [span // _MICROSECOND for span in spans if span is not None]
    longest = max(known, default=0) if len(known) == len(spans) else _OLDEST
    if now - source_at > min(longest, _OLDEST):
        raise Dropped(Reason.TOO_OLD)
    return min(source_at, now)


def named_people(message: Message, origin: Origin) -> list[tuple[IdentifierKind, str]]:
    """Everybody a message names, whether or not anything of it is kept: the account of a trusted sender, addresses, numbers, the visitor."""
    found: list[tuple[IdentifierKind, str]] = []
    if origin.trusted and message.user_id not in (None, ""):
        found.append((IdentifierKind.ACCOUNT, str(message.user_id)[:256]))
    for group in (message.traits, message.properties):
        for name, kind in (("email", IdentifierKind.EMAIL), ("phone", IdentifierKind.PHONE)):
            value = (group or {}).get(name)
            if isinstance(value, str) and value:
                found.append((kind, value[:256]))
    return [*found, (IdentifierKind.ANONYMOUS, message.anonymous_id[:128])] if message.anonymous_id else found


@lru_cache(maxsize=_REMEMBERED)
def _agent_items(text: str) -> tuple[str | None, dict[str, str]]:
    """The robot an agent names, if any, and the items of a person's device (shared: not to be changed)."""
    agent = recognise(text)
    browser = f"{agent.browser} {agent.browser_major}".strip() if agent.browser_major != UNKNOWN else agent.browser
    return agent.robot, {"device.browser": browser, "device.os": agent.os, "device.kind": agent.device, "device.agent": text[:512]}


def _number(value: str | float) -> int | None:
    """A whole number that fits where numbers are kept; None for anything else."""
    if isinstance(value, str):
        return int(value) if _WHOLE.fullmatch(value) else None
    return int(value) if abs(value) < _MOST else None


def _text(value: object) -> str:
    """A text without control characters, cut to what anyone honest needs."""
    if not isinstance(value, str):
        return ""
    if len(value) > _LONGEST:
        value = value[:_LONGEST]
    if not value.isprintable():
        value = _CONTROL.sub("", value).encode("utf-8", "replace").decode()
    return value

