"""What must people be told? The published notice, made from the policy alone; readings and settings stay inside.

Only what is really done appears: an item that serves no purpose and a cookie or recipient whose purposes are gone are
left out. `as_html` and `as_markdown` print it.
Source: GDPR Art. 12-14; Cal. Civ. Code 1798.130(a)(5) (`notice_law`).
"""

from __future__ import annotations

from datetime import timedelta

from troth.policy.model import STRICTNESS, Basis, Cookie, GroupCompany, Item, Permission, Policy, Purpose, Recipient, Role, Without, permission_under
from troth.policy.notice_law import california, rights
from troth.policy.packs import adequacy
from troth.policy.page import Block, Bullets, Facts, Grid, Link, Page, Paragraph, Part, as_html, as_markdown
from troth.policy.words import BASES, CHANNELS, SAFEGUARDS, capital, country, day, length, listed

__all__ = ["Notice", "as_html", "as_markdown", "cookie_page", "live_cookies", "live_recipients", "notice"]

Notice = Page

_REGIONS = {"uk": "the United Kingdom", "eu": "the European Union", "us": "the United States", "eea": "the European Economic Area"}
_REASONS = {
    "law": "the law or a binding order demands it", "terms-breach": "a breach of our terms must be looked into",
    "fraud": "fraud must be stopped", "security": "an attack or a technical fault must be dealt with",
    "protect-rights": "somebody's rights, property or safety must be protected",
    "support-request": "your own support case needs it", "emergency": "somebody's life is in danger",
}


def notice(policy: Policy, versions_url: str, cookies_url: str = "cookies", privacy_url: str = "privacy") -> Notice:
    """The notice people read. The three addresses are those of earlier versions, the cookies and the privacy centre."""
    parts = (
        _who(policy), _whom(policy), _uses(policy), _held(policy), _receivers(policy), _cookies_part(policy, cookies_url),
        rights(policy, privacy_url), california(policy, live_items(policy), live_recipients(policy)),
        _said("children", "Children", policy.notice.children), _said("special", "Data we do not want", policy.notice.special),
        _said("boundary", "Where this policy ends", policy.notice.boundary), _complaints(policy), _contact(policy),
        _changes(policy, versions_url))
    return Page(f"Privacy policy of {policy.organisation.name}", policy.language, _dated(policy), policy.notice.date_at,
                tuple(part for part in parts if part is not None))


def cookie_page(policy: Policy) -> Notice:
    """The list of what is stored in a browser: its name, who sets it, what for, how long."""
    rows = tuple(
        (cookie.name, cookie.provider, capital(cookie.label), _served(policy, cookie), _stays(cookie.keep_for), _kind_of(cookie))
        for cookie in live_cookies(policy))
    intro = (Paragraph(policy.notice.cookies_intro),) if policy.notice.cookies_intro else ()
    head = ("Name", "Set by", "What it does", "What for", "How long", "Kind")
    said = (Paragraph("What the site cannot do without is set when it is needed. All else waits for your choice where the law asks for it, "
                      "and goes when you say no."),)
    table: tuple[Block, ...] = (Grid("Everything this site stores in your browser", head, rows),) if rows else (Paragraph("There are none."),)
    part = Part("cookies", "What is stored in your browser", (*intro, *said, *table))
    return Page(f"Cookies of {policy.organisation.name}", policy.language, _dated(policy), policy.notice.date_at, (part,))


def live_items(policy: Policy) -> tuple[Item, ...]:
    """The items that a purpose needs; no other is collected."""
    needed = {item for purpose in policy.purposes.values() for item in purpose.items}
    return tuple(item for item in policy.items.values() if item.id in needed)


def live_recipients(policy: Policy) -> tuple[Recipient, ...]:
    """The recipients that serve a purpose the policy has."""
    return tuple(each for each in policy.recipients.values() if any(id in policy.purposes for id in each.purposes))


def live_cookies(policy: Policy) -> tuple[Cookie, ...]:
    """The cookies that are strictly necessary or serve a purpose the policy has."""
    return tuple(each for each in policy.cookies.values() if not each.purposes or any(id in policy.purposes for id in each.purposes))


def _dated(policy: Policy) -> str:
    return f"Version {policy.version}. Last changed on {day(policy.changed_on)}. In force from {day(policy.effective_on)}."


def _said(id: str, heading: str, text: str) -> Part | None:
    return Part(id, heading, (Paragraph(text),)) if text else None


