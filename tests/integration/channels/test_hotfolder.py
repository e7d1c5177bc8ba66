"""Scans in: a hot folder over the real door into a real database."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.hotfolder import HotFolder
from channels.settled import Settling
from channels.watching import Sweep
from gateway.domain.errors import ConfigurationError, TooLarge
from gateway.domain.submission import Arrival, Channel, Receipt
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.faxline.hylafax import REPOSITORY
from tests.faxline.pages import draw, write_fax


def gateway(root: Path, intake: Intake, clock: FixedClock) -> HotFolder:
    async def accept(arrival: Arrival) -> Receipt:
        return await asyncio.to_thread(intake.accept, arrival)

    folder = HotFolder(
        root / "in",
        root / "archive",
        root / "failed",
        accept,
        clock,
        label="민원실",
        settling=Settling(clock, quiet_s=2, grace_s=60),
    )
    folder.open()
    return folder


@pytest.fixture
def hot(tmp_path: Path, intake: Intake, clock: FixedClock) -> Iterator[HotFolder]:
    folder = gateway(tmp_path / "post", intake, clock)
    yield folder
    folder.close()


def scan(folder: HotFolder, name: str = "scan0001.tif", text: str = "민원 신청서") -> Path:
    return write_fax(folder.incoming / name, [text])


def swept(folder: HotFolder, *, after_s: float = 3) -> Sweep:
    """Two passes with a pause between: what lies still meanwhile has settled. What both did, and what waits then."""
    first = asyncio.run(folder.sweep())
    assert isinstance(folder.clock, FixedClock)
    folder.clock.at += timedelta(seconds=after_s)
    second = asyncio.run(folder.sweep())
    return replace(
        second,
        receipts=first.receipts + second.receipts,
        set_aside=first.set_aside + second.set_aside,
        troubles=first.troubles + second.troubles,
    )


def count(database: Database) -> int:
    with database.reading() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one()


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.name != "alive")


def test_a_settled_scan_is_registered_and_archived_by_day(hot: HotFolder, database: Database, blobs: FileBlobs) -> None:
    content = scan(hot).read_bytes()

    (receipt,) = swept(hot).receipts

    assert files(hot.incoming) == []
    assert (hot.archive / "2026-11-23" / "scan0001.tif").read_bytes() == content
    with database.reading() as tx:
        submission = submissions.get(tx, receipt.submission_id)
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert submission.channel is Channel.POST
    assert submission.facts == {"folder": "민원실"}
    assert (original.media_type, blobs.read(original.sha256)) == ("image/tiff", content)


@pytest.mark.parametrize(
    ("name", "media_type"), [("a.jpg", "image/jpeg"), ("a.png", "image/png"), ("a.pdf", "application/pdf")]
)
def test_each_kind_of_scan_is_taken(hot: HotFolder, database: Database, name: str, media_type: str) -> None:
    draw("민원").save(hot.incoming / name)
    (receipt,) = swept(hot).receipts
    with database.reading() as tx:
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert original.media_type == media_type


def test_a_file_that_lies_about_its_type_is_told_by_its_content(hot: HotFolder, database: Database) -> None:
    draw("민원").save(hot.incoming / "scan.pdf", "PNG")
    (receipt,) = swept(hot).receipts
    with database.reading() as tx:
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert (original.name, original.media_type) == ("scan.pdf", "image/png")


def test_a_scanner_that_writes_slowly_is_waited_for(hot: HotFolder, tmp_path: Path, database: Database) -> None:
    whole = write_fax(tmp_path / "whole.tif", ["첫째 쪽", "둘째 쪽", "셋째 쪽"]).read_bytes()
    piece = len(whole) // 4 + 1
    slow = hot.incoming / "scan0001.tif"
    for start in range(0, len(whole), piece):
        with slow.open("ab") as file:
            file.write(whole[start : start + piece])
        if start + piece < len(whole):
            assert swept(hot, after_s=10) == Sweep(waiting=1)
    (receipt,) = swept(hot).receipts
    with database.reading() as tx:
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert original.size == len(whole)


def test_a_scan_that_died_halfway_is_registered_after_the_grace_and_marked(hot: HotFolder, database: Database) -> None:
    path = scan(hot)
    path.write_bytes(path.read_bytes()[:-100])
    assert swept(hot, after_s=59).waiting == 1
    (receipt,) = swept(hot, after_s=3).receipts
    with database.reading() as tx:
        assert submissions.get(tx, receipt.submission_id).facts["damage"]


def test_a_zero_byte_scan_is_set_aside_with_a_note_in_both_languages(hot: HotFolder, database: Database) -> None:
    (hot.incoming / "scan0001.pdf").touch()
    assert swept(hot, after_s=59).waiting == 1
    done = swept(hot, after_s=3)
    assert done.set_aside == 1
    assert "scan0001.pdf" in done.troubles[0]
    assert files(hot.failed) == ["scan0001.pdf", "scan0001.pdf.txt"]
    note = (hot.failed / "scan0001.pdf.txt").read_text(encoding="utf-8")
    assert "크기가 0인 파일" in note
    assert "It is empty" in note
    assert count(database) == 0


def test_what_the_office_never_accepts_is_set_aside_with_the_reason(hot: HotFolder) -> None:
    async def refuse(_arrival: Arrival) -> Receipt:
        raise TooLarge

    hot.accept = refuse
    scan(hot)
    assert swept(hot).set_aside == 1
    assert TooLarge.text_ko in (hot.failed / "scan0001.tif.txt").read_text(encoding="utf-8")


def test_while_the_database_is_locked_the_scan_stays_and_is_taken_later(hot: HotFolder, database: Database) -> None:
    scan(hot)
    with database.transaction():
        first = swept(hot)
        second = swept(hot)
        assert files(hot.incoming) == ["scan0001.tif"]
    assert (first.postponed, second.postponed) == (1, 1)
    assert len(first.troubles) == 1
    assert second.troubles == ()
    assert len(swept(hot).receipts) == 1
    assert count(database) == 1


def test_while_the_disk_of_originals_is_full_the_scan_stays(hot: HotFolder, blobs: FileBlobs, tmp_path: Path) -> None:
    blocked = tmp_path / "blobs"
    shutil.rmtree(blocked, ignore_errors=True)
    blocked.write_text("in the way, as a full disk is")
    scan(hot)
    assert swept(hot).postponed == 1
    assert files(hot.incoming) == ["scan0001.tif"]
    blocked.unlink()
    (receipt,) = swept(hot).receipts
    assert receipt.number
    assert blobs.sweep() == 0


def test_the_very_same_scan_moved_back_gives_the_same_receipt(hot: HotFolder, database: Database) -> None:
    scan(hot)
    (first,) = swept(hot).receipts
    (hot.archive / "2026-11-23" / "scan0001.tif").rename(hot.incoming / "scan0001.tif")
    (second,) = swept(hot).receipts
    assert second.repeated
    assert second.number == first.number
    assert count(database) == 1


def test_equal_bytes_scanned_twice_are_two_submissions(hot: HotFolder, database: Database) -> None:
    content = scan(hot).read_bytes()
    swept(hot)
    (hot.incoming / "scan0002.tif").write_bytes(content)
    swept(hot)
    (hot.incoming / "scan0001.tif").write_bytes(content)  # the scanner counts from the start again
    swept(hot)
    assert count(database) == 3
    assert files(hot.archive) == ["scan0001 (2).tif", "scan0001.tif", "scan0002.tif"]


def test_what_is_no_scan_is_not_touched(hot: HotFolder, tmp_path: Path, database: Database) -> None:
    (hot.incoming / "half.pdf.part").write_bytes(b"%PDF")
    (hot.incoming / ".hidden").write_bytes(b"x")
    (hot.incoming / "Thumbs.db").write_bytes(b"x")
    (hot.incoming / "folder").mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("not ours")
    (hot.incoming / "link.pdf").symlink_to(secret)
    assert swept(hot, after_s=3600) == Sweep()
    assert count(database) == 0


def test_a_name_from_a_mac_is_kept_in_its_composed_form(hot: HotFolder, database: Database) -> None:
    scan(hot, unicodedata.normalize("NFD", "민원신청서.tif"))
    (receipt,) = swept(hot).receipts
    with database.reading() as tx:
        (original,) = submissions.originals(tx, receipt.submission_id)
    assert original.name == "민원신청서.tif"


def test_two_gateways_on_one_folder_take_each_scan_once(
    hot: HotFolder, intake: Intake, clock: FixedClock, database: Database
) -> None:
    other = gateway(hot.incoming.parent, intake, clock)
    for serial in range(10):
        scan(hot, f"scan{serial:04d}.tif", f"민원 {serial}")

    async def both() -> list[Sweep]:
        await asyncio.gather(hot.sweep(), other.sweep())
        clock.at += timedelta(seconds=3)
        return list(await asyncio.gather(hot.sweep(), other.sweep()))

    sweeps = asyncio.run(both())
    other.close()
    assert sum(len(sweep.receipts) for sweep in sweeps) == 10
    assert count(database) == 10
    assert len(files(hot.archive)) == 10


def test_a_scan_that_grew_after_all_is_registered_in_its_longer_form_too(hot: HotFolder, intake: Intake) -> None:
    path = scan(hot)

    async def accept_while_it_grows(arrival: Arrival) -> Receipt:
        receipt = await asyncio.to_thread(intake.accept, arrival)
        (claimed,) = (file.path for file in arrival.files)
        assert claimed is not None
        with claimed.open("ab") as late:
            late.write(b"late page")
        hot.accept = usual
        return receipt

    usual, hot.accept = hot.accept, accept_while_it_grows
    (first,) = swept(hot).receipts
    assert files(hot.incoming) == [path.name]
    (second,) = swept(hot).receipts
    assert first.number != second.number


def test_a_registered_scan_that_cannot_be_archived_is_archived_later(hot: HotFolder, database: Database) -> None:
    day = hot.archive / "2026-11-23"
    day.write_text("in the way")
    scan(hot)
    done = swept(hot)
    assert done.postponed == 1
    assert "cannot be archived" in done.troubles[0]
    assert count(database) == 1
    day.unlink()
    assert [receipt.repeated for receipt in swept(hot).receipts] == [True]
    assert count(database) == 1
    assert files(hot.archive) == ["scan0001.tif"]
    assert files(hot.incoming) == []


DIES = """
import asyncio, os, signal, sys
from datetime import datetime
from pathlib import Path
from channels.hotfolder import HotFolder
from channels.settled import Settling
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways

