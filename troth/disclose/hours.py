"""When may a message leave? Not in quiet hours, and not more of them than the policy says. It sends nothing.

Quiet hours are the recipient's where their time is known: of a telephone number the country, and where that has several time zones
it must be quiet in none of them. Else they are the business's own.
Source: 47 CFR 64.1200(c)(1) (hours of the called party's location); docs/decisions/0028
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from troth.collect.regime import countries_by_zone
from troth.collect.telephone import country_of
from troth.policy.conduct import ChannelRules, QuietHours
from troth.subjects.links import same_person

GONE = ("leaving", "sent", "in-folder", "unknown")  # what counts as a message somebody got
_STEP = timedelta(minutes=15)


def next_hour(rules: ChannelRules | None, to: str, at: datetime) -> datetime | None:
    """When a message to this address may leave, if not at `at`; None: now."""
    quiet = rules.quiet_hours if rules is not None else None
    if quiet is None or quiet.begins == quiet.ends:
        return None
    zones = _zones(to) or (quiet.zone,)
    found = at
    for _ in range(4 * 24 * 2):
        if not any(_is_quiet(quiet, found.astimezone(ZoneInfo(zone))) for zone in zones):
            return None if found == at else found
        found = found.replace(minute=found.minute // 15 * 15, second=0, microsecond=0) + _STEP
    return _in(quiet, at)  # quiet somewhere at any hour: the business's own time then


def _in(quiet: QuietHours, at: datetime) -> datetime | None:
    here = at.astimezone(ZoneInfo(quiet.zone))
    if not _is_quiet(quiet, here):
        return None
    ends = here.replace(hour=quiet.ends // 60, minute=quiet.ends % 60, second=0, microsecond=0)
    return ends if ends > here else ends + timedelta(days=1)


def _is_quiet(quiet: QuietHours, local: datetime) -> bool:
    minute = local.hour * 60 + local.minute
    if quiet.begins < quiet.ends:
        return quiet.begins <= minute < quiet.ends
    return minute >= quiet.begins or minute < quiet.ends


def _zones(to: str) -> tuple[str, ...]:
    """The time zones a telephone number's country has; none for what is no number, or a country of which nothing is known."""
    country = country_of(to) if to.startswith("+") else None
    return _zones_of().get((country or "")[:2], ())


@cache
def _zones_of() -> Mapping[str, tuple[str, ...]]:
    """The time zones of each country."""
    found: dict[str, list[str]] = defaultdict(list)
    for zone, country in countries_by_zone().items():
        found[country].append(zone)
    return {country: tuple(zones) for country, zones in found.items()}


def is_one_too_many(conn: Connection, rules: ChannelRules | None, ref: int, purpose: str, at: int) -> bool:
    """Whether this person has had as many messages of the channel's purposes as the policy lets them have."""
    if rules is None or rules.at_most is None or purpose not in rules.purposes:
        return False
    since = at - timedelta(days=rules.at_most.days) // timedelta(microseconds=1)
    return sum(_had(conn, one, rules, since) for one in same_person(conn, ref)) >= rules.at_most.count


def _had(conn: Connection, ref: int, rules: ChannelRules, since: int) -> int:
    purposes, gone = _marks(rules.purposes), _marks(GONE)
    read = (
        f"SELECT count(*) FROM outbox_message WHERE ref = ? AND channel = ? AND left_at > ? AND purpose IN ({purposes}) AND status IN ({gone})"
    )
    return int(conn.exec_driver_sql(read, (ref, rules.id, since, *rules.purposes, *GONE)).scalar_one())


def _marks(words: Iterable[str]) -> str:
    return ",".join("?" for _ in words)


def counted_since(rules: Iterable[ChannelRules], at: int) -> int:
    """From when on messages that left must be remembered to be counted, in microseconds."""
    days = max((one.at_most.days for one in rules if one.at_most is not None), default=0)
    return at - timedelta(days=days) // timedelta(microseconds=1)
