"""How are people written to, called, recognised and profiled? Channels, profiles, and what is asked about cookies.

Source: ePrivacy Directive Art. 5(3), 13; GDPR Art. 13(2)(f), 22.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from troth.policy.conduct import (
    ASKS,
    Addresses,
    AskMode,
    Automatic,
    ChannelConsent,
    ChannelRules,
    CookieToPerson,
    CountsAs,
    DisclosedAs,
    Linking,
    StopBy,
    YesStrength,
)
from troth.policy.language import capital
from troth.policy.model import Cookie, Permission, Policy, permission_under
from troth.policy.notice_voice import Voice, joined, live_cookies, live_items
from troth.policy.page import Block, Bullets, Grid, Link, Paragraph, Part

_ADDRESS = "user.device.ip_address"
_LOOSE = (AskMode.OPT_OUT, AskMode.NOTICE, AskMode.BROWSER_ONLY)
_APART = (CookieToPerson.NEVER, CookieToPerson.UNSTATED)


def channels(voice: Voice) -> Part | None:
    """Each channel that the policy says something about."""
    found = []
    for id, rules in voice.policy.channels.items():
        said = tuple(Paragraph(words) for words in _channel(voice, rules))
        if said:
            found.append(Part(f"channel-{id}", voice.say(f"ways.{id}"), (Paragraph(" ".join(one.text for one in said)),)))
    return voice.part("ways", "ways.heading", (), found)


def _channel(voice: Voice, rules: ChannelRules) -> Iterator[str]:
    if rules.purposes:
        yield voice.say("ways.purposes", uses=voice.uses(rules.purposes))
    if rules.consent is not ChannelConsent.UNSTATED:
        yield voice.say(f"consent.{rules.consent}")
    if rules.condition_of_purchase:
        yield voice.say("ways.is-condition")
    elif rules.consent in ASKS:
        yield voice.say("ways.condition")
    yield from _ending(voice, rules)
    if rules.automated:
        yield voice.say("ways.automated")
    yield from (words for words in (voice.text(rules.carrier_charges),) if words)
    for key, word in (("recorded", rules.recorded), ("transcripts", rules.transcripts)):
        if word != "unstated":
            yield voice.say(f"{key}.{word}")
    if rules.announcement:
        yield voice.say("ways.announcement", text=voice.text(rules.announcement))
    yield from (voice.say(f"tracks.{what}") for what in rules.tracks)
    if rules.quiet_hours:
        begins, ends = str(rules.quiet_hours).partition(" ")[0].split("-")
        yield voice.say("ways.quiet", begins=begins, ends=ends)
    if rules.at_most:
        yield voice.say("ways.at-most", count=str(rules.at_most.count), days=str(rules.at_most.days))


def _ending(voice: Voice, rules: ChannelRules) -> Iterator[str]:
    if rules.stop:
        words = voice.listed(rules.stop_words, "or")
        by = [voice.say("stop.words", words=words) if way is StopBy.REPLY and rules.stop_words else voice.say(f"stop.{way}") for way in rules.stop]
        yield voice.say("ways.stop", ways=voice.words.row(by, "or"))
    if rules.opt_out_text:
        yield voice.say("ways.opt-out-text", text=voice.text(rules.opt_out_text))


def profiling(voice: Voice) -> Part | None:
    """Whether profiles are built and machines decide. Source: GDPR Art. 13(2)(f)."""
    rules = voice.policy.profiling
    said = voice.stated("profiling", rules.allowed)
    if said and rules.purposes:
        said.append(Paragraph(voice.say("profiling.uses", uses=voice.uses(rules.purposes))))
    if said and rules.items:
        said.append(Paragraph(voice.say("profiling.items", data=voice.labels(rules.items))))
    return voice.part("profiling", "profiling.heading", joined([*said, *voice.stated("automated", rules.automated_decisions)]))


def cookies_part(voice: Voice, cookies_url: str) -> Part:
    """What is asked about cookies. The list itself stands on its own page, or here when the policy is one document."""
    said = [*joined(asked(voice)), *joined([*claimed(voice), *linked(voice), *addresses(voice)])]
    own = [Paragraph(voice.text(voice.policy.notice.cookies_intro))] if voice.policy.notice.cookies_intro else []
    if voice.policy.notice.combined:
        return Part("cookies", voice.say("cookies.heading"), (*own, *said, *table(voice)))
    return Part("cookies", voice.say("cookies.heading"), (*own, *said, Link(voice.say("cookies.page"), cookies_url)))


def asked(voice: Voice) -> Iterator[Block]:
    """How cookies are asked about, what counts as a yes, and how long a choice holds."""
    rules = voice.policy.asking
    if rules.mode is not AskMode.BROWSER_ONLY or not rules.browser_help or is_address(rules.browser_help):
        yield from voice.stated("asking", rules.mode)
    if rules.mode in _LOOSE and _asked_somewhere(voice.policy):
        yield Paragraph(voice.say("cookies.asked-first"))
    if rules.evidence:
        lines = tuple(capital(voice.say(f"strength.{strength}", act=voice.say(f"yes.{act}"))) for act, strength in rules.evidence.items())
        yield from (Paragraph(voice.say("cookies.yes")), Bullets(lines))
        if any(strength is not YesStrength.EXPLICIT for strength in rules.evidence.values()):
            yield Paragraph(voice.say("cookies.express"))
    yield Paragraph(voice.say(f"without_cookies.{rules.without_cookies}"))
    yield Paragraph(f"{_holds(voice)} {_recorded(voice)}")
    yield from voice.stated("do_not_track", rules.do_not_track)
    refused = voice.uses(voice.policy.settings.global_privacy_control)
    if refused:
        yield Paragraph(voice.say("cookies.signal", uses=refused))
    for key, value in (("manage", rules.manage_url), ("opt-out", rules.analytics_opt_out), ("help", rules.browser_help)):
        if value:
            yield Link(voice.say(f"cookies.{key}"), value) if is_address(value) else Paragraph(voice.text(value))


def _asked_somewhere(policy: Policy) -> bool:
    """Whether some law demands a yes before a cookie that is set is set."""
    purposes = [policy.purposes[id] for cookie in live_cookies(policy) for id in cookie.purposes if id in policy.purposes]
    return any(permission_under(policy, purpose, law) is Permission.ASK_BEFORE for purpose in purposes for law in policy.regimes)


def is_address(value: str) -> bool:
    return " " not in value and ("://" in value or value.startswith("/"))


def _holds(voice: Voice) -> str:
    until = voice.policy.asking.until
    if until == "changed":
        return voice.say("cookies.holds")
    again = until if isinstance(until, timedelta) else voice.policy.settings.ask_again_after
    return voice.say("cookies.again", length=voice.length(again))


def _recorded(voice: Voice) -> str:
    """How long the record of a choice stays that names nobody."""
    kept = voice.policy.asking.receipts_for or voice.policy.settings.ask_again_after
    return voice.say("cookies.receipts", length=voice.length(kept))


def claimed(voice: Voice) -> Iterator[Block]:
    """What the text says of cookies in general, where that is true of the ones there are. Source: GDPR Art. 5(1)(a)."""
    policy, rules = voice.policy, voice.policy.asking
    logged = any(item.category == _ADDRESS for item in live_items(policy))
    if rules.automatic is Automatic.COOKIES_AND_LOGS or (rules.automatic is Automatic.COOKIES_ONLY and not logged):
        yield Paragraph(voice.say(f"claimed.{rules.automatic}"))
    cookies = live_cookies(policy)
    if rules.anonymous and policy.linking.cookie_to_person in _APART and not any(cookie.personal for cookie in cookies):
        yield Paragraph(voice.say("claimed.anonymous"))
    served = {policy.purposes[id].kind for cookie in cookies for id in cookie.purposes if id in policy.purposes}
    if rules.sole_kinds and served <= set(rules.sole_kinds):
        yield Paragraph(voice.say("claimed.sole", kinds=voice.listed(voice.say(f"kinds.{kind}") for kind in rules.sole_kinds)))


def linked(voice: Voice) -> list[Block]:
    """When what a browser tells is put together with who somebody is."""
    rules: Linking = voice.policy.linking
    people, uses = voice.people(rules.populations), voice.uses(rules.purposes)
    if rules.cookie_to_person is CookieToPerson.UNSTATED:
        return []
    said = voice.stated("linking", rules.cookie_to_person, people=people, uses=uses)
    if rules.cookie_to_person is CookieToPerson.NEVER:
        return said
    if rules.by:
        said.append(Paragraph(voice.say("linking.by", ways=voice.listed(voice.say(f"link.{way}") for way in rules.by))))
    if uses and rules.cookie_to_person is not CookieToPerson.SOME_PURPOSES:
        said.append(Paragraph(voice.say("linking.uses", uses=uses)))
    if people and rules.cookie_to_person is not CookieToPerson.MEMBERS_ONLY:
        said.append(Paragraph(voice.say("linking.only", people=people)))
    return said


def addresses(voice: Voice) -> list[Block]:
    """How internet addresses are treated, where any are held."""
    rules: Addresses = voice.policy.addresses
    if rules.counts_as is CountsAs.PERSONAL and not any(item.category == _ADDRESS for item in live_items(voice.policy)):
        return []
    said = voice.stated("addresses", rules.counts_as)
    said += [Paragraph(voice.say("addresses.identifying"))] if rules.disclosed_as is DisclosedAs.IDENTIFYING else []
    return said + ([Paragraph(voice.say("addresses.block"))] if rules.may_block else [])


def table(voice: Voice) -> tuple[Block, ...]:
    """Each cookie: its name, who sets it, what for, how long."""
    rows = tuple((cookie.name, voice.text(cookie.provider), capital(voice.text(cookie.label)), _served(voice, cookie), _stays(voice, cookie),
                  _kind(voice, cookie)) for cookie in live_cookies(voice.policy))
    if not rows:
        return (Paragraph(voice.say("cookies.none")),)
    head = tuple(voice.say(f"cookies.{key}") for key in ("name", "by", "does", "serves", "stays", "kind"))
    return (Paragraph(voice.say("cookies.necessary")), Grid(voice.say("cookies.caption"), head, rows))


def _served(voice: Voice, cookie: Cookie) -> str:
    labels = [voice.policy.purposes[id].label for id in cookie.purposes if id in voice.policy.purposes]
    return voice.cell(labels) if labels else voice.say("cookies.needed")


def _stays(voice: Voice, cookie: Cookie) -> str:
    return voice.length(cookie.keep_for) if cookie.keep_for else voice.say("cookies.session")


def _kind(voice: Voice, cookie: Cookie) -> str:
    kind = voice.say(f"cookies.{cookie.storage}")
    return voice.say("cookies.personal", kind=kind) if cookie.personal else kind
