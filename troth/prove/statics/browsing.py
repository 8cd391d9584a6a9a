"""Does a browser meet what the policy says of cookies, of asking and of links to a person? By what a browser is told and the gate decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from troth.collect.regime import countries_by_zone, regime_for
from troth.collect.web import asking
from troth.consent.record import State
from troth.gate.decide import Deny, MayJoin, Permit, decide
from troth.gate.plan import Plan
from troth.gate.reasons import Reason
from troth.policy.conduct import Allowed, AskMode, CookieToPerson, DoNotTrack, Until, WithoutCookies, YesBy, YesStrength
from troth.policy.model import Cookie, Permission, Policy
from troth.policy.sections_data import JOINS
from troth.policy.shapes import LONGEST
from troth.prove.registry import proves_static
from troth.prove.statics import altering
from troth.prove.statics.looking import in_effect, mode, only_told, person, says, silent, told, told_on_cookies

WEB_JOINS = tuple(pair for pair in JOINS if "web" in pair)


def asked(policy: Policy, law: str) -> dict[str, Any]:
    """What a browser is told where a law holds."""
    zones = (*policy.regimes[law].time_zones, *sorted(countries_by_zone()))
    zone = next((zone for zone in zones if regime_for(policy, zone) == law), None)
    return asking(policy, zone)


def optional(policy: Policy) -> list[Cookie]:
    """What rests in a browser and is not strictly necessary."""
    return [cookie for cookie in policy.cookies.values() if cookie.purposes]


# cookies


def _hide_a_cookie(policy: Policy) -> Policy:
    return altering.cookies(policy, list(policy.cookies)[:1], lambda one: replace(one, purposes=("no-such-purpose",)))


@proves_static(breaks=_hide_a_cookie)
def lists_every_cookie(policy: Policy) -> Iterator[str]:
    """Each stands on the cookie page with who sets it, what it does and what for; the notice leads there."""
    page = told_on_cookies(policy)
    for cookie in policy.cookies.values():
        for words in (cookie.name, cookie.provider, cookie.label, *(policy.purposes[one].label for one in cookie.purposes if one in policy.purposes)):
            if not says(page, words):
                yield f"the cookie page does not say “{words}” of {cookie.name}"
        yield from (f"cookie {cookie.name} serves {one}, which the policy does not have" for one in cookie.purposes if one not in policy.purposes)
    if not policy.cookies or not says(told(policy), "cookie"):
        yield "there are no cookies to list"


def _another_use(policy: Policy, cookie: str, purposes: tuple[str, ...]) -> Policy:
    other = next(one for one in policy.purposes if one not in purposes)
    return altering.cookies(policy, [cookie], lambda one: replace(one, purposes=(*one.purposes, other)))


@proves_static(breaks=_another_use)
def sets_cookie_for(policy: Policy, cookie: str, purposes: tuple[str, ...]) -> Iterator[str]:
    """The cookie serves exactly these; browsers are told so; the page says so; and there is a law's way to each yes or no."""
    found = policy.cookies.get(cookie)
    if found is None:
        yield f"there is no cookie {cookie}"
        return
    if set(found.purposes) != set(purposes):
        yield f"cookie {cookie} serves {', '.join(found.purposes) or 'nothing that can be refused'}"
    page = told_on_cookies(policy)
    for purpose in purposes:
        if purpose not in policy.purposes or not says(page, policy.purposes[purpose].label):
            yield f"the cookie page does not say that {cookie} serves {purpose}"
    for law in policy.regimes:
        given = [set(one["purposes"]) for one in asked(policy, law)["cookies"] if one["name"] == cookie]
        if given != [set(purposes)]:
            yield f"a browser under {law} is not told what {cookie} serves"


def _unnamed(policy: Policy, providers: tuple[str, ...] = ()) -> Policy:
    outside = [one.name for one in _outside(policy, providers)]
    return altering.cookies(policy, outside, lambda one: replace(one, purposes=("no-such-purpose",)))


def _outside(policy: Policy, providers: tuple[str, ...]) -> list[Cookie]:
    own = policy.organisation.name.split()[0].casefold()
    return [one for one in policy.cookies.values() if one.provider in providers or (not providers and not one.provider.casefold().startswith(own))]


