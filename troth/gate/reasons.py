"""Why did the gate say no? The one list of reasons; each has a sentence and a test.

Source: GDPR Art. 5, 6, 7, 9, 18, 21, 44; Cal. Civ. Code 1798.120
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Every way to be refused. The value is the stable code seen from outside."""

    UNKNOWN_PURPOSE = "unknown-purpose"
    NO_BASIS = "no-basis"
    NOT_ASKED = "not-asked"
    REFUSED = "refused-by-subject"
    WITHDRAWN = "withdrawn"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    NOT_THIS_WAY = "not-this-way"
    NO_PERMISSION = "no-permission"
    UNKNOWN_SUBJECT = "unknown-subject"
    ERASED = "erased"
    UNDECLARED_EVENT = "undeclared-event"
    UNDECLARED_ITEM = "undeclared-item"
    ITEM_NOT_FOR_POPULATION = "item-not-for-population"
    ITEM_NOT_A_VALUE = "item-not-a-value"
    MISSING_ITEM = "missing-item"
    SPECIAL_CATEGORY = "special-category"
    CHILD = "child"
    CARD_NUMBER = "card-number"
    NATIONAL_ID = "national-id"
    NO_SUBJECT = "no-subject"
    ROBOT = "robot"
    TIME_IN_FUTURE = "time-in-future"
    TOO_OLD = "too-old"
    ROLE_NOT_ALLOWED = "role-not-allowed"
    ITEM_NOT_FOR_PURPOSE = "item-not-for-purpose"
    UNKNOWN_RECIPIENT = "unknown-recipient"
    SALE = "sale"
    NOT_ANNOUNCED = "not-announced"
    NO_TERMS = "no-terms"
    TERMS_EXPIRED = "terms-expired"
    PURPOSE_NOT_INSTRUCTED = "purpose-not-instructed"
    NO_SAFEGUARD = "no-safeguard"
    NO_JUSTIFICATION = "no-justification"
    REASON_NOT_LISTED = "reason-not-listed"
    RECIPIENT_NOT_NAMED = "recipient-not-named"
    ITEM_NOT_FOR_RECIPIENT = "item-not-for-recipient"
    ITEMS_NOT_NAMED = "items-not-named"
    NOT_ENFORCEABLE = "not-enforceable"
    CASE_NOT_OPEN = "case-not-open"
    WRONG_REGION = "wrong-region"
    NOT_ADVISED = "not-advised"
    JOIN_NOT_PROMISED = "join-not-promised"
    NOT_VERIFIED = "not-verified"
    JOIN_UNDONE = "join-undone"
    STANDS_WITH_ANOTHER = "stands-with-another"
    NO_VISIT = "no-visit"
    POOL_EXHAUSTED = "pool-exhausted"
    GATE_FAILED = "gate-failed"


SENTENCES: dict[Reason, str] = {
    Reason.UNKNOWN_PURPOSE: "the policy names no such purpose",
    Reason.NO_BASIS: "the purpose has no lawful basis on record",
    Reason.NOT_ASKED: "the person has not been asked, and this purpose asks first",
    Reason.REFUSED: "the person said no",
    Reason.WITHDRAWN: "the person took the permission back",
    Reason.OBJECTED: "the person objected",
    Reason.RESTRICTED: "the person's data is restricted to storage",
    Reason.NOT_THIS_WAY: "the person wants no messages this way",
    Reason.NO_PERMISSION: "no purpose of this event is permitted",
    Reason.UNKNOWN_SUBJECT: "there is no such subject",
    Reason.ERASED: "the person was erased and has given no permission since",
    Reason.UNDECLARED_EVENT: "the policy declares no such event",
    Reason.UNDECLARED_ITEM: "the policy declares no such item for this event",
    Reason.ITEM_NOT_FOR_POPULATION: "this item may not be held about such a person",
    Reason.ITEM_NOT_A_VALUE: "an item must be a text, a number or a yes or no",
    Reason.MISSING_ITEM: "the event lacks an item it must carry",
    Reason.SPECIAL_CATEGORY: "the policy promises not to take data of this kind",
    Reason.CHILD: "the policy promises not to take children's data",
    Reason.CARD_NUMBER: "the number of a payment card or account is not taken in a text",
    Reason.NATIONAL_ID: "a national identity number is not taken in a text",
    Reason.NO_SUBJECT: "the event says nothing of whom it is about",
    Reason.ROBOT: "the visitor is a robot",
    Reason.TIME_IN_FUTURE: "the event lies in the future",
    Reason.TOO_OLD: "the event is older than anything it would serve may be kept",
    Reason.ROLE_NOT_ALLOWED: "this role may not act for this purpose",
    Reason.ITEM_NOT_FOR_PURPOSE: "the purpose does not use this item",
    Reason.UNKNOWN_RECIPIENT: "the policy names no such recipient",
    Reason.SALE: "the policy promises never to sell personal data",
    Reason.NOT_ANNOUNCED: "nothing that the person gave was asked for with the word that this recipient receives it",
    Reason.NO_TERMS: "the recipient has accepted no terms",
    Reason.TERMS_EXPIRED: "the recipient's terms have expired",
    Reason.PURPOSE_NOT_INSTRUCTED: "the recipient is not instructed for this purpose",
    Reason.NO_SAFEGUARD: "nothing safeguards a transfer to that country",
    Reason.NO_JUSTIFICATION: "a written reason is needed",
    Reason.REASON_NOT_LISTED: "the policy lists no such reason",
    Reason.RECIPIENT_NOT_NAMED: "whoever receives the data must be named",
    Reason.ITEM_NOT_FOR_RECIPIENT: "the recipient does not need this item",
    Reason.ITEMS_NOT_NAMED: "what is to be handed over must be named item by item",
    Reason.NOT_ENFORCEABLE: "the demand is not one that binds the company",
    Reason.CASE_NOT_OPEN: "there is no such case or ticket open",
    Reason.WRONG_REGION: "the policy keeps this person's data elsewhere",
    Reason.NOT_ADVISED: "the customer has not been told of the move",
    Reason.JOIN_NOT_PROMISED: "the policy names no purpose that joins these",
    Reason.NOT_VERIFIED: "the person has not been verified",
    Reason.JOIN_UNDONE: "the join was undone, and the person has agreed to nothing since",
    Reason.STANDS_WITH_ANOTHER: "the browser or telephone stands with somebody else already",
    Reason.NO_VISIT: "no visit was shown the number that was called",
    Reason.POOL_EXHAUSTED: "every tracked number is lent to another visitor",
    Reason.GATE_FAILED: "the gate itself failed, and so refuses",
}


class Refused(Exception):
    """The gate's no. Carries the reason, and what was asked in the policy's own words."""

    def __init__(self, reason: Reason, about: str = "", status: int = 403) -> None:
        self.reason, self.about, self.status = reason, about, status
        super().__init__(f"refused: {SENTENCES[reason]}" + (f" (`{about}`)" if about else ""))

    def as_json(self) -> dict[str, str]:
        """The shape every HTTP refusal has."""
        return {"code": str(self.reason), "message": str(self)}
