"""Staff pages speak Korean for everything they can meet, and English for every Korean text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from dispatch.calendar import OfficeCalendar
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState
from gateway.domain.lifecycle import Event
from gateway.web import auth, case_view, staff_words
from gateway.web.i18n import english
from gateway.web.staff_page import MENU
from notifications.pickup import IdentityCheck

TEMPLATES = Path(staff_words.__file__).with_name("templates") / "staff"
_TEXT = re.compile(r"""\bt\((["'])(.+?)\1""")
FAMILIES: tuple[Mapping[Any, str], ...] = (
    staff_words.STATES, staff_words.CHANNELS, staff_words.RETURN_CHANNELS, staff_words.ROLES, staff_words.FILE_ROLES,
    staff_words.FIELDS, staff_words.SOURCES, staff_words.PURPOSES, staff_words.ROUTES, staff_words.DELIVERY_STATES,
    staff_words.OUTCOMES, staff_words.CLOCKS, staff_words.JOBS,
)  # fmt: skip


@pytest.mark.parametrize("words", FAMILIES)
def test_every_member_has_a_word(words: Mapping[StrEnum, str]) -> None:
    assert set(words) == set(type(next(iter(words))))


def test_every_event_of_the_table_and_of_deliveries_has_a_sentence() -> None:
    wanted = {*Event, *(f"delivery_{state}" for state in DeliveryState if state is not DeliveryState.SENDING)}
    assert wanted <= set(staff_words.EVENTS)


def test_every_text_of_the_staff_pages_has_an_english_one() -> None:
    texts = {m[2] for path in TEMPLATES.glob("*.html") for m in _TEXT.finditer(path.read_text(encoding="utf-8"))}
    texts |= {entry.name for entry in MENU} | {auth._WRONG}
    for words in (*FAMILIES, staff_words.EVENTS, staff_words.ACCESSES, staff_words.IDENTITY_WORDS, case_view.FACTS):
        texts |= set(words.values())
    assert texts - set(english()) == set()


def test_every_identity_check_has_a_word() -> None:
    assert set(staff_words.IDENTITY_WORDS) == set(IdentityCheck)


@pytest.mark.parametrize(
    ("due_in", "text", "level"),
    [
        (timedelta(minutes=30), "30분 남음", "ok"),
        (timedelta(minutes=10), "10분 남음", "soon"),
        (timedelta(minutes=-12), "12분 지남", "late"),
        (timedelta(hours=3, minutes=30), "2시간 30분 남음", "ok"),  # lunch is not counted
        (timedelta(days=1), "1일 남음", "ok"),
    ],
)
def test_time_left_is_told_in_working_days_hours_and_minutes(due_in: timedelta, text: str, level: str) -> None:
    now = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    left = staff_words.time_left(now + due_in, now, ClockName.C1, OfficeCalendar())
    told = left.template.format(days=left.days, hours=left.hours, minutes=left.minutes)
    assert (told, left.level) == (text, level)
