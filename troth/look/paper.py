"""How does a text look on paper? A page of `troth.policy.page` as a tagged PDF: headings, lists and tables that a reader can tell.

Words are set in fonts that lie beside this file, so that every letter can be searched, copied and read aloud. Nothing here
knows what the text is about; `font` knows the letters, `tagging` what each line is to a reader.
Source: ISO 32000-1 9.4 (text), 14.3.3, 14.8 (tagged PDF), 14.9.2 (language).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import assert_never

from troth.look import font
from troth.look.tagging import Element, Sheets, Style
from troth.policy.page import FOREIGN, HOME, Block, Bullets, Facts, Grid, Link, Page, Paragraph, Part, bare

_WIDE, _HIGH = 595.28, 841.89  # A4
_LEFT, _TOP, _BOTTOM = 62.0, 64.0, 66.0
_ROOM = _WIDE - 2 * _LEFT
_REGULAR, _BOLD = "DejaVuSerifCondensed", "DejaVuSerifCondensed-Bold"
BODY, STRONG = Style(_REGULAR, 9.5, 14), Style(_BOLD, 9.5, 14)
SMALL, CELL, HEAD = Style(_REGULAR, 8, 11), Style(_REGULAR, 7.5, 10), Style(_BOLD, 7.5, 10)
TITLE = Style(_BOLD, 19, 24)
_HEADINGS = {2: Style(_BOLD, 13, 18), 3: Style(_BOLD, 10.5, 15)}
_GAP = 6.0
_TERM = 118.0  # the width of a term beside what is said of it


def as_pdf(page: Page, base: str = "") -> bytes:
    """The text as one PDF, version 1.7, tagged. `base` goes before addresses that start with a slash.

    Raises `Fault` for a letter that the fonts have not: no word is left out unseen.
    """
    printer = _Printer(page, base)
    printer.all()
    return printer.sheets.written(bare(page.title), page.language)


def lines_of(text: str, style: Style, room: float) -> list[str]:
    """The text broken into lines no wider than `room` points."""
    letters = font.read(style.font)
    lines, line = [], ""
    for word in _words(text, style, room):
        longer = f"{line} {word}" if line else word
        if line and letters.width(longer) * style.size / 1000 > room:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _words(text: str, style: Style, room: float) -> Iterable[str]:
    """Words, and the pieces of one that no line can hold."""
    letters = font.read(style.font)
    for word in unicodedata.normalize("NFC", bare(text)).split():
        piece = ""
        for letter in word:
            if piece and letters.width(piece + letter) * style.size / 1000 > room:
                yield piece
                piece = ""
            piece += letter
        yield piece


def columns(rows: Sequence[Sequence[str]], styles: Sequence[Style], room: float) -> list[float]:
    """How wide each column of a table is: its longest word at least, then by the root of how much it holds."""
    count = len(rows[0])
    needs, wants = [0.0] * count, [0.0] * count
    for row, style in zip(rows, styles, strict=True):
        letters = font.read(style.font)
        for at, cell in enumerate(row):
            text = unicodedata.normalize("NFC", bare(cell))
            widths = [letters.width(word) * style.size / 1000 for word in text.split()] or [0.0]
            needs[at] = max(needs[at], min(max(widths), room / count) + _GAP)
            wants[at] = max(wants[at], letters.width(" ".join(text.split())) * style.size / 1000 + _GAP)
    if sum(wants) <= room:
        return [want + (room - sum(wants)) / count for want in wants]
    spare, roots = max(0.0, room - sum(needs)), [max(0.0, want - need) ** 0.5 for want, need in zip(wants, needs, strict=True)]
    found = [need + spare * root / (sum(roots) or 1) for need, root in zip(needs, roots, strict=True)]
    return [width * room / sum(found) for width in found]


@dataclass(slots=True)
class _Printer:
    """Sets one page of text on sheets of paper. `y` is how far up the next line may stand."""

    page: Page
    base: str
    sheets: Sheets
    y: float
    document: Element

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.sheets = Sheets(_WIDE, _HIGH)
        self.document = self.sheets.root
        self._sheet()

    def all(self) -> None:
        right = self.page.date_at == "upper-right"
        if right:
            self._dated(right=True)
        self._text(TITLE, self.page.title, "H1", self.document)
        self.y -= 4
        if self.page.date_at == "top":
            self._dated()
        for part in self.page.parts:
            self._part(part, 2)
        if self.page.date_at not in ("top", "upper-right"):
            self.y -= 8
            self._dated()
        self.sheets.number(SMALL, _BOTTOM / 2)

    def _sheet(self) -> None:
        self.sheets.turn()
        self.y = _HIGH - _TOP

    def _need(self, height: float) -> None:
        if self.y - height < _BOTTOM:
            self._sheet()

    def _dated(self, right: bool = False) -> None:
        element = self._element("P", self.document, self.page.dated)
        for line in lines_of(self.page.dated, SMALL, _ROOM):
            room = _ROOM - font.read(SMALL.font).width(line) * SMALL.size / 1000 if right else 0.0
            self._line(SMALL, line, element, _LEFT + room)
        self.y -= 8

    def _element(self, tag: str, under: Element, text: str = "") -> Element:
        """An element that says its language when all of its words are in the other one."""
        foreign = text.startswith(FOREIGN) and text.endswith(HOME) and text.count(HOME) == 1
        return self.sheets.element(tag, under, self.page.foreign if foreign else "")

    def _line(self, style: Style, line: str, element: Element, left: float) -> None:
        self._need(style.leading)
        self.y -= style.leading
        self.sheets.show(style, line, element, left, self.y)

    def _text(self, style: Style, text: str, tag: str, under: Element, left: float = _LEFT) -> Element:
        element = self._element(tag, under, text)
        for line in lines_of(text, style, _WIDE - _LEFT - left):
            self._line(style, line, element, left)
        return element

    def _part(self, part: Part, level: int) -> None:
        style = _HEADINGS.get(level, STRONG)
        section = self.sheets.element("Sect", self.document)
        self._need(style.leading + 3 * BODY.leading)  # no heading alone at the foot of a sheet
        self.y -= 12 if level == 2 else 6
        self._text(style, part.heading, f"H{min(level, 6)}", section)
        self.y -= 2
        for block in part.blocks:
            self._block(block, section)
            self.y -= _GAP
        for inner in part.parts:
            self._part(inner, level + 1)

    def _block(self, block: Block, under: Element) -> None:
        match block:
            case Paragraph(text):
                self._text(BODY, text, "P", under)
            case Bullets(lines):
                self._bullets(lines, under)
            case Facts(pairs):
                self._facts(pairs, under)
            case Link(text, href):
                self._link(text, href, under)
            case Grid():
                self._grid(block, under)
            case _:
                assert_never(block)

    def _bullets(self, lines: Iterable[str], under: Element) -> None:
        whole = self.sheets.element("L", under)
        for line in lines:
            entry = self.sheets.element("LI", whole)
            self._need(BODY.leading)
            label = self.sheets.element("Lbl", entry)
            self.sheets.show(BODY, "•", label, _LEFT + 6, self.y - BODY.leading)
            self._text(BODY, line, "LBody", entry, _LEFT + 18)

    def _facts(self, pairs: Iterable[tuple[str, str]], under: Element) -> None:
        whole, terms_wide = self.sheets.element("L", under), _TERM
        pairs = list(pairs)
        for word in (word for term, _ in pairs for word in bare(term).split()):
            terms_wide = max(terms_wide, min(font.read(STRONG.font).width(word) * STRONG.size / 1000 + 2 * _GAP, _ROOM / 2))
        for term, said in pairs:
            entry = self.sheets.element("LI", whole)
            terms = lines_of(term, STRONG, terms_wide - _GAP)
            self._need(len(terms) * STRONG.leading)
            label = self._element("Lbl", entry, term)
            for at, line in enumerate(terms):
                self.sheets.show(STRONG, line, label, _LEFT, self.y - (at + 1) * STRONG.leading)
            below = self.y - len(terms) * STRONG.leading
            sheet = self.sheets.count
            self._text(BODY, said, "LBody", entry, _LEFT + terms_wide)
            self.y = min(self.y, below) if sheet == self.sheets.count else self.y
            self.y -= 2

    def _link(self, text: str, href: str, under: Element) -> None:
        address = self.base + href if href.startswith("/") else href
        open_to = address if "://" in address else ""
        paragraph = self.sheets.element("P", under)
        element = self._element("Link", paragraph, text) if open_to else paragraph
        for line in lines_of(text, BODY, _ROOM):
            self._line(BODY, line, element, _LEFT)
            if open_to:
                wide = font.read(BODY.font).width(line) * BODY.size / 1000
                self.sheets.open_to(open_to, element, (_LEFT, self.y - 3, _LEFT + wide, self.y + BODY.size), bare(text))
        if open_to:
            self._text(SMALL, open_to, "P", under)

    def _grid(self, grid: Grid, under: Element) -> None:
        rows = [grid.head, *grid.rows]
        widths = columns(rows, [HEAD, *[CELL] * len(grid.rows)], _ROOM)
        self._need(5 * CELL.leading)
        whole = self.sheets.element("Table", under)
        self._text(SMALL, grid.caption, "Caption", whole)
        self.y -= 3
        self._row(grid.head, widths, HEAD, whole, grid.head)
        for row in grid.rows:
            self._row(row, widths, CELL, whole, grid.head)

    def _row(self, row: Sequence[str], widths: Sequence[float], style: Style, whole: Element, head: Sequence[str]) -> None:
        """One row, on as many sheets as it needs; a new sheet begins with the head again, for the eye alone."""
        line = self.sheets.element("TR", whole)
        first = style is HEAD
        cells = [self._element("TH" if first or not at else "TD", line, cell) for at, cell in enumerate(row)]
        for at, cell in enumerate(cells):
            if first or not at:
                self.sheets.scope(cell, "Column" if first else "Row")
        broken = [lines_of(cell, style, width - _GAP) for cell, width in zip(row, widths, strict=True)]
        self.y -= 3
        for index in range(max(len(lines) for lines in broken)):
            if self.y - style.leading < _BOTTOM:
                self._sheet()
                self._again(head, widths)
            self.y -= style.leading
            left = _LEFT
            for cell, lines, width in zip(cells, broken, widths, strict=True):
                if index < len(lines):
                    self.sheets.show(style, lines[index], cell, left, self.y)
                left += width
        self.y -= 3
        self.sheets.rule(_LEFT, self.y, _ROOM, strong=first)

    def _again(self, head: Sequence[str], widths: Sequence[float]) -> None:
        """The head of a table at the top of its next sheet; no part of the text."""
        broken = [lines_of(cell, HEAD, width - _GAP) for cell, width in zip(head, widths, strict=True)]
        for index in range(max(len(lines) for lines in broken)):
            self.y -= HEAD.leading
            left = _LEFT
            for lines, width in zip(broken, widths, strict=True):
                if index < len(lines):
                    self.sheets.show(HEAD, lines[index], None, left, self.y)
                left += width
        self.y -= 3
        self.sheets.rule(_LEFT, self.y, _ROOM, strong=True)
