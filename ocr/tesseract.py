"""Tesseract through pytesseract: all line images of a page read in one call.

Guarantees: one program start for any number of crops, text with its spaces and a confidence for each, in the order
given; no more than one thread. Fails with `MissingPart` when Tesseract or its Hangul model is not installed, and with
`Unreadable` when it runs too long or breaks on a page.

Crops go as PGM files and a list file through memory-backed storage; the text comes from Tesseract's plain output, which
alone keeps the spaces of Korean, and the confidence from its table (measured: docs of `ocr.recognise`).
"""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytesseract
from numpy.typing import NDArray
from pytesseract.pytesseract import run_tesseract

from gateway.domain.errors import MissingPart, Unreadable

RAW_LINE, SINGLE_LINE = 13, 7  # Tesseract's page segmentation modes
_MODEL = "Hangul"
_SHORT_FRAGMENTS = 6
_WORD_LEVEL = "5"
_BASE_TIMEOUT_S, _TIMEOUT_PER_CROP_S = 20, 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read from one line image.

    Attributes:
        text: one line, spaces kept, ends stripped.
        confidence: 0-1. For a short line, as a form's cell, the least sure fragment; for a longer one the mean weighted
            by length. Tesseract's Korean "words" are fragments of two characters or so: theirs is no word confidence.
    """

    text: str
    confidence: float


def read_lines(crops: Sequence[NDArray[np.uint8]], *, mode: int = RAW_LINE) -> list[Reading]:
    """Read line images.

    Args:
        crops: grey images (H, W), each with one line of dark text on light ground, at about 300 dpi.
        mode: page segmentation mode.

    Returns:
        One reading a crop, in order.

    Raises:
        MissingPart: Tesseract or the model is missing.
        Unreadable: Tesseract failed or took too long.
    """
    if not crops:
        return []
    os.environ["OMP_THREAD_LIMIT"] = "1"  # more threads make it several times slower
    memory = Path("/dev/shm")  # noqa: S108 - memory-backed storage, the folder inside has a fresh name
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        base = Path(folder) / "out"
        listing = Path(folder) / "lines.txt"
        names = [_write_pgm(Path(folder) / f"{number:04}.pgm", crop) for number, crop in enumerate(crops)]
        listing.write_text("\n".join(names) + "\n", encoding="ascii")
        _run(listing, base, mode, _BASE_TIMEOUT_S + _TIMEOUT_PER_CROP_S * len(crops))
        texts = base.with_suffix(".txt").read_text(encoding="utf-8").split("\f")
        table = base.with_suffix(".tsv").read_text(encoding="utf-8")
    sure = _confidences(table, len(crops))
    texts += [""] * (len(crops) - len(texts))
    return [
        Reading(text, confidence if text else 0.0)
        for text, confidence in zip((re.sub(r"\s+", " ", t).strip() for t in texts[: len(crops)]), sure, strict=True)
    ]


def version() -> str:
    """Tesseract's version.

    Raises:
        MissingPart: it, or its Hangul script model, is not installed.
    """
    try:
        found = str(pytesseract.get_tesseract_version())
        models = pytesseract.get_languages()
    except (pytesseract.TesseractNotFoundError, SystemExit) as absent:
        raise MissingPart("tesseract is not installed", remedy=_REMEDY) from absent
    if _MODEL not in models and f"script/{_MODEL}" not in models:
        raise MissingPart("Tesseract's Hangul script model is not installed", remedy=_REMEDY)
    return found


_REMEDY = "Install it: apt-get install tesseract-ocr tesseract-ocr-script-hang"


def _run(listing: Path, base: Path, mode: int, timeout_s: int) -> None:
    config = (
        f"--psm {mode} --oem 1 --dpi 300 -c preserve_interword_spaces=1 "
        "-c tessedit_create_txt=1 -c tessedit_create_tsv=1"
    )
    try:
        run_tesseract(str(listing), str(base), "tsv", _MODEL, config=config, timeout=timeout_s)
    except pytesseract.TesseractNotFoundError as absent:
        raise MissingPart("tesseract is not installed", remedy=_REMEDY) from absent
    except (pytesseract.TesseractError, RuntimeError) as broken:
        raise Unreadable(f"tesseract: {broken}"[:300]) from broken


def _write_pgm(path: Path, crop: NDArray[np.uint8]) -> str:
    height, width = crop.shape
    path.write_bytes(b"P5 %d %d 255\n" % (width, height) + np.ascontiguousarray(crop).tobytes())
    return str(path)


def _confidences(table: str, count: int) -> list[float]:
    """One confidence a crop from Tesseract's table; each crop is a page there."""
    fragments: list[list[tuple[int, float]]] = [[] for _ in range(count)]
    for row in csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        word = (row["text"] or "").strip()
        if row["level"] == _WORD_LEVEL and word and 1 <= int(row["page_num"]) <= count:
            fragments[int(row["page_num"]) - 1].append((len(word), max(0.0, float(row["conf"])) / 100))
    return [_overall(parts) for parts in fragments]


def _overall(parts: list[tuple[int, float]]) -> float:
    if not parts:
        return 0.0
    if len(parts) <= _SHORT_FRAGMENTS:
        return min(confidence for _, confidence in parts)
    return sum(length * confidence for length, confidence in parts) / sum(length for length, _ in parts)
