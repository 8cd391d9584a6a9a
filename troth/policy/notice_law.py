"""Which rights does the notice name, law by law, and how are they used? The general part and California's own.

A policy can add to what the law of a place gives, and take nothing from it: what it says of rights narrows only what it
gives to the rest of the world.
Source: GDPR Art. 7(3), 12-22, 77; Cal. Civ. Code 1798.100-1798.130; 11 CCR 7011; each regime's dated pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from troth.policy.conduct import Allowed
from troth.policy.demands import ObjectionEffect, PortabilityTo, RestrictionOf
from troth.policy.language import capital
from troth.policy.model import Controller, Item, Policy, Recipient, Regime, Role
from troth.policy.notice_uses import kept_by, places
from troth.policy.notice_voice import Voice, live_items, live_recipients
from troth.policy.page import Block, Bullets, Grid, Link, Paragraph, Part

Said = Iterator[Block]
_CALIFORNIA = "california"
_SAME = {"access": "know", "erasure": "delete", "rectification": "correct"}  # one right under the names of two laws


def rights(voice: Voice, privacy_url: str) -> Part:
    """What everyone may ask, law by law; laws that say the same stand together."""
    groups: dict[tuple[tuple[str, ...], str], list[Regime]] = {}
    for law in voice.policy.regimes.values():
        if law.id != _CALIFORNIA and given(voice.policy, law):
            groups.setdefault((given(voice.policy, law), _answer(voice, law)), []).append(law)
    blocks = (*_asking(voice), Link(voice.say("rights.link"), privacy_url))
    parts = [_group(voice, laws) for laws in groups.values()]
    more = _details(voice)
    return Part("rights", voice.say("rights.heading"), blocks, (*parts, *((more,) if more else ())))


def given(policy: Policy, law: Regime) -> tuple[str, ...]:
    """The rights of people whom a law covers: the law's own, and what the policy adds to them."""
    rules = policy.rights
    everywhere = "*" in law.countries
    if rules.only_under and law.id not in rules.only_under:
        return () if everywhere else law.rights
    offered = tuple(right for right in rules.offered if _SAME.get(right) not in law.rights) or law.rights
    return tuple(dict.fromkeys(offered if everywhere else (*law.rights, *offered)))


def _answer(voice: Voice, law: Regime) -> str:
    own = voice.policy.rights.answer_within
    return voice.say("rights.answer", length=voice.length(own)) if own else voice.say(f"laws.{law.id}.answer")


def _asking(voice: Voice) -> Said:
    """How a right is used: where, who is sure of whom, what it costs."""
    rules, role = voice.policy.rights, voice.policy.organisation.role
    if role is Role.PROCESSOR or any(one.controller is Controller.CLIENT for one in voice.policy.populations.values()):
        yield Paragraph(voice.say("rights.client"))
    routes = voice.listed((voice.say(f"routes.{route}") for route in rules.routes), "or")
    how = [voice.say("rights.routes", routes=routes) if rules.routes else voice.say("rights.intro"), voice.say(f"verify.{rules.verification.when}")]
    if rules.verification.by:
        how.append(voice.say("verify.by", ways=voice.listed((voice.say(f"verify_by.{way}") for way in rules.verification.by), "or")))
    yield Paragraph(" ".join(how))
    fees = rules.fees
    cost = [voice.say("rights.free"), voice.say(f"excessive.{fees.excessive}", times=times(voice, fees.after))]
    yield Paragraph(" ".join([*cost, *(voice.say(f"refuse_on.{ground}") for ground in fees.refuse_on)]))
    if rules.by_agreement:
        yield Paragraph(voice.say("rights.agreement"))


def times(voice: Voice, count: int) -> str:
    return voice.say({1: "times.once", 2: "times.twice"}.get(count, "times.more"), count=count)


def _group(voice: Voice, laws: list[Regime]) -> Part:
    within = ["*" if "*" in law.countries else voice.say(f"laws.{law.id}.within") for law in laws]
    may = (Paragraph(voice.say("rights.may")), _may(voice, given(voice.policy, laws[0])), Paragraph(_answer(voice, laws[0])))
    return Part(f"rights-{laws[0].id}", capital(places(voice, within)), may)


def _may(voice: Voice, names: Iterable[str]) -> Bullets:
    return Bullets(tuple(voice.say(f"right.{name}") for name in names))


def _details(voice: Voice) -> Part | None:
    """What this policy says of single rights beyond the law's own words."""
    return voice.part("rights-details", "details.heading", [*_erasing(voice), *_restricting(voice), *_objecting(voice), *_taking_along(voice)])


def _erasing(voice: Voice) -> Said:
    rules = voice.policy.rights.erasure
    if rules.grounds:
        yield Paragraph(voice.say("details.erasure"))
        yield Bullets(tuple(capital(voice.say(f"erase_when.{ground}")) for ground in rules.grounds))
    if rules.reasons_asked:
        yield Paragraph(voice.say("details.reasons"))


