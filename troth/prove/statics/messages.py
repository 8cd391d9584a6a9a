"""How are people written to and called? Analyses of channels: what ends them, what they carry, what they need first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from troth.policy.conduct import ASKS, ChannelConsent, ChannelRules, StopBy
from troth.policy.model import Permission, Policy
from troth.prove.registry import proves_static
from troth.prove.statics.looking import mode, phrase, says, told_in
from troth.prove.statics.permitting import may_be_refused

_CARRIED: Mapping[str, str] = {
    "opt-out": "opt_out_text", "carrier-charges": "carrier_charges", "automated": "automated", "announcement": "announcement"}


def _channel(policy: Policy, channel: str, **fields: Any) -> Policy:
    return replace(policy, channels={id: replace(rules, **fields) if id == channel else rules for id, rules in policy.channels.items()})


def _rules(policy: Policy, channel: str) -> ChannelRules | None:
    return policy.channels.get(channel)


def _no_end(policy: Policy, channel: str, stop: tuple[str, ...]) -> Policy:
    return _channel(policy, channel, stop=(), opt_out_text="")


@proves_static(breaks=_no_end)
def channel_ends_by(policy: Policy, channel: str, stop: tuple[str, ...]) -> Iterator[str]:
    """People read each of these ways to end the messages of a channel, and a no to what they serve holds under every law."""
    rules, words = _rules(policy, channel), told_in(policy, f"channel-{channel}")
    if rules is None:
        yield f"the policy says nothing of {channel}"
        return
    for way in stop:
        said = rules.stop_words[0] if way == StopBy.REPLY and rules.stop_words else phrase(policy, f"stop.{way}")
        if StopBy(way) not in rules.stop or not says(words, said):
            yield f"people do not read that {channel} ends by {way}"
    if not rules.purposes:
        yield f"the policy does not say what {channel} serves"
    yield from may_be_refused(policy, rules.purposes)


def _say_less(policy: Policy, channel: str, says: tuple[str, ...]) -> Policy:
    return _channel(policy, channel, **{_CARRIED[one]: False if one == "automated" else "" for one in says})


@proves_static(breaks=_say_less)
def channel_carries(policy: Policy, channel: str, says: tuple[str, ...]) -> Iterator[str]:
    """These texts belong to the channel's messages (or stand where it is agreed to), and people read them."""
    rules, words = _rules(policy, channel), told_in(policy, f"channel-{channel}")
    if rules is None:
        yield f"the policy says nothing of {channel}"
        return
    for one in says:
        text = phrase(policy, "ways.automated") if one == "automated" and rules.automated else str(getattr(rules, _CARRIED[one]) or "")
        if not text or " ".join(text.split()).casefold() not in words:
            yield f"messages by {channel} do not carry the text on {one}"


def _needs_nothing(policy: Policy, channel: str, consent: str) -> Policy:
    return _channel(policy, channel, consent=ChannelConsent.NONE)


@proves_static(breaks=_needs_nothing)
def channel_needs(policy: Policy, channel: str, consent: str) -> Iterator[str]:
    """People read what must have been said before messages go out; where that is a yes, what they serve asks first under every law."""
    rules, words = _rules(policy, channel), told_in(policy, f"channel-{channel}")
    if rules is None or rules.consent != consent:
        yield f"messages by {channel} need: {rules.consent if rules else 'nothing that is said'}"
        return
    if not says(words, phrase(policy, f"consent.{consent}")):
        yield f"people do not read what messages by {channel} need"
    if consent in ASKS:
        for purpose in rules.purposes:
            found = policy.purposes.get(purpose)
            if found is None or any(mode(policy, found, law) is not Permission.ASK_BEFORE for law in policy.regimes):
                yield f"{purpose} does not wait for a yes"
    if rules.condition_of_purchase:
        yield f"a yes to {channel} is a condition of buying"
