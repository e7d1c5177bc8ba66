"""One page of a rendition to a `Page`: its text layer where that is sound, otherwise recognised from its image.

Guarantees: a page's boxes are fractions of the page as a person sees it. A scan's own image is read rather than a
rendering of it (ten times faster, and no resampling). A text layer is not believed when its characters are no text,
when much of the ink lies outside it, or when it lies over a full-page image, where it is somebody else's reading.
Runs inside the sandbox child only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import pypdfium2
from pypdfium2 import raw

from gateway.domain.transcript import Box, Line, Page, Source
from ocr.detector import Gray, Rect
from ocr.order import reading_order
from ocr.prepare import DPI, SourceKind, kind_of
from ocr.recognise import missed_ink, recognise, tidy

_SANE = 0.92  # share of characters that a Korean office's texts use
_COVERED = 0.35  # more ink than this outside the text layer: it is not the page's text
_LARGE_IMAGE = 0.05  # share of the page
_FULL_IMAGE = 0.8
_MOST_PIXELS = 5200
_MOST_CHARACTERS = 40_000
_BREAKS, _HYPHEN = frozenset({0x0A, 0x0D}), 0xFFFE

Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PageReading:
    """A page and what the rendition needs of it.

    Attributes:
        page: what was read.
        turns: quarter turns counter-clockwise that set it upright.
        layer: whether the rendition should get an invisible text layer from it.
    """

    page: Page
    turns: int = 0
    layer: bool = False


@dataclass(frozen=True, slots=True)
class _PageImage:
    """The page's pixels as seen, its dots an inch, and where on the page (fractions) they lie."""

    gray: Gray
    dpi: tuple[float, float]
    kind: SourceKind
    place: Edges


def read_page(document: Any, number: int) -> PageReading:
    """Read one page.

    Args:
        document: an open pypdfium2 document.
        number: 1-based.

    Raises:
        MissingPart: Tesseract or its model is not installed.
        Unreadable: the reading broke on this page.
    """
    page = document[number - 1]
    width, height = page.get_size()
    lines = text_layer(page)
    sane = bool(lines) and sanity("".join(line.text for line in lines)) >= _SANE
    images = _image_shares(page)
    if sane and max(images, default=0.0) < _FULL_IMAGE and (sum(images) < _LARGE_IMAGE or _covers(page, lines)):
        return PageReading(Page(0, number, width, height, Source.TEXT_LAYER, lines))
    image = _own_image(page) if not lines else None
    image = image or _rendered(page, colour=bool(images))
    found = recognise(image.gray, image.dpi, image.kind)
    if found.turns % 2:
        width, height = height, width
    place = _turned(image.place, found.turns)
    recognised = tuple(
        Line(line.text, line.confidence, _within(line.box, place) if line.box else None) for line in found.lines
    )
    source = Source.NONE if found.blank else Source.OCR
    result = Page(0, number, width, height, source, recognised, found.blank, round(found.missed_ink, 4))
    return PageReading(result, found.turns, layer=bool(recognised) and not sane)


def sanity(text: str) -> float:
    """Share (0-1) of characters that Korean documents are written with; broken encodings give few."""
    letters = [ch for ch in text if not ch.isspace()]
    if not letters:
        return 0.0
    return sum(_usual(ch) for ch in letters) / len(letters)


def _usual(ch: str) -> bool:
    code = ord(ch)
    if 0xAC00 <= code <= 0xD7A3 or 0x21 <= code <= 0x7E or 0x3131 <= code <= 0x318E:  # noqa: PLR2004 - Hangul, ASCII
        return True
    if 0x4E00 <= code <= 0x9FFF or 0x2010 <= code <= 0x33FF or 0xFF00 <= code <= 0xFFEF:  # noqa: PLR2004 - Hanja, signs
        return True
    return unicodedata.category(ch) in {"Po", "Ps", "Pe", "Pd", "Pi", "Pf", "So", "Sm", "Sc", "No"} or ch in "·°±×÷ãé"


def text_layer(page: Any) -> tuple[Line, ...]:
    """The lines of a page's text layer in reading order, boxes relative to the page as seen."""
    layer = page.get_textpage()
    rotation, size = page.get_rotation(), _unrotated(page)
    lines: dict[Box, Line] = {}
    for start, count, text in _layer_lines(layer):
        rects = [layer.get_rect(k) for k in range(layer.count_rects(start, count))]
        words = tidy(re.sub(r"\s+", " ", text).strip())
        if not rects or not words:
            continue
        whole = (
            min(r[0] for r in rects), min(r[1] for r in rects), max(r[2] for r in rects), max(r[3] for r in rects),
        )  # fmt: skip
        box = Box(*_shown(whole, size, rotation))
        lines[box] = Line(words, 1.0, box)
    return tuple(lines[box] for row in reading_order(list(lines), 1.0) for box in row)


def _layer_lines(layer: Any) -> Iterator[tuple[int, int, str]]:
    """PDFium's own lines (it puts blanks and breaks where the eye sees them): first character, how many, the text."""
    codes = [raw.FPDFText_GetUnicode(layer.raw, i) for i in range(min(layer.count_chars(), _MOST_CHARACTERS))]
    start = 0
    for end in range(len(codes) + 1):
        if end == len(codes) or codes[end] in _BREAKS:
            if end > start:
                yield start, end - start, "".join(_character(code) for code in codes[start:end])
            start = end + 1


