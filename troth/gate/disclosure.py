"""May this be handed to somebody else? Decides one disclosure from the plan, a standing and what is on record.

It touches nothing: what was recorded at run time (terms, safeguards, open cases) comes in as `Known`. Every rule is
one entry of `CHECKS`; all must pass. An unexpected error is a no.
Source: GDPR Art. 5(1)(b)-(c), 6, 18(2), 28, 44-49; Cal. Civ. Code 1798.120
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from troth.consent.standing import Standing
from troth.gate.decide import Deny, Permit
from troth.gate.plan import Plan, ViewRule
from troth.gate.reasons import Reason
from troth.policy.model import Kind, Policy, Purpose, Recipient, Terms
from troth.policy.packs import Adequacy


class Nature(StrEnum):
    """What sort of handing over it is."""

    SERVICE = "service"  # a supplier or group company does its work for us
    SALE = "sale"
    LEGAL = "legal"  # one of the policy's legal reasons
    BUSINESS_TRANSFER = "business-transfer"
    FRAUD_EXCHANGE = "fraud-exchange"


class Mechanism(StrEnum):
    """What protects data at its destination."""

    HOME = "not needed"  # the United Kingdom or the European Economic Area
    ADEQUACY = "adequacy"
    CLAUSES = "contract clauses"
    BINDING_RULES = "binding rules"
    FRAMEWORK = "data privacy framework"


class Force(StrEnum):
    """Whether a demand binds the company."""

    ENFORCEABLE = "enforceable"
    UNENFORCEABLE = "unenforceable"
    UNSTATED = "unstated"


SAFEGUARD_MECHANISMS: Mapping[str, Mechanism] = {
    "standard-contractual-clauses": Mechanism.CLAUSES,
    "transfer-agreement": Mechanism.CLAUSES,
    "binding-rules": Mechanism.BINDING_RULES,
    "data-privacy-framework": Mechanism.FRAMEWORK,
}
AUTHORITY, ACQUIRER = "public authority", "acquirer"
STORES = frozenset({"cloud storage", "data centre"})  # recipients of these categories hold copies
_OWN_WORK = frozenset({Kind.SERVICE, Kind.ESSENTIAL})


@dataclass(frozen=True, slots=True)
class MayDisclose:
    """May these items of a person go to this recipient for this purpose?

    `recipient` is an id of the policy; empty for a public authority or an acquirer, who is `named` with its `country`.
    `items` empty: all that the recipient may have for the purpose. The rest is what the nature and reason ask for.
    """

    recipient: str
    purpose: str = ""
    items: frozenset[str] = frozenset()
    nature: Nature = Nature.SERVICE
    reason: str = ""
    justification: str = ""
    reference: str = ""
    force: Force = Force.UNSTATED
    case: str = ""
    ticket: str = ""
    approver: str = ""
    named: str = ""
    country: str = ""
    safeguard: str = ""


@dataclass(frozen=True, slots=True)
class Safeguard:
    """A signed paper that protects data at a recipient outside the home countries."""

    kind: str
    signed_on: date
    expires_on: date


@dataclass(frozen=True, slots=True)
class Known:
    """What is on record beside the policy. `countries` empty: this person's copies may rest anywhere."""

    adequacy: Adequacy
    terms: Mapping[str, tuple[Terms, ...]] = field(default_factory=dict)
    safeguards: Mapping[str, tuple[Safeguard, ...]] = field(default_factory=dict)
    open_cases: frozenset[str] = frozenset()
    open_tickets: frozenset[str] = frozenset()
    countries: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who receives, as the register names them. `id` is empty for those the policy does not list."""

    id: str
    label: str
    category: str
    country: str


@dataclass(frozen=True, slots=True)
class PermitDisclosure(Permit):
    """Yes: these items may go to this receiver, protected there by this mechanism."""

    receiver: Receiver = Receiver("", "", "", "")
    mechanism: Mechanism = Mechanism.HOME


@dataclass(frozen=True, slots=True)
class Facts:
    """One question with everything it is judged by."""

    question: MayDisclose
    plan: Plan
    standing: Standing | None
    at: datetime
    known: Known

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.plan.policy

    @property
    def recipient(self) -> Recipient | None:
        """The policy's recipient, if it is one."""
        return self.policy.recipients.get(self.question.recipient)

    @property
    def purpose(self) -> Purpose | None:
        """The policy's purpose, if it is one."""
        return self.policy.purposes.get(self.question.purpose)


