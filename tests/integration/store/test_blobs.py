"""Blobs on a real disk, a small full one included."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.domain.errors import NotFound, StorageUnavailable
from gateway.store.blobs import FileBlobs


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], check=True)
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_content_is_found_under_its_digest(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    sha256 = blobs.put(b"content")
    assert sha256 == hashlib.sha256(b"content").hexdigest()
    assert blobs.read(sha256) == b"content"


def test_a_file_and_its_bytes_are_the_same_blob(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    source = tmp_path / "scan.tif"
    source.write_bytes(b"x" * 3_000_000)
    assert blobs.put_file(source) == (blobs.put(source.read_bytes()), 3_000_000)
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_a_torn_blob_is_written_again(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    sha256 = blobs.put(b"whole content")
    blobs.path(sha256).write_bytes(b"who")
    assert blobs.put(b"whole content") == sha256
    assert blobs.read(sha256) == b"whole content"


def test_an_unknown_blob_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        FileBlobs(tmp_path).read("0" * 64)


def test_a_full_disk_is_an_error_that_leaves_nothing_behind(small_disk: Path) -> None:
    blobs = FileBlobs(small_disk)
    kept = blobs.put(b"a" * 100_000)
    with pytest.raises(StorageUnavailable) as refused:
        blobs.put(b"b" * 2_000_000)
    assert "Free space" in refused.value.remedy
    assert blobs.read(kept) == b"a" * 100_000
    assert [path for path in small_disk.rglob("*") if path.is_file()] == [blobs.path(kept)]
    assert blobs.put(b"c" * 100_000)  # room for small ones is still there


def test_contents_stored_together_are_the_same_blobs_as_one_by_one(tmp_path: Path) -> None:
    contents = [b"a" * 9000, b"b", b"", b"a" * 9000, b"c" * 70_000]
    together, single = FileBlobs(tmp_path / "together"), FileBlobs(tmp_path / "single")
    assert together.put_all(contents) == [single.put(content) for content in contents]
    for content in contents:
        assert together.read(hashlib.sha256(content).hexdigest()) == content
    assert list((tmp_path / "together" / "new").iterdir()) == []


def test_of_contents_stored_together_only_those_without_room_are_refused(small_disk: Path) -> None:
    blobs = FileBlobs(small_disk)
    outcomes = blobs.put_all([b"a" * 100_000, b"b" * 2_000_000, b"c" * 100_000])
    assert isinstance(outcomes[1], StorageUnavailable)
    assert [blobs.read(str(outcomes[n])) for n in (0, 2)] == [b"a" * 100_000, b"c" * 100_000]
    assert list((small_disk / "new").iterdir()) == []


def test_contents_stored_together_are_synchronised_before_and_after_they_get_their_names(tmp_path: Path) -> None:
    script = (
        "from pathlib import Path; from gateway.store.blobs import FileBlobs;"
        f"FileBlobs(Path({str(tmp_path / 'blobs')!r})).put_all([b'x%d' % n for n in range(5)])"
    )
    traced = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=write,rename,syncfs", "-o", str(traced), sys.executable, "-c", script]
    subprocess.run(command, check=True)
    calls = [line.split()[1].partition("(")[0] for line in traced.read_text().splitlines() if "(" in line]
    calls = calls[calls.index("syncfs") - 5 :]
    assert calls[:12] == ["write"] * 5 + ["syncfs"] + ["rename"] * 5 + ["syncfs"]


def test_leftovers_of_a_crash_are_swept(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put(b"x")
    (tmp_path / "new" / "leftover").write_bytes(b"half")
    assert blobs.sweep(older_than_s=3600) == 0
    assert blobs.sweep(older_than_s=-1) == 1