@proves_static(breaks=_unnamed)
def names_outside_cookies(policy: Policy, providers: tuple[str, ...] = ()) -> Iterator[str]:
    """What others set stands on the cookie page with who sets it and what for, and waits for the same choices."""
    found, page = _outside(policy, providers), told_on_cookies(policy)
    if not found:
        yield "nobody else sets a cookie"
    for cookie in found:
        labels = [policy.purposes[one].label for one in cookie.purposes if one in policy.purposes]
        if not labels or not all(says(page, words) for words in (cookie.name, cookie.provider, *labels)):
            yield f"the cookie page does not say who sets {cookie.name} and what for"


def _force_one(policy: Policy) -> Policy:
    lawless = {id: replace(law, floor={}) for id, law in policy.regimes.items()}
    first = optional(policy)[0].purposes[:1]
    return altering.purposes(replace(policy, regimes=lawless), first, lambda one: replace(one, permission=Permission.NONE))


@proves_static(breaks=_force_one)
def stores_only_what_can_be_refused(policy: Policy) -> Iterator[str]:
    """Under every law a visitor can refuse each purpose of everything that is stored beyond what is strictly necessary."""
    if not optional(policy):
        yield "nothing is stored that could be refused"
    for cookie in optional(policy):
        for law in policy.regimes:
            for purpose in cookie.purposes:
                found = policy.purposes.get(purpose)
                if found is None or mode(policy, found, law) is Permission.NONE:
                    yield f"under {law} nobody can refuse {purpose}, for which {cookie.name} is stored"


def _personal_cookie(policy: Policy) -> Policy:
    return altering.cookies(policy, list(policy.cookies)[:1], lambda one: replace(one, personal=True))


@proves_static(breaks=_personal_cookie)
def stores_nothing_personal_in_cookies(policy: Policy) -> Iterator[str]:
    """No cookie holds more than an opaque word, the page calls none personal, and no event brings a cookie's value with a name or address."""
    if not policy.cookies:
        yield "there are no cookies to look into"
    yield from (f"cookie {cookie.name} points to a person" for cookie in policy.cookies.values() if cookie.personal)
    if says(told_on_cookies(policy), "points to you"):
        yield "the cookie page says that something points to a person"


# joining a browser with a person


def _join_them(policy: Policy) -> Policy:
    first = next(iter(policy.purposes))
    return altering.purposes(policy, [first], lambda one: replace(one, joins=("web-account",)))


@proves_static(breaks=_join_them)
def never_links_browser_and_person(policy: Policy) -> Iterator[str]:
    """Every joining of a visit with an account, a form, a call or a chat is refused, whatever somebody said; and people read so."""
    plan = Plan(policy)
    for pair in WEB_JOINS:
        for law in policy.regimes:
            willing = person(policy, law, dict.fromkeys(policy.purposes, State.GIVEN))
            if decide(MayJoin(pair), plan, willing, in_effect(policy)) != Deny(Reason.JOIN_NOT_PROMISED, pair):
                yield f"joining {pair} is not refused under {law}"
    if policy.linking.cookie_to_person is not CookieToPerson.NEVER:
        yield "the policy does not say that cookies are never put together with a person"
    if not only_told(policy, altering.section(policy, "linking", cookie_to_person=CookieToPerson.UNSTATED)):
        yield "people do not read that cookies are never put together with a person"


def _join_nothing(policy: Policy, purposes: tuple[str, ...], pairs: tuple[str, ...]) -> Policy:
    return altering.purposes(policy, purposes, lambda one: replace(one, joins=()))


