"""Paper as it reaches an office: a petition set in type, then scanned, photographed or faxed.

Guarantees: the same petition gives the same picture (noise is seeded); pages are A4. Fails with `MissingPart` when the
fonts are not installed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import typst
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont, TiffImagePlugin

from gateway.domain.errors import MissingPart

FONTS = Path("/usr/share/fonts/truetype/nanum")  # Debian's fonts-nanum
_PAPERS = Path(__file__).with_name("papers")
_SCAN_DPI = 300
_FAX_WIDTH, _FAX_DPI_X = 1728, 204  # ITU-T T.4: pixels of an A4 line, and their density
_A4_MM = (210, 297)
_MM_PER_INCH = 25.4
_WHITE, _PAPER, _DESK = 255, 238, (96, 74, 56)
_SPECKS, _FAX_LEVEL, _LETTER_LEVEL = 0.0004, 165, 150  # share of pixels; grey below which a pixel is black
_SCAN_LEVEL = 140
_DESCRIPTION, _SOFTWARE = 270, 305  # TIFF tags; HylaFAX puts the sender's number into the first


@dataclass(frozen=True, slots=True)
class Wear:
    """What a scanner does to a page.

    Attributes:
        degrees: skew.
        blur: radius in pixels at 300 dpi.
        noise: standard deviation in grey levels.
        fade: share of contrast lost, 0-1.
        letters_lost: share of ink worn away in blotches, 0-1.
    """

    degrees: float = 0.7
    blur: float = 0.8
    noise: float = 9.0
    fade: float = 0.08
    letters_lost: float = 0.0


def pdf(template: str, petition: Mapping[str, object]) -> bytes:
    """A petition as a PDF with a text layer, as a word processor exports it.

    Args:
        template: `form` or `letter`.
        petition: what the template prints.

    Raises:
        MissingPart: the fonts are not installed.
    """
    return _set_in_type(template, petition, "pdf")


def page(template: str, petition: Mapping[str, object], dpi: int = _SCAN_DPI) -> Image.Image:
    """A petition as a clean grey picture.

    Raises:
        MissingPart: the fonts are not installed.
    """
    made = _set_in_type(template, petition, "png", dpi)
    return Image.open(io.BytesIO(made)).convert("L")


def _set_in_type(
    template: str, petition: Mapping[str, object], form: Literal["pdf", "png"], dpi: int = _SCAN_DPI
) -> bytes:
    if not (FONTS / "NanumGothic.ttf").is_file():
        raise MissingPart(f"fonts not found in {FONTS}", remedy="apt-get install fonts-nanum")
    return typst.compile(
        str(_PAPERS / f"{template}.typ"),
        root=str(_PAPERS),
        font_paths=[str(FONTS)],
        ignore_system_fonts=True,
        format=form,
        ppi=float(dpi),
        sys_inputs={"petition": json.dumps(petition, ensure_ascii=False)},
    )


def scanned(clean: Image.Image, wear: Wear, seed: int) -> Image.Image:
    """The page after a flat-bed scanner: grey, slightly turned, noisy."""
    turned = clean.rotate(wear.degrees, Image.Resampling.BICUBIC, fillcolor=_WHITE)
    turned = turned.filter(ImageFilter.GaussianBlur(wear.blur))
    chance = np.random.default_rng(seed)
    grey = np.asarray(turned, np.float32)
    if wear.letters_lost:
        grey = grey + (_WHITE - grey) * _blotches(chance, grey.shape, wear.letters_lost)
    grey = _PAPER - (_PAPER - grey * (_PAPER / _WHITE)) * (1 - wear.fade)
    shade = np.linspace(0, -10, grey.shape[1], dtype=np.float32)[None, :]  # the lid does not close quite
    return _picture(grey + shade + wear.noise * chance.standard_normal(grey.shape, np.float32))


def _blotches(chance: np.random.Generator, shape: tuple[int, ...], share: float) -> NDArray[np.float32]:
    """Where a worn page has lost ink: 0 nowhere to 1 all of it."""
    small = Image.fromarray(chance.integers(0, 256, (shape[0] // 24, shape[1] // 24), np.uint8))
    field = np.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BICUBIC), np.float32) / _WHITE
    return np.clip((field - (1 - share)) * 4, 0, 1).astype(np.float32)


def photographed(clean: Image.Image, seed: int) -> Image.Image:
    """The page on a desk under a lamp, taken with a telephone from a little aside."""
    width, height = 2268, 3024
    chance = np.random.default_rng(seed)
    desk = np.array(_DESK, np.float32) + 6 * chance.standard_normal((height, 1, 1), np.float32)
    corners = ((170, 150), (2085, 215), (2150, 2850), (95, 2790))  # the sheet's, clockwise from the upper left
    coefficients = _perspective(corners, clean.size)
    sheet = clean.transform((width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BICUBIC)
    mask = Image.new("L", clean.size, _WHITE).transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR
    )
    cover = np.asarray(mask.filter(ImageFilter.GaussianBlur(1.2)), np.float32)[:, :, None] / _WHITE
    paper = np.asarray(sheet, np.float32)[:, :, None] * np.array([0.96, 0.94, 0.89], np.float32)
    scene = desk * (1 - cover) + paper * cover
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    lamp = 1.02 - 0.42 * np.hypot((x - 0.3 * width) / width, (y - 0.25 * height) / height)
    scene = scene * lamp[:, :, None] + 4.5 * chance.standard_normal((height, width, 1), np.float32)
    return Image.fromarray(np.clip(scene, 0, _WHITE).astype(np.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def _perspective(corners: tuple[tuple[int, int], ...], size: tuple[int, int]) -> tuple[float, ...]:
    """The eight numbers that map a point of the photograph to a point of the sheet."""
    width, height = size
    rows, wanted = [], []
    for (x, y), (u, v) in zip(corners, ((0, 0), (width, 0), (width, height), (0, height)), strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        wanted += [u, v]
    return tuple(float(value) for value in np.linalg.solve(np.array(rows, float), np.array(wanted, float)))


def faxed(clean: Image.Image, *, lines_dpi: int, sender: str, seed: int) -> Image.Image:
    """The page as a fax machine sends it: black and white, 204 dots an inch across, with its line at the top.

    Args:
        clean: grey page.
        lines_dpi: 196 (fine) or 98 (standard) lines an inch.
        sender: number in the top line.
        seed: of the specks.
    """
    height = round(_A4_MM[1] / _MM_PER_INCH * lines_dpi)
    shrunk = clean.rotate(0.3, Image.Resampling.BICUBIC, fillcolor=_WHITE)
    shrunk = shrunk.filter(ImageFilter.GaussianBlur(0.9)).resize((_FAX_WIDTH, height), Image.Resampling.BOX)
    chance = np.random.default_rng(seed)
    grey = np.asarray(shrunk, np.float32) + 14 * chance.standard_normal((height, _FAX_WIDTH), np.float32)
    grey[chance.random(grey.shape, np.float32) < _SPECKS] = 0  # specks of dust on the glass
    black_white = Image.fromarray(np.where(grey < _FAX_LEVEL, 0, _WHITE).astype(np.uint8))
    line = Image.new("L", (_FAX_WIDTH, round(lines_dpi * 0.17)), _WHITE)
    words = Image.new("L", (_FAX_WIDTH, 34), _WHITE)
    font = ImageFont.truetype(str(FONTS / "NanumGothicCoding.ttf"), 28)
    ImageDraw.Draw(words).text((60, 1), f"FROM : {sender}        TO : 063-290-2109        P. 01/01", fill=0, font=font)
    line.paste(words.resize((_FAX_WIDTH, line.height), Image.Resampling.LANCZOS))
    black_white.paste(line.point(lambda value: _WHITE if value > _LETTER_LEVEL else 0), (0, 0))
    return black_white.convert("1")


def _picture(grey: NDArray[np.float32]) -> Image.Image:
    return Image.fromarray(np.clip(grey, 0, _WHITE).astype(np.uint8))


def jpeg(picture: Image.Image, *, dpi: int = 72, quality: int = 82) -> bytes:
    """A JPEG file."""
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=quality, dpi=(dpi, dpi))
    return made.getvalue()


def scan_pdf(pages: list[Image.Image]) -> bytes:
    """A PDF of pictures only, as a scanner writes it to a network folder."""
    made = io.BytesIO()
    pages[0].save(made, "PDF", save_all=True, append_images=pages[1:], resolution=float(_SCAN_DPI), quality=78)
    return made.getvalue()


def scan_tiff(pages: list[Image.Image]) -> bytes:
    """A black-and-white TIFF of one or more pages, as scanners write for archives."""
    made = io.BytesIO()
    flat = [page.point(lambda value: _WHITE if value > _SCAN_LEVEL else 0).convert("1") for page in pages]
    flat[0].save(made, "TIFF", save_all=True, append_images=flat[1:], compression="group4", dpi=(_SCAN_DPI, _SCAN_DPI))
    return made.getvalue()


def fax_tiff(pages: list[Image.Image], *, lines_dpi: int, sender: str) -> bytes:
    """A fax as HylaFAX stores it: TIFF class F (RFC 2301), Group 4, resolution and sender in its tags."""
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[_DESCRIPTION] = sender
    tags[_SOFTWARE] = "HylaFAX (tm) Version 6.0.7"
    made = io.BytesIO()
    pages[0].save(
        made, "TIFF", save_all=True, append_images=pages[1:], compression="group4", dpi=(_FAX_DPI_X, lines_dpi),
        tiffinfo=tags,
    )  # fmt: skip
    return made.getvalue()
