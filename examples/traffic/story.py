"""What happened on a site in the last month? Makes up people, visits, choices and calls; it sends nothing.

The same seed at the same instant tells the same story. What each browser was permitted follows the terms that the
server itself states for the browser's time zone: an id only while some purpose is permitted, as the site's script has it.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from businesses import AGENTS, LEAVE, NAMES, ZONES, Business, Source, Weights

Terms = Mapping[str, Mapping[str, str]]  # time zone to purpose to `ask-before` or `may-object`
COUNTING, JOINING = "site-analytics", "call-journey"
DAYS = 30
_OVER_THE_DAY = (1, 1, 1, 1, 1, 2, 4, 8, 14, 20, 22, 21, 18, 19, 21, 20, 17, 13, 11, 10, 8, 6, 4, 2)
_OVER_THE_WEEK = (10, 11, 11, 10, 8, 4, 3)


@dataclass
class Person:
    """Somebody with a browser. `choices` is None for who never answered; `quick`: answered before the first page was sent."""

    visitor: str
    zone: str
    agent: str
    address: str
    caller: str
    terms: Mapping[str, str]
    how: str = ""
    choices: Mapping[str, str] | None = None
    quick: bool = False
    visits: list[Visit] = field(default_factory=list)

    def may(self, purpose: str, answered: bool = True) -> bool:
        """Whether a purpose is permitted, before or after the answer (if there ever is one)."""
        said = (self.choices or {}).get(purpose) if answered else None
        return said == "given" if said else self.terms.get(purpose) == "may-object"

    def has_id(self, answered: bool = True) -> bool:
        """Whether the browser holds an id."""
        return any(self.may(purpose, answered) for purpose in self.terms)

    @property
    def had_id(self) -> bool:
        """Whether any page was sent with an id."""
        return any(page.known for visit in self.visits for page in visit.pages)

    @property
    def counts(self) -> bool:
        """Whether the visits stay in the figures: a no hides also what came before it."""
        return self.may(COUNTING)


@dataclass(frozen=True)
class Page:
    at: datetime
    path: str
    known: bool
    link: str = ""  # an address outside that was followed from here
    feature: str = ""


@dataclass(frozen=True)
class Visit:
    person: Person
    source: Source
    pages: tuple[Page, ...]

    @property
    def counted(self) -> bool:
        """Whether it shows among the visits: some page of it was sent with an id, and no no came later."""
        return self.person.counts and any(page.known for page in self.pages)


@dataclass(frozen=True)
class Call:
    """A call that has ended. `visit` is the one that showed the number to that browser alone, where there was one;
    whoever said no after that is not joined with it."""

    at: datetime
    caller: str
    seconds: int
    status: str
    visit: Visit | None
    live: bool = False


@dataclass(frozen=True)
class Story:
    business: Business
    people: tuple[Person, ...]
    visits: tuple[Visit, ...]
    calls: tuple[Call, ...]


def tell(business: Business, visits: int, terms: Terms, now: datetime, seed: int) -> Story:
    """A month of one business, up to `now`."""
    dice = random.Random(f"{business.workspace} {seed}")
    people: list[Person] = []
    made: list[Visit] = []
    for at in sorted(_moment(dice, now) for _ in range(visits - business.live)):
        person = _returning(dice, people, at) or _new(dice, business, terms, people)
        made.append(_visit(dice, business, person, at))
    for number in range(business.live):
        person = _new(dice, business, terms, people, willing=True)
        made.append(_visit(dice, business, person, now - timedelta(minutes=4 + number), at_least=2))
    return Story(business, tuple(people), tuple(made), tuple(_calls(dice, business, made, now)))


def _moment(dice: random.Random, now: datetime) -> datetime:
    """Some time in the last month: more by day, in the week, and lately."""
    ago = dice.choices(range(DAYS), [(60 - day) * _OVER_THE_WEEK[(now - timedelta(days=day)).weekday()] for day in range(DAYS)])[0]
    hour = dice.choices(range(24), _OVER_THE_DAY)[0]
    at = (now - timedelta(days=ago)).replace(hour=hour, minute=dice.randrange(60), second=dice.randrange(60), microsecond=0)
    return at if at < now - timedelta(minutes=40) else at - timedelta(days=1)


def _returning(dice: random.Random, people: list[Person], at: datetime) -> Person | None:
    if len(people) < 20 or dice.random() > 0.24:
        return None
    person = dice.choice(people)
    last = person.visits[-1].pages[-1].at
    return person if at - last > timedelta(hours=2) else None


def _new(dice: random.Random, business: Business, terms: Terms, people: list[Person], willing: bool = False) -> Person:
    zone = ZONES[_one(dice, business.zones)]
    before = sum(1 for other in people if other.caller.startswith(zone.prefix))
    caller = zone.prefix + str((before * 7 + 100) % 10**zone.digits).zfill(zone.digits)  # nobody else's, in a small range
    address = f"203.0.113.{dice.randrange(1, 255)}"
    person = Person(f"{dice.getrandbits(128):032x}", zone.name, _one(dice, AGENTS), address, caller, terms[zone.name])
    asked_first = any(mode == "ask-before" for mode in person.terms.values())
    answer = "accept-all" if willing else _one(dice, _ANSWERS[asked_first])
    person.quick = willing or dice.random() < 0.8
    if answer == "choose":
        person.how, person.choices = answer, {purpose: "given" if purpose == COUNTING else "refused" for purpose in person.terms}
    elif answer:
        person.how, person.choices = answer, dict.fromkeys(person.terms, "given" if answer == "accept-all" else "refused")
    people.append(person)
    return person


# How people answer: where something is asked first, and where everything is on until turned off.
_ANSWERS: Mapping[bool, Weights] = {
    True: {"accept-all": 48, "choose": 9, "reject-all": 21, "": 22},
    False: {"accept-all": 13, "choose": 5, "reject-all": 10, "": 72},
}


def _visit(dice: random.Random, business: Business, person: Person, at: datetime, at_least: int = 1) -> Visit:
    source = dice.choices(business.sources, [source.weight for source in business.sources])[0]
    path, pages = _one(dice, source.landings), list[Page]()
    while path != LEAVE and len(pages) < 9:
        answered = bool(person.visits or pages or person.quick)
        link = "https://www.w3.org/TR/gpc/" if path.endswith("asking-first") and dice.random() < 0.3 else ""
        link = link or ("https://www.linkedin.com/" if dice.random() < 0.02 else "")
        feature = _one(dice, business.features) if business.features and path == "/pricing" and dice.random() < 0.25 else ""
        pages.append(Page(at, path, person.has_id(answered), link, feature))
        at += timedelta(seconds=20 if at_least > 1 else dice.randrange(15, 150))
        path = _one(dice, business.following[path])
        if path == LEAVE and len(pages) < at_least:
            path = next(iter(business.following[pages[-1].path])) or "/"
    visit = Visit(person, source, tuple(pages))
    person.visits.append(visit)
    return visit


def _calls(dice: random.Random, business: Business, visits: Sequence[Visit], now: datetime) -> Iterable[Call]:
    """Calls soon after visits that may be joined, by how readily their source calls; then calls of everybody else."""
    for visit in visits[len(visits) - business.live :]:
        yield _call(dice, visit.person.caller, now, visit, live=True)
    able = [visit for visit in visits[: len(visits) - business.live] if visit.person.may(JOINING) and visit.counted]
    keen = sorted(able, key=lambda visit: dice.random() ** (1 / (visit.source.calls * len(visit.pages)) ** 1.5), reverse=True)
    for visit in keen[: business.joined - business.live]:
        end = visit.pages[-1].at + timedelta(seconds=dice.randrange(40, 900))
        yield _call(dice, visit.person.caller, end, visit)
    rest = [visit for visit in visits if not visit.person.may(JOINING) and visit.pages[-1].at < now - timedelta(hours=1)]
    for number in range(business.unjoined):
        visit = dice.choice(rest)
        caller = visit.person.caller if number % 3 else ""  # every third withholds the number
        shown = visit if visit.person.had_id and number % 2 else None
        yield _call(dice, caller, visit.pages[-1].at + timedelta(seconds=dice.randrange(60, 2_000)), shown)


def _call(dice: random.Random, caller: str, at: datetime, visit: Visit | None, live: bool = False) -> Call:
    status = "completed" if live else _one(dice, {"completed": 78, "no-answer": 14, "busy": 8})
    seconds = round(min(1_500, max(12, dice.lognormvariate(4.9, 0.8)))) if status == "completed" else 0
    ended = at if live else at + timedelta(seconds=seconds)
    return Call(ended, caller, seconds, status, visit, live)


def _one(dice: random.Random, weights: Weights) -> str:
    return dice.choices(list(weights), list(weights.values()))[0]


def name_of(dice: random.Random) -> tuple[str, str]:
    """A name and an address to write from."""
    name = dice.choice(NAMES)
    return name, f"{name.lower().replace(' ', '.')}.{dice.randrange(10**6):06d}@people.example"


__all__ = ["COUNTING", "JOINING", "Call", "Page", "Person", "Story", "Terms", "Visit", "name_of", "tell"]
