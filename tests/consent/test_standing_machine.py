"""Ten thousand lives: whatever is said, joined, parted, restricted and published, in whatever order and time, is what the gate
permits what a simple model permits?

The model is written from the words: a yes is to what the policy said then, a no holds whatever changes, one person's no holds under
each of their references, nobody gains a yes by being joined, and a no never opens anything. Each life is drawn from its number, so
that one that disagrees can be lived again. Source: GDPR Art. 4(11), 7, 18, 21; DESIGN section 5; docs/decisions/0021
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache, lru_cache
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import Connection

from troth.base.clock import instant
from troth.base.database import Database, metadata
from troth.consent.record import PROHIBITIONS, Evidence, State, Strength, record
from troth.consent.standing import read_standings
from troth.gate.decide import MayUse, Permit, decide
from troth.gate.plan import Asked, Plan
from troth.ledger.log import Log
from troth.policy.material import asked_again
from troth.policy.model import Policy
from troth.policy.parse import read_policy
from troth.rights.restrict import set_restricted
from troth.subjects import links
from troth.subjects.links import How
from troth.versions import PublishedVersion, _asked_anew

LIVES, IN_ONE_TEST, STEPS = 10_000, 1_000, 12
REFS = (1, 2, 3, 4)
LAWS = ("gdpr", "california", "gdpr", "uk")
COUNTING, CALLING, LETTERS = "site-analytics", "telephone", "newsletter"
PURPOSES = (COUNTING, CALLING, LETTERS)
# What each version says, in the model's words: how much each purpose takes; None: it has no such purpose.
SAYS: dict[str, dict[str, int | None]] = {
    "base": {COUNTING: 1, CALLING: 1, LETTERS: 1},
    "counts-more": {COUNTING: 2, CALLING: 1, LETTERS: 1},
    "counts-less": {COUNTING: 0, CALLING: 1, LETTERS: 1},
    "keeps-letters-longer": {COUNTING: 1, CALLING: 1, LETTERS: 2},
    "no-letters": {COUNTING: 1, CALLING: 1, LETTERS: None},
}
ASKS_FIRST = {COUNTING: ("gdpr",), CALLING: (), LETTERS: ("gdpr", "uk", "california")}
NEEDS_NO_YES = (CALLING,)  # and still may be objected to
DAY = 86_400_000_000


@cache
def policies() -> dict[str, Policy]:
    """The same versions, as policies."""
    base = read_policy(Path(__file__).resolve().parents[2] / "examples/infinity/policy.yaml")

    def changed(**purposes: object) -> Policy:
        return replace(base, purposes={id: one for id, one in (base.purposes | purposes).items() if one is not None})  # type: ignore[operator]

    counting, letters = base.purposes[COUNTING], base.purposes[LETTERS]
    assert letters.keep_for is not None
    other = next(item for item in base.items if item not in counting.items)
    return {
        "base": base,
        "counts-more": changed(**{COUNTING: replace(counting, items=(*counting.items, other))}),
        "counts-less": changed(**{COUNTING: replace(counting, items=counting.items[:-1])}),
        "keeps-letters-longer": changed(**{LETTERS: replace(letters, keep_for=letters.keep_for + timedelta(days=90))}),
        "no-letters": changed(**{LETTERS: None}),
    }


@cache
def again(old: str, new: str) -> tuple[str, ...]:
    return asked_again(policies()[old], policies()[new])


@lru_cache(maxsize=1000)
def plan_of(name: str, anew: tuple[tuple[str, Asked], ...]) -> Plan:
    return Plan(policies()[name], dict(anew))


@dataclass
class Model:
    """What was said by whom and when, who is whom, which version holds since when."""

    joined: dict[int, tuple[int, int]] = field(default_factory=dict)
    own: dict[tuple[int, str], tuple[State, int]] = field(default_factory=dict)  # what a reference said itself last
    carried: dict[tuple[int, str], tuple[State, int]] = field(default_factory=dict)  # a no that came over a join since, and from whom
    restricted: set[int] = field(default_factory=set)
    published: list[tuple[str, int]] = field(default_factory=list)  # in the order of publishing, with when it takes effect

    def family(self, ref: int) -> set[int]:
        found = {ref}
        while more := {end for pair in self.joined.values() if found & set(pair) for end in pair} - found:
            found |= more
        return found

    def say(self, ref: int, purpose: str, state: State, at: int) -> None:
        state = self.at_least(ref, purpose, state)
        self.own[ref, purpose] = (state, at)
        self.carried.pop((ref, purpose), None)
        for other in self.family(ref) - {ref}:
            if state in PROHIBITIONS:
                self.carried[other, purpose] = (self.at_least(other, purpose, state), ref)
            elif self.carried.get((other, purpose), (state, 0))[1] == ref:
                del self.carried[other, purpose]

    def at_least(self, ref: int, purpose: str, state: State) -> State:
        """Whoever objected objects until they say yes."""
        stands = (self.carried.get((ref, purpose)) or self.own.get((ref, purpose)) or (None,))[0]
        return State.OBJECTED if state in PROHIBITIONS and stands is State.OBJECTED else state

    def holding(self, at: int) -> str:
        """The version that holds: the last published of those in effect."""
        return next(name for name, since in reversed(self.published) if since <= at)

    def grew(self, purpose: str, after: int, until: int) -> bool:
        """Whether a version came into force meanwhile that asks more of a purpose than the one before it, or has it as new."""
        before = self.holding(after)
        for at in sorted({since for _, since in self.published if after < since <= until}):
            new = self.holding(at)
            was, is_now = SAYS[before][purpose], SAYS[new][purpose]
            if new != before and is_now is not None and (was is None or is_now > was):
                return True
            before = new
        return False

    def permits(self, ref: int, purpose: str, at: int) -> bool:
        if SAYS[self.holding(at)][purpose] is None or self.family(ref) & self.restricted:
            return False
        said = [self.carried.get((one, purpose)) or self.own.get((one, purpose)) for one in self.family(ref)]
        no = {one[0] for one in said if one is not None} & PROHIBITIONS
        if purpose in NEEDS_NO_YES:
            return State.OBJECTED not in no
        asks_first = LAWS[ref - 1] in ASKS_FIRST[purpose]
        state, when = self.own.get((ref, purpose), (None, 0))
        if no or state is not State.GIVEN:
            return not no and not asks_first
        return not (asks_first and self.grew(purpose, when, at))


class Life:
    """One life, drawn from its number."""

    def __init__(self, conn: Connection, log: Log, number: int) -> None:
        self.conn, self.log, self.number, self.draw = conn, log, number, random.Random(number)
        self.model, self.at, self.lived = Model(), 1_700_000_000_000_000, list[str]()
        self.versions = list[PublishedVersion]()
        self.enter("base", 0)
        for ref, law in zip(REFS, LAWS, strict=True):
            into = "INSERT INTO subject (ref, epoch, population, regime, restricted, canary, created_at) VALUES (?, 1, 'site-visitor', ?, 0, 0, 0)"
            conn.exec_driver_sql(into, (ref, law))

    def enter(self, name: str, since: int) -> None:
        number = len(self.versions) + 1
        asks = again(self.model.holding(since), name) if self.versions else ()
        self.versions.append(PublishedVersion(f"{number}", f"{number}", instant(self.at), instant(since), "", number, asks_again=asks))
        self.model.published.append((name, since))

    def live(self) -> None:
        steps = (self.say, self.say, self.say, self.wait, self.join, self.part, self.restrict, self.publish)
        before = self.permitted()
        for _ in range(STEPS):
            forbids = self.draw.choice(steps)()
            now = self.permitted()
            expected = {(ref, purpose) for ref, purpose in product(REFS, PURPOSES) if self.model.permits(ref, purpose, self.at)}
            assert now == expected, f"life {self.number}: {self.lived}: {sorted(now ^ expected)}"
            assert not forbids or now <= before, f"life {self.number}: {self.lived}: a no opened {sorted(now - before)}"
            before = now

    def permitted(self) -> set[tuple[int, str]]:
        in_force = next(one for one in reversed(self.versions) if one.effective_at <= instant(self.at))
        name = self.model.published[in_force.number - 1][0]
        plan, found = plan_of(name, tuple(_asked_anew(in_force, self.versions).items())), read_standings(self.conn, REFS)
        asked = product(REFS, PURPOSES)
        return {(ref, purpose) for ref, purpose in asked if isinstance(decide(MayUse(purpose), plan, found[ref], instant(self.at)), Permit)}

    # what may happen; each says whether it was a no

    def say(self) -> bool:
        ref, purpose, state = self.draw.choice(REFS), self.draw.choice(PURPOSES), self.draw.choice(list(State))
        self.lived.append(f"{ref} says {state} to {purpose}")
        record(self.conn, self.log, ref, {purpose: state}, Evidence(Strength.EXPLICIT, "choose", "1", "", LAWS[ref - 1]), self.at)
        self.model.say(ref, purpose, state, self.at)
        return state in PROHIBITIONS

    def wait(self) -> bool:
        days = self.draw.choice((0, 1, 10, 400))
        self.lived.append(f"{days} days pass")
        self.at += days * DAY + 1
        return False

    def join(self) -> bool:
        a, b = self.draw.choice(REFS), self.draw.choice(REFS)
        self.lived.append(f"{a} and {b} are one")
        made = links.join(self.conn, a, b, How.SIGNED_IN)
        if made is not None:
            self.model.joined[made] = (a, b)
        return True  # a merge takes the stricter standing: it opens nothing either

    def part(self) -> bool:
        if self.model.joined:
            id = self.draw.choice(sorted(self.model.joined))
            self.lived.append(f"{self.model.joined.pop(id)} are two")
            assert links.unjoin(self.conn, id)
        return False

    def restrict(self) -> bool:
        ref, on = self.draw.choice(REFS), self.draw.random() < 0.5
        self.lived.append(f"{ref} is {'' if on else 'not '}restricted")
        set_restricted(self.conn, [ref], on)
        (self.model.restricted.add if on else self.model.restricted.discard)(ref)
        return on

    def publish(self) -> bool:
        name, since = self.draw.choice(list(SAYS)), self.at + self.draw.choice((0, 0, 5, 30)) * DAY
        self.lived.append(f"{name} is published for {(since - self.at) // DAY} days on")
        self.enter(name, since)
        self.at += 1
        return False


class Over(Exception):
    """A life is over and leaves nothing behind."""


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    made = Database(tmp_path_factory.mktemp("standing") / "state.db", metadata)
    yield made
    made.close()


@pytest.mark.parametrize("first", range(0, LIVES, IN_ONE_TEST))
def test_what_is_permitted_is_what_the_model_permits(state: Database, first: int) -> None:
    for number in range(first, first + IN_ONE_TEST):
        with pytest.raises(Over), state.write() as conn:
            Life(conn, Log(), number).live()
            raise Over
