"""How often someone may guess.

Guarantees: after `most` wrong tries within the window a name (an address, a receipt number) is refused until the
oldest of them is out of the window; memory is bounded. Fails with `TooManyTries`, answered as 429. Counts are per
process: with n web processes n times as many guesses are possible, still nothing beside a code of 59 bits.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.domain.errors import PermanentError


class TooManyTries(PermanentError):
    """Too many wrong tries; please wait ten minutes or call the office."""

    code = "too_many_tries"
    text_ko = "잘못된 입력이 여러 번 있었습니다. 10분 뒤에 다시 시도하시거나 대표전화로 문의해 주십시오."


@dataclass(slots=True)
class Tries:
    """Wrong tries by name.

    Attributes:
        most: wrong tries allowed within the window.
        window: how long a wrong try counts.
        names: how many names are remembered; the least recently seen is forgotten first.
    """

    most: int = 5
    window: timedelta = timedelta(minutes=10)
    names: int = 50_000
    _seen: OrderedDict[str, deque[datetime]] = field(default_factory=OrderedDict)

    def check(self, name: str, now: datetime) -> None:
        """Let a try through.

        Raises:
            TooManyTries: there were too many wrong ones.
        """
        tries = self._seen.get(name)
        while tries and now - tries[0] >= self.window:
            tries.popleft()
        if tries and len(tries) >= self.most:
            raise TooManyTries(name)

    def wrong(self, name: str, now: datetime) -> None:
        """Count a wrong try."""
        tries = self._seen.setdefault(name, deque(maxlen=self.most))
        self._seen.move_to_end(name)
        tries.append(now)
        while len(self._seen) > self.names:
            self._seen.popitem(last=False)
