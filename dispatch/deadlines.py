"""When something is due: a pure function of rule, receipt, calendar, stops and extensions.

Guarantees: the way of counting follows the rule alone (민원처리법 §19; 민법 §157-161):
  minutes, hours, and days up to 5   working time, 8 hours a day, from the moment of receipt;
  6 days and more                    working days, the day of receipt is day 1, due at 24:00 of the last;
  weeks, months, years               calendar days, the day of receipt counted, moved to the next working day;
  any of minutes, hours, days "wall" the clock on the wall, where an office promises so.
A stop adds never less than it lasted. Fails with `BadRule` on a rule that cannot be read and `ExtensionRefused` on an
extension the law does not allow.
"""

from __future__ import annotations

import calendar as month_lengths
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from dispatch.calendar import ONE_DAY, OfficeCalendar
from gateway.domain.errors import ConfigurationError, PermanentError
from gateway.domain.times import aware

WORKING_DAY = timedelta(hours=8)
_HOURLY_DAYS = 5  # up to so many days run in hours (민원처리법 §19①)
_INTERIM_EVERY = timedelta(days=30)  # 민원처리법 시행령 §23
_MONTHS_A_YEAR = 12


class BadRule(ConfigurationError):
    """The period cannot be read; write 30min, 3h, 5d, 2w, 1mo, 1y or "at once"."""

    code = "bad_rule"
    text_ko = "처리기간을 읽을 수 없습니다. 30min, 3h, 5d, 2w, 1mo, 1y 또는 즉시로 적어 주십시오."


class ExtensionRefused(PermanentError):
    """The period may be extended once by at most its own length, and a second time only with the citizen's consent."""

    code = "extension_refused"
    text_ko = (
        "처리기간 연장은 원래 기간 안에서 한 번만 할 수 있고, 두 번째는 민원인의 동의가 있어야 합니다"
        "(민원처리법 시행령 제21조)."
    )


class Span(StrEnum):
    """The unit a rule is written in."""

    MINUTES = "min"
    HOURS = "h"
    DAYS = "d"
    WEEKS = "w"
    MONTHS = "mo"
    YEARS = "y"


class Counting(StrEnum):
    """How a period is counted."""

    WORKING_TIME = "working_time"
    WORKING_DAYS = "working_days"
    CALENDAR = "calendar"
    WALL_CLOCK = "wall_clock"


_KOREAN = {
    Span.MINUTES: "분",
    Span.HOURS: "시간",
    Span.DAYS: "일",
    Span.WEEKS: "주",
    Span.MONTHS: "개월",
    Span.YEARS: "년",
}
_WALL = {Span.MINUTES: timedelta(minutes=1), Span.HOURS: timedelta(hours=1), Span.DAYS: timedelta(days=1)}
_WORKING = {Span.MINUTES: timedelta(minutes=1), Span.HOURS: timedelta(hours=1), Span.DAYS: WORKING_DAY}
_PATTERN = re.compile(r"(?P<amount>[1-9]\d{0,3})\s*(?P<span>min|h|d|w|mo|y)(?P<wall>\s+wall)?")
_AT_ONCE = frozenset({"at once", "즉시"})