folder, now, late = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2]), sys.argv[3] == "late"
clock = FixedClock(now)
intake = Intake(Database(f"sqlite:///{folder / 'gateway.db'}"), FileBlobs(folder / "blobs"), clock, OpenAlways())

async def accept(arrival):
    if late:
        intake.accept(arrival)
    os.kill(os.getpid(), signal.SIGKILL)

post = folder / "post"
hot = HotFolder(post / "in", post / "archive", post / "failed", accept, clock, settling=Settling(clock, quiet_s=0))
asyncio.run(hot.sweep())
"""


@pytest.mark.parametrize("when", ["early", "late"])
def test_what_a_killed_gateway_had_claimed_is_registered_once_by_the_next(
    hot: HotFolder, database: Database, tmp_path: Path, when: str
) -> None:
    scan(hot)
    command = [sys.executable, "-c", DIES, str(tmp_path), hot.clock.now().isoformat(), when]
    assert subprocess.run(command, cwd=REPOSITORY, check=False).returncode == -9
    assert [path.name for path in hot.incoming.iterdir()] == [".taking"]
    assert count(database) == (when == "late")

    (receipt,) = asyncio.run(hot.sweep()).receipts

    assert receipt.repeated == (when == "late")
    assert count(database) == 1
    assert files(hot.archive) == ["scan0001.tif"]
    assert files(hot.incoming) == []


def test_a_running_watcher_takes_a_scan_and_stops_when_asked(hot: HotFolder, database: Database) -> None:
    hot.settling.quiet_s = 0

    async def run() -> None:
        stop = asyncio.Event()
        door = hot.accept

        async def accept_and_stop(arrival: Arrival) -> Receipt:
            receipt = await door(arrival)
            stop.set()
            return receipt

        hot.accept, hot.interval_s = accept_and_stop, 0.02
        scan(hot)
        await asyncio.wait_for(hot.run(stop), 10)

    asyncio.run(run())
    assert count(database) == 1
    assert files(hot.archive) == ["scan0001.tif"]
    assert list((hot.incoming / ".taking").iterdir()) == []


def test_folders_that_cannot_work_together_are_refused_at_the_start(hot: HotFolder) -> None:
    hot.close()
    hot.archive = hot.incoming
    with pytest.raises(ConfigurationError):
        hot.open()
    hot.archive = Path("/proc/archive")
    with pytest.raises(ConfigurationError):
        hot.open()
