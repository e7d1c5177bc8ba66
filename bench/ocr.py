"""How fast and how well pages are read, beside plain Tesseract on the same pages.

Run: `python -m bench.ocr [--pages N]`. Pages are invented and drawn (form, letter, two columns), each clean, scanned,
as fine and standard fax, and as a photo. Ours: the whole way through the sandbox (rendition, lines, fields' text, text
layer). Plain: `tesseract FILE -` with the same Hangul model and one thread, with its own page segmentation (psm 3) and
as one column (psm 4). Prints a table: character error (spaces ignored), pages a minute, one page at a time.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from ocr.reader import Reader, reading_sandbox
from tests.integration.ocr import korean_pages as draw

_CONDITIONS = ("clean", "scan", "fax fine", "fax standard", "photo")


def _files(folder: Path, most: int) -> list[tuple[str, str, Path]]:
    """(condition, true text, file) for each page."""
    made: list[tuple[str, str, Path]] = []
    for name, sample in (("form", draw.form()), ("letter", draw.letter()), ("columns", draw.columns()))[:most]:
        sample.image.save(folder / f"{name}.png", dpi=(300, 300))
        Image.fromarray(np.asarray(draw.skewed(sample))).save(folder / f"{name}-scan.png", dpi=(300, 300))
        draw.fax_tiff(folder / f"{name}-fine.tif", [draw.fax(sample, fine=True)], fine=True)
        draw.fax_tiff(folder / f"{name}-standard.tif", [draw.fax(sample, fine=False)], fine=False)
        draw.photo(sample).save(folder / f"{name}-photo.jpg", quality=85)
        ends = (".png", "-scan.png", "-fine.tif", "-standard.tif", "-photo.jpg")
        made += [(c, sample.text, folder / f"{name}{end}") for c, end in zip(_CONDITIONS, ends, strict=True)]
    return made


def _plain(mode: int) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        command = ["tesseract", str(path), "-", "-l", "Hangul", "--psm", str(mode), "-c", "preserve_interword_spaces=1"]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout

    return read


def _ours(reader: Reader, folder: Path) -> Callable[[Path], str]:
    def read(path: Path) -> str:
        work = Path(tempfile.mkdtemp(dir=folder))
        text = "\n".join(page.text for page in reader.read(path, path.name, work).pages)
        return text.replace("☐", "").replace("☑", "")

    return read


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=3, choices=(1, 2, 3), help="how many of the three drawn pages")
    wanted = parser.parse_args().pages
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = _files(folder, wanted)
        sandbox = reading_sandbox()
        ways = {
            "plain psm 3": _plain(3),
            "plain psm 4": _plain(4),
            "gateway": _ours(Reader(sandbox), folder),
        }
        ways["gateway"](files[0][2])  # models loaded, as in a warm worker
        print(f"{'way':12} " + " ".join(f"{c:>13}" for c in _CONDITIONS) + "   pages/min")
        for way, read in ways.items():
            errors: dict[str, list[float]] = {c: [] for c in _CONDITIONS}
            begun = time.perf_counter()
            for condition, truth, path in files:
                errors[condition].append(draw.character_error(truth, read(path)))
            taken = time.perf_counter() - begun
            row = " ".join(f"{100 * float(np.mean(errors[c])):12.1f}%" for c in _CONDITIONS)
            print(f"{way:12} {row} {60 * len(files) / taken:11.1f}")
        sandbox.close()


if __name__ == "__main__":
    main()
