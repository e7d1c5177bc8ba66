"""A page image made ready for reading: square dots at 300 dpi, evenly lit, upright to a fraction of a degree.

Guarantees: works on grey images (H, W) of dark text on light ground and returns the same; `Prepared.to_source` maps its
pixels back, so every box can be shown on the page as it came. What is done depends on where the page came from, as
measured on faxes, scans and photos; the wrong filter makes fax text worse than none. Ruled lines stay: the reading
order needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr.detector import Gray, Rect

DPI = 300
_LONGEST = 5200  # pixels; A3 at 300 dpi and a bit
_SPECK_PIXELS = 3
_LIGHT_TILE = 8
_STEEP_LIMIT = 5.0  # degrees
_LEVEL = 0.05  # degrees that are not worth turning


class SourceKind(StrEnum):
    """What made the image."""

    FAX_STANDARD = "fax_standard"  # 204x98 dpi
    FAX_FINE = "fax_fine"  # 204x196 dpi
    SCAN = "scan"
    PHOTO = "photo"
    DRAWN = "drawn"  # rendered from a born-digital page


@dataclass(frozen=True, slots=True)
class Prepared:
    """A page ready for reading.

    Attributes:
        gray: the image (H, W) at about 300 dpi.
        to_source: 2x3 matrix from its pixels to fractions (0-1) of the source image.
    """

    gray: Gray
    to_source: NDArray[np.float64]

    def box(self, rect: Rect) -> tuple[float, float, float, float]:
        """A rectangle as (left, top, right, bottom) fractions of the source; a tilt moves it but keeps its size."""
        middle = np.array([(rect.left + rect.right) / 2, (rect.top + rect.bottom) / 2, 1.0])
        x, y = self.to_source @ middle
        half_x = rect.width / 2 * float(np.hypot(self.to_source[0, 0], 0))
        half_y = rect.height / 2 * float(np.hypot(self.to_source[1, 1], 0))
        edges = np.clip([x - half_x, y - half_y, x + half_x, y + half_y], 0.0, 1.0)
        return float(edges[0]), float(edges[1]), float(edges[2]), float(edges[3])


def kind_of(gray: Gray, dpi: tuple[float, float], *, colour: bool, drawn: bool) -> SourceKind:
    """What made an image, from its dots and its light.

    Args:
        gray: the image.
        dpi: dots an inch across and down.
        colour: whether the source had colour.
        drawn: whether it was rendered from a page of text or drawings.
    """
    if drawn:
        return SourceKind.DRAWN
    if is_bilevel(gray):
        if dpi[0] / max(dpi[1], 1) > 1.5:  # noqa: PLR2004 - 204x98 is 2.08, 204x196 is 1.04
            return SourceKind.FAX_STANDARD
        return SourceKind.FAX_FINE if max(dpi) < 230 else SourceKind.SCAN  # noqa: PLR2004 - between 204 and 300
    small = cv2.resize(gray, (64, 64), interpolation=cv2.INTER_AREA)
    ground = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    uneven = float(np.percentile(ground, 90) - np.percentile(ground, 10))
    return SourceKind.PHOTO if uneven > (30 if colour else 45) else SourceKind.SCAN


def is_bilevel(gray: Gray) -> bool:
    """Whether the image has black and white only."""
    histogram = np.bincount(gray.ravel()[:: max(1, gray.size // 500_000)], minlength=256)
    return bool(np.count_nonzero(histogram) <= 2)  # noqa: PLR2004 - black and white


def prepare(gray: Gray, dpi: tuple[float, float], kind: SourceKind) -> Prepared:
    """The image cleaned for its kind, resampled and set straight.

    Args:
        gray: source image (H, W).
        dpi: its dots an inch across and down.
        kind: what made it.
    """
    clean = gray
    if kind is SourceKind.PHOTO:
        clean = even_light(clean)
    elif kind is SourceKind.FAX_FINE:
        clean = without_specks(clean)
    clean = _resampled(clean, dpi)
    if kind is SourceKind.FAX_STANDARD:
        clean = np.asarray(cv2.medianBlur(clean, 3), np.uint8)
    elif kind is SourceKind.FAX_FINE:
        clean = np.asarray(cv2.GaussianBlur(clean, (0, 0), 1.0), np.uint8)
    height, width = clean.shape
    scale = np.array([[1 / width, 0, 0], [0, 1 / height, 0]], np.float64)
    angle = 0.0 if kind is SourceKind.DRAWN else skew(clean)
    if abs(angle) <= _LEVEL:
        return Prepared(clean, scale)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    level = cv2.warpAffine(clean, turn, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255,))
    back = np.vstack([cv2.invertAffineTransform(turn), [0, 0, 1]])
    return Prepared(np.asarray(level, np.uint8), np.asarray(np.vstack([scale, [0, 0, 1]]) @ back, np.float64)[:2])


def _resampled(gray: Gray, dpi: tuple[float, float]) -> Gray:
    height, width = gray.shape
    target = min(float(DPI), _LONGEST / max(width / dpi[0], height / dpi[1]))
    size = (max(1, round(width * target / dpi[0])), max(1, round(height * target / dpi[1])))
    if size == (width, height):
        return gray
    grows = size[0] * size[1] > width * height
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC if grows else cv2.INTER_AREA), np.uint8)


def even_light(gray: Gray) -> Gray:
    """The image divided by its background, so that shadows go."""
    height, width = gray.shape
    small = cv2.resize(gray, None, fx=1 / _LIGHT_TILE, fy=1 / _LIGHT_TILE, interpolation=cv2.INTER_AREA)
    ground = cv2.GaussianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8)), (0, 0), 5)
    ground = cv2.resize(ground, (width, height))
    return np.clip(gray.astype(np.float32) * 245 / np.maximum(ground, 1), 0, 255).astype(np.uint8)


def without_specks(gray: Gray) -> Gray:
    """The image without black specks of three dots or fewer."""
    black = (gray < 128).astype(np.uint8)  # noqa: PLR2004 - the middle
    _, labels, stats, _ = cv2.connectedComponentsWithStats(black, connectivity=8)
    specks = stats[:, cv2.CC_STAT_AREA] <= _SPECK_PIXELS
    specks[0] = False
    clean = gray.copy()
    clean[specks[labels]] = 255
    return clean


def skew(gray: Gray) -> float:
    """How many degrees the page must be turned (counter-clockwise) to stand straight, within five.

    Rows of text give a profile with sharp steps when level. The page is tried lying on its side as well, since
    orientation is found only later.
    """
    factor = 900 / max(gray.shape)
    small = cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    ink = _without_large((small < min(200.0, float(np.median(small)) - 30)).astype(np.uint8))
    if ink.sum() < 50:  # noqa: PLR2004 - an empty page has no direction
        return 0.0
    upright, sharp = _best_angle(ink)
    lying, sharper = _best_angle(np.asarray(np.rot90(ink), np.float32))
    return lying if sharper > sharp else upright


def _without_large(ink: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Ink without frames, rules and the sheet's own edges, which need not be parallel to the text."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    large = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]) > ink.shape[0] // 8
    large[0] = True
    return np.where(large[labels], 0, 1).astype(np.float32)


def _best_angle(ink: NDArray[np.float32]) -> tuple[float, float]:
    height, width = ink.shape

    def sharpness(angle: float) -> float:
        turn: Any = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
        profile = cv2.warpAffine(ink, turn, (width, height), flags=cv2.INTER_LINEAR).sum(axis=1)
        return float(np.square(np.diff(profile)).sum())

    best = 0.0
    for step, reach in ((0.5, _STEEP_LIMIT), (0.1, 0.4), (0.03, 0.06)):
        best = max((float(a) for a in np.arange(best - reach, best + reach + 1e-6, step)), key=sharpness)
    return best, sharpness(best)
