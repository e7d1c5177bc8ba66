from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.webform import ReceivedForm, SpooledFile, file_name, to_arrival
from gateway.domain.submission import Arrival, Channel, Contact, ReturnChannel

AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
PHOTO = SpooledFile("사진.jpg", "image/jpeg", Path("/spool/000"), 3, "aa")
FORM = ReceivedForm({"title": " 제목 ", "text": "내용", "csrf": "1", "token": "t"}, (PHOTO,))


def arrival(form: ReceivedForm, issued: str = "first") -> Arrival:
    return to_arrival(
        form, token=issued, arrived_at=AT, contact=Contact(name="홍가람"), return_channel=ReturnChannel.INTERNET,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("신청서.hwp", "신청서.hwp"),
        ("C:\\Users\\나\\신청서.hwp", "신청서.hwp"),
        ("../../etc/passwd", "passwd"),
        ("신청서.hwp".encode().decode(), "신청서.hwp"),
        ("\u1109\u1175\u11ab.pdf", "신.pdf"),
        ("a\x00b\r\n.pdf", "ab.pdf"),
        ("say %22hi%22.txt", 'say "hi".txt'),
        ("", "file"),
        ("/", "file"),
    ],
)
def test_a_file_name_is_for_people_never_a_path(given_name: str, kept: str) -> None:
    assert file_name(given_name) == kept


@given(st.text(max_size=600))
def test_any_file_name_is_short_printable_and_never_empty(given_name: str) -> None:
    name = file_name(given_name)
    assert 0 < len(name) <= 180
    assert "/" not in name
    assert name.isprintable()


def test_a_long_name_keeps_its_ending() -> None:
    assert file_name("가" * 400 + ".hwpx").endswith("가.hwpx")


def test_the_same_form_has_the_same_key_even_with_another_page_token_check() -> None:
    again = replace(FORM, fields={**FORM.fields, "csrf": "2"})
    assert arrival(FORM).key == arrival(again).key


@pytest.mark.parametrize(
    "other",
    [
        replace(FORM, fields={**FORM.fields, "text": "다른 내용"}),
        replace(FORM, files=()),
        replace(FORM, files=(replace(PHOTO, sha256="bb"),)),
        replace(FORM, files=(PHOTO, PHOTO)),
    ],
)
def test_an_edited_form_has_another_key(other: ReceivedForm) -> None:
    assert arrival(FORM).key != arrival(other).key


def test_two_citizens_who_type_the_same_have_two_keys() -> None:
    assert arrival(FORM).key != arrival(FORM, "another").key


def test_the_form_becomes_an_arrival_of_the_web() -> None:
    made = arrival(FORM)
    assert (made.channel, made.title, made.text, made.contact.name) == (Channel.WEB, "제목", "내용", "홍가람")
    assert [(file.name, file.path) for file in made.files] == [("사진.jpg", Path("/spool/000"))]
