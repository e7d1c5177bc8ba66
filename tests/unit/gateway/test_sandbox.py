"""The sandbox against real children that hang, bomb, crash and chatter."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.domain.errors import MissingPart, Unreadable
from gateway.sandbox import ChildFailed, Reason, Sandbox

_CHILD = """
import os, socket, subprocess, sys, time
from gateway.domain.errors import MissingPart, Unreadable
from gateway.sandbox import serve

def handle(request):
    what = request["do"]
    if what == "echo":
        return {"said": request["text"], "pid": os.getpid()}
    if what == "hang":
        while True:
            time.sleep(1)
    if what == "spin":
        while True:
            pass
    if what == "family":
        started = subprocess.Popen(["sleep", "600"])
        open(request["note"], "w").write(str(started.pid))
        time.sleep(600)
    if what == "bomb":
        return {"size": len(bytearray(1 << 40))}
    if what == "abort":
        os.abort()
    if what == "leave":
        os._exit(0)
    if what == "chatter":
        return {"said": "x" * (4 << 20)}
    if what == "endless":
        while True:
            os.write(2, b"noise " * 1000)
    if what == "print":
        print("a library that prints", flush=True)
        os.system("echo and one that writes itself")
        return {"said": "fine"}
    if what == "raise":
        raise ValueError("bad header")
    if what == "miss":
        raise MissingPart("no tesseract", remedy="install it")
    if what == "refuse":
        raise Unreadable("encrypted")
    if what == "fill":
        with open(request["note"], "wb") as file:
            for _ in range(64):
                file.write(bytes(1 << 20))
        return {}
    if what == "connect":
        with socket.socket() as out:
            out.settimeout(2)
            try:
                out.connect(("127.0.0.1", request["port"]))
            except OSError:
                return {"reached": False}
            return {"reached": True}
    return {"env": sorted(os.environ), "oom": os.environ.get("OMP_THREAD_LIMIT")}

