"""Which paragraphs, headings, list entries and cells does a text have? One reader for each way of writing; no sentence is split here."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html.parser import HTMLParser


class Part(StrEnum):
    """What a piece of text is, by how it is written."""

    HEADING = "heading"
    SENTENCE = "sentence"
    ENTRY = "entry"  # of a list
    CELL = "cell"  # of a table
    LINK = "link"  # nothing but a way to somewhere else


@dataclass(frozen=True, slots=True)
class Block:
    part: Part
    text: str
    line: int
    around: str = ""
    foot: bool = False


_ITEM = re.compile(r"\s*(?:[-*+•–·]\s+|(?=(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,5})[.)]|\d{1,2}(?:\.\d{1,2})+)\s+\S))")
_CLAUSE = re.compile(r"\s*(?:\d{1,2}\.|\d{1,2}(?:\.\d{1,2})+|§+\s?\d+|Article \d+|Section \d+)\s")
_CAPITALS = re.compile(r"[^a-z]*[A-Z][^a-z]*[A-Z][^a-z]*")
_HEADING_WORDS = 12


# plain text


def blocks_of_text(text: str) -> Iterator[Block]:
    """Paragraphs, clauses and lists of a plain text; a line that was broken only to fit is joined again."""
    lines = text.split("\n")
    width = max((len(line.rstrip()) for line in lines), default=0)
    held: list[str] = []
    first = 0
    for number, line in enumerate([*lines, ""], 1):
        if held and (not line.strip() or _ITEM.match(line) or _meant(held[-1], line, width)):
            yield _block_of_text(held, first)
            held = []
        if line.strip():
            first = first if held else number
            held.append(line)


def _meant(above: str, line: str, width: int) -> bool:
    """Whether a line break was meant: the next word would have fitted, or a heading in capitals ends here."""
    if _heading(above.strip()) and _CAPITALS.fullmatch(above.strip()):
        return True
    return len(above.rstrip()) + 1 + len(line.split()[0]) <= width - 2


def _block_of_text(lines: list[str], number: int) -> Block:
    text = " ".join(line.strip() for line in lines)
    bullet = re.match(r"[-*+•–·]\s+", text)
    if bullet:
        return Block(Part.ENTRY, text[bullet.end() :], number)
    if len(lines) == 1 and _heading(text):
        return Block(Part.HEADING, text, number)
    entry = _ITEM.match(lines[0]) is not None and not _CLAUSE.match(lines[0])
    return Block(Part.ENTRY if entry else Part.SENTENCE, text, number)


def _heading(text: str) -> bool:
    """A short line in capitals, or with a number of one step, that no stop ends."""
    if len(text) > 120 or len(text.split()) > _HEADING_WORDS or text[-1:] in ".:;!,?" or "@" in text:
        return False
    return bool(_CAPITALS.fullmatch(text) or re.match(r"(?:\d{1,2}\.|§+\s?\d+|Article \d+|Section \d+)\s+[A-Z]", text))


# Markdown

_HASHES = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"\s*[-*+]\s+(.*)")
_ORDERED = re.compile(r"\s*(\d{1,3}[.)]\s+.*)")
_RULE = re.compile(r"\s*(?:[-*_]\s*){3,}$")
_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,500}(?:\s+\"[^\"]{0,200}\")?\)")


def blocks_of_markdown(text: str) -> Iterator[Block]:
    """Headings, paragraphs, list entries, table cells and rows of links of a Markdown text."""
    text = re.sub(r"<!--.*?-->", lambda found: "\n" * found.group().count("\n"), text, flags=re.DOTALL)
    held: list[str] = []
    first, part = 0, Part.SENTENCE
    columns: list[str] = []
    for number, line in enumerate([*text.split("\n"), ""], 1):
        underlined = re.fullmatch(r"\s*(=+|-+)\s*", line) is not None and held and part is Part.SENTENCE
        starts = _HASHES.match(line) or _BULLET.match(line) or _ORDERED.match(line) or _RULE.fullmatch(line) or line.lstrip().startswith("|")
        if held and (underlined or starts or not line.strip()):
            yield from _block_of_markdown(held, Part.HEADING if underlined else part, first)
            held = []
        if underlined or not line.strip() or _RULE.fullmatch(line):
            columns = columns if line.strip() else []
            continue
        if line.lstrip().startswith("|"):
            columns = yield from _row(line, number, columns)
            continue
        hashes, bullet, ordered = _HASHES.match(line), _BULLET.match(line), _ORDERED.match(line)
        if hashes:
            yield Block(Part.HEADING, _plain(hashes.group(2)), number)
        elif held:
            held.append(line.strip().removeprefix("> "))
        else:
            part = Part.ENTRY if bullet or ordered else Part.SENTENCE
            held, first = [(bullet or ordered).group(1) if bullet or ordered else line.strip().removeprefix("> ")], number  # type: ignore[union-attr]


def _block_of_markdown(lines: list[str], part: Part, number: int) -> Iterator[Block]:
    text = " ".join(lines)
    links = _LINK.findall(text)
    if links and not re.sub(r"[\s|·•,/»>-]", "", _LINK.sub("", text)):
        yield from (Block(Part.LINK, _plain(link), number) for link in links)
    else:
        yield Block(part, _plain(text), number)


def _row(line: str, number: int, columns: list[str]) -> Generator[Block, None, list[str]]:
    """The cells of one table row; returns the columns' names for the rows below."""
    cells = [_plain(cell) for cell in line.strip().strip("|").split("|")]
    if all(re.fullmatch(r"\s*:?-+:?\s*", cell) for cell in line.strip().strip("|").split("|")):
        return columns
    part = Part.CELL if columns else Part.HEADING
    for at, cell in enumerate(cells):
        if cell:
            around = [columns[at]] if columns and at < len(columns) else []
            yield Block(part, cell, number, " ".join([*around, *(cells[:1] if columns and at else [])]))
    return columns or cells


