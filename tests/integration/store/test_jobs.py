"""The queue in rows, on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from gateway.domain.errors import LostLease, StorageUnavailable
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import jobs
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways, arrival

QUIET = timedelta(seconds=20)


@pytest.fixture
def job_id(any_database: Database, blobs: FileBlobs, clock: FixedClock) -> int:
    """A job beside those that acceptance queued, which are taken out of the way."""
    intake = Intake(any_database, blobs, clock, OpenAlways())
    submission_id = intake.accept(arrival()).submission_id
    with any_database.transaction() as tx:
        for waiting in jobs.to_ring(tx, now=clock.now(), quiet=QUIET, limit=10):
            lease = jobs.claim(tx, waiting, now=clock.now())
            assert lease
            jobs.complete(tx, lease, now=clock.now())
        return jobs.add(tx, JobKind.ASSIGN, submission_id, now=clock.now(), subject="unverified")


def claim(database: Database, job_id: int, clock: FixedClock) -> Lease | None:
    with database.transaction() as tx:
        return jobs.claim(tx, job_id, now=clock.now())


def test_of_many_workers_who_hear_the_bell_one_gets_the_job(
    any_database: Database, job_id: int, clock: FixedClock
) -> None:
    won: list[Lease | None] = []
    workers = [threading.Thread(target=lambda: won.append(claim(any_database, job_id, clock))) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(won) == 8
    leases = [lease for lease in won if lease]
    assert len(leases) == 1
    assert (leases[0].kind, leases[0].subject, leases[0].attempts) == (JobKind.ASSIGN, "unverified", 1)


def test_a_job_whose_worker_went_quiet_goes_to_another_and_the_first_writes_nothing(
    any_database: Database, job_id: int, clock: FixedClock
) -> None:
    first = claim(any_database, job_id, clock)
    assert first
    clock.at += jobs.LEASE + timedelta(seconds=1)
    second = claim(any_database, job_id, clock)
    assert second
    assert second.attempts == 2
    with pytest.raises(LostLease), any_database.transaction() as tx:
        jobs.complete(tx, first, now=clock.now())
    with any_database.transaction() as tx:
        jobs.complete(tx, second, now=clock.now())
    assert claim(any_database, job_id, clock) is None


def test_a_renewed_lease_is_not_taken_over(any_database: Database, job_id: int, clock: FixedClock) -> None:
    first = claim(any_database, job_id, clock)
    assert first
    clock.at += jobs.LEASE - timedelta(seconds=1)
    with any_database.transaction() as tx:
        jobs.renew(tx, first, now=clock.now())
    clock.at += timedelta(seconds=30)
    assert claim(any_database, job_id, clock) is None


def test_a_job_that_keeps_failing_is_stuck_before_a_person_with_its_reason(
    any_database: Database, job_id: int, clock: FixedClock
) -> None:
    for attempt in range(1, jobs.MAX_ATTEMPTS + 1):
        clock.at += timedelta(hours=1)
        lease = claim(any_database, job_id, clock)
        assert lease
        assert lease.attempts == attempt
        with any_database.transaction() as tx:
            jobs.fail(tx, lease, now=clock.now(), why="주민번호 900101-1234567 때문에")
    with any_database.transaction() as tx:
        stuck = jobs.stuck(tx)
        assert [(job.id, job.last_error) for job in stuck] == [(job_id, "주민번호 900101-1****** 때문에")]
        assert jobs.retry_stuck(tx, job_id, now=clock.now())
    assert claim(any_database, job_id, clock)


def test_a_transient_cause_never_makes_a_job_stuck(any_database: Database, job_id: int, clock: FixedClock) -> None:
    for _ in range(jobs.MAX_ATTEMPTS + 3):
        clock.at += timedelta(hours=1)
        lease = claim(any_database, job_id, clock)
        assert lease
        with any_database.transaction() as tx:
            assert jobs.fail(tx, lease, now=clock.now(), why="busy", transient=True) is jobs.JobState.WAITING


def test_the_bell_rings_once_then_again_only_when_nothing_came_of_it(
    any_database: Database, job_id: int, clock: FixedClock
) -> None:
    def ring() -> list[int]:
        with any_database.transaction() as tx:
            return jobs.to_ring(tx, now=clock.now(), quiet=QUIET, limit=10)

    assert ring() == [job_id]
    assert ring() == []
    with any_database.reading() as tx:
        assert jobs.rung(tx, now=clock.now(), quiet=QUIET) == 1
    clock.at += QUIET
    assert ring() == [job_id]
    lease = claim(any_database, job_id, clock)
    clock.at += QUIET
    assert ring() == []  # someone is at it
    clock.at += jobs.LEASE
    assert ring() == [job_id]  # and went quiet
    assert lease


def test_a_postponed_job_waits_for_its_time(any_database: Database, job_id: int, clock: FixedClock) -> None:
    lease = claim(any_database, job_id, clock)
    assert lease
    with any_database.transaction() as tx:
        jobs.postpone(tx, lease, until=clock.now() + timedelta(minutes=5), why="fax line busy")
    with any_database.reading() as tx:
        assert not jobs.anything_to_ring(tx, now=clock.now(), quiet=QUIET)
    clock.at += timedelta(minutes=5)
    again = claim(any_database, job_id, clock)
    assert again
    assert again.attempts == 1


def test_a_locked_database_is_an_error_with_a_remedy(database: Database) -> None:
    with database.transaction(), pytest.raises(StorageUnavailable) as refused, database.transaction():
        pass
    assert "locked" in refused.value.remedy
