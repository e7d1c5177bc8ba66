"""Blobs on a real disk, a small full one included."""

from __future__ import annotations

import hashlib
import subprocess
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


def test_leftovers_of_a_crash_are_swept(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path)
    blobs.put(b"x")
    (tmp_path / "new" / "leftover").write_bytes(b"half")
    assert blobs.sweep(older_than_s=3600) == 0
    assert blobs.sweep(older_than_s=-1) == 1
