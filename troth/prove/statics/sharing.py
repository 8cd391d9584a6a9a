"""Does data go only to whom, and for what, the policy says? Analyses of recipients, by the gate's rules of disclosure and the notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from troth.consent.record import State
from troth.gate.decide import Deny
from troth.gate.disclosure import STORES, MayDisclose, Mechanism, Nature, PermitDisclosure
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.conduct import Allowed, BeyondProviders, Transfers
from troth.policy.model import Kind, Permission, Policy, Recipient
from troth.policy.packs import adequacy
from troth.policy.words import country
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.giving import ask, for_reason, give, nowhere_near, purpose_with_items, recipients, saying, shared, willing
from troth.prove.statics.looking import only_told, says, told, told_in

_NEEDS = {
    "law": ("reference", "named", "force"), "terms-breach": ("case",), "support-request": ("ticket",), "protect-rights": ("approver",),
    "fraud": ("justification",), "security": ("justification",), "emergency": ("justification",),
}  # fmt: skip
_IDENTIFYING = ("user.name", "user.contact", "user.account", "user.government_id", "user.financial", "user.device.cookie_id",
                "user.device.device_id", "user.device.ip_address", "user.unique_id", "user.location.precise")  # fmt: skip


# sale and marketing


def _sell(policy: Policy, also: tuple[str, ...] = ()) -> Policy:
    return altering.section(policy, "sharing", sale=Allowed.ALLOWED, rent=Allowed.ALLOWED)


@proves_static(breaks=_sell)
def never_sells(policy: Policy, also: tuple[str, ...] = ()) -> Iterator[str]:
    """Nobody may be sold anything: the gate refuses every recipient, the policy says never, and so does the notice."""
    plan = Plan(policy)
    for recipient in policy.recipients.values():
        purpose = purpose_with_items(policy, recipient)
        question = MayDisclose(recipient.id, purpose, frozenset(), Nature.SALE)
        if ask(plan, question, willing(policy, purpose)) != Deny(Reason.SALE):
            yield f"selling data to {recipient.id} is not refused"
    if policy.sharing.sale is not Allowed.NEVER:
        yield "the policy does not say that nothing is ever sold"
    if also and policy.sharing.rent is not Allowed.NEVER:
        yield f"the policy does not rule out to {', '.join(also)}"
    if not only_told(policy, altering.section(policy, "sharing", sale=Allowed.UNSTATED)):
        yield "the notice does not say that nothing is sold"


def _advertise(policy: Policy) -> Policy:
    first = next(iter(policy.purposes))
    changed = altering.purposes(policy, [first], lambda one: replace(one, kind=Kind.ADVERTISING))
    stranger = Recipient("stranger", "A stranger", "advertising partner", "GB", (first,), policy.purposes[first].items)
    return replace(changed, recipients={**changed.recipients, "stranger": stranger})


@proves_static(breaks=_advertise)
def gives_nothing_for_marketing(policy: Policy) -> Iterator[str]:
    """Nobody receives data for marketing or advertising of their own; only who delivers our own messages serves a purpose that sells."""
    for recipient in policy.recipients.values():
        for purpose in (policy.purposes[one] for one in recipient.purposes if one in policy.purposes):
            delivers = purpose.kind is Kind.MARKETING and "delivery" in recipient.category
            if purpose.kind in (Kind.MARKETING, Kind.ADVERTISING) and not delivers:
                yield f"recipient {recipient.id} has data for {purpose.id}"
    if policy.sharing.marketing_by_others is not Allowed.NEVER:
        yield "the policy does not say that others never have data for marketing"
    if not only_told(policy, altering.section(policy, "sharing", marketing_by_others=Allowed.UNSTATED)):
        yield "the notice does not say that others never have data for marketing"


# recipients


def _strike_off(policy: Policy, categories: tuple[str, ...], purposes: tuple[str, ...] = ()) -> Policy:
    return replace(policy, recipients={id: one for id, one in policy.recipients.items() if one.category not in categories})


@proves_static(breaks=_strike_off)
def gives_to(policy: Policy, categories: tuple[str, ...], purposes: tuple[str, ...] = ()) -> Iterator[str]:
    """Recipients of these kinds are listed and may have data for their purposes; somebody who is not listed may not; people read who they are."""
    plan, words = Plan(policy), told(policy)
    for category in categories:
        if not recipients(policy, [category]):
            yield f"no recipient is of the kind {category}"
    for recipient in recipients(policy, categories):
        for purpose in purposes or tuple(one for one in recipient.purposes if shared(policy, recipient, one)):
            if purpose in recipient.purposes and isinstance(give(plan, recipient, purpose), Deny):
                yield f"recipient {recipient.id} may not have data for {purpose}"
        unlisted = replace(recipient, id="somebody-else")
        if give(plan, unlisted, purpose_with_items(policy, recipient)) != Deny(Reason.UNKNOWN_RECIPIENT):
            yield "somebody who is not listed may have data"
        if not says(words, recipient.label) or not says(words, recipient.category):
            yield f"the notice does not name {recipient.id} and what it does"
    served = {purpose for recipient in recipients(policy, categories) for purpose in recipient.purposes}
    yield from (f"nobody of these kinds serves {purpose}" for purpose in purposes if purpose not in served)


def _unsigned(policy: Policy, categories: tuple[str, ...] = ()) -> Policy:
    return altering.recipients(policy, [one.id for one in recipients(policy, categories)], lambda one: replace(one, terms=None))


@proves_static(breaks=_unsigned)
def binds_recipients(policy: Policy, categories: tuple[str, ...] = ()) -> Iterator[str]:
    """A recipient gets nothing before it has signed its terms or after they end, and something in between; people read that each has signed."""
    plan = Plan(policy)
    found = recipients(policy, categories)
    if not found:
        yield "there is no recipient to be bound"
    for recipient in found:
        purpose = purpose_with_items(policy, recipient)
        if recipient.terms is None:
            yield f"recipient {recipient.id} has signed nothing"
            continue
        before = datetime.combine(recipient.terms.signed_on - timedelta(days=1), time(12), UTC)
        after = datetime.combine(recipient.terms.expires_on + timedelta(days=1), time(12), UTC)
        if give(plan, recipient, purpose, at=before) != Deny(Reason.NO_TERMS, recipient.id):
            yield f"recipient {recipient.id} may have data before it has signed"
        if give(plan, recipient, purpose, at=after) != Deny(Reason.TERMS_EXPIRED, recipient.id):
            yield f"recipient {recipient.id} may have data after its terms have ended"
        if isinstance(give(plan, recipient, purpose), Deny):
            yield f"recipient {recipient.id} may have nothing although it has signed"
    if all(one.terms for one in policy.recipients.values()) and not says(told_in(policy, "receivers"), "signed"):
        yield "the notice does not say that recipients have signed"


def _for_everything(policy: Policy, categories: tuple[str, ...] = (), purposes: tuple[str, ...] = ()) -> Policy:
    found = [one.id for one in recipients(policy, categories)]
    return altering.recipients(policy, found, lambda one: replace(one, purposes=tuple(policy.purposes), items=tuple(policy.items)))


@proves_static(breaks=_for_everything)
def keeps_recipients_to_purposes(policy: Policy, categories: tuple[str, ...] = (), purposes: tuple[str, ...] = ()) -> Iterator[str]:
    """A recipient is refused every purpose that it is not instructed for, and none is instructed for all; `purposes` names those allowed."""
    plan = Plan(policy)
    found = recipients(policy, categories)
    if not found:
        yield "there is no recipient to be kept to anything"
    for recipient in found:
        refused = [purpose for purpose in policy.purposes if purpose not in (purposes or recipient.purposes)]
        if not refused:
            yield f"recipient {recipient.id} is instructed for everything"
        for purpose in refused:
            if give(plan, recipient, purpose) != Deny(Reason.PURPOSE_NOT_INSTRUCTED, purpose):
                yield f"recipient {recipient.id} may have data for {purpose}"


def _whole_record(policy: Policy, categories: tuple[str, ...], items: tuple[str, ...]) -> Policy:
    found = [one.id for one in recipients(policy, categories)]
    return altering.recipients(policy, found, lambda one: replace(one, purposes=tuple(policy.purposes), items=tuple(policy.items)))


@proves_static(breaks=_whole_record)
def gives_only(policy: Policy, categories: tuple[str, ...], items: tuple[str, ...]) -> Iterator[str]:
    """A recipient of this kind gets these items and is refused every other, for every purpose it serves."""
    plan = Plan(policy)
    found = recipients(policy, categories)
    if not found:
        yield f"no recipient is of the kind {', '.join(categories)}"
    given: set[str] = set()
    for recipient in found:
        for purpose in recipient.purposes:
            answer = give(plan, recipient, purpose)
            given |= answer.items if isinstance(answer, PermitDisclosure) else set()
            for item in policy.items:
                if item not in items and isinstance(give(plan, recipient, purpose, [item]), PermitDisclosure):
                    yield f"recipient {recipient.id} may have {item} for {purpose}"
    yield from (f"nobody of this kind gets {item}" for item in items if item not in given)


def _names_for_all(policy: Policy, categories: tuple[str, ...]) -> Policy:
    naming = tuple(item.id for item in policy.items.values() if item.category.startswith(_IDENTIFYING))
    return altering.recipients(policy, [one.id for one in recipients(policy, categories)], lambda one: replace(one, items=(*one.items, *naming)))


@proves_static(breaks=_names_for_all)
def gives_no_identifier(policy: Policy, categories: tuple[str, ...]) -> Iterator[str]:
    """What recipients of this kind are given points to nobody."""
    found = recipients(policy, categories)
    if not found:
        yield f"no recipient is of the kind {', '.join(categories)}"
    for recipient in found:
        for item in recipient.items:
            if item not in policy.items or policy.items[item].category.startswith(_IDENTIFYING) or policy.items[item].form != "clear":
                yield f"recipient {recipient.id} is given {item}"


# transfers


def _unprotected(policy: Policy, by: tuple[str, ...] = (), categories: tuple[str, ...] = ()) -> Policy:
    return altering.recipients(policy, policy.recipients, lambda one: replace(one, country="IN", safeguard=None))


@proves_static(breaks=_unprotected)
def protects_transfers(policy: Policy, by: tuple[str, ...] = (), categories: tuple[str, ...] = ()) -> Iterator[str]:
    """Every recipient abroad is protected by a mechanism, is refused without it, and people read which it is."""
    plan, words, seen = Plan(policy), told_in(policy, "receivers"), set()
    for recipient in recipients(policy, categories):
        purpose = purpose_with_items(policy, recipient)
        if not purpose:
            continue
        answer = give(plan, recipient, purpose)
        if isinstance(answer, Deny):
            if answer.reason is Reason.NO_SAFEGUARD:
                yield f"nothing protects what goes to {recipient.id}"
            continue
        if answer.mechanism is Mechanism.HOME:
            continue
        seen.add(answer.mechanism)
        bare = Plan(altering.recipients(policy, [recipient.id], lambda one: replace(one, safeguard=None)))
        if give(bare, recipient, purpose, near=nowhere_near()) != Deny(Reason.NO_SAFEGUARD, recipient.country):
            yield f"what goes to {recipient.id} would go there unprotected"
        if not says(words, country(recipient.country)):
            yield f"the notice does not say that data goes to {recipient.country}"
    wanted = {"adequacy": Mechanism.ADEQUACY, "contract-clauses": Mechanism.CLAUSES, "binding-rules": Mechanism.BINDING_RULES}
    yield from (f"nothing is sent on the strength of {name}" for name in by if wanted.get(name) not in seen)
    if not seen:
        yield "nothing goes abroad, so nothing is protected there"


def _copies_elsewhere(policy: Policy, regions: tuple[str, ...]) -> Policy:
    changed = altering.section(policy, "settings", regions=(*policy.settings.regions, "elsewhere"))
    return altering.recipients(changed, [one.id for one in recipients(policy, STORES)], lambda one: replace(one, country="IN"))


@proves_static(breaks=_copies_elsewhere)
def keeps_data_in(policy: Policy, regions: tuple[str, ...]) -> Iterator[str]:
    """Data may rest in these regions alone, every recipient that stores copies stands in one of them, and people read where."""
    lands = {"uk": {"GB"}, "us": {"US"}, "eu": set(adequacy().home) - {"GB"}, "eea": set(adequacy().home) - {"GB"}}
    if set(policy.settings.regions) != set(regions):
        yield "data may rest in other regions"
    if policy.settings.region and policy.settings.region not in regions:
        yield "this system itself stands elsewhere"
    for recipient in recipients(policy, STORES):
        if not any(recipient.country in lands.get(region, set()) for region in regions):
            yield f"recipient {recipient.id} stores copies elsewhere"
    if not only_told(policy, altering.section(replace(policy, transfers=Transfers()), "settings", region="")):
        yield "the notice does not say where data is stored"


# legal reasons


def _strike_reason(policy: Policy, reason: str) -> Policy:
    return altering.section(policy, "settings", legal_reasons=tuple(one for one in policy.settings.legal_reasons if one != reason))


@proves_static(breaks=_strike_reason)
def hands_over_for(policy: Policy, reason: str) -> Iterator[str]:
    """The reason opens data with its evidence, not without any piece of it, and not once the policy no longer lists it; people read it."""
    plan = Plan(policy)
    answer = for_reason(plan, reason)
    if isinstance(answer, Deny):
        yield f"the reason {reason} opens nothing ({answer.reason})"
    for evidence in _NEEDS.get(reason, ("justification",)):
        if isinstance(for_reason(plan, reason, without=evidence), PermitDisclosure):
            yield f"the reason {reason} opens data without its {evidence}"
    without = _strike_reason(policy, reason)
    if for_reason(Plan(without), reason) != Deny(Reason.REASON_NOT_LISTED):
        yield f"the reason {reason} opens data although it is not listed"
    if not only_told(policy, without):
        yield f"the notice does not say that data is handed over for {reason}"


def _another_reason(policy: Policy, reasons: tuple[str, ...]) -> Policy:
    other = next(reason for reason in _NEEDS if reason not in reasons)
    return altering.section(policy, "settings", legal_reasons=(*policy.settings.legal_reasons, other))


@proves_static(breaks=_another_reason)
def hands_over_for_nothing_else(policy: Policy, reasons: tuple[str, ...]) -> Iterator[str]:
    """These legal reasons open data; every other is refused, with whatever evidence it comes."""
    plan = Plan(policy)
    for reason in (*_NEEDS, "curiosity", *policy.settings.legal_reasons):
        permitted = isinstance(for_reason(plan, reason), PermitDisclosure)
        if permitted is not (reason in reasons):
            yield f"the reason {reason} {'opens data' if permitted else 'opens nothing'}"


# a person's choice


def _ask_no_more(policy: Policy, recipients: tuple[str, ...]) -> Policy:
    purposes = {purpose for id in recipients if id in policy.recipients for purpose in policy.recipients[id].purposes}
    lawless = {id: replace(law, floor={}) for id, law in policy.regimes.items()}
    changed = replace(policy, regimes=lawless)
    return altering.purposes(changed, purposes, lambda one: replace(one, permission=Permission.NONE))


@proves_static(breaks=_ask_no_more)
def shares_after_a_choice(policy: Policy, recipients: tuple[str, ...]) -> Iterator[str]:
    """These recipients get nothing of somebody who refused, nothing before the choice where it is asked first, and something after a yes."""
    plan = Plan(policy)
    for id in recipients:
        recipient = policy.recipients.get(id)
        if recipient is None or not purpose_with_items(policy, recipient):
            yield f"there is no recipient {id} that gets anything"
            continue
        for purpose in (one for one in recipient.purposes if shared(policy, recipient, one)):
            asks = {State.GIVEN: True, State.REFUSED: False, State.OBJECTED: False, State.WITHDRAWN: False}
            for state, permitted in asks.items():
                if isinstance(ask(plan, MayDisclose(id, purpose), saying(policy, purpose, state)), PermitDisclosure) is not permitted:
                    yield f"somebody who has {state} {'is not' if permitted else 'is'} shared with {id} for {purpose}"
            unasked = isinstance(ask(plan, MayDisclose(id, purpose), saying(policy, purpose, None)), PermitDisclosure)
            if unasked and policy.sharing.beyond_providers is not BeyondProviders.OPT_OUT:
                yield f"somebody who was not asked is shared with {id} for {purpose}"


def _ask_about_none(policy: Policy, items: tuple[str, ...]) -> Policy:
    return _ask_no_more(policy, tuple(policy.recipients))


@proves_static(breaks=_ask_about_none)
def gives_after_a_yes(policy: Policy, items: tuple[str, ...]) -> Iterator[str]:
    """Whoever receives these items receives them only about people who said yes to it, and no longer once they take it back."""
    plan, given = Plan(policy), False
    for recipient in policy.recipients.values():
        for purpose in recipient.purposes:
            sensitive = shared(policy, recipient, purpose) & set(items)
            for state in (State.GIVEN, None, State.REFUSED, State.WITHDRAWN) if sensitive else ():
                answer = ask(plan, MayDisclose(recipient.id, purpose, sensitive), saying(policy, purpose, state))
                given = given or (state is State.GIVEN and isinstance(answer, PermitDisclosure))
                if state is not State.GIVEN and isinstance(answer, PermitDisclosure):
                    yield f"recipient {recipient.id} gets such items about somebody who did not say yes"
    if not given:
        yield "nobody is ever given such items"


def _no_fraud(policy: Policy, recipients: tuple[str, ...]) -> Policy:
    left = tuple(one for one in policy.settings.legal_reasons if one not in ("fraud", "security"))
    return altering.section(policy, "settings", legal_reasons=left)


@proves_static(breaks=_no_fraud)
def exchanges_signs_of_fraud_with(policy: Policy, recipients: tuple[str, ...]) -> Iterator[str]:
    """With these, signs of fraud are exchanged for a written reason and in their own fields; nothing that sells, and nobody else."""
    plan, words = Plan(policy), told(policy)
    for id in recipients:
        recipient = policy.recipients.get(id)
        if recipient is None:
            yield f"there is no recipient {id}"
            continue
        for purpose in recipient.purposes:
            fields = shared(policy, recipient, purpose)
            question = MayDisclose(id, purpose, fields, Nature.FRAUD_EXCHANGE, "fraud", "signs of fraud")
            someone = willing(policy, purpose)
            if isinstance(ask(plan, question, someone), Deny):
                yield f"signs of fraud may not be exchanged with {id}"
            if ask(plan, replace(question, justification=" "), someone) != Deny(Reason.NO_JUSTIFICATION, "justification"):
                yield f"signs of fraud are exchanged with {id} without a written reason"
            for item in (one for one in policy.items if one not in recipient.items):
                if isinstance(ask(plan, replace(question, items=frozenset([item])), someone), PermitDisclosure):
                    yield f"recipient {id} gets {item} as a sign of fraud"
        for purpose in (one.id for one in policy.purposes.values() if one.kind in (Kind.MARKETING, Kind.ADVERTISING)):
            question = MayDisclose(id, purpose, frozenset(), Nature.FRAUD_EXCHANGE, "fraud", "signs of fraud")
            if isinstance(ask(plan, question, willing(policy, purpose)), PermitDisclosure):
                yield f"what {id} gets may sell"
        if not says(words, recipient.label):
            yield f"the notice does not name {id}"
