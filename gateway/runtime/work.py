"""Does one job: claim it, run its stage, and decide what a failure means.

Guarantees: a job that another worker holds is left alone; a stage that fails leaves the job in the queue with its
reason, or, after `jobs.MAX_ATTEMPTS`, stuck before a person. Nothing raised by a stage reaches Celery.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import structlog

from gateway.domain.errors import GatewayError, LostLease
from gateway.domain.jobs import JobKind, Lease, Stage
from gateway.domain.times import Clock
from gateway.store import jobs
from gateway.store.database import Database

_log = structlog.get_logger()


class Done(StrEnum):
    """What became of one ring of the doorbell."""

    NOTHING_TO_DO = "nothing_to_do"
    COMPLETED = "completed"
    LATER = "later"
    STUCK = "stuck"
    TAKEN_OVER = "taken_over"


class Workshop:
    """Where jobs are done.

    Args:
        database: the queue.
        clock: the present.
        stages: what does each kind of job.
        lease: how long a worker may be silent before another takes the job.
    """

    def __init__(
        self, database: Database, clock: Clock, stages: Mapping[JobKind, Stage], *, lease: timedelta = jobs.LEASE
    ) -> None:
        self._database = database
        self._clock = clock
        self._stages = stages
        self._lease = lease

    def perform(self, job_id: int) -> Done:
        """Do the job if it is to be done now."""
        with self._database.transaction() as tx:
            lease = jobs.claim(tx, job_id, now=self._clock.now(), lease=self._lease)
        if lease is None:
            return Done.NOTHING_TO_DO
        log = _log.bind(job=lease.job_id, kind=str(lease.kind), submission=lease.submission_id, attempt=lease.attempts)
        try:
            self._stages[lease.kind](lease)
        except LostLease as lost:
            log.warning("job taken over", cause=str(lost))
            return Done.TAKEN_OVER
        except Exception as error:  # noqa: BLE001 (a job may fail in any way; it must stay in the queue)
            return self._failed(lease, error)
        log.info("job done")
        return Done.COMPLETED

    def _failed(self, lease: Lease, error: Exception) -> Done:
        transient = isinstance(error, GatewayError) and error.transient
        why = f"{type(error).__name__}: {error}"
        try:
            with self._database.transaction() as tx:
                state = jobs.fail(tx, lease, now=self._clock.now(), why=why, transient=transient)
        except GatewayError as second:
            # the lease will lapse by itself and the sweep rings again
            _log.warning("failure not recorded", job=lease.job_id, why=why, cause=str(second))
            return Done.LATER
        _log.warning(
            "job failed", job=lease.job_id, kind=str(lease.kind), state=str(state), why=why, exc_info=not transient
        )
        return Done.STUCK if state is jobs.JobState.STUCK else Done.LATER
