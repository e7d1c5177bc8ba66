"""Values and their one written form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr import values


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("063-290-1234", "063-290-1234"),
        ("(063) 290-1234", "063-290-1234"),
        ("063.290.1234", "063-290-1234"),
        ("0632901234", "063-290-1234"),
        ("02-123-4567", "02-123-4567"),
        ("+82-10-0000-1234", "010-0000-1234"),
        ("+82 (0)63 290 1234", "063-290-1234"),
        ("휴대폰 010 0000 4821 입니다", "010-0000-4821"),
        ("O1O-0000-4821", "010-0000-4821"),
        ("0507-0000-1234", "0507-0000-1234"),
        ("2026-11-20", ""),
        ("계좌 123-063-290-1234-5", ""),
    ],
)
def test_a_phone_number_has_one_form(text: str, phone: str) -> None:
    assert values.phone(text) == phone


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2026년 11월 20일", "2026-11-20"),
        ("2026. 11. 20.", "2026-11-20"),
        ("2026.11.20", "2026-11-20"),
        ("1985:3.14.", "1985-03-14"),
        ("2026-13-01", ""),
        ("2026-02-30", ""),
    ],
)
def test_a_date_is_read_in_its_usual_forms(text: str, date: str) -> None:
    assert values.date(text) == date


@pytest.mark.parametrize(("text", "born"), [("850314", "1985-03-14"), ("85. 3. 14.", "1985-03-14"), ("1120", "")])
def test_a_birth_date_may_be_short(text: str, born: str) -> None:
    assert values.birth_date(text) == born


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("김하늘", "김하늘"),
        ("김 하 늘", "김하늘"),
        ("김동인", "김동인"),
        ("김하늘 (서명)", "김하늘"),
        ("김하늘 (인)", "김하늘"),
        ("김하늘 (서명 또는 인)", "김하늘"),
        ("(주)새빛건설", "(주)새빛건설"),
        ("John Smith", "John Smith"),
        ("온누리군수 귀하", ""),
        ("010-0000-1234", ""),
    ],
)
def test_a_name_loses_its_seal_and_keeps_its_last_syllable(text: str, name: str) -> None:
    assert values.name(text) == name


def test_a_resident_number_is_masked_even_when_a_digit_was_read_as_a_letter() -> None:
    assert values.resident_number("850314-1234567") == "850314-1******"
    assert values.masked("번호 850314-I234567") == "번호 850314-I******"


def test_an_address_and_its_postcode_part() -> None:
    line = "(55999) 전북특별자치도 온누리군 새빛읍 들꽃로 27, 101동 502호"
    assert values.address(line) == "전북특별자치도 온누리군 새빛읍 들꽃로 27, 101동 502호"
    assert values.postcode(line) == "55999"
    assert values.postcode("063-290-55999") == ""
    assert values.lone_address("온누리군 새빛읍 들꽃로 27 앞 가로등이 꺼졌습니다.") == ""


def test_the_return_channel_is_one_of_ours_or_nothing() -> None:
    assert values.return_channel("전자우편") == "internet"
    assert values.return_channel("등기우편") == "post"
    assert values.return_channel("우편 또는 팩스") == ""


@given(st.text(max_size=200))
def test_no_text_breaks_the_patterns(text: str) -> None:
    for read in (
        values.phone, values.email, values.date, values.birth_date, values.name, values.address, values.postcode,
        values.title, values.return_channel, values.resident_number, values.lone_address, values.masked,
    ):  # fmt: skip
        assert isinstance(read(text), str)
