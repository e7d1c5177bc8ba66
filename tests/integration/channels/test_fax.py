"""Faxes in, from files as HylaFAX leaves them, through the real door into a real database."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.fax import FaxWatcher
from channels.watching import Sweep
from gateway.domain.submission import Arrival, Channel, Receipt, Role
from gateway.domain.times import FixedClock
from gateway.intake import Acceptor, Intake
from gateway.store import schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.faxline.hylafax import REPOSITORY
from tests.faxline.pages import FINE_DPI, STANDARD_DPI, write_fax

HOOK = REPOSITORY / "deploy/hylafax/faxrcvd"


@pytest.fixture
def watcher(tmp_path: Path, intake: Intake, clock: FixedClock) -> FaxWatcher:
    for name in ("recvq", "ready"):
        (tmp_path / name).mkdir()

    async def accept(arrival: Arrival) -> Receipt:
        acceptor = Acceptor(intake)
        try:
            return await acceptor.accept(arrival)
        finally:
            await acceptor.close()

    return FaxWatcher(tmp_path / "recvq", tmp_path / "ready", tmp_path / "failed", accept, clock)


def received(
    watcher: FaxWatcher,
    name: str = "fax000000001.tif",
    *,
    age_s: float = 5,
    y_dpi: int = FINE_DPI,
    bad_lines: int = 0,
    tsi: str = "",
) -> Path:
    """A fax of two pages in recvq, the last one complete `age_s` ago."""
    path = write_fax(watcher.recvq / name, ["민원 신청서", "붙임"], y_dpi=y_dpi, bad_lines=bad_lines, tsi=tsi)
    at = watcher.clock.now().timestamp() - age_s
    os.utime(path, (at, at))
    return path


def hook(watcher: FaxWatcher, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """The hook, started as HylaFAX starts it."""
    return subprocess.run(
        [HOOK, *arguments],
        cwd=watcher.recvq.parent, check=False, capture_output=True,
        env={"PATH": os.environ["PATH"], "GATEWAY_READY": str(folder or watcher.ready)},
    )  # fmt: skip


def swept(watcher: FaxWatcher) -> Sweep:
    return asyncio.run(watcher.sweep())


def facts(database: Database, submission_id: int) -> Mapping[str, str]:
    with database.reading() as tx:
        return submissions.get(tx, submission_id).facts


def count(database: Database) -> int:
    with database.reading() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one()


def test_a_fax_with_its_record_is_registered_and_leaves_recvq(
    watcher: FaxWatcher, database: Database, blobs: FileBlobs
) -> None:
    path = received(watcher, tsi="+82 63 290 4600", y_dpi=STANDARD_DPI)
    content, completed = path.read_bytes(), path.stat().st_mtime
    assert (
        hook(watcher, "recvq/fax000000001.tif", "ttyS0", "000000007", "", "0632904611", "", "0632904500").returncode
        == 0
    )

    (receipt,) = swept(watcher).receipts

    assert not path.exists()
    assert list(watcher.ready.iterdir()) == []
    with database.reading() as tx:
        submission = submissions.get(tx, receipt.submission_id)
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert submission.channel is Channel.FAX
    assert submission.contact.fax == "063-290-4611"
    assert abs(submission.arrived_at.timestamp() - completed) < 0.001
    assert (original.role, original.name, blobs.read(original.sha256)) == (Role.PAGES, "fax000000001.tif", content)
    told = facts(database, receipt.submission_id)
    assert told["pages"] == "2"
    assert told["resolution"] == "204x98"
    assert told["tsi"] == "+82 63 290 4600"
    assert told["dialled"] == "0632904500"
    assert "incomplete" not in told


def test_without_a_record_it_waits_for_the_grace_and_is_marked(watcher: FaxWatcher, database: Database) -> None:
    path = received(watcher, age_s=29, tsi="82 63 290 4600")
    assert swept(watcher) == Sweep(waiting=1)
    assert path.exists()

    assert isinstance(watcher.clock, FixedClock)
    watcher.clock.at += timedelta(seconds=2)
    (receipt,) = swept(watcher).receipts

    assert "no record" in facts(database, receipt.submission_id)["incomplete"]
    with database.reading() as tx:
        assert submissions.get(tx, receipt.submission_id).contact.fax == "063-290-4600"


def test_a_record_of_an_earlier_fax_of_the_same_name_is_not_used(watcher: FaxWatcher) -> None:
    hook(watcher, "recvq/fax000000001.tif", "ttyS0", "000000001", "", "0631111111")
    old = watcher.clock.now().timestamp() - 500
    for record in watcher.ready.iterdir():
        os.utime(record, (old, old))
    received(watcher, age_s=5)
    assert swept(watcher) == Sweep(waiting=1)


def test_a_fax_still_coming_in_is_left_alone(watcher: FaxWatcher) -> None:
    path = received(watcher, age_s=900)
    with path.open("rb+") as line:
        fcntl.flock(line, fcntl.LOCK_EX)
        assert swept(watcher) == Sweep(waiting=1)
    assert len(swept(watcher).receipts) == 1


def test_a_cut_fax_keeps_its_pages_and_says_what_is_wrong(watcher: FaxWatcher, database: Database) -> None:
    path = received(watcher, bad_lines=78)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    hook(watcher, "recvq/fax000000001.tif", "ttyS0", "000000001", "COMREC received DCN", "", "", "")
    (receipt,) = swept(watcher).receipts
    told = facts(database, receipt.submission_id)
    assert told["incomplete"] == "COMREC received DCN"
    assert told["damage"]


def test_bad_lines_are_counted(watcher: FaxWatcher, database: Database) -> None:
    received(watcher, age_s=100, bad_lines=39)  # on each of its two pages
    (receipt,) = swept(watcher).receipts
    assert facts(database, receipt.submission_id)["bad_lines"] == "78"


def test_junk_under_a_faxs_name_is_registered_and_marked(watcher: FaxWatcher, database: Database) -> None:
    path = received(watcher, age_s=100)
    path.write_bytes(b"%PDF-1.7 this is no fax")
    os.utime(path, (1, 1))
    (receipt,) = swept(watcher).receipts
    assert facts(database, receipt.submission_id)["damage"] == "not a TIFF file"


def test_a_fax_of_no_bytes_is_set_aside_with_a_note(watcher: FaxWatcher, database: Database) -> None:
    path = received(watcher, age_s=100)
    path.write_bytes(b"")
    os.utime(path, (1, 1))
    done = swept(watcher)
    assert done.set_aside == 1
    assert not path.exists()
    note = (watcher.failed / "fax000000001.tif.txt").read_text(encoding="utf-8")
    assert "받은 쪽이 없습니다" in note
    assert "no page was received" in note
    assert count(database) == 0


def test_while_nothing_can_be_stored_the_fax_stays_and_is_told_once(watcher: FaxWatcher, database: Database) -> None:
    path = received(watcher, age_s=100)
    with database.transaction():  # another program holds the database
        first, second = swept(watcher), swept(watcher)
    assert (first.postponed, second.postponed) == (1, 1)
    assert len(first.troubles) == 1
    assert second.troubles == ()
    assert path.exists()
    assert len(swept(watcher).receipts) == 1


def test_a_burst_of_faxes_is_registered_once_each(watcher: FaxWatcher, database: Database) -> None:
    for serial in range(12):
        received(watcher, f"fax{serial:09d}.tif", age_s=100)
    receipts = swept(watcher).receipts
    assert len({receipt.number for receipt in receipts}) == 12
    assert swept(watcher) == Sweep()
    assert count(database) == 12


DIES = """
import asyncio, os, signal, sys
from datetime import datetime
from pathlib import Path
from channels.fax import FaxWatcher
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways

