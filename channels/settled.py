"""Is a file complete, so that it can be taken?

Guarantees: a file is `COMPLETE` only when nobody holds a lock on it, its size and time stood still for `quiet_s`, and
its content has an end; size alone is never enough. A quiet file without an end, and one of a kind whose end cannot be
told, is `TAKE_ANYWAY` after `grace_s`, so that nothing lies there for ever; an empty one is `EMPTY` by then.
Time comes from the injected clock; a file that is judged for the first time has just begun to be quiet.
"""

from __future__ import annotations

import fcntl
import os
import stat
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from channels.endings import Ending, look
from gateway.domain.times import Clock


class Standing(StrEnum):
    """What may be done with a file now."""

    GROWING = "growing"
    LOCKED = "locked"
    COMPLETE = "complete"
    TAKE_ANYWAY = "take_anyway"
    EMPTY = "empty"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a file stands, its media type by content, and why it is not (or not surely) complete."""

    standing: Standing
    media_type: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Likeness:
    """By what a change is noticed."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> Likeness:
        """The regular file at `path`, now.

        Raises:
            FileNotFoundError: there is none, or it is not a regular file (a link, a pipe, a folder).
        """
        seen = path.lstat()
        if not stat.S_ISREG(seen.st_mode):
            raise FileNotFoundError(f"not a regular file: {path.name}")
        return cls(seen.st_size, seen.st_mtime_ns, seen.st_ino)


@dataclass(slots=True)
class _Sighting:
    likeness: Likeness
    since: datetime
    ending: Ending | None = None


@dataclass(slots=True)
class Settling:
    """Remembers when each file was last seen to change.

    Attributes:
        clock: where the present moment comes from.
        quiet_s: how long a file with an end must stand still.
        grace_s: how long one without an end (or of unknown kind) must.
    """

    clock: Clock
    quiet_s: float = 2.0
    grace_s: float = 60.0
    _seen: dict[Path, _Sighting] = field(default_factory=dict)

    def judge(self, path: Path) -> Verdict:
        """How `path` stands now. Reads a few bytes; call it off the event loop."""
        try:
            likeness = Likeness.of(path)
        except FileNotFoundError:
            self._seen.pop(path, None)
            return Verdict(Standing.GONE)
        now = self.clock.now()
        sighting = self._seen.get(path)
        if sighting is None or sighting.likeness != likeness or now < sighting.since:
            sighting = self._seen[path] = _Sighting(likeness, now)
        quiet_s = (now - sighting.since).total_seconds()
        if quiet_s < self.quiet_s:
            return Verdict(Standing.GROWING, why="it changed a moment ago")
        if locked(path):
            return Verdict(Standing.LOCKED, why="another program holds it")
        if sighting.ending is None:
            sighting.ending = ending_of(path)
        return self._weigh(likeness, sighting.ending, quiet_s)

    def _weigh(self, likeness: Likeness, ending: Ending, quiet_s: float) -> Verdict:
        if ending.media_type and not ending.fault:
            return Verdict(Standing.COMPLETE, ending.media_type)
        why = ending.fault or "its kind is unknown, so its end cannot be told"
        if quiet_s < self.grace_s:
            return Verdict(Standing.GROWING, ending.media_type, why)
        standing = Standing.TAKE_ANYWAY if likeness.size else Standing.EMPTY
        return Verdict(standing, ending.media_type, why)

    def forget_missing(self, present: set[Path]) -> None:
        """Drop what is no longer in the folder."""
        for path in self._seen.keys() - present:
            del self._seen[path]


def ending_of(path: Path) -> Ending:
    """The first and last bytes of `path`, looked at.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return look(file)


def locked(path: Path) -> bool:
    """Whether a program holds an exclusive flock on `path`, as faxgetty does while a fax comes in.

    Raises:
        OSError: it cannot be opened.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
