"""The software telephone exchange: rings, connects and cuts; moves audio between two ends, faster than real time.

Runs as a process of its own (`python -m tests.faxline.exchange --speed 10 --modem NUMBER --machine NUMBER=FOLDER`): one
JSON line on standard output for each one on standard input, the first unasked, naming the modems' devices. It ends when
standard input is closed, so nothing is left behind when the test run is killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import select
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faxline import spandsp as s
from tests.faxline.ends import End, FaxMachine, Modem

_STARVED_S = 0.5
_BURST = 50
_RINGS_S = 30.0  # a busy machine may take its time to pick up; only a planned "no answer" is short


@dataclass
class Call:
    """One call, from dialling to its end."""

    caller: End
    dialled: str
    plan: dict[str, Any] = field(default_factory=dict)
    callee: End | None = None
    state: str = "dialling"
    began: float = field(default_factory=time.monotonic)
    next_ring: float = 0.0
    samples: int = 0
    marked_s: float | None = None
    there: Any = field(default_factory=s.Samples)
    back: Any = field(default_factory=s.Samples)

    def pages(self) -> int:
        """Pages confirmed so far."""
        return max(self.caller.pages(), self.callee.pages() if self.callee else 0)


class Exchange:
    """All ends, all calls, one thread."""

    def __init__(self, speed: float, *, ring_every_s: float = 1.0, no_answer_s: float = 4.0) -> None:
        self.speed, self.ring_every_s, self.no_answer_s = speed, ring_every_s, no_answer_s
        self.ends: dict[str, End] = {}
        self.plans: dict[str, dict[str, Any]] = {}
        self.calls: list[Call] = []
        self.history: list[dict[str, Any]] = []
        self.stopping = False
        self._later: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._typed = b""

    def later(self, do: Callable[..., None], *arguments: Any) -> None:
        self._later.append((do, arguments))

    # What ends ask, from within the library's callbacks: decide now, act later.

    def dial(self, end: End, number: str) -> int:
        if end.call is not None:
            return -1
        call = end.call = Call(end, number)
        self.calls.append(call)
        self.later(self._route, call)
        return 0

    def answer(self, end: End) -> int:
        call = end.call
        if call is None or call.state != "ringing" or call.callee is not end:
            return -1
        call.state = "answering"
        self.later(self._connect, call)
        return 0

    def hangup(self, end: End) -> None:
        call = end.call
        if call is None or (end is call.callee and call.state == "ringing"):
            return  # a modem at rest resets its line; that does not end the ringing
        other = call.callee if end is call.caller else call.caller
        was = call.state
        self._drop(call, f"hang-up by {end.number}")
        if not end.is_modem:
            end.disconnected()
        if other is not None and (was == "up" or (other.is_modem and was == "ringing")):
            other.disconnected()

    def _route(self, call: Call) -> None:
        plan = self.plans.get(call.dialled, {})
        if plan.get("times") is not None:
            plan["times"] -= 1
            if plan["times"] <= 0:
                del self.plans[call.dialled]
        call.plan = dict(plan)
        kind = plan.get("kind")
        end = self.ends.get(call.dialled)
        if kind == "no answer":
            call.state = "ringing"
        elif kind in {"busy", "no dial tone", "dropped"}:
            self._refuse(call, kind)
        elif end is None or end is call.caller:
            self._refuse(call, "dropped")
        elif end.call is not None:
            self._refuse(call, "busy")
        else:
            end.call, call.callee, call.state = call, end, "ringing"

    def _refuse(self, call: Call, why: str) -> None:
        self._drop(call, why)
        call.caller.refused(why)

    def _connect(self, call: Call) -> None:
        if call in self.calls and call.callee is not None:
            call.state = "up"
            call.callee.connected(calling=False)
            call.caller.connected(calling=True)

    def _drop(self, call: Call, why: str) -> None:
        if call in self.calls:
            self.calls.remove(call)
            audio_s = round(call.samples / s.SAMPLES_PER_S, 2)
            wall_s = round(time.monotonic() - call.began, 2)
            self.history.append(
                {
                    "caller": call.caller.number,
                    "dialled": call.dialled,
                    "why": why,
                    "audio_s": audio_s,
                    "wall_s": wall_s,
                }
            )
        for end in (call.caller, call.callee):
            if end is not None and end.call is call:
                end.call = None

    def _cut(self, call: Call) -> None:
        self._drop(call, "cut")
        for end in (call.caller, call.callee):
            if end is not None:
                end.disconnected()

    # The clock.

    def _step(self, call: Call) -> None:
        caller, callee, plan = call.caller, call.callee, call.plan
        if callee is None:
            return
        caller.tx(call.there)
        callee.tx(call.back)
        at_s = call.samples / s.SAMPLES_PER_S
        if plan.get("kind") == "noise" and plan["at_s"] <= at_s < plan["at_s"] + plan["for_s"]:
            for i in range(s.CHUNK):
                call.there[i] = random.randint(-12_000, 12_000)  # noqa: S311 - noise on a line
        if plan.get("kind") == "cut" and self._cut_is_due(call, at_s):
            self.later(self._cut, call)
            return
        caller.rx(call.back)
        callee.rx(call.there)
        call.samples += s.CHUNK

    def _cut_is_due(self, call: Call, at_s: float) -> bool:
        """`then_s` of audio after `pages` pages were confirmed: a moment that does not depend on the machine's load."""
        if call.marked_s is None and call.pages() >= call.plan["pages"]:
            call.marked_s = at_s
        return call.marked_s is not None and at_s >= call.marked_s + call.plan["then_s"]

    def run(self) -> None:
        modems = [end for end in self.ends.values() if isinstance(end, Modem)]
        due = time.monotonic()
        while not self.stopping:
            up = [call for call in self.calls if call.state == "up"]
            self._wait(modems, max(0.0, due - time.monotonic()) if up else 0.1)
            now = time.monotonic()
            due = self._advance(up, modems, due, now) if up else now
            self._ring(now)
            self._do_later()
        for end in self.ends.values():
            end.close()

    def _advance(self, up: list[Call], modems: list[Modem], due: float, now: float) -> float:
        for _ in range(_BURST):
            if due > now:
                return due
            for call in up:
                if call.state == "up" and call in self.calls:
                    self._step(call)
            for modem in modems:
                modem.pump()
            self._do_later()
            due += s.CHUNK / s.SAMPLES_PER_S / self.speed
        return now if due < now - _STARVED_S else due  # starved of processor time: do not try to catch up

    def _ring(self, now: float) -> None:
        for call in [call for call in self.calls if call.state == "ringing"]:
            patience_s = self.no_answer_s if call.callee is None else _RINGS_S
            if now - call.began > patience_s:
                self._refuse(call, "no answer")
            elif call.callee is not None and now >= call.next_ring:
                call.callee.ring(call)
                call.next_ring = now + self.ring_every_s

    def _do_later(self) -> None:
        while self._later:
            do, arguments = self._later.popleft()
            do(*arguments)

    def _wait(self, modems: list[Modem], timeout_s: float) -> None:
        reading = [sys.stdin.fileno(), *(modem.master for modem in modems if not modem.holding)]
        writing = [modem.master for modem in modems if modem.out]
        readable, writable, _ = select.select(reading, writing, [], timeout_s)
        for modem in modems:
            if modem.master in writable:
                modem.flush()
            if modem.master in readable:
                modem.pump()
        if sys.stdin.fileno() in readable:
            self._obey()

    # Control.

    def _obey(self) -> None:
        raw = os.read(sys.stdin.fileno(), 65_536)
        self.stopping = not raw
        *lines, self._typed = (self._typed + raw).split(b"\n")
        for line in lines:
            asked = json.loads(line)
            print(json.dumps(self._command(asked.pop("do"), asked)), flush=True)  # noqa: T201 - the control channel

    def _command(self, do: str, asked: dict[str, Any]) -> Any:
        if do == "plan":
            self.plans[asked.pop("number")] = asked
        elif do == "unplan":
            self.plans.pop(asked["number"], None)
        elif do in {"send", "set"}:
            machine = self.ends[asked.pop("number")]
            if not isinstance(machine, FaxMachine):
                return {"error": f"{machine.number} is not a fax machine"}
            if do == "send":
                machine.send(asked["to"], Path(asked["file"]))
            else:
                machine.ecm, machine.ident = asked.get("ecm", machine.ecm), asked.get("ident", machine.ident)
        elif do == "results":
            return self.ends[asked["number"]].results
        elif do == "history":
            return self.history
        elif do == "calls":
            return [{"caller": call.caller.number, "state": call.state, "pages": call.pages()} for call in self.calls]
        else:
            return {"error": f"unknown: {do}"}
        return {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modem", action="append", default=[], metavar="NUMBER")
    parser.add_argument("--machine", action="append", default=[], metavar="NUMBER=FOLDER")
    parser.add_argument("--person", action="append", default=[], metavar="NUMBER")
    parser.add_argument("--speed", type=float, default=10.0)
    arguments = parser.parse_args()
    exchange = Exchange(arguments.speed)
    for number in arguments.modem:
        exchange.ends[number] = Modem(exchange, number)
    for machine in arguments.machine:
        number, _, folder = machine.partition("=")
        exchange.ends[number] = FaxMachine(exchange, number, Path(folder))
    for number in arguments.person:
        exchange.ends[number] = End(exchange, number)
    devices = {end.number: end.device for end in exchange.ends.values() if isinstance(end, Modem)}
    print(json.dumps({"devices": devices}), flush=True)  # noqa: T201 - the control channel
    exchange.run()


if __name__ == "__main__":
    main()
