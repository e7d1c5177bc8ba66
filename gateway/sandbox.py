"""A child process that parses what nobody vouches for, under limits.

Guarantees: a request is answered, or `ChildFailed` (an `Unreadable`) is raised within the time limit with the reason; a
hang, a crash, a memory bomb or endless output costs that one request, the child's whole process group is killed and the
next request gets a fresh child. The child has its own session, limits on memory, processor time and file size, no core
dump, no network where the kernel lets us take it away, a bare environment, and dies with its parent. One request is
served at a time; a warm child serves many, and leaves by itself when idle, letting its models go.

Protocol: one JSON object a line each way, on the child's standard input and output. Large results go through files in a
work folder that the request names. The child side is `serve` (`gateway.sandboxed`).
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.domain.errors import MissingPart, Unreadable
from gateway.sandboxed import serve

__all__ = ["ChildFailed", "Reason", "Sandbox", "serve"]

_STDERR_KEPT = 2000
_CHUNK = 65536


class Reason(StrEnum):
    """Why a child gave no good answer."""

    TIME = "time"  # wall clock or processor time
    MEMORY = "memory"
    CRASH = "crash"
    ANSWER = "answer"  # too long, or not what was agreed
    REFUSED = "refused"  # the child's own code raised an error


class ChildFailed(Unreadable):
    """The file could not be read and was put before a person with its original untouched."""

    def __init__(self, reason: Reason, cause: str) -> None:
        super().__init__(f"{reason}: {cause}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Limits:
    memory_bytes: int
    cpu_s: int
    cpu_total_s: int
    file_bytes: int
    idle_s: float
    max_requests: int
    parent: int


class Sandbox:
    """Runs `python -m MODULE` as a limited child and talks to it.

    Args:
        module: the child's program; it calls `serve` under `__name__ == "__main__"`.
        memory_bytes: address space of each process (RLIMIT_AS).
        cpu_s: processor seconds for one request (RLIMIT_CPU, moved on with each request).
        wall_s: seconds for one request by the clock, start of a cold child included.
        idle_s: the child leaves after this many seconds without a request.
        max_requests: the child is replaced after so many requests, which bounds what leaks and what a bad file left.
        answer_bytes: longest answer taken.
        file_bytes: largest file the child may write (RLIMIT_FSIZE).

    Raises:
        ValueError: a limit is not positive.
    """

    def __init__(
        self,
        module: str,
        *,
        memory_bytes: int,
        cpu_s: int,
        wall_s: float,
        idle_s: float = 60.0,
        max_requests: int = 200,
        answer_bytes: int = 1 << 20,
        file_bytes: int = 1 << 29,
    ) -> None:
        if min(memory_bytes, cpu_s, wall_s, idle_s, max_requests, answer_bytes, file_bytes) <= 0:
            raise ValueError("a sandbox needs positive limits")
        self._module = module
        self._limits = _Limits(
            memory_bytes, cpu_s, cpu_s * (max_requests + 1), file_bytes, idle_s, max_requests, parent=0
        )
        self._wall_s = wall_s
        self._answer_bytes = answer_bytes
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._owner = 0

    def call(self, request: Mapping[str, Any], *, wall_s: float | None = None) -> dict[str, Any]:
        """The child's answer to one request; waits for its turn when another thread is being served.

        Args:
            request: a JSON object.
            wall_s: seconds for this request instead of the sandbox's own.

        Returns:
            The JSON object that the child's function returned.

        Raises:
            ChildFailed: no answer within the limits, or the child's function raised; it is an `Unreadable`.
            MissingPart: the child's function found that a program is not installed; the file is not to blame.
        """
        line = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            deadline = time.monotonic() + (self._wall_s if wall_s is None else wall_s)
            for _ in range(2):
                warm = self._ready()
                answer = self._exchange(line, deadline)
                if answer is not None:
                    return self._judge(answer)
                if not warm:
                    break  # a fresh child that leaves at once will do it again
            raise ChildFailed(Reason.CRASH, "the child left without an answer")

    def close(self) -> None:
        """End the child, if there is one; a later call starts another."""
        with self._lock:
            self._stop()

    @property
    def pid(self) -> int | None:
        """The living child's process id, if there is one."""
        child = self._child
        return child.pid if child is not None and self._owner == os.getpid() and child.poll() is None else None

    def _ready(self) -> bool:
        """Make sure that there is a child; whether it had been there before."""
        if self._owner != os.getpid():
            self._child = None  # this process was forked off: the child belongs to the other one
        if self._child is not None and self._child.poll() is None and self._served < self._limits.max_requests:
            self._served += 1
            return True
        self._stop()
        self._owner, self._served = os.getpid(), 1
        limits = json.dumps({**asdict(self._limits), "parent": os.getpid()})
        self._child = _SPAWNER.run(
            lambda: subprocess.Popen(
                [sys.executable, "-P", "-m", "gateway.sandboxed", self._module, limits],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env=_environment(), cwd="/", start_new_session=True, close_fds=True,
            ),
        )  # fmt: skip
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        return False

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)  # its session's group: also what it started
        child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _exchange(self, line: bytes, deadline: float) -> bytes | None:
        """Write the request, gather the answer; None when the child had left for idleness just before."""
        if self._child is None:
            raise ChildFailed(Reason.CRASH, "the child was closed")
        try:
            conversation = _Conversation(self._child, line, self._answer_bytes)
            return conversation.run(deadline)
        except ChildFailed:
            self._stop()
            raise
        except EOFError as gone:
            code = self._exit_code()
            self._stop()
            if code == 0:
                return None
            raise _why(code, str(gone)) from None

    def _exit_code(self) -> int | None:
        if self._child is None:
            return None
        try:
            return self._child.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return None

    def _judge(self, line: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if isinstance(answer, dict):
            if isinstance(answer.get("answer"), dict):
                return dict(answer["answer"])
            if isinstance(answer.get("remedy"), str):
                raise MissingPart(str(answer.get("error")), remedy=answer["remedy"])
            if isinstance(answer.get("error"), str):
                reason = Reason.MEMORY if answer.get("memory") else Reason.REFUSED
                if reason is Reason.MEMORY:
                    self._stop()
                raise ChildFailed(reason, answer["error"])
        self._stop()
        raise ChildFailed(Reason.ANSWER, "the child's answer is not what was agreed")


class _Conversation:
    """One request and its answer over a child's three pipes."""

    def __init__(self, child: subprocess.Popen[bytes], line: bytes, answer_bytes: int) -> None:
        self._child = child
        self._unsent = memoryview(line)
        self._answer = bytearray()
        self._answer_bytes = answer_bytes
        self._errors = b""

    def run(self, deadline: float) -> bytes:
        """The answer's line.

        Raises:
            ChildFailed: too late or too long.
            EOFError: the child closed its end; its text is what the child wrote to its standard error.
        """
        with selectors.DefaultSelector() as watch:
            for pipe, events, act in (
                (self._child.stdin, selectors.EVENT_WRITE, self._write),
                (self._child.stdout, selectors.EVENT_READ, self._read),
                (self._child.stderr, selectors.EVENT_READ, self._listen),
            ):
                if pipe is not None:
                    watch.register(pipe, events, act)
            while b"\n" not in self._answer[-_CHUNK:]:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise ChildFailed(Reason.TIME, "no answer in time")
                for key, _ in watch.select(left):
                    if not key.data(key.fd):
                        watch.unregister(key.fileobj)
        return bytes(self._answer[: self._answer.index(b"\n")])

    def _write(self, fd: int) -> bool:
        with contextlib.suppress(BrokenPipeError):
            self._unsent = self._unsent[os.write(fd, self._unsent) :]
            return bool(self._unsent)
        return False

    def _read(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK)
        if not chunk:
            with contextlib.suppress(BlockingIOError):
                if self._child.stderr is not None:
                    self._listen(self._child.stderr.fileno())
            raise EOFError(self._errors.decode("utf-8", "replace"))
        self._answer += chunk
        if len(self._answer) > self._answer_bytes:
            raise ChildFailed(Reason.ANSWER, f"the answer is longer than {self._answer_bytes} bytes")
        return True

    def _listen(self, fd: int) -> bool:
        chunk = os.read(fd, _CHUNK)
        self._errors = (self._errors + chunk)[-_STDERR_KEPT:]
        return bool(chunk)


class _Spawner:
    """One lasting thread that starts all children.

    PR_SET_PDEATHSIG fires when the thread that forked ends, not the process (prctl(2)); a child started from a pool's
    short-lived thread would be killed in the middle of another thread's request.
    """

    def __init__(self) -> None:
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._executor, self._lock = None, threading.Lock()

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """What `start` returns, run on the lasting thread."""
        with self._lock:
            if self._executor is None:
                self._executor = ThreadPoolExecutor(1, thread_name_prefix="sandbox")
            return self._executor.submit(start).result()


_SPAWNER = _Spawner()


def _environment() -> dict[str, str]:
    """What a child needs to find its modules and programs, and nothing that names the office or a secret."""
    kept = {name: os.environ[name] for name in ("PATH", "TESSDATA_PREFIX", "LD_LIBRARY_PATH") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(str(Path(entry).resolve()) for entry in sys.path if not entry.endswith(".zip")),
        "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "LANG": "C.UTF-8", "HOME": "/nonexistent",
        "OMP_THREAD_LIMIT": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }  # fmt: skip


def _why(code: int | None, errors: str) -> ChildFailed:
    tail = errors.strip().splitlines()[-1][-300:] if errors.strip() else ""
    if code == -signal.SIGXCPU:
        return ChildFailed(Reason.TIME, "processor time used up")
    if "MemoryError" in errors or "bad_alloc" in errors:
        return ChildFailed(Reason.MEMORY, tail)
    if code is not None and code < 0:
        return ChildFailed(Reason.CRASH, f"{signal.Signals(-code).name} {tail}".strip())
    return ChildFailed(Reason.CRASH, f"exit code {code} {tail}".strip())
