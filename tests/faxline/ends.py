"""What can hang on a line of the software exchange: a modem for HylaFAX, a fax machine, a person who picks up.

An end is driven by the exchange's single thread: `tx`/`rx` move 20 ms of audio, the rest are events of a call.
"""

from __future__ import annotations

import ctypes as c
import os
import pty
import termios
import tty
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.faxline import spandsp as s

if TYPE_CHECKING:
    from tests.faxline.exchange import Call, Exchange

_UNREAD_LIMIT = 65_536
_DRAIN_CHUNKS = 25


class End:
    """One subscriber; this plain one is a person who says nothing (the wrong number)."""

    is_modem = False

    def __init__(self, exchange: Exchange, number: str) -> None:
        self.exchange = exchange
        self.number = number
        self.call: Call | None = None
        self.results: list[dict[str, Any]] = []

    def ring(self, call: Call) -> None:  # noqa: ARG002 - a modem needs it
        self.exchange.answer(self)

    def connected(self, *, calling: bool) -> None:
        pass

    def refused(self, why: str) -> None:
        self.results.append({"code": -1, "text": why})

    def disconnected(self) -> None:
        pass

    def tx(self, audio: Any) -> None:
        c.memset(audio, 0, 2 * s.CHUNK)

    def rx(self, audio: Any) -> None:
        pass

    def pages(self) -> int:
        """Pages confirmed so far in this call, as far as this end knows."""
        return 0

    def close(self) -> None:
        pass


class Modem(End):
    """A Class 1 modem on a pseudo-terminal; HylaFAX opens `device`."""

    is_modem = True

    def __init__(self, exchange: Exchange, number: str) -> None:
        super().__init__(exchange, number)
        self.master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self.master, False)
        self.device = os.ttyname(self._slave)
        self.holding = False
        self.out = bytearray()
        self._transmit, self._control = s.AtTransmit(self._to_terminal), s.ModemControl(self._asked)
        self._state = s.t31_init(None, self._transmit, None, self._control, None, None, None)
        s.t31_set_transmit_on_idle(self._state, 1)

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)

    def pump(self) -> None:
        """From the terminal into the modem, while its buffer takes more."""
        while not self.holding:
            try:
                raw = os.read(self.master, 512)
            except OSError:
                return
            if not raw:
                return
            self._hasten_reads()
            s.t31_at_rx(self._state, raw, len(raw))

    def _hasten_reads(self) -> None:
        """HylaFAX has the terminal hold every answer back for 0.1 s (VMIN 127, VTIME 1); a line of ours need not."""
        settings = termios.tcgetattr(self._slave)
        if settings[6][termios.VTIME] != 0:
            settings[6][termios.VMIN], settings[6][termios.VTIME] = 1, 0
            termios.tcsetattr(self._slave, termios.TCSANOW, settings)

    def flush(self) -> None:
        """From the modem to the terminal; what nobody reads is dropped, as a real UART does."""
        while self.out:
            try:
                written = os.write(self.master, self.out)
            except BlockingIOError:
                if len(self.out) > _UNREAD_LIMIT:
                    self.out.clear()
                return
            del self.out[:written]

    def ring(self, call: Call) -> None:
        s.at_reset_call_info(self._state)  # caller's number with every ring: faxgetty may have missed the first
        for name, value in (("NMBR", call.caller.number), ("NAME", ""), ("NDID", call.dialled)):
            s.at_set_call_info(self._state, name.encode(), value.encode())
        s.t31_call_event(self._state, s.ALERTING)

    def connected(self, *, calling: bool) -> None:
        s.t31_call_event(self._state, s.CONNECTED if calling else s.ANSWERED)

    def refused(self, why: str) -> None:
        event = {"busy": s.BUSY, "no answer": s.NO_ANSWER, "no dial tone": s.NO_DIALTONE}.get(why)
        if event is not None:
            s.t31_call_event(self._state, event)
        else:  # a hang-up is silent while still dialling: say NO CARRIER ourselves
            s.at_put_response_code(self._state, s.NO_CARRIER)

    def disconnected(self) -> None:
        s.t31_call_event(self._state, s.HANGUP)

    def tx(self, audio: Any) -> None:
        made = s.t31_tx(self._state, audio, s.CHUNK)
        if made < s.CHUNK:
            c.memset(c.addressof(audio) + 2 * made, 0, 2 * (s.CHUNK - made))

    def rx(self, audio: Any) -> None:
        s.t31_rx(self._state, audio, s.CHUNK)

    def _to_terminal(self, _state: Any, _user: Any, first: Any, count: int) -> int:
        self.out += c.string_at(first, count)
        self.flush()
        return count

    def _asked(self, _state: Any, _user: Any, what: int, argument: Any) -> int:
        if what == s.ASK_CALL:
            return self.exchange.dial(self, c.string_at(argument).decode("latin-1") if argument else "")
        if what == s.ASK_ANSWER:
            return self.exchange.answer(self)
        if what == s.ASK_HANGUP:
            self.exchange.later(self.exchange.hangup, self)
        elif what == s.ASK_CTS:
            self.holding = not argument
        return 0