@dataclass(frozen=True, slots=True)
class Rule:
    """A period: `30min`, `3h`, `5d`, `2w`, `1mo`, `1y`; `30min wall` runs by the clock on the wall."""

    amount: int
    span: Span
    wall_clock: bool = False

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise BadRule(f"a period of {self.amount} {self.span}")
        if self.wall_clock and self.span not in _WALL:
            raise BadRule(
                f"weeks, months and years run by the calendar, not by the wall clock: {self.amount}{self.span}"
            )

    @classmethod
    def parse(cls, text: str) -> Rule:
        """Read a rule; "at once" and 즉시 are 3 working hours (민원처리법 시행령 §19).

        Raises:
            BadRule: it is none of the forms.
        """
        wanted = text.strip().lower()
        if wanted in _AT_ONCE:
            return cls(3, Span.HOURS)
        match = _PATTERN.fullmatch(wanted)
        if match is None:
            raise BadRule(f"cannot read the period {text!r}", remedy='write 30min, 3h, 5d, 2w, 1mo, 1y or "at once"')
        return cls(int(match["amount"]), Span(match["span"]), wall_clock=match["wall"] is not None)

    def __str__(self) -> str:
        return f"{self.amount}{self.span}{' wall' if self.wall_clock else ''}"

    @property
    def korean(self) -> str:
        """As it is shown: `30분`, `3시간`, `7일`, `2주`, `1개월`."""
        return f"{self.amount}{_KOREAN[self.span]}"

    @property
    def counting(self) -> Counting:
        """How the period is counted."""
        if self.wall_clock:
            return Counting.WALL_CLOCK
        if self.span in (Span.MINUTES, Span.HOURS) or (self.span is Span.DAYS and self.amount <= _HOURLY_DAYS):
            return Counting.WORKING_TIME
        return Counting.WORKING_DAYS if self.span is Span.DAYS else Counting.CALENDAR


