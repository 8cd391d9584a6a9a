"""Which sentences does a policy text have? Text, Markdown or HTML becomes a list of sentences; what they mean is not asked.

The same bytes always give the same list. A sentence keeps its line, its section, the list or table it stands in, and the
label in front of it (`3.1`, `(a)`), which belongs to the sentence as written.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from troth.base.errors import Fault
from troth.policy.phrases import words_of
from troth.policy.text_blocks import Block, Part, blocks_of_html, blocks_of_markdown, blocks_of_text

BYTES_LIMIT = 4 << 20
SENTENCES_LIMIT = 5_000
LONGEST = 2_000  # letters; what is longer is no sentence, and is taken in pieces
TOP = "Top"  # the section of what stands before the first heading

_LABEL = re.compile(r"(?:\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+|(?:§+|Art\.|Article|Section)\s?\d[\d.]*:?)(?=\s)")
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+[\"'“‘(\[]*[^\s\"'“‘(\[])")
_INLINE = re.compile(r"[:;,](?:\s+(?:and|or))?(?=\s+\((?:[ivx]{1,4}|[a-h])\)\s)")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence as written. `around` is what it leans on: the sentence before its list, its column, its row's first cell."""

    ordinal: int
    section: str
    text: str
    part: Part
    line: int
    around: str = ""
    leads: bool = False  # a list follows that belongs to it
    foot: bool = False  # stands in the header, footer or navigation of a page

    @property
    def sha256(self) -> str:
        """The first 16 hexadecimal digits of the hash of the sentence, by which a person settles it."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @property
    def first_words(self) -> str:
        """The first five words, to know it by."""
        return " ".join(self.text.split()[:5])

    @property
    def body(self) -> str:
        """The sentence without the label in front of it."""
        return unlabelled(self.text)


@dataclass(frozen=True)
class Document:
    """A text in sentences, in the order of the file."""

    name: str
    sentences: tuple[Sentence, ...]

    @cached_property
    def by_hash(self) -> Mapping[str, Sentence]:
        """The first sentence of each hash."""
        return {one.sha256: one for one in reversed(self.sentences)}


def read_document(path: Path) -> Document:
    """The sentences of a file. Raises `too-large`, `not-utf8` or `no-sentences`."""
    if path.stat().st_size > BYTES_LIMIT:
        raise Fault("too-large", f"`{path.name}` is larger than 4 MiB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault("not-utf8", f"`{path.name}` is not UTF-8", help="save it as UTF-8") from None
    return read_words(text, path.name)


def read_words(text: str, name: str) -> Document:
    """The sentences of a text; the ending of `name` says how it is written. Raises `no-sentences` or `too-large`."""
    sentences = tuple(_sentences(list(_blocks(text, name))))
    if not sentences:
        raise Fault("no-sentences", f"`{name}` holds no sentence")
    if len(sentences) > SENTENCES_LIMIT:
        raise Fault("too-large", f"`{name}` has more than {SENTENCES_LIMIT} sentences")
    return Document(name, sentences)


def unlabelled(text: str) -> str:
    """A sentence without `3.1` or `(a)` in front."""
    label = _LABEL.match(text)
    return text[label.end() :].strip() if label and label.end() < len(text) else text


def one_line(text: str) -> str:
    """The form that is hashed: composed letters, every run of space one space, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _blocks(text: str, name: str) -> Iterator[Block]:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    ending = name.rpartition(".")[2].lower()
    if ending in {"html", "htm"} or text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        return blocks_of_html(text)
    return blocks_of_markdown(text) if ending in {"md", "markdown"} else blocks_of_text(text)


def _sentences(blocks: list[Block]) -> Iterator[Sentence]:
    ordinal, section, lead = 0, TOP, ""
    for at, block in enumerate(blocks):
        following = blocks[at + 1] if at + 1 < len(blocks) else None
        if block.part is Part.HEADING:
            section, lead = one_line(block.text)[:80], ""
        around = " ".join(part for part in (lead if block.part is Part.ENTRY else "", block.around) if part)
        pieces = [block.text] if block.part in (Part.HEADING, Part.LINK) else list(split(block.text))
        for place, piece in enumerate(pieces):
            text = one_line(piece)
            if not any(letter.isalnum() for letter in text):
                continue
            ordinal += 1
            last = place == len(pieces) - 1
            leads = last and text.endswith(":") and following is not None and following.part in (Part.ENTRY, Part.CELL)
            yield Sentence(ordinal, section, text, block.part, block.line, one_line(around), leads, block.foot)
            if block.part is Part.SENTENCE:
                lead = text if leads else ""


def split(text: str) -> Iterator[str]:
    """The sentences of one paragraph. Abbreviations, initials and numbers do not end one; `(i) ...; (ii) ...` is a list."""
    text = one_line(text)
    label = _LABEL.match(text)
    start, search = 0, label.end() if label else 0
    for end in _END.finditer(text):
        if end.start() < search or not _ends(text[max(start, end.start() - 60) : end.start() + 1], text[end.end() : end.end() + 60].lstrip()):
            continue
        yield from _bounded(text[start : end.end()])
        start = end.end()
    if text[start:].strip():
        yield from _bounded(text[start:])


def _bounded(text: str) -> Iterator[str]:
    for start in range(0, len(text), LONGEST):
        yield from _enumerated(text[start : start + LONGEST])


def _ends(before: str, after: str) -> bool:
    """Whether a full stop ends a sentence, by the word before it and the one after."""
    opening = after.lstrip("\"'“‘([")[:1]
    if before[-1:] in "!?…":
        return not opening.islower()
    if opening.islower():
        return False
    word = re.split(r"[\s(\[\"“]", before)[-1].lower()
    if word in words_of("abbreviations") or re.fullmatch(r"[a-z]\.", word):
        return False
    if word in words_of("abbreviations_at_ends"):
        return re.split(r"[\s,.]", after, maxsplit=1)[0].lower() in words_of("openers")
    return True


def _enumerated(text: str) -> Iterator[str]:
    """A sentence that holds `(i)`, `(ii)` ... in a row becomes its lead and its entries."""
    starts = [0, *(found.end() for found in _INLINE.finditer(text))]
    ends = [*starts[1:], len(text)]
    yield from (text[start:end].strip() for start, end in zip(starts, ends, strict=True)) if len(starts) > 2 else [text.strip()]
