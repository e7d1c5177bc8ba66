"""Where the lines of text are on a page image: the neural text detector that comes with rapidocr.

Guarantees: loaded on first use, one thread, boxes within the image. It knows no script, so it finds Korean as well as
Latin; reading is left to Tesseract (the detector's own recogniser has no Hangul). Fails with whatever onnxruntime
raises; callers run in the sandbox.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
_LEAST_SIDE = 4


class Rect(NamedTuple):
    """A rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.bottom - self.top


@cache
def _engine() -> Any:
    from rapidocr import RapidOCR  # noqa: PLC0415 - half a second and hundreds of megabytes, only when a page needs it

    return RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.use_cls": False,
            "Global.use_rec": False,
            "Global.max_side_len": 8000,
            "Det.limit_side_len": 1600,
            "Det.limit_type": "max",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        },
    )


def find_lines(gray: Gray) -> list[Rect]:
    """The boxes of text lines.

    Args:
        gray: page image (H, W), dark on light.

    Returns:
        Boxes in no particular order; table cells and wide gaps part a line into several.
    """
    found = _engine()(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=False)
    if found.boxes is None:
        return []
    height, width = gray.shape
    rects: list[Rect] = []
    for corners in np.asarray(found.boxes):
        left, top = np.floor(corners.min(axis=0)).astype(int)
        right, bottom = np.ceil(corners.max(axis=0)).astype(int)
        rect = Rect(max(0, int(left)), max(0, int(top)), min(width, int(right)), min(height, int(bottom)))
        if rect.width >= _LEAST_SIDE and rect.height >= _LEAST_SIDE:
            rects.append(rect)
    return rects