@dataclass(frozen=True, slots=True)
class Stop:
    """A time in which the clock stood: a supplement, a survey, a hearing, an outage of the office's system.

    A stop that has not ended yet has no due moment; give the present as its end for an estimate.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if aware(self.end, "end") < aware(self.start, "start"):
            raise ValueError("a stop ends after it starts")

    def days(self, calendar: OfficeCalendar) -> frozenset[date]:
        """The days it touches; the first and the last count whole."""
        first, last = calendar.day_of(self.start), calendar.day_of(self.end)
        return frozenset(first + i * ONE_DAY for i in range((last - first).days + 1))


@dataclass(frozen=True, slots=True)
class Extension:
    """A period added (처리기간 연장); `consented` when the citizen agreed to it."""

    by: Rule
    consented: bool = False


def due(
    rule: Rule,
    received_at: datetime,
    calendar: OfficeCalendar,
    *,
    stops: Sequence[Stop] = (),
    extensions: Sequence[Extension] = (),
) -> datetime:
    """When a period that began at `received_at` is due, in the office's zone; 24:00 is 00:00 of the next day.

    A moment outside office hours counts from the next opening.

    Raises:
        ExtensionRefused: more or longer extensions than the law allows.
    """
    check_extensions(rule, extensions)
    start = aware(received_at) if rule.wall_clock else calendar.next_opening(received_at)
    match rule.counting:
        case Counting.WALL_CLOCK:
            return _by_wall(rule, calendar.local(start), stops, extensions)
        case Counting.WORKING_TIME:
            return _by_working_time(rule, start, calendar, stops, extensions)
        case Counting.WORKING_DAYS:
            return _by_working_days(rule, start.date(), calendar, stops, extensions)
        case Counting.CALENDAR:
            return _by_calendar(rule, start.date(), calendar, stops, extensions)


def check_extensions(rule: Rule, extensions: Sequence[Extension]) -> None:
    """Refuse what 민원처리법 시행령 §21 does not allow.

    Raises:
        ExtensionRefused: a third one, a second without consent, one longer than the period or written in another unit.
    """
    if len(extensions) > 2:  # noqa: PLR2004 - the law names two
        raise ExtensionRefused("a period is extended twice at most")
    if len(extensions) == 2 and not extensions[1].consented:  # noqa: PLR2004
        raise ExtensionRefused("a second extension needs the citizen's consent")
    for extension in extensions:
        if extension.by.span is not rule.span or extension.by.wall_clock != rule.wall_clock:
            raise ExtensionRefused(f"a period of {rule} is extended in the same unit, not by {extension.by}")
        if extension.by.amount > rule.amount:
            raise ExtensionRefused(f"a period of {rule} is extended by at most as much, not by {extension.by}")


def _stopped_days(stops: Iterable[Stop], calendar: OfficeCalendar) -> frozenset[date]:
    return frozenset().union(*(stop.days(calendar) for stop in stops))


def _by_wall(rule: Rule, start: datetime, stops: Sequence[Stop], extensions: Sequence[Extension]) -> datetime:
    amount = rule.amount + sum(extension.by.amount for extension in extensions)
    end = start + amount * _WALL[rule.span]
    for stop in _merged(stops):
        if stop.start < end and stop.end > start:
            end += stop.end - max(stop.start, start)
    return end


def _by_working_time(
    rule: Rule, start: datetime, calendar: OfficeCalendar, stops: Sequence[Stop], extensions: Sequence[Extension]
) -> datetime:
    amount = (rule.amount + sum(extension.by.amount for extension in extensions)) * _WORKING[rule.span]
    if rule.span is Span.DAYS:
        # a period written in days leaves out whole days, even when it runs in hours (acceptance table, row 20)
        return calendar.add_working_time(start, amount, excluded=_stopped_days(stops, calendar))
    end = calendar.add_working_time(start, amount)
    for stop in _merged(stops):
        if stop.start < end and stop.end > start:
            end = calendar.add_working_time(end, calendar.working_time(max(stop.start, start), stop.end))
    return end


def _by_working_days(
    rule: Rule, first: date, calendar: OfficeCalendar, stops: Sequence[Stop], extensions: Sequence[Extension]
) -> datetime:
    count = rule.amount + sum(extension.by.amount for extension in extensions)
    return calendar.end_of_day(calendar.nth_working_day(first, count, excluded=_stopped_days(stops, calendar)))


def _by_calendar(
    rule: Rule, first: date, calendar: OfficeCalendar, stops: Sequence[Stop], extensions: Sequence[Extension]
) -> datetime:
    stopped = _stopped_days(stops, calendar)
    last = first
    for period in (rule, *(extension.by for extension in extensions)):
        days = (_last_day(first, period) - first).days + 1
        last = first - ONE_DAY
        while days:
            last += ONE_DAY
            days -= last not in stopped
        last = calendar.working_day_from(last, excluded=stopped)  # 민법 §161
        first = last + ONE_DAY
    return calendar.end_of_day(last)


def _last_day(first: date, rule: Rule) -> date:
    """The last day of a period whose first day is counted: the eve of the day of the same number (민법 §160)."""
    if rule.span is Span.WEEKS:
        return first + timedelta(weeks=rule.amount) - ONE_DAY
    months = rule.amount * (_MONTHS_A_YEAR if rule.span is Span.YEARS else 1)
    index = first.year * _MONTHS_A_YEAR + first.month - 1 + months
    year, month = index // _MONTHS_A_YEAR, index % _MONTHS_A_YEAR + 1
    length = month_lengths.monthrange(year, month)[1]
    if first.day > length:  # 민법 §160③: a month without that day ends the period on its last day
        return date(year, month, length)
    return date(year, month, first.day) - ONE_DAY


def _merged(stops: Iterable[Stop]) -> list[Stop]:
    merged: list[Stop] = []
    for stop in sorted(stops, key=lambda s: s.start):
        if merged and stop.start <= merged[-1].end:
            merged[-1] = Stop(merged[-1].start, max(merged[-1].end, stop.end))
        else:
            merged.append(stop)
    return merged


@dataclass(frozen=True, slots=True)
class InterimNotice:
    """One interim notice (처리진행상황 통지): when 30 more days have elapsed, and the moment it must be told by."""

    elapses_on: date
    due_at: datetime


def interim_notice(received_at: datetime, number: int, calendar: OfficeCalendar) -> InterimNotice:
    """The `number`-th interim notice of a case (1, 2, 3 ...): every 30 days, told by the end of the next working day.

    Raises:
        ValueError: `number` is below 1.
    """
    if number < 1:
        raise ValueError("notices are counted from 1")
    elapses = calendar.day_of(calendar.next_opening(received_at)) + number * _INTERIM_EVERY
    return InterimNotice(elapses, calendar.end_of_day(calendar.working_day_from(elapses + ONE_DAY)))


def due_text(due_at: datetime, calendar: OfficeCalendar) -> str:
    """A due moment as people write it, 24:00 included: `2026-02-20 24:00`."""
    local = calendar.local(due_at)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local.date() - ONE_DAY:%Y-%m-%d} 24:00"
    return f"{local:%Y-%m-%d %H:%M}"
