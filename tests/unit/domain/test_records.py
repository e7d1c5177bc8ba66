"""Records refuse what must not be."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.delivery import DONE, TABLE, DeliveryState, step
from gateway.domain.errors import IllegalTransition, IncompleteDocument
from gateway.domain.people import Signers
from gateway.domain.result import IncompleteResult, Outcome, Result
from gateway.domain.submission import (
    Arrival,
    ArrivedFile,
    Channel,
    clean_code,
    grouped,
    new_access_code,
    receipt_number,
)
from gateway.domain.times import SEOUL, from_text, korean_date, korean_moment, to_text
from gateway.domain.transcript import Box, Field, FieldName, Line, Page, Source, Transcript

SIGNERS = {
    "unit_name": "안전건설과",
    "unit_phone": "063-290-2400",
    "handler_name": "이도담",
    "handler_title": "주무관",
    "handler_phone": "063-290-2412",
    "superior_name": "박한결",
    "superior_title": "팀장",
    "superior_phone": "063-290-2410",
}


@pytest.mark.parametrize("missing", [field.name for field in fields(Signers)])
def test_a_document_without_any_of_the_three_things_cannot_be_signed(missing: str) -> None:
    with pytest.raises(IncompleteDocument, match=missing):
        Signers(**{**SIGNERS, missing: "  "})


@pytest.mark.parametrize("missing", ["reason", "solution", "remedy"])
def test_a_refusal_needs_reason_solution_and_remedy(missing: str) -> None:
    parts = {"reason": "근거 없음", "solution": "다른 방법", "remedy": "60일 이내 이의신청"}
    assert Result(Outcome.UNPROCESSABLE, "처리할 수 없습니다.", **parts)
    with pytest.raises(IncompleteResult):
        Result(Outcome.UNPROCESSABLE, "처리할 수 없습니다.", **{**parts, missing: " "})


def test_an_arrival_needs_a_key_and_something_in_it() -> None:
    at = datetime(2026, 11, 23, tzinfo=UTC)
    with pytest.raises(ValueError, match="key"):
        Arrival(Channel.WEB, "", at, text="글")
    with pytest.raises(ValueError, match="file or a text"):
        Arrival(Channel.WEB, "k", at)
    with pytest.raises(ValueError, match="time zone"):
        Arrival(Channel.WEB, "k", datetime(2026, 11, 23), text="글")  # noqa: DTZ001 (the naive time is the point)
    with pytest.raises(ValueError, match="content or a path"):
        ArrivedFile("a")


def test_access_codes_are_twelve_letters_that_read_aloud_and_do_not_repeat() -> None:
    codes = {new_access_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(len(code) == 12 and not set(code) & set("01OILU") for code in codes)
    code = codes.pop()
    assert clean_code(f" {grouped(code).lower()} ") == code


def test_receipt_numbers_are_yearly_serials() -> None:
    assert receipt_number(2026, 123) == "2026-0000123"


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(SEOUL)))
def test_moments_order_as_their_text_does(first: datetime, second: datetime) -> None:
    assert from_text(to_text(first)) == first
    assert (to_text(first) < to_text(second)) == (first < second)


def test_dates_are_written_as_official_documents_write_them() -> None:
    at = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
    assert korean_date(at) == "2026. 11. 23."
    assert korean_moment(at) == "2026. 11. 23. 14:30"


def test_a_transcript_survives_its_text_form() -> None:
    box = Box(0.1, 0.2, 0.3, 0.4)
    page = Page(3, 1, 595.0, 842.0, Source.OCR, (Line("성명 홍가람", 0.93, box),), missed_ink=0.01)
    whole = Transcript((page,), (Field(FieldName.NAME, "홍가람", 0.9, "이름표 옆", 3, 1, box),), ("흐린 줄",))
    assert Transcript.from_json(whole.to_json()) == whole
    assert whole.text == "성명 홍가람"
    assert whole.value(FieldName.NAME) == "홍가람"
    assert whole.value(FieldName.FAX) == ""


def test_a_page_is_as_sure_as_its_letters() -> None:
    page = Page(1, 1, 595, 842, Source.OCR, (Line("aaa", 1.0), Line("b", 0.2)))
    assert page.confidence == pytest.approx(0.8)


def test_a_box_lies_within_its_page() -> None:
    with pytest.raises(ValueError, match="box"):
        Box(0.5, 0, 0.4, 1)


def test_what_may_have_left_is_never_sent_again_by_itself() -> None:
    assert DeliveryState.SENDING not in TABLE[DeliveryState.IN_DOUBT]
    assert not any(DeliveryState.SENDING in TABLE[state] for state in DONE)
    with pytest.raises(IllegalTransition):
        step(DeliveryState.SENT, DeliveryState.SENDING)
