"""Can the notice say all that people must be told? And does every promise have a proof?

Source: GDPR Art. 13(1)-(2); Cal. Civ. Code 1798.130(a)(5).
"""

from __future__ import annotations

from troth.policy.checking import Checking
from troth.policy.finding import Code, meant, quoted
from troth.policy.language import languages
from troth.policy.notice_texts import own_texts


def _who(checking: Checking) -> None:
    policy, organisation = checking.policy, checking.policy.organisation
    if not (organisation.email or organisation.address or organisation.telephone):
        message = "the notice cannot say how to reach the organisation: no address, e-mail or telephone"
        checking.found(Code.NOTICE_INCOMPLETE, ("organisation",), message)
    if not policy.notice.contact:
        checking.found(Code.NOTICE_INCOMPLETE, ("notice",), "the notice cannot say where to turn: `notice` has no `contact`")
    if not policy.notice.complaints:
        checking.found(Code.NOTICE_INCOMPLETE, ("notice",), "the notice cannot say how to complain: `notice` has no `complaints`")


def _sentences(checking: Checking) -> None:
    for id, purpose in checking.policy.purposes.items():
        if not purpose.notice:
            message = f"the notice cannot tell of purpose {quoted(id)}: it has no `notice` sentence"
            checking.found(Code.NOTICE_INCOMPLETE, ("purposes", id), message)


def _laws(checking: Checking) -> None:
    policy = checking.policy
    if not policy.regimes:
        checking.found(Code.NOTICE_INCOMPLETE, ("regimes",), "the notice cannot say which rights people have: no regime is named")
    if "california" in policy.regimes and not policy.notice.no_sale:
        message = "the part for California needs a statement on sale in the last twelve months: `notice` has no `no_sale`"
        checking.found(Code.NOTICE_INCOMPLETE, ("notice",), message)


def _texts(checking: Checking) -> None:
    """Translations of texts that are there, into languages that can be spoken."""
    own = own_texts(checking.policy) if checking.policy.texts else {}
    for id, texts in checking.policy.texts.items():
        if id not in languages():
            message = f"there is no language {quoted(id)} to make a notice in"
            checking.found(Code.NOT_ALLOWED, ("texts", id), message, meant(id, languages()))
        for place in texts:
            if place not in own:
                checking.found(Code.UNKNOWN_KEY, ("texts", id, place), f"{quoted(place)} is no text of this policy", meant(place, own))


def _promises(checking: Checking) -> None:
    for id, promise in checking.policy.promises.items():
        if promise.proof is None:
            checking.found(Code.UNPROVEN, ("promises", id), f"promise {quoted(id)} names no proof")


CHECKS = (_who, _sentences, _laws, _texts, _promises)