def _plain(text: str) -> str:
    """Markdown's marks taken away, its words left."""
    text = _LINK.sub(r"\1", text)
    text = re.sub(r"<(https?://[^<>\s]{1,500}|[^<>\s@]{1,100}@[^<>\s@]{1,200})>", r"\1", text)
    text = re.sub(r"`{1,3}([^`]{0,500})`{1,3}", r"\1", text)
    text = re.sub(r"(\*{1,3}|(?<!\w)_{1,3})(?=\S)(.{1,500}?)(?<=\S)(\1)(?!\w)", r"\2", text)
    return re.sub(r"\\([\\`*_{}\[\]()#+.!|-])", r"\1", text).strip()


# HTML

_SILENT = frozenset({"script", "style", "head", "noscript", "template", "svg", "select", "button"})
_BLOCKS = frozenset({"p", "div", "section", "article", "main", "body", "ul", "ol", "dl", "table", "tr", "thead", "tbody", "header", "footer", "nav",
                     "aside", "blockquote", "br", "hr", "form", "details", "summary", "figure", "figcaption", "address", "caption"})
_PARTS = {"li": Part.ENTRY, "dt": Part.CELL, "dd": Part.CELL, "td": Part.CELL, "th": Part.HEADING, "summary": Part.HEADING, "caption": Part.HEADING,
          **{f"h{level}": Part.HEADING for level in range(1, 7)}}


class _Page(HTMLParser):
    """Collects the blocks of a page. Tags that are not closed do no harm: a new block ends the one before."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text: list[str] = []
        self._part, self._line = Part.SENTENCE, 1
        self._silent, self._foot, self._links, self._linked = 0, 0, 0, 0
        self._columns: list[str] = []
        self._cells: list[str] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        self._foot += tag in ("nav", "header", "footer")
        self._links += tag == "a"
        if tag in _PARTS or tag in _BLOCKS:
            self._flush()
        if tag in _PARTS:
            self._part = _PARTS[tag]
        if tag == "table":
            self._columns = []
        if tag in ("tr", "dt"):
            self._cells = []

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in _PARTS or tag in _BLOCKS:
            self._flush(tag)
            self._part = Part.SENTENCE
        self._foot = max(0, self._foot - (tag in ("nav", "header", "footer")))
        self._links = max(0, self._links - (tag == "a"))

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if not self._text and data.strip():
            self._line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
        if self._text or data.strip():
            self._text.append(data)
            self._linked += len(data.strip()) if self._links else 0

    def _flush(self, tag: str = "") -> None:
        text, linked = " ".join("".join(self._text).split()), self._linked
        self._text, self._linked = [], 0
        if not text:
            return
        only_links = linked >= len("".join(text.split())) - 4 and linked > 0
        part = Part.LINK if only_links and (self._foot or self._part is not Part.HEADING) else self._part
        around = ""
        if self._part is Part.CELL:
            at = len(self._cells)
            around = " ".join([*self._columns[at : at + 1], *self._cells[:1]])
            self._cells.append(text)
        if tag == "th":
            self._columns.append(text)
        self.blocks.append(Block(part, text, self._line, around, self._foot > 0))


def blocks_of_html(text: str) -> Iterator[Block]:
    """Headings, paragraphs, list entries, cells and links of a page; scripts, styles and the head are passed over."""
    page = _Page()
    page.feed(text)
    page.close()
    page._flush()
    yield from page.blocks