def decide_disclosure(question: MayDisclose, plan: Plan, standing: Standing | None, at: datetime, known: Known) -> PermitDisclosure | Deny:
    """Permit with the exact items and the transfer's mechanism, or Deny. Pure. `at` is aware.

    A failure inside the gate is a refusal.
    """
    try:
        facts = Facts(question, plan, standing, at, known)
        for check in CHECKS.values():
            denial = check(facts)
            if denial is not None:
                return denial
        mechanism = mechanism_to(facts)
        if mechanism is None:
            return Deny(Reason.NO_SAFEGUARD, receiver_of(facts).country)
        items = question.items or allowed_items(facts)
        return PermitDisclosure(question.purpose, items, rule=_rule(facts), receiver=receiver_of(facts), mechanism=mechanism)
    except Exception:  # fail closed: a gate that errs must not open
        return Deny(Reason.GATE_FAILED)


def receiver_of(facts: Facts) -> Receiver:
    """Who would receive."""
    recipient, question = facts.recipient, facts.question
    if recipient is not None:
        return Receiver(recipient.id, recipient.label, recipient.category, recipient.country)
    category = ACQUIRER if question.nature is Nature.BUSINESS_TRANSFER else AUTHORITY
    return Receiver("", question.named, category, question.country)


# the rules


def never_a_sale(facts: Facts) -> Deny | None:
    """Nobody's data is sold. Source: Cal. Civ. Code 1798.120."""
    return Deny(Reason.SALE) if facts.question.nature is Nature.SALE else None


def only_known_recipients(facts: Facts) -> Deny | None:
    """A listed recipient; or an authority or acquirer that is named. Nobody else."""
    question = facts.question
    if question.recipient:
        listed = facts.recipient is not None and question.nature is not Nature.BUSINESS_TRANSFER
        return None if listed else Deny(Reason.UNKNOWN_RECIPIENT)
    if question.nature is Nature.LEGAL and question.reason != "support-request":
        return None if question.named.strip() else Deny(Reason.RECIPIENT_NOT_NAMED, AUTHORITY)
    if question.nature is Nature.BUSINESS_TRANSFER:
        return None if question.named.strip() else Deny(Reason.RECIPIENT_NOT_NAMED, ACQUIRER)
    return Deny(Reason.UNKNOWN_RECIPIENT)


def only_listed_reasons(facts: Facts) -> Deny | None:
    """A legal reason is one the policy lists; exchanging signs of fraud is a legal reason too."""
    question, listed = facts.question, facts.policy.settings.legal_reasons
    match question.nature:
        case Nature.LEGAL:
            known = question.reason in listed
        case Nature.FRAUD_EXCHANGE:
            known = question.reason in ("fraud", "security") and question.reason in listed
        case _:
            return None
    return None if known else Deny(Reason.REASON_NOT_LISTED)


def each_reason_with_its_evidence(facts: Facts) -> Deny | None:
    """What a reason must bring: a binding reference, an open case or ticket, a written justification, an approver."""
    question = facts.question
    if question.nature is Nature.FRAUD_EXCHANGE:
        return _written(question.justification, "justification")
    if question.nature is not Nature.LEGAL:
        return None
    match question.reason:
        case "law":
            missing = _written(question.reference, "reference") or _written(question.named, "authority")
            return missing or (None if question.force is Force.ENFORCEABLE else Deny(Reason.NOT_ENFORCEABLE))
        case "terms-breach":
            return _written(question.case, "case") or _open(question.case, facts.known.open_cases)
        case "support-request":
            return _written(question.ticket, "ticket") or _open(question.ticket, facts.known.open_tickets)
        case "protect-rights":
            return _written(question.approver, "approver")
        case _:
            return _written(question.justification, "justification")


def _written(text: str, what: str) -> Deny | None:
    return None if text.strip() else Deny(Reason.NO_JUSTIFICATION, what)


def _open(number: str, there: frozenset[str]) -> Deny | None:
    return None if number in there else Deny(Reason.CASE_NOT_OPEN)


def only_instructed_purposes(facts: Facts) -> Deny | None:
    """A recipient works for the purposes it is instructed for, never for its own. Source: GDPR Art. 28(3)(a)."""
    question, recipient, purpose = facts.question, facts.recipient, facts.purpose
    if question.purpose and purpose is None:
        return Deny(Reason.UNKNOWN_PURPOSE)
    if recipient is None or (question.nature is Nature.LEGAL and purpose is None):
        return None
    if purpose is None:
        return Deny(Reason.UNKNOWN_PURPOSE)
    own_work = purpose.kind in _OWN_WORK
    if purpose.id not in recipient.purposes or (question.nature is Nature.FRAUD_EXCHANGE and not own_work):
        return Deny(Reason.PURPOSE_NOT_INSTRUCTED, purpose.id)
    if recipient.group and not (own_work and question.nature is Nature.SERVICE):
        return Deny(Reason.PURPOSE_NOT_INSTRUCTED, purpose.id)
    return None


