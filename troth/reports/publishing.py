"""What may the world see? Counts that leave the house, with every cell held back that could point at somebody.

It takes finished rows and decides nothing about purposes. A cell below the threshold is held back. So is the
smallest other cell, and the next, until the total no longer tells any of them: never one alone, never a sum
below the threshold, never a sum that only cells just below it can have. Failing that the total goes too.
Source: GDPR recital 26; primary and complementary cell suppression as statistical offices use it
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth.base.errors import Fault

HELD_BACK = "held back so that nobody can be recognised"


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
    hidden = to_hold_back(counts, threshold)
    columns = [name for name in (rows[0] if rows else {count_column: 0}) if name != name_column]
    cells = tuple(_cell(row, columns, name_column, index in hidden) for index, row in enumerate(rows))
    shown = sum(counts) >= threshold and (not hidden or _hide_each_other([counts[index] for index in hidden], threshold))
    totals = tuple((name, sum(int(row[name]) for row in rows) if shown else None) for name in columns)
    return Published(threshold, cells, totals)


def to_hold_back(counts: Sequence[int], threshold: int) -> set[int]:
    """The places of the counts that must not be shown beside the others and their total."""
    hidden = {index for index, count in enumerate(counts) if count < threshold}
    for count in sorted({counts[index] for index in range(len(counts)) if index not in hidden}):
        if not hidden or _hide_each_other([counts[one] for one in hidden], threshold):
            break
        hidden |= {index for index, other in enumerate(counts) if other == count}  # all of them: a choice between equals would tell
    return hidden


def _hide_each_other(hidden: Sequence[int], threshold: int) -> bool:
    """Whether their sum, which the total tells, says nothing of any one of them."""
    return len(hidden) > 1 and threshold <= sum(hidden) != len(hidden) * (threshold - 1)


def _cell(row: Mapping[str, Any], columns: Sequence[str], name_column: str, hidden: bool) -> Cell:
    numbers = tuple((name, None if hidden else int(row[name])) for name in columns)
    return Cell(str(row[name_column]), numbers, HELD_BACK if hidden else "")


def _texts(numbers: tuple[tuple[str, int | None], ...]) -> list[str]:
    return ["" if value is None else str(value) for _, value in numbers]


def _plain(name: str) -> str:
    """A name that no spreadsheet takes for a formula. Source: OWASP, CSV injection"""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
