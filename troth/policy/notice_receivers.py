"""Who else receives data, where does it rest, what crosses borders, who sees it, and how is it kept safe?

Source: GDPR Art. 13(1)(e)-(f), 28, 32, 44-49.
"""

from __future__ import annotations

from troth.policy.conduct import Allowed, AllowListBy, Residency, SafetyClaim
from troth.policy.language import capital
from troth.policy.model import Recipient, Role
from troth.policy.notice_voice import Voice, joined, live_recipients
from troth.policy.packs import adequacy
from troth.policy.page import Block, Bullets, Grid, Paragraph, Part

_SHARED = ("sale", "rent", "advertising_partners", "marketing_by_others", "across_sites")


def receivers(voice: Voice) -> Part:
    policy, found = voice.policy, live_recipients(voice.policy)
    blocks: list[Block] = [*_table(voice, found)]
    blocks += [Paragraph(_announced(voice, each)) for each in found if each.announced_by]
    if policy.organisation.role is not Role.CONTROLLER:
        blocks.append(Paragraph(voice.say("receivers.instruction")))
    blocks += _sharing(voice)
    reasons = tuple(capital(voice.say(f"reasons.{reason}")) for reason in policy.settings.legal_reasons)
    if reasons:
        blocks += [Paragraph(voice.say("receivers.reasons")), Bullets(reasons)]
    blocks += voice.stated("others", policy.sharing.other_reasons)
    return Part("receivers", voice.say("receivers.heading"), tuple(blocks) or (Paragraph(voice.say("receivers.nobody")),))


def _table(voice: Voice, found: tuple[Recipient, ...]) -> list[Block]:
    if not found:
        return []
    rows = tuple((voice.text(each.label), capital(voice.text(each.category)), capital(voice.words.country(each.country)),
                  capital(voice.labels(each.items)), capital(protection(voice, each))) for each in found)
    head = tuple(voice.say(f"receivers.{key}") for key in ("name", "work", "where", "data", "protects"))
    intro = voice.say("receivers.intro")
    if all(each.terms for each in found):
        intro = f"{intro} {voice.say('receivers.signed')}"
    return [Paragraph(intro), Grid(voice.say("receivers.caption"), head, rows)]


def _announced(voice: Voice, recipient: Recipient) -> str:
    events = voice.cell(voice.policy.events[id].label for id in recipient.announced_by if id in voice.policy.events)
    return voice.say("receivers.announced", receiver=voice.text(recipient.label), events=events)


def protection(voice: Voice, recipient: Recipient) -> str:
    """What protects data in the recipient's country. Source: GDPR Art. 13(1)(f)."""
    if recipient.safeguard:
        return voice.say(f"safeguards.{recipient.safeguard}")
    return voice.say("protected.home" if recipient.country in adequacy().home else "protected.adequate")


def _sharing(voice: Voice) -> list[Block]:
    rules = voice.policy.sharing
    blocks: list[Block] = []
    for allowed in (Allowed.NEVER, Allowed.ALLOWED):
        lines = tuple(capital(voice.say(f"sharing.{name}")) for name in _SHARED if getattr(rules, name) is allowed)
        blocks += [Paragraph(voice.say(f"sharing.{allowed}")), Bullets(lines)] if lines else []
    return blocks + joined([*voice.stated("beyond", rules.beyond_providers), *voice.stated("exceptions", rules.exceptions),
                            *voice.stated("confidentiality", rules.confidentiality)])


def figures(voice: Voice) -> Part | None:
    """What counts of people may be used for."""
    rules = voice.policy.aggregates
    said = voice.stated("figures", rules.use)
    if said and rules.use != "internal":
        said.append(Paragraph(voice.say("figures.threshold", count=rules.threshold)))
    if rules.opt_out:
        said.append(Paragraph(voice.say("figures.opt_out", people=voice.people(rules.opt_out))))
    if rules.anonymised_to:
        said.append(Paragraph(voice.say("figures.anonymised_to", receivers=voice.texts(_named(voice, rules.anonymised_to)))))
    return voice.part("figures", "figures.heading", joined(said))


def _named(voice: Voice, names: tuple[str, ...]) -> list[str]:
    recipients = voice.policy.recipients
    return [recipients[name].label if name in recipients else name for name in names]


def where(voice: Voice) -> Part | None:
    """Where data rests and what lets it cross a border."""
    policy, rules = voice.policy, voice.policy.transfers
    said: list[Block] = []
    if rules.residency is Residency.LISTED and rules.countries:
        said.append(Paragraph(voice.say("residency.listed", places=voice.words.places(rules.countries, "or"))))
    elif rules.residency is not Residency.LISTED and (policy.organisation.group or rules.residency is not Residency.CONTRACTING_ENTITY):
        said += voice.stated("residency", rules.residency)
    if policy.settings.region and rules.residency in (Residency.UNSTATED, Residency.CONTRACTING_ENTITY):
        said.append(Paragraph(voice.say("where.region", region=region(voice, policy.settings.region))))
    said += [] if rules.by == "none-stated" else voice.stated("transfers", rules.by)
    if rules.told_before:
        said.append(Paragraph(voice.say("where.told")))
    return voice.part("where", "where.heading", [*joined(said), *joined(_deployment(voice))])


def region(voice: Voice, id: str) -> str:
    """A region as the place something is in."""
    return voice.say(f"regions.{id}") if voice.words.has(f"regions.{id}") else voice.say("place.within", place=id)


def _deployment(voice: Voice) -> list[Block]:
    rules = voice.policy.deployment
    said: list[Block] = []
    if rules.offered:
        ways = voice.listed((voice.say(f"installation.{each}") for each in rules.offered), "or")
        said.append(Paragraph(voice.say("where.offered", installations=ways)))
    if rules.chosen:
        said.append(Paragraph(voice.say("where.chosen", installation=voice.say(f"chosen.{rules.chosen}"))))
    by = [] if voice.policy.transfers.residency is Residency.CLIENT_CHOICE else voice.stated("region_by", rules.region_by)
    return [*said, *by, *voice.stated("region_told", rules.region_told), *voice.stated("isolation", rules.isolation)]


def safety(voice: Voice) -> Part | None:
    """Who sees data, and what keeps it safe."""
    access, rules = voice.policy.access_control, voice.policy.security
    said = [*voice.stated("people", access.people)]
    said += voice.stated("people_confidentiality", access.confidentiality) if said else []
    said += [] if access.allow_list_by is AllowListBy.NONE else voice.stated("allow_list", access.allow_list_by)
    said += [block for claim in _claims(rules.claims) for block in voice.stated("claims", claim)]
    said += [block for way in rules.encrypted for block in voice.stated("encrypted", way)]
    more = [Paragraph(voice.say("safety.details"))] if rules.details_on_request else []
    told = {block.text for block in said if isinstance(block, Paragraph)}
    measures = tuple(words for words in map(voice.measure, voice.policy.settings.measures) if words not in told)
    return voice.part("safety", "safety.heading", [*joined(said), *([Bullets(measures)] if measures else []), *more])


def _claims(claims: tuple[SafetyClaim, ...]) -> tuple[SafetyClaim, ...]:
    """A claim of complete safety beside the admission that there is none is not repeated to people: only what is true."""
    modest = tuple(claim for claim in claims if claim is not SafetyClaim.COMPLETE)
    return modest or claims
