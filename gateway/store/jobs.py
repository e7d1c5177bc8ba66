"""The queue: jobs in rows, claimed by one conditional update whose row count names the winner.

Guarantees: a job is done under a lease; its effects and its completion commit together, and a worker whose lease was
taken over writes nothing (`LostLease`). Nothing leaves the table unfinished: a job that keeps failing becomes `stuck`
and is shown to a person with its last error.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gateway.domain.errors import LostLease
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.personal import mask
from gateway.store.schema import jobs

LEASE = timedelta(minutes=2)
MAX_ATTEMPTS = 6
_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 300.0
_ERROR_LENGTH = 500


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    LEASED = "leased"
    DONE = "done"
    STUCK = "stuck"  # for a person


@dataclass(frozen=True, slots=True)
class StuckJob:
    """A job that no retry will mend."""

    id: int
    kind: JobKind
    submission_id: int
    subject: str
    attempts: int
    last_error: str


def add(
    tx: Connection,
    kind: JobKind,
    submission_id: int,
    *,
    now: datetime,
    subject: str = "",
    run_after: datetime | None = None,
) -> int:
    """Queue a job in the caller's transaction; its id. The relay rings for it once that has committed."""
    return int(
        tx.execute(
            jobs.insert()
            .values(
                kind=kind,
                submission_id=submission_id,
                subject=subject,
                state=JobState.WAITING,
                run_after=run_after or now,
                created_at=now,
            )
            .returning(jobs.c.id),
        ).scalar_one(),
    )


def claim(tx: Connection, job_id: int, *, now: datetime, lease: timedelta = LEASE) -> Lease | None:
    """Take a job that is due, or whose worker went quiet; None when there is nothing to take."""
    token = secrets.token_hex(16)
    claimed = tx.execute(
        jobs.update()
        .where(
            jobs.c.id == job_id,
            sa.or_(
                sa.and_(jobs.c.state == JobState.WAITING, jobs.c.run_after <= now),
                sa.and_(jobs.c.state == JobState.LEASED, jobs.c.lease_until <= now),
            ),
        )
        .values(
            state=JobState.LEASED,
            token=token,
            lease_until=now + lease,
            attempts=jobs.c.attempts + 1,
        )
        .returning(jobs.c.kind, jobs.c.submission_id, jobs.c.subject, jobs.c.attempts),
    ).first()
    if claimed is None:
        return None
    return Lease(
        job_id=job_id,
        kind=JobKind(claimed.kind),
        submission_id=claimed.submission_id,
        subject=claimed.subject,
        token=token,
        attempts=claimed.attempts,
        until=now + lease,
    )


def renew(tx: Connection, lease: Lease, *, now: datetime, by: timedelta = LEASE) -> None:
    """Keep a lease for longer work.

    Raises:
        LostLease: another worker has it.
    """
    _change(tx, lease, {"lease_until": now + by})


def complete(tx: Connection, lease: Lease, *, now: datetime) -> None:
    """Mark the job done, in the transaction that holds its effects.

    Raises:
        LostLease: another worker has it; the caller's transaction must roll back.
    """
    _change(tx, lease, {"state": JobState.DONE, "finished_at": now, "lease_until": None, "last_error": ""})


def postpone(tx: Connection, lease: Lease, *, until: datetime, why: str = "") -> None:
    """Give the job back to be run later, without counting this try as a failure.

    Raises:
        LostLease: another worker has it.
    """
    _change(
        tx,
        lease,
        {
            "state": JobState.WAITING,
            "run_after": until,
            "rung_at": None,
            "lease_until": None,
            "attempts": lease.attempts - 1,
            "last_error": mask(why)[:_ERROR_LENGTH],
        },
    )


def fail(tx: Connection, lease: Lease, *, now: datetime, why: str, transient: bool = False) -> JobState:
    """Record a failed try: again later with growing pauses, or stuck after `MAX_ATTEMPTS` (never, if transient).

    Raises:
        LostLease: another worker has it.
    """
    stuck = lease.attempts >= MAX_ATTEMPTS and not transient
    pause = min(_FIRST_PAUSE_S * 2 ** min(lease.attempts - 1, 10), _LONGEST_PAUSE_S)
    state = JobState.STUCK if stuck else JobState.WAITING
    _change(
        tx,
        lease,
        {
            "state": state,
            "run_after": now + timedelta(seconds=pause),
            "rung_at": None,
            "lease_until": None,
            "last_error": mask(why)[:_ERROR_LENGTH],
        },
    )
    return state


