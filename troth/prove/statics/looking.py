"""What follows from a policy? The looks that analyses take: people of every standing before its plan, and its published words.

Nothing here reads a store or a clock; the instant asked about is the day the policy takes effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time

from troth.consent.record import State, Strength
from troth.consent.standing import NOBODY, Standing
from troth.gate.decide import Deny, MayQuery, MayUse, Permit, decide
from troth.gate.plan import Plan
from troth.policy.model import EventType, Permission, Policy, Purpose, permission_under
from troth.policy.notice import cookie_page, notice
from troth.policy.notice_voice import voice
from troth.policy.page import Page, Part, as_markdown

_ESCAPED = re.compile(r"\\([\\`*_\[\]<>|])")


def in_effect(policy: Policy) -> datetime:
    """Noon of the day the policy takes effect."""
    return datetime.combine(policy.effective_on, time(12), UTC)


# people


def person(policy: Policy, law: str, said: Mapping[str, State] | None = None, population: str = "", restricted: bool = False) -> Standing:
    """Somebody covered by a law, with what they said to each purpose."""
    states = dict(said or {})
    strength = Strength.EXPLICIT if State.GIVEN in states.values() else Strength.NONE
    signature = (law, restricted, frozenset(states.items()), strength)
    known = population or next(iter(policy.populations), "")
    return Standing(1, 1, known, law, restricted, states, strength, signature=signature)


def all_say(policy: Policy, state: State) -> dict[str, State]:
    """The same word to every purpose."""
    return dict.fromkeys(policy.purposes, state)


def agreeing(policy: Policy, law: str, population: str = "") -> Standing:
    """Somebody who said yes to everything."""
    return person(policy, law, all_say(policy, State.GIVEN), population)


def refusing(policy: Policy, law: str, population: str = "", but: Iterable[str] = ()) -> Standing:
    """Somebody who said no to everything, `but` for what they said yes to."""
    return person(policy, law, all_say(policy, State.OBJECTED) | dict.fromkeys(but, State.GIVEN), population)


def silent(policy: Policy, law: str, population: str = "") -> Standing:
    """Somebody who was never asked."""
    return person(policy, law, {}, population)


# what is kept


def kept(plan: Plan, event: str, standing: Standing) -> frozenset[str]:
    """The items of an event that are kept about this person."""
    found = plan.treatment(event, standing)
    if found.refusal is not None or found.anonymous:
        return frozenset()
    return frozenset(found.clear) | {item for _, group in found.sealed for item in group}


def remainder(plan: Plan, event: str) -> frozenset[str]:
    """The items of an event that are kept about nobody."""
    found = plan.treatment(event, NOBODY)
    return frozenset(found.clear) if found.anonymous else frozenset()


def serving(plan: Plan, event: str, purpose: Purpose, standing: Standing) -> bool:
    """Whether an event of this person, once kept, serves a purpose."""
    found = plan.treatment(event, standing)
    return found.refusal is None and not found.anonymous and plan.serves(found.row_class, purpose)


def collecting(policy: Policy, event: str) -> list[Purpose]:
    """The purposes an event is collected for."""
    return [purpose for purpose in policy.purposes.values() if event in purpose.events]


def carrying(policy: Policy, item: str) -> list[EventType]:
    """The events that carry an item."""
    return [event for event in policy.events.values() if item in event.items]


def using(policy: Policy, item: str) -> list[Purpose]:
    """The purposes that use an item."""
    return [purpose for purpose in policy.purposes.values() if item in purpose.items]


def mode(policy: Policy, purpose: Purpose, law: str) -> Permission:
    """How permission works for a purpose under a law."""
    return permission_under(policy, purpose, law)


# who may use and ask


def use(plan: Plan, purpose: str, standing: Standing, reason: str = "shown by analysis") -> Permit | Deny:
    """The gate's answer to using somebody's data for a purpose, with a written reason."""
    return decide(MayUse(purpose, frozenset(), reason), plan, standing, in_effect(plan.policy))


def unknown(policy: Policy, purposes: Iterable[str]) -> Iterator[str]:
    """What to say of purposes that the policy does not have."""
    yield from (f"there is no purpose {purpose}" for purpose in purposes if purpose not in policy.purposes)


def population_of(policy: Policy, purpose: Purpose | None) -> str:
    """Somebody a purpose is about: one of its own people, else those of its first event."""
    events = [policy.events[event].population for event in purpose.events if event in policy.events] if purpose else []
    return next(iter((purpose.populations if purpose else ()) or events), "")


def may_ask(plan: Plan, purpose: str, role: str, items: Iterable[str] = ()) -> Permit | Deny:
    """The gate's answer to an operator of a role who asks for a purpose."""
    return decide(MayQuery(purpose, role, frozenset(items)), plan, None, in_effect(plan.policy))


def able_roles(plan: Plan, purpose: str) -> list[str]:
    """The roles that may ask for a purpose."""
    return [role for role in plan.policy.roles if isinstance(may_ask(plan, purpose, role), Permit)]


# published words


def told(policy: Policy) -> str:
    """Every word of the notice and of the cookie page, in small letters."""
    return f"{_plain(notice(policy, 'versions'))} {_plain(cookie_page(policy))}".casefold()


def told_on_cookies(policy: Policy) -> str:
    """Every word of the cookie page, in small letters."""
    return _plain(cookie_page(policy)).casefold()


def told_of_purpose(policy: Policy, purpose: str) -> str:
    """What the notice says of one purpose, in small letters."""
    page = notice(policy, "versions")
    return " ".join(_plain(replace(page, parts=(part,))) for part in _parts(page.parts) if part.purpose == purpose).casefold()


def told_in(policy: Policy, part: str) -> str:
    """What the notice says under the part of that id, in small letters; nothing when it has no such part."""
    page = notice(policy, "versions")
    return " ".join(_plain(replace(page, title="", dated="", parts=(one,))) for one in _parts(page.parts) if one.id == part).casefold()


def phrase(policy: Policy, key: str, **filled: object) -> str:
    """One of the notice's fixed phrases in the policy's own language."""
    return " ".join(voice(policy).say(key, **filled).split())


def says(text: str, words: str) -> bool:
    """Whether a text that is in small letters holds these words, however they are spaced and capitalised."""
    return bool(words.strip()) and " ".join(words.split()).casefold() in text


def only_told(policy: Policy, otherwise: Policy) -> bool:
    """Whether people read something under this policy that they would not read under the other."""
    return bool(_lines(policy) - _lines(otherwise))


def _lines(policy: Policy) -> frozenset[str]:
    pages = (notice(policy, "versions"), cookie_page(policy))
    return frozenset(line.strip() for page in pages for line in as_markdown(page).splitlines() if line.strip())


def _parts(parts: Iterable[Part]) -> Iterable[Part]:
    for part in parts:
        yield part
        yield from _parts(part.parts)


def _plain(page: Page) -> str:
    return " ".join(_ESCAPED.sub(r"\1", as_markdown(page)).split())
