"""Names of the promises' clocks, and the port through which acceptance learns what the office's calendar says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.domain.times import aware


class ClockName(StrEnum):
    """Which promise a clock watches (DOMAIN: the charter)."""

    C1 = "C1"  # with its case handler within 30 minutes
    C2 = "C2"  # the citizen knows handler and plan within 3 hours
    PERIOD = "period"  # the kind's own period (처리기간)


@dataclass(frozen=True, slots=True)
class ClockStart:
    """A clock that starts.

    Attributes:
        name: which promise.
        rule: the limit as written in the office's configuration, `30min`, `3h`, `7d`.
        due_at: when it lapses.
    """

    name: ClockName
    rule: str
    due_at: datetime

    def __post_init__(self) -> None:
        aware(self.due_at, "due_at")


class Promises(Protocol):
    """What the office's calendar says about an arrival; implemented by `dispatch.promises`."""

    def received_at(self, arrived_at: datetime) -> datetime:
        """When the office counts it as received (접수): the same instant in office hours, else the next 09:00."""
        ...

    def at_receipt(self, received_at: datetime) -> tuple[ClockStart, ...]:
        """The clocks that start with every submission."""
        ...
