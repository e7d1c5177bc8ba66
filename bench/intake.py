"""How fast mail is accepted, durably, beside Postfix on the same machine in the same run.

Postfix's own `smtp-source` drives both with 20 connections and 8 KB mails; rounds alternate. Postfix runs privately
from a folder made for the run (own configuration, own queue on the same filesystem as our `var`) and holds what it
accepts, so that it does nothing but accept, as our `gateway smtp` does; `--deliver` lets it deliver to its discard
transport as it goes. Afterwards every acknowledged mail is looked up in our database with its file. Needs root
(Postfix's master) and Debian's `postfix` package.

    python -m bench.intake [--messages 2000] [--rounds 5] [--deliver] [--var FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

CONNECTIONS = 20
MAIL_BYTES = 8192
SENDER = "bench@citizen.example"
AIM = 0.7
_START_S = 60.0
_POSTFIX_PROGRAMS = "/usr/lib/postfix/sbin"

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/lib
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.bench.example
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
mydestination = {domain}
local_recipient_maps =
local_transport = discard:
alias_maps =
alias_database =
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_recipient_restrictions = {recipients}
default_process_limit = 100
message_size_limit = 52428800
"""
MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def main() -> int:
    """Run the rounds and print the table; 0 when the aim is reached and every mail was found."""
    wanted = _arguments()
    address = wanted.address
    ours: list[float] = []
    theirs: list[float] = []
    wanted.var.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-intake-", dir=wanted.var) as folder:
        home = Path(folder)
        home.chmod(0o755)  # Postfix's unprivileged processes pass through here
        with (
            postfix(home / "postfix", address.rpartition("@")[2], deliver=wanted.deliver) as postfix_port,
            gateway(home / "gateway") as gateway_port,
        ):
            for port in (postfix_port, gateway_port):
                rate(port, address, 200)  # processes started, files in the cache
            print(f"{wanted.messages} mails of {MAIL_BYTES} bytes, {CONNECTIONS} connections, messages/s:")
            print(f"{'round':>5} {'postfix':>9} {'gateway':>9} {'ratio':>6}")
            for number in range(1, wanted.rounds + 1):
                if number % 2:
                    theirs.append(rate(postfix_port, address, wanted.messages))
                    ours.append(rate(gateway_port, address, wanted.messages))
                else:
                    ours.append(rate(gateway_port, address, wanted.messages))
                    theirs.append(rate(postfix_port, address, wanted.messages))
                print(f"{number:>5} {theirs[-1]:>9.0f} {ours[-1]:>9.0f} {ours[-1] / theirs[-1]:>6.2f}", flush=True)
        sent = 200 + wanted.messages * wanted.rounds
        kept = durable(home / "gateway")
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    print(
        f"median ratio {ratio:.2f} (aim {AIM}); {kept} of {sent} acknowledged mails are in the database with their file"
    )
    return 0 if ratio >= AIM and kept == sent else 1


def rate(port: int, address: str, messages: int) -> float:
    """Messages accepted per second by the server on `port`."""
    began = time.perf_counter()
    subprocess.run(
        [
            "smtp-source", "-s", str(CONNECTIONS), "-m", str(messages), "-l", str(MAIL_BYTES),
            "-f", SENDER, "-t", address, f"127.0.0.1:{port}",
        ],
        check=True, timeout=600,
    )  # fmt: skip
    return messages / (time.perf_counter() - began)


def durable(home: Path) -> int:
    """How many mails are in our database with an original whose file lies whole in the blob folder."""
    with contextlib.closing(sqlite3.connect(home / "gateway.db")) as rows:
        found = rows.execute(
            "SELECT o.sha256, o.size FROM submissions s JOIN originals o ON o.submission_id = s.id"
            " WHERE s.channel = 'email'"
        ).fetchall()
    places = ((home / "blobs" / sha256[:2] / sha256[2:], size) for sha256, size in found)
    return sum(place.is_file() and place.stat().st_size == size for place, size in places)


@contextlib.contextmanager
def gateway(home: Path) -> Iterator[int]:
    """Our mail receiver as its own process (`gateway smtp`) on SQLite and file blobs; its port."""
    port = free_port()
    settings = {"GATEWAY_VAR": str(home), "GATEWAY_SMTP_PORT": str(port), "GATEWAY_SMTP_HOST": "127.0.0.1"}
    child = subprocess.Popen(
        [sys.executable, "-m", "gateway.runtime", "smtp"], env={**os.environ, **settings}, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port, child)
        yield port
    finally:
        child.terminate()
        child.wait(30)


@contextlib.contextmanager
def postfix(home: Path, domain: str, *, deliver: bool) -> Iterator[int]:
    """A private Postfix that lives in `home`; its port."""
    port = free_port()
    for folder in ("etc", "queue", "lib"):
        (home / folder).mkdir(parents=True)
    shutil.chown(home / "lib", "postfix")
    recipients = "permit_mynetworks, reject" if deliver else "static:HOLD"
    main_cf = MAIN_CF.format(home=home, programs=_POSTFIX_PROGRAMS, domain=domain, recipients=recipients)
    if not deliver:
        main_cf = main_cf.replace("static:HOLD", "check_recipient_access static:HOLD, permit_mynetworks, reject")
    (home / "etc" / "main.cf").write_text(main_cf)
    (home / "etc" / "master.cf").write_text(MASTER_CF.format(port=port))
    control = ["postfix", "-c", str(home / "etc")]
    subprocess.run([*control, "start"], check=True, capture_output=True)
    try:
        wait_for(port, None)
        yield port
    finally:
        master = int((home / "queue" / "pid" / "master.pid").read_text())
        subprocess.run([*control, "stop"], check=False, capture_output=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(master, signal.SIGKILL)


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, child: subprocess.Popen[bytes] | None) -> None:
    """Wait until an SMTP server greets on `port`."""
    give_up = time.monotonic() + _START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
            if probe.recv(3) == b"220":
                return
        if time.monotonic() > give_up or (child is not None and child.poll() is not None):
            raise SystemExit(f"nothing greets on port {port}")
        time.sleep(0.05)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=2000, help="in each round, to each server")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--deliver", action="store_true", help="let Postfix deliver (to nowhere) while it accepts")
    parser.add_argument("--var", type=Path, default=Path("var"), help="folder on the filesystem to measure")
    parser.add_argument("--address", default="minwon@onnuri.example", help="an intake address of the office")
    wanted = parser.parse_args()
    wanted.var = wanted.var.resolve()
    if os.geteuid() != 0 or shutil.which("smtp-source") is None:
        parser.error("needs root and Debian's postfix package (smtp-source, master)")
    return wanted


if __name__ == "__main__":
    raise SystemExit(main())
