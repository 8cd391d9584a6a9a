"""Which facts of a policy does a text seem to state? Guesses by rules with ids; a person settles each of them.

The rules are data (`phrases/guesses.yaml`). A guess names its rule and its line. Nothing is taken from a sentence that
denies it, or that promises no behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from troth.policy.draft_names import Company, companies_beside, companies_in, organisation_in
from troth.policy.likeness import folded_text, times_in
from troth.policy.phrases import table, words_of
from troth.policy.text import Document, Sentence
from troth.policy.text_blocks import Part
from troth.policy.trace import rules

_CLAUSE = re.compile(r"[,;:.()]|\bexcept\b|\bunless\b|\bsave\b|\bbut\b|\band\b")
_KEEPING = re.compile(r"\b(kept|keep|keeps|retain|retained|retention|stays?|stored|deleted|delete|erased|hold|held|lasts?|how long)\b")
_COOKIE = re.compile(r"(?<![\w@.])(_{1,2}[a-zA-Z][\w-]{0,60}|[a-zA-Z][a-zA-Z0-9]{0,30}_[\w-]{1,60})(?![\w@.])")
_DATED = re.compile(r"\b(updated|revised|version|effective|changed|last modified)\b.{0,30}\b(\d{4})\b")
_OF_RIGHTS = re.compile(r"\b(rights?|your say|choices?|your control|access)\b")
_ENTITLES = re.compile(r"\byou (can|may|are entitled|have the right)\b")
_AHEAD = re.compile(r"\b(before|atleast|ahead|advance|notice)\b")


@dataclass(frozen=True, slots=True)
class Guess:
    """One fact that a sentence seems to state. `key` and `value` are of the policy language; `rule` made it."""

    kind: str
    value: str
    rule: str
    sentence: Sentence
    detail: Any = None

    @property
    def line(self) -> int:
        """Where the sentence stands."""
        return self.sentence.line


@dataclass(frozen=True, slots=True)
class Draft:
    """What was guessed, and the sentences that promise something, which become the promises."""

    document: Document
    guesses: tuple[Guess, ...]
    promising: tuple[Sentence, ...]
    others: Mapping[int, str]  # why a sentence promises nothing, by its number

    def of(self, kind: str) -> list[Guess]:
        """The guesses of one kind, the first of each value alone."""
        found: dict[str, Guess] = {}
        for guess in self.guesses:
            if guess.kind == kind:
                found.setdefault(guess.value, guess)
        return list(found.values())

    def facts(self) -> list[tuple[str, str]]:
        """Every fact once, as kind and value."""
        return list(dict.fromkeys((guess.kind, guess.value) for guess in self.guesses))


@dataclass(frozen=True, slots=True)
class Phrase:
    """One rule. `denied`: whether it speaks in a clause that denies: `never`, `only` or `any`."""

    id: str
    when: re.Pattern[str]
    without: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    section: re.Pattern[str] | None
    denied: str
    any_part: bool
    row: Mapping[str, Any]

    def speaks(self, text: str, section: str) -> bool:
        """Whether the rule knows this sentence, as folded, below this heading."""
        found = self.when.search(text)
        if found is None or (self.without and self.without.search(text)) or (self.needs and not self.needs.search(text)):
            return False
        if self.section and not self.section.search(section):
            return False
        return self.denied == "any" or _denies(text, found.start(), found.end()) is (self.denied == "only")


@lru_cache(maxsize=16)
def phrases(kind: str) -> tuple[Phrase, ...]:
    """The rules of one kind, in the order of the table."""
    return tuple(_phrase(row) for row in table("guesses")[kind])


def _phrase(row: Mapping[str, Any]) -> Phrase:
    pattern = {key: re.compile(row[key]) if row.get(key) else None for key in ("without", "needs", "section")}
    denied = {None: "never", True: "only"}.get(row.get("denied"), row.get("denied"))
    without, needs, section = pattern["without"], pattern["needs"], pattern["section"]
    return Phrase(row["id"], re.compile(row["when"]), without, needs, section, str(denied), row.get("part") == "any", row)


def _denies(text: str, start: int, end: int) -> bool:
    """Whether the clause around a match denies; `only if` and `only with` do not."""
    before = [found.end() for found in _CLAUSE.finditer(text, 0, start)]
    after = _CLAUSE.search(text, end)
    clause = text[before[-1] if before else 0 : after.start() if after else len(text)]
    return any(word in words_of("negations") or word.endswith("n't") for word in re.findall(r"[a-z']+", clause))


def draft(document: Document) -> Draft:
    """Everything guessed of a text, in its order."""
    others: dict[int, str] = {}
    seen: dict[str, int] = {}
    for sentence in document.sentences:
        rule = next((rule for rule in rules() if rule.tells(sentence)), None)
        earlier = seen.setdefault(sentence.sha256, sentence.ordinal)
        if rule is not None:
            others[sentence.ordinal] = rule.reason
        elif earlier != sentence.ordinal:
            others[sentence.ordinal] = f"duplicate-of:{earlier}"
    promising = tuple(one for one in document.sentences if one.ordinal not in others)
    guesses = list(_of_organisation(document))
    own = next((guess.value.lower() for guess in guesses if guess.kind == "organisation.name"), "")
    guesses += [guess for one in document.sentences for guess in _guesses(one, one.ordinal in others, own)]
    return Draft(document, tuple(guesses), promising, others)


def _of_organisation(document: Document) -> Iterator[Guess]:
    for key, value, rule, sentence in organisation_in(document):
        yield Guess(f"organisation.{key}", value, rule, sentence)
    for name, sentence in (("role-controller", one) for one in document.sentences):
        if re.search(r"\b(act|acts|are|is) (as )?(the |a )?(data )?controllers?\b", sentence.text.lower()):
            yield Guess("organisation.role", "controller", name, sentence)
    yield from _dates(document)


def _dates(document: Document) -> Iterator[Guess]:
    """Where the notice's date stands: near the top or the end of the text."""
    for sentence in document.sentences:
        if _DATED.search(sentence.text.lower()) and len(sentence.text.split()) <= 14:
            top = sentence.ordinal <= max(8, len(document.sentences) // 8)
            place = "top" if top else "bottom"
            yield Guess("setting", f"notice.date_at={place}", "date-stands", sentence, ("notice.date_at", place))
            return


def _guesses(sentence: Sentence, no_behaviour: bool, own: str) -> Iterator[Guess]:
    text, section = folded_text(sentence.body), folded_text(sentence.section)
    for phrase in phrases("regimes"):
        if phrase.speaks(text, section):
            yield Guess("regime", phrase.row["fact"], phrase.id, sentence)
    if no_behaviour:
        return
    leaning = f"{text} | {folded_text(sentence.around)}" if sentence.part is not Part.SENTENCE else text
    yield from _plain("item", "items", text, section, sentence)
    purposes = list(_plain("purpose", "purposes", text, section, sentence))
    yield from purposes
    yield from _bases(purposes, text, section, sentence)
    if _OF_RIGHTS.search(section) or _ENTITLES.search(text):
        yield from _plain("right", "rights", text, section, sentence)
    yield from _recipients(text, section, sentence, own)
    yield from _settings(text, section, sentence)
    yield from _children(text, section, sentence)
    yield from _times(text, leaning, section, sentence)


def _plain(kind: str, rule_table: str, text: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    for phrase in phrases(rule_table):
        if phrase.speaks(text, section):
            yield Guess(kind, phrase.row["fact"], phrase.id, sentence)


def _bases(purposes: list[Guess], text: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    found = next((phrase for phrase in phrases("bases") if phrase.speaks(text, section)), None)
    for purpose in purposes if found else ():
        assert found is not None
        yield Guess("basis", f"{purpose.value} {found.row['fact']}", found.id, sentence, (purpose.value, found.row["fact"]))


def _recipients(text: str, section: str, sentence: Sentence, own: str) -> Iterator[Guess]:
    disclosing = re.search(table("guesses")["recipient_sections"], section)
    if disclosing or re.search(r"\b(disclosed?|shared?|receive|legalorder)\b", text):
        yield from _plain("recipient", "recipients", text, section, sentence)
    for company in [*companies_in(sentence, bool(disclosing)), *companies_beside(sentence, bool(disclosing))]:
        if own and (company.name.lower() in own or own in company.name.lower()):
            continue
        yield from _of_company(company, text, section, sentence)


def _of_company(company: Company, text: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    yield Guess("recipient", company.id, "recipient-name", sentence, company)
    if company.country:
        yield Guess("country", f"{company.id} {company.country}", "recipient-country", sentence, (company.id, company.country))
    safeguard = next((phrase for phrase in phrases("safeguards") if phrase.speaks(text, section)), None)
    if safeguard:
        yield Guess("safeguard", f"{company.id} {safeguard.row['fact']}", safeguard.id, sentence, (company.id, safeguard.row["fact"]))


def _settings(text: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    for phrase in phrases("settings"):
        if phrase.speaks(text, section):
            key, value = phrase.row["key"], sentence.body if phrase.row.get("text") else phrase.row["value"]
            yield Guess("setting", f"{key}={_word(phrase.row)}", phrase.id, sentence, (key, value))


def _word(row: Mapping[str, Any]) -> str:
    value = row.get("value")
    if row.get("text"):
        return "told"
    return ",".join(value) if isinstance(value, list) else str(value).lower()


def _children(text: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    for phrase in phrases("children"):
        found = phrase.when.search(text)
        if found is None or not phrase.speaks(text, section):
            continue
        if phrase.row["fact"] == "age":
            age = int(re.findall(r"\d+", found.group())[-1])
            yield Guess("setting", f"children.age={age}", phrase.id, sentence, ("children.age", age))
        else:
            yield Guess("setting", f"children.then={phrase.row['fact']}", phrase.id, sentence, ("children.then", phrase.row["fact"]))


def _times(text: str, leaning: str, section: str, sentence: Sentence) -> Iterator[Guess]:
    """Lengths of time: of cookies, of answers, of announcements, of keeping."""
    days = [minutes / 1440 for minutes in times_in(text)]
    cookie = _COOKIE.search(sentence.body)
    if cookie and ("cookie" in text + section or "storage" in text):
        needed = re.search(r"\b(needed|necessary|essential|holds your|signed in|basket)\b", text) is not None
        yield Guess("cookie", cookie.group(1), "cookie-name", sentence, (round(days[0] * 1440) if days else None, needed))
    if not days:
        day = re.search(r"\bdeleted (the|one) day after\b", text)
        days = [1.0] if day else []
    if not days:
        return
    if re.search(r"\b(answer|respond|response|reply)\b", text) and not _KEEPING.search(text):
        yield Guess("setting", f"rights.answer_within={round(days[0])}d", "answered-within", sentence, ("rights.answer_within", round(days[0])))
    elif re.search(r"\bchang\w+|amend\w+", text) and _AHEAD.search(text):
        yield Guess("setting", f"announcements.advance={round(days[0])}d", "announced-ahead", sentence, ("announcements.advance", round(days[0])))
    elif _KEEPING.search(leaning + " " + section):
        yield from _kept(days[0], leaning, section, sentence, cookie is not None)


def _kept(days: float, leaning: str, section: str, sentence: Sentence, cookie: bool) -> Iterator[Guess]:
    if days < 1 or (cookie and days < 1):
        return
    groups = phrases("retention")
    group = next((phrase for phrase in groups if phrase.when.search(leaning)), None) or next((p for p in groups if p.when.search(section)), None)
    counted = next((phrase.row["fact"] for phrase in phrases("counted_from") if phrase.when.search(leaning)), "")
    detail = ("" if cookie else group.row["fact"] if group else "", counted)
    yield Guess("retention", f"{_round(days)}d", "kept-for-a-cookie" if cookie else group.id if group else "kept-for", sentence, detail)


def _round(days: float) -> int:
    """Whole days; a year of months is a year: 12 months are 365 days, 13 months 395."""
    whole = round(days)
    return whole + whole // 360 * 5 if whole % 30 == 0 and whole % 365 and whole > 330 else whole
