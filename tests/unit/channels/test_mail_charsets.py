"""Bytes into text: what Korea's mail really sends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.charsets import decode, guess, one_line, storable

SENTENCE = "가로등이 꺼져 있습니다. 확인 부탁드립니다."


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("ks_c_5601-1987", "cp949"),
        ("KS_C_5601-1987", "euc-kr"),
        ("euc-kr", "cp949"),
        ("EUC-KR", "euc-kr"),
        ("windows-949", "cp949"),
        ("iso-2022-kr", "iso2022_kr"),
        ("utf-8", "utf-8"),
        ('"UTF8"', "utf-8"),
        ("johab", "johab"),
        ("utf-16", "utf-16"),
        # declared wrongly, or not at all, as the bytes tell
        ("", "utf-8"),
        ("", "cp949"),
        ("us-ascii", "euc-kr"),
        ("iso-8859-1", "cp949"),
        ("utf-8", "cp949"),
        ("euc-kr", "utf-8"),
        ("no-such-charset", "cp949"),
        ("unknown-8bit", "utf-8"),
        ("", "iso2022_kr"),
    ],
)
def test_korean_is_read_whatever_the_label_says(declared: str, codec: str) -> None:
    assert decode(SENTENCE.encode(codec), declared) == SENTENCE


def test_letters_outside_euc_kr_are_read_under_its_name() -> None:
    assert decode("똠방각하 펲시콜라".encode("cp949"), "ks_c_5601-1987") == "똠방각하 펲시콜라"


@pytest.mark.parametrize("text", ["Müller und Söhne, Größe 5 m²", "déjà vu à l'école", "£ 20 – “quoted”"])
def test_western_text_is_not_taken_for_korean(text: str) -> None:
    assert guess(text.encode("cp1252")) == text


def test_iso_2022_kr_without_its_header_line_or_shift_back_is_still_read() -> None:
    raw = "민원 접수".encode("iso2022_kr").replace(b"\x1b$)C", b"").rstrip(b"\x0f")
    assert decode(raw, "iso-2022-kr") == "민원 접수"


def test_utf8_cut_in_the_middle_of_a_letter_keeps_the_rest() -> None:
    assert guess(SENTENCE.encode()[:-2]).startswith(SENTENCE[:-2])


@given(st.binary(max_size=300), st.text(max_size=30))
def test_any_bytes_under_any_label_give_text_that_can_be_stored(raw: bytes, declared: str) -> None:
    text = decode(raw, declared)
    assert "\x00" not in text
    text.encode("utf-8")


def test_names_from_a_mac_come_in_composed_letters_on_one_line() -> None:
    assert one_line("민원\u202e\r\n 신청서.pdf", 0) == "민원 신청서.pdf"


def test_surrogates_from_a_smtp_command_become_marks() -> None:
    assert storable("a\udcb0b") == "a\ufffdb"
