"""What is data used for, what is held, and how long? The middle of the notice: uses, what is held, what must be given.

Source: GDPR Art. 13(1)(c)-(d), 13(2)(a) and (e), 14(1)(d), 14(2)(f).
"""

from __future__ import annotations

from datetime import timedelta

from troth.policy.language import capital
from troth.policy.model import STRICTNESS, Basis, EnabledBy, Item, Permission, Policy, Purpose, RetentionRule, Without, permission_under
from troth.policy.notice_voice import Voice, joined, live_items
from troth.policy.page import Block, Facts, Grid, Paragraph, Part

_WEIGHED = (Basis.PUBLIC_TASK, Basis.LEGITIMATE_INTERESTS, Basis.CONSENT)  # a person may object to these. Source: GDPR Art. 21(1)


def uses(voice: Voice) -> Part:
    policy = voice.policy
    said = [Paragraph(voice.say("uses.intro"))]
    if any(purpose.basis is Basis.LEGITIMATE_INTERESTS for purpose in policy.purposes.values()):
        said.append(Paragraph(voice.say("uses.interests")))
    assumed = dict.fromkeys(purpose.basis for purpose in policy.purposes.values() if purpose.basis_defaulted)
    said += [Paragraph(voice.say("uses.assumed", basis=voice.say(f"bases.{basis}"))) for basis in assumed]
    return Part("uses", voice.say("uses.heading"), tuple(joined(said)), tuple(_use(voice, purpose) for purpose in policy.purposes.values()))


def _use(voice: Voice, purpose: Purpose) -> Part:
    facts = (
        ("about", voice.people(purpose.populations)),
        ("basis", capital(voice.say(f"bases.{purpose.basis}"))),
        ("say", _say(voice, purpose)),
        ("data", capital(voice.labels(purpose.items))),
        ("kept", capital(_kept_in_words(voice, purpose))),
        ("remainder", _remainder(voice, purpose)),
        ("loses", capital(voice.text(purpose.loses))),
    )
    said = Facts(tuple((voice.say(f"uses.{key}"), words) for key, words in facts if words))
    about = (Paragraph(voice.text(purpose.notice)),) if purpose.notice else ()
    return Part(f"purpose-{purpose.id}", voice.text(purpose.label), (*about, said), purpose=purpose.id)


def _say(voice: Voice, purpose: Purpose) -> str:
    """How permission works where each law holds; the strictest first, the rest of the world last."""
    by_permission: dict[Permission, list[str]] = {}
    for law in voice.policy.regimes.values():
        where = "*" if "*" in law.countries else voice.say(f"laws.{law.id}.within")
        by_permission.setdefault(permission_under(voice.policy, purpose, law.id), []).append(where)
    if len(by_permission) < 2:
        return voice.say(_ask(purpose, next(iter(by_permission), purpose.permission)))
    ways = sorted(by_permission, key=lambda permission: -STRICTNESS[permission])
    return " ".join(voice.say(_ask(purpose, way) + "-within", place=capital(places(voice, by_permission[way]))) for way in ways)


def places(voice: Voice, within: list[str]) -> str:
    """Places as a sentence begins with them; `*` is the rest of the world, and takes in whatever is named beside it."""
    return voice.say("place.elsewhere") if "*" in within else voice.words.places_said(within)


def _ask(purpose: Purpose, permission: Permission) -> str:
    """The key of what is said of a way of permission."""
    if permission is Permission.NONE and purpose.basis not in _WEIGHED:
        return f"say.{purpose.basis}"
    return f"say.{permission}"


def kept(policy: Policy, purpose: Purpose) -> timedelta | None:
    """The shorter of the purpose's own time and its longest-kept item's."""
    rules = [policy.items[id].keep for id in purpose.items if id in policy.items]
    spans = [policy.retention[rule].keep_for for rule in rules if rule in policy.retention]
    longest = None if None in spans or not spans else max(span for span in spans if span is not None)
    return min((span for span in (purpose.keep_for, longest) if span is not None), default=None)


