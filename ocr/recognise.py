"""From a page image to its lines of text: find the lines first, then read them one by one.

Guarantees: lines in reading order with boxes in fractions of the upright page and a confidence each; how far the page
had to be turned; the share of ink that no line covers, because a lost line leaves no other trace. Tesseract reads
Korean lines well and Korean pages badly (its own page segmentation loses most of a clean page: 54 % of characters wrong
against 2 % line by line, on twelve invented documents), hence this order of work. Fails as `ocr.tesseract` does.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gateway.domain.transcript import Box, Line
from ocr.detector import Gray, Rect, find_lines
from ocr.marks import find_marks, split_at_marks
from ocr.order import reading_order
from ocr.prepare import Prepared, SourceKind, prepare
from ocr.tesseract import RAW_LINE, SINGLE_LINE, Reading, read_lines
from ocr.values import masked

_WEAK = 0.80  # a line read with less is read again in another way
_DOUBTFUL_PAGE = 0.70  # a page read with less may stand on its head
_SAMPLE = 8
_PAD, _BORDER = 2, 10
_LEAST_INK = 0.0002  # share of the page; less is dust
_MOST_LINES = 600
_LOOKALIKES = str.maketrans(
    {"ᆞ": "·", "ㆍ": "·", "』": "」", "『": "「", "｜": "|", "“": '"', "”": '"', "’": "'", "‘": "'"}
)
_LETTER_SIDES, _STROKE, _BLOCK = (20, 110), 4, 0.8  # pixels at 300 dpi: 2 to 9 mm, no thin rules
_LETTER = re.compile(r"[0-9A-Za-z가-힣]")
_EDGE_RULES = re.compile(r"^[|~_\s]+|[|~_\s]+$")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was read from one page image.

    Attributes:
        lines: in reading order, boxes relative to the upright page.
        turns: quarter turns counter-clockwise that set the page upright, 0-3.
        missed_ink: share (0-1) of letter-like ink outside all lines.
        blank: there was nothing to read.
    """

    lines: tuple[Line, ...] = ()
    turns: int = 0
    missed_ink: float = 0.0
    blank: bool = False


def recognise(gray: Gray, dpi: tuple[float, float], kind: SourceKind) -> Recognised:
    """Read a page image.

    Args:
        gray: the page as it came (H, W).
        dpi: dots an inch across and down.
        kind: what made the image.

    Raises:
        MissingPart: Tesseract or its model is not installed.
        Unreadable: Tesseract broke on this page.
    """
    page = prepare(gray, dpi, kind)
    if _ink_share(page.gray) < _LEAST_INK:
        return Recognised(blank=True)
    rects = find_lines(page.gray)[:_MOST_LINES]
    turns = 0
    if _lying(rects):
        turns = 1
        gray, dpi = np.ascontiguousarray(np.rot90(gray)), (dpi[1], dpi[0])
        page = prepare(gray, dpi, kind)
        rects = find_lines(page.gray)[:_MOST_LINES]
    lines = _read(page, rects) if not turns else []
    if (turns or _mean(lines) < _DOUBTFUL_PAGE) and _on_its_head(page.gray, rects):
        turns += 2
        gray = np.ascontiguousarray(np.rot90(gray, 2))
        page = prepare(gray, dpi, kind)
        rects = find_lines(page.gray)[:_MOST_LINES]
        lines = []
    return Recognised(
        lines=tuple(lines or _read(page, rects)),
        turns=turns,
        missed_ink=missed_ink(page.gray, rects),
    )


def tidy(text: str) -> str:
    """Text with look-alikes set right, remains of ruled lines taken off its ends, and personal numbers masked."""
    return masked(_EDGE_RULES.sub("", unicodedata.normalize("NFC", text).translate(_LOOKALIKES)))


