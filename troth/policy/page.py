"""What is a text for people made of? Headings, paragraphs, lists and tables, and how they become HTML and Markdown.

It knows nothing of policies. Every word is escaped here and nowhere else. `troth.look.paper` prints the same blocks.
Source: WCAG 2.2: 1.3.1 (headings, header cells), 2.4.1 (a way to each part), 3.1.1 and 3.1.2 (the language of page and parts).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import assert_never

# Words between these two are in the page's other language. Private characters: no text of a policy may hold them.
FOREIGN, HOME = "\ue000", "\ue001"
CONTENTS_FROM = 6  # a text of so many parts begins with a list of them


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms with what is to be said of each."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. The first cell of each row names the row."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Link:
    text: str
    href: str


Block = Paragraph | Bullets | Facts | Grid | Link


@dataclass(frozen=True, slots=True)
class Part:
    """A heading with what stands under it. `purpose` is the purpose it tells of."""

    id: str
    heading: str
    blocks: tuple[Block, ...]
    parts: tuple[Part, ...] = ()
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole text. `dated` is its line of dates, standing where `date_at` says: bottom, top, upper-right.

    `foreign`: the language of the words between `FOREIGN` and `HOME`. `contents` names the list of its parts; empty: none.
    """

    title: str
    language: str
    dated: str
    date_at: str
    parts: tuple[Part, ...]
    foreign: str = ""
    contents: str = ""


def bare(text: str) -> str:
    """The words without the marks of foreign runs."""
    return text.replace(FOREIGN, "").replace(HOME, "")


def as_html(page: Page) -> str:
    """The text as one `<article>`, without styles or scripts."""
    printer = _Html(page.foreign)
    top = page.date_at != "bottom"
    dated = f'<p class="dated dated-{escape(page.date_at)}">{printer.text(page.dated)}</p>'
    head = [f'<article class="notice" lang="{escape(page.language)}">', "<header>",
            f"<h1>{printer.text(page.title)}</h1>", *([dated] if top else []), "</header>"]
    foot = [] if top else ["<footer>", dated, "</footer>"]
    parts = [line for part in page.parts for line in printer.part(part, 2)]
    return "\n".join([*head, *printer.contents(page), *parts, *foot, "</article>"]) + "\n"


def as_document(page: Page, style: str = "") -> str:
    """The text as a whole HTML file that needs nothing beside it."""
    title, sheet = escape(bare(page.title)), f"<style>\n{style}</style>\n" if style else ""
    return (f'<!doctype html>\n<html lang="{escape(page.language)}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
            f"<title>{title}</title>\n{sheet}</head>\n<body>\n<main>\n{as_html(page)}</main>\n</body>\n</html>\n")


@dataclass(frozen=True, slots=True)
class _Html:
    """Prints blocks; `foreign` is the language of foreign runs."""

    foreign: str

    def text(self, text: str) -> str:
        words = escape(text)
        return words.replace(FOREIGN, f'<span lang="{escape(self.foreign)}">').replace(HOME, "</span>") if self.foreign else bare(words)

    def contents(self, page: Page) -> Iterator[str]:
        if not page.contents or len(page.parts) < CONTENTS_FROM:
            return
        links = "".join(f'<li><a href="#{escape(part.id)}">{self.text(part.heading)}</a></li>' for part in page.parts)
        yield f'<nav class="contents" aria-label="{escape(page.contents)}"><ul>{links}</ul></nav>'

    def part(self, part: Part, level: int) -> Iterator[str]:
        about = f' data-purpose="{escape(part.purpose)}"' if part.purpose else ""
        yield f'<section id="{escape(part.id)}"{about}>'
        yield f"<h{level}>{self.text(part.heading)}</h{level}>"
        for block in part.blocks:
            yield from self.block(block)
        for inner in part.parts:
            yield from self.part(inner, min(level + 1, 6))
        yield "</section>"

    def block(self, block: Block) -> Iterator[str]:
        match block:
            case Paragraph(text):
                yield f"<p>{self.text(text)}</p>"
            case Bullets(lines):
                yield "<ul>" + "".join(f"<li>{self.text(line)}</li>" for line in lines) + "</ul>"
            case Facts(pairs):
                yield "<dl>" + "".join(f"<dt>{self.text(term)}</dt><dd>{self.text(said)}</dd>" for term, said in pairs) + "</dl>"
            case Link(text, href):
                yield f'<p><a href="{escape(href)}">{self.text(text)}</a></p>'
            case Grid():
                yield from self.grid(block)
            case _:
                assert_never(block)

    def grid(self, grid: Grid) -> Iterator[str]:
        """A table that scrolls by itself where it is wider than the page; the keyboard reaches it there. Each cell knows its column's name."""
        label = escape(bare(grid.caption))
        yield f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table><caption>{self.text(grid.caption)}</caption>'
        yield "<thead><tr>" + "".join(f'<th scope="col">{self.text(name)}</th>' for name in grid.head) + "</tr></thead><tbody>"
        for first, *rest in grid.rows:
            cells = "".join(f'<td data-label="{escape(bare(name))}">{self.text(cell)}</td>' for name, cell in zip(grid.head[1:], rest, strict=True))
            yield f'<tr><th scope="row">{self.text(first)}</th>{cells}</tr>'
        yield "</tbody></table></div>"


def as_markdown(page: Page) -> str:
    """The text as Markdown, for reading in a terminal or a repository."""
    top = page.date_at != "bottom"
    lines = [f"# {_plain(page.title)}", "", *([_plain(page.dated), ""] if top else [])]
    for part in page.parts:
        lines += _part_markdown(part, 2)
    return "\n".join([*lines, *([] if top else [_plain(page.dated), ""])]).rstrip() + "\n"


def _part_markdown(part: Part, level: int) -> Iterator[str]:
    yield from (f"{'#' * min(level, 6)} {_plain(part.heading)}", "")
    for block in part.blocks:
        yield from _block_markdown(block)
        yield ""
    for inner in part.parts:
        yield from _part_markdown(inner, level + 1)


def _block_markdown(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield _plain(text)
        case Bullets(lines):
            yield from (f"- {_plain(line)}" for line in lines)
        case Facts(pairs):
            yield from (f"- **{_plain(term)}**: {_plain(said)}" for term, said in pairs)
        case Link(text, href):
            yield f"[{_plain(text)}](<{href}>)"
        case Grid(_, head, rows):
            yield from (_row(head), _row(("---",) * len(head)), *(_row(row) for row in rows))
        case _:
            assert_never(block)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell if cell == "---" else _plain(cell) for cell in cells) + " |"


def _plain(text: str) -> str:
    """Text that no sign of Markdown can turn into something else."""
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(bare(text).split()))
