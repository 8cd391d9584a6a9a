"""How fast is it, beside something known? `python -m bench [--rows 1,4] [--full]` prints the scoreboard and writes it as JSON."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import Line, Size

OUT = Path(__file__).resolve().parent / "out" / "scoreboard.json"


def _rows() -> dict[int, Callable[[Size], list[Line]]]:
    from bench import erasing, gate, ingest, views

    return {1: ingest.single, 2: ingest.batches, 4: gate.decisions, 5: views.dashboard, 6: erasing.tombstones}


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
    head = f"{'row':>3}  {'what':44} {'ours':>12} {'beside':>12} {'unit':10} {'ratio':>8}  {'spread':15} {'target':14} met"
    print(head + "\n" + "-" * len(head))
    for line in lines:
        spread = f"{line.spread[0]:.3g} - {line.spread[1]:.3g}"
        met = ("yes" if line.met else "NO") if line.correct else "WRONG RESULT"
        print(f"{line.row:>3}  {line.name[:44]:44} {line.ours:>12,.4g} {line.beside:>12,.4g} {line.unit:10} {line.ratio:>8.3g}  {spread:15} {line.target:14} {met}")
        if line.note:
            print(f"     {line.note}")


if __name__ == "__main__":
    sys.exit(main())
