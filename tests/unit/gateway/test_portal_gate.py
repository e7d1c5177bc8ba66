from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.portal.access import clean_number
from gateway.web.sealing import Sealer
from gateway.web.tries import TooManyTries, Tries

AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SEALER = Sealer(b"s" * 32)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("2026-0000123", "2026-0000123"),
        (" 2026 0000123 ", "2026-0000123"),
        ("20260000123", "2026-0000123"),
        ("2026-123", "2026-0000123"),
        ("접수번호 2026-0000123", "2026-0000123"),
        ("2026", ""),
        ("", ""),
        ("1-2-3", ""),
        ("2026-12345678", ""),
    ],
)
def test_a_receipt_number_is_read_however_it_is_typed(typed: str, number: str) -> None:
    assert clean_number(typed) == number


@given(st.text(max_size=60))
def test_whatever_is_typed_gives_a_number_or_nothing(typed: str) -> None:
    number = clean_number(typed)
    assert not number or (len(number) == 12 and number[4] == "-")


def test_the_sixth_try_after_five_wrong_ones_is_refused_until_the_first_is_ten_minutes_old() -> None:
    tries = Tries()
    for minute in range(5):
        tries.check("10.0.0.1", AT + minute * MINUTE)
        tries.wrong("10.0.0.1", AT + minute * MINUTE)
    with pytest.raises(TooManyTries):
        tries.check("10.0.0.1", AT + 9 * MINUTE)
    tries.check("10.0.0.2", AT + 9 * MINUTE)
    tries.check("10.0.0.1", AT + 10 * MINUTE)


def test_memory_of_wrong_tries_is_bounded() -> None:
    tries = Tries(most=1, names=10)
    for host in range(1000):
        tries.wrong(f"10.0.{host}", AT)
    tries.check("10.0.5", AT)
    with pytest.raises(TooManyTries):
        tries.check("10.0.999", AT)


def test_a_seal_opens_only_for_its_purpose_its_office_and_its_time() -> None:
    sealed = SEALER.seal("case", "2026-0000001", at=AT)
    half_hour = 30 * MINUTE
    assert SEALER.open("case", sealed, at=AT + 29 * MINUTE, lasting=half_hour) == "2026-0000001"
    assert SEALER.open("case", sealed, at=AT + 31 * MINUTE, lasting=half_hour) is None
    assert SEALER.open("other", sealed, at=AT, lasting=half_hour) is None
    assert Sealer(b"t" * 32).open("case", sealed, at=AT, lasting=half_hour) is None
    assert SEALER.open("case", "확인", at=AT, lasting=half_hour) is None


def test_a_form_token_is_ours_or_none() -> None:
    token = SEALER.form_token()
    assert SEALER.read_form_token(token) == token.partition(".")[0]
    for other in ("", ".", "abc", token + "0", "x" + token, "한글.한글"):
        assert SEALER.read_form_token(other) is None