def missed_ink(gray: Gray, rects: Sequence[Rect]) -> float:
    """Share (0-1) of letter-sized ink that lies outside all line boxes.

    Args:
        gray: page image (H, W) at 300 dpi.
        rects: the lines found.
    """
    level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)
    ink = (gray <= min(level, 190)).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    width, height, area = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT], stats[:, cv2.CC_STAT_AREA]
    longer, shorter = np.maximum(width, height), np.minimum(width, height)
    least, most = _LETTER_SIDES
    letters = (longer >= least) & (longer <= most) & (shorter >= _STROKE) & (area > _STROKE**2)
    letters &= area < _BLOCK * width * height + _STROKE * most  # no filled blocks
    letters[0] = False
    total = int(area[letters].sum())
    if not total:
        return 0.0
    outside = np.ones(gray.shape, bool)
    for rect in rects:
        outside[max(0, rect.top - 6) : rect.bottom + 6, max(0, rect.left - 6) : rect.right + 6] = False
    return float(np.count_nonzero(letters[labels] & outside) / total)


def _ink_share(gray: Gray) -> float:
    """Share of clearly dark pixels, a margin of the page left out."""
    height, width = gray.shape
    inner = gray[height // 50 : height - height // 50, width // 50 : width - width // 50]
    ground = float(np.median(inner))
    soft = cv2.medianBlur(np.ascontiguousarray(inner), 3)
    return float(np.mean(soft < ground - 60))


def _lying(rects: Sequence[Rect]) -> bool:
    long = [r for r in rects if max(r.width, r.height) > 60]  # noqa: PLR2004 - shorter boxes tell nothing
    return bool(long) and sum(r.height > 1.2 * r.width for r in long) > len(long) / 2


def _on_its_head(gray: Gray, rects: Sequence[Rect]) -> bool:
    """Whether the longest lines read better upside down."""
    longest = sorted(rects, key=lambda r: -r.width)[:_SAMPLE]
    if not longest:
        return False
    crops = [_crop(gray, rect) for rect in longest]
    turned = [np.ascontiguousarray(np.rot90(crop, 2)) for crop in crops]
    readings = read_lines([*crops, *turned])
    upright, reverse = readings[: len(crops)], readings[len(crops) :]
    return sum(r.confidence for r in reverse) > sum(r.confidence for r in upright)


def _mean(lines: Sequence[Line]) -> float:
    weight = sum(len(line.text) for line in lines)
    return sum(line.confidence * len(line.text) for line in lines) / weight if weight else 0.0


def _read(page: Prepared, rects: Sequence[Rect]) -> list[Line]:
    marks = find_marks(page.gray)
    signs = dict(split_at_marks(list(rects), marks))
    ordered = [rect for row in reading_order(list(signs), page.gray.shape[1]) for rect in row]
    lines: list[Line] = []
    for rect, reading in zip(ordered, _read_twice(page.gray, ordered), strict=True):
        text = tidy(reading.text)
        if signs[rect]:
            text = f"{signs[rect]} {text}".strip()
        if text and (_LETTER.search(text) or signs[rect]):
            lines.append(Line(text, round(reading.confidence, 3), Box(*page.box(rect))))
    return lines


def _read_twice(gray: Gray, rects: Sequence[Rect]) -> list[Reading]:
    """Each line's better reading: as it is, and for the weak ones again as a framed single line."""
    readings = read_lines([_crop(gray, rect) for rect in rects], mode=RAW_LINE)
    weak = [number for number, reading in enumerate(readings) if reading.confidence < _WEAK]
    framed = [_framed(_crop(gray, rects[number])) for number in weak]
    for number, again in zip(weak, read_lines(framed, mode=SINGLE_LINE), strict=True):
        if again.confidence > readings[number].confidence:
            readings[number] = again
    return readings


def _crop(gray: Gray, rect: Rect) -> Gray:
    return gray[max(0, rect.top - _PAD) : rect.bottom + _PAD, max(0, rect.left - _PAD) : rect.right + _PAD]


def _framed(crop: Gray) -> Gray:
    ground = int(np.percentile(crop, 90))
    return np.asarray(
        cv2.copyMakeBorder(crop, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_CONSTANT, value=(ground,)), np.uint8
    )
