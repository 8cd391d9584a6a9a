"""What is each line of a PDF to a reader? Sheets of paper, the tree of what stands on them, and how both are written.

It places what it is given and breaks no line (`paper`).
Source: ISO 32000-1 7.11 (fonts), 9.7 (composite fonts), 14.6-14.8 (marked content, structure, standard types).
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

import pydyf

from troth.look import font

_RULE, _STRONG = 0.35, 0.8  # how thick the lines of tables are


@dataclass(frozen=True, slots=True)
class Style:
    """A font's name, its size and the height of a line, in points."""

    font: str
    size: float
    leading: float


@dataclass(slots=True)
class Element:
    """One part of the tree. `marks` are what belongs to it: (sheet, mark on that sheet), or an element, or a link's box."""

    tag: str
    object: pydyf.Dictionary
    marks: list[tuple[int, int] | Element | pydyf.Dictionary] = field(default_factory=list)


@dataclass(slots=True)
class _Sheet:
    stream: pydyf.Stream
    marked: list[Element] = field(default_factory=list)
    boxes: list[pydyf.Dictionary] = field(default_factory=list)


class Sheets:
    """A document while it is made."""

    def __init__(self, wide: float, high: float) -> None:
        self._pdf = pydyf.PDF()
        self._wide, self._high = wide, high
        self._sheets: list[_Sheet] = []
        self._fonts: dict[str, tuple[str, set[str]]] = {}  # by the font's name: its name in the file and the letters used
        self._elements: list[Element] = []
        self._linked: list[Element] = []
        self.root = self._made("Document", "")

    @property
    def count(self) -> int:
        return len(self._sheets)

    def turn(self) -> None:
        """A new sheet."""
        self._sheets.append(_Sheet(pydyf.Stream(compress=True)))

    def element(self, tag: str, under: Element, language: str = "") -> Element:
        made = self._made(tag, language)
        under.marks.append(made)
        made.object["P"] = under.object.reference
        return made

    def _made(self, tag: str, language: str) -> Element:
        made = Element(tag, pydyf.Dictionary({"Type": "/StructElem", "S": f"/{tag}"}))
        if language:
            made.object["Lang"] = pydyf.String(language)
        self._pdf.add_object(made.object)
        self._elements.append(made)
        return made

    def scope(self, element: Element, scope: str) -> None:
        """What a header cell is the head of: its row or its column."""
        element.object["A"] = pydyf.Dictionary({"O": "/Table", "Scope": f"/{scope}"})

    def show(self, style: Style, line: str, element: Element | None, left: float, y: float) -> None:
        """One line of text at a place on the newest sheet; without an element it is no part of the text."""
        sheet = self._sheets[-1]
        if element is None:
            sheet.stream.begin_marked_content("Artifact")
        else:
            sheet.stream.begin_marked_content(element.tag, pydyf.Dictionary({"MCID": len(sheet.marked)}))
            element.marks.append((len(self._sheets) - 1, len(sheet.marked)))
            sheet.marked.append(element)
        self._letters(sheet.stream, style, line, left, y)
        sheet.stream.end_marked_content()

    def _letters(self, stream: pydyf.Stream, style: Style, line: str, left: float, y: float) -> None:
        name, used = self._fonts.setdefault(style.font, (f"F{len(self._fonts)}", set()))
        letters = font.read(style.font)
        used |= set(line)
        stream.begin_text()
        stream.set_font_size(name, style.size)
        stream.set_text_matrix(1, 0, 0, 1, round(left, 2), round(y, 2))
        stream.show_text(f"<{''.join(f'{letters.glyph(letter):04x}' for letter in line)}>")
        stream.end_text()

    def rule(self, left: float, y: float, room: float, strong: bool = False) -> None:
        """A thin line across, for the eye alone."""
        stream = self._sheets[-1].stream
        stream.begin_marked_content("Artifact")
        stream.set_line_width(_STRONG if strong else _RULE)
        stream.move_to(round(left, 2), round(y, 2))
        stream.line_to(round(left + room, 2), round(y, 2))
        stream.stroke()
        stream.end_marked_content()

    def open_to(self, address: str, element: Element, box: tuple[float, float, float, float], said: str) -> None:
        """A box on the newest sheet that opens an address."""
        action = pydyf.Dictionary({"S": "/URI", "URI": pydyf.String(address)})
        made = pydyf.Dictionary({
            "Type": "/Annot", "Subtype": "/Link", "Rect": pydyf.Array([round(at, 2) for at in box]), "Border": pydyf.Array([0, 0, 0]), "A": action,
            "Contents": pydyf.String(said), "F": 4})
        self._pdf.add_object(made)
        self._sheets[-1].boxes.append(made)
        element.marks.append(made)
        self._linked.append(element)

    def number(self, style: Style, y: float) -> None:
        """The number of each sheet at its foot; no part of the text."""
        for at, sheet in enumerate(self._sheets):
            text = f"{at + 1} / {len(self._sheets)}"
            wide = font.read(style.font).width(text) * style.size / 1000
            sheet.stream.begin_marked_content("Artifact")
            self._letters(sheet.stream, style, text, (self._wide - wide) / 2, y)
            sheet.stream.end_marked_content()

    def written(self, title: str, language: str) -> bytes:
        """The document as a file; nothing can be added after."""
        pages = self._pages(self._resources())
        self._tree(pages)
        catalog = self._pdf.catalog
        catalog["Lang"] = pydyf.String(language)
        catalog["MarkInfo"] = pydyf.Dictionary({"Marked": "true"})
        catalog["ViewerPreferences"] = pydyf.Dictionary({"DisplayDocTitle": "true"})
        catalog["Metadata"] = self._told(title, language).reference
        self._pdf.info["Title"] = pydyf.String(title)
        self._pdf.info["Creator"] = pydyf.String("Troth")
        out = io.BytesIO()
        self._pdf.write(out, version=b"1.7", identifier=True, compress=True)
        return out.getvalue()

    def _told(self, title: str, language: str) -> pydyf.Stream:
        """Title and language once more, as programs look for them."""
        words = (f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
                 '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
                 'xmlns:dc="http://purl.org/dc/elements/1.1/">'
                 f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{escape(title)}</rdf:li></rdf:Alt></dc:title>'
                 f"<dc:language><rdf:Bag><rdf:li>{escape(language)}</rdf:li></rdf:Bag></dc:language>"
                 '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')
        stream = pydyf.Stream([words.encode()], {"Type": "/Metadata", "Subtype": "/XML"})
        self._pdf.add_object(stream)
        return stream

    def _pages(self, resources: pydyf.Dictionary) -> list[pydyf.Dictionary]:
        pages = []
        for at, sheet in enumerate(self._sheets):
            self._pdf.add_object(sheet.stream)
            page = pydyf.Dictionary({
                "Type": "/Page", "Parent": self._pdf.pages.reference, "MediaBox": pydyf.Array([0, 0, self._wide, self._high]),
                "Contents": sheet.stream.reference, "Resources": resources.reference, "StructParents": at, "Tabs": "/S"})
            if sheet.boxes:
                page["Annots"] = pydyf.Array(b" ".join([box.reference for box in sheet.boxes]).split(b" "))
            self._pdf.add_page(page)
            pages.append(page)
        return pages

    def _tree(self, pages: list[pydyf.Dictionary]) -> None:
        """The tree of elements, and the way back from each mark and each box to its element."""
        tree = pydyf.Dictionary({"Type": "/StructTreeRoot", "K": self.root.object.reference})
        self._pdf.add_object(tree)
        self.root.object["P"] = tree.reference
        for element in self._elements:
            element.object["K"] = _listed(self._mark(mark, pages) for mark in element.marks)
        back: list[bytes] = []
        for at, sheet in enumerate(self._sheets):
            marked = _listed(one.object.reference for one in sheet.marked)
            back += [str(at).encode(), marked.data]
        linked = {id(element): element for element in self._linked}
        boxes = [(mark, element) for element in linked.values() for mark in element.marks if isinstance(mark, pydyf.Dictionary)]
        for number, (box, owner) in enumerate(boxes, len(self._sheets)):
            box["StructParent"] = number
            back += [str(number).encode(), owner.object.reference]
        parents = pydyf.Dictionary({"Nums": _listed(back)})
        self._pdf.add_object(parents)
        tree["ParentTree"], tree["ParentTreeNextKey"] = parents.reference, len(self._sheets) + len(boxes)
        self._pdf.catalog["StructTreeRoot"] = tree.reference

    def _mark(self, mark: tuple[int, int] | Element | pydyf.Dictionary, pages: list[pydyf.Dictionary]) -> bytes:
        if isinstance(mark, Element):
            return bytes(mark.object.reference)
        if isinstance(mark, pydyf.Dictionary):
            page = next(pages[at] for at, sheet in enumerate(self._sheets) if any(box is mark for box in sheet.boxes))
            return bytes(pydyf.Dictionary({"Type": "/OBJR", "Obj": mark.reference, "Pg": page.reference}).data)
        sheet, number = mark
        return bytes(pydyf.Dictionary({"Type": "/MCR", "Pg": pages[sheet].reference, "MCID": number}).data)

    def _resources(self) -> pydyf.Dictionary:
        fonts = pydyf.Dictionary({name: self._font(file, used) for file, (name, used) in self._fonts.items()})
        resources = pydyf.Dictionary({"Font": fonts})
        self._pdf.add_object(resources)
        return resources

    def _font(self, file: str, used: set[str]) -> bytes:
        """A font by glyph numbers, with the map back to letters that makes its text text."""
        letters = font.read(file)
        glyphs = {letters.glyph(letter): letter for letter in sorted(used)}
        cut = pydyf.Stream([letters.cut(glyphs)], compress=True)
        cut.extra["Length1"] = len(cut.stream[0])
        back = pydyf.Stream([_back(glyphs).encode()], compress=True)
        box = pydyf.Array([letters.measure(b"head", at) for at in (36, 38, 40, 42)])
        told = pydyf.Dictionary({
            "Type": "/FontDescriptor", "FontName": f"/TROTHA+{file}", "Flags": 4, "FontBBox": box, "ItalicAngle": 0,
            "Ascent": letters.measure(b"hhea", 4), "Descent": letters.measure(b"hhea", 6), "CapHeight": 729, "StemV": 90})
        for part in (cut, back, told):
            self._pdf.add_object(part)
        told["FontFile2"] = cut.reference
        widths = [part for glyph in sorted(glyphs) for part in (str(glyph), f"[{round(letters.widths[glyph] * 1000 / letters.units)}]")]
        system = pydyf.Dictionary({"Registry": pydyf.String("Adobe"), "Ordering": pydyf.String("Identity"), "Supplement": 0})
        inner = pydyf.Dictionary({
            "Type": "/Font", "Subtype": "/CIDFontType2", "BaseFont": f"/TROTHA+{file}", "CIDSystemInfo": system, "FontDescriptor": told.reference,
            "W": _listed(part.encode() for part in widths), "DW": 600, "CIDToGIDMap": "/Identity"})
        self._pdf.add_object(inner)
        outer = pydyf.Dictionary({
            "Type": "/Font", "Subtype": "/Type0", "BaseFont": f"/TROTHA+{file}", "Encoding": "/Identity-H",
            "DescendantFonts": _listed([inner.reference]), "ToUnicode": back.reference})
        self._pdf.add_object(outer)
        return bytes(outer.reference)


def _listed(parts: Iterable[bytes]) -> pydyf.Array:
    return pydyf.Array(list(parts))


def _back(glyphs: dict[int, str]) -> str:
    """Which letter each glyph is, a hundred at a time. Source: ISO 32000-1 9.10.3."""
    lines = [f"<{glyph:04x}> <{letter.encode('utf-16-be').hex()}>" for glyph, letter in sorted(glyphs.items())]
    blocks = [lines[at:at + 100] for at in range(0, len(lines), 100)]
    said = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return ("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapName /Troth def\n/CMapType 2 def\n"
            "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n" + said
            + "\nendcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
