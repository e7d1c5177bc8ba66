"""The clocks of submissions in rows: started, satisfied, breached.

Guarantees: a submission has at most one clock of each name; a clock is satisfied once and breached once, whoever comes
first, by a conditional update. Satisfied clocks never change again.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from gateway.domain.clocks import ClockName, ClockStart
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import FINAL, State
from gateway.store.jobs import JobState
from gateway.store.schema import clocks, jobs, submissions


@dataclass(frozen=True, slots=True)
class StoredClock:
    """One clock of one submission."""

    submission_id: int
    name: ClockName
    rule: str
    started_at: datetime
    due_at: datetime
    satisfied_at: datetime | None = None
    breached_at: datetime | None = None


def start(tx: Connection, submission_id: int, clock: ClockStart, *, at: datetime) -> None:
    """Start a clock as of `at`; one of this name that still runs is set anew (another kind, another period)."""
    values = {"rule": clock.rule, "started_at": at, "due_at": clock.due_at, "breached_at": None}
    found = tx.execute(_named(submission_id, clock.name).with_only_columns(clocks.c.satisfied_at)).first()
    if found is None:
        tx.execute(clocks.insert().values(submission_id=submission_id, name=clock.name, **values))
    elif found.satisfied_at is None:
        tx.execute(
            clocks.update()
            .where(clocks.c.submission_id == submission_id, clocks.c.name == clock.name)
            .where(clocks.c.satisfied_at.is_(None))
            .values(**values),
        )


def satisfy(tx: Connection, submission_id: int, name: ClockName, *, at: datetime) -> bool:
    """The promise was kept (or at last done) at `at`; False when there is no such clock or it was satisfied before."""
    changed = tx.execute(
        clocks.update()
        .where(clocks.c.submission_id == submission_id, clocks.c.name == name, clocks.c.satisfied_at.is_(None))
        .values(satisfied_at=at),
    )
    return changed.rowcount == 1


def mark_breached(tx: Connection, submission_id: int, name: ClockName, *, at: datetime) -> bool:
    """The promise was found broken at `at`; False when it was satisfied or found broken before."""
    changed = tx.execute(
        clocks.update()
        .where(
            clocks.c.submission_id == submission_id,
            clocks.c.name == name,
            clocks.c.satisfied_at.is_(None),
            clocks.c.breached_at.is_(None),
        )
        .values(breached_at=at),
    )
    return changed.rowcount == 1


def void_running(tx: Connection, submission_id: int, *, now: datetime) -> tuple[StoredClock, ...]:
    """Take away the clocks that still run in time (the case was withdrawn); those overdue stay as they are."""
    running = sa.and_(clocks.c.submission_id == submission_id, clocks.c.satisfied_at.is_(None), clocks.c.due_at >= now)
    voided = tuple(_clock(r) for r in tx.execute(sa.select(clocks).where(running)))
    tx.execute(clocks.delete().where(running))
    return voided


def of_submission(tx: Connection, submission_id: int) -> tuple[StoredClock, ...]:
    """All clocks of a submission, the first due first."""
    rows = tx.execute(
        sa.select(clocks).where(clocks.c.submission_id == submission_id).order_by(clocks.c.due_at, clocks.c.name),
    )
    return tuple(_clock(r) for r in rows)


def due_before(
    tx: Connection, moment: datetime, *, names: Collection[ClockName] = (), limit: int = 500
) -> tuple[StoredClock, ...]:
    """Clocks of open submissions that run and are due before `moment`, first due first; of these names, when given."""
    query = _running(moment)
    if names:
        query = query.where(clocks.c.name.in_(list(names)))
    return tuple(_clock(r) for r in tx.execute(query.limit(limit)))


def newly_overdue(tx: Connection, now: datetime, *, limit: int = 500) -> tuple[StoredClock, ...]:
    """Clocks of open submissions that lapsed before `now` and are not marked as breached yet."""
    return tuple(_clock(r) for r in tx.execute(_running(now).where(clocks.c.breached_at.is_(None)).limit(limit)))


def unassigned_due_by(
    tx: Connection, moment: datetime, *, states: Collection[State], limit: int = 500
) -> tuple[int, ...]:
    """Submissions in `states` whose C1 lapses by `moment` and which have no unfinished (or stuck) assignment job."""
    unfinished = sa.exists().where(
        jobs.c.submission_id == submissions.c.id, jobs.c.kind == JobKind.ASSIGN, jobs.c.state != JobState.DONE
    )
    query = (
        sa.select(clocks.c.submission_id)
        .join(submissions, submissions.c.id == clocks.c.submission_id)
        .where(
            clocks.c.name == ClockName.C1,
            clocks.c.satisfied_at.is_(None),
            clocks.c.due_at <= moment,
            submissions.c.state.in_(list(states)),
            sa.not_(unfinished),
        )
        .order_by(clocks.c.due_at, clocks.c.submission_id)
        .limit(limit)
    )
    return tuple(tx.execute(query).scalars())


def _named(submission_id: int, name: ClockName) -> sa.Select[Any]:
    return sa.select(clocks).where(clocks.c.submission_id == submission_id, clocks.c.name == name)


def _running(before: datetime) -> sa.Select[Any]:
    return (
        sa.select(clocks)
        .join(submissions, submissions.c.id == clocks.c.submission_id)
        .where(clocks.c.satisfied_at.is_(None), clocks.c.due_at < before, submissions.c.state.not_in(list(FINAL)))
        .order_by(clocks.c.due_at, clocks.c.submission_id)
    )


def _clock(r: Row[Any]) -> StoredClock:
    return StoredClock(
        r.submission_id, ClockName(r.name), r.rule, r.started_at, r.due_at, r.satisfied_at, r.breached_at
    )
