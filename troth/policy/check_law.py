"""Does the policy hold up before the law it names? Bases, consent, floors, keeping, cookies, recipients and transfers.

An error is what could not be run lawfully as written; what the gate will make good by itself is a warning or a note.
Source: GDPR Art. 5-7, 9, 28, 44-49; ePrivacy Directive Art. 5(3).
"""

from __future__ import annotations

from datetime import timedelta

from troth.policy.checking import Checking
from troth.policy.demands import AssumedBasis
from troth.policy.finding import Code, quoted
from troth.policy.model import STRICTNESS, Basis, CountedFrom, Form, Item, Permission, Purpose, Recipient, Role, Without, permission_under
from troth.policy.packs import adequacy, categories

# Reading: a cookie that stays longer than a year does more than make the site work.
_NECESSARY_AT_MOST = timedelta(days=366)


def _bases(checking: Checking) -> None:
    for id, purpose in checking.policy.purposes.items():
        if purpose.basis_defaulted:
            _defaulted(checking, id, purpose)
        if purpose.basis is Basis.CONSENT:
            _consent(checking, id, purpose)


def _defaulted(checking: Checking, id: str, purpose: Purpose) -> None:
    """A purpose without a basis rests on legitimate interests, where that can be assumed. Source: GDPR Art. 6(1)(f)."""
    why = _why_not_assumed(checking, purpose)
    if why:
        checking.found(Code.BASIS_MISSING, ("purposes", id), f"purpose {quoted(id)} states no basis, and none can be assumed: {why}")
    else:
        assumed = "its client's instruction is" if purpose.basis is Basis.CLIENT_INSTRUCTION else "legitimate interests are"
        message = f"purpose {quoted(id)} states no basis; {assumed} assumed"
        checking.found(Code.BASIS_DEFAULTED, ("purposes", id), message)


def _why_not_assumed(checking: Checking, purpose: Purpose) -> str | None:
    if purpose.permission is Permission.ASK_BEFORE:
        return "it asks before"
    if purpose.basis is Basis.CLIENT_INSTRUCTION:
        return None
    if checking.policy.basis.default is AssumedBasis.NONE:
        return "`basis.default` is `none`"
    if checking.policy.organisation.role is Role.PROCESSOR:
        return "a processor acts on its client's instructions"
    special = [item for item in purpose.items if item in checking.policy.items and _special(checking.policy.items[item])]
    return f"{quoted(special[0])} is of a special category" if special else None


def _consent(checking: Checking, id: str, purpose: Purpose) -> None:
    """Consent is asked for, in words. Source: GDPR Art. 4(11), 7."""
    if purpose.permission is not Permission.ASK_BEFORE:
        message = f"purpose {quoted(id)} rests on consent, so its permission must be `ask-before`, and is `{purpose.permission}`"
        checking.found(Code.CONSENT_NOT_ASKED, ("purposes", id, "permission"), message)
    if not purpose.wording:
        checking.found(Code.CONSENT_NOT_ASKED, ("purposes", id), f"purpose {quoted(id)} rests on consent and has no `wording` to ask with")


def _floors(checking: Checking) -> None:
    policy = checking.policy
    for id, purpose in policy.purposes.items():
        raised = [law for law in policy.regimes.values()
                  if STRICTNESS[law.floor.get(purpose.kind, Permission.NONE)] > STRICTNESS[purpose.permission]]
        laws = " and ".join(law.label for law in raised)
        if purpose.below_floor is not None and raised:
            message = f"purpose {quoted(id)} runs below the floor of {laws}; {purpose.below_floor.by} answers for it"
            checking.found(Code.BELOW_FLOOR, ("purposes", id, "below_floor"), message)
        elif purpose.below_floor is not None:
            checking.found(Code.BELOW_FLOOR_UNNEEDED, ("purposes", id, "below_floor"), f"purpose {quoted(id)} is not below any floor")
        elif raised:
            message = f"purpose {quoted(id)} says `{purpose.permission}`; in {laws} the stricter law holds"
            checking.found(Code.FLOOR_RAISES, ("purposes", id, "permission"), message)
        _wording(checking, id, purpose)


def _wording(checking: Checking, id: str, purpose: Purpose) -> None:
    policy = checking.policy
    asked = any(permission_under(policy, purpose, law) is Permission.ASK_BEFORE for law in policy.regimes)
    if asked and not purpose.wording and purpose.basis is not Basis.CONSENT:
        message = f"purpose {quoted(id)} must be asked for somewhere and has no `wording` to ask with"
        checking.found(Code.WORDING_MISSING, ("purposes", id), message)


def _remainders(checking: Checking) -> None:
    for id, purpose in checking.policy.purposes.items():
        if purpose.remainder and purpose.without is Without.NOTHING:
            message = f"purpose {quoted(id)} lists a remainder but keeps nothing without permission"
            checking.found(Code.REMAINDER_UNUSED, ("purposes", id, "remainder"), message)


