"""The worker's side of the queue and the relay, over a real database and the real filesystem broker."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import StorageUnavailable, TransientError
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.runtime.relay import Relay
from gateway.runtime.tasks import Doorbell
from gateway.runtime.work import Done, Workshop
from gateway.settings import Settings
from gateway.store import jobs, ledger, submissions
from gateway.store.database import Database
from tests.parts import arrival
from tests.services import wait_for


@pytest.fixture
def job_id(intake: Intake, database: Database, clock: FixedClock) -> int:
    """The TRANSCRIBE job of one accepted submission."""
    intake.accept(arrival())
    with database.transaction() as tx:
        return jobs.to_ring(tx, now=clock.now() - timedelta(0), quiet=timedelta(0), limit=1)[0]


def workshop(database: Database, clock: FixedClock, stage: Callable[[Lease], None]) -> Workshop:
    return Workshop(database, clock, dict.fromkeys(JobKind, stage))


def test_a_job_is_done_once_however_often_the_bell_rings(database: Database, clock: FixedClock, job_id: int) -> None:
    done: list[Lease] = []

    def stage(lease: Lease) -> None:
        done.append(lease)
        with database.transaction() as tx:
            jobs.complete(tx, lease, now=clock.now())

    shop = workshop(database, clock, stage)
    assert [shop.perform(job_id) for _ in range(3)] == [Done.COMPLETED, Done.NOTHING_TO_DO, Done.NOTHING_TO_DO]
    assert [lease.kind for lease in done] == [JobKind.TRANSCRIBE]


def test_a_stage_that_fails_writes_nothing_and_the_job_ends_before_a_person(
    database: Database, clock: FixedClock, job_id: int
) -> None:
    def stage(lease: Lease) -> None:
        with database.transaction() as tx:
            submissions.note(tx, lease.submission_id, "half_done", actor="system:test", at=clock.now())
            raise RuntimeError("900101-1234567 broke it")

    shop = workshop(database, clock, stage)
    outcomes = []
    for _ in range(jobs.MAX_ATTEMPTS):
        outcomes.append(shop.perform(job_id))
        clock.at += timedelta(hours=1)
    assert outcomes == [Done.LATER] * (jobs.MAX_ATTEMPTS - 1) + [Done.STUCK]
    with database.reading() as tx:
        stuck = jobs.stuck(tx)
        assert [job.last_error for job in stuck] == ["RuntimeError: 900101-1****** broke it"]
        assert [entry.event for entry, _ in ledger.history(tx, 1)] == ["received"]


def test_a_passing_trouble_is_tried_for_ever(database: Database, clock: FixedClock, job_id: int) -> None:
    def stage(_lease: Lease) -> None:
        raise TransientError("line busy")

    shop = workshop(database, clock, stage)
    for _ in range(jobs.MAX_ATTEMPTS + 2):
        assert shop.perform(job_id) is Done.LATER
        clock.at += timedelta(hours=1)


def test_a_worker_that_was_overtaken_writes_nothing(database: Database, clock: FixedClock, job_id: int) -> None:
    def slow(lease: Lease) -> None:
        clock.at += jobs.LEASE + timedelta(seconds=1)
        with database.transaction() as tx:
            assert jobs.claim(tx, lease.job_id, now=clock.now())
        with database.transaction() as tx:
            submissions.note(tx, lease.submission_id, "written_late", actor="system:test", at=clock.now())
            jobs.complete(tx, lease, now=clock.now())

    assert workshop(database, clock, slow).perform(job_id) is Done.TAKEN_OVER
    with database.reading() as tx:
        assert [entry.event for entry, _ in ledger.history(tx, 1)] == ["received"]


def test_the_relay_rings_for_what_committed_and_bounds_what_lies_in_the_broker(
    intake: Intake, database: Database, clock: FixedClock
) -> None:
    intake.accept_all([arrival(f"k{n}") for n in range(50)])  # two jobs each
    rung: list[int] = []
    relay = Relay(database, clock, rung.append)
    assert relay.once() == 64
    assert relay.once() == 0  # nobody has claimed one yet
    with database.transaction() as tx:
        for job_id in rung[:10]:
            assert jobs.claim(tx, job_id, now=clock.now())
    assert relay.once() == 10
    assert len(rung) == len(set(rung)) == 74


def test_a_lost_ring_is_rung_again(intake: Intake, database: Database, clock: FixedClock) -> None:
    intake.accept(arrival())
    rung: list[int] = []
    relay = Relay(database, clock, rung.append)
    assert relay.once() == 2
    clock.at += timedelta(seconds=31)
    assert relay.once() == 2
    assert rung[:2] == rung[2:]


def test_the_relay_outlives_a_locked_database_and_a_broker_that_is_away(
    intake: Intake, database: Database, clock: FixedClock
) -> None:
    intake.accept(arrival())
    rung: list[int] = []
    failures: list[Exception] = [StorageUnavailable("locked"), ConnectionError("broker away")]

    def ring(job_id: int) -> None:
        if failures:
            raise failures.pop(0)
        rung.append(job_id)

    stop = threading.Event()
    relay = threading.Thread(target=Relay(database, clock, ring, quiet=timedelta(0)).run, args=(stop,))
    relay.start()
    try:
        wait_for(lambda: len(set(rung)) == 2, "both jobs to be rung")
    finally:
        stop.set()
        relay.join()


def test_the_doorbell_makes_the_broker_folder_again_when_someone_removed_it(tmp_path: Path) -> None:
    bell = Doorbell(Settings(var=tmp_path))
    queue = tmp_path / "broker" / "queue"
    bell.ring(1)
    assert len(list(queue.iterdir())) == 1
    shutil.rmtree(tmp_path / "broker")
    bell.ring(2)
    assert len(list(queue.iterdir())) == 1
