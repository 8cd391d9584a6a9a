"""What do we hold about this person, and what do we do with it? The whole answer to somebody who asks, as one dictionary.

It gives every item with its source, from every table (`troth.rights.tables`), and nothing of anybody else. Passwords
and cards are named, never shown. It checks no identity: whoever calls holds the grant of the person's own right.
Source: GDPR Art. 15; Cal. Civ. Code 1798.110
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from troth.base.clock import instant, now
from troth.consent.record import Act, history
from troth.consent.standing import Standing, read_standings
from troth.gate.disclosure import Mechanism
from troth.gate.grant import Grant
from troth.policy.language import language
from troth.policy.model import Item, Permission, Policy, Purpose, Recipient, Regime
from troth.policy.packs import adequacy, categories
from troth.policy.words import BASES, CHANNELS, SAFEGUARDS, capital, country, length
from troth.rights import requests
from troth.rights.accepted import agreement, used_under
from troth.rights.disclosed import Transfer, disclosures_of, mechanisms_of
from troth.rights.responsible import responsible_company
from troth.rights.tables import rows_about
from troth.store.reveal import RevealedEvent, reveal_events
from troth.workspace import Workspace

FORMAT = "troth-access-1"
MECHANISMS: Mapping[Mechanism, str] = {
    Mechanism.HOME: "the law of the United Kingdom or the European Union",
    Mechanism.ADEQUACY: "a decision that the country protects data well enough",
    Mechanism.CLAUSES: SAFEGUARDS["standard-contractual-clauses"],
    Mechanism.BINDING_RULES: SAFEGUARDS["binding-rules"],
    Mechanism.FRAMEWORK: SAFEGUARDS["data-privacy-framework"],
}
NEVER_SHOWN = ("user.authorization", "user.financial.credit_card", "user.government_id")
GIVEN, OBSERVED, WORKED_OUT = "given by you", "observed or sent to us", "worked out by us"
_WORKED_OUT = frozenset({"visit.source", "visit.medium", "device.browser", "device.os", "device.kind", "contact.source"})
_PROFILE = "user.demographic.profile"
WEB = "web"

Package = dict[str, Any]


def access_package(workspace: Workspace, refs: Iterable[int], grant: Grant, web_only: bool = False) -> Package:
    """Everything about a person, for the person. `refs` are all references that are this person; the grant names one.

    `web_only`: the person showed a browser's identifier and no more, so only what that browser sent is opened.
    """
    wanted = frozenset(refs)
    if grant.rule is not None or grant.reference not in wanted:
        raise PermissionError("access needs the grant of the subject's own right")
    policy = grant.plan.policy
    with workspace.state.read() as conn:
        known = _Known(workspace, conn, policy)
        events = [event for event in opened(workspace, conn, grant, wanted) if not web_only or known.came_from_browser(event)]
        standings = read_standings(conn, wanted)
        first = workspace.plan.heard(standings.get(grant.reference or 0) or next(iter(standings.values())))
        told = _told(policy, first, events) | {"responsible": responsible(conn, policy, wanted, first.regime)}
        return told | {
            "events": [_event(known, event) for event in events],
            "by_source": _by_source(known, events),
            "choices": [_act(known, act) for act in acts_of(conn, wanted)],
            "used_under": used_under(workspace, conn, wanted),
            "agreement": agreement(workspace, conn, wanted),
            "requests": [_asked(workspace, conn, one) for one in requests.of_person(conn, wanted)],
            "disclosures": _disclosures(known, conn, wanted),
            "transferred": [_transfer(one) for one in mechanisms_of(conn, wanted)],
            "records": rows_about(conn, wanted),
        }


def opened(workspace: Workspace, conn: Connection, grant: Grant, refs: frozenset[int]) -> list[RevealedEvent]:
    """Every event of the person, opened, oldest first."""
    return list(reveal_events(grant, conn, workspace.lake, workspace.keys, workspace.classes, refs))


def acts_of(conn: Connection, refs: Iterable[int]) -> list[Act]:
    """Everything the person said under any reference, oldest first; one act that fell on several is one line."""
    found = {(act.entry, act.purpose): act for ref in refs for act in history(conn, ref)}
    return sorted(found.values(), key=lambda act: (act.at, act.entry))


def responsible(conn: Connection, policy: Policy, refs: Iterable[int], regime: str) -> dict[str, str]:
    """Which company answers for the person's data: of the group, the one for them, else the organisation."""
    us, company = policy.organisation, responsible_company(conn, policy, refs, regime)
    if company is None:
        return {"name": us.name, "address": us.address, "e-mail": us.email}
    at = us.address if company.name == us.name else f"reached at {us.name}, {us.address}"
    return {"name": company.name, "country": country(company.country), "address": at, "e-mail": us.email}


