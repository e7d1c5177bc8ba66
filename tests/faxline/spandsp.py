"""The few functions of libspandsp.so.2 that a T.31 (Class 1) modem and a T.30 fax machine need, through ctypes.

Fails with OSError on import when the library is not installed (Debian: libspandsp2, 0.0.6).
"""

from __future__ import annotations

import ctypes as c
from typing import Any

CHUNK = 160  # samples: 20 ms at 8 kHz
SAMPLES_PER_S = 8000
Samples = c.c_int16 * CHUNK

_lib = c.CDLL("libspandsp.so.2")
_P, _I, _S = c.c_void_p, c.c_int, c.c_char_p

AtTransmit = c.CFUNCTYPE(_I, _P, _P, c.POINTER(c.c_uint8), c.c_size_t)
ModemControl = c.CFUNCTYPE(_I, _P, _P, _I, _P)
PhaseE = c.CFUNCTYPE(None, _P, _P, _I)

# at_interpreter.h: what the line tells the modem, and what the modem asks of the line
ALERTING, CONNECTED, ANSWERED, BUSY, NO_DIALTONE, NO_ANSWER, HANGUP = range(1, 8)
ASK_CALL, ASK_ANSWER, ASK_HANGUP, ASK_CTS = 0, 1, 2, 7
NO_CARRIER = 3

# t30.h and t4_rx.h
ALL_MODEMS = 1 | 2 | 4
ALL_COMPRESSIONS = 0x02 | 0x04 | 0x08
STANDARD, FINE, R8 = 0x01, 0x02, 0x20000
SIZE_A4 = 0x01 | 0x10000 | 0x20000
T6 = 3


class Statistics(c.Structure):
    """`t30_stats_t`: how a transfer went."""

    _fields_ = [
        (name, _I)
        for name in (
            "bit_rate", "error_correcting_mode", "pages_tx", "pages_rx", "pages_in_file", "x_resolution",
            "y_resolution", "width", "length", "image_size", "encoding", "bad_rows", "longest_bad_row_run",
            "error_correcting_mode_retries", "current_status",
        )
    ]  # fmt: skip

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name, *_ in self._fields_}


def _function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(_lib, name)
    function.restype, function.argtypes = result, list(arguments)
    return function


t31_init = _function("t31_init", _P, _P, AtTransmit, _P, ModemControl, _P, _P, _P)
t31_at_rx = _function("t31_at_rx", _I, _P, _S, _I)
t31_tx = _function("t31_tx", _I, _P, _P, _I)
t31_rx = _function("t31_rx", _I, _P, _P, _I)
t31_call_event = _function("t31_call_event", None, _P, _I)
t31_set_transmit_on_idle = _function("t31_set_transmit_on_idle", None, _P, _I)
# the AT interpreter's state is the first member of the modem's, so the modem's address serves for both
at_reset_call_info = _function("at_reset_call_info", None, _P)
at_put_response_code = _function("at_put_response_code", None, _P, _I)
at_set_call_info = _function("at_set_call_info", None, _P, _S, _S)

fax_init = _function("fax_init", _P, _P, _I)
fax_free = _function("fax_free", _I, _P)
fax_tx = _function("fax_tx", _I, _P, _P, _I)
fax_rx = _function("fax_rx", _I, _P, _P, _I)
fax_get_t30_state = _function("fax_get_t30_state", _P, _P)
fax_set_transmit_on_idle = _function("fax_set_transmit_on_idle", None, _P, _I)
t30_set_tx_ident = _function("t30_set_tx_ident", _I, _P, _S)
t30_get_rx_ident = _function("t30_get_rx_ident", _S, _P)
t30_set_tx_file = _function("t30_set_tx_file", None, _P, _S, _I, _I)
t30_set_rx_file = _function("t30_set_rx_file", None, _P, _S, _I)
t30_set_rx_encoding = _function("t30_set_rx_encoding", _I, _P, _I)
t30_set_ecm_capability = _function("t30_set_ecm_capability", _I, _P, _I)
t30_set_supported_modems = _function("t30_set_supported_modems", _I, _P, _I)
t30_set_supported_compressions = _function("t30_set_supported_compressions", _I, _P, _I)
t30_set_supported_resolutions = _function("t30_set_supported_resolutions", _I, _P, _I)
t30_set_supported_image_sizes = _function("t30_set_supported_image_sizes", _I, _P, _I)
t30_set_phase_e_handler = _function("t30_set_phase_e_handler", None, _P, PhaseE, _P)
t30_get_transfer_statistics = _function("t30_get_transfer_statistics", None, _P, c.POINTER(Statistics))
t30_completion_code_to_str = _function("t30_completion_code_to_str", _S, _I)
t30_terminate = _function("t30_terminate", None, _P)
