"""`gateway demo`: starts a gateway, sends the samples through its edges, plays staff and citizens, shows it live.

Guarantees: everything happens in `var/demo`, which is made anew each time; the gateway is the one `gateway serve` runs,
with real edges, worker, pages and letters. Fails with the reason when a sample does not find its way in time.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.live import Live

from gateway.domain.errors import ConfigurationError, GatewayError
from gateway.runtime.bootstrap import Parts
from gateway.runtime.cli.output import console
from gateway.runtime.demo import board, samples
from gateway.runtime.demo.play import Play
from gateway.runtime.demo.posting import Posting
from gateway.settings import Settings

_MARK = ".demo"
_START_S = 60.0
_SHOW_S = 300.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the show plays."""

    settings: Settings
    password: str
    process: subprocess.Popen[bytes]

    @property
    def base(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.settings.http_port}"


def run(settings: Settings, *, once: bool) -> None:
    """Run the show; serve on until Ctrl-C, unless `once`.

    Raises:
        GatewayError: the gateway did not start, or a sample did not find its way.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever ends the show ends its gateway too
    stage_settings = _prepared(settings)
    password = secrets.token_urlsafe(9)
    console.print("Starting the gateway on embedded defaults: SQLite, file blobs, Celery on the filesystem broker ...")
    began = time.monotonic()
    with _gateway(stage_settings) as process:
        stage = Stage(stage_settings, password, process)
        console.print(f"Ready after {time.monotonic() - began:.1f} s: {stage.base}/")
        parts = Parts(stage_settings)
        with contextlib.suppress(KeyboardInterrupt):
            play = _play(stage, parts)
            board.farewell(stage.base, stage_settings, play.logins, password, parts)
            if not once:
                process.wait()


def _play(stage: Stage, parts: Parts) -> Play:
    cast = samples.all()
    posting = Posting(stage.settings, stage.base)
    play = Play(stage.base, parts, stage.password, cast, posting)
    sender = threading.Thread(target=posting.send, args=(cast,), daemon=True)
    sender.start()
    until = time.monotonic() + _SHOW_S
    with Live(board.table(parts, ()), console=console, refresh_per_second=4) as live:
        while not play.act():
            if stage.process.poll() is not None:
                raise GatewayError("the gateway ended during the show", remedy=f"See {stage.settings.var}/gateway.log.")
            if time.monotonic() > until:
                raise GatewayError(f"not done after {_SHOW_S:.0f} s", remedy="See gateway queue and gateway doctor.")
            live.update(board.table(parts, play.notes))
            time.sleep(_LOOK_S)
        live.update(board.table(parts, play.notes))
    sender.join()
    return play


def _prepared(settings: Settings) -> Settings:
    """Settings of the show, over an empty folder of its own."""
    folder = settings.var / "demo"
    if folder.exists() and not (folder / _MARK).exists():
        raise ConfigurationError(f"{folder} is not a demo's folder", remedy=f"Move {folder} away.")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    http, smtp = _free(settings.http_port), _free(settings.smtp_port)
    return replace(settings, var=folder, http_port=http, smtp_port=smtp, public_url=f"http://127.0.0.1:{http}")


@contextlib.contextmanager
def _gateway(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """`gateway serve` as its own process, ready; ended at the end."""
    changed = {"var", "http_port", "smtp_port", "public_url"}
    environment = {**os.environ, **{f"GATEWAY_{name.upper()}": str(getattr(settings, name)) for name in changed}}
    with (settings.var / "gateway.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.runtime", "serve"],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_until_ready(process, settings)
        yield process
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        process.kill()


def _wait_until_ready(process: subprocess.Popen[bytes], settings: Settings) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        if all(_answers(port) for port in (settings.http_port, settings.smtp_port)):
            return
        time.sleep(0.05)
    tail = (settings.var / "gateway.log").read_text(errors="replace")[-1500:]
    raise GatewayError(f"the gateway did not start:\n{tail}", remedy="Run gateway doctor.")


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free(port: int) -> int:
    """This port, or any free one when something else has it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
