"""How fast is it, beside something known? `python -m bench [--rows 1,4] [--full]` prints the scoreboard and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bench.measure import Line, Size

OUT = Path(__file__).resolve().parent / "out" / "scoreboard.json"


def _rows() -> dict[int, Callable[[Size], list[Line]]]:
    from bench import erase, gate, ingest, view

    return {1: ingest.single, 2: ingest.batches, 4: gate.decisions, 5: view.dashboard, 6: erase.tombstones}


def main() -> int:
    """Run what was asked for; exit code 1 when a result is wrong (a missed target is only shown)."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="the performance scoreboard")
    parser.add_argument("--rows", default="", help="only these rows, for example 1,4")
    parser.add_argument("--full", action="store_true", help="the largest sizes; takes much longer")
    parser.add_argument("--repeats", type=int, default=5, help="how often each side runs")
    asked = parser.parse_args()
    size = Size(repeats=asked.repeats, full=asked.full)
    rows = _rows()
    chosen = [int(number) for number in asked.rows.split(",") if number] or list(rows)
    if unknown := [number for number in chosen if number not in rows]:
        parser.error(f"there is no row {unknown[0]} here; there are {', '.join(map(str, rows))}")
    lines: list[Line] = []
    for number in chosen:
        started = time.monotonic()
        print(f"row {number} ...", end=" ", file=sys.stderr, flush=True)
        lines += rows[number](size)
        print(f"{time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([line.as_json() for line in lines], indent=2) + "\n")
    _print(lines)
    return 0 if all(line.correct for line in lines) else 1


def _print(lines: list[Line]) -> None:
    table = Table(box=box.SIMPLE, caption="ratio: ours to the other side's; spread: its least and greatest over the repeats", caption_justify="left")
    for head in ("row", "what", "ours", "beside", "unit", "ratio", "spread", "target", "met"):
        table.add_column(head, justify="right" if head in ("row", "ours", "beside", "ratio") else "left", no_wrap=head != "what")
    for line in lines:
        spread = f"{line.spread[0]:.3g} - {line.spread[1]:.3g}"
        met = ("yes" if line.met else "NO") if line.correct else "WRONG RESULT"
        figures = (f"{line.ours:,.4g}", f"{line.beside:,.4g}", line.unit, f"{line.ratio:.3g}", spread, line.target, met)
        table.add_row(str(line.row), line.name, *figures, style="" if line.correct and line.met else "bold red")
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(table)
    for line in lines:
        if line.note:
            console.print(f"{line.row}  {line.name}: {line.note}", highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
