"""Pictures of pages for the staff's screen, drawn in a sandboxed child.

Guarantees: a file nobody vouches for is opened only in the child; a picture is at most `MAX_WIDTH` wide; the last few
pictures are kept in memory so that turning back a page is instant. Fails with `Unreadable` (broken, encrypted, bomb).
"""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any, Final

from gateway.domain.errors import Unreadable
from gateway.sandbox import Sandbox, serve

MAX_WIDTH: Final = 2000
_KEPT_BYTES: Final = 24 << 20
_MEMORY_BYTES: Final = 1536 << 20
_MAX_PIXELS: Final = 120_000_000
_MAX_HEIGHT: Final = 6000
_MOST_UNEVEN: Final = 5.0  # beyond this a file's resolution is nonsense
_PDF: Final = b"%PDF-"


class PageImages:
    """Draws pages of PDFs and frames of images as PNG; threads may share it."""

    def __init__(self) -> None:
        self._sandbox = Sandbox("gateway.web.page_image", memory_bytes=_MEMORY_BYTES, cpu_s=10, wall_s=20, idle_s=30)
        self._kept: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def png(self, path: Path, sha256: str, page: int, width: int) -> bytes:
        """One page as PNG.

        Args:
            path: the blob.
            sha256: its name, under which the picture is kept.
            page: 1-based.
            width: of the picture in pixels, at most `MAX_WIDTH`.

        Raises:
            Unreadable: the file cannot be drawn, or has no such page.
        """
        key = (sha256, page, min(width, MAX_WIDTH))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with tempfile.TemporaryDirectory(prefix="page-") as folder:
            out = Path(folder) / "page.png"
            self._sandbox.call({"path": str(path), "page": page, "width": key[2], "out": str(out)})
            picture = out.read_bytes()
        with self._lock:
            self._kept[key] = picture
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _KEPT_BYTES:
                self._kept.popitem(last=False)
        return picture

    def close(self) -> None:
        """End the child."""
        self._sandbox.close()


def _draw(request: dict[str, Any]) -> dict[str, Any]:
    """In the child: draw one page into the file `out`."""
    from PIL import Image  # noqa: PLC0415 (only the child pays for it)

    Image.MAX_IMAGE_PIXELS = _MAX_PIXELS
    path, page, width = Path(request["path"]), int(request["page"]), int(request["width"])
    with path.open("rb") as source:
        is_pdf = _PDF in source.read(1024)
    picture = _pdf_page(path, page, width) if is_pdf else _frame(path, page, width)
    picture.save(request["out"], "PNG", compress_level=3)
    return {"width": picture.width, "height": picture.height}


def _pdf_page(path: Path, page: int, width: int) -> Any:
    import pypdfium2  # noqa: PLC0415 (only the child pays for it)

    with pypdfium2.PdfDocument(path) as document:
        if not 1 <= page <= len(document):
            raise Unreadable(f"no page {page}")
        sheet = document[page - 1]
        width_pt, height_pt = sheet.get_size()
        scale = min(width / max(width_pt, 1), _MAX_HEIGHT / max(height_pt, 1))
        return sheet.render(scale=scale).to_pil().convert("RGB")


def _frame(path: Path, page: int, width: int) -> Any:
    from PIL import Image, ImageOps  # noqa: PLC0415 (only the child pays for it)

    with Image.open(path) as image:
        if not 1 <= page <= getattr(image, "n_frames", 1):
            raise Unreadable(f"no frame {page}")
        image.seek(page - 1)
        across, down = (float(dots) for dots in image.info.get("dpi", (1, 1)))
        taller = across / down if across > 0 and down > 0 else 1.0  # pixels of a fax are taller than wide
        upright = ImageOps.exif_transpose(image.convert("RGB"))
        height = upright.height * (taller if 1 / _MOST_UNEVEN < taller < _MOST_UNEVEN else 1.0)
        size = (width, max(1, min(round(height * width / upright.width), _MAX_HEIGHT)))
        return upright.resize(size, Image.Resampling.LANCZOS)


if __name__ == "__main__":
    serve(_draw)
