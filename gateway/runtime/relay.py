"""The relay: rings Celery for every committed job.

Guarantees: a job is rung after it committed, again when nothing came of it, and again when its worker went quiet; a
message that is lost, doubled or late harms nothing, because workers claim jobs in the database. Fails by waiting: when
the database or the broker is away it tries again, and says so once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import structlog

from gateway.domain.errors import StorageUnavailable
from gateway.domain.times import Clock
from gateway.store import jobs
from gateway.store.database import Database

_log = structlog.get_logger()
_TICK_S = 0.05
_REST_S = 2.0
_QUIET = timedelta(seconds=30)
_AT_ONCE = 64  # rings under way; more would only lie in the broker


class Relay:
    """Rings for jobs that are due.

    Args:
        database: the queue.
        clock: the present.
        ring: publishes one job id to the broker; raises OSError or ConnectionError when the broker is away.
        quiet: how long after a ring without effect to ring again.
    """

    def __init__(
        self, database: Database, clock: Clock, ring: Callable[[int], None], *, quiet: timedelta = _QUIET
    ) -> None:
        self._database = database
        self._clock = clock
        self._ring = ring
        self._quiet = quiet

    def once(self) -> int:
        """Ring for what is due now; how many."""
        now = self._clock.now()
        with self._database.reading() as tx:
            if not jobs.anything_to_ring(tx, now=now, quiet=self._quiet):
                return 0
            room = _AT_ONCE - jobs.rung(tx, now=now, quiet=self._quiet)
        if room <= 0:
            return 0
        with self._database.transaction() as tx:
            ids = jobs.to_ring(tx, now=now, quiet=self._quiet, limit=room)
        for job_id in ids:
            self._ring(job_id)
        return len(ids)

    def run(self, stop: threading.Event) -> None:
        """Ring until `stop` is set."""
        away = False
        while not stop.is_set():
            try:
                self.once()
            except (StorageUnavailable, OSError) as error:
                if not away:
                    _log.warning("relay waits", cause=str(error))
                away = True
                stop.wait(_REST_S)
            else:
                if away:
                    _log.info("relay goes on")
                away = False
                stop.wait(_TICK_S)
