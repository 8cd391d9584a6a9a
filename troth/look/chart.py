"""How is a row of days (or hours) drawn? Columns, one panel a series over one time axis, as plain numbers for an SVG.

Each series has its own scale and its own panel: two scales in one panel would suggest what is not there.
Drawn twice, for wide and for narrow screens, so that letters stay readable; no script is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_LEFT, _RIGHT, _AXIS, _LABEL = 34, 4, 22, 30


@dataclass(frozen=True, slots=True)
class Slot:
    """One place on the axis: `label` stands below it, where there is room; `told` says it in full."""

    label: str
    told: str


@dataclass(frozen=True, slots=True)
class Series:
    """Counts per slot. `colour` names a fill of the stylesheet; `weight` is the panel's share of the height."""

    label: str
    colour: str
    counts: Sequence[int]
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Column:
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across the panel, with its number at the left."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Panel:
    label: str
    colour: str
    label_y: float
    base: float
    rules: tuple[Rule, ...]
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """The strip of one slot, with what a pointer resting on it is told."""

    x: float
    width: float
    told: str


@dataclass(frozen=True, slots=True)
class Drawing:
    width: int
    height: int
    left: int
    right: int
    panels: tuple[Panel, ...]
    ticks: tuple[Tick, ...]
    hits: tuple[Hit, ...]


def columns(slots: Sequence[Slot], series: Sequence[Series]) -> tuple[Drawing, Drawing]:
    """The drawing for wide screens and the one for narrow ones; every series has one count a slot."""
    more = 84 * (len(series) - 1)
    return _draw(slots, series, 860, 186 + more), _draw(slots, series, 350, 190 + more)


def day_slots(days: Sequence[date]) -> list[Slot]:
    """A slot for each day."""
    return [Slot(f"{day.day} {day:%b}", f"{day:%A} {day.day} {day:%B}") for day in days]


def hour_slots() -> list[Slot]:
    """A slot for each hour of a day."""
    return [Slot(f"{hour}:00", f"{hour}:00 to {hour + 1}:00") for hour in range(24)]


def _draw(slots: Sequence[Slot], series: Sequence[Series], width: int, height: int) -> Drawing:
    wide = (width - _LEFT - _RIGHT) / max(len(slots), 1)
    free = height - _AXIS - _LABEL * len(series)
    whole = sum(one.weight for one in series)
    panels, top = [], 0.0
    for one in series:
        tall = free * one.weight / whole
        panels.append(_panel(one, top + _LABEL, tall, wide))
        top += _LABEL + tall
    hits = tuple(Hit(round(_LEFT + wide * n, 2), round(wide, 2), _told(slot, n, series)) for n, slot in enumerate(slots))
    return Drawing(width, height, _LEFT, width - _RIGHT, tuple(panels), tuple(_ticks(slots, wide)), hits)


def _panel(series: Series, top: float, tall: float, wide: float) -> Panel:
    highest, steps = scale(max(series.counts, default=0), 3 if tall > 80 else 2)
    thick = min(max(wide * 0.72, 1.0), 30.0)
    columns = []
    for n, count in enumerate(series.counts):
        high = tall * count / highest
        columns.append(Column(round(_LEFT + wide * n + (wide - thick) / 2, 2), round(top + tall - high, 2), round(thick, 2), round(high, 2)))
    rules = tuple(Rule(round(top + tall - tall * step / highest, 2), f"{step:,}".replace(",", "\u202f")) for step in steps)
    return Panel(series.label, series.colour, round(top - 16, 2), round(top + tall, 2), rules, tuple(columns))


def scale(highest: int, most: int) -> tuple[int, tuple[int, ...]]:
    """The top of a scale that holds `highest`, and at most `most` round numbers on it, the top among them."""
    if highest <= 0:
        return 1, ()
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * most >= highest:
                count = -(-highest // step)
                return step * count, tuple(step * n for n in range(1, count + 1))
        size *= 10


def _ticks(slots: Sequence[Slot], wide: float) -> list[Tick]:
    """Labels below, far enough apart to be read, the last one always among them."""
    apart = max(1, round(62 / wide + 0.499))
    found = []
    for n in range(len(slots) - 1, -1, -apart):
        x = _LEFT + wide * (n + 0.5)
        if x - 22 >= _LEFT - 14:
            found.append(Tick(round(x, 2), slots[n].label))
    return found[::-1]


def _told(slot: Slot, n: int, series: Sequence[Series]) -> str:
    return f"{slot.told}: " + ", ".join(f"{one.counts[n]} {one.label.lower()}" for one in series)
