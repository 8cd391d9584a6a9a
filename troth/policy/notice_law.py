"""Which rights does the notice name, law by law? The general part and California's own.

Source: GDPR Art. 12-22, 77; Cal. Civ. Code 1798.100-1798.130; each regime's dated pack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from troth.policy.model import Item, Policy, Recipient, Regime
from troth.policy.packs import categories
from troth.policy.page import Block, Bullets, Grid, Link, Paragraph, Part
from troth.policy.words import CHANNELS, capital, listed, small

RIGHTS: Mapping[str, str] = {
    "access": "see the data we hold about you, and have a copy",
    "rectification": "have wrong data put right",
    "erasure": "have your data deleted; if the law makes us keep some of it, we name it and say why",
    "restriction": "have us store your data and do nothing else with it",
    "portability": "have your data in a file, or have it sent to someone you name",
    "objection": "object to a use; to marketing without giving a reason",
    "withdrawal": "take back a yes at any time; what was done before stays lawful",
    "complaint": "complain to the authority",
    "know": "know what we hold about you, where it came from, what for and who received it",
    "delete": "have your data deleted; if the law makes us keep some of it, we name it and say why",
    "correct": "have wrong data put right",
    "opt-out": "say no to sale and sharing",
    "no-discrimination": "use these rights without being treated worse for it",
}


def rights(policy: Policy, privacy_url: str) -> Part:
    """What everyone may ask, law by law; laws that say the same stand together."""
    groups: dict[tuple[tuple[str, ...], str], list[Regime]] = {}
    for law in policy.regimes.values():
        if law.id != "california":
            groups.setdefault((law.rights, law.answer_within), []).append(law)
    intro = "Tell us what you want in any way you like. We may first make sure that it is you, and we ask for no more than that needs."
    free = (f"It is free. If you send the same request more than {_times(policy.settings.fee_after)} in a year, we may call it repetitive and "
            "charge a fair fee or refuse it, and we say why.")
    blocks = (Paragraph(intro), Paragraph(free), Link("Use your rights in the privacy centre", privacy_url))
    return Part("rights", "Your rights", blocks, tuple(_group(laws) for laws in groups.values()))


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _group(laws: list[Regime]) -> Part:
    everywhere = all("*" in law.countries for law in laws)
    first = laws[0]
    answer = f"We answer within {first.answer_within}."
    place = "Elsewhere" if everywhere else f"In {listed(_the(law.label) for law in laws)}"
    return Part(f"rights-{first.id}", place, (Paragraph("You may"), _may(first), Paragraph(answer)))


def _the(label: str) -> str:
    return f"the {label}" if " " in label else label


def _may(law: Regime) -> Bullets:
    return Bullets(tuple(RIGHTS.get(right, right) for right in law.rights))


def california(policy: Policy, items: tuple[Item, ...], recipients: tuple[Recipient, ...]) -> Part | None:
    """What Californians are told: kinds of data, sources, purposes, disclosures, sale, and their rights."""
    law = policy.regimes.get("california")
    if law is None:
        return None
    rows = tuple(_kind(policy, kind, [item for item in items if item.category == kind], recipients)
                 for kind in dict.fromkeys(item.category for item in items))
    head = ("Kind of data", "Which", "Comes from", "Used for", "Disclosed to")
    blocks: list[Block] = [
        Paragraph(policy.notice.no_sale),
        Grid("What we collected in the last twelve months, why, and who received it", head, rows),
        Paragraph("You may"), _may(law), *_signal(policy),
        Paragraph(f"We answer within {law.answer_within}. You need no account to ask. Twice in twelve months it is free. "
                  "Someone else may ask for you if they show that you agreed."),
        Paragraph(f"The authority is {law.authority} ({law.authority_contact}).")]
    return Part("california", "For people in California", tuple(blocks))


def _signal(policy: Policy) -> tuple[Block, ...]:
    """What the browser's signal does here. Source: 11 CCR 7025."""
    refused = [small(policy.purposes[id].label) for id in policy.settings.global_privacy_control if id in policy.purposes]
    if not refused:
        return ()
    return (Paragraph(f"If your browser sends the Global Privacy Control signal, we take it as your no to {listed(refused)}."),)


def _kind(policy: Policy, kind: str, items: list[Item], recipients: Iterable[Recipient]) -> tuple[str, ...]:
    ids = {item.id for item in items}
    channels = [CHANNELS.get(event.channel, event.channel) for event in policy.events.values() if ids & set(event.items)]
    purposes = [small(purpose.label) for purpose in policy.purposes.values() if ids & set(purpose.items)]
    receivers = [recipient.category for recipient in recipients if ids & set(recipient.items)]
    return (capital(categories().data.get(kind, kind)), capital(listed(item.label for item in items)),
            capital(listed(channels) if channels else "what we work out ourselves"), capital(listed(purposes)),
            capital(listed(receivers)) if receivers else "Nobody")
