"""Several processes that receive mail side by side, for Python runs on one core at a time.

Guarantees: they accept connections from one listening socket, so whoever is free takes the next one and none is lost
with a process that dies; one that dies is started again, with growing pauses. Each has its own acceptor: the database's
write lock keeps receipt numbers gap-free among them. SIGTERM and SIGINT stop all in order, a second one at once. Fails
with `ConfigurationError` before anything is started.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

import structlog
import uvloop

from gateway.runtime import edges
from gateway.runtime.bootstrap import Parts
from gateway.runtime.processes import end_with_parent
from gateway.settings import Settings

_log = structlog.get_logger()
# a fork shares the parent's memory; safe here because the parent runs no thread and holds no connection
_FORK = multiprocessing.get_context("fork")
_GRACE_S = 15.0
_LOOK_S = 0.2
_LONGEST_PAUSE_S = 30.0
_HEALTHY_S = 60.0


def receive_mail(settings: Settings, on_ready: Callable[[int], None]) -> None:
    """Receive mail in `settings.smtp_processes` processes until told to stop.

    Args:
        settings: what the operator set.
        on_ready: told the port when all have been started.

    Raises:
        ConfigurationError: the address is taken, or the office's folder or the database cannot be used.
    """
    parts = Parts(settings)
    _ = parts.database, parts.directory, parts.tls_context  # fail before anything is started
    parts.close()  # no connection may cross the fork
    stop = _Stop()
    with edges.mail_socket(settings) as listener:
        places = [_Place(settings, listener, number) for number in range(1, settings.smtp_processes + 1)]
        for place in places:
            place.start()
        on_ready(listener.getsockname()[1])
        while not stop.wanted:
            wait([place.child.sentinel for place in places if place.child.is_alive()], timeout=_LOOK_S)
            for place in places:
                place.look()
    for place in places:
        place.child.terminate()
    for place in places:
        place.end()
    _log.info("stopped")


class _Stop:
    """Set by the first signal; after it the default action applies."""

    def __init__(self) -> None:
        self.wanted = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._set)

    def _set(self, number: int, _frame: object) -> None:
        self.wanted = True
        signal.signal(number, signal.SIG_DFL)


class _Place:
    """One process, and the next one when it dies."""

    def __init__(self, settings: Settings, listener: socket.socket, number: int) -> None:
        self._settings = settings
        self._listener = listener
        self._number = number
        self._pause_s = 0.5
        self._due = 0.0
        self._down = False
        self._started = 0.0
        self.child: BaseProcess

    def start(self) -> None:
        """Fork a process that receives."""
        self.child = _FORK.Process(
            target=_run,
            args=(self._settings, self._listener, self._number, os.getpid()),
            name=f"mail-{self._number}",
            daemon=True,
        )
        self.child.start()
        self._started, self._down = time.monotonic(), False

    def look(self) -> None:
        """Start the next process when this one has died and the pause is over."""
        if self.child.is_alive():
            return
        now = time.monotonic()
        if not self._down:
            healthy = now - self._started > _HEALTHY_S
            self._pause_s = 0.5 if healthy else min(self._pause_s * 2, _LONGEST_PAUSE_S)
            self._down, self._due = True, now + self._pause_s
            _log.error("mail process ended; starting it again", code=self.child.exitcode, pause_s=self._pause_s)
        if now >= self._due:
            self.start()

    def end(self) -> None:
        """Wait for a process that was asked to end; no longer than it may take to finish mails under way."""
        self.child.join(_GRACE_S)
        if self.child.is_alive():
            self.child.kill()
            self.child.join()


def _run(settings: Settings, listener: socket.socket, number: int, parent: int) -> None:
    end_with_parent(parent)
    parts = Parts(settings)
    try:
        uvloop.run(_receive(parts, listener, number))
    finally:
        parts.close()


async def _receive(parts: Parts, listener: socket.socket, number: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    async with edges.acceptor(parts) as door:
        await edges.mail(parts, door, stop, lambda _port: None, edges.SharedSocket(listener, number))
