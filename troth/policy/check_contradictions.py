"""Does a policy say one thing here and another there? Finds what contradicts itself; which reading holds, a person says.

Each contradiction has a name. A reading in the file that `settles` it turns the warning into a note; a reading that
settles what is not there is told too, so that readings and facts stay together.
Source: the five example deployments' texts, each of which contradicts itself somewhere; GDPR Art. 5(1)(a), 12(1)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from troth.policy.checking import Checking
from troth.policy.conduct import (
    AcceptedBy,
    Allowed,
    AskMode,
    Automatic,
    BeyondProviders,
    CookieToPerson,
    OtherReasons,
    SafetyClaim,
    WithoutCookies,
    YesStrength,
)
from troth.policy.demands import Contradiction
from troth.policy.finding import Code, Place, quoted
from troth.policy.model import STRICTNESS, Basis, Form, Kind, Permission, Policy

Said = tuple[Place, str]
"""Where it is said, and both sides of it in words."""

_LOGGED = ("user.device.ip_address", "user.device")  # what a server learns of a visit without any cookie
_FOLLOWED = ("user.behavior.browsing_history", "user.device.cookie_id", "user.device.ip_address")
_EXCHANGED = {"fraud", "credit"}
_SECTION = re.compile(r"§\s*([0-9]+)(bis|ter)\b")
_WAITS_FOR_A_NO = {AskMode.OPT_OUT, AskMode.BROWSER_ONLY, AskMode.NOTICE}


def _anonymous(policy: Policy) -> Iterator[Said]:
    recognising = [name for name, cookie in policy.cookies.items() if cookie.purposes and cookie.keep_for is not None]
    if policy.asking.anonymous and policy.linking.cookie_to_person not in (CookieToPerson.NEVER, CookieToPerson.UNSTATED):
        yield ("asking", "anonymous"), "cookies are said to tell nobody who one is, yet what they tell is put together with who somebody is"
    elif policy.asking.anonymous and recognising:
        yield ("asking", "anonymous"), f"cookies are said to tell nobody who one is, yet {quoted(recognising[0])} recognises somebody who comes back"


def _logs(policy: Policy) -> Iterator[Said]:
    for id, event in policy.events.items():
        logged = [item for item in event.items if item in policy.items and policy.items[item].category in _LOGGED]
        if policy.asking.automatic is Automatic.COOKIES_ONLY and logged:
            yield ("asking", "automatic"), f"nothing but cookies is said to collect by itself, yet event {quoted(id)} keeps {quoted(logged[0])}"
            return


def _exchange(policy: Policy) -> Iterator[Said]:
    reasons = sorted(_EXCHANGED & set(policy.settings.legal_reasons))
    if policy.sharing.beyond_providers is BeyondProviders.NEVER and reasons:
        yield ("sharing", "beyond_providers"), f"nothing is said to be shared, yet data is exchanged against {' and '.join(reasons)}"


def _sole_purpose(policy: Policy) -> Iterator[Said]:
    sole = set(policy.asking.sole_kinds) | {Kind.ESSENTIAL}
    for name, cookie in policy.cookies.items():
        others = [id for id in cookie.purposes if id in policy.purposes and policy.purposes[id].kind not in sole]
        if policy.asking.sole_kinds and others:
            said = " and ".join(map(str, policy.asking.sole_kinds))
            yield ("asking", "sole_kinds"), f"cookies are said to serve {said} alone, yet {quoted(name)} serves {quoted(others[0])}"
            return


def _safety(policy: Policy) -> Iterator[Said]:
    if {SafetyClaim.COMPLETE, SafetyClaim.NOT_GUARANTEED} <= set(policy.security.claims):
        yield ("security", "claims"), "data is said to be completely safe, and then that no safety can be guaranteed"


def _cross_site(policy: Policy) -> Iterator[Said]:
    for id, recipient in policy.recipients.items():
        followed = [item for item in recipient.items if item in policy.items and policy.items[item].category in _FOLLOWED]
        if policy.sharing.across_sites is Allowed.NEVER and followed:
            yield ("sharing", "across_sites"), f"others are said to follow nobody, yet {quoted(id)} receives {quoted(followed[0])}"
            return


def _use_is_consent(policy: Policy) -> Iterator[Said]:
    acceptance = policy.acceptance
    if acceptance.by is AcceptedBy.USE and acceptance.counts_as is YesStrength.EXPLICIT and acceptance.withdrawable:
        yield ("acceptance", "counts_as"), "using the service is said to be an express yes, yet a yes can be taken back and use cannot"


def _required(policy: Policy) -> Iterator[Said]:
    if policy.acceptance.required and policy.asking.without_cookies is WithoutCookies.SERVE and policy.asking.mode is not AskMode.UNSTATED:
        yield ("acceptance", "required"), "whoever does not agree is asked not to use the service, yet whoever refuses is served"


def _analytics(policy: Policy) -> Iterator[Said]:
    for id, purpose in policy.purposes.items():
        naming = [item for item in purpose.items if item in policy.items and policy.items[item].form is Form.SEALED and policy.items[item].personal]
        if policy.aggregates.anonymised_to and purpose.kind is Kind.STATISTICS and naming:
            both = f"what is given out is said to identify nobody, yet {quoted(id)} is worked out from {quoted(naming[0])}"
            yield ("aggregates", "anonymised_to"), both
            return


def _publishes(policy: Policy) -> Iterator[Said]:
    for id, purpose in policy.purposes.items():
        if policy.sharing.other_reasons is OtherReasons.NONE and purpose.kind is Kind.PUBLICATION and purpose.permission is not Permission.ASK_BEFORE:
            yield ("sharing", "other_reasons"), f"nothing is said to be disclosed for other reasons, yet {quoted(id)} publishes"
            return


def _interest_in_general(policy: Policy) -> Iterator[Said]:
    interests = [id for id, purpose in policy.purposes.items() if purpose.basis_defaulted and purpose.basis is Basis.LEGITIMATE_INTERESTS]
    assumed = [id for id in interests if policy.purposes[id].permission is not Permission.ASK_BEFORE]  # where it can be assumed
    contract = [id for id, purpose in policy.purposes.items() if purpose.basis is Basis.CONTRACT]
    if assumed and contract:
        yield ("purposes", assumed[0]), f"legitimate interests are the basis in general, yet {quoted(contract[0])} rests on a contract"


def _opt_out(policy: Policy) -> Iterator[Said]:
    """A law that asks first beside a text that waits for a no, or that takes less than a click for a yes."""
    weak = [act for act, strength in policy.asking.evidence.items() if strength is not YesStrength.EXPLICIT]
    asked_by_cookie = {id for cookie in policy.cookies.values() for id in cookie.purposes}
    for law in policy.regimes.values():
        for id, purpose in policy.purposes.items():
            floor = law.floor.get(purpose.kind, Permission.NONE)
            late = STRICTNESS[floor] > STRICTNESS[purpose.permission] and floor is Permission.ASK_BEFORE and purpose.below_floor is None
            if policy.asking.mode in _WAITS_FOR_A_NO and id in asked_by_cookie and late:
                yield ("asking", "mode"), f"cookies are used until somebody says no, yet in {law.label} {quoted(id)} must be asked for first"
                return
            if policy.asking.mode is AskMode.NOTICE and id in asked_by_cookie and weak and floor is Permission.ASK_BEFORE:
                yield ("asking", "evidence"), f"`{weak[0]}` counts as a yes, yet in {law.label} {quoted(id)} needs one that was given"
                return


def _sections(policy: Policy) -> Iterator[Said]:
    for id, promise in policy.promises.items():
        repeated = _SECTION.search(promise.clause)
        if repeated:
            yield ("promises", id, "clause"), f"two sections carry the number {repeated[1]}"
            return


def _numbers(policy: Policy) -> Iterator[Said]:
    if len(policy.organisation.registrations) > 1:
        yield ("organisation", "registrations"), "the organisation is given with more than one registration number"


FOUND_BY: Mapping[Contradiction, Callable[[Policy], Iterator[Said]]] = {
    Contradiction.COOKIES_ANONYMOUS_YET_IDENTIFYING: _anonymous,
    Contradiction.ONLY_COOKIES_YET_LOGS: _logs,
    Contradiction.NO_SHARING_YET_EXCHANGE: _exchange,
    Contradiction.SOLE_PURPOSE_YET_ADS: _sole_purpose,
    Contradiction.SAFETY_ABSOLUTE_YET_NOT: _safety,
    Contradiction.NO_CROSS_SITE_YET_THIRD_PARTY_TOOLS: _cross_site,
    Contradiction.USE_IS_CONSENT_YET_WITHDRAWABLE: _use_is_consent,
    Contradiction.AGREEMENT_REQUIRED_YET_OPTIONAL: _required,
    Contradiction.ANALYTICS_INPUT_YET_OUTPUT: _analytics,
    Contradiction.NEVER_DISCLOSES_YET_PUBLISHES: _publishes,
    Contradiction.INTEREST_IN_GENERAL_YET_CONTRACT: _interest_in_general,
    Contradiction.OPT_OUT_YET_ASK_FIRST_LAW: _opt_out,
    Contradiction.REPEATED_SECTION: _sections,
    Contradiction.TWO_COMPANY_NUMBERS: _numbers,
}
_IN_WORDS_ONLY = {Contradiction.BELOW_FLOOR}  # `below_floor` beside the purpose says it


def _contradictions(checking: Checking) -> None:
    settled = {reading.settles: id for id, reading in checking.policy.readings.items() if reading.settles is not None}
    there: set[Contradiction] = set(_IN_WORDS_ONLY)
    for kind, look in FOUND_BY.items():
        for place, both in look(checking.policy):
            there.add(kind)
            if not checking.own(place):
                continue  # the parent's to settle, and checked there
            if kind in settled:
                checking.found(Code.CONTRADICTION_SETTLED, place, f"{both}; reading {quoted(settled[kind])} settles it")
            else:
                help = f"say under `readings` which of the two holds, with `settles: {kind}`"
                checking.found(Code.CONTRADICTION, place, f"{both} ({kind})", help)
    for kind, id in settled.items():
        if kind not in there:
            message = f"reading {quoted(id)} settles {quoted(kind)}, and nothing in the file says both"
            checking.found(Code.READING_UNNEEDED, ("readings", id, "settles"), message)


CHECKS = (_contradictions,)
