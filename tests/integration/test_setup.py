"""Set-up: what is pinned is pinned whole, a second start costs nothing, and nothing names where it came from."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt")
_PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==(\S+) \\$", re.MULTILINE)
_DIRECT = re.compile(r"^([A-Za-z0-9._-]+)", re.MULTILINE)


def _text(name: str) -> str:
    return (TOP / name).read_text(encoding="utf-8")


def _make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make` looks at, with an installation that looks finished."""
    for name in ("Makefile", "package.json", "package-lock.json", *LOCKS, "setup"):
        source = TOP / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / name)
    for made in (".venv/bin/gateway", "node_modules/htmx.org/package.json", ".setup/run", ".setup/test"):
        (tmp_path / made).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / made).touch()
    return tmp_path


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pinned_package_carries_hashes(lock: str) -> None:
    blocks = re.split(r"\n(?=[a-z0-9])", _text(lock))
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)
    assert len(_PIN.findall(_text(lock))) == sum("==" in block for block in blocks)


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json", "package.json"])
def test_locks_name_no_host_and_no_folder(lock: str) -> None:
    assert not re.search(r"https?://|file:/|--(?:extra-)?index-url|--find-links|\"resolved\"", _text(lock))


@pytest.mark.parametrize(("wanted", "lock"), [("requirements.in", LOCKS[0]), ("requirements-dev.in", LOCKS[1])])
def test_what_is_wanted_is_locked(wanted: str, lock: str) -> None:
    lines = [line for line in _text(wanted).splitlines() if line and line[0] not in "#-"]
    names = {found.group(1).lower().replace("_", "-") for line in lines if (found := _DIRECT.match(line))}
    assert names <= {name for name, _ in _PIN.findall(_text(lock))}


def test_no_deep_learning_framework_creeps_in() -> None:
    names = {name for lock in LOCKS for name, _ in _PIN.findall(_text(lock))}
    assert not {name for name in names if name.startswith(("torch", "nvidia", "tensorflow", "triton"))}


def test_page_files_are_pinned_exactly() -> None:
    package = json.loads(_text("package.json"))
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    locked = json.loads(_text("package-lock.json"))["packages"]
    assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted


@pytest.mark.parametrize(("goal", "command"), [("run", ".venv/bin/gateway serve"), ("demo", ".venv/bin/gateway demo")])
def test_a_second_start_installs_nothing(checkout: Path, goal: str, command: str) -> None:
    begun = time.monotonic()
    done = _make(checkout, "--dry-run", goal)
    assert done.stdout.split("\n") == [f"exec {command}", ""]
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("changed", ["requirements.txt", "package-lock.json", "setup/packages-run.txt"])
def test_a_changed_list_is_installed_at_the_next_start(checkout: Path, changed: str) -> None:
    later = time.time() + 5
    os.utime(checkout / changed, (later, later))
    assert _make(checkout, "--dry-run", "run").stdout.startswith("setup/install run\n")


def test_an_installation_removed_by_hand_is_made_again(checkout: Path) -> None:
    (checkout / ".venv/bin/gateway").unlink()
    assert _make(checkout, "--dry-run", "run").stdout.startswith("setup/install run\n")


def test_lists_of_packages_are_known_to_set_up(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("pip==0.0.1 \\\n    --hash=sha256:00\nno-such-package==1 \\\n    --hash=sha256:00\n")
    counted = subprocess.run(
        [sys.executable, str(TOP / "setup/lacking.py"), str(pins)], capture_output=True, text=True, check=True
    )
    assert counted.stdout == "2\n"


def test_system_packages_of_tests_are_not_needed_to_run() -> None:
    lists = {
        part: {line for line in _text(f"setup/packages-{part}.txt").splitlines() if line and not line.startswith("#")}
        for part in ("run", "test")
    }
    assert not lists["run"] & lists["test"]
    assert {"tesseract-ocr", "tesseract-ocr-script-hang", "fonts-nanum", "librsvg2-bin"} <= lists["run"]
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", name) for names in lists.values() for name in names)


def test_the_command_is_linked_to_this_checkout() -> None:
    command = Path(sys.executable).with_name("gateway")
    done = subprocess.run([str(command), "--help"], cwd="/", capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "serve" in done.stdout


@pytest.fixture
def bare(tmp_path: Path) -> tuple[Path, Path]:
    """A checkout, and a folder of programs that stand for a machine where nothing may be installed."""
    folder, programs = tmp_path / "checkout", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    shutil.copytree(TOP / "setup", folder / "setup")
    for name, does in (("dpkg-query", "exit 1"), ("id", "echo 1000"), ("sudo", "exit 1"), ("apt-get", "exit 99")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    return folder, programs


def _install(folder: Path, programs: Path, part: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{programs}:/usr/bin:/bin"}
    return subprocess.run(
        ["setup/install", part], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_someone_who_may_not_install_is_told_what_to_run(bare: tuple[Path, Path]) -> None:
    told = _install(*bare, "run")
    assert told.returncode == 1
    assert "sudo apt-get install --no-install-recommends fonts-nanum librsvg2-bin" in told.stderr
    assert "postgresql" not in told.stderr
    assert not (bare[0] / ".setup/run").exists()


def test_a_failing_installation_shows_why_and_is_not_taken_for_done(bare: tuple[Path, Path]) -> None:
    folder, programs = bare
    (programs / "id").write_text("#!/bin/sh\necho 0\n")
    (programs / "apt-get").write_text("#!/bin/sh\necho 'E: no route to the mirror' >&2\nexit 100\n")
    told = _install(folder, programs, "test")
    assert told.returncode == 1
    assert "E: no route to the mirror" in told.stderr
    assert "Mend the cause and start again" in told.stderr
    assert not (folder / ".setup/test").exists()


def test_an_unknown_part_is_refused(bare: tuple[Path, Path]) -> None:
    assert _install(*bare, "everything").returncode == 2
