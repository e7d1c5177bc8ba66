"""Tick boxes on a page image: where they are and whether someone marked them, read from the pixels.

Guarantees: a box is four straight strokes that close a square the size of a letter; it is ticked when enough ink lies
inside. OCR cannot tell these apart (it reads `ㅁ`, `口`, `[]` or nothing), pixels can. Square brackets, the other usual
form `[ ]`, come out of OCR as text. What is no tick box is left alone; whether a found square matters is decided
by the words beside it (`ocr.fields`).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.detector import Gray, Rect

TICKED, EMPTY = "☑", "☐"
_LEAST, _MOST = 22, 80  # side in pixels at 300 dpi: 1.9 to 6.8 mm
_STROKE = 17  # shortest straight stroke taken for an edge
_EDGE_COVER = 0.85
_FREE, _FREE_BEFORE = 0.22, 0.35  # of its side, must be white around it
_LINE_SHARE = 0.56  # a box is at least half as high as its line; a letter part is not
_SQUARE = (0.8, 1.25)  # a digit 0 is narrower
_INSET = 0.22
_FILLED = 0.10
_SOLID = 0.85  # filled in altogether
_RING = 0.4  # more ink than this just inside the frame: a letter, not a tick


@dataclass(frozen=True, slots=True)
class Mark:
    """One tick box."""

    rect: Rect
    ticked: bool

    @property
    def sign(self) -> str:
        """The character that stands for it in text."""
        return TICKED if self.ticked else EMPTY


def find_marks(gray: Gray) -> list[Mark]:
    """The tick boxes of a page.

    Args:
        gray: page image (H, W) at 300 dpi, dark on light, straight.
    """
    ink = _ink(gray)
    flat = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, _STROKE), np.uint8))
    tall = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_STROKE, 1), np.uint8))
    edges = cv2.dilate(cv2.bitwise_or(flat, tall), np.ones((3, 3), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=8)
    found: list[Mark] = []
    for left, top, width, height, _area in stats[1:]:
        if not (min(width, height) >= _LEAST and max(width, height) <= _MOST):
            continue
        if not _SQUARE[0] <= width / height <= _SQUARE[1]:
            continue
        rect = Rect(int(left), int(top), int(left + width), int(top + height))
        window = np.asarray(ink[rect.top : rect.bottom, rect.left : rect.right], np.uint8)
        ticked = _filling(window) > _FILLED
        if _closed(window) and _hollow(window) and _alone(ink, rect, ticked=ticked):
            found.append(Mark(rect, ticked))
    return found


def _ink(gray: Gray) -> NDArray[np.uint8]:
    level, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)
    return (gray <= min(level, 200)).astype(np.uint8)


def _closed(window: NDArray[np.uint8]) -> bool:
    """Whether all four edges are straight strokes; round letters and digits have none, look-alike letters not four."""
    height, width = window.shape
    reach_x, reach_y = max(4, width // 4), max(4, height // 4)
    return (
        min(
            _stroke(window[:reach_y]),
            _stroke(window[-reach_y:]),
            _stroke(window[:, :reach_x].T),
            _stroke(window[:, -reach_x:].T),
        )
        >= _EDGE_COVER
    )


def _stroke(band: NDArray[np.uint8]) -> float:
    """The fullest three neighbouring rows of a band: share of columns with ink in one of them."""
    middle = band.shape[1] // 10
    inner = band[:, middle : band.shape[1] - middle]
    return max(float(inner[row : row + 3].max(axis=0).mean()) for row in range(max(1, inner.shape[0] - 2)))


def _alone(ink: NDArray[np.uint8], rect: Rect, *, ticked: bool) -> bool:
    """Whether the square stands free; a square that is part of a letter (ㅁ, ㅂ) has strokes close by.

    A tick may run out of its box to the right and to the top, so only the other two sides count then.
    """
    near_x, near_y = max(3, round(rect.width * _FREE)), max(3, round(rect.height * _FREE))
    before = max(3, round(rect.width * _FREE_BEFORE))
    left, top = max(0, rect.left - 2), max(0, rect.top - 2)
    right, bottom = rect.right + 2, rect.bottom + 2
    sides = [
        ink[rect.top : rect.bottom, max(0, left - before) : left],
        ink[bottom : bottom + near_y, rect.left : rect.right],
    ]
    if not ticked:
        sides += [ink[rect.top : rect.bottom, right : right + near_x], ink[max(0, top - near_y) : top, left:right]]
    return all(not side.any() for side in sides)


def _hollow(window: NDArray[np.uint8]) -> bool:
    """Whether the frame's inner edge is mostly white, as under a tick, or all is filled in, as in ■."""
    height, width = window.shape
    outer, inner = 7, 10  # behind the dilated stroke
    if min(height, width) < 2 * inner + 4:
        return True  # too small to tell
    ring = window[outer : height - outer, outer : width - outer].astype(bool)
    middle = np.zeros_like(ring)
    middle[inner - outer : outer - inner, inner - outer : outer - inner] = True
    ring = ring[~middle]
    return float(ring.mean()) <= _RING or _filling(window) >= _SOLID


def _filling(window: NDArray[np.uint8]) -> float:
    height, width = window.shape
    x, y = max(4, round(width * _INSET)), max(4, round(height * _INSET))
    inside = window[y : height - y, x : width - x]
    return float(inside.mean()) if inside.size else 0.0


def split_at_marks(lines: list[Rect], marks: list[Mark]) -> list[tuple[Rect, str]]:
    """Cut line boxes at the tick boxes in or just before them.

    Args:
        lines: boxes of text lines.
        marks: tick boxes of the page.

    Returns:
        Boxes with the sign of the tick box that stands before their text, or with an empty text. Boxes that are only a
        mark are left out.
    """
    pieces: list[tuple[Rect, str]] = []
    for line in lines:
        own = sorted((m for m in marks if _belongs(m.rect, line)), key=lambda m: m.rect.left)
        if not own:
            pieces.append((line, ""))
            continue
        starts = [(line.left, "")] if own[0].rect.left - line.left > line.height // 2 else []
        starts += [(mark.rect.right + 4, mark.sign) for mark in own]
        ends = [mark.rect.left - 4 for mark in (own if starts[0][1] == "" else own[1:])] + [line.right]
        pieces += [
            (Rect(left, line.top, right, line.bottom), sign)
            for (left, sign), right in zip(starts, ends, strict=True)
            if right - left > line.height // 3
        ]
    return pieces


def _belongs(mark: Rect, line: Rect) -> bool:
    middle = (mark.top + mark.bottom) / 2
    if mark.height < _LINE_SHARE * line.height:
        return False
    # text may start up to three box widths to the right of its box
    level = line.top <= middle <= line.bottom
    return bool(level and line.left - 3 * mark.width <= mark.left and mark.right <= line.right)
