"""What must people be told? The published notice, made from the policy alone; readings and settings stay inside.

Only what is really done appears: an item that serves no purpose and a cookie or recipient whose purposes are gone are
left out. `as_html` and `as_markdown` print it, `troth.look.paper` as PDF, `notice_dpv` as linked data.
Source: GDPR Art. 12-14; Cal. Civ. Code 1798.130(a)(5) (`notice_law`).
"""

from __future__ import annotations

from troth.policy.conduct import AcceptedBy
from troth.policy.demands import ChildrenThen, Regulator, SpecialCategories, TakesEffect
from troth.policy.language import capital
from troth.policy.model import Controller, GroupCompany, Policy, Role
from troth.policy.notice_law import california, rights
from troth.policy.notice_receivers import figures, receivers, safety, where
from troth.policy.notice_uses import giving, held, uses
from troth.policy.notice_voice import Voice, joined, live_cookies, live_items, live_recipients, paragraph, voice
from troth.policy.notice_ways import addresses, asked, channels, claimed, cookies_part, is_address, linked, profiling, table
from troth.policy.page import Block, Bullets, Facts, Link, Page, Paragraph, Part, as_document, as_html, as_markdown

__all__ = ["Notice", "as_document", "as_html", "as_markdown", "cookie_page", "dated", "live_cookies", "live_items", "live_recipients", "notice",
           "page", "reach"]

Notice = Page


def notice(policy: Policy, versions_url: str, cookies_url: str = "cookies", privacy_url: str = "privacy", language: str = "") -> Notice:
    """The notice people read. The three addresses are those of earlier versions, the cookies and the privacy centre.

    `language`: the id of one there is a file for; empty: the policy's own. Raises `Unsaid` for another.
    """
    say = voice(policy, language)
    parts = (
        _who(say), _whom(say), uses(say), held(say), giving(say), channels(say), profiling(say), receivers(say), figures(say), where(say),
        safety(say), cookies_part(say, cookies_url), rights(say, privacy_url), california(say), _children(say), _special(say), _written(say),
        say.part("boundary", "boundary.heading", paragraph(say.text(policy.notice.boundary))), _complaints(say), _contact(say),
        _changes(say, versions_url), _licence(say))
    return page(say, "title.combined" if policy.notice.combined else "title.notice", [part for part in parts if part is not None])


def cookie_page(policy: Policy, language: str = "") -> Notice:
    """The list of what is stored in a browser: its name, who sets it, what for, how long; and what is asked about it."""
    say = voice(policy, language)
    intro = paragraph(say.text(policy.notice.cookies_intro))
    said = [*intro, *joined(asked(say)), *joined([*claimed(say), *linked(say), *addresses(say)]), *table(say)]
    part = Part("cookies", say.say("cookies.here"), tuple(said))
    return page(say, "title.cookies", [part])


def page(say: Voice, title: str, parts: list[Part]) -> Page:
    """A whole text with its title and its dates, and a word on texts of another language."""
    policy = say.policy
    if say.mixed:
        other = say.say("foreign", name=policy.organisation.name, language=say.say(f"tongues.{policy.language}"))
        parts = [Part("language", say.say("foreign_heading"), (Paragraph(other),)), *parts]
    return Page(say.say(title, name=policy.organisation.name), say.words.id, dated(say), policy.notice.date_at, tuple(parts),
                say.own.id if say.mixed else "", say.say("contents"))


def dated(say: Voice) -> str:
    """The line of version and dates, as the policy wants it."""
    policy = say.policy
    said = [say.say("dated.version", version=policy.version)] if policy.notice.version_shown else []
    said.append(say.say("dated.changed", day=say.words.day(policy.changed_on)))
    if policy.notice.reviewed_on:
        said.append(say.say("dated.reviewed", day=say.words.day(policy.notice.reviewed_on)))
    return " ".join([*said, say.say("dated.effective", day=say.words.day(policy.effective_on))])


def _who(say: Voice) -> Part:
    us = say.policy.organisation
    blocks: list[Block] = [Paragraph(say.say(f"who.{us.role}", name=us.name))]
    theirs = [one.id for one in say.policy.populations.values() if one.controller is Controller.CLIENT]
    if us.role is Role.PROCESSOR:
        blocks.append(Paragraph(say.say("who.turn")))
    elif len(theirs) == 1:
        blocks.append(Paragraph(say.say("who.client", people=say.people(theirs))))
    elif theirs:
        labels = tuple(capital(say.text(say.policy.populations[id].label)) for id in theirs)
        blocks += [Paragraph(say.say("who.clients")), Bullets(labels), Paragraph(say.say("who.theirs"))]
    blocks.append(Facts(reach(say)))
    group = tuple(_company(say, company) for company in us.group if company.responsible_for)
    return Part("who", say.say("who.heading"), (*blocks, Bullets(group)) if group else tuple(blocks))


def reach(say: Voice) -> tuple[tuple[str, str], ...]:
    """How the organisation is reached. Source: GDPR Art. 13(1)(a)-(b)."""
    us = say.policy.organisation
    facts = (("address", us.address), ("email", us.email), ("telephone", us.telephone), ("officer", _officer(say)),
             ("representative", us.representative), ("complaints", say.policy.complaints.email))
    return tuple((say.say(f"who.{key}"), words) for key, words in facts if words)


def _company(say: Voice, company: GroupCompany) -> str:
    places = say.words.places(company.responsible_for)
    return say.say("who.company", name=company.name, within=say.words.within(company.country), places=places)


def _officer(say: Voice) -> str:
    return ", ".join(words for words in (say.text(say.policy.organisation.officer), say.policy.organisation.officer_email) if words)