def law_of(policy: Policy, regime: str) -> Regime:
    """The regime's facts; an unknown one counts as the policy's default."""
    return policy.regimes.get(regime) or policy.regimes[policy.settings.default_regime]


def safeguard_of(recipient: Recipient) -> str:
    """What protects data that goes to a recipient. Source: GDPR Art. 15(2)."""
    own = SAFEGUARDS.get(recipient.safeguard or "", "")
    home = recipient.country in adequacy().home
    return own or MECHANISMS[Mechanism.HOME if home else Mechanism.ADEQUACY]


class _Known:
    """The words for what is held, from the policy in force, or from the older one that declared it."""

    def __init__(self, workspace: Workspace, conn: Connection, policy: Policy) -> None:
        self.policy = policy
        self._older = [workspace.plan_of(version).policy for version in reversed(workspace.versions(conn))]

    def item(self, id: str) -> Item | None:
        return next((policy.items[id] for policy in (self.policy, *self._older) if id in policy.items), None)

    def purpose(self, id: str) -> str:
        found = self._declared(id)
        return found.label if found is not None else id

    def bases(self, event: RevealedEvent, item: str) -> list[str]:
        """The bases of the purposes for which an item of this event is held."""
        purposes = [found for id in event.purposes if (found := self._declared(id)) is not None]
        return sorted({str(one.basis) for one in purposes if item in one.items})

    def _declared(self, purpose: str) -> Purpose | None:
        return next((policy.purposes[purpose] for policy in (self.policy, *self._older) if purpose in policy.purposes), None)

    def event(self, id: str) -> str:
        return next((policy.events[id].label for policy in (self.policy, *self._older) if id in policy.events), id)

    def is_visit(self, id: str) -> bool:
        """Whether a browser sends it by itself, about whoever is at it: what the browser's identifier may open."""
        found = next((policy.events[id] for policy in (self.policy, *self._older) if id in policy.events), None)
        return found is not None and found.channel == WEB and found.population == next(iter(self.policy.populations))

    def came_from_browser(self, event: RevealedEvent) -> bool:
        """What a browser's identifier opens: its visits, and lines of a chat in which no address was given."""
        return self.is_visit(event.type) or (self.channel(event.type) == "chat" and "contact.email" not in event.items)

    def channel(self, id: str) -> str:
        return next((policy.events[id].channel for policy in (self.policy, *self._older) if id in policy.events), WEB)

    def kept_for(self, item: Item) -> str:
        rule = next((policy.retention[item.keep] for policy in (self.policy, *self._older) if item.keep in policy.retention), None)
        return length(rule.keep_for) if rule else "as long as it is needed"

    def value(self, id: str, value: Any) -> Any:
        item = self.item(id)
        return "(held, and never shown)" if item is not None and item.category.startswith(NEVER_SHOWN) else value