folder, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
clock = FixedClock(now)
intake = Intake(Database(f"sqlite:///{folder / 'gateway.db'}"), FileBlobs(folder / "blobs"), clock, OpenAlways())

async def accept(arrival):
    intake.accept(arrival)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(FaxWatcher(folder / "recvq", folder / "ready", folder / "failed", accept, clock).sweep())
"""


def test_killed_between_acceptance_and_removal_it_is_registered_once(
    watcher: FaxWatcher, database: Database, tmp_path: Path
) -> None:
    path = received(watcher, age_s=100)
    killed = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path), watcher.clock.now().isoformat()], cwd=REPOSITORY, check=False
    )
    assert killed.returncode == -9
    assert path.exists()
    assert count(database) == 1

    (receipt,) = swept(watcher).receipts

    assert receipt.repeated
    assert not path.exists()
    assert count(database) == 1


def test_two_gateways_on_one_recvq_register_each_fax_once(watcher: FaxWatcher, database: Database) -> None:
    for serial in range(6):
        received(watcher, f"fax{serial:09d}.tif", age_s=100)

    async def both() -> None:
        await asyncio.gather(watcher.sweep(), replace(watcher).sweep())

    asyncio.run(both())
    assert count(database) == 6
    assert list(watcher.recvq.iterdir()) == []


def test_the_hook_writes_whole_records_and_survives_odd_texts(watcher: FaxWatcher, tmp_path: Path) -> None:
    odd = 'it\'s "odd"\n$(touch pwned) `x` %s \\0'
    folder = tmp_path / "made by the hook"
    assert hook(watcher, "recvq/fax000000009.tif", "ttyS0", "9", odd, "", "가람", folder=folder).returncode == 0
    (record,) = folder.iterdir()
    assert record.read_bytes().split(b"\0")[:7] == [
        b"gateway-fax-1", b"fax000000009.tif", b"ttyS0", b"9", odd.encode(), b"", "가람".encode(),
    ]  # fmt: skip
    assert hook(watcher).returncode != 0
    assert list(watcher.recvq.parent.rglob("pwned")) == []
