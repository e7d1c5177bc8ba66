"""When the office works: hours, lunch, weekends, public holidays, the office's own closures.

Guarantees: every answer is a pure function of the arguments; moments come in with any zone and go out in the office's
zone (Asia/Seoul unless said otherwise). A working moment lies in a half-open segment [start, end); a due moment that
falls on the end of a segment stays there (18:00, not the next 09:00). Public holidays come from the `holidays` package
(KR; 관공서의 공휴일에 관한 규정 with its substitutes); temporary ones (임시공휴일) are the office's `closures`.
Fails with ValueError on a naive moment or on hours that are not in order.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from gateway.domain.times import SEOUL, aware

ONE_DAY = timedelta(days=1)
_SATURDAY = 5
_NO_DATES: frozenset[date] = frozenset()
_LONGEST_CLOSURE_DAYS = 3660  # a search for a working day ends with an error instead of never


@functools.lru_cache(maxsize=64)
def public_holidays(year: int) -> frozenset[date]:
    """The public holidays of one year, substitutes included."""
    return frozenset(holidays.country_holidays("KR", years=year))


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The office's day. Without a lunch break, give the same time twice."""

    opens: time = time(9)
    closes: time = time(18)
    lunch_from: time = time(12)
    lunch_until: time = time(13)

    def __post_init__(self) -> None:
        if not self.opens < self.lunch_from <= self.lunch_until < self.closes:
            raise ValueError("office hours must be in order: opens, lunch_from, lunch_until, closes")


@dataclass(frozen=True, slots=True)
class OfficeCalendar:
    """The working calendar of one office.

    Attributes:
        hours: opening, lunch and closing times.
        closures: further days on which the office is closed (임시공휴일, 재량휴무).
        openings: days that would be closed but on which the office works.
        zone: the office's zone.
    """

    hours: OfficeHours = field(default_factory=OfficeHours)
    closures: frozenset[date] = _NO_DATES
    openings: frozenset[date] = _NO_DATES
    zone: ZoneInfo = SEOUL

    # days

    def is_working_day(self, day: date) -> bool:
        """Whether the office works on `day`."""
        if day in self.openings:
            return True
        return day.weekday() < _SATURDAY and day not in self.closures and day not in public_holidays(day.year)

    def working_day_from(self, day: date, *, excluded: Collection[date] = _NO_DATES) -> date:
        """The first working day on or after `day` that is not excluded.

        Raises:
            ValueError: there is none within ten years.
        """
        for _ in range(_LONGEST_CLOSURE_DAYS):
            if day not in excluded and self.is_working_day(day):
                return day
            day += ONE_DAY
        raise ValueError(f"no working day within ten years before {day}")

    def nth_working_day(self, first: date, count: int, *, excluded: Collection[date] = _NO_DATES) -> date:
        """The `count`-th working day, `first` itself being day 1 when it is one.

        Raises:
            ValueError: `count` is below 1.
        """
        if count < 1:
            raise ValueError("days are counted from 1")
        day = self.working_day_from(first, excluded=excluded)
        for _ in range(count - 1):
            day = self.working_day_from(day + ONE_DAY, excluded=excluded)
        return day

    def working_days(self, first: date, last: date) -> int:
        """How many working days lie from `first` to `last`, both counted."""
        return sum(self.is_working_day(first + i * ONE_DAY) for i in range((last - first).days + 1))

    # moments

    def local(self, moment: datetime) -> datetime:
        """`moment` in the office's zone."""
        return aware(moment).astimezone(self.zone)

    def day_of(self, moment: datetime) -> date:
        """The office's calendar day of `moment`."""
        return self.local(moment).date()

    def at(self, day: date, clock_time: time) -> datetime:
        """A time of day in the office's zone."""
        return datetime.combine(day, clock_time, tzinfo=self.zone)

    def end_of_day(self, day: date) -> datetime:
        """24:00 of `day`, that is 00:00 of the next."""
        return self.at(day + ONE_DAY, time(0))

    def segments(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        """The working segments of `day`, each from its start to its end; none on a closed day."""
        if not self.is_working_day(day):
            return ()
        h = self.hours
        return (
            (self.at(day, h.opens), self.at(day, h.lunch_from)),
            (self.at(day, h.lunch_until), self.at(day, h.closes)),
        )

    def is_working(self, moment: datetime) -> bool:
        """Whether working time runs at `moment` (not at lunch)."""
        moment = self.local(moment)
        return any(start <= moment < end for start, end in self.segments(moment.date()))

    def is_open(self, moment: datetime) -> bool:
        """Whether `moment` lies in office hours, lunch included."""
        moment = self.local(moment)
        return self.is_working_day(moment.date()) and self.hours.opens <= moment.time() < self.hours.closes

    def next_opening(self, moment: datetime) -> datetime:
        """The same instant in office hours (lunch included), else the next opening: when it counts as received."""
        moment = self.local(moment)
        if self.is_open(moment):
            return moment
        day = moment.date()
        if moment.time() >= self.hours.closes:
            day += ONE_DAY
        return self.at(self.working_day_from(day), self.hours.opens)

    def add_working_time(
        self, start: datetime, amount: timedelta, *, excluded: Collection[date] = _NO_DATES
    ) -> datetime:
        """The moment `amount` of working time after `start`; excluded days count as closed.

        Raises:
            ValueError: `amount` is negative.
        """
        if amount < timedelta(0):
            raise ValueError("working time is added, not taken away")
        start = self.local(start)
        for opens, closes in self._segments_from(start.date(), excluded):
            if closes < start:
                continue
            begin = max(opens, start)
            if amount <= closes - begin:
                return begin + amount
            amount -= closes - begin
        raise AssertionError("the calendar has no end")  # pragma: no cover

    def add_working_minutes(self, start: datetime, minutes: float) -> datetime:
        """The moment `minutes` of working time after `start`."""
        return self.add_working_time(start, timedelta(minutes=minutes))

    def working_time(self, start: datetime, end: datetime) -> timedelta:
        """How much working time lies between two moments; negative when `end` is before `start`."""
        start, end = self.local(start), self.local(end)
        if end < start:
            return -self.working_time(end, start)
        total = timedelta(0)
        for offset in range((end.date() - start.date()).days + 1):
            for opens, closes in self.segments(start.date() + offset * ONE_DAY):
                total += max(min(closes, end) - max(opens, start), timedelta(0))
        return total

    def working_minutes(self, start: datetime, end: datetime) -> float:
        """Working minutes between two moments, for "time left"; negative when `end` is past."""
        return self.working_time(start, end) / timedelta(minutes=1)

    def _segments_from(self, day: date, excluded: Collection[date]) -> Iterator[tuple[datetime, datetime]]:
        while True:
            day = self.working_day_from(day, excluded=excluded)
            yield from self.segments(day)
            day += ONE_DAY
