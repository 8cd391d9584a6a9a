"""What would an authority be shown? The record of processing activities, made from the policy alone.

A controller's record lists purposes; a processor's lists what it does for its clients. Who is both keeps both.
Source: GDPR Art. 30(1)(a)-(g), 30(2)(a)-(d).
"""

from __future__ import annotations

from collections.abc import Sequence

from troth.policy.language import capital
from troth.policy.model import Basis, Item, Policy, Purpose, Recipient
from troth.policy.notice import page
from troth.policy.notice_receivers import protection
from troth.policy.notice_uses import kept_by, why
from troth.policy.notice_voice import Voice, live_items, live_recipients, voice
from troth.policy.packs import adequacy
from troth.policy.page import Block, Bullets, Facts, Grid, Page, Paragraph, Part


def record(policy: Policy, clients: Sequence[str] = (), language: str = "") -> Page:
    """The record under Art. 30. `clients`: the names of those a processor works for. Raises `Unsaid` for an unknown language."""
    say = voice(policy, language)
    own = [purpose for purpose in policy.purposes.values() if not on_behalf(purpose)]
    behalf = [purpose for purpose in policy.purposes.values() if on_behalf(purpose)]
    kind = "both" if own and behalf else "processor" if behalf else "controller"
    parts = [_who(say, kind), *([_own(say, own)] if own else []), *([_behalf(say, behalf, clients)] if behalf else []),
             _receivers(say), _limits(say), _measures(say)]
    return page(say, "title.record", parts)


def on_behalf(purpose: Purpose) -> bool:
    """Whether a purpose is a client's, that the organisation only serves. One with a basis of its own is its own."""
    return purpose.basis is Basis.CLIENT_INSTRUCTION


def _who(say: Voice, kind: str) -> Part:
    us = say.policy.organisation
    officer = ", ".join(words for words in (say.text(us.officer), us.officer_email) if words)
    facts = (("name", us.name), ("address", us.address), ("email", us.email), ("telephone", us.telephone),
             ("officer", officer or say.say("record.not-named")), ("representative", us.representative or say.say("record.not-named")))
    said = Facts(tuple((say.say(f"record.{key}"), words) for key, words in facts if words))
    heading = say.say(f"record.heading-{kind}")
    companies = tuple(say.say("who.company", name=one.name, within=say.words.within(one.country), places=say.words.places(one.responsible_for))
                      for one in us.group if one.responsible_for)
    source = Paragraph(say.say("record.source", version=say.policy.version))
    blocks: tuple[Block, ...] = (Paragraph(say.say(f"record.{kind}")), said, *((Bullets(companies),) if companies else ()), source)
    return Part("who", heading, blocks)


def _own(say: Voice, purposes: list[Purpose]) -> Part:
    """Source: GDPR Art. 30(1)(b)-(d), (f)."""
    head = tuple(say.say(f"record.{key}") for key in ("purpose", "basis", "people", "data", "receivers", "erased"))
    rows = tuple((say.text(one.label), capital(say.say(f"bases.{one.basis}")), capital(_people(say, one)), capital(_kinds(say, one)),
                  _who_receives(say, one), capital(_erased(say, one))) for one in purposes)
    return Part("purposes", say.say("record.own"), (Grid(say.say("record.caption-purposes"), head, rows),))


def _behalf(say: Voice, purposes: list[Purpose], clients: Sequence[str]) -> Part:
    """Source: GDPR Art. 30(2)(a)-(b)."""
    named = Facts(((say.say("record.clients"), say.listed(clients) if clients else say.say("record.client")),))
    head = tuple(say.say(f"record.{key}") for key in ("processing", "people", "data", "receivers", "erased"))
    rows = tuple((say.text(one.label), capital(_people(say, one)), capital(_kinds(say, one)), _who_receives(say, one), capital(_erased(say, one)))
                 for one in purposes)
    return Part("behalf", say.say("record.behalf"), (named, Grid(say.say("record.caption-categories"), head, rows)))


def _items(say: Voice, purpose: Purpose) -> list[Item]:
    return [say.policy.items[id] for id in purpose.items if id in say.policy.items]


def _people(say: Voice, purpose: Purpose) -> str:
    """The populations a purpose names, or those its events are about."""
    events = [say.policy.events[id] for id in purpose.events if id in say.policy.events]
    named = purpose.populations or tuple(dict.fromkeys(event.population for event in events)) or tuple(say.policy.populations)
    return say.cell(say.policy.populations[id].label for id in named if id in say.policy.populations)


def _kinds(say: Voice, purpose: Purpose) -> str:
    return "; ".join(dict.fromkeys(say.words.category(item.category) for item in _items(say, purpose)))


def _who_receives(say: Voice, purpose: Purpose) -> str:
    labels = [one.label for one in live_recipients(say.policy) if purpose.id in one.purposes]
    return say.cell(labels) if labels else capital(say.say("record.nobody"))


def _erased(say: Voice, purpose: Purpose) -> str:
    """The purpose's own time, or each of its items' rules."""
    if purpose.keep_for is not None:
        return say.length(purpose.keep_for)
    rules = dict.fromkeys(item.keep for item in _items(say, purpose))
    return "; ".join(dict.fromkeys(kept_by(say, say.policy.retention[rule]) for rule in rules if rule in say.policy.retention))


def _receivers(say: Voice) -> Part:
    """Source: GDPR Art. 30(1)(d)-(e), 30(2)(c)."""
    found = live_recipients(say.policy)
    head = tuple(say.say(f"record.{key}") for key in ("receiver", "category", "data", "country", "transfer", "safeguard"))
    rows = tuple(_receiver(say, one) for one in found)
    blocks: tuple[Block, ...] = (Grid(say.say("record.caption-receivers"), head, rows),) if rows else (Paragraph(say.say("receivers.nobody")),)
    return Part("receivers", say.say("record.heading-receivers"), blocks)


def _receiver(say: Voice, one: Recipient) -> tuple[str, ...]:
    abroad = one.country not in adequacy().home
    kinds = dict.fromkeys(say.words.category(say.policy.items[id].category) for id in one.items if id in say.policy.items)
    return (say.text(one.label), capital(say.text(one.category)), capital("; ".join(kinds)), capital(say.words.country(one.country)),
            say.say("record.third" if abroad else "record.home"), capital(protection(say, one)))


def _limits(say: Voice) -> Part:
    """Source: GDPR Art. 30(1)(f)."""
    live = {item.keep for item in live_items(say.policy)}
    head = tuple(say.say(f"record.{key}") for key in ("kind", "kept", "why"))
    rows = tuple((capital(say.text(rule.label)), capital(kept_by(say, rule)), capital(why(say, rule)))
                 for rule in say.policy.retention.values() if rule.id in live)
    blocks: tuple[Block, ...] = (Grid(say.say("record.caption-retention"), head, rows),) if rows else (Paragraph(say.say("record.no-limits")),)
    return Part("retention", say.say("record.heading-retention"), blocks)


def _measures(say: Voice) -> Part:
    """Source: GDPR Art. 30(1)(g), 30(2)(d), 32(1)."""
    rules = say.policy.security
    said = [say.measure(id) for id in say.policy.settings.measures]
    said += [say.say(f"encrypted.{way}") for way in rules.encrypted]
    blocks: tuple[Block, ...] = (Bullets(tuple(dict.fromkeys(said))),) if said else (Paragraph(say.say("record.no-measures")),)
    return Part("measures", say.say("record.heading-measures"), blocks)