@proves_static(breaks=_join_nothing)
def links_browser_and_person(policy: Policy, purposes: tuple[str, ...], pairs: tuple[str, ...]) -> Iterator[str]:
    """These channels are joined for these purposes and no others, and not for somebody who said no to them."""
    plan = Plan(policy)
    joining = {one.id for one in policy.purposes.values() if one.joins}
    if joining != set(purposes):
        yield f"data is joined for {', '.join(sorted(joining)) or 'nothing'}"
    for pair in WEB_JOINS:
        for law in policy.regimes:
            yes = decide(MayJoin(pair), plan, person(policy, law, dict.fromkeys(policy.purposes, State.GIVEN)), in_effect(policy))
            no = decide(MayJoin(pair), plan, person(policy, law, dict.fromkeys(purposes, State.OBJECTED)), in_effect(policy))
            if isinstance(yes, Permit) is not (pair in pairs):
                yield f"joining {pair} is {'permitted' if pair not in pairs else 'refused'} under {law}"
            if isinstance(no, Permit):
                yield f"joining {pair} goes on under {law} after a no"


def _others_may_follow(policy: Policy) -> Policy:
    changed = altering.section(policy, "sharing", across_sites=Allowed.ALLOWED)
    stranger = Cookie("_stranger", "A stranger", "cookie", (), timedelta(days=400), "follows people", personal=True)
    return replace(changed, cookies={**changed.cookies, "_stranger": stranger})


@proves_static(breaks=_others_may_follow)
def bars_third_party_following(policy: Policy) -> Iterator[str]:
    """No cookie of others points to a person, nobody who gets what a browser did gets an identifier with it, and the policy says never."""
    for cookie in _outside(policy, ()):
        if cookie.personal:
            yield f"{cookie.provider} sets {cookie.name}, which points to a person"
    for recipient in policy.recipients.values():
        kinds = {policy.items[item].category for item in recipient.items if item in policy.items}
        if any(kind.startswith("user.behavior.browsing_history") for kind in kinds) and any(kind.startswith(_FOLLOWING) for kind in kinds):
            yield f"recipient {recipient.id} gets pages together with an identifier"
    if policy.sharing.across_sites is not Allowed.NEVER:
        yield "the policy does not say that nobody follows people across sites"


_FOLLOWING = ("user.device.cookie_id", "user.device.device_id", "user.unique_id", "user.device.ip_address", "user.contact", "user.name")


# asking


def _ask_otherwise(policy: Policy, mode: str) -> Policy:
    other = AskMode.ASK_FIRST if mode != AskMode.ASK_FIRST else AskMode.BROWSER_ONLY
    return altering.section(policy, "asking", mode=other)


@proves_static(breaks=_ask_otherwise)
def asks_as(policy: Policy, mode: str) -> Iterator[str]:
    """Browsers are told to ask in this way, people read it, and no purpose waits for less than the text and the law demand."""
    if policy.asking.mode != mode:
        yield f"the policy asks by {policy.asking.mode}"
    for law in policy.regimes:
        found = asked(policy, law)
        if found["asking"]["mode"] != mode:
            yield f"a browser under {law} is told to ask otherwise"
        if mode == AskMode.OPT_OUT and not found["purposes"]:
            yield f"a browser under {law} is offered no way out"
        if mode == AskMode.ASK_FIRST and any(one["mode"] != Permission.ASK_BEFORE for one in found["purposes"]):
            yield f"a browser under {law} is not asked first"
        if mode == AskMode.NOTICE and not (found["text"]["accept"] and found["policy_url"]):
            yield f"a browser under {law} gets no notice with a way to agree and a link to the policy"


def _explicit(policy: Policy, act: str, strength: str) -> Policy:
    other = YesStrength.EXPLICIT if strength != YesStrength.EXPLICIT else YesStrength.BY_USE
    return altering.section(policy, "asking", evidence={**policy.asking.evidence, YesBy(act): other})


@proves_static(breaks=_explicit)
def takes_as_yes(policy: Policy, act: str, strength: str) -> Iterator[str]:
    """This act counts as a yes of this strength; whatever is weaker than explicit opens nothing that must be asked for first; people read it."""
    found = policy.asking.evidence.get(YesBy(act))
    if found != strength:
        yield f"{act} counts as {found or 'nothing'}"
    plan = Plan(policy)
    for purpose in policy.purposes.values():
        for law in policy.regimes:
            asks = mode(policy, purpose, law) is Permission.ASK_BEFORE
            if asks and plan.denial(purpose, silent(policy, law)) is None:
                yield f"{purpose.id} is permitted under {law} to somebody who only went on"
    less = {one: how for one, how in policy.asking.evidence.items() if one != act}
    if not only_told(policy, altering.section(policy, "asking", evidence=less)):
        yield f"people do not read that {act} counts as a yes"


