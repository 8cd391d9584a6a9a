"""What if a month had gone by? Tells a story for each example business and sends it through the real doors, once.

Past visits come in as a business would import them: with the secret key, `context.import` and the time they happened;
calls of the past say which browser was shown their number. A few people visit, are lent a number and ring right now.
It reads one JSON object from standard input (server, workspaces with their keys, seed) and writes JSON lines: how far
it is, and last `tally`, which says what the figures must show.

    python examples/traffic/replay.py < job.json
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from businesses import BUSINESSES, ROBOTS, ZONES
from doors import Body, Doors
from story import Call, Page, Person, Story, Visit, name_of, tell


class Replay:
    """One business's month, sent."""

    def __init__(self, doors: Doors, story: Story, numbers: tuple[str, ...], fallback: str, seed: int) -> None:
        self.doors, self.story, self._numbers, self._fallback = doors, story, numbers, fallback
        self._dice = random.Random(f"{doors.workspace} {seed} replay")
        self.tally: Counter[str] = Counter()

    def steps(self) -> Iterator[int]:
        """Send everything, in the order in which it can be; yields how much was sent."""
        story = self.story
        yield from self._choices(person for person in story.people if "given" in (person.choices or {}).values())
        events = sorted((one for visit in story.visits for one in self._events(visit)), key=lambda one: str(one["timestamp"]))
        for start in range(0, len(events), 300):
            part = events[start : start + 300]
            self._count(self.doors.server(part), "events")
            yield len(part)
        yield from self._choices(person for person in story.people if set((person.choices or {}).values()) == {"refused"})
        people = [*self._customers(), *self._comments(), *self._enquiries(), *self._deeds()]
        self._count(self.doors.server(people), "people")
        yield len(people)
        self._chats()
        for call in story.calls:
            self._ring(call)
            yield 1
        yield from self._strangers()
        self._add_up()

    @property
    def size(self) -> int:
        """About how much there is to send."""
        return sum(len(visit.pages) for visit in self.story.visits) + len(self.story.people) // 2 + len(self.story.calls)

    def _count(self, said: Body, what: str) -> None:
        for name, count in said.items():
            self.tally[f"{what}_{name}"] += count

    # choices

    def _choices(self, people: Iterable[Person]) -> Iterator[int]:
        for person in people:
            visitor = person.visitor if person.has_id() or person.had_id else None
            self.doors.choose(visitor, person.choices or {}, person.how, person.zone)
            self.tally["choices"] += 1
            yield 1

    # visits

    def _events(self, visit: Visit) -> Iterator[Body]:
        business, before = self.story.business, visit.source.referrer
        for number, page in enumerate(visit.pages):
            url = self.doors.origin + page.path + (visit.source.query if number == 0 else "")
            told = {"url": url, "path": page.path, "title": business.titles[page.path], "referrer": before}
            yield self._event(visit, page, {"type": "page"}, told, page.at)
            at = page.at + timedelta(seconds=9)
            if page.link:
                click = {"href": page.link, "host": page.link.split("/")[2], "external": "true"}
                yield self._event(visit, page, {"type": "track", "event": "Link Clicked", "properties": click}, told, at)
            if page.feature:
                used = {"type": "track", "event": "Feature Used", "properties": {"feature": page.feature}}
                yield self._event(visit, page, used, told, at)
            before = self.doors.origin + page.path

    def _event(self, visit: Visit, page: Page, message: Body, told: Body, at: datetime) -> Body:
        person = visit.person
        cookies = "unasked" if person.choices is None else "accepted" if person.may("site-analytics") else "refused"
        context = {"page": told, "timezone": person.zone, "userAgent": person.agent, "ip": person.address, "consent": {"cookies": cookies}}
        who = {"anonymousId": person.visitor} if page.known else {}
        return self._imported(message | who, context, at)

    def _imported(self, message: Body, context: Body, at: datetime) -> Body:
        return message | {"messageId": f"{self._dice.getrandbits(96):024x}", "timestamp": at.isoformat(), "context": context | {"import": True}}

    # people who say who they are

    def _customers(self) -> list[Body]:
        """Each is recorded as a customer's contact, and signs in from a browser that may be tied to a person."""
        said: list[Body] = []
        able = [person for person in self.story.people if person.may("site-analytics") and person.had_id]
        for number, (name, company) in enumerate(self.story.business.customers):
            visit, account = able[number * 5 % len(able)].visits[-1], f"account-{number + 101}"
            address = f"{name.split()[0].lower()}@{company.split()[0].lower()}.example"
            at, context = visit.pages[-1].at + timedelta(seconds=20), {"timezone": visit.person.zone}
            known = {"name": name, "email": address, "phone": f"+447700900{900 + number}", "company": company, "username": account}
            said.append(self._imported({"type": "group", "userId": account, "groupId": company, "traits": known}, context, at))
            who = {"userId": account, "anonymousId": visit.person.visitor, "traits": {"name": name, "email": address}}
            said.append(self._imported({"type": "identify"} | who, context, at))
            self.tally["signed_in"] += 1
        return said

    def _comments(self) -> list[Body]:
        said: list[Body] = []
        for article, name, text in self.story.business.comments:
            fields = {"name": name, "email": f"{name.lower()}@people.example", "text": text, "article": article}
            fields["warning"] = self.doors.warning(article)
            at = datetime.now(UTC) - timedelta(days=self._dice.randrange(2, 25), minutes=self._dice.randrange(600))
            said.append(self._imported({"type": "track", "event": "Comment Posted", "properties": fields}, {"timezone": "Europe/London"}, at))
        self.tally["comments"] = len(said)
        return said

    def _chats(self) -> None:
        """These write just now, and wait for an answer in the console."""
        for lines in self.story.business.chats:
            self.doors.chat(lines, self._dice.choice(list(self.story.business.zones)))
            self.tally["chats"] += 1

    def _enquiries(self) -> list[Body]:
        said: list[Body] = []
        for visit in self.story.visits:
            page = next((page for page in visit.pages if page.path == "/contact"), None)
            if page is None or self._dice.random() > self.story.business.writes:
                continue
            name, address = name_of(self._dice)
            fields = {"name": name, "email": address, "message": self._dice.choice(_QUESTIONS)}
            self.tally["enquiries"] += 1
            if self.tally["enquiries"] <= 2:  # these write just now, through the site's own form
                self.doors.form("contact", fields, visit.person.zone)
                continue
            context, at = {"timezone": visit.person.zone}, page.at + timedelta(seconds=50)
            said.append(self._imported({"type": "track", "event": "Contact Requested", "properties": fields}, context, at))
        return said

    def _deeds(self) -> list[Body]:
        """What the business records besides: orders, chats, surveys, sales; accounts first, the rest as time went by."""
        business, said = self.story.business, list[Body]()
        accounts = [(f"account-{number + 101}", *name_of(self._dice)) for number in range(business.accounts or len(business.customers))]
        for deed in business.deeds:
            for number in range(deed.times):
                account, name, address = accounts[number % len(accounts)] if deed.customer else ("", *name_of(self._dice))
                words = {"n": f"{number + 101}", "name": name, "email": address, "phone": f"+121255501{number % 100:02}"}
                fields = {field: self._dice.choice(values).format(**words) for field, values in deed.fields.items()}
                context: Body = {"timezone": self._dice.choice(list(business.zones))}
                if deed.agreed:
                    context["consent"] = {"categoryPreferences": dict.fromkeys(deed.agreed, True)}
                at = datetime.now(UTC) - timedelta(days=self._dice.randrange(1, 29), minutes=self._dice.randrange(600))
                message: Body = {"type": deed.call, ("properties" if deed.call == "track" else "traits"): fields}
                message |= ({"event": deed.event} if deed.event else {}) | ({"userId": account, "groupId": account} if account else {})
                said.append(self._imported(message, context, at))
        self.tally["deeds"] = len(said)
        return sorted(said, key=lambda one: (one["type"] == "track", str(one["timestamp"])))

    # calls

    def _ring(self, call: Call) -> None:
        number, joined = self._fallback, False
        if call.live and call.visit is not None:
            offer = self.doors.number(call.visit.person.visitor)
            number, joined = str(offer["number"]), bool(offer["leased"])
        elif call.visit is not None and self._numbers:
            number, joined = self._numbers[self.tally["calls"] % len(self._numbers)], call.visit.person.may("call-journey")
        self.doors.ring(call, number)
        self.tally["calls"] += 1
        self.tally["joined_calls"] += joined

    # what is refused

    def _strangers(self) -> Iterator[int]:
        """Robots, an event nobody declared, and one that lacks what it must carry: counted, and nothing else is left."""
        page = {"url": f"{self.doors.origin}/", "path": "/", "title": "", "referrer": ""}
        for number in range(12):
            self.doors.browser([{"type": "page", "context": {"page": page}}], ROBOTS[number % len(ROBOTS)])
        undeclared = {"type": "track", "event": "Mouse Moved", "anonymousId": f"{self._dice.getrandbits(128):032x}"}
        lacking = {"type": "track", "event": "Contact Requested", "properties": {"name": "Somebody"}}
        self.doors.server([undeclared] * 4 + [lacking] * 2)
        self.tally["robots"], self.tally["undeclared"], self.tally["lacking"] = 12, 4, 2
        yield 1

    # what the figures must show

    def _add_up(self) -> None:
        story, tally = self.story, self.tally
        counted = [visit for visit in story.visits if visit.counted]
        tally["visits"], tally["people"] = len(counted), len({id(visit.person) for visit in counted})
        tally["views"] = sum(page.known for visit in counted for page in visit.pages)
        tally["anonymous"] = sum(not page.known for visit in story.visits for page in visit.pages)
        tally["hidden"] = sum(page.known for visit in story.visits if not visit.person.counts for page in visit.pages)
        tally["all_visits"] = len(story.visits)
        for visit in counted:
            known = next(page for page in visit.pages if page.known)
            if known is visit.pages[0]:
                tally[f"source_{visit.source.name}"] += 1


