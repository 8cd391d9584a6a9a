"""What does a row of the scoreboard say, and how are two sides measured alike? It measures nothing by itself.

Both sides run in one process tree, one after the other, over and over; the ratio is the median over those pairs,
so that a machine that slows down slows both.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the scoreboard. `ratio` is ours to the other side's; `spread` its least and greatest over the repeats."""

    row: int
    name: str
    ours: float
    beside: float
    unit: str
    ratio: float
    spread: tuple[float, float]
    target: str
    met: bool
    correct: bool
    note: str = ""  # for people: durability of both sides, and why a target is missed

    def as_json(self) -> dict[str, Any]:
        """As it stands in scoreboard.json."""
        told = asdict(self)
        del told["note"]
        return told | {name: round(told[name], 4) for name in ("ours", "beside", "ratio")} | {"spread": [round(one, 4) for one in self.spread]}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `full` takes the largest sizes of the scoreboard."""

    repeats: int = 5
    full: bool = False


def seconds(act: Callable[[], Any]) -> float:
    """How long one act takes."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def at_least(name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, target: float, correct: bool, note: str = "") -> Line:
    """A line where more is better: ours must be at least `target` times the other side."""
    return _line(name, row, ours, beside, unit, f"at least {target:g}", lambda ratio: ratio >= target, correct, note)


def at_most(name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, target: float, correct: bool, note: str = "") -> Line:
    """A line where less is better: ours must be at most `target` times the other side."""
    return _line(name, row, ours, beside, unit, f"at most {target:g}", lambda ratio: ratio <= target, correct, note)


def _line(
    name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, target: str, met: Callable[[float], bool], correct: bool, note: str
) -> Line:
    ratios = [one / other for one, other in zip(ours, beside, strict=True)]
    ratio = statistics.median(ratios)
    spread = (min(ratios), max(ratios))
    # A wrong result does not count, however fast.
    return Line(row, name, statistics.median(ours), statistics.median(beside), unit, ratio, spread, target, correct and met(ratio), correct, note)
