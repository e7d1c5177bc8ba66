"""Commands that run the gateway or a part of it."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.runtime.bootstrap import Parts, settings_from_environment
from gateway.runtime.cli.output import console, set_up_logs
from gateway.runtime.processes import end_with_parent, run_worker
from gateway.runtime.serve import Addresses, Roles
from gateway.runtime.serve import serve as run_roles


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (serve, web, smtp, watch, worker, beat, demo):
        app.command()(command)


def serve() -> None:
    """Run the whole gateway on this machine until Ctrl-C."""
    _run(Roles.all())


def web() -> None:
    """Serve the citizens' and staff pages."""
    _run(Roles(web=True))


def smtp() -> None:
    """Receive mail."""
    _run(Roles(smtp=True))


def watch() -> None:
    """Watch the fax queue and the hot folder."""
    _run(Roles(watch=True))


def beat() -> None:
    """Ring workers for committed jobs and sweep what is due."""
    _run(Roles(beat=True))


def worker(
    *,
    parent: Annotated[int, typer.Option(help="End when the process with this id, which started us, is gone.")] = 0,
) -> None:
    """Do jobs: read, route, compose, deliver."""
    if parent:
        end_with_parent(parent)
    settings = settings_from_environment()
    set_up_logs(as_json_lines=settings.log_json)
    run_worker(settings, on_ready=lambda: console.print("worker ready"))


def demo(
    *,
    once: Annotated[
        bool, typer.Option(help="Leave when every sample has been answered, instead of serving on.")
    ] = False,
) -> None:
    """Show the main job live with invented submissions, then serve until Ctrl-C."""
    from gateway.runtime.demo import show  # noqa: PLC0415 (the show's parts are not loaded by any other command)

    show.run(settings_from_environment(), once=once)


def _run(roles: Roles) -> None:
    settings = settings_from_environment()
    set_up_logs(as_json_lines=settings.log_json)
    run_roles(Parts(settings), roles, on_ready=_tell)


def _tell(addresses: Addresses) -> None:
    if addresses.web is not None:
        console.print(f"pages   http://127.0.0.1:{addresses.web}/   staff: /staff")
    if addresses.smtp is not None:
        console.print(f"mail    smtp://127.0.0.1:{addresses.smtp}")
    console.print("ready; Ctrl-C stops")
