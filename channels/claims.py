"""Claiming files by rename, so that several gateways can share one folder.

Guarantees: a file belongs to the gateway whose rename succeeded; each gateway keeps its claims in a room of its own and
holds a lock on it while it lives, so that another can tell a killed owner and take its claims over. A name that the
scanner has used again meanwhile is never overwritten. Fails with OSError; the file is then in the folder or in a room.

    .taking/<room>/alive          locked by the living owner
    .taking/<room>/<turn>/<name>  one claimed file under its own name
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from channels.folders import move_into, move_without_overwriting

_ALIVE = "alive"


@dataclass(frozen=True, slots=True)
class Claim:
    """One claimed file; `name` is what the scanner called it."""

    path: Path

    @property
    def name(self) -> str:
        """The scanner's name for it."""
        return self.path.name

    def done(self) -> None:
        """The file has left; so does its folder."""
        with contextlib.suppress(FileNotFoundError):
            self.path.parent.rmdir()

    def put_back(self, folder: Path) -> None:
        """Back where it came from; under a name of its own when its name is in use again there."""
        if self.path.exists():
            move_into(self.path, folder)
        self.done()


@dataclass(slots=True)
class ClaimRoom:
    """One gateway's claims."""

    folder: Path
    _alive: int
    _turn: int = 0

    @classmethod
    def open(cls, rooms: Path) -> ClaimRoom:
        """Make a fresh room below `rooms` and lock it."""
        folder = rooms / secrets.token_hex(8)
        fresh = rooms / f".{folder.name}"  # not a room until it is locked: nobody may think its owner dead
        fresh.mkdir(parents=True)
        alive = os.open(fresh / _ALIVE, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(alive, fcntl.LOCK_EX)
        fresh.rename(folder)
        return cls(folder, alive)

    def close(self, back: Path) -> None:
        """Put back what is still claimed and remove the room."""
        for path in self.folder.glob("*/*"):
            Claim(path).put_back(back)
        self._remove(self.folder)
        os.close(self._alive)

    def claim(self, path: Path) -> Claim | None:
        """Take `path`; None when another gateway was faster."""
        place = self._next() / path.name
        try:
            path.rename(place)
        except FileNotFoundError:
            place.parent.rmdir()
            return None
        return Claim(place)

    def leftovers(self) -> list[Claim]:
        """Claims that an earlier pass left here, and those of killed gateways, whose rooms are emptied.

        Call it only while no claim of this room is being worked on.
        """
        taken = [Claim(path) for path in sorted(self.folder.glob("*/*"))]
        for room in self.folder.parent.iterdir():
            if room == self.folder or room.name.startswith("."):
                continue
            with contextlib.suppress(FileNotFoundError), (room / _ALIVE).open("rb") as alive:
                try:
                    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                for path in sorted(room.glob("*/*")):
                    place = self._next() / path.name
                    if move_without_overwriting(path, place):
                        taken.append(Claim(place))
                self._remove(room)
        return taken

    def _next(self) -> Path:
        self._turn += 1
        folder = self.folder / str(self._turn)
        folder.mkdir()
        return folder

    @staticmethod
    def _remove(room: Path) -> None:
        for turn in room.glob("*/"):
            turn.rmdir()
        (room / _ALIVE).unlink(missing_ok=True)
        room.rmdir()
