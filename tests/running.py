"""A real gateway process for tests: its own folder, free ports, a real Celery worker."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from gateway.runtime.bootstrap import Parts
from gateway.settings import load
from tests.services import stop, wait_for

PROJECT = Path(__file__).resolve().parent.parent
_PORT = {"web": re.compile(rb"http://127\.0\.0\.1:(\d+)"), "smtp": re.compile(rb"smtp://127\.0\.0\.1:(\d+)")}


class Gateway:
    """One gateway on one folder; it can be killed and started again.

    Args:
        var: its folder.
        role: the subcommand, `serve` unless told otherwise.
        extra: further settings, as environment variables.
    """

    def __init__(self, var: Path, *, role: str = "serve", extra: Mapping[str, str] | None = None) -> None:
        self.var = var
        self._role = role
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")},
            "GATEWAY_VAR": str(var),
            "GATEWAY_OFFICE": str(PROJECT / "office"),
            "GATEWAY_HTTP_PORT": "0",
            "GATEWAY_SMTP_PORT": "0",
            "PYTHONUNBUFFERED": "1",
            **(extra or {}),
        }
        self.log = var / "gateway.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.ports: dict[str, int] = {}
        self._said = b""

    @property
    def parts(self) -> Parts:
        """The parts over the same folder, for looking at what the process did."""
        return Parts(load(self._environment))

    @property
    def web(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.ports['web']}"

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.var.mkdir(parents=True, exist_ok=True)
        self._said = b""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway.runtime", self._role],
                cwd=PROJECT,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        reader = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        reader.start()
        wait_for(lambda: b"ready" in self._said or not self.alive, "the gateway to be ready")
        if not self.alive:
            raise RuntimeError(f"the gateway ended:\n{self.log.read_text()[-3000:]}")
        for edge, pattern in _PORT.items():
            if found := pattern.search(self._said):
                self.ports[edge] = int(found[1])
                # started again, it keeps its address, as a real one would
                self._environment["GATEWAY_HTTP_PORT" if edge == "web" else "GATEWAY_SMTP_PORT"] = found[1].decode()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """SIGKILL the supervising process and everything beneath it, as a power cut would."""
        if self.process is None:
            return
        family = [self.process.pid, *descendants(self.process.pid)]
        for pid in family:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            stop(self.process, patience_s=40)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._said += line
        process.stdout.close()


def descendants(pid: int) -> list[int]:
    """All processes beneath one."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


@contextmanager
def running(var: Path, *, role: str = "serve", extra: Mapping[str, str] | None = None) -> Iterator[Gateway]:
    """A gateway that runs until the end of the block."""
    gateway = Gateway(var, role=role, extra=extra)
    try:
        gateway.start()
        yield gateway
    finally:
        gateway.stop()
