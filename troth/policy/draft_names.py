"""Which organisations does a policy text name: its own, and others that receive data? By capitals and endings of companies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from troth.policy.phrases import table
from troth.policy.text import Document, Sentence
from troth.policy.text_blocks import Part

_WORD = r"[A-Z][\w'’-]*"
_NAME = re.compile(rf"{_WORD}(?:(?:\s+(?:&\s+)?){_WORD}\.?)*")
_PASSED_ON = re.compile(
    r"\b((taken|provided|hosted|delivered|sent|despatched|dispatched|processed) by"
    r"|(disclosed?|pass(ed)?) (\w+ ){0,4}to|(shared?|stored?) (\w+ ){0,4}with)\b"
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_TELEPHONE = re.compile(r"(?<![\w/])(\+?\(?\d[\d ()-]{8,16}\d)(?!\w)")


@dataclass(frozen=True, slots=True)
class Company:
    """Somebody who seems to receive data. `country` empty: the sentence names none."""

    id: str
    name: str
    country: str = ""


def slug(words: str, limit: int = 40) -> str:
    """A name for the file: small letters and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:limit].strip("-") or "unnamed"


@lru_cache(maxsize=1)
def _endings() -> re.Pattern[str]:
    return re.compile(rf"(?:[\s,]+(?:{table('guesses')['company_endings']})\b\.?)+$")


@lru_cache(maxsize=1)
def _not_names() -> frozenset[str]:
    return frozenset(str(table("guesses")["not_names"]).split())


def companies_in(sentence: Sentence, disclosing: bool) -> Iterator[Company]:
    """The names that stand where a recipient would. `disclosing`: the section is about who receives data."""
    text, rules = sentence.body, table("guesses")
    if sentence.part is Part.CELL and disclosing and not sentence.around and len(text.split(",")[0].split()) <= 5:
        name = text.split(",")[0].strip(" .")
        yield Company(slug(_endings().sub("", name).strip(" ,.&")), name, country_in(text))
        return
    for found in _NAME.finditer(text):
        name = _trimmed(found.group())
        if not name or len(name) < 3:
            continue
        start = found.start() + found.group().index(name)
        before, after = text[:start].rstrip(), text[start + len(name) :].lstrip(" .,")
        company = _endings().search(name) is not None or re.match(rf"(?:{rules['company_endings']})\b", after) is not None
        acts = re.match(rf"(?:(?:in|of) (?:the )?[A-Z]\w+(?: [A-Z]\w+)? )?(?:which |who )?(?:{rules['recipient_verbs']})\b", after) is not None
        is_told = re.search(rf"\b(?:{rules['recipient_before']})$", before) is not None and _receives(text)
        if (disclosing and (company or acts or is_told)) or (is_told and (company or _receives(text))):
            bare = _endings().sub("", f" {name}").strip(" ,.&")
            if bare:
                yield Company(slug(bare), name.rstrip(","), country_in(text))


def companies_beside(sentence: Sentence, disclosing: bool) -> Iterator[Company]:
    """The recipient that the first cell of a sentence's row names."""
    if disclosing and sentence.part is Part.CELL and sentence.around:
        yield from companies_in(replace(sentence, text=sentence.around, around=""), True)


def _receives(text: str) -> bool:
    return _PASSED_ON.search(text.lower()) is not None


def _trimmed(name: str) -> str:
    """A run of capitalised words without the words that are none of a name's."""
    words = name.split()
    if name.lower() in table("guesses")["countries"]:
        return ""
    while words and words[0].lower().strip(".,'’") in _not_names():
        words.pop(0)
    while words and words[-1].lower().strip(".,'’") in _not_names() - {"co"}:
        words.pop()
    return " ".join(words)


def country_in(text: str) -> str:
    """The code of the first country a sentence names."""
    lower = " ".join(text.lower().split())
    known = {word: code for word, code in table("guesses")["countries"].items() if re.search(rf"\b{re.escape(word)}\b", lower)}
    return str(min(known.items(), key=lambda pair: (lower.index(pair[0]), -len(pair[0])))[1]) if known else ""


def organisation_in(document: Document) -> list[tuple[str, str, str, Sentence]]:
    """The organisation's own name, e-mail address and telephone: key, value, rule and sentence."""
    found: list[tuple[str, str, str, Sentence]] = []
    name = _own_name(document)
    if name:
        found.append(("name", *name))
    for sentence in _contact_first(document):
        address = _EMAIL.search(sentence.text)
        if address:
            found.append(("email", address.group().rstrip("."), "own-email", sentence))
            break
    for sentence in _contact_first(document):
        number = _TELEPHONE.search(sentence.text)
        if number and not re.search(r"(number|no\.?|charity|company|registered)\s*$", sentence.text[: number.start()].lower().rstrip()):
            found.append(("telephone", international(number.group()), "own-telephone", sentence))
            break
    return found


def _contact_first(document: Document) -> list[Sentence]:
    """Sentences below a heading about contact, then those at the page's foot, then all others."""
    def rank(sentence: Sentence) -> int:
        return 0 if re.search(r"\b(contact|reach|hello|touch)\b", sentence.section.lower()) else 1 if sentence.foot else 2
    return sorted(document.sentences, key=rank)


def _own_name(document: Document) -> tuple[str, str, Sentence] | None:
    """A company's name in a sentence that says who it is, or in the first headings."""
    for sentence in document.sentences:
        text = sentence.body
        lower = text.lower()
        if re.search(r"\b(registered|limited liability|incorporated)\b", lower) or re.match(r"^[\w&'’. -]{2,60} (is|are) an? ", text):
            name = re.match(rf"(?:{_WORD}|&)(?:\s+(?:{_WORD}|&))*", text)
            opening = name and name.group().split()[0].lower() not in _not_names() | {"we", "references", "data", "personal"}
            if name and opening and sentence.part is not Part.HEADING:
                return name.group(), "own-name", sentence
    for sentence in document.sentences[:8]:
        name = re.match(r"([\w&'’ -]{3,60}?)\s*[:|–-]\s*(privacy|cookie)", sentence.text, re.IGNORECASE) or re.search(
            r"privacy (?:policy|notice|statement) (?:of|for) ([\w&'’ -]{3,60})", sentence.text, re.IGNORECASE)
        if name:
            return name.group(1).strip(), "own-name-in-title", sentence
    return None


def international(number: str) -> str:
    """A British number with its country in front; any other as written, without spaces."""
    digits = re.sub(r"[^\d+]", "", number.replace("(0)", ""))
    return "+44" + digits[1:] if digits.startswith("0") and len(digits) in (10, 11) else digits


__all__ = ["Company", "companies_beside", "companies_in", "country_in", "international", "organisation_in", "slug"]
