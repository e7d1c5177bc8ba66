"""The office calendar: holidays, opening, and that working time adds up."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import OfficeCalendar, OfficeHours, public_holidays
from gateway.domain.times import SEOUL

CALENDAR = OfficeCalendar()
moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 30)).map(lambda m: m.replace(tzinfo=SEOUL))  # noqa: DTZ001 - the zone is added
minutes = st.integers(0, 4000).map(lambda n: timedelta(minutes=n))


def at(*parts: int) -> datetime:
    year, month, day, hour, minute = parts
    return datetime(year, month, day, hour, minute, tzinfo=SEOUL)


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 2, 16), date(2026, 2, 17), date(2026, 2, 18),  # Seollal
        date(2026, 3, 2),  # for 03-01, a Sunday
        date(2026, 5, 1), date(2026, 5, 5), date(2026, 5, 25),  # for 05-24, a Sunday
        date(2026, 6, 3),  # local elections
        date(2026, 7, 17), date(2026, 8, 17), date(2026, 9, 24), date(2026, 9, 25), date(2026, 10, 5),
        date(2026, 10, 9), date(2026, 12, 25),
    ],
    ids=str,
)  # fmt: skip
def test_the_office_is_closed_on_public_holidays_and_their_substitutes(day: date) -> None:
    assert not CALENDAR.is_working_day(day)


def test_ten_years_of_holidays_hold_the_fixed_ones_and_leave_at_least_240_working_days() -> None:
    for year in range(2024, 2034):
        days = public_holidays(year)
        assert {date(year, 1, 1), date(year, 3, 1), date(year, 8, 15), date(year, 10, 3), date(year, 12, 25)} <= days
        assert 240 <= CALENDAR.working_days(date(year, 1, 1), date(year, 12, 31)) <= 252


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        (at(2026, 11, 23, 10, 0), at(2026, 11, 23, 10, 0)),
        (at(2026, 11, 23, 12, 30), at(2026, 11, 23, 12, 30)),
        (at(2026, 11, 23, 8, 59), at(2026, 11, 23, 9, 0)),
        (at(2026, 11, 23, 18, 0), at(2026, 11, 24, 9, 0)),
        (at(2026, 11, 20, 19, 0), at(2026, 11, 23, 9, 0)),
        (at(2026, 9, 23, 18, 1), at(2026, 9, 28, 9, 0)),
    ],
    ids=["open", "lunch", "before", "closing", "friday-evening", "before-chuseok"],
)
def test_a_submission_outside_office_hours_counts_from_the_next_opening(moment: datetime, opening: datetime) -> None:
    assert CALENDAR.next_opening(moment) == opening


def test_extra_closures_and_openings_are_the_offices_own() -> None:
    own = OfficeCalendar(closures=frozenset({date(2026, 11, 23)}), openings=frozenset({date(2026, 11, 22)}))
    assert own.next_opening(at(2026, 11, 23, 10, 0)) == at(2026, 11, 24, 9, 0)
    assert own.is_working(at(2026, 11, 22, 10, 0))


def test_other_hours_are_followed() -> None:
    early = OfficeCalendar(hours=OfficeHours(time(8), time(17), time(12), time(12)))
    assert early.add_working_minutes(at(2026, 11, 23, 11, 45), 30) == at(2026, 11, 23, 12, 15)
    assert early.working_minutes(at(2026, 11, 23, 0, 0), at(2026, 11, 24, 0, 0)) == 540


def test_lunch_is_open_but_no_working_time() -> None:
    assert CALENDAR.is_open(at(2026, 11, 23, 12, 30))
    assert not CALENDAR.is_working(at(2026, 11, 23, 12, 30))


def test_time_left_is_negative_when_it_is_past() -> None:
    assert CALENDAR.working_minutes(at(2026, 11, 23, 11, 0), at(2026, 11, 23, 14, 0)) == 120
    assert CALENDAR.working_minutes(at(2026, 11, 23, 14, 0), at(2026, 11, 23, 11, 0)) == -120


def test_hours_out_of_order_and_naive_moments_are_refused() -> None:
    with pytest.raises(ValueError, match="in order"):
        OfficeHours(opens=time(19))
    with pytest.raises(ValueError, match="time zone"):
        CALENDAR.is_working(datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001 - naive on purpose
    with pytest.raises(ValueError, match="taken away"):
        CALENDAR.add_working_minutes(at(2026, 11, 23, 10, 0), -1)
    with pytest.raises(ValueError, match="from 1"):
        CALENDAR.nth_working_day(date(2026, 11, 23), 0)


@given(moments, minutes, minutes)
def test_working_time_is_additive(start: datetime, one: timedelta, other: timedelta) -> None:
    in_two_steps = CALENDAR.add_working_time(CALENDAR.add_working_time(start, one), other)
    assert in_two_steps == CALENDAR.add_working_time(start, one + other)


@given(moments, minutes)
def test_working_time_between_is_what_was_added(start: datetime, amount: timedelta) -> None:
    assert CALENDAR.working_time(start, CALENDAR.add_working_time(start, amount)) == amount


@given(moments, moments, moments)
def test_working_time_of_two_spans_adds_up(one: datetime, two: datetime, three: datetime) -> None:
    whole = CALENDAR.working_time(one, three)
    assert CALENDAR.working_time(one, two) + CALENDAR.working_time(two, three) == whole


@given(moments)
def test_an_opening_is_its_own_opening(moment: datetime) -> None:
    opening = CALENDAR.next_opening(moment)
    assert opening >= moment
    assert CALENDAR.next_opening(opening) == opening
    assert CALENDAR.is_open(opening)
