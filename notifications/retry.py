"""What follows an attempt that did not succeed: again, another way, or a person.

Guarantees: pure; it decides and someone else executes. What may have left already always goes to a person: nothing is
sent twice by itself. A message whose promise lapses in hours (C2, C4) tries one way no longer than `PATIENCE` says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.delivery import Purpose
from notifications.addressing import Way
from notifications.ports import Attempted, Outcome

# After each try that could be repeated; the last one is used on and on until patience ends.
PAUSES = tuple(timedelta(minutes=m) for m in (1, 3, 10, 20, 30, 60))
# How long one way is tried before the next: within the three hours of C2 and C4 there must be time for another way.
PATIENCE = {
    Purpose.ACKNOWLEDGEMENT: timedelta(hours=4),
    Purpose.PLAN: timedelta(minutes=40),
    Purpose.RESULT: timedelta(hours=24),
    Purpose.REFUSAL: timedelta(minutes=40),
    Purpose.PICKUP_NOTICE: timedelta(hours=4),
    Purpose.HANDLER_NOTICE: timedelta(minutes=20),
}


@dataclass(frozen=True, slots=True)
class Again:
    """Try the same way again."""

    at: datetime


@dataclass(frozen=True, slots=True)
class FallBack:
    """Give this way up and use another."""

    way: Way
    why: str


@dataclass(frozen=True, slots=True)
class ToPerson:
    """Nothing more can be done without a person."""

    why: str


Decision = Again | FallBack | ToPerson


def decide(
    purpose: Purpose,
    attempted: Attempted,
    *,
    tries: int,
    first_at: datetime,
    now: datetime,
    fallbacks: Sequence[Way],
) -> Decision:
    """What follows an attempt that ended `attempted`.

    Args:
        purpose: what is being told.
        attempted: how it ended; not a success.
        tries: attempts so far on this way, this one included.
        first_at: when the first of them began.
        now: the present.
        fallbacks: ways not used yet, in order.

    Raises:
        ValueError: the attempt succeeded.
    """
    if attempted.outcome in {Outcome.SENT, Outcome.DELIVERED}:
        raise ValueError("nothing is to be decided after a success")
    if attempted.outcome is Outcome.IN_DOUBT:
        return ToPerson(attempted.detail)
    if attempted.outcome is Outcome.TRANSIENT:
        pause = PAUSES[min(tries, len(PAUSES)) - 1]
        if now + pause <= first_at + PATIENCE[purpose]:
            return Again(now + pause)
    if fallbacks:
        return FallBack(fallbacks[0], attempted.detail)
    return ToPerson(attempted.detail)