class FaxMachine(End):
    """A plain T.30 machine: sends a TIFF on request, receives into `folder`; `results` tells how each call went."""

    def __init__(self, exchange: Exchange, number: str, folder: Path) -> None:
        super().__init__(exchange, number)
        self.folder = folder
        self.ecm = True
        self.ident = number
        self._sends: Path | None = None
        self._state: Any = None
        self._file = folder
        self._calls = 0
        self._drained = 0
        self._finished = False
        self._phase_e = s.PhaseE(self._ended)
        folder.mkdir(parents=True, exist_ok=True)

    def send(self, to: str, tiff: Path) -> None:
        self._sends = tiff
        self.exchange.dial(self, to)

    def refused(self, why: str) -> None:
        super().refused(why)
        self._sends = None

    def connected(self, *, calling: bool) -> None:
        self._calls += 1
        self._finished, self._drained = False, 0
        self._state = s.fax_init(None, int(calling))
        s.fax_set_transmit_on_idle(self._state, 1)
        t30 = s.fax_get_t30_state(self._state)
        s.t30_set_tx_ident(t30, self.ident.encode())
        s.t30_set_ecm_capability(t30, int(self.ecm))
        s.t30_set_supported_modems(t30, s.ALL_MODEMS)
        s.t30_set_supported_compressions(t30, s.ALL_COMPRESSIONS)
        s.t30_set_supported_resolutions(t30, s.STANDARD | s.FINE | s.R8)
        s.t30_set_supported_image_sizes(t30, s.SIZE_A4)
        s.t30_set_phase_e_handler(t30, self._phase_e, None)
        if calling and self._sends is not None:
            self._file = self._sends
            s.t30_set_tx_file(t30, os.fsencode(self._file), -1, -1)
        else:
            self._file = self.folder / f"received{self._calls:04d}.tif"
            s.t30_set_rx_file(t30, os.fsencode(self._file), -1)
            s.t30_set_rx_encoding(t30, s.T6)

    def disconnected(self) -> None:
        if self._state:
            s.t30_terminate(s.fax_get_t30_state(self._state))
            s.fax_free(self._state)
            self._state = None
        self._sends = None

    def tx(self, audio: Any) -> None:
        s.fax_tx(self._state, audio, s.CHUNK)
        if self._finished:  # let the disconnect frame drain, then hang up
            self._drained += 1
            if self._drained > _DRAIN_CHUNKS:
                self.exchange.later(self.exchange.hangup, self)

    def rx(self, audio: Any) -> None:
        s.fax_rx(self._state, audio, s.CHUNK)

    def pages(self) -> int:
        if not self._state:
            return 0
        statistics = s.Statistics()
        s.t30_get_transfer_statistics(s.fax_get_t30_state(self._state), c.byref(statistics))
        return int(max(statistics.pages_tx, statistics.pages_rx))

    def _ended(self, t30: Any, _user: Any, code: int) -> None:
        statistics = s.Statistics()
        s.t30_get_transfer_statistics(t30, c.byref(statistics))
        self.results.append(
            {
                "code": code,
                "text": (s.t30_completion_code_to_str(code) or b"").decode(),
                "file": str(self._file),
                "remote": (s.t30_get_rx_ident(t30) or b"").decode("latin-1"),
                **statistics.as_dict(),
            }
        )
        self._finished = True