def _told(policy: Policy, standing: Standing, events: list[RevealedEvent]) -> Package:
    """What a person is told beside the copy: who, what for, who receives it, how long, which rights."""
    law = law_of(policy, standing.regime)
    held = {item for event in events for item in event.items}
    serving = [purpose for purpose in policy.purposes.values() if _serves(purpose, standing, events, held)]
    receiving = [one for one in policy.recipients.values() if held & set(one.items) and any(one_for.id in one.purposes for one_for in serving)]
    return {
        "format": FORMAT,
        "made_at": now().isoformat(timespec="seconds"),
        "confirmation": "We hold data about you." if held else "We hold no data about you beside what stands below.",
        "policy_version": policy.version,
        "officer": ", ".join(word for word in (policy.organisation.officer, policy.organisation.officer_email) if word),
        "law": law.label,
        "restricted": standing.restricted,
        "categories": _categories(policy, held),
        "purposes": [_purpose(policy, purpose, standing, held) for purpose in serving],
        "recipients": [_recipient(policy, one, held) for one in receiving],
        "retention": _retention(policy, held),
        "rights": list(law.rights),
        "complaint": {"first": policy.notice.complaints, "authority": law.authority, "contact": law.authority_contact},
        "automated_decisions": _profiling(policy),
        "transfers": [
            {"to": one.label, "country": country(one.country), "safeguard": safeguard_of(one)}
            for one in receiving
            if one.country not in adequacy().home
        ],
    }


def _profiling(policy: Policy) -> str:
    """What the policy says of profiles and of decisions by machines. Source: GDPR Art. 15(1)(h)."""
    said = [("profiling", policy.profiling.allowed), ("automated", policy.profiling.automated_decisions)]
    return " ".join(language("en").say(f"{key}.{word}") for key, word in said if word != "unstated") or "Our policy says nothing of either."


def _serves(purpose: Purpose, standing: Standing, events: list[RevealedEvent], held: set[str]) -> bool:
    """Whether what is held of this person serves a purpose: it is about such people, and fed by what they did."""
    if purpose.populations and standing.population not in purpose.populations:
        return False
    fed = not purpose.events or any(event.type in purpose.events for event in events)
    return fed and bool(held & set(purpose.items))


def _categories(policy: Policy, held: set[str]) -> list[str]:
    ids = {policy.items[item].category for item in held if item in policy.items}
    return sorted(capital(categories().data.get(id, id)) for id in ids)


def _purpose(policy: Policy, purpose: Purpose, standing: Standing, held: set[str]) -> dict[str, Any]:
    return {
        "id": purpose.id,
        "label": purpose.label,
        "what": purpose.notice or purpose.wording,
        "rests_on": BASES[purpose.basis],
        "your_word": str(standing.states.get(purpose.id, "not asked" if purpose.permission is Permission.ASK_BEFORE else "nothing said")),
        "items": [policy.items[item].label for item in purpose.items if item in held and item in policy.items],
        "kept_for": length(_shorter(purpose.keep_for, max_kept(policy, purpose.items))),
        "if_you_say_no": purpose.loses,
    }


def max_kept(policy: Policy, items: Iterable[str]) -> timedelta | None:
    """The longest time any of these items is kept; None where one has no end."""
    spans = [policy.retention[policy.items[item].keep].keep_for for item in items if item in policy.items]
    return None if None in spans or not spans else max(span for span in spans if span is not None)


def _shorter(one: timedelta | None, other: timedelta | None) -> timedelta | None:
    return min((span for span in (one, other) if span is not None), default=None)


def _recipient(policy: Policy, one: Recipient, held: set[str]) -> dict[str, Any]:
    items = [policy.items[item].label for item in one.items if item in held and item in policy.items]
    return {"name": one.label, "kind": one.category, "country": country(one.country), "items": items, "safeguard": safeguard_of(one)}


def _retention(policy: Policy, held: set[str]) -> list[dict[str, str]]:
    rules = {policy.items[item].keep for item in held if item in policy.items}
    found = [policy.retention[rule] for rule in policy.retention if rule in rules]
    return [{"what": rule.label, "kept_for": length(rule.keep_for), "why": rule.why, "ground": rule.ground or ""} for rule in found]


