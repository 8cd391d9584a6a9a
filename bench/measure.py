"""What does a row of the scoreboard say, and how are two sides measured alike? It measures nothing by itself.

Both sides run in one process tree, one after the other, over and over; the ratio is the median over those pairs,
so that a machine that slows down slows both.
"""

from __future__ import annotations

import cProfile
import pstats
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
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
        return told | {name: round(told[name], 6) for name in ("ours", "beside", "ratio")} | {"spread": [round(one, 4) for one in self.spread]}

    def with_note(self, note: str) -> Line:
        """The same with another note."""
        return replace(self, note=note)

    def of_medians(self, most: float) -> Line:
        """The same with the quotient of the two medians for its ratio, which may be `most` at most."""
        ratio = self.ours / self.beside
        return replace(self, ratio=ratio, met=self.correct and ratio <= most)


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


def profiled(act: Callable[[], Any], top: int = 4) -> str:
    """Where the time of one act goes: the functions with most time of their own, as shares of all of it."""
    profile = cProfile.Profile()
    profile.runcall(act)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in stats.values()) or 1.0
    most = sorted(stats.items(), key=lambda item: -item[1][2])[:top]
    return ", ".join(f"{own / whole:.0%} {_named(*where)}" for where, (_, _, own, _, _) in most)


def _named(file: str, line: int, function: str) -> str:
    return function.strip("<>") if file == "~" else f"{Path(file).stem}.{function}"


def told(name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, correct: bool, note: str = "") -> Line:
    """A line without a target, such as a case where the other side wins."""
    return _line(name, row, ours, beside, unit, "none, told", lambda _: True, correct, note)


def at_least(name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, target: float, correct: bool, note: str = "") -> Line:
    """A line where more is better: ours must be at least `target` times the other side."""
    return _line(name, row, ours, beside, unit, f"at least {target:g}", lambda ratio: ratio >= target, correct, note)


def at_most(name: str, row: int, ours: Sequence[float], beside: Sequence[float], unit: str, target: float, correct: bool, note: str = "") -> Line:
    """A line where less is better: ours must be at most `target` times the other side."""
    return _line(name, row, ours, beside, unit, f"at most {target:g}", lambda ratio: ratio <= target, correct, note)


def _line(
    name: str,
    row: int,
    ours: Sequence[float],
    beside: Sequence[float],
    unit: str,
    target: str,
    met: Callable[[float], bool],
    correct: bool,
    note: str,
) -> Line:
    ratios = [one / other for one, other in zip(ours, beside, strict=True)]
    ratio = statistics.median(ratios)
    spread = (min(ratios), max(ratios))
    # A wrong result does not count, however fast.
    return Line(row, name, statistics.median(ours), statistics.median(beside), unit, ratio, spread, target, correct and met(ratio), correct, note)
