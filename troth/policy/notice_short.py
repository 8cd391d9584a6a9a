"""What must a person know in a few sentences? The first layer of the notice; the rest is one step away.

Source: WP260 par. 35-37 (layers); GDPR Art. 12(1); 11 CCR 7012 (notice at collection).
"""

from __future__ import annotations

from datetime import timedelta

from troth.policy.conduct import Allowed
from troth.policy.language import capital
from troth.policy.model import Controller, Permission, Policy, Role, permission_under
from troth.policy.notice import page
from troth.policy.notice_uses import kept
from troth.policy.notice_voice import Voice, live_recipients, voice
from troth.policy.page import Block, Link, Page, Paragraph, Part


def short_notice(policy: Policy, policy_url: str = "policy", privacy_url: str = "privacy", language: str = "") -> Page:
    """The short notice, with the ways to the whole policy and to the privacy centre. Raises `Unsaid` for an unknown language."""
    say = voice(policy, language)
    first = [say.say(f"short.who-{policy.organisation.role}", name=policy.organisation.name), _uses(say), _choice(say)]
    second = [*_sold(say), *_receivers(say), *_kept(say)]
    third = [*_rights(say), *_reach(say)]
    said = [Paragraph(" ".join(sentences)) for sentences in (first, second, third) if sentences]
    blocks: tuple[Block, ...] = (*said, Link(say.say("short.more"), policy_url), Link(say.say("short.centre"), privacy_url))
    return page(say, "title.short", [Part("short", say.say("short.heading"), blocks)])


def _uses(say: Voice) -> str:
    kinds = dict.fromkeys(purpose.kind for purpose in say.policy.purposes.values())
    return say.say("short.uses", uses=say.words.row(say.say(f"short_kinds.{kind}") for kind in kinds))


def _choice(say: Voice) -> str:
    """Whether permission is asked for everything, for some of it, or for nothing; over all laws that the policy names."""
    policy = say.policy
    asked = {permission_under(policy, purpose, law) for purpose in policy.purposes.values() for law in policy.regimes}
    if Permission.ASK_BEFORE not in asked:
        return say.say("short.none-asked")
    return say.say("short.all-asked" if asked == {Permission.ASK_BEFORE} else "short.some-asked")


def _sold(say: Voice) -> list[str]:
    return [say.say("short.sale")] if say.policy.sharing.sale is Allowed.NEVER or say.policy.notice.no_sale else []


def _receivers(say: Voice) -> list[str]:
    names = [recipient.label for recipient in live_recipients(say.policy)]
    if len(names) > 3:
        return [say.say("short.count", count=len(names))]
    key = "short.receivers" if len(names) > 1 else "short.receiver"
    return [capital(say.say(key, receivers=say.texts(names)))] if names else []


def _kept(say: Voice) -> list[str]:
    """From the shortest to the longest time that a purpose keeps data; nothing where one names no time."""
    spans: list[timedelta] = []
    for purpose in say.policy.purposes.values():
        span = kept(say.policy, purpose)
        if span is None:
            return [say.say("short.kept-needed")]
        spans.append(span)
    if len(set(spans)) < 2:
        return [say.say("short.kept-one", longest=say.length(span)) for span in spans[:1]]
    return [say.say("short.kept", shortest=say.length(min(spans)), longest=say.length(max(spans)))]


def _rights(say: Voice) -> list[str]:
    if say.policy.organisation.role is Role.PROCESSOR:
        return [say.say("short.client")]
    served = any(one.controller is Controller.CLIENT for one in say.policy.populations.values())
    return [say.say("short.rights"), *([say.say("short.some-client")] if served else [])]


def _reach(say: Voice) -> list[str]:
    us = say.policy.organisation
    email = us.officer_email or us.email
    return [say.say("short.reach", email=email)] if email else []
