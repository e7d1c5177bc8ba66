"""The cluster's description: it parses, its commands and settings exist, its image holds what the gateway needs."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # comes with omegaconf, without types

from gateway.settings import load

TOP = Path(__file__).resolve().parents[2]
GIVEN = {"GATEWAY_DB_PASSWORD": "rows", "GATEWAY_BROKER_PASSWORD": "bell"}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def _filled(text: str) -> str:
    """What docker compose makes of `${NAME:-default}` and `${NAME:?must be set}`."""

    def value(found: re.Match[str]) -> str:
        name, way, rest = found.groups()
        if name in GIVEN:
            return GIVEN[name]
        assert way == "-", f"{name} has no default and is not among what the file tells to set"
        return rest or ""

    return _VARIABLE.sub(value, text)


def _interpolated(node: Any) -> Any:
    """Variables are filled in after parsing, as compose does it."""
    if isinstance(node, dict):
        return {name: _interpolated(value) for name, value in node.items()}
    if isinstance(node, list):
        return [_interpolated(value) for value in node]
    return _filled(node) if isinstance(node, str) else node


@cache
def compose() -> dict[str, Any]:
    described = _interpolated(yaml.safe_load((TOP / "compose.yaml").read_text(encoding="utf-8")))
    assert isinstance(described, dict)
    return described


def _gateways() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose()["services"].items() if "command" in service}


def test_the_gateway_runs_as_five_processes() -> None:
    assert set(_gateways()) == {"web", "smtp", "watch", "worker", "beat"}


def test_every_command_is_one_of_the_gateway() -> None:
    for service in _gateways().values():
        program, *words = service["command"]
        assert program == "gateway"
        subprocess.run([sys.executable, "-m", "gateway.runtime", *words, "--help"], check=True, capture_output=True)


def test_every_setting_exists_and_is_valid() -> None:
    known = {f"GATEWAY_{name.upper()}" for name in load({}).__dataclass_fields__}
    for service in _gateways().values():
        environment = {name: str(value) for name, value in service["environment"].items()}
        assert environment.keys() <= known
        settings = load(environment)
        assert settings.database_url.startswith("postgresql+psycopg://gateway:rows@database/")
        assert settings.broker_folder is None


def test_published_ports_are_those_the_processes_listen_on() -> None:
    for name, port in (("web", load({}).http_port), ("smtp", load({}).smtp_port)):
        assert [published.rpartition(":")[2] for published in _gateways()[name]["ports"]] == [str(port)]


def test_services_and_volumes_that_are_named_exist() -> None:
    described = compose()
    for service in described["services"].values():
        assert set(service.get("depends_on", {})) <= set(described["services"])
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert source in described["volumes"] or (TOP / source).is_dir()


def test_the_image_holds_every_package_and_what_set_up_needs() -> None:
    lines = (TOP / "deploy/Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = {name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]}
    assert all((TOP / name).exists() for name in copied)
    packages = {path.parent.name for path in TOP.glob("*/__init__.py") if path.parent.name not in {"tests", "bench"}}
    assert packages | {"setup", "requirements.txt", "package-lock.json"} <= copied
