"""Runs the gateway: everything in one supervising process, or single roles of it.

Guarantees: SIGTERM and SIGINT stop it in order (edges first, then relay and sweep, then the worker); a second one at
once. An edge that cannot start stops the whole with its remedy; nothing runs half.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvloop

from gateway.intake import Acceptor
from gateway.runtime import edges, sweep
from gateway.runtime.bootstrap import Parts
from gateway.runtime.processes import WorkerKeeper
from gateway.runtime.relay import Relay
from gateway.runtime.tasks import Doorbell
from gateway.store import jobs

_log = structlog.get_logger()


@dataclass(slots=True)
class Roles:
    """Which parts of the gateway run in this process."""

    web: bool = False
    smtp: bool = False
    watch: bool = False
    beat: bool = False
    worker: bool = False

    @classmethod
    def all(cls) -> Roles:
        """The whole gateway on one machine."""
        return cls(web=True, smtp=True, watch=True, beat=True, worker=True)


@dataclass(slots=True)
class Addresses:
    """Where the edges listen, once they do."""

    web: int | None = None
    smtp: int | None = None


Ready = Callable[[Addresses], None]


def serve(parts: Parts, roles: Roles, on_ready: Ready | None = None) -> None:
    """Run until told to stop.

    Args:
        parts: what the processes are made of.
        roles: which of them run here.
        on_ready: called once when every edge listens.

    Raises:
        ConfigurationError: an edge cannot start.
    """
    _ = parts.database, parts.directory  # fail before anything is started
    if roles == Roles.all():
        _take_back(parts)
    with _threads(parts, roles), contextlib.suppress(KeyboardInterrupt):
        uvloop.run(_edges(parts, roles, on_ready or (lambda _: None)))


def _take_back(parts: Parts) -> None:
    """The whole gateway starts on this machine, so whoever held a job is gone: do not wait for the leases to lapse."""
    with parts.database.transaction() as tx:
        taken = jobs.release_all(tx, now=parts.clock.now())
    if taken:
        _log.info("jobs of an earlier run taken back", jobs=taken)


@contextlib.contextmanager
def _threads(parts: Parts, roles: Roles) -> Iterator[None]:
    """Relay, sweep and the worker's keeper, stopped and waited for at the end."""
    stop = threading.Event()
    tasks: list[Callable[[threading.Event], None]] = []
    if roles.beat:
        relay = Relay(parts.database, parts.clock, Doorbell(parts.settings).ring)
        tasks += [relay.run, lambda stopping: sweep.run(parts.chores(), stopping)]
    if roles.worker:
        tasks.append(WorkerKeeper().run)
    threads = [threading.Thread(target=task, args=(stop,)) for task in tasks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@dataclass(slots=True)
class _Readiness:
    """Calls `on_ready` when as many edges as expected have said where they listen."""

    expected: int
    on_ready: Ready
    addresses: Addresses = field(default_factory=Addresses)

    def told(self, edge: str) -> Callable[[int], None]:
        def tell(port: int) -> None:
            setattr(self.addresses, edge, port)
            self.expected -= 1
            self.check()

        return tell

    def check(self) -> None:
        if not self.expected:
            self.on_ready(self.addresses)


async def _edges(parts: Parts, roles: Roles, on_ready: Ready) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stopping(stop, loop, number))
    readiness = _Readiness(roles.web + roles.smtp, on_ready)
    async with edges.acceptor(parts) as door:
        running = _chosen(parts, roles, door, stop, readiness)
        try:
            async with asyncio.TaskGroup() as group:
                for edge in running:
                    group.create_task(edge)
                if not readiness.expected:
                    readiness.check()
                await stop.wait()
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
    _log.info("stopped")


def _chosen(
    parts: Parts, roles: Roles, door: Acceptor, stop: asyncio.Event, readiness: _Readiness
) -> list[Coroutine[Any, Any, None]]:
    chosen: list[Coroutine[Any, Any, None]] = []
    if roles.web:
        chosen.append(edges.pages(parts, door, stop, readiness.told("web")))
    if roles.smtp:
        chosen.append(edges.mail(parts, door, stop, readiness.told("smtp")))
    if roles.watch:
        chosen.append(edges.folders(parts, door, stop))
    return chosen


def _stopping(stop: asyncio.Event, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> Callable[[], None]:
    """The first signal stops in order; after it the default action applies."""

    def handle() -> None:
        loop.remove_signal_handler(number)
        stop.set()

    return handle
