#!/usr/bin/env python3
"""Makes the checkout usable from the virtual environment it runs in, without building a package.

Writes a `.pth` file, so that `gateway`, `channels`, `ocr`, `dispatch` and `notifications` can be imported from any
folder, and the command `.venv/bin/gateway`. Running it again changes nothing. Standard library only.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path

_TOP = Path(__file__).resolve().parent.parent
_COMMAND = """#!{python}
import sys

from gateway.runtime.cli import main

sys.exit(main())
"""


def _write(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Write both files."""
    _write(Path(sysconfig.get_path("purelib")) / "document-intake-gateway.pth", f"{_TOP}\n")
    command = Path(sysconfig.get_path("scripts")) / "gateway"
    _write(command, _COMMAND.format(python=Path(sysconfig.get_path("scripts")) / "python"))
    command.chmod(0o755)


if __name__ == "__main__":
    main()