def _restricting(voice: Voice) -> Said:
    rules = voice.policy.rights.restriction
    if rules.grounds:
        yield Paragraph(voice.say("details.restriction"))
        yield Bullets(tuple(capital(voice.say(f"restrict_when.{ground}")) for ground in rules.grounds))
    said = [voice.say("details.written")] if rules.written else []
    said += [] if rules.of is RestrictionOf.ALL else [voice.say(f"details.restriction-{rules.of}")]
    if said:
        yield Paragraph(" ".join(said))


def _objecting(voice: Voice) -> Said:
    rules = voice.policy.rights.objection
    pairs = (("marketing", rules.marketing), ("others", rules.others), ("profiling", rules.profiling))
    said = [voice.say(f"details.{name}-{effect}") for name, effect in pairs if effect is not ObjectionEffect.UNSTATED]
    if said:
        yield Paragraph(" ".join(said))


def _taking_along(voice: Voice) -> Said:
    rules = voice.policy.rights.portability
    if not any("portability" in given(voice.policy, law) for law in voice.policy.regimes.values()):
        return
    formats = voice.say("formats.as", formats=voice.listed((voice.say(f"formats.{each}") for each in rules.formats), "or"))
    said = [voice.say(f"details.portability-{rules.of}", formats=formats)]
    if rules.under and rules.of == "provided":
        said.append(voice.say("details.under", bases=voice.listed((voice.say(f"bases.{basis}") for basis in rules.under), "or")))
    said.append(voice.say("details.third" if PortabilityTo.THIRD_PARTY in rules.to else "details.person"))
    if rules.direct:
        said.append(voice.say("details.direct"))
    yield Paragraph(" ".join(said))


def california(voice: Voice) -> Part | None:
    """What Californians are told: kinds of data, sources, purposes, time, disclosures, sale, and their rights."""
    law = voice.policy.regimes.get(_CALIFORNIA)
    if law is None:
        return None
    blocks: list[Block] = [*_collected(voice), *_sold(voice), Paragraph(voice.say("rights.may")), _may(voice, given(voice.policy, law))]
    refused = voice.uses(voice.policy.settings.global_privacy_control)
    if refused:
        blocks.append(Paragraph(voice.say("cookies.signal", uses=refused)))
    per_year = voice.policy.rights.per_year
    often = voice.say("california.free") if per_year in (None, 2) else voice.say("california.limit", times=times(voice, per_year or 0))
    how = [voice.say("california.ask"), _answer(voice, law), voice.say("california.account"), often, voice.say("california.agent")]
    authority = voice.say("california.authority", authority=voice.say(f"laws.{law.id}.authority"), contact=voice.say(f"laws.{law.id}.contact"))
    return Part("california", voice.say("california.heading"), (*blocks, Paragraph(" ".join(how)), Paragraph(authority)))


def _collected(voice: Voice) -> Said:
    """The table of a year. Source: Cal. Civ. Code 1798.130(a)(5)(B)-(C); 11 CCR 7011(e)(1)."""
    items = live_items(voice.policy)
    kinds = dict.fromkeys(item.category for item in items)
    rows = tuple(_kind(voice, kind, [item for item in items if item.category == kind], live_recipients(voice.policy)) for kind in kinds)
    head = tuple(voice.say(f"california.{key}") for key in ("kind", "which", "from", "for", "kept", "to"))
    yield Grid(voice.say("california.caption"), head, rows)
    if any(item.special or item.sensitive for item in items):
        yield Paragraph(voice.say("california.sensitive"))


def _sold(voice: Voice) -> Said:
    """The statement on sale and sharing. Source: Cal. Civ. Code 1798.130(a)(5)(C); 11 CCR 7011(e)(1)(G)-(H)."""
    said = [voice.text(voice.policy.notice.no_sale)] if voice.policy.notice.no_sale else []
    sharing = voice.policy.sharing
    if Allowed.ALLOWED not in (sharing.sale, sharing.advertising_partners, sharing.across_sites):
        said += [voice.say("california.unsold"), voice.say("california.young")]
    yield Paragraph(" ".join([*said, voice.say("california.business")]))


def _kind(voice: Voice, kind: str, items: list[Item], recipients: Iterable[Recipient]) -> tuple[str, ...]:
    policy, ids = voice.policy, {item.id for item in items}
    channels = [voice.say(f"channels.{event.channel}") for event in policy.events.values() if ids & set(event.items)]
    purposes = [purpose.id for purpose in policy.purposes.values() if ids & set(purpose.items)]
    rules = dict.fromkeys(item.keep for item in items if item.keep in policy.retention)
    receivers = [recipient.category for recipient in recipients if ids & set(recipient.items)]
    return (capital(voice.words.category(kind)), capital(voice.cell(item.label for item in items)),
            capital("; ".join(dict.fromkeys(channels)) or voice.say("california.derived")), capital(voice.uses_cell(purposes)),
            capital("; ".join(dict.fromkeys(kept_by(voice, policy.retention[rule]) for rule in rules))),
            capital(voice.cell(receivers)) or voice.say("california.nobody"))



