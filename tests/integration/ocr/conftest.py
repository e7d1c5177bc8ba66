"""One warm reading child for all tests of this folder, and sample files made once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ocr.reader import Reader, Reading, reading_sandbox
from tests.integration.ocr import korean_pages as pages

ReadFile = Callable[[Path], Reading]


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    sandbox = reading_sandbox(idle_s=30)
    yield Reader(sandbox, max_pages=5)
    sandbox.close()


@pytest.fixture
def read_file(reader: Reader, tmp_path: Path) -> ReadFile:
    """Reads one file in a fresh work folder."""
    count = iter(range(100))

    def read(path: Path) -> Reading:
        folder = tmp_path / f"work{next(count)}"
        folder.mkdir()
        return reader.read(path, path.name, folder)

    return read


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the form as clean PNG, skewed scan PDF, two faxes, a photo, and a letter as fax."""
    folder = tmp_path_factory.mktemp("samples")
    form, letter = pages.form(), pages.letter()
    form.image.save(folder / "clean.png", dpi=(300, 300))
    scan = pages.skewed(form)
    Image.fromarray(scan).save(folder / "scan.pdf", resolution=300)
    Image.fromarray(np.ascontiguousarray(np.rot90(scan))).save(folder / "lying.jpg", quality=80, dpi=(300, 300))
    pages.fax_tiff(folder / "fine.tif", [pages.fax(form, fine=True)], fine=True)
    pages.fax_tiff(folder / "standard.tif", [pages.fax(letter, fine=False), pages.fax(form, fine=False)], fine=False)
    pages.photo(form).save(folder / "photo.jpg", quality=85)
    return folder
