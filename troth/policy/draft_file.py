"""How does a starting policy file look that is made of guesses? Written line by line, each guess with the comment that marks it.

What nobody said is filled from the catalogue and says so. What could not be lawful as guessed (a transfer without a
safeguard) is written as a comment: nothing is made up that would let data go somewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from troth.policy.draft import Draft, Guess
from troth.policy.draft_names import Company, slug
from troth.policy.draft_parts import Parts, flow, mark, put_together, said
from troth.policy.marked import HIDDEN
from troth.policy.packs import adequacy
from troth.policy.phrases import table

_LONGEST = 3900


def to_file(found: Draft, today: date) -> str:
    """The draft as the text of a policy file."""
    parts = put_together(found)
    lines = [*_head(found, parts, today), *_kept(parts), *_used(found, parts), *_given(found, parts), *_said(found, parts)]
    return "\n".join([*lines, *_promises(found, parts)]) + "\n"


def _head(found: Draft, parts: Parts, today: date) -> Iterator[str]:
    yield f"# A starting policy, drafted from {said(found.document.name)} by phrase rules. It is no policy yet."
    yield f"# {len(found.guesses)} guesses were made. Each is marked `# guess (rule, line): words; settle this`. Read the line of the text, mend"
    yield "# or delete the entry, and delete the mark. `# nobody said` marks what the text leaves open and the file needs."
    yield from ["troth: 1", f"workspace: {parts.workspace}", f"title: {flow(parts.name)}", 'version: "1"', f"effective_on: {today}",
                f"changed_on: {today}", "language: en", ""]
    for key in ("name", "role", "email", "telephone"):
        for guess in found.of(f"organisation.{key}"):
            yield mark(guess)
    if "address" in parts.organisation:
        yield "# nobody said how to reach the organisation: settle this"
    yield f"organisation: {flow(parts.organisation)}"
    for guess in found.of("regime"):
        yield mark(guess)
    if not found.of("regime"):
        yield "# nobody said which law covers the people: settle this"
    yield f"regimes: {flow(parts.regimes)}"
    yield ""


def _kept(parts: Parts) -> Iterator[str]:
    yield "populations:"
    for id, population in table("catalogue")["populations"].items():
        if id in parts.populations:
            yield f"  {id}: {flow(population)}"
    yield from ["", "retention:"]
    for id, rule in parts.retention.items():
        yield from (mark(guess, "  ") for guess in parts.why(f"retention {id}"))
        if not parts.why(f"retention {id}"):
            yield "  # nobody said how long: settle this"
        yield f"  {id}: {flow(rule)}"
    yield from (mark(guess, "  ", "for what?") for guess in parts.why("retention"))
    yield from ["", "items:"]
    for id, item in parts.items.items():
        yield from (mark(guess, "  ") for guess in parts.why(f"item {id}"))
        if not parts.why(f"item {id}"):
            yield "  # nobody said, but a purpose below needs it: settle this"
        yield f"  {id}: {flow(item)}"
    yield ""


def _used(found: Draft, parts: Parts) -> Iterator[str]:
    yield "events:"
    yield from (f"  {id}: {flow(event)}" for id, event in parts.events.items())
    yield from ["", "purposes:"]
    for id, purpose in parts.purposes.items():
        marks = parts.why(f"purpose {id}")
        yield from (mark(guess, "  ") for guess in marks)
        if not marks:
            yield "  # nobody said what data is for; this is the least: settle this"
        yield f"  {id}:"
        yield from (f"    {key}: {flow(value)}" for key, value in purpose.items())
    yield ""
    cookies = [(guess, _cookie(guess, parts)) for guess in found.of("cookie")]
    if any(entry for _, entry in cookies):
        yield "cookies:"
    for guess, entry in cookies:
        yield mark(guess, "  " if entry else "")
        yield f"  {guess.value}: {flow(entry)}" if entry else f"# cookie {guess.value} names no purpose of this file: say which, below `cookies`"


def _cookie(guess: Guess, parts: Parts) -> Mapping[str, Any] | None:
    minutes, needed = guess.detail
    purposes = [] if needed else [id for id in ("site-analytics",) if id in parts.purposes]
    if not needed and not purposes:
        return None
    entry: dict[str, Any] = {"provider": parts.name, "purposes": purposes, "label": "settle what this cookie does"}
    if minutes and not (needed and minutes > 366 * 1440):
        entry["keep_for"] = f"{minutes // 1440}d" if minutes % 1440 == 0 else f"{minutes}m"
    return entry


def _given(found: Draft, parts: Parts) -> Iterator[str]:
    """Recipients that can be given data as guessed; the others as comments."""
    entries = [(guess, _recipient(guess, found, parts)) for guess in found.of("recipient")]
    if any(entry for _, entry in entries):
        yield from ["", "recipients:"]
    for guess, entry in entries:
        indent = "  " if entry else ""
        yield from (mark(one, indent) for one in [guess, *parts.about_recipient(guess.value)])
        if entry:
            yield f"  {guess.value}: {flow(entry)}"
        else:
            yield f"# {guess.value}: {_why_not(guess)}: settle this"
    yield ""


def _recipient(guess: Guess, found: Draft, parts: Parts) -> Mapping[str, Any] | None:
    if guess.value in ("authorities", "buyer", "group"):
        return None
    country = next((one.detail[1] for one in found.of("country") if one.detail[0] == guess.value), parts.home)
    safeguard = next((one.detail[1] for one in found.of("safeguard") if one.detail[0] == guess.value), None)
    safe = country in adequacy().home or country in adequacy().adequate or safeguard
    if not safe:
        return None
    purposes, items = parts.served_by(guess)
    label = guess.detail.name if isinstance(guess.detail, Company) else guess.value
    entry: dict[str, Any] = {"label": label, "category": "settle which kind of organisation this is", "country": country}
    entry |= {"purposes": purposes, "items": items}
    return entry | ({"safeguard": safeguard} if safeguard else {})


def _why_not(guess: Guess) -> str:
    if guess.value == "authorities":
        return "orders of authorities are the `legal_reasons` of `settings`, not recipients"
    if guess.value in ("buyer", "group"):
        return "name the companies, when there are any, below `recipients`"
    return "its country has no adequate protection and the text names no `safeguard` for it"


def _said(found: Draft, parts: Parts) -> Iterator[str]:
    """Rights, settings of every section, the notice, what is said twice and differently."""
    yield f"site: {flow({'origins': [], 'routes': ['/']})}  # nobody said: the addresses of your pages, and their paths"
    yield f"roles: {flow({'owner': list(parts.purposes)})}"
    legal = {"legal_reasons": ["law"]} if any(guess.value == "authorities" for guess in found.of("recipient")) else {}
    yield f"settings: {flow(legal | {'default_regime': parts.regimes[0]})}"
    for section, value in parts.sections.items():
        yield from (mark(guess) for guess in parts.why(f"section {section}"))
        yield f"{section}: {flow(value)}"
    yield from (mark(guess) for guess in parts.why("section notice"))
    yield "notice:"
    yield from (f"  {key}: {flow(value)}" for key, value in parts.notice.items())
    if parts.readings:
        yield from ["", "readings:"]
        yield from (f"  {id}: {flow(value)}" for id, value in parts.readings.items())


def _promises(found: Draft, parts: Parts) -> Iterator[str]:
    if not found.promising:
        return
    yield from ["", "# Every sentence that promises something, in its own words, without a proof.", "promises:"]
    about: dict[int, list[str]] = {}
    for guess in found.guesses:
        if guess.kind == "purpose" and guess.value in parts.purposes:
            about.setdefault(guess.sentence.ordinal, []).append(guess.value)
    for number, sentence in enumerate(found.promising, 1):
        promise: dict[str, Any] = {"clause": _clean(sentence.section), "sentence": _clean(sentence.body)}
        if sentence.ordinal in about:
            promise["about"] = list(dict.fromkeys(about[sentence.ordinal]))
        yield f"  {slug(parts.workspace)}-{number:03}: {flow(promise)}  # line {sentence.line}"


def _clean(text: str) -> str:
    return HIDDEN.sub("", text)[:_LONGEST] or "-"
