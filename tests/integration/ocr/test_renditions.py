"""Any original becomes a PDF a person can read, or a reason why not."""

from __future__ import annotations

from pathlib import Path

import pypdf
import pytest
from hwpx import HwpxDocument
from PIL import Image, ImageDraw

from gateway.domain import filetypes
from gateway.domain.transcript import Source
from ocr import troubles
from ocr.reader import Reader, Reading
from ocr.rendition_texts import text_to_pdf
from tests.integration.ocr import korean_pages as truth
from tests.integration.ocr.conftest import ReadFile


def _text(reading: Reading) -> str:
    return "\n".join(page.text for page in reading.pages)


def _born_digital(path: Path, text: str) -> Path:
    text_to_pdf(text, path)
    return path


def test_a_sound_text_layer_is_taken_and_the_pdf_left_as_it_is(tmp_path: Path, read_file: ReadFile) -> None:
    path = _born_digital(tmp_path / "letter.pdf", "성명: 김하늘\n연락처: 010-0000-1234\n가로등을 고쳐 주십시오.")
    reading = read_file(path)
    assert [page.source for page in reading.pages] == [Source.TEXT_LAYER]
    assert "가로등을 고쳐 주십시오." in _text(reading)
    assert reading.pdf is not None
    assert reading.pdf.read_bytes() == path.read_bytes()


def test_an_encrypted_pdf_is_told_and_has_no_rendition(tmp_path: Path, read_file: ReadFile) -> None:
    writer = pypdf.PdfWriter(clone_from=_born_digital(tmp_path / "open.pdf", "비밀"))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    reading = read_file(tmp_path / "locked.pdf")
    assert (reading.pdf, reading.troubles) == (None, (troubles.ENCRYPTED,))


@pytest.mark.parametrize(
    ("name", "content", "trouble"),
    [
        ("scan.pdf", b"", troubles.EMPTY),
        ("scan.pdf", b"%PDF-1.7\nnothing more", troubles.DAMAGED),
        ("photo.jpg", b"\xff\xd8\xff\xe0 not a photo", troubles.DAMAGED),
        ("fax.tif", b"II*\0\xff\xff\xff\x7f", troubles.DAMAGED),
        ("민원.hwp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), troubles.UNKNOWN),
        ("program.pdf", b"MZ\x90\0\x03\0\0\0\x04\0", troubles.UNKNOWN),
        ("all.zip", b"PK\x03\x04" + bytes(40), troubles.ARCHIVE),
    ],
)
def test_what_cannot_be_read_says_why(
    tmp_path: Path, read_file: ReadFile, name: str, content: bytes, trouble: str
) -> None:
    (tmp_path / name).write_bytes(content)
    reading = read_file(tmp_path / name)
    assert reading.pdf is None
    assert reading.troubles == (trouble,)


def test_a_file_that_lies_about_its_type_is_read_for_what_it_is(tmp_path: Path, read_file: ReadFile) -> None:
    truth.letter().image.save(tmp_path / "letter.png", dpi=(300, 300))
    lying = (tmp_path / "letter.png").rename(tmp_path / "letter.pdf")
    reading = read_file(lying)
    assert reading.kind == filetypes.PNG
    assert "박서준" in _text(reading)


def test_a_truncated_tiff_keeps_the_pages_that_decode_and_is_flagged(
    samples: Path, tmp_path: Path, read_file: ReadFile
) -> None:
    whole = (samples / "standard.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) - 3000])
    reading = read_file(tmp_path / "cut.tif")
    assert reading.page_count == 1
    assert troubles.PARTLY_DAMAGED in reading.troubles
    assert "박서준" in _text(reading)


def test_a_truncated_photo_is_shown_as_far_as_it_goes(samples: Path, tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "cut.jpg").write_bytes((samples / "photo.jpg").read_bytes()[:250_000])
    reading = read_file(tmp_path / "cut.jpg")
    assert reading.troubles == (troubles.PARTLY_DAMAGED,)
    assert reading.page_count == 1


def test_hwpx_is_rendered_with_its_text(tmp_path: Path, read_file: ReadFile) -> None:
    document = HwpxDocument.new()
    for line in ("들꽃로 가로등 고장 신고", "성명: 김하늘", "연락처: 010-0000-1234"):
        document.add_paragraph(line)
    document.save_to_path(str(tmp_path / "form.hwpx"))
    reading = read_file(tmp_path / "form.hwpx")
    assert reading.kind == filetypes.HWPX
    assert reading.troubles == ()
    assert "가로등" in _text(reading)
    assert "010-0000-1234" in _text(reading)


def test_text_and_html_become_plain_pages_and_a_pdf(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "a.txt").write_bytes('성명: 김하늘\n#import "x" *굵게* 주민번호 850314-1234567'.encode("cp949"))
    (tmp_path / "b.html").write_text(
        "<html><body><script>x()</script><p>성명: 이두리</p></body></html>", encoding="utf-8"
    )
    text, html = read_file(tmp_path / "a.txt"), read_file(tmp_path / "b.html")
    assert text.pages[0].source is Source.PLAIN
    assert "850314-1******" in _text(text)
    assert _text(html) == "성명: 이두리"
    assert text.page_count == html.page_count == 1


def test_heic_gif_and_transparent_png_are_turned_into_pages(tmp_path: Path, read_file: ReadFile) -> None:
    import pillow_heif  # noqa: PLC0415 - registers itself with Pillow for this test only

    pillow_heif.register_heif_opener()
    picture = Image.new("RGBA", (600, 800), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((100, 100, 500, 300), fill=(200, 0, 0, 255))
    picture.save(tmp_path / "a.png")
    picture.convert("RGB").save(tmp_path / "b.heic")
    picture.convert("P").save(tmp_path / "c.gif")
    for name in ("a.png", "b.heic", "c.gif"):
        assert read_file(tmp_path / name).page_count == 1


def test_an_office_document_goes_through_libreoffice(tmp_path: Path, read_file: ReadFile) -> None:
    (tmp_path / "letter.rtf").write_bytes(rb"{\rtf1\ansi\ansicpg949 Street light {\u44032?\u47196?\u46321?}\par}")
    reading = read_file(tmp_path / "letter.rtf")
    assert reading.kind == filetypes.RTF
    assert "가로등" in _text(reading)


def test_blank_pages_are_seen_and_many_pages_stay_bounded(tmp_path: Path, read_file: ReadFile) -> None:
    blank = Image.new("1", (1728, 2292), 1)
    truth.fax_tiff(tmp_path / "long.tif", [blank] * 7, fine=True)
    reading = read_file(tmp_path / "long.tif")
    assert reading.page_count == 7
    assert len(reading.pages) == 5
    assert all(page.blank for page in reading.pages)
    assert reading.troubles == (troubles.too_many_pages(7, 5),)


def test_an_image_bomb_costs_only_itself(tmp_path: Path, read_file: ReadFile, reader: Reader) -> None:
    assert reader is not None
    Image.new("1", (12_000, 11_000)).save(tmp_path / "bomb.png")
    assert read_file(tmp_path / "bomb.png").troubles == (troubles.TOO_BIG,)
