"""The child's side of `gateway.sandbox`: gives up what parsing does not need, then answers requests.

Guarantees: limits stand before the child's own module is imported; whatever that module's function raises becomes an
error answer; what libraries print cannot spoil one. Running out of memory ends the child after its answer. Sources:
setrlimit(2), prctl(2), unshare(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import runpy
import select
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TextIO

from gateway.domain.errors import MissingPart, Unreadable

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_CHUNK = 65536

_served_limits: dict[str, float] = {"idle_s": 60.0, "max_requests": 200, "cpu_s": 60}


def serve(handle: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer requests until there are no more, none comes for the idle time, or enough were served.

    Whatever `handle` raises becomes an error answer; running out of memory also ends the child. What libraries print to
    standard output goes to standard error, so that it cannot spoil an answer.

    Args:
        handle: from request to answer, both JSON objects.
    """
    limits = _served_limits
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    pending = b""
    for _ in range(int(limits["max_requests"])):
        while b"\n" not in pending:
            ready, _w, _x = select.select([0], [], [], limits["idle_s"])
            chunk = os.read(0, _CHUNK) if ready else b""
            if not chunk:
                return
            pending += chunk
        line, pending = pending.split(b"\n", 1)
        _allow_cpu(int(limits["cpu_s"]))
        if not _answer(handle, line, answers):
            return


def _answer(handle: Callable[[dict[str, Any]], dict[str, Any]], line: bytes, answers: TextIO) -> bool:
    """Write one answer; whether the child can go on."""
    reply: dict[str, Any]
    try:
        reply = {"answer": handle(json.loads(line))}
    except MemoryError:
        reply = {"error": "out of memory", "memory": True}
    except MissingPart as missing:
        reply = {"error": missing.cause, "remedy": missing.remedy}
    except Unreadable as refused:
        reply = {"error": refused.cause or type(refused).__name__}
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a bad file is that file's answer
        reply = {"error": f"{type(error).__name__}: {error}"[:1000], "memory": "bad_alloc" in str(error)}
    answers.write(json.dumps(reply, ensure_ascii=False) + "\n")
    answers.flush()
    return not reply.get("memory")


def _allow_cpu(cpu_s: int) -> None:
    """Move the processor limit on: it counts from the child's birth, the promise is per request."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = int(used.ru_utime + used.ru_stime) + cpu_s + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard) if hard != resource.RLIM_INFINITY else soft, hard))


def _confine(limits: Mapping[str, float]) -> None:
    """Give up, in this process and for all it starts, what parsing does not need."""
    for kind, bound in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, limits["cpu_total_s"]),
    ):
        resource.setrlimit(kind, (int(bound), int(bound)))
    _allow_cpu(int(limits["cpu_s"]))
    os.umask(0o077)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(limits["parent"]):
        os._exit(1)  # the parent died before the line above
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_CLONE_NEWNET) != 0 and libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0:
        with contextlib.suppress(OSError):  # keep our own identity inside the new name space
            Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
            Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
            Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def _main(module: str, limits_json: str) -> None:
    limits = json.loads(limits_json)
    _confine(limits)
    import gateway.sandboxed as imported  # noqa: PLC0415, PLW0406 - the copy that the child's module will import

    imported._served_limits.update(limits)  # noqa: SLF001 - the same module under its real name
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main(sys.argv[1], sys.argv[2])