def _who(policy: Policy) -> Part:
    us = policy.organisation
    what = {
        Role.CONTROLLER: f"{us.name} decides what data about you is used for, and answers for it.",
        Role.PROCESSOR: f"{us.name} works with data on behalf of its clients and as they instruct. They answer for it.",
        Role.BOTH: f"{us.name} answers for the data this policy tells of. Data its clients send it uses only as they instruct.",
    }[us.role]
    reach = (("Address", us.address), ("E-mail", us.email), ("Telephone", us.telephone), ("For privacy", _officer(policy)))
    group = tuple(_company(company) for company in us.group if company.responsible_for)
    blocks: list[Block] = [Paragraph(what), Facts(tuple(pair for pair in reach if pair[1]))]
    return Part("who", "Who we are", (*blocks, Bullets(group)) if group else tuple(blocks))


def _company(company: GroupCompany) -> str:
    where = listed(map(country, company.responsible_for))
    return f"{company.name}, in {country(company.country)}, answers for the data of customers in {where}."


def _officer(policy: Policy) -> str:
    return ", ".join(words for words in (policy.organisation.officer, policy.organisation.officer_email) if words)


def _whom(policy: Policy) -> Part:
    about = listed((population.label for population in policy.populations.values()), "or")
    accepted = (Paragraph(policy.notice.acceptance),) if policy.notice.acceptance else ()
    return Part("whom", "Who this is for", (Paragraph(f"This policy is for you if you are {about}."), *accepted))


def _uses(policy: Policy) -> Part:
    intro = "We use data for the following, and for nothing else. Each use says what it rests on, what it needs and what you can say to it."
    uses = tuple(_use(policy, purpose) for purpose in policy.purposes.values())
    return Part("uses", "What we use data for", (Paragraph(intro),), uses)


def _use(policy: Policy, purpose: Purpose) -> Part:
    about = listed((policy.populations[id].label for id in purpose.populations if id in policy.populations), "or")
    facts = (
        ("Only if you are", about if purpose.populations else ""),
        ("Rests on", capital(BASES[purpose.basis])),
        ("Your say", _say(policy, purpose)),
        ("Data", capital(_labels(policy, purpose.items))),
        ("Kept for", capital(length(_kept(policy, purpose)))),
        ("Without your permission", _remainder(policy, purpose)),
        ("If you say no", capital(purpose.loses)),
    )
    said = Facts(tuple(pair for pair in facts if pair[1]))
    return Part(f"purpose-{purpose.id}", purpose.label, (Paragraph(purpose.notice), said), purpose=purpose.id)


def _labels(policy: Policy, items: tuple[str, ...]) -> str:
    return listed(policy.items[item].label for item in items if item in policy.items)


def _say(policy: Policy, purpose: Purpose) -> str:
    """How permission works where each law holds; the strictest first, the rest of the world last."""
    by_permission: dict[Permission, list[str]] = {}
    for law in policy.regimes.values():
        where = "elsewhere" if "*" in law.countries else f"the {law.label}" if " " in law.label else law.label
        by_permission.setdefault(permission_under(policy, purpose, law.id), []).append(where)
    if len(by_permission) == 1:
        return _asked(purpose, next(iter(by_permission)), "")
    ways = sorted(by_permission, key=lambda permission: -STRICTNESS[permission])
    return " ".join(_asked(purpose, way, _places(by_permission[way])) for way in ways)


def _places(places: list[str]) -> str:
    return "elsewhere" if "elsewhere" in places else f"in {listed(places)}"


def _asked(purpose: Purpose, permission: Permission, where: str) -> str:
    start = f"{capital(where)} " if where else ""
    match permission:
        case Permission.ASK_BEFORE:
            return f"{start}we ask you first." if where else "We ask you first."
        case Permission.MAY_OBJECT:
            return f"{start}you may say no at any time." if where else "You may say no at any time."
        case Permission.NONE:
            return _unasked(purpose, start)


def _unasked(purpose: Purpose, start: str) -> str:
    why = {Basis.CONTRACT: "we do not ask, because the contract needs it.", Basis.LEGAL_OBLIGATION: "we do not ask, because the law demands it."}
    return capital(start + why.get(purpose.basis, "we do not ask, but you may object."))


def _kept(policy: Policy, purpose: Purpose) -> timedelta | None:
    """The shorter of the purpose's own time and its longest-kept item's."""
    kept = [policy.items[id].keep for id in purpose.items if id in policy.items]
    spans = [policy.retention[rule].keep_for for rule in kept if rule in policy.retention]
    longest = None if None in spans or not spans else max(span for span in spans if span is not None)
    return min((span for span in (purpose.keep_for, longest) if span is not None), default=None)