def terms_in_force(facts: Facts) -> Deny | None:
    """A recipient has accepted terms, and they have not run out. Source: GDPR Art. 28(3)."""
    recipient = facts.recipient
    if recipient is None:
        return None
    signed = [*facts.known.terms.get(recipient.id, ()), *([recipient.terms] if recipient.terms else [])]
    begun = [terms for terms in signed if terms.signed_on <= facts.at.date()]
    if not begun:
        return Deny(Reason.NO_TERMS, recipient.id)
    return None if any(facts.at.date() <= terms.expires_on for terms in begun) else Deny(Reason.TERMS_EXPIRED, recipient.id)


def only_needed_items(facts: Facts) -> Deny | None:
    """Only items the recipient needs and the purpose uses. Source: GDPR Art. 5(1)(c)."""
    question, policy = facts.question, facts.policy
    if not question.items:
        if question.nature is Nature.LEGAL:
            return Deny(Reason.ITEMS_NOT_NAMED)
        return None if allowed_items(facts) else Deny(Reason.ITEM_NOT_FOR_RECIPIENT)
    if not question.items <= policy.items.keys():
        return Deny(Reason.UNDECLARED_ITEM)
    if question.items <= allowed_items(facts):
        return None
    beyond = facts.purpose is not None and not question.items <= frozenset(facts.purpose.items)
    return Deny(Reason.ITEM_NOT_FOR_PURPOSE if beyond else Reason.ITEM_NOT_FOR_RECIPIENT)


def allowed_items(facts: Facts) -> frozenset[str]:
    """Every item that this recipient may have for this purpose."""
    items = frozenset(facts.policy.items)
    if facts.recipient is not None:
        items &= frozenset(facts.recipient.items)
    if facts.purpose is not None:
        items &= frozenset(facts.purpose.items)
    return items


def copies_stay_home(facts: Facts) -> Deny | None:
    """A recipient that stores copies stands where this person's data is kept."""
    recipient, countries = facts.recipient, facts.known.countries
    if recipient is None or recipient.category not in STORES or not countries:
        return None
    return None if recipient.country in countries else Deny(Reason.WRONG_REGION, recipient.id)


def the_person_permits(facts: Facts) -> Deny | None:
    """What the person said holds here too. Source: GDPR Art. 18, 21.

    # Reading: what the law demands, and the protection of others' rights, reaches restricted data (Art. 18(2)).
    """
    question, standing, purpose = facts.question, facts.standing, facts.purpose
    if standing is None:
        return Deny(Reason.UNKNOWN_SUBJECT)
    if purpose is None:
        despite = question.nature is Nature.LEGAL and question.reason in ("law", "protect-rights")
        return Deny(Reason.RESTRICTED) if standing.restricted and not despite else None
    if purpose.populations and standing.population not in purpose.populations:
        return Deny(Reason.ITEM_NOT_FOR_POPULATION, purpose.id)
    denial = facts.plan.denial(purpose, standing)
    return Deny(denial, purpose.id) if denial else None


CHECKS: dict[str, Callable[[Facts], Deny | None]] = {
    "sale": never_a_sale,
    "recipient": only_known_recipients,
    "reason": only_listed_reasons,
    "evidence": each_reason_with_its_evidence,
    "purpose": only_instructed_purposes,
    "terms": terms_in_force,
    "items": only_needed_items,
    "region": copies_stay_home,
    "person": the_person_permits,
}


# transfers


def mechanism_to(facts: Facts) -> Mechanism | None:
    """What protects the data at its destination on that day; None: nothing does. Source: GDPR Art. 44-46."""
    country, known, day = receiver_of(facts).country, facts.known, facts.at.date()
    if not country:  # clauses bind somebody somewhere; of whom nobody says where they are, nothing is known
        return None
    if country in known.adequacy.home:
        return Mechanism.HOME
    if is_adequate(known.adequacy, country, day):
        return Mechanism.ADEQUACY
    for kind in _safeguards(facts):
        return SAFEGUARD_MECHANISMS.get(kind)
    return None


def is_adequate(adequacy: Adequacy, country: str, day: date) -> bool:
    """Whether a country's protection counts as good enough on a day. Source: GDPR Art. 45(3)."""
    until = adequacy.until.get(country)
    return country in adequacy.adequate and (until is None or day <= until)


def _safeguards(facts: Facts) -> list[str]:
    recipient, day = facts.recipient, facts.at.date()
    if recipient is None:
        return [facts.question.safeguard] if facts.question.safeguard in SAFEGUARD_MECHANISMS else []
    recorded = [one.kind for one in facts.known.safeguards.get(recipient.id, ()) if one.signed_on <= day <= one.expires_on]
    return recorded + ([recipient.safeguard] if recipient.safeguard else [])


def _rule(facts: Facts) -> ViewRule | None:
    """The purpose to see by; None where the reason, not a purpose of collection, opens what is held."""
    purpose = facts.purpose
    if purpose is None or (facts.question.nature is Nature.FRAUD_EXCHANGE and not purpose.events):
        return None
    return facts.plan.view_rule(purpose.id)
