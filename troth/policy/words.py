"""How is a value of a policy said in plain words? Durations, lists, countries, ways of permission; no whole sentences.

Everything a person reads of a policy (notice, differences, findings) takes its words from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from troth.policy.finding import quoted
from troth.policy.model import Basis, BelowFloor, Kind, Permission, Terms
from troth.policy.packs import countries
from troth.policy.shapes import DURATION

BASES: Mapping[Basis, str] = {
    Basis.CONSENT: "your consent",
    Basis.CONTRACT: "a contract with you or your company",
    Basis.LEGAL_OBLIGATION: "a duty the law lays on us",
    Basis.VITAL_INTERESTS: "the protection of somebody's life",
    Basis.PUBLIC_TASK: "a task in the public interest",
    Basis.LEGITIMATE_INTERESTS: "our legitimate interests",
}
KINDS: Mapping[Kind, str] = {
    Kind.ESSENTIAL: "what the site cannot do without", Kind.SERVICE: "service", Kind.STATISTICS: "statistics",
    Kind.JOINING: "joining what was collected apart", Kind.PERSONALISATION: "personalisation", Kind.MARKETING: "marketing",
    Kind.ADVERTISING: "advertising", Kind.PUBLICATION: "publication",
}
PERMISSIONS: Mapping[Permission, str] = {
    Permission.NONE: "we do not ask", Permission.MAY_OBJECT: "you may say no", Permission.ASK_BEFORE: "we ask you first",
}
SAFEGUARDS: Mapping[str, str] = {
    "standard-contractual-clauses": "standard contractual clauses", "binding-rules": "binding rules of the group",
    "data-privacy-framework": "membership of the Data Privacy Framework", "transfer-agreement": "a transfer agreement",
}
CHANNELS: Mapping[str, str] = {
    "web": "your visits to the site", "form": "forms you send", "telephone": "telephone calls", "blog": "comments you post",
    "social": "our social media pages", "account": "customer accounts", "email": "e-mails", "chat": "chats", "sms": "text messages",
    "post": "letters", "import": "files we were given",
}
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_SMALL: Mapping[str, timedelta] = {"hour": timedelta(hours=1), "minute": timedelta(minutes=1), "second": timedelta(seconds=1)}


def length(kept: timedelta | None) -> str:
    """A duration in the largest unit that says it. Years and months may say a fiftieth more than is kept, never less."""
    if kept is None:
        return "as long as it is needed"
    days, rest = kept.days, kept % timedelta(days=1)
    if rest:
        unit = next(name for name, span in _SMALL.items() if not kept % span)
        return _counted(kept // _SMALL[unit], unit)
    for unit, span in (("year", 365.25), ("month", 30.4375)):
        count = round(days / span)
        if count and 0.98 * count * span <= days <= int(count * span) + 1:
            return _counted(count, unit)
    return _counted(days // 7, "week") if days and not days % 7 else _counted(days, "day")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def listed(names: Iterable[str], last: str = "and") -> str:
    """Names as a person lists them: `a, b and c`."""
    every = list(dict.fromkeys(names))
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} {last} {every[-1]}" if every else "nothing"


def country(code: str) -> str:
    """A country's plain name, or its code when it has none here."""
    return countries().get(code, code)


def day(on: date) -> str:
    """A day as a letter is dated: `1 October 2026`."""
    return f"{on.day} {_MONTHS[on.month - 1]} {on.year}"


def capital(words: str) -> str:
    """The words as the start of a sentence."""
    return words[:1].upper() + words[1:]


def small(words: str) -> str:
    """The words inside a sentence. Names written in capitals stay."""
    return words if words[1:2].isupper() else words[:1].lower() + words[1:]


def plain(value: object) -> str:
    """A value as it stands in a file."""
    match value:
        case None | () | "":
            return "nothing"
        case bool():
            return quoted(str(value).lower())
        case timedelta():
            return quoted(str(DURATION.write(value)))
        case Terms() | BelowFloor():
            return "given"
        case _:
            return quoted(str(value))