def _told_browsers(policy: Policy, name: str, value: str) -> Iterator[str]:
    for law in policy.regimes:
        if str(asked(policy, law)["asking"][name]) != value:
            yield f"a browser under {law} is not told so"


def _honour(policy: Policy) -> Policy:
    return altering.section(policy, "asking", do_not_track=DoNotTrack.HONOUR)


@proves_static(breaks=_honour)
def ignores_do_not_track(policy: Policy) -> Iterator[str]:
    """The signal changes nothing of what a browser is asked under any law, and people read so."""
    yield from _told_browsers(policy, "do_not_track", DoNotTrack.IGNORE)
    zones = ("Europe/Berlin", "Europe/London", "America/Los_Angeles", "Asia/Tokyo")
    if any(asking(policy, zone, untracked=True) != asking(policy, zone, untracked=False) for zone in zones):
        yield "the signal changes what a browser is asked"
    if not only_told(policy, altering.section(policy, "asking", do_not_track=DoNotTrack.UNSTATED)):
        yield "people do not read what becomes of the signal"


def _for_a_week(policy: Policy) -> Policy:
    return altering.section(policy, "asking", until=timedelta(days=7))


@proves_static(breaks=_for_a_week)
def keeps_a_choice_until_changed(policy: Policy) -> Iterator[str]:
    """No browser is told to ask again after a time, and people read that their choice holds until they change it."""
    if policy.asking.until is not Until.CHANGED:
        yield "a choice does not hold until it is changed"
    for law in policy.regimes:
        if asked(policy, law)["ask_again_after_days"] < LONGEST.days:
            yield f"a browser under {law} asks again after a time"
    if not only_told(policy, altering.section(policy, "asking", until=None)):
        yield "people do not read how long their choice holds"


def _no_help(policy: Policy) -> Policy:
    return altering.section(policy, "asking", browser_help="", manage_url="")


@proves_static(breaks=_no_help)
def tells_how_to_refuse(policy: Policy) -> Iterator[str]:
    """What a browser can do against cookies stands where people are asked and in what they read."""
    words = policy.asking.browser_help
    if not says(told(policy), words):
        yield "people do not read how a browser refuses cookies"
    for law in policy.regimes:
        if not words or words not in asked(policy, law)["text"]["intro"]:
            yield f"a browser under {law} is not told how to refuse"


def _no_way_out(policy: Policy) -> Policy:
    return altering.section(policy, "asking", analytics_opt_out="")


@proves_static(breaks=_no_way_out)
def offers_analytics_opt_out(policy: Policy) -> Iterator[str]:
    """The way out of others' analytics is a safe link that browsers are given and people read."""
    link = policy.asking.analytics_opt_out
    if not link.startswith("https://") or not says(told(policy), link):
        yield "people do not read where to keep out of others' analytics"
    yield from _told_browsers(policy, "analytics_opt_out", link)


def _turn_away(policy: Policy) -> Policy:
    return altering.section(policy, "asking", without_cookies=WithoutCookies.MAY_DENY)


@proves_static(breaks=_turn_away)
def serves_without_cookies(policy: Policy) -> Iterator[str]:
    """Whoever refuses is served, and is told so where they are asked."""
    yield from _told_browsers(policy, "without_cookies", WithoutCookies.SERVE)
    if not all(says(asked(policy, law)["text"]["intro"].casefold(), "nothing on this site depends on it") for law in policy.regimes):
        yield "people are not told that nothing depends on their choice"


def _serve_all(policy: Policy) -> Policy:
    return altering.section(policy, "asking", without_cookies=WithoutCookies.SERVE)


@proves_static(breaks=_serve_all)
def may_deny_without_cookies(policy: Policy) -> Iterator[str]:
    """Whoever refuses may go without some of it, and is told so where they are asked."""
    yield from _told_browsers(policy, "without_cookies", WithoutCookies.MAY_DENY)
    if not only_told(policy, _serve_all(policy)):
        yield "people do not read that some of it may not work without cookies"
