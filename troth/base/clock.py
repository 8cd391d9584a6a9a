"""What time is it? The only reader of time; it never goes back. It schedules nothing.

All instants are aware UTC datetimes; in storage they are whole microseconds since 1970.
"""

from __future__ import annotations

import os
import re
import threading
import time
from datetime import UTC, date, datetime, timedelta

from troth.base.errors import Fault

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

_lock = threading.Lock()
_last = 0


def duration(text: str) -> timedelta:
    """Read `30s`, `15m`, `2h`, `400d` as a timedelta; raise `bad-duration` otherwise."""
    found = re.fullmatch(r"(-?\d{1,6})([smhd])", text.strip())
    if found is None:
        raise Fault("bad-duration", f"`{text[:20]}` is not a duration", help="write for example `90d` or `30m`")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


# The shift exists for rehearsals: a copy of a system can be run as if it were later.
_shift = duration(os.environ.get("TROTH_CLOCK_SHIFT", "0s")) // _MICROSECOND


def now_micros() -> int:
    """Microseconds since 1970, never smaller than any value given out before in this process."""
    global _last
    with _lock:
        _last = max(_last, time.time_ns() // 1000 + _shift)
        return _last


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return instant(now_micros())


def micros(at: datetime) -> int:
    """An aware instant as whole microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """Whole microseconds since 1970 as an aware instant."""
    return EPOCH + timedelta(microseconds=value)


def day_of(value: int) -> int:
    """The UTC day of an instant in microseconds, as days since 1970."""
    return value // 86_400_000_000


def day_on(day: int) -> date:
    """Days since 1970 as a date."""
    return date(1970, 1, 1) + timedelta(days=day)
