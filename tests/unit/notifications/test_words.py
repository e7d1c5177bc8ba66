"""Mails and drafts: what they say and what they keep to themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.domain.delivery import Purpose, Route
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, ReturnChannel
from gateway.store.submissions import Submission
from notifications.addressing import Way
from notifications.drafting import draft, due_words, for_way, purpose_of
from notifications.letters import Medium
from notifications.texts import handler_notice, mail_text
from tests.returns_office import AT, FULL_CONTACT, GRANTED, LETTER, ONNURI, REFUSED, SIGNERS

CITIZENS = [p for p in Purpose if p is not Purpose.HANDLER_NOTICE]
CASE = Submission(
    id=1, number="2026-0000123", access_code="ABCDEFGHJKMN", channel=Channel.FAX, arrived_at=AT, received_at=AT,
    state=State.DECIDED, version=3, title="", text="", kind_code="", return_channel=ReturnChannel.POST,
    contact=FULL_CONTACT, handler_id="safety-01", plan="수리합니다.", result=GRANTED, decided_at=AT,
)  # fmt: skip


def drafted(purpose: Purpose, case: Submission = CASE) -> str:
    letter = draft(purpose, case, office=ONNURI, signers=SIGNERS, register="안전건설과-7", dated_at=AT)
    return f"{letter.title}|{letter.summary}|{letter.case.title}"


@pytest.mark.parametrize("purpose", CITIZENS)
def test_every_mail_to_a_citizen_names_unit_handler_and_superior_with_phones(purpose: Purpose) -> None:
    words = mail_text(purpose, LETTER).body
    for part in ("안전건설과", "백이랑", "강도윤", "063-290-2200", "063-290-2210", "063-290-2201"):
        assert part in words


def test_the_acknowledgement_says_what_was_received_and_where_to_look() -> None:
    mail = mail_text(Purpose.ACKNOWLEDGEMENT, LETTER)
    for part in ("2026-0000123", "ABCD-EFGH-JKMN", "https://minwon.onnuri.example/case/2026-0000123", "- 신청서.hwp"):
        assert part in mail.body
    assert "\n" not in mail.subject


def test_the_handlers_notice_keeps_the_citizen_out_of_the_mail() -> None:
    mail = handler_notice(
        office_name="온누리군청", public_url="https://x.example/", number="2026-0000123", kind_name="가로등 고장 신고",
        received="2026. 11. 23. 14:30", due="", unverified=True,
    )  # fmt: skip
    assert "https://x.example/staff/cases/2026-0000123" in mail.body
    assert "확인 전" in mail.subject


def test_a_mail_masks_personal_numbers() -> None:
    letter = replace(LETTER, case=replace(LETTER.case, title="900101-1234567"))
    assert "1234567" not in mail_text(Purpose.PLAN, letter).body


def test_a_result_that_is_a_refusal_is_told_as_one() -> None:
    assert purpose_of(Purpose.RESULT, CASE) is Purpose.RESULT
    assert purpose_of(Purpose.RESULT, replace(CASE, result=REFUSED)) is Purpose.REFUSAL
    assert purpose_of(Purpose.PLAN, replace(CASE, result=REFUSED)) is Purpose.PLAN


def test_the_summary_takes_the_first_sentence_without_its_mark() -> None:
    assert drafted(Purpose.RESULT).startswith("민원 처리결과 통지|'제목 없음' 민원의 처리결과를 알림: 현장을 확인하여")
    assert "일반국도입니다." in drafted(Purpose.REFUSAL, replace(CASE, result=REFUSED))


def test_each_way_has_its_sheet() -> None:
    letter = draft(Purpose.PLAN, CASE, office=ONNURI, signers=SIGNERS, register="안전건설과-7", dated_at=AT)
    assert for_way(letter, Way(Route.FAX, "0632907777")).fax_number == "063-290-7777"
    assert for_way(letter, Way(Route.POST, "x")).medium is Medium.POST
    assert for_way(letter, Way(Route.PICKUP)).medium is Medium.COUNTER
    assert for_way(letter, Way(Route.EMAIL, "a@b.example")).medium is Medium.SCREEN


def test_midnight_belongs_to_the_day_it_ends() -> None:
    assert due_words(datetime(2026, 11, 24, 15, 0, tzinfo=UTC)) == "2026. 11. 24.까지"
    assert due_words(datetime(2026, 11, 24, 5, 0, tzinfo=UTC)) == "2026. 11. 24. 14:00까지"
    assert due_words(None) == ""
