from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.telephone import NotDialable, dialable, number_or_empty, spaced


@pytest.mark.parametrize(
    ("written", "digits"),
    [
        ("063-290-4600", "0632904600"),
        ("(063) 290 4600", "0632904600"),
        ("+82 63 290 4600", "0632904600"),
        ("+82-063-290-4600", "0632904600"),
        ("０６３－２９０－４６００", "0632904600"),
        ("02-123-4567", "021234567"),
        ("02) 1234-5678", "0212345678"),
        ("0505-123-4567", "05051234567"),
        ("1588-0000", "15880000"),
        ("+1 212 555 0100", "+12125550100"),
    ],
)
def test_a_number_is_read_as_koreans_write_it(written: str, digits: str) -> None:
    assert dialable(written) == digits


@pytest.mark.parametrize(
    "written",
    [
        "",
        "112",
        "119",
        "063-290",
        "290-4600",
        "060-700-1234",
        "063-290-4600 (5)",
        "0632904600,1",
        "팩스",
        "+82",
        "+0123456789",
        "063-290-4600/4601",
        "0632904600w1",
    ],
)
def test_what_is_not_plainly_one_public_number_is_refused(written: str) -> None:
    with pytest.raises(NotDialable):
        dialable(written)


def test_what_machines_say_of_themselves_is_read_with_patience() -> None:
    assert number_or_empty("+82 63 290 4600") == "0632904600"
    assert number_or_empty("82632904600") == "0632904600"
    assert number_or_empty("FAX 063.290.4600") == "0632904600"
    assert number_or_empty("ONNURI") == ""
    assert number_or_empty("") == ""


def test_numbers_are_spaced_for_people() -> None:
    shown = ["063-290-4600", "02-123-4567", "02-1234-5678", "010-0000-1234", "1588-0000", "0505-123-4567"]
    assert [spaced(dialable(number)) for number in shown] == shown
    assert [spaced(dialable(number.replace("-", ""))) for number in shown] == shown
    assert spaced("+12125550100") == "+12125550100"


@given(st.text(max_size=30))
def test_only_digits_ever_come_out(written: str) -> None:
    number = number_or_empty(written)
    assert number == "" or number.removeprefix("+").isascii()
    assert number == "" or number.removeprefix("+").isdigit()
