"""What does somebody ask for who writes in words of their own? To take consent back, to leave a list, to be deleted; else nothing.

Only plain and whole wishes are heard: a question about consent, or a story about somebody else, is no wish. What is not
heard here is read by a person. It records nothing.
Source: GDPR Art. 7(3) (as easy to withdraw as to give), 21(3); our own list of phrases in English and German
"""

from __future__ import annotations

import re
from enum import StrEnum

from troth.policy.model import Kind, Policy


class Wish(StrEnum):
    """What can be asked for in a chat, and is carried out without anybody's answering."""

    WITHDRAW = "withdraw"  # everything that rests on a yes
    UNSUBSCRIBE = "unsubscribe"
    STOP_TEXTS = "stop-texts"
    DELETE = "delete"


_POLITE = (
    r"(?:(?:hi|hello|hey|hallo|guten tag|moin|dear \w+|please|pls|bitte|ok|okay|and|und|so|now|jetzt|also|just|kindly|thanks"
    r"|thank you|danke)[\s,.!:;-]+)*"
)
_WANT = (
    r"(?:(?:i|we) (?:want to|wanna|would like to|'?d like to|wish to|need to|hereby|now|am going to|have decided to)\s+|i'd like to\s+|let me\s+"
    r"|(?:can|could|may) (?:i|you|we)(?: please)?\s+|ich (?:möchte|will|würde gern|würde gerne)\s+|hiermit\s+)?"
)
# Each word once: what could be read in two ways would double the work with every word of a hostile line.
_MY = r"(?:my|all|of|any|the|our|every|meine|ganze|alle|die|meiner)"
_END = r"(?:[\s,]+(?:please|now|at once|immediately|today|from you|with you|to you|bitte|jetzt|sofort|thanks|thank you|danke))*[\s.!?…]*"
_PHRASES: tuple[tuple[Wish, tuple[str, ...]], ...] = (
    (
        Wish.WITHDRAW,
        (
            rf"(?:withdraw|revoke|take back|retract|cancel|rescind|undo|remove)(?:ing)?\s+(?:{_MY}\s+)*(?:consents?|permissions?"
            rf"|agreements?|opt-?ins?)",
            rf"take\s+(?:{_MY}\s+)*(?:consents?|permissions?)\s+back",
            rf"(?:i|we) (?:withdraw|revoke|take back|retract)\s+(?:{_MY}\s+)*(?:consents?|permissions?)",
            r"(?:i|we) (?:no longer|don'?t|do not) (?:consent|agree)(?: any ?more)?", r"opt(?:ing)? (?:me )?out", r"i opt out",
            r"(?:withdraw|revoke) consent",
            rf"(?:ich )?(?:widerrufe|ziehe)\s+(?:hiermit\s+)?(?:{_MY}\s+)*(?:einwilligung(?:en)?|zustimmung(?:en)?)(?:\s+zurück)?",
            rf"(?:{_MY}\s+)*(?:einwilligung(?:en)?|zustimmung(?:en)?)\s+(?:widerrufen|zurückziehen|zurücknehmen)",
        ),
    ),
    (
        Wish.STOP_TEXTS,
        (
            r"(?:stop|quit|no more)\s+(?:texting|sms|text messages|texts|messaging)(?: me)?(?: any ?more)?",
            r"stop sending (?:me )?(?:any )?(?:more )?(?:texts?|text messages|sms)", r"(?:don'?t|do not) (?:text|sms) me(?: any ?more| again)?",
            r"keine (?:sms|textnachrichten|kurznachrichten)(?: mehr)?",
            r"(?:hört|hören sie) auf,? mir (?:sms|textnachrichten) zu (?:schicken|senden)",
        ),
    ),
    (
        Wish.UNSUBSCRIBE,
        (
            r"unsubscribe(?: me)?(?: from (?:all|everything|your|the|this|any)?[\w\s-]{0,30})?",
            r"(?:take|remove) me (?:off|from) (?:your|the|all|this)?[\w\s]{0,20}lists?",
            r"(?:stop|quit) (?:emailing|e-mailing|mailing|writing to) me(?: any ?more)?",
            r"stop sending (?:me )?(?:any )?(?:more )?(?:e-?mails?|newsletters?|adverts?|ads|offers|marketing)",
            r"no more (?:e-?mails?|newsletters?|offers|marketing)",
            r"(?:cancel|end) (?:my |the )?(?:newsletter|subscription to the newsletter)",
            r"(?:newsletter )?abbestellen", r"(?:den |euren |ihren )?newsletter (?:abbestellen|kündigen)",
            r"melde(?:n sie)? mich (?:vom newsletter )?ab",
            r"keine (?:e-?mails?|newsletter|werbung)(?: mehr)?(?: senden| schicken)?",
        ),
    ),
    (
        Wish.DELETE,
        (
            rf"(?:delete|erase|remove|wipe|forget)\s+(?:{_MY}\s+)*(?:personal )?(?:data|information|account|details|profile"
            rf"|chat)(?: you (?:have|hold)(?: about me)?)?",
            r"(?:delete|erase|forget) me", rf"(?:lösche(?:n sie)?|löscht)\s+(?:bitte\s+)?(?:{_MY}\s+)*(?:daten|konto|angaben|profil)",
            rf"(?:{_MY}\s+)*(?:daten|konto|angaben|profil)\s+löschen(?: lassen)?", r"(?:right to be forgotten|recht auf vergessenwerden)",
        ),
    ),
)  # fmt: skip
_PATTERNS = tuple(
    (wish, re.compile(rf"{_POLITE}{_WANT}(?:{'|'.join(phrases)})(?:\s*(?:[.,;!?]|and|und)\s*(?P<rest>.*))?{_END}", re.DOTALL))
    for wish, phrases in _PHRASES
)
ADDRESS = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")


def wish_in(text: str) -> Wish | None:
    """The one wish that a message is, or None. A message that says more than it in the same breath is none: a person reads it."""
    plain = " ".join(text.casefold().replace("’", "'").replace("“", "").replace("”", "").replace('"', "").split())
    if len(plain) > 300:
        return None
    bare = ADDRESS.sub("", plain).strip(" ,.;:()<>-")
    bare = re.sub(r"[,.;:]?\s*(?:my (?:e-?mail|address)(?: address)? is|for|at|meine (?:e-?mail|adresse)(?:-adresse)? ist)\s*$", "", bare)
    for wish, pattern in _PATTERNS:
        found = pattern.fullmatch(bare)
        if found is not None and not re.search(r"\b(?:not|don't|didn't|never|nicht|kein)\b", found["rest"] or ""):
            return wish
    return None


def address_in(text: str) -> str:
    """An e-mail address in a message, if there is just one."""
    found = set(ADDRESS.findall(text))
    return found.pop().rstrip(".") if len(found) == 1 else ""


def purposes_for(policy: Policy, wish: Wish) -> list[str]:
    """The purposes that a wish ends, for whoever has allowed them."""
    match wish:
        case Wish.WITHDRAW:
            return [one.id for one in policy.purposes.values() if one.kind not in (Kind.ESSENTIAL, Kind.SERVICE) or one.wording]
        case Wish.UNSUBSCRIBE:
            by_mail = policy.channels["email"].purposes if "email" in policy.channels else ()
            elsewhere = {id for channel in policy.channels.values() for id in channel.purposes} - set(by_mail)
            return [one.id for one in policy.purposes.values() if (one.kind is Kind.MARKETING and one.id not in elsewhere) or one.id in by_mail]
        case Wish.STOP_TEXTS:
            return list(policy.channels["sms"].purposes) if "sms" in policy.channels else []
        case Wish.DELETE:
            return []
