"""Real Korean pages through the sandbox: how well they are read, and what becomes searchable."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pypdfium2
import pytest

from gateway.domain.transcript import FieldName, Page, Source
from ocr.fields import OwnContacts, find_fields
from ocr.reader import Reading
from tests.integration.ocr import korean_pages as truth
from tests.integration.ocr.conftest import ReadFile

OWN = OwnContacts(phones=frozenset({"063-290-2114", "063-290-2115"}))
FORM = truth.form()


def _text(page: Page) -> str:
    return page.text.replace("☐", "").replace("☑", "")


def _fields(reading: Reading) -> dict[str, str]:
    return {f.name.value: f.value for f in find_fields(reading.pages, OWN)}


def _found(pdf: Path | None, page: int = 0) -> str:
    assert pdf is not None
    return pypdf.PdfReader(pdf).pages[page].extract_text()


def _images(pdf: Path | None) -> list[bytes]:
    """The compressed bytes of all images, as they lie in the file."""
    assert pdf is not None
    things = [t for page in pypdf.PdfReader(pdf).pages for t in page["/Resources"]["/XObject"].values()]  # type: ignore[index]
    return [t.get_object()._data for t in things if t.get_object()["/Subtype"] == "/Image"]


@pytest.mark.parametrize(("name", "bound"), [("clean.png", 0.02), ("scan.pdf", 0.03), ("fine.tif", 0.03)])
def test_a_form_is_read_with_its_fields(samples: Path, read_file: ReadFile, name: str, bound: float) -> None:
    reading = read_file(samples / name)
    (page,) = reading.pages
    assert page.source is Source.OCR
    assert truth.character_error(FORM.text, _text(page)) < bound
    assert page.missed_ink < 0.05
    assert _fields(reading) == truth.FORM_FIELDS
    assert reading.troubles == ()
    text = _found(reading.pdf)
    assert all(word in text for word in ("가로등", "온누리군수", "보도블록", "들꽃로"))


def test_a_photo_on_a_desk_in_uneven_light_is_read(samples: Path, read_file: ReadFile) -> None:
    reading = read_file(samples / "photo.jpg")
    assert truth.character_error(FORM.text, _text(reading.pages[0])) < 0.06
    found = _fields(reading)
    sure = ("name", "phone", "email", "title", "return_channel")
    assert {name: found.get(name) for name in sure} == {name: truth.FORM_FIELDS[name] for name in sure}


def test_a_coarse_fax_of_two_pages_keeps_its_aspect_and_its_own_bytes(samples: Path, read_file: ReadFile) -> None:
    reading = read_file(samples / "standard.tif")
    first, second = reading.pages
    assert (round(first.width_pt), round(first.height_pt)) == (595, 842)
    assert truth.character_error(truth.letter().text, _text(first)) < 0.05
    assert truth.character_error(FORM.text, _text(second)) < 0.10
    found = {f.name.value: f.value for f in find_fields([first], OWN)}
    assert (found["name"], found["phone"], found["fax"]) == ("박서준", "063-290-5512", "063-290-5513")
    original = (samples / "standard.tif").read_bytes()
    images = _images(reading.pdf)
    assert len(images) == 2
    assert all(image in original for image in images), "the G4 streams went through untouched"


def test_a_page_lying_on_its_side_is_set_upright_and_its_text_lies_where_it_is_seen(
    samples: Path, read_file: ReadFile
) -> None:
    reading = read_file(samples / "lying.jpg")
    (page,) = reading.pages
    assert page.height_pt > page.width_pt
    assert truth.character_error(FORM.text, _text(page)) < 0.03
    line = next(line for line in page.lines if line.text.startswith("들꽃로 가로등"))
    assert line.box is not None
    assert reading.pdf is not None
    with pypdfium2.PdfDocument(reading.pdf) as document:
        shown = document[0]
        width, height = shown.get_size()
        assert height > width
        # the layer's words, in the page's own turned space, come out where the eye sees them
        layer = shown.get_textpage()
        index, _count = layer.search("들꽃로 가로등").get_next()
        layer_box = layer.get_charbox(index)
        rotation = shown.get_rotation()
    left, bottom, _right, _top = layer_box
    seen = {90: (bottom / width, left / height), 270: (1 - layer_box[3] / width, 1 - layer_box[2] / height)}[rotation]
    assert abs(seen[0] - line.box.left) < 0.02
    assert line.box.top - 0.01 < seen[1] < line.box.bottom


def test_the_tick_box_decides_the_return_channel(samples: Path, read_file: ReadFile) -> None:
    (page,) = read_file(samples / "clean.png").pages
    signs = {line.text for line in page.lines if line.text[0] in "☐☑"}
    assert signs == {"☐ 인터넷", "☐ 팩스", "☑ 우편", "☐ 방문수령"}
    channel = next(f for f in find_fields([page], OWN) if f.name is FieldName.RETURN_CHANNEL)
    assert channel.value == "post"
    assert channel.box is not None


def test_columns_are_read_one_after_the_other(tmp_path: Path, read_file: ReadFile) -> None:
    sample = truth.columns()
    sample.image.save(tmp_path / "columns.png", dpi=(300, 300))
    (page,) = read_file(tmp_path / "columns.png").pages
    assert truth.character_error(sample.text, _text(page)) < 0.03
