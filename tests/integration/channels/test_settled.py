from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from channels.settled import Settling, Standing
from gateway.domain.times import FixedClock
from tests.faxline.pages import write_fax


@pytest.fixture
def settling(clock: FixedClock) -> Settling:
    return Settling(clock, quiet_s=2, grace_s=60)


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    return write_fax(tmp_path / "scan.tif", ["민원 신청서", "둘째 쪽"])


@pytest.fixture
def held(scan: Path) -> Iterator[int]:
    """An open handle with an exclusive lock, as faxgetty has one."""
    handle = os.open(scan, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    yield handle
    os.close(handle)


def standing_after(settling: Settling, path: Path, seconds: float) -> Standing:
    settling.judge(path)
    assert isinstance(settling.clock, FixedClock)
    settling.clock.at += timedelta(seconds=seconds)
    return settling.judge(path).standing


def test_a_whole_quiet_file_is_complete_and_not_before(settling: Settling, scan: Path) -> None:
    assert standing_after(settling, scan, 1.9) is Standing.GROWING
    assert standing_after(settling, scan, 0.2) is Standing.COMPLETE


def test_standing_still_is_not_enough_while_the_end_is_missing(settling: Settling, scan: Path) -> None:
    whole = scan.read_bytes()
    scan.write_bytes(whole[: len(whole) // 2])
    assert standing_after(settling, scan, 59) is Standing.GROWING
    scan.write_bytes(whole)
    assert standing_after(settling, scan, 1) is Standing.GROWING
    assert standing_after(settling, scan, 2) is Standing.COMPLETE


def test_a_cut_file_is_taken_after_the_grace_and_says_why(settling: Settling, scan: Path) -> None:
    whole = scan.read_bytes()
    scan.write_bytes(whole[:-40])
    assert standing_after(settling, scan, 61) is Standing.TAKE_ANYWAY
    assert settling.judge(scan).why


def test_a_kind_without_a_known_end_waits_for_the_grace(settling: Settling, tmp_path: Path) -> None:
    letter = tmp_path / "memo.txt"
    letter.write_text("민원")
    assert standing_after(settling, letter, 59) is Standing.GROWING
    assert standing_after(settling, letter, 2) is Standing.TAKE_ANYWAY


def test_an_empty_file_gets_its_time_before_it_counts_as_empty(settling: Settling, tmp_path: Path) -> None:
    empty = tmp_path / "scan.pdf"
    empty.touch()
    assert standing_after(settling, empty, 59) is Standing.GROWING
    assert standing_after(settling, empty, 2) is Standing.EMPTY


@pytest.mark.usefixtures("held")
def test_a_locked_file_is_left_alone_however_quiet(settling: Settling, scan: Path) -> None:
    assert standing_after(settling, scan, 3600) is Standing.LOCKED


def test_the_lock_is_gone_when_its_holder_is(settling: Settling, scan: Path, held: int) -> None:
    assert standing_after(settling, scan, 10) is Standing.LOCKED
    fcntl.flock(held, fcntl.LOCK_UN)
    assert settling.judge(scan).standing is Standing.COMPLETE


def test_a_file_written_anew_under_its_name_starts_again(settling: Settling, scan: Path, tmp_path: Path) -> None:
    assert standing_after(settling, scan, 3) is Standing.COMPLETE
    write_fax(tmp_path / "new.tif", ["다른 민원"]).replace(scan)
    assert settling.judge(scan).standing is Standing.GROWING


def test_links_pipes_and_missing_files_are_not_there(settling: Settling, scan: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.tif"
    link.symlink_to(scan)
    pipe = tmp_path / "pipe.tif"
    os.mkfifo(pipe)
    for path in (link, pipe, tmp_path / "none.tif", tmp_path):
        assert settling.judge(path).standing is Standing.GONE
