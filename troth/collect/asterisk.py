"""What does Asterisk say of a call? Reads one call detail record; it keeps nothing.

A call may have many records, one a leg. The record of the channel that began it (`uniqueid` equals `linkedid`)
is the call; the others tell of colleagues' telephones, and are left alone. Numbers must come in international
form, times in UTC (`usegmtime=yes`) unless they say otherwise.
Source: Asterisk documentation, "CDR specification"
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from troth.base.clock import micros, now_micros
from troth.base.errors import Fault
from troth.collect.calls import News, Status
from troth.collect.messages import read_object
from troth.collect.telephone import spelled

RECORD_LIMIT = 32 * 1024
_STATUS = {
    "ANSWERED": Status.COMPLETED,
    "NO ANSWER": Status.NO_ANSWER,
    "BUSY": Status.BUSY,
    "FAILED": Status.FAILED,
    "CONGESTION": Status.FAILED,
}


def read_record(body: bytes) -> News | None:
    """The call a record tells of; None when it is the record of a leg. Raises `bad-call`."""
    record = read_object(body)
    call, leg, length = _text(record, "linkedid"), _text(record, "uniqueid"), _text(record, "billsec")
    began, ended = _time(_text(record, "start")), _time(_text(record, "end"))
    if not call or not leg or began is None or ended is None or not length.isdecimal() or len(length) > 7 or not began <= ended:
        raise Fault("bad-call", "a record needs `uniqueid`, `linkedid`, `start`, `end` and `billsec`")
    if ended > now_micros() + 300_000_000:
        raise Fault("bad-call", "the call ends in the future", help="set `usegmtime=yes` in cdr.conf")
    if call != leg:
        return None
    return News(
        call=f"asterisk:{call}",
        caller=spelled(_text(record, "src")),
        number=spelled(_text(record, "dst")),
        status=_STATUS.get(_text(record, "disposition"), Status.OTHER),
        sequence=_text(record, "sequence")[:16],
        at=ended,
        seconds=int(length),
        began=began,
        canary=_text(record, "troth_canary"),
    )


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return str(value)[:64] if isinstance(value, (str, int)) else ""


def _time(text: str) -> int | None:
    try:
        said = datetime.fromisoformat(text)
        return micros(said if said.tzinfo else said.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