def _remainder(policy: Policy, purpose: Purpose) -> str:
    if purpose.without is not Without.REMAINDER or not purpose.remainder:
        return ""
    return f"Only the day and {_labels(policy, purpose.remainder)}, with nothing that points to you"


def _held(policy: Policy) -> Part:
    items = live_items(policy)
    served = {event for purpose in policy.purposes.values() for event in purpose.events}
    channels = dict.fromkeys(event.channel for event in policy.events.values() if event.id in served)
    sources = (Paragraph(f"It reaches us through {listed(CHANNELS.get(channel, channel) for channel in channels)}."),) if channels else ()
    rows = []
    for rule in policy.retention.values():
        labels = [item.label for item in items if item.keep == rule.id]
        if labels:
            why = capital(_why(rule.why, rule.ground))
            rows.append((capital(rule.label), capital(listed(labels)), length(rule.keep_for), why))
    grid = Grid("Data by how long it is kept", ("Kind", "Data", "Kept for", "Why"), tuple(rows))
    return Part("held", "What we hold, and for how long", (*sources, grid))


def _why(why: str, ground: str | None) -> str:
    return "; ".join(words for words in (why, f"kept even if you leave, because of {ground}" if ground else "") if words)


def _receivers(policy: Policy) -> Part:
    receivers = live_recipients(policy)
    rows = tuple((each.label, capital(each.category), capital(country(each.country)), capital(_labels(policy, each.items)), capital(_safe(each)))
                 for each in receivers)
    blocks: list[Block] = []
    if rows:
        signed = " Each has signed to keep it safe." if all(each.terms for each in receivers) else ""
        blocks = [Paragraph(f"Those listed here receive only the data that their work for us needs, and may not use it for themselves.{signed}"),
                  Grid("Who receives data", ("Name", "What they do", "Where", "Data", "What protects it"), rows)]
    region = policy.settings.region
    if region:
        blocks.append(Paragraph(f"We store data in {_REGIONS.get(region, region)} unless we have told you otherwise."))
    reasons = tuple(capital(_REASONS[reason]) for reason in policy.settings.legal_reasons if reason in _REASONS)
    if reasons:
        blocks += [Paragraph("We also hand data over, each time for a written reason, when:"), Bullets(reasons)]
    return Part("receivers", "Who else receives data", tuple(blocks) or (Paragraph("Nobody."),))


def _safe(recipient: Recipient) -> str:
    """What protects data in the recipient's country. Source: GDPR Art. 13(1)(f)."""
    own = SAFEGUARDS.get(recipient.safeguard or "", "")
    if recipient.country in adequacy().home:
        return own or "the law of the United Kingdom or the European Union"
    return own or "a decision that the country protects data well enough"


def _cookies_part(policy: Policy, cookies_url: str) -> Part:
    intro = (Paragraph(policy.notice.cookies_intro),) if policy.notice.cookies_intro else ()
    return Part("cookies", "Cookies", (*intro, Link("Every cookie, who sets it and how long it stays", cookies_url)))


def _complaints(policy: Policy) -> Part:
    offices = dict.fromkeys((law.authority, law.authority_contact) for law in policy.regimes.values())
    lines = tuple(f"{capital(office)}: {contact}" for office, contact in offices)
    return Part("complaints", "If you are unhappy", (Paragraph(policy.notice.complaints), Bullets(lines)))


def _contact(policy: Policy) -> Part:
    officer = _officer(policy)
    more = (Paragraph(f"Questions about privacy go to {officer}."),) if officer else ()
    return Part("contact", "How to reach us", (Paragraph(policy.notice.contact), *more))


def _changes(policy: Policy, versions_url: str) -> Part:
    said = (Paragraph(policy.notice.changes),) if policy.notice.changes else ()
    return Part("changes", "Changes", (*said, Link("Earlier versions, and what changed", versions_url)))


def _served(policy: Policy, cookie: Cookie) -> str:
    labels = [policy.purposes[id].label for id in cookie.purposes if id in policy.purposes]
    return listed(labels) if labels else "The site cannot do without it"


def _stays(kept: timedelta | None) -> str:
    return length(kept) if kept else "until you close the browser"


def _kind_of(cookie: Cookie) -> str:
    kind = {"cookie": "cookie", "local-storage": "browser storage", "session-storage": "browser storage"}[cookie.storage]
    return f"{kind}, points to you" if cookie.personal else kind
