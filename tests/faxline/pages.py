"""Fax pages as a fax machine makes them: 1-bit, 1728 dots wide, T.6, at 204x98 or 204x196.

A page is drawn from text with Nanum, so that reading it gives Korean text back; several pages make one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH = 1728
X_DPI = 204
STANDARD_DPI = 98
FINE_DPI = 196
_A4_INCHES = 297 / 25.4
_MARGIN = 120
_LINE = 64
_FONT = "/usr/share/fonts/truetype/nanum/NanumGothic.ttf"
_BAD_LINES, _CLEAN, _BAD_RUN, _DESCRIPTION = 326, 327, 328, 270


def draw(text: str) -> Image.Image:
    """One A4 page at 204x196, black on white."""
    page = Image.new("L", (WIDTH, round(_A4_INCHES * FINE_DPI)), 255)
    pen = ImageDraw.Draw(page)
    font = ImageFont.truetype(_FONT, 40)
    for row, line in enumerate(text.splitlines()):
        pen.text((_MARGIN, _MARGIN + row * _LINE), line, font=font, fill=0)
    return page


def write_fax(path: Path, pages: Sequence[str], *, y_dpi: int = FINE_DPI, bad_lines: int = 0, tsi: str = "") -> Path:
    """Write the texts as a fax TIFF of one page each.

    Args:
        path: where to.
        pages: the text of each page.
        y_dpi: 98 or 196 lines per inch.
        bad_lines: written into tags 326-328 of each page.
        tsi: written into tag 270 of each page, where HylaFAX puts it.
    """
    images = [_scaled(draw(text), y_dpi) for text in pages]
    tags: dict[int, int | str] = {_BAD_LINES: bad_lines, _CLEAN: 1, _BAD_RUN: bad_lines} if bad_lines else {}
    if tsi:
        tags[_DESCRIPTION] = tsi
    images[0].save(
        path, "TIFF", compression="group4", dpi=(X_DPI, y_dpi), save_all=True, append_images=images[1:], tiffinfo=tags
    )
    return path


def _scaled(page: Image.Image, y_dpi: int) -> Image.Image:
    tall = page.resize((page.width, round(page.height * y_dpi / FINE_DPI)), Image.Resampling.BOX)
    return tall.point(lambda grey: 255 * (grey > 160)).convert("1")
