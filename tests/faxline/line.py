"""The whole software line: exchange, HylaFAX with modems, a fax machine of a citizen, and a person who picks up.

`with fax_line() as line:` gives a `FaxLine`; leaving the block ends every process that was started.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.faxline.hylafax import REPOSITORY, USER, PrivateHylafax

OFFICE = "0632904500"  # the office's own fax number, the first modem
OFFICE_SECOND = "0632904501"
CITIZEN = "0632904600"  # the citizen's fax machine
NEIGHBOUR = "0632904601"  # another one
PERSON = "0632904700"  # somebody answers the telephone
_ANSWER_S = 10.0


class ExchangeProcess:
    """The exchange as a child process."""

    def __init__(self, arguments: list[str]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.faxline.exchange", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPOSITORY,
        )  # fmt: skip
        self.devices: dict[str, str] = self._read()["devices"]

    def ask(self, do: str, **rest: Any) -> Any:
        """One command and its answer."""
        if self._child.stdin is None:
            raise AssertionError("opened with pipes")
        self._child.stdin.write(json.dumps({"do": do, **rest}).encode() + b"\n")
        self._child.stdin.flush()
        return self._read()

    def stop(self) -> None:
        """End it; closing its input is enough, unless it hangs."""
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _read(self) -> Any:
        if self._child.stdout is None:
            raise AssertionError("opened with pipes")
        readable, _, _ = select.select([self._child.stdout], [], [], _ANSWER_S)
        line = self._child.stdout.readline() if readable else b""
        if not line:
            raise TimeoutError("the software exchange does not answer; is libspandsp2 installed?")
        answer = json.loads(line)
        if isinstance(answer, dict) and "error" in answer:
            raise ValueError(answer["error"])
        return answer


@dataclass
class FaxLine:
    """A running line."""

    folder: Path
    exchange: ExchangeProcess
    hylafax: PrivateHylafax
    received: Path  # what the citizen's machine received

    @property
    def host(self) -> dict[str, Any]:
        """How to log in to hfaxd: the fields of `notifications.hfaxd.Server`."""
        return {"host": "127.0.0.1", "port": self.hylafax.port, "user": USER, "password": self.hylafax.password}

    def citizen_sends(self, tiff: Path, to: str = OFFICE, *, machine: str = CITIZEN, ecm: bool = True) -> None:
        """A citizen's machine dials the office; returns at once. It calls itself `+82 63 290 4600`."""
        self.exchange.ask("set", number=machine, ident=f"+82 63 290 {machine[-4:]}", ecm=ecm)
        self.exchange.ask("send", number=machine, to=to, file=str(tiff))

    def plan(self, number: str, kind: str, **rest: Any) -> None:
        """What happens to calls to `number`, for the next `times` of them or until `unplan`.

        Kinds: `busy`, `no answer`, `dropped`, `cut` (`pages` confirmed, `then_s` later), `noise` (`at_s`, `for_s`).
        """
        self.exchange.ask("plan", number=number, kind=kind, **rest)

    def unplan(self, number: str) -> None:
        """Calls to `number` go through again."""
        self.exchange.ask("unplan", number=number)

    def citizen_results(self) -> list[dict[str, Any]]:
        """How each call of the citizen's machine went, in and out."""
        results: list[dict[str, Any]] = self.exchange.ask("results", number=CITIZEN)
        return results

    def pages_confirmed(self) -> int:
        """Pages confirmed so far in the calls that are up."""
        return max((int(call["pages"]) for call in self.exchange.ask("calls")), default=0)

    def until_quiet(self, within_s: float = 30.0) -> None:
        """Wait until no call is up and every modem is idle."""
        deadline = time.monotonic() + within_s
        while self.exchange.ask("calls") and time.monotonic() < deadline:
            time.sleep(0.05)
        for device in self.exchange.devices.values():
            self.hylafax.until_idle(device)


@contextmanager
def fax_line(*, speed: float = 10.0, modems: tuple[str, ...] = (OFFICE,)) -> Iterator[FaxLine]:
    """Start a line; every process ends and every file goes with the block.

    Args:
        speed: how much faster than real time audio runs; above 40 calls out fail, and the more the machine has to
            do besides, the earlier (T.30's timers run with the audio, HylaFAX answers in real time).
        modems: fax numbers of the office, one modem each.
    """
    with ExitStack() as stack:
        # not below pytest's own folder: another run that starts meanwhile takes the rights of others away there
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="faxline-", ignore_cleanup_errors=True)))
        folder.chmod(0o711)
        received = folder / "machine"
        arguments = ["--speed", str(speed), "--machine", f"{CITIZEN}={received}", "--person", PERSON]
        arguments += ["--machine", f"{NEIGHBOUR}={folder / 'neighbour'}"]
        for number in modems:
            arguments += ["--modem", number]
        exchange = ExchangeProcess(arguments)
        stack.callback(exchange.stop)
        hylafax = PrivateHylafax(folder)
        stack.callback(hylafax.stop)
        hylafax.start({number: exchange.devices[number] for number in modems})
        yield FaxLine(folder, exchange, hylafax, received)