def _character(code: int) -> str:
    """One character; PDFium marks a hyphen at a line's end, and halves of pairs are no text by themselves."""
    if code == _HYPHEN:
        return "-"
    return "" if code == 0 or unicodedata.category(chr(code)) == "Cs" else chr(code)


def _unrotated(page: Any) -> Edges:
    """The page's box in its own space: left, bottom, right, top."""
    left, bottom, right, top = page.get_cropbox()
    return float(left), float(bottom), float(right), float(top)


def _shown(rect: Edges, page: Edges, rotation: int) -> Edges:
    """A rectangle (left, bottom, right, top in points) as fractions of the page as seen (left, top, right, bottom)."""
    width, height = max(page[2] - page[0], 1e-6), max(page[3] - page[1], 1e-6)
    edges = (
        (rect[0] - page[0]) / width, 1 - (rect[3] - page[1]) / height,
        (rect[2] - page[0]) / width, 1 - (rect[1] - page[1]) / height,
    )  # fmt: skip
    return _turned(edges, (-rotation // 90) % 4)


def _turned(edges: Edges, turns: int) -> Edges:
    """A rectangle in fractions after quarter turns counter-clockwise, kept within the page."""
    left, top, right, bottom = (min(1.0, max(0.0, e)) for e in edges)
    for _ in range(turns % 4):
        left, top, right, bottom = top, 1 - right, bottom, 1 - left
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def _within(box: Box, place: Edges) -> Box:
    """A box relative to an image as a box relative to the page the image lies on."""
    wide, high = place[2] - place[0], place[3] - place[1]
    edges = (
        place[0] + box.left * wide, place[1] + box.top * high,
        place[0] + box.right * wide, place[1] + box.bottom * high,
    )  # fmt: skip
    return Box(*(min(1.0, max(0.0, round(e, 5))) for e in edges))


def _image_shares(page: Any) -> list[float]:
    """Share of the page that each image on it takes."""
    left, bottom, right, top = _unrotated(page)
    whole = max((right - left) * (top - bottom), 1e-6)
    shares = []
    for thing in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        a, b, c, d = thing.get_bounds()
        shares.append(abs((c - a) * (d - b)) / whole)
    return shares


def _covers(page: Any, lines: tuple[Line, ...]) -> bool:
    """Whether the text layer accounts for the page's ink."""
    image = _rendered(page, colour=False)
    height, width = image.gray.shape
    rects = [
        Rect(round(b.left * width), round(b.top * height), round(b.right * width), round(b.bottom * height))
        for b in (line.box for line in lines)
        if b is not None
    ]
    return missed_ink(image.gray, rects) <= _COVERED


def _own_image(page: Any) -> _PageImage | None:
    """The scan itself, when the page is one upright image and nothing else."""
    things = list(page.get_objects(max_depth=2))
    if len(things) != 1 or things[0].type != raw.FPDF_PAGEOBJ_IMAGE or raw.FPDFPage_GetAnnotCount(page.raw):
        return None
    a, b, c, d, _e, _f = things[0].get_matrix().get()
    if a <= 0 or d <= 0 or abs(b) > 1e-3 * a or abs(c) > 1e-3 * d:
        return None
    bitmap = things[0].get_bitmap(render=False)
    if bitmap.width > 3 * _MOST_PIXELS or bitmap.height > 3 * _MOST_PIXELS or bitmap.width * bitmap.height < 10_000:  # noqa: PLR2004 - neither posters nor dots
        return None
    pixels = np.asarray(bitmap.to_numpy())
    colour = pixels.ndim == 3 and pixels.shape[2] >= 3  # noqa: PLR2004 - height, width, channels
    gray = _gray(pixels)
    bounds = things[0].get_bounds()
    dpi = (72 * gray.shape[1] / max(a, 1e-6), 72 * gray.shape[0] / max(d, 1e-6))
    turns = (-page.get_rotation() // 90) % 4
    gray = np.ascontiguousarray(np.rot90(gray, turns))
    dpi = dpi if turns % 2 == 0 else (dpi[1], dpi[0])
    place = _shown(bounds, _unrotated(page), page.get_rotation())
    return _PageImage(gray, dpi, kind_of(gray, dpi, colour=colour, drawn=False), place)


def _rendered(page: Any, *, colour: bool) -> _PageImage:
    width, height = page.get_size()
    scale = min(DPI / 72, _MOST_PIXELS / max(width, height))
    gray = _gray(np.asarray(page.render(scale=scale, grayscale=True).to_numpy()))
    dpi = (scale * 72, scale * 72)
    kind = kind_of(gray, dpi, colour=colour, drawn=not colour)
    return _PageImage(gray, dpi, kind, (0.0, 0.0, 1.0, 1.0))


def _gray(pixels: np.ndarray[Any, Any]) -> Gray:
    if pixels.ndim == 2:  # noqa: PLR2004 - height and width
        return np.ascontiguousarray(pixels, np.uint8)
    if pixels.shape[2] == 1:
        return np.ascontiguousarray(pixels[:, :, 0], np.uint8)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(pixels[:, :, :3]), cv2.COLOR_BGR2GRAY), np.uint8)


def open_document(path: str) -> Any:
    """An open document; use as a context manager."""
    return pypdfium2.PdfDocument(path)
