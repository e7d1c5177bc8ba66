"""Moving files between folders so that nothing is overwritten and a reader never meets half a file.

Guarantees: a move is one rename on one disk; a name that is taken gets ` (2)`, ` (3)` ...; a failure gets a note beside
it, in Korean and English. Fails with OSError, the file then being where it was.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import os
from datetime import datetime
from pathlib import Path

from gateway.domain.errors import ConfigurationError
from gateway.domain.times import SEOUL, korean_moment

_CHUNK = 1 << 20


def move_into(path: Path, folder: Path, name: str = "") -> Path:
    """Move `path` into `folder` under its own name (or `name`), or the next free one.

    Returns:
        Where it is now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = Path(name or path.name)
    for turn in itertools.count(1):
        target = folder / (wanted.name if turn == 1 else f"{wanted.stem} ({turn}){wanted.suffix}")
        if move_without_overwriting(path, target):
            return target
    raise AssertionError("there is always a free name")


def move_without_overwriting(path: Path, target: Path) -> bool:
    """Rename `path` to `target`; False when another file is there.

    A hard link first, so that two movers cannot collide; a crash between link and unlink is finished by the next call.
    """
    try:
        os.link(path, target, follow_symlinks=False)
    except FileExistsError:
        if not path.samefile(target):
            return False
    except OSError as why:
        if why.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS):
            raise
        if target.exists():  # a file system without hard links (SMB, exFAT): look, then rename
            return False
        path.rename(target)
        return True
    path.unlink()
    return True


def archive_folder(root: Path, at: datetime) -> Path:
    """`root/2026-11-23`, by the date in Seoul."""
    return root / at.astimezone(SEOUL).strftime("%Y-%m-%d")


def set_aside(path: Path, folder: Path, at: datetime, *, korean: str, english: str) -> Path:
    """Move `path` into `folder` and write a note `<name>.txt` beside it that says why and what to do."""
    target = move_into(path, folder)
    note = (
        f"파일: {target.name}\n시각: {korean_moment(at)}\n사유: {korean}\n\n"
        f"File: {target.name}\nTime: {at.astimezone(SEOUL):%Y-%m-%d %H:%M} (Seoul)\nReason: {english}\n"
    )
    target.with_name(target.name + ".txt").write_text(note, encoding="utf-8")
    return target


def require_one_disk(*folders: Path) -> None:
    """Make the folders and check that files can be renamed between them.

    Raises:
        ConfigurationError: two of them are the same, cannot be made, or lie on different disks.
    """
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        disks = {folder.stat().st_dev for folder in folders}
    except OSError as why:
        raise ConfigurationError(
            f"a watched folder cannot be used: {why}", remedy="create it and grant access"
        ) from why
    if len({folder.resolve() for folder in folders}) != len(folders):
        raise ConfigurationError(f"two of these folders are the same: {', '.join(map(str, folders))}")
    if len(disks) != 1:
        raise ConfigurationError(
            f"these folders must lie on one disk: {', '.join(map(str, folders))}",
            remedy="put the archive and the folder of failures beside the hot folder",
        )


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's content, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()
