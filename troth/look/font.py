"""What does a letter look like on paper, and how wide is it? A TrueType font read for printing, and cut down to what is used.

It lays nothing out (`paper`). Only what a PDF needs of a font is read: the map from characters to glyphs, their widths,
their outlines.
Source: OpenType 1.9 (cmap formats 4 and 12, glyf, loca, hmtx); ISO 32000-1 9.7.4, 9.9.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from troth.base.errors import Fault

_FOLDER = Path(__file__).parent / "fonts"
_KEPT = (b"cvt ", b"fpgm", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"prep")  # what a printer of glyphs needs
_WORDS, _MORE, _SCALE, _SCALES, _MATRIX = 0x01, 0x20, 0x08, 0x40, 0x80  # flags of a glyph made of others


@dataclass(frozen=True, slots=True)
class Font:
    """A font by its tables. Lengths are thousandths of the size it is set in."""

    name: str
    tables: Mapping[bytes, bytes]
    glyphs: Mapping[int, int]  # by code point
    units: int
    widths: tuple[int, ...]
    offsets: tuple[int, ...]

    def glyph(self, letter: str) -> int:
        """The glyph of a letter. Raises `Fault` for one the font has not."""
        found = self.glyphs.get(ord(letter))
        if found is None:
            raise Fault("letter-not-in-font", f"the font for PDF has no letter U+{ord(letter):04X}", "print it as HTML instead", status=422)
        return found

    def width(self, text: str) -> float:
        return sum(self.widths[self.glyph(letter)] for letter in text) * 1000 / self.units

    def measure(self, name: bytes, at: int) -> int:
        """A signed measure of a table, in thousandths."""
        return round(int(struct.unpack_from(">h", self.tables[name], at)[0]) * 1000 / self.units)

    def cut(self, used: Iterable[int]) -> bytes:
        """The font with the outlines of these glyphs alone; every glyph keeps its number."""
        kept = self._with_parts({0, *used})
        glyf, loca = bytearray(), [0]
        for glyph in range(len(self.offsets) - 1):
            glyf += self._outline(glyph) if glyph in kept else b""
            glyf += b"\0" * (-len(glyf) % 4)
            loca.append(len(glyf))
        head = bytearray(self.tables[b"head"])
        struct.pack_into(">h", head, 50, 1)  # long offsets
        cut = {b"glyf": bytes(glyf), b"loca": struct.pack(f">{len(loca)}I", *loca), b"head": bytes(head)}
        return _file({name: cut.get(name, self.tables[name]) for name in _KEPT if name in self.tables})

    def _outline(self, glyph: int) -> bytes:
        return self.tables[b"glyf"][self.offsets[glyph]:self.offsets[glyph + 1]]

    def _with_parts(self, used: set[int]) -> set[int]:
        """The glyphs, and those they are made of."""
        found, waiting = set(used), list(used)
        while waiting:
            for part in _parts(self._outline(waiting.pop())):
                if part not in found:
                    found.add(part)
                    waiting.append(part)
        return found


def _parts(outline: bytes) -> list[int]:
    if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
        return []
    parts, at, flags = [], 10, _MORE
    while flags & _MORE:
        flags, part = struct.unpack_from(">HH", outline, at)
        parts.append(part)
        at += 4 + (4 if flags & _WORDS else 2) + (2 if flags & _SCALE else 4 if flags & _SCALES else 8 if flags & _MATRIX else 0)
    return parts


@lru_cache(maxsize=4)
def read(name: str) -> Font:
    """One of the fonts beside this file."""
    data = (_FOLDER / f"{name}.ttf").read_bytes()
    count = struct.unpack_from(">H", data, 4)[0]
    tables = {}
    for index in range(count):
        tag, _, offset, length = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        tables[tag] = data[offset:offset + length]
    units, long = struct.unpack_from(">H", tables[b"head"], 18)[0], struct.unpack_from(">h", tables[b"head"], 50)[0]
    glyphs = struct.unpack_from(">H", tables[b"maxp"], 4)[0]
    loca = tables[b"loca"]
    offsets = struct.unpack_from(f">{glyphs + 1}I", loca) if long else tuple(2 * each for each in struct.unpack_from(f">{glyphs + 1}H", loca))
    return Font(name, tables, _mapped(tables[b"cmap"]), units, _widths(tables, glyphs), offsets)


def _widths(tables: Mapping[bytes, bytes], glyphs: int) -> tuple[int, ...]:
    """The last width of the table holds for every glyph after it."""
    count = struct.unpack_from(">H", tables[b"hhea"], 34)[0]
    found = [struct.unpack_from(">H", tables[b"hmtx"], 4 * index)[0] for index in range(count)]
    return tuple(found + [found[-1]] * (glyphs - count))


def _mapped(cmap: bytes) -> dict[int, int]:
    """Every code point the font has, from its widest Unicode table."""
    found: dict[int, int] = {}
    for index in range(struct.unpack_from(">H", cmap, 2)[0]):
        platform, _, at = struct.unpack_from(">HHI", cmap, 4 + 8 * index)
        form = struct.unpack_from(">H", cmap, at)[0]
        if platform in (0, 3) and form == 4:
            found |= _form_four(cmap, at)
        if platform in (0, 3) and form == 12:
            found |= _form_twelve(cmap, at)
    return found


def _form_four(cmap: bytes, at: int) -> dict[int, int]:
    count = struct.unpack_from(">H", cmap, at + 6)[0] // 2
    rows = [struct.unpack_from(f">{count}H", cmap, at + 14 + 2 * count * row + (2 if row else 0)) for row in range(4)]
    ends, starts, deltas, ranges = rows
    found = {}
    for index in range(count):
        for code in range(starts[index], min(ends[index], 0xFFFE) + 1):
            glyph = code
            if ranges[index]:
                place = at + 16 + 6 * count + 2 * index + ranges[index] + 2 * (code - starts[index])
                glyph = struct.unpack_from(">H", cmap, place)[0]
            if glyph or not ranges[index]:
                found[code] = (glyph + deltas[index]) & 0xFFFF
    return {code: glyph for code, glyph in found.items() if glyph}


def _form_twelve(cmap: bytes, at: int) -> dict[int, int]:
    groups = struct.unpack_from(">I", cmap, at + 12)[0]
    spans = (struct.unpack_from(">III", cmap, at + 16 + 12 * index) for index in range(groups))
    return {code: glyph + code - start for start, end, glyph in spans for code in range(start, end + 1)}


def _file(tables: Mapping[bytes, bytes]) -> bytes:
    """The tables as a font file."""
    power = len(tables).bit_length() - 1
    head = struct.pack(">IHHHH", 0x00010000, len(tables), 16 << power, power, 16 * len(tables) - (16 << power))
    at, entries, bodies = 12 + 16 * len(tables), b"", b""
    for tag in sorted(tables):
        body = tables[tag] + b"\0" * (-len(tables[tag]) % 4)
        total = sum(struct.unpack(f">{len(body) // 4}I", body)) & 0xFFFFFFFF
        entries += struct.pack(">4sIII", tag, total, at + len(bodies), len(tables[tag]))
        bodies += body
    return head + entries + bodies
