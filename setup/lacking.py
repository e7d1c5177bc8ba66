#!/usr/bin/env python3
"""How many of the pinned packages the running Python has not, or has in another version: `lacking.py FILE...`.

Prints one number. Runs before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^ \\;]+)", re.MULTILINE)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def main(files: list[str]) -> int:
    """Count over all files; each file is a requirements list with exact versions."""
    pins = {pin for file in files for pin in _PIN.findall(Path(file).read_text(encoding="utf-8"))}
    return sum(_installed(name) != version for name, version in pins)


if __name__ == "__main__":
    print(main(sys.argv[1:]))  # noqa: T201 - its answer to setup/install
