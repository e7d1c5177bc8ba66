"""What the whole gateway takes when nothing happens, and how long it takes to its first page.

Starts `gateway serve` (pages, mail, watchers, beat, two workers) on a fresh `var`, asks for the citizens' first page
until it comes, lets everything settle, and adds up the proportional memory (PSS: shared pages count once) of the
process and all that it started. A second start on the same `var` is timed as well. Needs Linux's smaps_rollup.

    python -m bench.idle [--settle 30]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.intake import free_port

AIM_MB = 400.0
AIM_S = 8.0
_PATIENCE_S = 120.0
_WORKERS = 2


def main() -> int:
    """Measure and print; 0 when both aims are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settle", type=float, default=30.0, help="seconds to wait before memory is read")
    settle_s: float = parser.parse_args().settle
    with tempfile.TemporaryDirectory(prefix="bench-idle-") as folder:
        with running(Path(folder)) as (first_s, _):
            print(f"first start to first page: {first_s:.1f} s")
        with running(Path(folder)) as (second_s, server):
            print(f"second start to first page: {second_s:.1f} s (aim under {AIM_S:.0f})")
            time.sleep(settle_s)
            total = report(server)
    return 0 if total < AIM_MB and second_s < AIM_S else 1


@contextlib.contextmanager
def running(var: Path) -> Iterator[tuple[float, psutil.Process]]:
    """The whole gateway; seconds until its first page came, and its process."""
    port = free_port()
    settings = {
        "GATEWAY_VAR": str(var),
        "GATEWAY_HTTP_PORT": str(port),
        "GATEWAY_SMTP_PORT": str(free_port()),
        "GATEWAY_WORKERS": str(_WORKERS),
    }
    began = time.perf_counter()
    with (var / "serve.log").open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "gateway.runtime", "serve"], env={**os.environ, **settings}, stdout=log, stderr=log
        )
    try:
        wait_for_page(f"http://127.0.0.1:{port}/", child, var / "serve.log")
        yield time.perf_counter() - began, psutil.Process(child.pid)
    finally:
        child.terminate()
        child.wait(60)


def wait_for_page(address: str, child: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until the page comes."""
    give_up = time.monotonic() + _PATIENCE_S
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as page:  # noqa: S310  # our own http address
            page.read()
            return
        if time.monotonic() > give_up or child.poll() is not None:
            raise SystemExit(f"no page at {address}:\n{log.read_text()[-2000:]}")
        time.sleep(0.02)


def report(server: psutil.Process) -> float:
    """Print each process with its memory; the sum in MB."""
    total = 0.0
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            pss = pss_mb(process.pid)
            total += pss
            print(f"{pss:>8.1f} MB  {process.pid:>7}  {' '.join(process.cmdline())[-80:]}")
    print(f"{total:>8.1f} MB  in all, idle, {_WORKERS} workers (aim under {AIM_MB:.0f})")
    return total


def pss_mb(pid: int) -> float:
    """Proportional memory of one process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    raise SystemExit(main())
