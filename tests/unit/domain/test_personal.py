"""Masking of personal numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.personal import holds_resident_number, mask, mask_name, phone_digits


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("주민등록번호 900101-1234567 입니다", "주민등록번호 900101-1****** 입니다"),
        ("9001011234567", "900101-1******"),
        ("900101 - 1234567", "900101 - 1******"),
        ("900101－1234567", "900101－1******"),
        ("외국인 850615-5234567.", "외국인 850615-5******."),
    ],
)
def test_a_resident_number_loses_its_last_six_digits(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(
    "text", ["063-290-1234", "010-0000-1234", "2026-0000123", "1234567890123456", "901301-1234567"]
)
def test_other_numbers_stay(text: str) -> None:
    assert mask(text) == text


@given(before=st.text(max_size=20), after=st.text(max_size=20))
def test_masking_twice_changes_nothing_more(before: str, after: str) -> None:
    once = mask(f"{before} 900101-1234567 {after}")
    assert mask(once) == once
    assert "1234567" not in once or "1234567" in before + after


def test_what_was_masked_holds_no_number_any_more() -> None:
    assert holds_resident_number("900101-1234567")
    assert not holds_resident_number(mask("900101-1234567"))


@pytest.mark.parametrize(
    ("name", "shown"), [("홍길동", "홍*동"), ("김솔", "김*"), ("남궁하늘", "남**늘"), ("왕", "왕"), ("", "")]
)
def test_names_are_shown_with_their_middle_hidden(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@pytest.mark.parametrize(
    ("typed", "digits"),
    [("063-290-1234", "0632901234"), ("+82 63 290 1234", "0632901234"), ("+82 (0)10-0000-1234", "01000001234")],
)
def test_phone_numbers_compare_by_their_digits(typed: str, digits: str) -> None:
    assert phone_digits(typed) == digits