def _whom(say: Voice) -> Part:
    labels = tuple(capital(say.text(one.label)) for one in say.policy.populations.values())
    one = Paragraph(say.say("whom.one", people=say.people(say.policy.populations)))
    people: tuple[Block, ...] = (Paragraph(say.say("whom.people")), Bullets(labels)) if len(labels) > 1 else (one,)
    own = paragraph(say.text(say.policy.notice.acceptance))
    return Part("whom", say.say("whom.heading"), (*people, *own, *([] if own else _accepted(say))))


def _accepted(say: Voice) -> list[Block]:
    rules = say.policy.acceptance
    said = [] if rules.by is AcceptedBy.UNSTATED else [say.say(f"acceptance.{rules.by}")]
    if said and rules.counts_as is not None:
        said.append(say.say(f"acceptance.{rules.counts_as}"))
    if rules.required:
        said.append(say.say("acceptance.required"))
    if said:
        said.append(say.say("acceptance.withdrawable" if rules.withdrawable else "acceptance.final"))
    return paragraph(" ".join(said))


def _children(say: Voice) -> Part | None:
    """In the policy's own words where it has some."""
    own, rules = say.policy.notice.children, say.policy.children
    said = paragraph(say.text(own))
    if not own and (rules.age is not None or rules.then is not ChildrenThen.UNSTATED):
        said = [Paragraph(say.say("children.aged" if rules.age else "children.unaged", age=rules.age)), *say.stated("children", rules.then)]
    return say.part("children", "children.heading", joined(said))


def _special(say: Voice) -> Part | None:
    """What is not sought, or why some of it is held all the same. Source: GDPR Art. 9."""
    own, kind = say.policy.notice.special, say.policy.special_categories
    held_items = [(say.text(item.label), say.text(item.sensitive)) for item in live_items(say.policy) if item.sensitive]
    if held_items:
        lines = Bullets(tuple(capital(say.say("special.item", data=label, reason=reason)) for label, reason in held_items))
        return say.part("special", "special.collected-heading", [*(paragraph(say.text(own)) or [Paragraph(say.say("special.collected"))]), lines])
    heading = "special.collected-heading" if kind is SpecialCategories.COLLECTED else "special.heading"
    return say.part("special", heading, paragraph(say.text(own)) or say.stated("special", kind))


def _written(say: Voice) -> Part | None:
    """What is looked for in words that people write themselves, and what becomes of it (`troth.collect.free_text` does it)."""
    rules = say.policy.free_text
    if not any(item.is_free_text for item in live_items(say.policy)):
        return None
    said = [say.say(f"written.card-{rules.card}"), say.say(f"written.national_id-{rules.national_id}"), say.say(f"written.special-{rules.special}")]
    return say.part("written", "written.heading", [Paragraph(" ".join(said))])


def _complaints(say: Voice) -> Part:
    """Source: GDPR Art. 13(2)(d)."""
    rules = say.policy.complaints
    blocks = paragraph(say.text(say.policy.notice.complaints)) or say.stated("complaints", rules.first)
    if rules.email and rules.email not in say.policy.notice.complaints:
        blocks.append(Paragraph(say.say("complaints.email", email=rules.email)))
    if rules.procedure:
        blocks.append(Link(say.say("complaints.procedure"), rules.procedure) if is_address(rules.procedure) else Paragraph(say.text(rules.procedure)))
    offices = tuple(dict.fromkeys(
        capital(say.say("complaints.office", authority=say.say(f"laws.{law}.authority"), contact=say.say(f"laws.{law}.contact")))
        for law in say.policy.regimes))
    if offices:
        any_of_them = rules.regulator is Regulator.ANY and len(offices) > 1
        lead = "any" if any_of_them else "one" if len(offices) == 1 else "more"
        blocks += [Paragraph(say.say(f"complaints.{lead}")), Bullets(offices)]
    return Part("complaints", say.say("complaints.heading"), tuple(blocks))


def _contact(say: Voice) -> Part | None:
    officer = _officer(say)
    more = [Paragraph(say.say("contact.officer", officer=officer))] if officer else []
    return say.part("contact", "contact.heading", [*paragraph(say.text(say.policy.notice.contact)), *more])


def _changes(say: Voice, versions_url: str) -> Part:
    rules = say.policy.announcements
    blocks = paragraph(say.text(say.policy.notice.changes))
    said = [say.say(f"announced.{kind}") for kind in rules.when]
    if said and rules.advance:
        said.append(say.say("changes.advance", length=say.length(rules.advance)))
    if said and rules.by:
        said.append(say.say("changes.by", ways=say.listed(say.say(f"announced_by.{way}") for way in rules.by)))
    if rules.individually:
        said.append(say.say("changes.individually"))
    if rules.effective is TakesEffect.ON_POSTING:
        said.append(say.say("changes.on-posting"))
    if rules.reasons:
        said.append(say.say("changes.reasons", reasons=say.listed((say.say(f"revised.{why}") for why in rules.reasons), "or")))
    return Part("changes", say.say("changes.heading"), (*blocks, *paragraph(" ".join(said)), Link(say.say("changes.versions"), versions_url)))


def _licence(say: Voice) -> Part | None:
    rules = say.policy.notice.licence
    if rules is None:
        return None
    said = [say.say("licence.credit", credit=say.text(rules.credit))] + ([say.say("licence.alike")] if rules.share_alike else [])
    link = [Link(say.say("licence.terms"), rules.url)] if rules.url else []
    return say.part("licence", "licence.heading", [Paragraph(" ".join(said)), *link])