_QUESTIONS = (
    "How soon could you start, and what would it cost for two lines?",
    "Please ring me back after five, I am in meetings until then.",
    "Do you work with our present telephone company?",
    "We are three people in one shop. Is this too big for us?",
    "Could somebody explain the second price to me?",
)


def told(job: Mapping[str, Any], say: Any) -> dict[str, dict[str, int]]:
    """Replay a job; `say` hears of (sent, of). Returns the tally of each workspace."""
    now, seed = datetime.now(UTC), int(job.get("seed", 7))
    replays = [_replay(job["server"], name, given, now, seed) for name, given in job["workspaces"].items()]
    size, done = sum(replay.size for replay in replays), 0
    for replay in replays:
        for sent in replay.steps():
            done = min(done + sent, size)
            say(done, size)
        replay.doors.close()
    return {replay.doors.workspace: dict(replay.tally) for replay in replays}


def _replay(server: str, name: str, given: Mapping[str, Any], now: datetime, seed: int) -> Replay:
    doors = Doors(server, name, given["origin"], given["keys"])
    story = tell(BUSINESSES[name], int(given["visits"]), doors.terms(list(ZONES)), now, seed)
    doors.close()  # its turn may come later than the server holds an idle line
    return Replay(doors, story, tuple(given["numbers"]), given["fallback"], seed)


def main() -> None:
    """Read the job, send it, say how it went."""
    tally = told(json.load(sys.stdin), lambda done, size: print(json.dumps({"done": done, "of": size}), flush=True))
    print(json.dumps({"tally": tally}), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
