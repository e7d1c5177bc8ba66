"""A private HylaFAX: its own spool, its own port, its programs started and stopped by process id, no systemd.

Guarantees: nothing of the machine's own HylaFAX is touched (spool, locks, port); every program started here is ended by
`stop`, those they started included (each runs in a session of its own). Must run as root, as HylaFAX's programs do;
fails with a plain sentence when a program is missing or does not come up.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
USER = "gateway"
_OWNED = ("archive", "client", "config", "dev", "docq", "doneq", "info", "locks", "log", "pollq", "recvq", "sendq", "status")  # fmt: skip  # noqa: E501 - one list
_UP_S = 20.0

_SERVER_CONFIG = """\
InternationalPrefix: 001
LongDistancePrefix: 0
CountryCode: 82
AreaCode: 63
DialStringRules: etc/dialrules
ServerTracing: 1
SendFaxCmd: /usr/lib/hylafax/bin/faxsend
UUCPLockDir: {spool}/locks
UUCPLockTimeout: 5
"""
_MODEM_CONFIG = """\
CountryCode: 82
AreaCode: 63
FAXNumber: {number}
LongDistancePrefix: 0
InternationalPrefix: 001
DialStringRules: etc/dialrules
ServerTracing: 1
SessionTracing: 0xFFF
RecvFileMode: 0640
LogFileMode: 0640
DeviceMode: 0660
RingsBeforeAnswer: 1
SpeakerVolume: off
LocalIdentifier: "{ident}"
TagLineFont: etc/lutRS18.pcf
TagLineFormat: "From %%l|%c|Page %%P of %%T"
MaxRecvPages: 200
UUCPLockDir: {spool}/locks
UUCPLockTimeout: 5
PollLockWait: 2
PollModemWait: 2
ModemType: Class1
Class1AdaptRecvCmd: AT+FAR=1
Class1TMConnectDelay: 20
ModemResetCmds: AT+VCID=1
ModemResetDelay: 0
ModemDTRDropDelay: 0
ModemSoftResetCmdDelay: 0
PagerTTYParity: none
CallIDPattern: "NMBR="
CallIDPattern: "NAME="
CallIDPattern: "NDID="
FaxRcvdCmd: bin/gateway-faxrcvd
JobReqBusy: 2
JobReqNoCarrier: 2
JobReqNoAnswer: 2
JobReqDataConn: 2
JobReqProto: 2
JobReqOther: 2
"""


class PrivateHylafax:
    """One private HylaFAX below `folder`, which the user uucp must be able to enter."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "spool"
        self.port = _free_port()
        self.password = ""
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._answering: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def recvq(self) -> Path:
        return self.spool / "recvq"

    @property
    def ready(self) -> Path:
        return self.spool / "ready"

    def start(self, modems: dict[str, str]) -> None:
        """Make the spool and start faxq, hfaxd and a faxgetty for each modem.

        Args:
            modems: device (`/dev/pts/3`) by fax number.
        """
        self._make_spool()
        for number, device in modems.items():
            name = device.removeprefix("/dev/").replace("/", "_")
            text = _MODEM_CONFIG.format(number=number, ident=f"ONNURI {number[-4:]}", spool=self.spool)
            (self.spool / "etc" / f"config.{name}").write_text(text)
        self._run("faxq", "/usr/sbin/faxq", "-D", "-q", str(self.spool))
        _until("faxq is up", (self.spool / "FIFO").is_fifo)
        self._run("hfaxd", "/usr/sbin/hfaxd", "-d", "-l", "127.0.0.1", "-i", str(self.port), "-q", str(self.spool))
        _until("hfaxd listens", lambda: _listens(self.port))
        for device in modems.values():
            self.start_faxgetty(device)
        for device in modems.values():
            self.until_idle(device)

    def start_faxgetty(self, device: str) -> None:
        """Start the program that answers calls on `device`."""
        self._answering[device] = self._run("faxgetty", "/usr/sbin/faxgetty", "-q", str(self.spool), device[5:])

    def kill_faxgetty(self, device: str) -> None:
        """Kill it, as a crash would."""
        program = self._answering.pop(device)
        self._running.remove(program)
        _signal_session(program.pid, signal.SIGKILL)
        program.wait(5)

    def until_idle(self, device: str) -> None:
        """Wait until faxgetty has set the modem up and says so."""
        status = self.spool / "status" / device.removeprefix("/dev/").replace("/", "_")
        _until(f"{device} is idle", lambda: status.is_file() and b"Running and idle" in status.read_bytes())

    def stop(self) -> None:
        """End every program started here, and what each of them started."""
        for program in reversed(self._running):
            _signal_session(program.pid, signal.SIGTERM)
        for program in self._running:
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                _signal_session(program.pid, signal.SIGKILL)
                program.wait(5)
            _signal_session(program.pid, signal.SIGKILL)  # faxsend outlives its faxq
        self._running.clear()

    def _run(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        if not Path(command[0]).is_file():
            raise FileNotFoundError(f"{command[0]} is missing: install hylafax-server")
        with (self._folder / f"{name}.log").open("ab") as log:
            program = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.spool, start_new_session=True
            )
        self._running.append(program)
        return program

    def _make_spool(self) -> None:
        spool = self.spool
        spool.mkdir()
        for name in _OWNED:
            (spool / name).mkdir(mode=0o755)
        (spool / "tmp").mkdir()
        shutil.copytree("/var/spool/hylafax/bin", spool / "bin", symlinks=True)
        shutil.copytree("/etc/hylafax", spool / "etc", ignore=shutil.ignore_patterns("config.*", "hosts.hfaxd"))
        shutil.copytree("/var/spool/hylafax/status", spool / "status", dirs_exist_ok=True)
        (spool / "etc/config").write_text(_SERVER_CONFIG.format(spool=spool))
        (spool / "etc/hosts.hfaxd").write_text("localhost:21::\n")  # as Debian ships it
        cache = (spool / "etc/setup.cache").read_text().splitlines()
        own = [line for line in cache if not line.startswith(("SPOOL=", "SENDMAIL="))]
        (spool / "etc/setup.cache").unlink()
        (spool / "etc/setup.cache").write_text("\n".join([*own, f"SPOOL='{spool}'", "SENDMAIL='/bin/true'", ""]))
        for path in (spool, *(spool / name for name in _OWNED), spool / "tmp"):
            shutil.chown(path, "uucp", "uucp")
        (spool / "tmp").chmod(0o1777)
        self._install_the_gateways_part()

    def _install_the_gateways_part(self) -> None:
        """With the very program an office uses."""
        spool = str(self.spool)
        installed = subprocess.run(
            [REPOSITORY / "deploy/hylafax/install", "root"],
            env={"PATH": os.environ["PATH"], "SPOOL": spool, "ACCESS": f"{spool}/etc/hosts.hfaxd"},
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        self.password = installed.stdout.rsplit(": ", 1)[1].strip()


def _signal_session(leader: int, what: signal.Signals) -> None:
    try:
        os.killpg(leader, what)
    except ProcessLookupError:
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _until(what: str, true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _UP_S
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {_UP_S:.0f} s: {what}")
        time.sleep(0.05)
