"""Aware time only: a naive datetime is refused where it would enter a record; "now" comes from an injected clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


class Clock(Protocol):
    """Where the present moment comes from."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands where it was put; simulations and tests move it."""

    at: datetime

    def now(self) -> datetime:
        """The moment the clock was last set to."""
        return aware(self.at)


def aware(moment: datetime, field: str = "datetime") -> datetime:
    """Return `moment` unchanged.

    Raises:
        ValueError: it carries no zone.
    """
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise ValueError(f"{field} must carry a time zone: {moment!r}")
    return moment


def to_text(moment: datetime) -> str:
    """Fixed-width UTC text, so that text order is time order: `2026-11-23T02:45:00.000000+00:00`."""
    return aware(moment).astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """Read what `to_text` wrote."""
    return aware(datetime.fromisoformat(text))


def korean_date(moment: datetime) -> str:
    """The date as official documents write it: `2026. 11. 23.`."""
    local = aware(moment).astimezone(SEOUL)
    return f"{local.year}. {local.month}. {local.day}."


def korean_moment(moment: datetime) -> str:
    """Date and time as official documents write them: `2026. 11. 23. 14:30`."""
    return f"{korean_date(moment)} {aware(moment).astimezone(SEOUL):%H:%M}"