def release_all(tx: Connection, *, now: datetime) -> int:
    """Let every lease lapse now; how many. For a start on one machine, where no worker can be alive.

    Harmless if one is: its completion is refused, because the next claim changes the token.
    """
    leased = jobs.update().where(jobs.c.state == JobState.LEASED, jobs.c.lease_until > now)
    return int(tx.execute(leased.values(lease_until=now, rung_at=None)).rowcount)


def to_ring(tx: Connection, *, now: datetime, quiet: timedelta, limit: int) -> list[int]:
    """Jobs whose doorbell should be rung: due and never rung, rung long ago without effect, or their lease lapsed.

    Marks them as rung; at most `limit`, oldest first.
    """
    due = sa.union_all(
        sa.select(jobs.c.id, jobs.c.run_after.label("since")).where(
            jobs.c.state == JobState.WAITING,
            jobs.c.run_after <= now,
            sa.or_(jobs.c.rung_at.is_(None), jobs.c.rung_at <= now - quiet),
        ),
        sa.select(jobs.c.id, jobs.c.lease_until.label("since")).where(
            jobs.c.state == JobState.LEASED,
            jobs.c.lease_until <= now,
            sa.or_(jobs.c.rung_at.is_(None), jobs.c.rung_at <= now - quiet),
        ),
    ).subquery()
    ids = list(tx.execute(sa.select(due.c.id).order_by(due.c.since, due.c.id).limit(limit)).scalars())
    if ids:
        tx.execute(jobs.update().where(jobs.c.id.in_(ids)).values(rung_at=now))
    return ids


def anything_to_ring(tx: Connection, *, now: datetime, quiet: timedelta) -> bool:
    """Whether `to_ring` would find something; reads only, so the relay's frequent look takes no write lock."""
    quiet_since = sa.or_(jobs.c.rung_at.is_(None), jobs.c.rung_at <= now - quiet)
    return bool(
        tx.execute(
            sa.select(
                sa.or_(
                    sa.exists().where(jobs.c.state == JobState.WAITING, jobs.c.run_after <= now, quiet_since),
                    sa.exists().where(jobs.c.state == JobState.LEASED, jobs.c.lease_until <= now, quiet_since),
                ),
            ),
        ).scalar(),
    )


def rung(tx: Connection, *, now: datetime, quiet: timedelta) -> int:
    """How many due jobs have been rung for lately and not been claimed yet."""
    query = sa.select(sa.func.count()).where(
        jobs.c.state == JobState.WAITING,
        jobs.c.run_after <= now,
        jobs.c.rung_at > now - quiet,
    )
    return int(tx.execute(query).scalar_one())


def outstanding(tx: Connection, submission_id: int, kind: JobKind, subject: str = "") -> bool:
    """Whether such a job is still to be done for the submission."""
    return (
        tx.execute(
            sa.select(jobs.c.id)
            .where(
                jobs.c.submission_id == submission_id,
                jobs.c.kind == kind,
                jobs.c.subject == subject,
                jobs.c.state.in_([JobState.WAITING, JobState.LEASED]),
            )
            .limit(1),
        ).first()
        is not None
    )


def unfinished(tx: Connection) -> int:
    """How many jobs are waiting or under way."""
    query = sa.select(sa.func.count()).where(jobs.c.state.in_([JobState.WAITING, JobState.LEASED]))
    return int(tx.execute(query).scalar_one())


def stuck(tx: Connection, limit: int = 200) -> tuple[StuckJob, ...]:
    """Jobs that wait for a person, oldest first."""
    rows = tx.execute(sa.select(jobs).where(jobs.c.state == JobState.STUCK).order_by(jobs.c.id).limit(limit)).all()
    return tuple(StuckJob(r.id, JobKind(r.kind), r.submission_id, r.subject, r.attempts, r.last_error) for r in rows)


def retry_stuck(tx: Connection, job_id: int, *, now: datetime) -> bool:
    """A person asked for another round of tries; whether the job was stuck."""
    changed = tx.execute(
        jobs.update()
        .where(jobs.c.id == job_id, jobs.c.state == JobState.STUCK)
        .values(state=JobState.WAITING, run_after=now, rung_at=None, attempts=0),
    )
    return changed.rowcount == 1


def _change(tx: Connection, lease: Lease, values: dict[str, object]) -> None:
    changed = tx.execute(
        jobs.update()
        .where(jobs.c.id == lease.job_id, jobs.c.token == lease.token, jobs.c.state == JobState.LEASED)
        .values(**values),
    )
    if changed.rowcount != 1:
        raise LostLease(f"job {lease.job_id} belongs to another worker")
