"""Checks for `gateway doctor`: each has an id, a finding and a hint.

Guarantees: every check answers, also when what it looks at is missing; none changes anything but a probe file that
it removes again.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import GatewayError
from gateway.runtime.bootstrap import Parts
from gateway.store import jobs, ledger, migrate

_ENOUGH_BYTES = 1 << 30
_FONT = Path("/usr/share/fonts/truetype/nanum/NanumMyeongjo.ttf")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw."""

    id: str
    ok: bool
    finding: str
    hint: str


def all_checks(parts: Parts) -> tuple[Finding, ...]:
    """Run every check, in order."""
    return tuple(_answered(name, check, parts) for name, check in _CHECKS.items())


def _answered(name: str, check: Callable[[Parts], Finding], parts: Parts) -> Finding:
    try:
        return check(parts)
    except GatewayError as error:
        return Finding(name, ok=False, finding=str(error), hint=error.remedy)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(name, ok=False, finding=str(error), hint="See that the path exists and the gateway may use it.")


def _database(parts: Parts) -> Finding:
    revision = migrate.revision(parts.database)
    return Finding(
        "database", ok=revision == migrate.head(), finding=f"at revision {revision}", hint="Run gateway serve."
    )


def _blobs(parts: Parts) -> Finding:
    parts.blobs.probe()
    room = shutil.disk_usage(parts.settings.blob_folder).free
    return Finding(
        "blobs",
        ok=room > _ENOUGH_BYTES,
        finding=f"{room / 1e9:.1f} GB free",
        hint="Give the blob folder's disk more room.",
    )


def _office(parts: Parts) -> Finding:
    directory = parts.directory
    finding = f"{directory.office.name}: {len(directory.units)} units, {len(directory.people)} staff"
    return Finding("office", ok=True, finding=finding, hint="")


def _jobs(parts: Parts) -> Finding:
    with parts.database.reading() as tx:
        waiting, stuck = jobs.unfinished(tx), len(jobs.stuck(tx))
    return Finding(
        "jobs",
        ok=not stuck,
        finding=f"{waiting} to do, {stuck} stuck",
        hint="See gateway queue; retry them on the desk.",
    )


def _ledger(parts: Parts) -> Finding:
    with parts.database.reading() as tx:
        broken = ledger.verify_all(tx)
    finding = "every chain intact" if not broken else f"broken for submissions {sorted(broken)[:10]}"
    return Finding("ledger", ok=not broken, finding=finding, hint="Compare with the last backup; docs/operations.md.")


def _tesseract(_parts: Parts) -> Finding:
    return _program("tesseract", ["tesseract", "--list-langs"], "Hangul", "tesseract-ocr tesseract-ocr-script-hang")


def _rsvg(_parts: Parts) -> Finding:
    return _program("rsvg-convert", ["rsvg-convert", "--version"], "", "librsvg2-bin")


def _fonts(_parts: Parts) -> Finding:
    return Finding("fonts", ok=_FONT.is_file(), finding=str(_FONT), hint="apt-get install fonts-nanum")


def _fax(parts: Parts) -> Finding:
    line = parts.fax_line
    if line is None:
        return Finding("fax line", ok=True, finding="none configured: faxes out wait in the outgoing tray", hint="")
    lines = line.lines()
    finding = ", ".join(f"{modem}: {state}" for modem, state in lines.items()) or "hfaxd answers, no modem"
    return Finding("fax line", ok=bool(lines), finding=finding, hint="Start faxgetty for a modem; docs/fax.md.")


def _program(name: str, command: list[str], must_say: str, package: str) -> Finding:
    if shutil.which(command[0]) is None:
        return Finding(name, ok=False, finding="not installed", hint=f"apt-get install {package}")
    said = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    ok = said.returncode == 0 and must_say in said.stdout + said.stderr
    version = (said.stdout or said.stderr).splitlines()[:1]
    return Finding(name, ok=ok, finding=" ".join(version), hint=f"apt-get install {package}")


_CHECKS: dict[str, Callable[[Parts], Finding]] = {
    "database": _database,
    "blobs": _blobs,
    "office": _office,
    "jobs": _jobs,
    "ledger": _ledger,
    "tesseract": _tesseract,
    "rsvg-convert": _rsvg,
    "fonts": _fonts,
    "fax line": _fax,
}
