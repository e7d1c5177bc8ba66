"""The acceptance table of the charter's clocks, row by row, and what holds for every receipt."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.calendar import OfficeCalendar
from dispatch.deadlines import (
    BadRule,
    Counting,
    Extension,
    ExtensionRefused,
    Rule,
    Span,
    Stop,
    due,
    due_text,
    interim_notice,
)
from gateway.domain.times import SEOUL

CALENDAR = OfficeCalendar()


def at(text: str) -> datetime:
    """`11-23 11:45` of 2026, in Seoul; a bare day means 10:00."""
    return datetime.strptime(f"2026-{text}" if " " in text else f"2026-{text} 10:00", "%Y-%m-%d %H:%M").replace(
        tzinfo=SEOUL
    )


def stop(first: str, last: str) -> Stop:
    return Stop(at(first), at(last))


TABLE = [
    ("row01-C1", "11-23 11:45", "30min", "11-23 13:15"),
    ("row01-C2", "11-23 11:45", "3h", "11-23 15:45"),
    ("row02-C1", "09-23 17:50", "30min", "09-28 09:20"),
    ("row02-C2", "09-23 17:50", "3h", "09-28 11:50"),
    ("row03-C1", "02-13 18:40", "30min", "02-19 09:30"),
    ("row03-C2", "02-13 18:40", "3h", "02-19 12:00"),
    ("row04", "02-14 10:00", "8h", "02-19 18:00"),
    ("row05", "04-30 17:00", "at once", "05-04 11:00"),
    ("row06", "12-24 16:30", "즉시", "12-28 10:30"),
    ("row07", "06-05 15:00", "1d", "06-08 15:00"),
    ("row08", "06-02 11:00", "2d", "06-05 11:00"),
    ("row09", "02-13 15:00", "3d", "02-23 15:00"),
    ("row10", "05-04 14:20", "5d", "05-12 14:20"),
    ("row11", "07-16 09:00", "5d", "07-23 18:00"),
    ("row12-lunch", "10-08 12:30", "5d", "10-16 12:00"),
    ("row13", "02-09", "7d", "02-20 24:00"),
    ("row14", "09-21", "7d", "10-01 24:00"),
    ("row15", "10-03", "7d", "10-15 24:00"),
    ("row16", "09-23 19:00", "7d", "10-07 24:00"),
    ("row17", "09-14", "14d", "10-06 24:00"),
    ("row18", "04-27", "7d", "05-07 24:00"),
    ("row19", "05-18", "10d", "06-01 24:00"),
    ("row20", "10-12 10:00", "5d", "10-19 10:00"),
    ("row21", "09-04", "1mo", "10-06 24:00"),
    ("row22", "01-30", "1mo", "03-03 24:00"),
    ("row23", "09-11", "2w", "09-28 24:00"),
    ("row24", "11-09", "10d", "11-20 24:00"),
    ("row25-interim", "10-02 10:00", "2d", "10-07 10:00"),
    ("row25-result", "10-02 10:00", "5d", "10-13 10:00"),
    ("row26", "12-23 16:00", "5d", "12-31 16:00"),
]


@pytest.mark.parametrize(("received", "rule", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_acceptance_table(received: str, rule: str, expected: str) -> None:
    assert due_text(due(Rule.parse(rule), at(received), CALENDAR), CALENDAR) == f"2026-{expected}"


STOPPED = [
    ("row18-survey", "04-27", "7d", ("04-29", "05-12"), "05-19 24:00"),
    ("row19-supplement", "05-18", "10d", ("05-20", "05-27"), "06-09 24:00"),
    ("row20-supplement", "10-12 10:00", "5d", ("10-13 15:00", "10-15 11:00"), "10-22 10:00"),
    ("row24-outage", "11-09", "10d", ("11-11", "11-12"), "11-24 24:00"),
]


@pytest.mark.parametrize(
    ("received", "rule", "stopped", "expected"), [row[1:] for row in STOPPED], ids=[row[0] for row in STOPPED]
)
def test_acceptance_table_with_stops(received: str, rule: str, stopped: tuple[str, str], expected: str) -> None:
    moment = due(Rule.parse(rule), at(received), CALENDAR, stops=[stop(*stopped)])
    assert due_text(moment, CALENDAR) == f"2026-{expected}"


def test_acceptance_table_row17_extended_once_and_again_with_consent() -> None:
    rule = Rule.parse("14d")
    once, again = Extension(rule), Extension(rule, consented=True)
    assert due_text(due(rule, at("09-14"), CALENDAR, extensions=[once]), CALENDAR) == "2026-10-27 24:00"
    assert due_text(due(rule, at("09-14"), CALENDAR, extensions=[once, again]), CALENDAR) == "2026-11-16 24:00"


def test_acceptance_table_row27_interim_notice_every_30_days() -> None:
    first = interim_notice(at("06-01"), 1, CALENDAR)
    assert first.elapses_on == date(2026, 7, 1)
    assert due_text(first.due_at, CALENDAR) == "2026-07-02 24:00"
    assert interim_notice(at("06-01"), 2, CALENDAR).elapses_on == date(2026, 7, 31)


@pytest.mark.parametrize(
    "extensions",
    [
        [Extension(Rule(15, Span.DAYS))],
        [Extension(Rule(7, Span.DAYS)), Extension(Rule(7, Span.DAYS))],
        [Extension(Rule(1, Span.MONTHS))],
        [Extension(Rule(1, Span.DAYS), consented=True)] * 3,
    ],
    ids=["longer-than-the-period", "second-without-consent", "another-unit", "a-third"],
)
def test_an_extension_the_law_does_not_allow_is_refused(extensions: list[Extension]) -> None:
    with pytest.raises(ExtensionRefused):
        due(Rule(14, Span.DAYS), at("09-14"), CALENDAR, extensions=extensions)


@pytest.mark.parametrize("text", ["", "3", "0d", "-3d", "3 days", "1mo wall", "h", "99999d"])
def test_a_rule_that_cannot_be_read_is_refused_with_the_remedy(text: str) -> None:
    with pytest.raises(BadRule):
        Rule.parse(text)


@pytest.mark.parametrize(
    ("text", "counting", "korean"),
    [
        ("30min", Counting.WORKING_TIME, "30분"),
        ("5d", Counting.WORKING_TIME, "5일"),
        ("6d", Counting.WORKING_DAYS, "6일"),
        ("2w", Counting.CALENDAR, "2주"),
        ("3h wall", Counting.WALL_CLOCK, "3시간"),
    ],
)
def test_the_way_of_counting_follows_the_rule(text: str, counting: Counting, korean: str) -> None:
    rule = Rule.parse(text)
    assert (rule.counting, rule.korean, str(rule)) == (counting, korean, text)


def test_wall_clock_promises_run_through_the_night() -> None:
    assert due(Rule.parse("30min wall"), at("11-20 23:50"), CALENDAR) == at("11-21 00:20")
    stopped = due(Rule.parse("3h wall"), at("11-20 22:00"), CALENDAR, stops=[stop("11-20 23:00", "11-21 01:00")])
    assert stopped == at("11-21 03:00")


def test_a_stop_of_a_period_in_hours_counts_its_own_working_time() -> None:
    # 10:00 + 3 h = 14:00; stopped 11:00-13:30 is 1.5 h of working time
    assert due(Rule.parse("3h"), at("11-23 10:00"), CALENDAR, stops=[stop("11-23 11:00", "11-23 13:30")]) == at(
        "11-23 15:30"
    )


def test_a_stop_after_the_due_moment_changes_nothing() -> None:
    late = stop("12-01", "12-03")
    for text in ("3h", "2d", "7d", "2w", "3h wall"):
        rule = Rule.parse(text)
        assert due(rule, at("11-09"), CALENDAR, stops=[late]) == due(rule, at("11-09"), CALENDAR)


def test_a_month_stopped_for_three_days_ends_three_days_later() -> None:
    # 10-05 to 11-04; three stopped days make it 11-07, a Saturday
    assert due_text(due(Rule.parse("1mo"), at("10-06"), CALENDAR), CALENDAR) == "2026-11-05 24:00"
    moment = due(Rule.parse("1mo"), at("10-06"), CALENDAR, stops=[stop("10-12", "10-14")])
    assert due_text(moment, CALENDAR) == "2026-11-09 24:00"


def test_a_year_ends_on_its_eve() -> None:
    assert due_text(due(Rule.parse("1y"), at("03-04"), CALENDAR), CALENDAR) == "2027-03-03 24:00"


moments = st.datetimes(datetime(2024, 1, 1), datetime(2027, 6, 30)).map(lambda m: m.replace(tzinfo=SEOUL))  # noqa: DTZ001 - the zone is added
rules = st.one_of(
    st.builds(Rule, st.integers(1, 600), st.just(Span.MINUTES)),
    st.builds(Rule, st.integers(1, 40), st.just(Span.HOURS)),
    st.builds(Rule, st.integers(1, 60), st.just(Span.DAYS)),
    st.builds(Rule, st.integers(1, 12), st.just(Span.WEEKS)),
    st.builds(Rule, st.integers(1, 12), st.just(Span.MONTHS)),
)


@given(moments, moments, rules)
def test_who_comes_first_is_never_due_later(one: datetime, other: datetime, rule: Rule) -> None:
    early, late = sorted((one, other))
    assert due(rule, early, CALENDAR) <= due(rule, late, CALENDAR)


@given(moments, rules)
def test_a_due_moment_lies_after_receipt_and_in_office_time(received: datetime, rule: Rule) -> None:
    moment = due(rule, received, CALENDAR)
    assert moment > CALENDAR.next_opening(received)
    # working time ends within or at the end of a segment; days end at 24:00 of a working day
    assert CALENDAR.is_working_day(CALENDAR.day_of(moment - timedelta(microseconds=1)))
    if rule.counting is Counting.WORKING_TIME:
        assert CALENDAR.is_working(moment - timedelta(microseconds=1))


@given(moments, rules, st.integers(0, 20), st.integers(0, 10))
def test_a_stop_never_brings_the_due_moment_forward(received: datetime, rule: Rule, after: int, length: int) -> None:
    begin = received + timedelta(days=after)
    stopped = due(rule, received, CALENDAR, stops=[Stop(begin, begin + timedelta(days=length))])
    assert stopped >= due(rule, received, CALENDAR)


@given(moments, rules)
def test_an_extension_by_the_whole_period_is_later(received: datetime, rule: Rule) -> None:
    assert due(rule, received, CALENDAR, extensions=[Extension(rule)]) > due(rule, received, CALENDAR)


@given(st.integers(1, 9999), st.sampled_from(Span))
def test_a_rule_reads_back_what_it_writes(amount: int, span: Span) -> None:
    assert Rule.parse(str(Rule(amount, span))) == Rule(amount, span)
