from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from channels.endings import Ending, look


def picture(kind: str) -> bytes:
    """A small picture in which neighbouring pixels differ, so that every part of the file matters."""
    image = Image.frombytes("L", (64, 64), bytes((x * 37 + y * 91) % 256 for y in range(64) for x in range(64)))
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def pdf() -> bytes:
    body = b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>\nendobj\n"
    return body + b"xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)


def heic() -> bytes:
    return b"".join(
        struct.pack(">I4s", 8 + len(rest), kind) + rest for kind, rest in ((b"ftyp", b"heic"), (b"mdat", b"x" * 40))
    )


WHOLE: dict[str, Callable[[], bytes]] = {
    "application/pdf": pdf,
    "image/tiff": lambda: picture("TIFF"),
    "image/jpeg": lambda: picture("JPEG"),
    "image/png": lambda: picture("PNG"),
    "image/heic": heic,
}


def told(content: bytes) -> Ending:
    return look(io.BytesIO(content))


@pytest.mark.parametrize("media_type", WHOLE)
def test_a_whole_file_is_known_by_its_content_and_has_no_fault(media_type: str) -> None:
    assert told(WHOLE[media_type]()) == Ending(media_type)


@pytest.mark.parametrize("media_type", WHOLE)
def test_a_file_cut_anywhere_after_its_head_is_told(media_type: str) -> None:
    whole = WHOLE[media_type]()
    cut_at = range(16, len(whole.rstrip()) - 1, 7)
    assert [at for at in cut_at if not told(whole[:at]).fault and told(whole[:at]).media_type] == []


def test_a_jpegs_thumbnail_does_not_stand_for_its_end() -> None:
    small = picture("JPEG")
    whole = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(small) + 2) + small + small[2:]
    assert told(whole).fault == ""
    assert told(whole[: len(small) + 400]).fault


def test_a_linearised_pdf_knows_its_length() -> None:
    whole = pdf()
    head = b"%%PDF-1.7\n9 0 obj<</Linearized 1/L %d>>endobj\n" % (len(whole) * 2)
    assert "bytes long" in told(head + whole).fault


def test_bytes_before_the_header_and_after_the_end_do_not_matter() -> None:
    assert told(b"\r\n\r\n" + pdf()).fault == ""
    assert told(pdf() + b"\0" * 500).fault == ""
    assert told(picture("JPEG") + b"\0" * 500).fault == ""


def test_nothing_can_be_said_of_other_kinds_and_nothing_is_in_an_empty_file() -> None:
    assert told(b"Dear Sir or Madam") == Ending("")
    assert told(b"\0\0\0\x10ftypisom" + b"\0" * 8) == Ending("")  # a film
    assert told(b"").fault == "it is empty"


@given(
    st.sampled_from([b"", b"%PDF-", b"II*\0", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"\0\0\0\x10ftypheic"]),
    st.binary(max_size=300),
)
def test_no_bytes_make_it_raise(magic: bytes, content: bytes) -> None:
    told(magic + content)
