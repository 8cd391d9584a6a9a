"""What is a text for people made of? Headings, paragraphs, lists and tables, and how they become HTML and Markdown.

It knows nothing of policies. Every word is escaped here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import assert_never


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
    """A whole text. `dated` is its line of dates, standing where `date_at` says: bottom, top, upper-right."""

    title: str
    language: str
    dated: str
    date_at: str
    parts: tuple[Part, ...]


def as_html(page: Page) -> str:
    """The text as one `<article>`, without styles or scripts."""
    top = page.date_at != "bottom"
    dated = f'<p class="dated dated-{escape(page.date_at)}">{escape(page.dated)}</p>'
    head = [f'<article class="notice" lang="{escape(page.language)}">', "<header>", f"<h1>{escape(page.title)}</h1>",
            *([dated] if top else []), "</header>"]
    foot = [] if top else ["<footer>", dated, "</footer>"]
    return "\n".join([*head, *(line for part in page.parts for line in _part_html(part, 2)), *foot, "</article>"]) + "\n"


def _part_html(part: Part, level: int) -> Iterator[str]:
    about = f' data-purpose="{escape(part.purpose)}"' if part.purpose else ""
    yield f'<section id="{escape(part.id)}"{about}>'
    yield f"<h{level}>{escape(part.heading)}</h{level}>"
    for block in part.blocks:
        yield from _block_html(block)
    for inner in part.parts:
        yield from _part_html(inner, level + 1)
    yield "</section>"


def _block_html(block: Block) -> Iterator[str]:
    match block:
        case Paragraph(text):
            yield f"<p>{escape(text)}</p>"
        case Bullets(lines):
            yield "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
        case Facts(pairs):
            yield "<dl>" + "".join(f"<dt>{escape(term)}</dt><dd>{escape(said)}</dd>" for term, said in pairs) + "</dl>"
        case Link(text, href):
            yield f'<p><a href="{escape(href)}">{escape(text)}</a></p>'
        case Grid():
            yield from _grid_html(block)
        case _:
            assert_never(block)


def _grid_html(grid: Grid) -> Iterator[str]:
    yield f'<div class="scroll"><table><caption>{escape(grid.caption)}</caption>'
    yield "<thead><tr>" + "".join(f'<th scope="col">{escape(name)}</th>' for name in grid.head) + "</tr></thead><tbody>"
    for first, *rest in grid.rows:
        yield f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
    yield "</tbody></table></div>"


def as_markdown(page: Page) -> str:
    """The text as Markdown, for reading in a terminal or a repository."""
    top = page.date_at != "bottom"
    lines = [f"# {_plain(page.title)}", "", *([_plain(page.dated), ""] if top else [])]
    for part in page.parts:
        lines += _part_markdown(part, 2)
    return "\n".join([*lines, *([] if top else [_plain(page.dated), ""])]).rstrip() + "\n"


def _part_markdown(part: Part, level: int) -> Iterator[str]:
    yield from (f"{'#' * level} {_plain(part.heading)}", "")
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
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", " ".join(text.split()))