def _special(item: Item) -> bool:
    named = any(item.category == kind or item.category.startswith(f"{kind}.") for kind in categories().special)
    return item.special or named


def _items(checking: Checking) -> None:
    policy = checking.policy
    for id, item in policy.items.items():
        if policy.notice.special and _special(item):
            message = f"item {quoted(id)} is of a special category, and the notice says that none is sought"
            checking.found(Code.SPECIAL_DECLARED, ("items", id), message)
        if item.form is Form.CLEAR and item.values is None:
            message = f"item {quoted(id)} is clear but names no closed vocabulary in `values`"
            checking.found(Code.CLEAR_WITHOUT_VALUES, ("items", id), message)
        if not item.keep:
            message = f"item {quoted(id)} names no retention rule in `keep`"
            checking.found(Code.RETENTION_MISSING, ("items", id), message)


def _retention(checking: Checking) -> None:
    for id, rule in checking.policy.retention.items():
        if rule.keep_for is None and not rule.why:
            message = f"retention rule {quoted(id)} says neither `keep_for` nor `why`"
            checking.found(Code.RETENTION_MISSING, ("retention", id), message)
        if rule.keep_for is not None and rule.counted_from is not CountedFrom.COLLECTION:
            message = f"retention rule {quoted(id)} is told to start at {quoted(rule.counted_from)}, which nothing records"
            checking.found(Code.COUNTED_FROM_COLLECTION, ("retention", id), f"{message}: what it keeps goes so long after the day it came")


def _cookies(checking: Checking) -> None:
    """Only what is strictly necessary may be stored without a purpose. Source: ePrivacy Directive Art. 5(3)."""
    for name, cookie in checking.policy.cookies.items():
        lasting = cookie.keep_for is not None and cookie.keep_for > _NECESSARY_AT_MOST
        if not cookie.purposes and (cookie.personal or lasting):
            why = "points to a person" if cookie.personal else "stays for more than a year"
            message = f"cookie {quoted(name)} {why} and names no purpose, so it is not strictly necessary"
            checking.found(Code.COOKIE_WITHOUT_PURPOSE, ("cookies", name, "purposes"), message)


def _recipients(checking: Checking) -> None:
    """Source: GDPR Art. 28(3), 44-46."""
    for id, recipient in checking.policy.recipients.items():
        _terms(checking, id, recipient)
        _beyond(checking, id, recipient)
        safe = recipient.country in adequacy().home or _adequate(checking, recipient.country) or recipient.safeguard is not None
        if not safe:
            message = f"recipient {quoted(id)} is in {quoted(recipient.country)}, which needs a `safeguard`"
            checking.found(Code.TRANSFER_WITHOUT_SAFEGUARD, ("recipients", id, "country"), message)


def _adequate(checking: Checking, country: str) -> bool:
    until = adequacy().until.get(country)
    ended = until is not None and checking.today is not None and checking.today > until
    return country in adequacy().adequate and not ended


def _terms(checking: Checking, id: str, recipient: Recipient) -> None:
    if recipient.terms is None:
        message = f"recipient {quoted(id)} has no `terms`, so nothing can be sent to it"
        checking.found(Code.RECIPIENT_WITHOUT_TERMS, ("recipients", id), message)
    elif checking.today is not None and recipient.terms.expires_on < checking.today:
        message = f"the terms of recipient {quoted(id)} expired on {recipient.terms.expires_on}"
        checking.found(Code.TERMS_EXPIRED, ("recipients", id, "terms", "expires_on"), message)


def _beyond(checking: Checking, id: str, recipient: Recipient) -> None:
    """A recipient's items must serve one of its purposes. Source: GDPR Art. 5(1)(b)-(c)."""
    purposes = [checking.policy.purposes[name] for name in recipient.purposes if name in checking.policy.purposes]
    needed = {item for purpose in purposes for item in purpose.items}
    for index, item in enumerate(recipient.items):
        if purposes and item in checking.policy.items and item not in needed:
            message = f"recipient {quoted(id)} receives {quoted(item)}, which none of its purposes uses"
            checking.found(Code.RECIPIENT_BEYOND_PURPOSE, ("recipients", id, "items", index), message)


def _channels(checking: Checking) -> None:
    """A yes that one must say to buy is not freely given. Source: GDPR Art. 7(4); 47 CFR 64.1200(f)(9)(i)(B)."""
    for id, rules in checking.policy.channels.items():
        if rules.condition_of_purchase:
            message = f"messages by {quoted(id)} make a yes the condition of buying, and such a yes is not given freely"
            checking.found(Code.CONSENT_AS_CONDITION, ("channels", id, "condition_of_purchase"), message)


CHECKS = (_bases, _floors, _remainders, _items, _retention, _cookies, _recipients, _channels)