def _event(known: _Known, event: RevealedEvent) -> dict[str, Any]:
    return {
        "type": event.type,
        "what": known.event(event.type),
        "at": instant(event.at).isoformat(timespec="seconds"),
        "source": CHANNELS.get(known.channel(event.type), known.channel(event.type)),
        "collected_for": [known.purpose(id) for id in event.purposes],
        "items": [_item(known, event, id, value) for id, value in sorted(event.items.items())],
    }


def _item(known: _Known, event: RevealedEvent, id: str, value: Any) -> dict[str, Any]:
    item = known.item(id)
    if item is None:
        return {"id": id, "label": id, "value": value, "source": OBSERVED, "rests_on": []}
    return {
        "id": id,
        "label": item.label,
        "value": known.value(id, value),
        "category": categories().data.get(item.category, item.category),
        "source": _source(item),
        "rests_on": known.bases(event, id),
        "kept_for": known.kept_for(item),
    }


def _source(item: Item) -> str:
    """Where an item comes from: the person, what was observed of them, or what we made of that. Source: WP 242, II."""
    if item.id in _WORKED_OUT or item.category.startswith(_PROFILE):
        return WORKED_OUT
    return GIVEN if item.at and item.category.startswith(("user.name", "user.contact", "user.content")) else OBSERVED


def _by_source(known: _Known, events: list[RevealedEvent]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, dict[str, dict[Any, None]]] = {}
    for event in events:
        channel = known.channel(event.type)
        group = found.setdefault(CHANNELS.get(channel, channel), {})
        for id, value in event.items.items():
            group.setdefault(id, {})[known.value(id, value)] = None
    return {
        source: [{"id": id, "label": item.label if (item := known.item(id)) else id, "values": list(values)} for id, values in sorted(group.items())]
        for source, group in sorted(found.items())
    }


def _act(known: _Known, act: Act) -> dict[str, Any]:
    return {
        "purpose": act.purpose,
        "label": known.purpose(act.purpose),
        "said": str(act.state),
        "at": instant(act.at).isoformat(timespec="seconds"),
        "how": act.evidence.how,
        "strength": str(act.evidence.strength),
        "screen": act.evidence.screen,
        "policy_version": act.evidence.policy_version,
        "law": act.evidence.regime,
        "entry": act.entry,
    }


def _asked(workspace: Workspace, conn: Connection, one: requests.SubjectRequest) -> dict[str, Any]:
    return {
        "id": one.shown,
        "right": str(one.kind),
        "about": one.about,
        "status": str(one.status),
        "received_at": one.received_at.isoformat(timespec="seconds"),
        "due_on": one.due_on.isoformat(),
        "outcome": one.outcome,
        "reason": one.reason,
        "fee": one.fee,
        "written": [{"by": note.by, "at": note.at, "text": note.text} for note in requests.notes_of(workspace, conn, one.id)],
        "steps": [{"step": str(step.step), "at": step.at.isoformat(timespec="seconds")} for step in requests.steps(conn, one.id)],
    }


def _transfer(one: Transfer) -> dict[str, str]:
    """One transfer that took place, with what protected it. Source: GDPR Art. 15(2)."""
    protected = MECHANISMS.get(Mechanism(one.mechanism), one.mechanism)
    at = instant(one.at).isoformat(timespec="seconds")
    return {"to": one.label or one.recipient, "country": country(one.country), "protected_by": protected, "at": at}


def _disclosures(known: _Known, conn: Connection, refs: Iterable[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for one in disclosures_of(conn, refs):
        recipient: Mapping[str, Recipient] = known.policy.recipients
        name = recipient[one.recipient].label if one.recipient in recipient else one.label or one.recipient
        items = [item.label if (item := known.item(id)) else id for id in one.items]
        found.append({"to": name, "purpose": known.purpose(one.purpose), "items": items, "at": instant(one.at).isoformat(timespec="seconds")})
    return found
