from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from gateway.domain.errors import Unreadable
from gateway.web.page_image import MAX_WIDTH, PageImages
from tests.staff_office import one_page


@pytest.fixture(scope="module")
def images() -> Iterator[PageImages]:
    images = PageImages()
    yield images
    images.close()


def size_of(png: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(png)).size


def test_a_page_of_a_pdf_is_drawn_at_the_width_asked_for(images: PageImages, tmp_path: Path) -> None:
    pdf = tmp_path / "one.pdf"
    pdf.write_bytes(one_page())
    assert size_of(images.png(pdf, "a" * 64, 1, 700))[0] == 700


def test_no_picture_is_wider_than_the_limit(images: PageImages, tmp_path: Path) -> None:
    pdf = tmp_path / "one.pdf"
    pdf.write_bytes(one_page())
    assert size_of(images.png(pdf, "b" * 64, 1, 99_999))[0] == MAX_WIDTH


def test_a_coarse_fax_keeps_its_shape(images: PageImages, tmp_path: Path) -> None:
    fax = tmp_path / "fax.tif"
    Image.new("1", (1728, 1078), 1).save(fax, dpi=(204, 98), compression="group4")  # an A4 page at 98 lines an inch
    width, height = size_of(images.png(fax, "c" * 64, 1, 600))
    assert width == 600
    assert height / width == pytest.approx(1078 / 98 / (1728 / 204), rel=0.01)


def test_the_second_frame_of_a_tiff_is_the_second_page(images: PageImages, tmp_path: Path) -> None:
    fax = tmp_path / "two.tif"
    Image.new("L", (100, 100), 255).save(fax, save_all=True, append_images=[Image.new("L", (100, 100), 0)])
    dark = Image.open(BytesIO(images.png(fax, "d" * 64, 2, 100))).convert("L")
    assert dark.getextrema() == (0, 0)


@pytest.mark.parametrize("page", [0, 2])
def test_a_page_that_is_not_there_is_unreadable(images: PageImages, tmp_path: Path, page: int) -> None:
    pdf = tmp_path / "one.pdf"
    pdf.write_bytes(one_page())
    with pytest.raises(Unreadable):
        images.png(pdf, "e" * 64, page, 300)


@pytest.mark.parametrize("content", [b"", b"no document", b"%PDF-1.7 and then nothing", one_page()[:600]])
def test_what_is_broken_is_unreadable_and_the_next_one_is_drawn(
    images: PageImages, tmp_path: Path, content: bytes
) -> None:
    broken, whole = tmp_path / "broken", tmp_path / "whole.pdf"
    broken.write_bytes(content)
    whole.write_bytes(one_page())
    with pytest.raises(Unreadable):
        images.png(broken, "f" * 64, 1, 300)
    assert images.png(whole, "1" * 64, 1, 300)


def test_a_picture_of_too_many_pixels_costs_only_itself(images: PageImages, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(bomb)
    with pytest.raises(Unreadable):
        images.png(bomb, "2" * 64, 1, 300)
    pdf = tmp_path / "one.pdf"
    pdf.write_bytes(one_page())
    assert images.png(pdf, "3" * 64, 1, 300)


def test_a_picture_drawn_once_is_kept(images: PageImages, tmp_path: Path) -> None:
    pdf = tmp_path / "one.pdf"
    pdf.write_bytes(one_page())
    first = images.png(pdf, "4" * 64, 1, 300)
    pdf.unlink()
    assert images.png(pdf, "4" * 64, 1, 300) == first
