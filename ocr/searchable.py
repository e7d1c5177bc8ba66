"""An invisible text layer over a scan, a line at a time, so that the rendition can be searched and copied.

Guarantees: the page's own streams are kept byte for byte; a page set upright is turned by its /Rotate entry only. The
layer is ours because Tesseract's own splits Korean into single syllables, so that words are not found (measured: one of
four probe words against four of four). Source: ISO 32000-1 §9.3.6 (text rendering mode 3), §9.7.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DictionaryObject,
    IndirectObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

from gateway.domain.transcript import Line
from ocr.glyphless import ADVANCE, UNITS, font_bytes

_FONT = "/GwSearch"
_TO_UNICODE = b"""/CIDInit /ProcSet findresource begin 12 dict begin begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def /CMapType 2 def
1 begincodespacerange <0000> <FFFF> endcodespacerange
1 beginbfrange <0000> <FFFF> <0000> endbfrange
endcmap CMapName currentdict /CMap defineresource pop end end"""
# per final /Rotate: direction of the shown page's x axis and y axis in the page's own space
_AXES = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}


def add_layer(source: Path, target: Path, lines: Mapping[int, tuple[Line, ...]], turns: Mapping[int, int]) -> None:
    """Write a copy of a PDF with invisible text and pages set upright.

    Args:
        source: the PDF.
        target: where to write.
        lines: text by page number (1-based), with boxes relative to the upright page.
        turns: quarter turns counter-clockwise that set a page upright, by page number.

    Raises:
        pypdf.errors.PyPdfError: the PDF cannot be taken apart.
    """
    reader = PdfReader(source, strict=False)
    if reader.is_encrypted:
        reader.decrypt("")  # opens without a password, only restricts
    writer = PdfWriter(clone_from=reader)
    font = _add_font(writer)
    for number, page in enumerate(writer.pages, start=1):
        turned = (page.rotation - 90 * turns.get(number, 0)) % 360
        if turned != page.rotation % 360:
            page[NameObject("/Rotate")] = NumberObject(turned)
        if lines.get(number):
            box = page.cropbox
            place = (float(box.left), float(box.bottom), float(box.width), float(box.height))
            _append(writer, page, font, _layer(lines[number], place, turned))
    writer.write(target)


def _layer(lines: tuple[Line, ...], place: tuple[float, float, float, float], rotation: int) -> bytes:
    """The content stream of one page's invisible text."""
    left, bottom, width, height = place
    shown_width, shown_height = (height, width) if rotation in {90, 270} else (width, height)
    a, b, c, d = _AXES[rotation]
    # the shown page's origin in the page's own space
    origin = {0: (0.0, 0.0), 90: (width, 0.0), 180: (width, height), 270: (0.0, height)}[rotation]
    parts = ["Q q BT 3 Tr"]
    for line in lines:
        text = "".join(ch for ch in line.text if ord(ch) <= 0xFFFF).strip()  # noqa: PLR2004 - the font's two-byte codes
        if not text or line.box is None:
            continue
        high = (line.box.bottom - line.box.top) * shown_height
        wide = (line.box.right - line.box.left) * shown_width
        size = max(1.0, 0.85 * high)
        stretch = 100 * wide / (len(text) * ADVANCE / UNITS * size)
        x, y = line.box.left * shown_width, (1 - line.box.bottom) * shown_height + 0.15 * high
        at = (left + origin[0] + a * x + c * y, bottom + origin[1] + b * x + d * y)
        parts.append(
            f"{_FONT} {size:.2f} Tf {stretch:.2f} Tz {a} {b} {c} {d} {at[0]:.2f} {at[1]:.2f} Tm "
            f"<{text.encode('utf-16-be').hex()}> Tj"
        )
    return "\n".join([*parts, "ET Q"]).encode("ascii")


def _append(writer: PdfWriter, page: DictionaryObject, font: IndirectObject, layer: bytes) -> None:
    """Put the layer after the page's own content, whose graphics state is closed off first."""
    before = page.get("/Contents")
    own = before.get_object() if before is not None else None
    streams = list(own) if isinstance(own, ArrayObject) else [page.raw_get("/Contents")] if own is not None else []
    page[NameObject("/Contents")] = ArrayObject([
        writer._add_object(_stream(b"q")),  # noqa: SLF001 - pypdf's way to add an indirect object
        *streams,
        writer._add_object(_stream(layer).flate_encode()),  # noqa: SLF001 - as above
    ])  # fmt: skip
    # resources may be shared between pages: this page gets its own copy of the two dictionaries that change
    resources = DictionaryObject(_dictionary(page, "/Resources"))
    fonts = DictionaryObject(_dictionary(resources, "/Font"))
    fonts[NameObject(_FONT)] = font
    resources[NameObject("/Font")] = fonts
    page[NameObject("/Resources")] = resources


def _dictionary(parent: DictionaryObject, key: str) -> DictionaryObject:
    found = parent.get(key)
    value = found.get_object() if found is not None else None
    return value if isinstance(value, DictionaryObject) else DictionaryObject()


def _stream(content: bytes) -> StreamObject:
    stream = StreamObject()
    stream.set_data(content)
    return stream


def _add_font(writer: PdfWriter) -> IndirectObject:
    add = writer._add_object  # noqa: SLF001 - pypdf's way to add an indirect object
    name, numbers = NameObject("/GlyphLess"), [NumberObject(n) for n in (0, 0, ADVANCE, UNITS)]
    file = _stream(font_bytes()).flate_encode()
    file[NameObject("/Length1")] = NumberObject(len(font_bytes()))
    descriptor = {
        "/Type": NameObject("/FontDescriptor"), "/FontName": name, "/Flags": NumberObject(5),
        "/FontBBox": ArrayObject(numbers), "/ItalicAngle": NumberObject(0), "/Ascent": NumberObject(UNITS),
        "/Descent": NumberObject(-1), "/CapHeight": NumberObject(UNITS), "/StemV": NumberObject(80),
        "/FontFile2": add(file),
    }  # fmt: skip
    system = {
        "/Registry": TextStringObject("Adobe"), "/Ordering": TextStringObject("Identity"),
        "/Supplement": NumberObject(0),
    }  # fmt: skip
    descendant = {
        "/Type": NameObject("/Font"), "/Subtype": NameObject("/CIDFontType2"), "/BaseFont": name,
        "/CIDSystemInfo": _dict(system), "/FontDescriptor": add(_dict(descriptor)), "/DW": NumberObject(ADVANCE),
        "/CIDToGIDMap": add(_stream(b"\0\1" * 65536).flate_encode()),
    }  # fmt: skip
    return add(_dict({
        "/Type": NameObject("/Font"), "/Subtype": NameObject("/Type0"), "/BaseFont": name,
        "/Encoding": NameObject("/Identity-H"), "/DescendantFonts": ArrayObject([add(_dict(descendant))]),
        "/ToUnicode": add(_stream(_TO_UNICODE).flate_encode()),
    }))  # fmt: skip


def _dict(entries: Mapping[str, object]) -> DictionaryObject:
    return DictionaryObject({NameObject(key): value for key, value in entries.items()})