def _kept_in_words(voice: Voice, purpose: Purpose) -> str:
    """As the retention rule says it when the purpose's items share one; else the time alone."""
    policy = voice.policy
    span = kept(policy, purpose)
    rules = {policy.items[id].keep for id in purpose.items if id in policy.items} & policy.retention.keys()
    if len(rules) == 1:
        rule = policy.retention[rules.pop()]
        if rule.keep_for == span:
            return kept_by(voice, rule)
    return voice.length(span)


def kept_by(voice: Voice, rule: RetentionRule) -> str:
    """A retention rule's time, with what it is counted from."""
    if rule.keep_for is None:
        return voice.say(f"counted.needed-{rule.counted_from}")
    return voice.say(f"counted.{rule.counted_from}", length=voice.length(rule.keep_for))


def _remainder(voice: Voice, purpose: Purpose) -> str:
    if purpose.without is not Without.REMAINDER or not purpose.remainder:
        return ""
    return voice.say("uses.only-remainder", data=voice.labels(purpose.remainder))


def held(voice: Voice) -> Part:
    items = live_items(voice.policy)
    rows, open_ended = [], False
    for rule in voice.policy.retention.values():
        labels = [item.label for item in items if item.keep == rule.id]
        if labels:
            open_ended |= rule.keep_for is None and rule.told_on_request
            rows.append((capital(voice.text(rule.label)), capital(voice.cell(labels)), capital(kept_by(voice, rule)), capital(why(voice, rule))))
    head = tuple(voice.say(f"held.{key}") for key in ("kind", "data", "kept", "why"))
    grid = Grid(voice.say("held.caption"), head, tuple(rows))
    ask = [Paragraph(voice.say("held.ask"))] if open_ended else []
    return Part("held", voice.say("held.heading"), (*_sources(voice), grid, *ask, *_enabled(voice, items)))


def why(voice: Voice, rule: RetentionRule) -> str:
    """Why it is kept so long, and what keeps it when the subject leaves."""
    ground = voice.say("held.ground", ground=voice.text(rule.ground)) if rule.ground else ""
    return "; ".join(words for words in (voice.text(rule.why), ground) if words)


def _sources(voice: Voice) -> list[Block]:
    channels = channels_of(voice.policy)
    return [Paragraph(voice.say("held.sources", channels=voice.listed(voice.say(f"channels.{id}") for id in channels)))] if channels else []


def channels_of(policy: Policy) -> list[str]:
    """The channels that events of a use come by, in the order of the file."""
    served = {event for purpose in policy.purposes.values() for event in purpose.events}
    return list(dict.fromkeys(event.channel for event in policy.events.values() if event.id in served))


def _enabled(voice: Voice, items: tuple[Item, ...]) -> list[Block]:
    """What is held only where a client switched it on."""
    waiting = [item.label for item in items if item.enabled_by is EnabledBy.CLIENT and not item.enabled]
    return [Paragraph(voice.say("held.enabled", data=voice.texts(waiting)))] if waiting else []


def giving(voice: Voice) -> Part | None:
    """Whether data must be given, and what follows if it is not. Source: GDPR Art. 13(2)(e)."""
    purposes = voice.policy.purposes.values()
    contract = [purpose.id for purpose in purposes if purpose.basis is Basis.CONTRACT]
    law = [purpose.id for purpose in purposes if purpose.basis is Basis.LEGAL_OBLIGATION]
    said: list[Block] = []
    if contract:
        said.append(Paragraph(voice.say("giving.contract" if len(contract) == 1 else "giving.contracts", uses=voice.uses(contract))))
    if law:
        said.append(Paragraph(voice.say("giving.law", uses=voice.uses(law))))
    said.append(Paragraph(voice.say("giving.free" if said else "giving.all-free")))
    return voice.part("giving", "giving.heading", joined(said))
