"""The loop that both folder watchers run, and what one pass reports.

Guarantees: a pass that fails is logged and the next one comes all the same; while the store cannot take anything
(disk full, database locked) the pauses grow up to `LONGEST_PAUSE_S` and nothing is touched; a stop is obeyed at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.domain.submission import Arrival, Receipt

LONGEST_PAUSE_S = 15.0
_log = logging.getLogger(__name__)

Accept = Callable[[Arrival], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class Sweep:
    """What one pass over a folder did.

    Attributes:
        receipts: what was accepted, repeats included.
        waiting: files that are not complete yet, or are locked.
        postponed: files that could not be stored now and stay for a later pass.
        set_aside: files moved to the folder of failures, each with a note.
        troubles: one sentence for each thing a person should know.
    """

    receipts: tuple[Receipt, ...] = ()
    waiting: int = 0
    postponed: int = 0
    set_aside: int = 0
    troubles: tuple[str, ...] = ()


async def watch(sweep: Callable[[], Awaitable[Sweep]], stop: asyncio.Event, *, interval_s: float, name: str) -> None:
    """Sweep every `interval_s` until `stop` is set; slower while nothing can be stored."""
    pause_s = interval_s
    while not stop.is_set():
        try:
            done = await sweep()
        except Exception:  # noqa: BLE001 - the watcher must outlive any one pass; the trace goes to the log
            _log.exception("%s: a pass failed", name)
            pause_s = min(max(pause_s * 2, 1.0), LONGEST_PAUSE_S)
        else:
            for trouble in done.troubles:
                _log.warning("%s: %s", name, trouble)
            pause_s = min(max(pause_s * 2, 1.0), LONGEST_PAUSE_S) if done.postponed else interval_s
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause_s)
