"""The sweep: everything that must happen because time passed, not because something arrived.

Guarantees: each chore runs at its own interval in one thread; one that fails is logged and runs again next time, and
holds up no other. Due moments lie in the database, so nothing is lost while the sweep is not running.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from gateway.domain.errors import GatewayError

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Chore:
    """Something to do every `every_s` seconds.

    Attributes:
        name: for the log.
        every_s: seconds between the end of one run and the start of the next.
        run: does it; returns how many rows or files it touched.
    """

    name: str
    every_s: float
    run: Callable[[], int]


def run(chores: Sequence[Chore], stop: threading.Event) -> None:
    """Do the chores, each at its interval, until `stop` is set."""
    due = dict.fromkeys(range(len(chores)), 0.0)
    while not stop.is_set():
        index = min(due, key=due.__getitem__)
        if stop.wait(max(0.0, due[index] - time.monotonic())):
            return
        _do(chores[index])
        due[index] = time.monotonic() + chores[index].every_s


def _do(chore: Chore) -> None:
    try:
        touched = chore.run()
    except GatewayError as error:
        _log.warning("chore waits", chore=chore.name, cause=str(error), remedy=error.remedy)
    except Exception:  # noqa: BLE001 (the sweep must outlive any one chore; the trace goes to the log)
        _log.exception("chore failed", chore=chore.name)
    else:
        if touched:
            _log.info("chore done", chore=chore.name, touched=touched)
