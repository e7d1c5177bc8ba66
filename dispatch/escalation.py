"""Sweeps over the clocks, run by the runtime every minute or so.

Guarantees: both may run as often as one likes and on several machines; what one run did the next leaves alone. Nothing
is decided here beyond what the clocks say: handing over is a job like any other, a breach is a mark and a ledger note.
"""

from __future__ import annotations

from datetime import timedelta

from dispatch.calendar import OfficeCalendar
from dispatch.stage import UNVERIFIED
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State, allows
from gateway.domain.times import Clock
from gateway.store import clocks, jobs, submissions
from gateway.store.database import Database

ACTOR = "system:clocks"
LEAD = timedelta(minutes=10)
_WITHOUT_HANDLER = tuple(
    state for state in State if allows(state, Event.ASSIGNED) or allows(state, Event.ASSIGNED_UNVERIFIED)
)


def hand_over_before_c1(
    database: Database, clock: Clock, calendar: OfficeCalendar, *, lead: timedelta = LEAD, limit: int = 500
) -> int:
    """Queue the handover of whatever has no handler when C1 lapses within `lead` of working time, read or not.

    Returns:
        How many were queued; at most `limit`, the most urgent first, the rest by the next run.
    """
    now = clock.now()
    horizon = calendar.add_working_time(now, lead)
    with database.reading() as tx:
        if not clocks.unassigned_due_by(tx, horizon, states=_WITHOUT_HANDLER, limit=1):
            return 0  # the usual case takes no write lock
    with database.transaction() as tx:
        waiting = clocks.unassigned_due_by(tx, horizon, states=_WITHOUT_HANDLER, limit=limit)
        for submission_id in waiting:
            jobs.add(tx, JobKind.ASSIGN, submission_id, subject=UNVERIFIED, now=now)
    return len(waiting)


def mark_breaches(database: Database, clock: Clock, *, limit: int = 500) -> int:
    """Mark every promise that lapsed unkept, once, with a note on the submission's ledger.

    Returns:
        How many were marked; at most `limit`, the rest by the next run.
    """
    now = clock.now()
    with database.reading() as tx:
        if not clocks.newly_overdue(tx, now, limit=1):
            return 0
    with database.transaction() as tx:
        marked = 0
        for overdue in clocks.newly_overdue(tx, now, limit=limit):
            if clocks.mark_breached(tx, overdue.submission_id, overdue.name, at=now):
                marked += 1
                submissions.note(
                    tx,
                    overdue.submission_id,
                    "promise_breached",
                    actor=ACTOR,
                    at=now,
                    why=f"{overdue.name} ({overdue.rule})",
                    facts={"clock": overdue.name, "rule": overdue.rule, "due_at": overdue.due_at.isoformat()},
                )
    return marked
