"""Images to PDF without loss: the scan's or fax's own compressed bytes are put into the PDF, not new ones.

Guarantees: faxes of 204x98 and 204x196 dots keep their aspect on A4; scans keep their size when they state a believable
one; photos fill an A4 sheet, upright by their EXIF mark. Damage is told (`trouble`), and what still decodes is saved.
Fails with `Unreadable` when not one page decodes. Damage is quiet in TIFF: several tools make a blank page of it and
report success, so libtiff's own complaints are asked for (`tiffinfo -D`).
"""

from __future__ import annotations

import io
import shutil
import subprocess
import warnings
from pathlib import Path

import img2pdf
from PIL import Image, ImageFile, ImageOps

from gateway.domain import filetypes
from gateway.domain.errors import Unreadable
from ocr import troubles

_A4 = (595.276, 841.89)  # points
_A3_LONG = 1190.6
_MOST_PIXELS = 120_000_000  # A3 at 600 dpi is 70 million
_LEAST_DPI = 100
_FAX_WIDTHS = frozenset({1728, 2048, 2432})  # ITU-T T.4
_BAD_FAX_LINES = 326  # TIFF tag, RFC 2301 §2.2.4
_TOOL_TIMEOUT_S = 40
_HARMLESS = ("unknown field", "not in ascending order", "invalid tag")


def image_to_pdf(source: Path, kind: str, target: Path) -> str:
    """Write an image's PDF.

    Args:
        source: the image.
        kind: its media type, one of `filetypes.IMAGES`.
        target: where to write.

    Returns:
        Trouble for the clerk; empty when all is well.

    Raises:
        Unreadable: nothing of it decodes; the cause is a text of `troubles`.
    """
    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            return _tiff(source, target) if kind == filetypes.TIFF else _picture(source, kind, target)
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as bomb:
            raise Unreadable(troubles.TOO_BIG) from bomb
        except (OSError, SyntaxError, ValueError, EOFError) as damage:
            raise Unreadable(troubles.DAMAGED) from damage


def layout(width: int, height: int, dpi: tuple[float, float]) -> tuple[float, float, float, float]:
    """Page and image size in points for an image of so many dots: its own size if believable, else within A4.

    Returns:
        Page width, page height, image width, image height.
    """
    wide, high = width * 72 / dpi[0], height * 72 / dpi[1]
    fax = width in _FAX_WIDTHS and 195 <= dpi[0] <= 210  # noqa: PLR2004 - 200 to 204, as machines state it
    if not fax and min(dpi) >= _LEAST_DPI and max(wide, high) <= _A3_LONG:
        return wide, high, wide, high
    page = _A4 if high >= wide else (_A4[1], _A4[0])
    scale = min(page[0] / wide, page[1] / high)
    return page[0], page[1], wide * scale, high * scale


def _convert(*sources: str | bytes) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(img2pdf.convert(list(sources), layout_fun=layout, rotation=img2pdf.Rotation.ifvalid))


def _tiff(source: Path, target: Path) -> str:
    trouble = _tiff_trouble(source)
    if trouble != troubles.PARTLY_DAMAGED:
        try:
            target.write_bytes(_convert(str(source)))
        except Exception:  # noqa: BLE001 - img2pdf raises many kinds for what it does not pass through
            return _recoded(source, target) or trouble
        return trouble
    saved = target.with_suffix(".saved.tif")
    if shutil.which("tiffcp"):
        _tool("tiffcp", "-i", str(source), str(saved))  # -i: go on after bad rows
    if saved.is_file() and _pages(saved):
        _recoded(saved, target)
    else:
        _recoded(source, target)
    return troubles.PARTLY_DAMAGED


def _tiff_trouble(source: Path) -> str:
    """What libtiff says about each strip, and the receiving fax modem about each line."""
    if shutil.which("tiffinfo"):
        code, complaints = _tool("tiffinfo", "-D", str(source))
        serious = [c for c in complaints.lower().splitlines() if c and not any(h in c for h in _HARMLESS)]
        if code or serious:
            return troubles.PARTLY_DAMAGED
    bad_lines = 0
    try:
        with Image.open(source) as image:
            for number in range(getattr(image, "n_frames", 1)):
                image.seek(number)
                tags = getattr(image, "tag_v2", {})
                bad_lines += int(tags.get(_BAD_FAX_LINES, 0) or 0)
                if not shutil.which("tiffinfo"):
                    image.load()
    except (OSError, EOFError, SyntaxError, TypeError, ValueError):
        return troubles.PARTLY_DAMAGED
    return troubles.BAD_FAX_LINES if bad_lines else ""


def _pages(path: Path) -> int:
    try:
        with Image.open(path) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, SyntaxError, ValueError):
        return 0


def _recoded(source: Path, target: Path) -> str:
    """Each page that decodes, written anew without loss (G4 for black and white, PNG otherwise)."""
    pages: list[bytes] = []
    lost = False
    with Image.open(source) as image:
        try:
            count = int(getattr(image, "n_frames", 1))
        except (OSError, EOFError, SyntaxError, ValueError):
            count, lost = 1, True
        for number in range(count):
            try:
                image.seek(number)
                pages.append(_page_bytes(image))
            except (OSError, EOFError, SyntaxError, ValueError):
                lost = True
    if not pages:
        raise Unreadable(troubles.DAMAGED)
    target.write_bytes(_convert(*pages))
    return troubles.PARTLY_DAMAGED if lost else ""


def _page_bytes(image: Image.Image) -> bytes:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    dpi = image.info.get("dpi", (96, 96))
    dpi = tuple(max(1.0, float(d)) for d in dpi)
    coded = io.BytesIO()
    if image.mode == "1":
        image.save(coded, "TIFF", compression="group4", dpi=dpi)
    else:
        upright = ImageOps.exif_transpose(image)
        _flat(upright).save(coded, "PNG", dpi=dpi)
    return coded.getvalue()


def _flat(image: Image.Image) -> Image.Image:
    """Grey or colour without transparency."""
    if image.mode in {"L", "RGB"}:
        return image
    if _transparent(image):
        ground = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(ground, image.convert("RGBA")).convert("RGB")
    if image.mode.startswith(("I", "F")):
        return ImageOps.autocontrast(image.convert("F").point(lambda v: v / 256).convert("L"))
    return image.convert("RGB")


def _transparent(image: Image.Image) -> bool:
    return "A" in image.getbands() or "transparency" in image.info


def _picture(source: Path, kind: str, target: Path) -> str:
    if kind == filetypes.HEIC:
        import pillow_heif  # noqa: PLC0415 - a large library, only for phones' photos

        pillow_heif.register_heif_opener()
    with Image.open(source) as image:
        try:
            image.load()
        except (OSError, SyntaxError) as damage:
            if "truncated" not in str(damage).lower() and "broken" not in str(damage).lower():
                raise
            return _recoded(source, target) or troubles.PARTLY_DAMAGED
        if _transparent(image):
            return _recoded(source, target)
        if kind in {filetypes.HEIC, filetypes.WEBP}:
            coded = io.BytesIO()
            _flat(ImageOps.exif_transpose(image)).save(coded, "JPEG", quality=93)
            target.write_bytes(_convert(coded.getvalue()))
            return ""
    try:
        target.write_bytes(_convert(str(source)))
    except Exception:  # noqa: BLE001 - transparency, odd colour spaces: img2pdf has a class for each
        return _recoded(source, target)
    return ""


def _tool(*command: str) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, timeout=_TOOL_TIMEOUT_S, check=False)
    return done.returncode, done.stderr.decode("latin-1")
