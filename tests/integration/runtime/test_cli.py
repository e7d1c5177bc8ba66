"""The `gateway` command as an operator types it, each time a new process."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings import load
from gateway.store import schema
from gateway.store.database import Database

PROJECT = Path(__file__).resolve().parents[3]
Answer = subprocess.CompletedProcess[str]
Typed = Callable[..., Answer]


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    """Types a command over an empty folder of its own."""

    def run(*words: str, settings: dict[str, str] | None = None) -> Answer:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")},
            "GATEWAY_VAR": str(tmp_path / "var"),
            "GATEWAY_OFFICE": str(PROJECT / "office"),
            **(settings or {}),
        }
        command = [sys.executable, "-m", "gateway.runtime", *words]
        return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def petition(tmp_path: Path) -> Path:
    path = tmp_path / "민원 신청서.txt"
    path.write_text("마을 앞 가로등이 꺼져 있습니다.\n홍가람 010-0000-1234\n", encoding="utf-8")
    return path


def submitted(typed: Typed, petition: Path) -> str:
    answer = typed("submit", str(petition), "--name", "홍가람", "--title", "가로등 고장", "--reply", "post")
    assert answer.returncode == 0, answer.stderr
    return str(re.findall(r"\d{4}-\d{7}", answer.stdout)[0])


def test_a_petition_is_registered_by_hand_once_and_can_be_looked_at(typed: Typed, petition: Path) -> None:
    number = submitted(typed, petition)
    again = typed("submit", str(petition), "--json")
    assert (json.loads(again.stdout)["number"], json.loads(again.stdout)["repeated"]) == (number, True)

    queue = typed("queue")
    assert number in queue.stdout
    assert "가로등 고장" in queue.stdout
    assert "2 jobs waiting or under way, 0 stuck" in queue.stdout
    assert [s["number"] for s in json.loads(typed("queue", "--json").stdout)["submissions"]] == [number]

    shown = json.loads(typed("show", number, "--json").stdout)
    assert shown["submission"]["contact"]["name"] == "홍가람"
    assert [file["name"] for file in shown["files"]] == ["민원 신청서.txt"]
    assert {clock["name"] for clock in shown["clocks"]} == {"C1", "C2"}
    assert "홍가람" in typed("show", number).stdout

    history = typed("history", number)
    assert history.returncode == 0
    assert "received" in history.stdout
    assert "chain intact" in history.stdout


def test_a_changed_ledger_is_told_with_a_remedy(typed: Typed, petition: Path, tmp_path: Path) -> None:
    number = submitted(typed, petition)
    database = Database(load({"GATEWAY_VAR": str(tmp_path / "var")}).database_url)
    with database.transaction() as tx:
        tx.execute(schema.ledger.update().values(actor="nobody"))
    database.close()
    for words in (("history", number), ("doctor",)):
        answer = typed(*words)
        assert answer.returncode == 1
        assert "Remedy" in answer.stderr or "ledger" in answer.stderr
    assert json.loads(typed("history", number, "--json").stdout)["wrong"] == ["entry 1 was changed"]


def test_the_doctor_finds_a_sound_gateway_sound(typed: Typed) -> None:
    answer = typed("doctor", "--json")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    findings = json.loads(answer.stdout)
    assert all(finding["ok"] for finding in findings)
    assert {"database", "blobs", "office", "tesseract", "fonts", "fax line"} <= {finding["id"] for finding in findings}


def test_the_doctor_says_what_to_do_when_the_fax_server_is_gone(typed: Typed) -> None:
    answer = typed("doctor", "--json", settings={"GATEWAY_FAX_HOST": "127.0.0.1", "GATEWAY_FAX_PORT": "1"})
    assert answer.returncode == 1
    (fax,) = [finding for finding in json.loads(answer.stdout) if not finding["ok"]]
    assert fax["id"] == "fax line"
    assert fax["hint"]


@pytest.mark.parametrize(
    ("words", "settings", "told"),
    [
        (("show", "2026-9999999"), {}, "no such submission"),
        (("queue",), {"GATEWAY_HTTP_PORT": "eighty"}, "Set http_port to a whole number"),
        (("serve",), {"GATEWAY_OFFICE": "/nowhere"}, "charter.toml"),
        (("password", "nobody", "--generate"), {}, "nobody"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_and_ends_with_one(
    typed: Typed, words: tuple[str, ...], settings: dict[str, str], told: str
) -> None:
    answer = typed(*words, settings=settings)
    assert answer.returncode == 1
    assert told in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_port_that_is_taken_stops_the_start_with_its_remedy(typed: Typed) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = typed("smtp", settings={"GATEWAY_SMTP_PORT": str(taken.getsockname()[1])})
    assert answer.returncode == 1
    assert "set smtp_port to a free port" in answer.stderr


def test_a_password_is_made_and_told(typed: Typed) -> None:
    answer = typed("password", "clerk-01", "--generate")
    assert answer.returncode == 0
    assert re.search(r"password of clerk-01 \(임새봄\) set: \S{12,}", answer.stdout)
