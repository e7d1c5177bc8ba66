"""What acceptance asks the office's calendar: when a submission counts as received, and which clocks start with it.

Guarantees: implements `gateway.domain.clocks.Promises`; pure and quick (about 50 microseconds), so it may run at the
door. Moments go out in UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from dispatch.charter import Charter
from dispatch.deadlines import due
from gateway.domain.clocks import ClockName, ClockStart


class OfficePromises:
    """The promises that run for every submission: C1 (with its handler) and C2 (handler and plan told).

    Args:
        charter: the office's charter.
    """

    def __init__(self, charter: Charter) -> None:
        self._calendar = charter.calendar
        self._limits = [(name, charter.promises[name].rule) for name in (ClockName.C1, ClockName.C2)]
        # all that arrives while the office is closed counts as received at one moment
        self._starts = lru_cache(maxsize=256)(self._at_receipt)

    def received_at(self, arrived_at: datetime) -> datetime:
        """The same instant in office hours, else the next working opening."""
        return self._calendar.next_opening(arrived_at).astimezone(UTC)

    def at_receipt(self, received_at: datetime) -> tuple[ClockStart, ...]:
        """C1 and C2 with the moments they lapse."""
        return self._starts(received_at)

    def _at_receipt(self, received_at: datetime) -> tuple[ClockStart, ...]:
        return tuple(
            ClockStart(name, str(rule), due(rule, received_at, self._calendar).astimezone(UTC))
            for name, rule in self._limits
        )
