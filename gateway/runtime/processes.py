"""Worker processes beneath the supervisor.

Guarantees: the Celery worker is a child that ends with its parent, is started again when it dies (with growing pauses),
and is asked kindly to finish before it is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import structlog
from celery import signals

from gateway.runtime.tasks import make_broker_folders, worker_application
from gateway.settings import Settings

_log = structlog.get_logger()
_PR_SET_PDEATHSIG = 1  # prctl(2)
_KIND_S = 15.0
_LONGEST_PAUSE_S = 30.0
_LOOK_S = 0.2
_HEALTHY_S = 60.0


def run_worker(settings: Settings, on_ready: Callable[[], None]) -> None:
    """Become a Celery worker; returns when it is told to stop. `on_ready` is called when it takes jobs."""
    signals.worker_ready.connect(lambda **_: on_ready(), weak=False)
    if settings.broker_folder is not None:
        make_broker_folders(settings.broker_folder)
    worker_application(settings).worker_main(
        [
            "worker",
            f"--concurrency={settings.workers}",
            "--pool=prefork",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
        ],
    )


def end_with_parent(parent: int) -> None:
    """Ask the kernel to end this process when its parent is gone, however that went.

    Args:
        parent: its process id. (Not told by being 1: in a container the supervisor itself is process 1.)
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it went before we asked
        raise SystemExit(0)


class WorkerKeeper:
    """Keeps one Celery worker (with its pool of processes) running."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def run(self, stop: threading.Event) -> None:
        """Start the worker, start it again when it dies, until `stop` is set."""
        pause_s = 1.0
        while not stop.is_set():
            started = time.monotonic()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "gateway.runtime", "worker", "--parent", str(os.getpid())],
                start_new_session=True,
            )
            while self._child.poll() is None and not stop.wait(_LOOK_S):
                pass
            if stop.is_set():
                break
            pause_s = 1.0 if time.monotonic() - started > _HEALTHY_S else min(pause_s * 2, _LONGEST_PAUSE_S)
            _log.error("worker ended; starting it again", code=self._child.returncode, pause_s=pause_s)
            stop.wait(pause_s)
        self._end()

    def _end(self) -> None:
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(_KIND_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
