"""The one door in, on both databases."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.domain.errors import StorageUnavailable
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Receipt, Role
from gateway.domain.times import FixedClock
from gateway.intake import Acceptor, Intake
from gateway.store import ledger, schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways, arrival


@pytest.fixture
def door(any_database: Database, blobs: FileBlobs, clock: FixedClock) -> Intake:
    return Intake(any_database, blobs, clock, OpenAlways())


def count(database: Database, table: sa.Table) -> int:
    with database.reading() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_receipt_means_rows_clocks_job_and_bytes_are_there(
    door: Intake, any_database: Database, blobs: FileBlobs
) -> None:
    receipt = door.accept(arrival(content=b"bytes"))
    assert receipt.number == "2026-0000001"
    with any_database.reading() as tx:
        original = submissions.originals(tx, receipt.submission_id)[0]
        assert ledger.verify_all(tx) == {}
        kinds = tx.execute(sa.select(schema.jobs.c.kind).order_by(schema.jobs.c.id)).scalars().all()
        clocks = tx.execute(sa.select(schema.clocks.c.name).order_by(schema.clocks.c.id)).scalars().all()
    assert blobs.read(original.sha256) == b"bytes"
    assert kinds == ["transcribe", "acknowledge"]
    assert clocks == ["C1", "C2"]


def test_a_mail_is_unfolded_before_a_machine_may_answer_it(door: Intake, any_database: Database) -> None:
    door.accept(arrival(channel=Channel.EMAIL))
    with any_database.reading() as tx:
        assert tx.execute(sa.select(schema.jobs.c.kind)).scalars().all() == ["unfold"]


def test_the_same_arrival_again_gives_the_same_receipt(door: Intake, any_database: Database) -> None:
    first = door.accept(arrival("again"))
    second = door.accept(arrival("again"))
    assert (second.number, second.access_code, second.repeated) == (first.number, first.access_code, True)
    assert not first.repeated
    assert count(any_database, schema.submissions) == 1
    assert count(any_database, schema.jobs) == 2


def test_the_same_key_on_two_channels_is_two_submissions(door: Intake) -> None:
    assert door.accept(arrival(channel=Channel.FAX)).number != door.accept(arrival(channel=Channel.POST)).number


def test_a_batch_keeps_its_order_and_repeats_within_it_share_a_receipt(door: Intake) -> None:
    keys = ["a", "b", "a", "c"]
    receipts = door.accept_all([arrival(key) for key in keys])
    assert [r.number for r in receipts if isinstance(r, Receipt)] == [
        "2026-0000001",
        "2026-0000002",
        "2026-0000001",
        "2026-0000003",
    ]
    assert [r.repeated for r in receipts if isinstance(r, Receipt)] == [False, False, True, False]


def test_each_year_counts_from_one(door: Intake) -> None:
    numbers = [
        door.accept(arrival(str(at), arrived_at=at)).number
        for at in (
            datetime(2026, 12, 31, 14, 59, tzinfo=UTC),
            datetime(2026, 12, 31, 15, 1, tzinfo=UTC),  # already New Year in Seoul
            datetime(2027, 1, 4, 1, 0, tzinfo=UTC),
        )
    ]
    assert numbers == ["2026-0000001", "2027-0000001", "2027-0000002"]


def test_numbers_have_no_gap_when_many_doors_are_used_at_once(
    any_database: Database, blobs: FileBlobs, clock: FixedClock
) -> None:
    def send(door: Intake, name: str) -> None:
        for n in range(10):
            door.accept(arrival(f"{name}-{n}"))

    doors = [Intake(any_database, blobs, clock, OpenAlways()) for _ in range(4)]
    threads = [threading.Thread(target=send, args=(door, str(n))) for n, door in enumerate(doors)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with any_database.reading() as tx:
        numbers = sorted(tx.execute(sa.select(schema.submissions.c.number)).scalars())
    assert numbers == [f"2026-{n:07d}" for n in range(1, 41)]


def test_one_file_that_cannot_be_stored_does_not_hold_up_the_others(door: Intake, tmp_path: Path) -> None:
    gone = Arrival(
        Channel.POST,
        "gone",
        datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
        (ArrivedFile("scan.pdf", role=Role.PAGES, path=tmp_path / "not-there.pdf"),),
    )
    first, missing, last = door.accept_all([arrival("a"), gone, arrival("b")])
    assert isinstance(missing, StorageUnavailable)
    assert isinstance(first, Receipt)
    assert isinstance(last, Receipt)
    assert (first.number, last.number) == ("2026-0000001", "2026-0000002")


def test_a_database_that_cannot_commit_registers_nothing(intake: Intake, database: Database) -> None:
    with database.transaction(), pytest.raises(StorageUnavailable):
        intake.accept(arrival("held up"))
    assert count(database, schema.submissions) == 0
    assert intake.accept(arrival("held up")).number == "2026-0000001"


def test_concurrent_arrivals_share_commits_and_each_gets_its_own_receipt(intake: Intake, database: Database) -> None:
    async def send() -> list[Receipt]:
        acceptor = Acceptor(intake)
        receipts = await asyncio.gather(*(acceptor.accept(arrival(f"k{n}")) for n in range(50)))
        await acceptor.close()
        return receipts

    receipts = asyncio.run(send())
    assert [receipt.number for receipt in receipts] == [f"2026-{n:07d}" for n in range(1, 51)]
    assert count(database, schema.submissions) == 50


def test_a_caller_who_goes_away_does_not_undo_what_is_being_committed(intake: Intake, database: Database) -> None:
    async def send() -> None:
        acceptor = Acceptor(intake)
        caller = asyncio.create_task(acceptor.accept(arrival("left")))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await acceptor.close()

    asyncio.run(send())
    assert count(database, schema.submissions) == 1


def test_callers_are_told_when_nothing_can_be_stored(intake: Intake, database: Database) -> None:
    async def send() -> None:
        acceptor = Acceptor(intake)
        with database.transaction(), pytest.raises(StorageUnavailable):
            await acceptor.accept(arrival("held up"))
        assert (await acceptor.accept(arrival("held up"))).number == "2026-0000001"
        await acceptor.close()

    asyncio.run(send())


def test_an_arrival_that_breaks_acceptance_itself_fails_alone(door: Intake) -> None:
    broken = arrival("broken", text="\ud800")  # no UTF-8 for it
    outcomes = door.accept_all([*(arrival(f"a{n}") for n in range(8)), broken, *(arrival(f"b{n}") for n in range(8))])
    assert isinstance(outcomes.pop(8), StorageUnavailable)
    assert [r.number for r in outcomes if isinstance(r, Receipt)] == [f"2026-{n:07d}" for n in range(1, 17)]


def test_nothing_arriving_is_no_trouble(door: Intake, any_database: Database) -> None:
    assert door.accept_all([]) == []
    assert count(any_database, schema.submissions) == 0
