"""How does an organisation write to people and call them? Each rule of a channel as a small frozen value.

A part of `conduct`, which hands it on. Nothing is decided here. The words of a list stand from the strictest to the loosest.
Source: ePrivacy Directive Art. 13; GDPR Art. 7; 47 CFR 64.1200
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChannelConsent(StrEnum):
    """What must have been said before messages go out on a channel."""

    DOUBLE = "double"  # a yes that was said again from the very address
    EXPLICIT = "explicit"
    NUMBER_AND_POLICY = "number-and-policy"  # giving the number and agreeing to the policy
    UNSTATED = "unstated"  # as each purpose's permission has it
    NONE = "none"


class StopBy(StrEnum):
    """A way to end messages."""

    LINK = "link"
    REPLY = "reply"
    EMAIL = "email"
    CONTACT = "contact"
    CHAT = "chat"


class Recorded(StrEnum):
    NEVER = "never"
    UNSTATED = "unstated"
    MAY = "may"
    ALWAYS = "always"


class Transcripts(StrEnum):
    NOT_KEPT = "not-kept"
    UNSTATED = "unstated"
    KEPT = "kept"


class Tracks(StrEnum):
    OPENS = "opens"
    CLICKS = "clicks"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours in which no message leaves, in minutes of the day; `zone` is the business's own time zone."""

    begins: int
    ends: int
    zone: str

    def __str__(self) -> str:
        return "-".join(f"{at // 60:02}:{at % 60:02}" for at in (self.begins, self.ends)) + f" {self.zone}"


@dataclass(frozen=True, slots=True)
class AtMost:
    """How many messages a person gets in how many days."""

    count: int
    days: int

    def __str__(self) -> str:
        return f"{self.count} in {self.days} days"


@dataclass(frozen=True, slots=True)
class ChannelRules:
    """How one channel is used. `stop_words` end its messages when sent back; `opt_out_text` stands in each message."""

    id: str
    consent: ChannelConsent = ChannelConsent.UNSTATED
    purposes: tuple[str, ...] = ()
    stop: tuple[StopBy, ...] = ()
    stop_words: tuple[str, ...] = ()
    opt_out_text: str = ""
    condition_of_purchase: bool = False
    carrier_charges: str = ""
    automated: bool = False
    recorded: Recorded = Recorded.UNSTATED
    announcement: str = ""
    transcripts: Transcripts = Transcripts.UNSTATED
    tracks: tuple[Tracks, ...] = ()
    quiet_hours: QuietHours | None = None
    at_most: AtMost | None = None


ASKS = frozenset({ChannelConsent.DOUBLE, ChannelConsent.EXPLICIT, ChannelConsent.NUMBER_AND_POLICY})  # what is no message without a yes
