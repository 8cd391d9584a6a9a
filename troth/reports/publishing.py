"""What may the world see? Counts that leave the house, with every cell held back that could point at somebody.

It takes finished rows and decides nothing about purposes. Three rules, each kept whatever else is known:
a cell below the threshold is held back; what is held back together adds up to the threshold or more (so that it
cannot be told from the total); and never one cell alone is held back beside a total.
Source: GDPR recital 26; primary and complementary cell suppression as statistical offices use it
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth.base.errors import Fault

HELD_BACK = "held back: fewer people than may be shown, or needed to hide such a cell"


@dataclass(frozen=True, slots=True)
class Cell:
    """One row that leaves: its name, and its numbers (None where held back)."""

    name: str
    numbers: tuple[tuple[str, int | None], ...]
    note: str = ""

    @property
    def held_back(self) -> bool:
        """Whether its numbers are withheld."""
        return bool(self.note)


@dataclass(frozen=True, slots=True)
class Published:
    """Rows that may leave, with their totals (None where even the total would point at somebody)."""

    threshold: int
    cells: tuple[Cell, ...]
    totals: tuple[tuple[str, int | None], ...]

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        cells = [{"name": cell.name, **dict(cell.numbers)} | ({"note": cell.note} if cell.note else {}) for cell in self.cells]
        return {"threshold": self.threshold, "rows": cells, "total": dict(self.totals)}

    def as_csv(self) -> str:
        """For a spreadsheet: held back cells are empty and say so. A name that a sheet would compute is made plain text."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["name", *(name for name, _ in self.totals), "note"])
        for cell in self.cells:
            writer.writerow([_plain(cell.name), *_texts(cell.numbers), cell.note])
        writer.writerow(["total", *_texts(self.totals), ""])
        return out.getvalue()


def publish(rows: Sequence[Mapping[str, Any]], count_column: str, threshold: int, name_column: str = "name") -> Published:
    """Rows as they may leave the house: `count_column` counts people, and decides; every other number goes with it.

    Raises `bad-publication` when a row lacks its count.
    """
    if any(not isinstance(row.get(count_column), int) for row in rows):
        raise Fault("bad-publication", f"every row needs its `{count_column}`", status=500)
    counts = [int(row[count_column]) for row in rows]
    hidden = _to_hold_back(counts, threshold)
    columns = [name for name in (rows[0] if rows else {count_column: 0}) if name != name_column]
    cells = tuple(_cell(row, columns, name_column, index in hidden) for index, row in enumerate(rows))
    # Held back cells must not come back out of the total: it stays only when they hide one another.
    shown = sum(counts) >= threshold and (len(hidden) != 1)
    totals = tuple((name, sum(int(row[name]) for row in rows) if shown else None) for name in columns)
    return Published(threshold, cells, totals)


def _to_hold_back(counts: Sequence[int], threshold: int) -> set[int]:
    hidden = {index for index, count in enumerate(counts) if count < threshold}
    open_cells = sorted((index for index in range(len(counts)) if index not in hidden), key=lambda index: (counts[index], index))
    for index in open_cells:
        if not hidden or (len(hidden) > 1 and sum(counts[one] for one in hidden) >= threshold):
            break
        hidden.add(index)
    return hidden


def _cell(row: Mapping[str, Any], columns: Sequence[str], name_column: str, hidden: bool) -> Cell:
    numbers = tuple((name, None if hidden else int(row[name])) for name in columns)
    return Cell(str(row[name_column]), numbers, HELD_BACK if hidden else "")


def _texts(numbers: tuple[tuple[str, int | None], ...]) -> list[str]:
    return ["" if value is None else str(value) for _, value in numbers]


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula. Source: OWASP, CSV injection"""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
