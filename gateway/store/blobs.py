"""Originals and renditions by content: SHA-256 is the name.

Guarantees: when `put` returns, the bytes and their directory entry are on disk (fsync file, rename, fsync directory);
a blob is never changed; storing the same bytes twice keeps one copy. Fails with `StorageUnavailable` (disk full, not
writable), leaving nothing behind but an unnamed temporary file that `sweep` removes.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from gateway.domain.errors import NotFound, StorageUnavailable

_CHUNK = 1 << 20
_STALE_S = 86_400


class Blobs(Protocol):
    """Where content lies; `FileBlobs` on one machine, an object store in a cluster."""

    def put(self, content: bytes) -> str:
        """Store `content`; its SHA-256 in hex."""
        ...

    def put_file(self, path: Path) -> tuple[str, int]:
        """Store a file's content, streaming; its SHA-256 in hex and its size in bytes."""
        ...

    def read(self, sha256: str) -> bytes:
        """The content."""
        ...

    def path(self, sha256: str) -> Path:
        """A local file with the content, to be read only."""
        ...


class FileBlobs:
    """Blobs as files `ab/cdef...` below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._fresh = folder / "new"

    def put(self, content: bytes) -> str:
        """Store `content`; its SHA-256 in hex.

        Raises:
            StorageUnavailable: the disk is full or cannot be written.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        with _as_storage_errors():
            if not self._there(sha256, len(content)):
                fresh = self._fresh_name()
                try:
                    with fresh.open("xb", buffering=0) as out:
                        _write_all(out.fileno(), content)
                        os.fsync(out.fileno())
                    self._name(fresh, sha256)
                finally:
                    fresh.unlink(missing_ok=True)
        return sha256

    def put_file(self, path: Path) -> tuple[str, int]:
        """Store a file's content, streaming in megabyte pieces; its SHA-256 in hex and its size in bytes.

        Raises:
            StorageUnavailable: the disk is full or cannot be written, or the file cannot be read.
        """
        digest, size = hashlib.sha256(), 0
        with _as_storage_errors():
            fresh = self._fresh_name()
            try:
                with path.open("rb") as source, fresh.open("xb", buffering=0) as out:
                    while piece := source.read(_CHUNK):
                        digest.update(piece)
                        size += len(piece)
                        _write_all(out.fileno(), piece)
                    os.fsync(out.fileno())
                sha256 = digest.hexdigest()
                if not self._there(sha256, size):
                    self._name(fresh, sha256)
            finally:
                fresh.unlink(missing_ok=True)
        return sha256, size

    def read(self, sha256: str) -> bytes:
        """The content.

        Raises:
            NotFound: no such blob.
        """
        return self.path(sha256).read_bytes()

    def path(self, sha256: str) -> Path:
        """The file with the content, to be read only.

        Raises:
            NotFound: no such blob.
        """
        place = self._place(sha256)
        if not place.is_file():
            raise NotFound(
                f"no blob {sha256}", remedy="Restore the blob folder from its copy, then run gateway doctor."
            )
        return place

    def probe(self) -> None:
        """See that a blob could be stored now; leaves nothing.

        Raises:
            StorageUnavailable: the folder cannot be written.
        """
        with _as_storage_errors():
            fresh = self._fresh_name()
            fresh.touch()
            fresh.unlink()

    def sweep(self, *, older_than_s: float = _STALE_S) -> int:
        """Remove temporary files a crash left; how many there were."""
        removed = 0
        for stale in self._fresh.glob("*"):
            if (
                time.time() - stale.stat().st_mtime > older_than_s
            ):  # a file's age is the machine's time, not the office's
                stale.unlink(missing_ok=True)
                removed += 1
        return removed

    def _place(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]

    def _there(self, sha256: str, size: int) -> bool:
        """Whether the whole blob is in place; a wrong size (a torn disk) is written again."""
        try:
            return self._place(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def _fresh_name(self) -> Path:
        if not self._fresh.is_dir():
            self._fresh.mkdir(parents=True, exist_ok=True)
        return self._fresh / secrets.token_hex(12)

    def _name(self, fresh: Path, sha256: str) -> None:
        place = self._place(sha256)
        if not place.parent.is_dir():
            place.parent.mkdir(parents=True, exist_ok=True)
            _fsync_folder(self._folder)
        fresh.rename(place)
        _fsync_folder(place.parent)


@contextmanager
def _as_storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageUnavailable(
            f"blob store: {error}",
            remedy="Free space on the blob folder's disk and see that the gateway may write there.",
        ) from error


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
