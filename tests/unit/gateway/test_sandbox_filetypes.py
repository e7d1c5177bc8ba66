"""What a file is comes from its bytes."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain import filetypes as kinds


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", kinds.EMPTY),
        (b"%PDF-1.7\n", kinds.PDF),
        (b"\r\n junk before %PDF-1.4", kinds.PDF),
        (b"II*\0\x08\0\0\0", kinds.TIFF),
        (b"MM\0*\0\0\0\x08", kinds.TIFF),
        (b"\xff\xd8\xff\xe0", kinds.JPEG),
        (b"\0\0\0\x18ftypheic\0\0\0\0", kinds.HEIC),
        (b"BM" + bytes(12) + struct.pack("<I", 40), kinds.BMP),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/hwp+zip", kinds.HWPX),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text", kinds.ODT),
        (b"PK\x03\x04" + bytes(26) + b"a.txt", kinds.ZIP),
        ("안녕하십니까. 민원을 제출합니다.".encode(), kinds.TEXT),
        ("안녕하십니까. 민원을 제출합니다.".encode("cp949"), kinds.TEXT),
        (b"<!DOCTYPE html><p>x", kinds.HTML),
        (b"From: a@onnuri.example\r\nSubject: x\r\n\r\nhello", kinds.EML),
        (b"\0\x01\x02\x03", kinds.UNKNOWN),
        (b"{\\rtf1", kinds.RTF),
    ],
)
def test_a_signature_names_the_kind(head: bytes, kind: str) -> None:
    assert kinds.sniff(head) == kind


def test_a_name_does_not_make_an_executable_a_document() -> None:
    assert kinds.sniff(b"MZ\x90\0\x03\0\0\0", name="민원서.pdf") == kinds.UNKNOWN


@given(st.binary(max_size=300))
def test_any_bytes_get_some_kind(head: bytes) -> None:
    assert "/" in kinds.sniff(head)


@given(st.text(alphabet=st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=5, max_size=6000))
def test_korean_text_is_text_even_when_cut_in_a_character(text: str) -> None:
    assert kinds.sniff(text.encode()[: kinds.HEAD_BYTES]) in {kinds.TEXT, kinds.UNKNOWN}
    assert kinds.sniff(text.encode("utf-8")) == kinds.TEXT
