"""Originals and renditions by content: SHA-256 is the name.

Guarantees: when `put` returns, the bytes and their directory entry are on disk (fsync file, rename, fsync directory);
the same holds for `put_all` (write, syncfs, rename, syncfs). A blob is never changed; storing the same bytes twice
keeps one copy. Fails with `StorageUnavailable` (disk full, not
writable), leaving nothing behind but an unnamed temporary file that `sweep` removes.
"""

# ruff: noqa: PTH103, PTH104, PTH108, PTH116
# Every mail passes through `put`; pathlib's objects took a third of its time there, so it speaks to `os` directly.
from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gateway.domain.errors import NotFound, StorageUnavailable

_CHUNK = 1 << 20
_STALE_S = 86_400
_TOGETHER = 3  # fewer are fsynced one by one, which does not wait for what others write on the same disk
_SYNCFS = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)  # Linux; without it each is fsynced
_S = TypeVar("_S")
_T = TypeVar("_T")


class Blobs(Protocol):
    """Where content lies; `FileBlobs` on one machine, an object store in a cluster."""

    def put(self, content: bytes) -> str:
        """Store `content`; its SHA-256 in hex."""
        ...

    def put_all(self, contents: Sequence[bytes]) -> list[str | StorageUnavailable]:
        """Store several contents together; for each its SHA-256 in hex, or why it could not be stored."""
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
        self._prepared = False

    def put(self, content: bytes) -> str:
        """Store `content`; its SHA-256 in hex.

        Raises:
            StorageUnavailable: the disk is full or cannot be written.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        folder = f"{self._folder}/{sha256[:2]}"
        with _as_storage_errors():
            self._write(content, f"{folder}/{sha256[2:]}")
            _fsync_folder(folder)  # also if the file was there: whoever put it may not have come to this yet
        return sha256

    def put_all(self, contents: Sequence[bytes]) -> list[str | StorageUnavailable]:
        """Store several contents together, in order; one that cannot be stored does not hold up the others.

        All are written, then made durable by one `syncfs(2)`, then named, then the names made durable by a second one:
        two waits for the disk instead of two for each blob.
        """
        if len(contents) < _TOGETHER or _SYNCFS is None:
            return [_or_error(self.put, content) for content in contents]
        written = [_or_error(self._lay_down, content) for content in contents]
        self._flush(written)
        named = [w if isinstance(w, StorageUnavailable) else _or_error(_Laid.name, w) for w in written]
        self._flush(named)
        return named

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
                place = self._place(sha256)
                os.rename(fresh, place)
                _fsync_folder(place.parent)
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

    def _fresh_name(self) -> Path:
        if not self._prepared:
            self._prepare()
        return self._fresh / secrets.token_hex(12)

    def _prepare(self) -> None:
        """Make all folders at once: one by one they slowed the first thousand blobs to half."""
        for name in ("new", *(f"{first:02x}" for first in range(256))):
            os.makedirs(self._folder / name, exist_ok=True)
        _fsync_folder(self._folder)
        self._prepared = True

    def _lay_down(self, content: bytes) -> _Laid:
        """Write the bytes under a temporary name, not yet durable."""
        sha256 = hashlib.sha256(content).hexdigest()
        with _as_storage_errors():
            laid = _Laid(str(self._fresh_name()), f"{self._folder}/{sha256[:2]}/{sha256[2:]}", sha256)
            out = os.open(laid.fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                _write_all(out, content)
            except OSError:
                os.unlink(laid.fresh)
                raise
            finally:
                os.close(out)
        return laid

    def _flush(self, outcomes: list[Any]) -> None:
        """Make all that was written on this file system durable; if that fails, none of `outcomes` is."""
        try:
            with _as_storage_errors():
                _sync_file_system(self._folder)
        except StorageUnavailable as error:
            for outcome in outcomes:
                if isinstance(outcome, _Laid):
                    outcome.drop()
            outcomes[:] = [error] * len(outcomes)

    def _write(self, content: bytes, place: str) -> None:
        """Put whole, fsynced bytes in their place; the folder is for the caller to fsync."""
        if _size(place) == len(content):
            return  # whole, because a name is given after the fsync
        fresh = str(self._fresh_name())
        out = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            try:
                _write_all(out, content)
                os.fsync(out)
            finally:
                os.close(out)
            os.rename(fresh, place)  # a torn file of the same name (a crash, a broken disk) is replaced
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(fresh)
            raise


@dataclass(frozen=True, slots=True)
class _Laid:
    """Bytes under a temporary name, on their way to their place."""

    fresh: str
    place: str
    sha256: str

    def name(self) -> str:
        """Give them their name, once they are durable; their SHA-256."""
        with _as_storage_errors():
            os.rename(self.fresh, self.place)
        return self.sha256

    def drop(self) -> None:
        """Remove them."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.fresh)


def _or_error(store: Callable[[_S], _T], subject: _S) -> _T | StorageUnavailable:
    try:
        return store(subject)
    except StorageUnavailable as error:
        return error


def _sync_file_system(folder: Path) -> None:
    """syncfs(2): waits for everything written on the folder's file system; since Linux 5.8 it reports write errors."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if _SYNCFS is not None and _SYNCFS(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def _size(path: str) -> int | None:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return None


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


def _fsync_folder(folder: str | Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
