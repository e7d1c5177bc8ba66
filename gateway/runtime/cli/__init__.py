"""The `gateway` command.

Guarantees: tables people can read, `--json` for programs on every command that shows something, and exit code 1 with
the cause and a remedy when something is wrong.
"""

from __future__ import annotations

import sys

import typer

from gateway.domain.errors import GatewayError
from gateway.runtime.cli import look, run, staff
from gateway.runtime.cli.output import fail

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Document intake gateway of a public office.",
)
for part in (run, look, staff):
    part.add_to(app)


def main() -> None:
    """Run the command line; errors are told with their remedy."""
    try:
        app()
    except GatewayError as error:
        fail(error)
    except BrokenPipeError:  # `gateway queue | head`
        sys.exit(0)