if __name__ == "__main__":
    serve(handle)
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "sandboxed_sample.py").write_text(_CHILD, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "sandboxed_sample"


@pytest.fixture
def sandbox(module: str) -> Iterator[Sandbox]:
    box = Sandbox(module, memory_bytes=1 << 30, cpu_s=2, wall_s=20, file_bytes=8 << 20)
    yield box
    box.close()


def _reason(sandbox: Sandbox, wall_s: float | None = None, **request: object) -> Reason:
    with pytest.raises(ChildFailed) as caught:
        sandbox.call(request, wall_s=wall_s)
    assert isinstance(caught.value, Unreadable)
    assert caught.value.cause
    return caught.value.reason


def _gone(pid: int, within_s: float = 10) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split(")")[1].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_a_warm_child_answers_many_requests(sandbox: Sandbox) -> None:
    answers = [sandbox.call({"do": "echo", "text": f"한글 {n}"}) for n in range(5)]
    assert [a["said"] for a in answers] == [f"한글 {n}" for n in range(5)]
    assert len({a["pid"] for a in answers}) == 1


def test_a_child_that_hangs_is_killed_with_all_it_started(sandbox: Sandbox, tmp_path: Path) -> None:
    note = tmp_path / "note"
    assert _reason(sandbox, wall_s=3, do="family", note=str(note)) is Reason.TIME
    assert _gone(int(note.read_text(encoding="ascii")))
    assert sandbox.call({"do": "echo", "text": "next"})["said"] == "next"


def test_a_child_that_spins_runs_out_of_processor_time(sandbox: Sandbox) -> None:
    assert _reason(sandbox, do="spin") is Reason.TIME


def test_a_memory_bomb_costs_one_request(sandbox: Sandbox) -> None:
    assert _reason(sandbox, do="bomb") is Reason.MEMORY
    assert sandbox.call({"do": "echo", "text": "next"})["said"] == "next"


def test_a_crash_is_told_by_its_signal_and_the_next_call_starts_anew(sandbox: Sandbox) -> None:
    with pytest.raises(ChildFailed, match="SIGABRT"):
        sandbox.call({"do": "abort"})
    assert sandbox.call({"do": "echo", "text": "next"})["said"] == "next"


def test_an_endless_answer_and_endless_noise_are_cut_off(sandbox: Sandbox) -> None:
    assert _reason(sandbox, do="chatter") is Reason.ANSWER
    assert _reason(sandbox, do="endless") is Reason.TIME


def test_what_a_library_prints_does_not_spoil_the_answer(sandbox: Sandbox) -> None:
    assert sandbox.call({"do": "print"}) == {"said": "fine"}


def test_an_error_in_the_child_is_an_answer_and_keeps_it_warm(sandbox: Sandbox) -> None:
    pid = sandbox.call({"do": "echo", "text": ""})["pid"]
    with pytest.raises(ChildFailed, match="bad header"):
        sandbox.call({"do": "raise"})
    with pytest.raises(ChildFailed, match="encrypted"):
        sandbox.call({"do": "refuse"})
    with pytest.raises(MissingPart, match="no tesseract") as missing:
        sandbox.call({"do": "miss"})
    assert missing.value.remedy == "install it"
    assert sandbox.call({"do": "echo", "text": ""})["pid"] == pid


def test_a_file_that_grows_too_large_is_stopped(sandbox: Sandbox, tmp_path: Path) -> None:
    note = tmp_path / "large"
    assert _reason(sandbox, do="fill", note=str(note)) in {Reason.REFUSED, Reason.CRASH}
    assert note.stat().st_size <= 8 << 20


def test_a_child_leaves_when_idle_and_comes_back_when_called(module: str) -> None:
    box = Sandbox(module, memory_bytes=1 << 30, cpu_s=5, wall_s=20, idle_s=0.3)
    first = box.call({"do": "echo", "text": ""})["pid"]
    assert _gone(first)
    assert box.call({"do": "echo", "text": ""})["pid"] != first
    box.close()


def test_a_child_that_leaves_at_the_wrong_moment_is_tried_once_more_and_then_told(sandbox: Sandbox) -> None:
    sandbox.call({"do": "echo", "text": ""})
    assert _reason(sandbox, do="leave") is Reason.CRASH


def test_a_child_is_replaced_after_its_share_of_requests(module: str) -> None:
    box = Sandbox(module, memory_bytes=1 << 30, cpu_s=5, wall_s=20, max_requests=2)
    pids = [box.call({"do": "echo", "text": ""})["pid"] for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]
    box.close()


def test_threads_are_served_one_at_a_time_and_a_starting_thread_may_end(sandbox: Sandbox) -> None:
    starter = threading.Thread(target=sandbox.call, args=({"do": "echo", "text": "first"},))
    starter.start()
    starter.join()
    before = sandbox.pid
    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(lambda n: sandbox.call({"do": "echo", "text": str(n)})["said"], range(20)))
    assert said == [str(n) for n in range(20)]
    assert sandbox.pid == before


def test_the_child_sees_a_bare_environment(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SECRET_KEY", "secret")
    seen = sandbox.call({"do": "environment"})
    assert "GATEWAY_SECRET_KEY" not in seen["env"]
    assert seen["oom"] == "1"


_PARENT = """
import os, pathlib, signal, sys
from gateway.sandbox import Sandbox
box = Sandbox("sandboxed_sample", memory_bytes=1 << 30, cpu_s=5, wall_s=20)
print(box.call({"do": "echo", "text": ""})["pid"], flush=True)
signal.pause()
"""


def test_the_child_dies_with_its_parent(module: str, tmp_path: Path) -> None:
    assert (tmp_path / f"{module}.py").exists()
    path = os.pathsep.join([str(tmp_path), str(Path.cwd())])
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    assert _gone(child)


def test_the_child_has_no_network_where_the_kernel_allows_taking_it_away(sandbox: Sandbox) -> None:
    allowed = subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as server:
        reached = sandbox.call({"do": "connect", "port": server.getsockname()[1]})["reached"]
    assert not (allowed and reached)
