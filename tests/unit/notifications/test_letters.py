"""What a letter says, before it is set in type."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import IncompleteDocument
from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers
from notifications.letters import LetterKind, Medium, clean, inputs, paragraphs
from tests.returns_office import GRANTED, LETTER, ONNURI, REFUSED, SIGNERS


@pytest.mark.parametrize("part", Signers.__slots__)
def test_no_signers_without_unit_handler_superior_and_their_phones(part: str) -> None:
    with pytest.raises(IncompleteDocument, match=part):
        replace(SIGNERS, **{part: " "})


@pytest.mark.parametrize("part", [p for p in OfficeFacts.__slots__ if p != "english_name"])
def test_no_office_without_the_parts_of_head_and_foot(part: str) -> None:
    with pytest.raises(IncompleteDocument, match=part):
        replace(ONNURI, **{part: ""})


@pytest.mark.parametrize(
    ("kind", "letter"),
    [
        (LetterKind.PLAN, replace(LETTER, text=" ")),
        (LetterKind.RESULT, LETTER),
        (LetterKind.RESULT, replace(LETTER, result=REFUSED)),
        (LetterKind.REFUSAL, replace(LETTER, result=GRANTED)),
        (LetterKind.PICKUP_NOTICE, LETTER),
        (LetterKind.FAX_COVER, LETTER),
        (LetterKind.PLAN, replace(LETTER, medium=Medium.FAX)),
    ],
)
def test_a_letter_without_what_its_kind_is_about_is_refused(kind: LetterKind, letter: object) -> None:
    with pytest.raises(IncompleteDocument):
        inputs(kind, letter)  # type: ignore[arg-type]  # parametrized


def test_a_letter_needs_its_register_number() -> None:
    with pytest.raises(IncompleteDocument, match="register"):
        replace(LETTER, register="")


def test_personal_numbers_are_masked_wherever_they_stand() -> None:
    letter = replace(
        LETTER,
        title="900101-1234567 민원",
        text="제 번호는 900101-1234567 입니다.",
        case=replace(LETTER.case, title="900101-1234567", files=("900101-1234567.pdf",)),
    )
    told = inputs(LetterKind.PLAN, letter)
    assert "1234567" not in told
    assert told.count("900101-1******") == 4


def test_marks_of_official_numbering_give_the_depth() -> None:
    found = paragraphs("머리말\n1. 하나\n\n가. 둘\n 1) 셋\n가) 넷\n- 다섯\n2026. 11. 23.에 접수")
    assert [(line["mark"], line["depth"]) for line in found] == [
        ("", -1), ("1.", 0), ("가.", 1), ("1)", 2), ("가)", 3), ("-", 4), ("", -1),
    ]  # fmt: skip


@given(st.text(max_size=300))
def test_cleaning_keeps_no_control_sign_and_is_repeatable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert not any(ord(c) < 32 and c != "\n" for c in cleaned)


@given(st.text(max_size=200))
def test_whatever_is_written_stays_words_in_the_json(text: str) -> None:
    told = json.loads(inputs(LetterKind.PLAN, replace(LETTER, text=f"글 {text}", title=f"글 {text}")))
    assert told["title"] == clean(f"글 {text}")
