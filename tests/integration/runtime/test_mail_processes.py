"""`gateway smtp`: several processes behind one port."""

from __future__ import annotations

import os
import signal
import smtplib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.services import wait_for

PROCESSES = 3
OURS = "minwon@onnuri.example"


class Receiver:
    """A running `gateway smtp`."""

    def __init__(self, var: Path) -> None:
        self.var = var
        environment = {"GATEWAY_VAR": str(var), "GATEWAY_SMTP_PORT": "0", "GATEWAY_SMTP_PROCESSES": str(PROCESSES)}
        self.parent = subprocess.Popen(
            [sys.executable, "-m", "gateway.runtime", "smtp"],
            env={**os.environ, **environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.parent.stdout is not None
        self.port = int(self.parent.stdout.readline().rsplit(":", 1)[1])

    def children(self) -> list[int]:
        """Those that receive."""
        listed = Path(f"/proc/{self.parent.pid}/task/{self.parent.pid}/children").read_text(encoding="ascii")
        return [int(child) for child in listed.split()]

    def send(self, n: int) -> None:
        """One mail, acknowledged or an exception."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=30) as client:
            client.sendmail("citizen@citizen.example", [OURS], f"Subject: {n}\r\n\r\n가로등 {n}\r\n".encode())

    def numbers(self) -> list[str]:
        """Receipt numbers given so far."""
        with closing(sqlite3.connect(self.var / "gateway.db")) as rows:
            return [number for (number,) in rows.execute("SELECT number FROM submissions ORDER BY number")]


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    receiver = Receiver(tmp_path / "var")
    yield receiver
    receiver.parent.kill()
    receiver.parent.communicate()


def gone(process: int) -> bool:
    return not Path(f"/proc/{process}").exists()


def test_all_processes_number_without_a_gap_and_stop_together(receiver: Receiver) -> None:
    children = receiver.children()
    assert len(children) == PROCESSES
    with ThreadPoolExecutor(8) as senders:
        list(senders.map(receiver.send, range(48)))
    assert [number[5:] for number in receiver.numbers()] == [f"{n:07d}" for n in range(1, 49)]
    receiver.parent.send_signal(signal.SIGTERM)
    assert receiver.parent.wait(30) == 0
    assert all(gone(child) for child in children)


def test_one_that_dies_is_replaced_and_the_others_receive_meanwhile(receiver: Receiver) -> None:
    first, *others = receiver.children()
    os.kill(first, signal.SIGKILL)
    for n in range(6):
        receiver.send(n)
    assert len(receiver.numbers()) == 6
    wait_for(lambda: len(set(receiver.children()) - {first}) == PROCESSES, "the dead one to be replaced")
    assert set(others) <= set(receiver.children())


def test_none_outlives_its_parent(receiver: Receiver) -> None:
    children = receiver.children()
    receiver.send(1)  # they are up
    receiver.parent.kill()
    wait_for(lambda: all(gone(child) for child in children), "the children to end")


def test_a_taken_port_is_told_before_anything_starts(receiver: Receiver, tmp_path: Path) -> None:
    environment = {"GATEWAY_VAR": str(tmp_path / "other"), "GATEWAY_SMTP_PORT": str(receiver.port)}
    second = subprocess.run(
        [sys.executable, "-m", "gateway.runtime", "smtp"],
        env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode == 1
    assert "smtp_port" in second.stderr
