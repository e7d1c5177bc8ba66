"""How the command line speaks: tables on standard output, logs and errors on standard error."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

import structlog
from rich.console import Console
from rich.table import Table

from gateway.domain.errors import GatewayError
from gateway.domain.personal import mask
from gateway.domain.times import SEOUL

# a pipe has no width of its own; 160 columns keep tables whole there
console = Console(width=None if sys.stdout.isatty() else 160)
_errors = Console(stderr=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; what is too wide is folded, never cut."""
    shown = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column, overflow="fold")
    for row in rows:
        shown.add_row(*(str(cell) for cell in row))
    console.print(shown)


def as_json(value: Any) -> None:
    """Print a value as JSON; times in ISO form."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=_plain) + "\n")


def moment(at: datetime | None) -> str:
    """A time as tables show it: Korean time, to the second; a dash for none."""
    return "-" if at is None else f"{at.astimezone(SEOUL):%Y-%m-%d %H:%M:%S}"


def fail(error: GatewayError) -> NoReturn:
    """Tell an error with its remedy and leave with exit code 1."""
    _errors.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False, soft_wrap=True)
    if error.remedy:
        _errors.print(f"[bold]Remedy:[/] {error.remedy}", highlight=False, soft_wrap=True)
    sys.exit(1)


def set_up_logs(*, as_json_lines: bool) -> None:
    """Log to standard error, personal numbers masked."""
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _masked,
            renderer,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _masked(_logger: object, _method: str, event: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mask(value) if isinstance(value, str) else value for name, value in event.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset | set):
        return sorted(value)
    return str(value)
