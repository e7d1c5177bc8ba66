"""Real servers that tests start for themselves, each with its own folder and port, and stop by their own process."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 60.0


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str, *, patience_s: float = _PATIENCE_S) -> None:
    """Look every 20 ms until `condition` holds.

    Raises:
        TimeoutError: it did not hold in time.
    """
    until = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(f"waited {patience_s:.0f} s for {what}")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether something answers on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[bytes], *, patience_s: float = 20) -> None:
    """End one process of ours, kindly first."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def postgresql() -> Iterator[str]:
    """A private PostgreSQL of Debian's package; the URL of its empty database."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    owner = pwd.getpwnam("postgres")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/var/tmp"))
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    port = free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=owner.pw_uid, group=owner.pw_gid, cwd=folder)

    run(str(programs / "initdb"), "-D", str(folder / "db"), "-U", "gateway", "-A", "trust", "-E", "UTF8", "--no-locale")
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder / "db", "-p", str(port), "-k", folder, "-c", "listen_addresses=127.0.0.1"],
        user=owner.pw_uid,
        group=owner.pw_gid,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: listens(port), "PostgreSQL")
        run(str(programs / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "gateway", "gateway")
        yield f"postgresql+psycopg://gateway@127.0.0.1:{port}/gateway"
    finally:
        stop(server)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def rabbitmq() -> Iterator[str]:
    """A private RabbitMQ of Debian's package; the URL of its broker."""
    owner = pwd.getpwnam("rabbitmq")
    folder = Path(tempfile.mkdtemp(prefix="mq-", dir="/var/tmp"))
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    port, distribution, mapper = free_port(), free_port(), free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"gateway{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution),
        "RABBITMQ_MNESIA_BASE": str(folder / "db"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
    }
    server = subprocess.Popen(
        ["/usr/lib/rabbitmq/bin/rabbitmq-server"],
        user=owner.pw_uid,
        group=owner.pw_gid,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(lambda: listens(port), "RabbitMQ", patience_s=120)
        yield f"amqp://guest:guest@127.0.0.1:{port}//"
    finally:
        stop(server)
        # the port mapper daemonises itself; it is ours, on our own port
        subprocess.run(["epmd", "-port", str(mapper), "-kill"], check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
