"""Commands for staff accounts."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from gateway.runtime.bootstrap import Parts, settings_from_environment
from gateway.runtime.cli.output import console
from gateway.store import accounts


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command(name="password")(password)


def password(
    staff_id: Annotated[str, typer.Argument(help="A member of staff as in staff.csv.")],
    *,
    generate: Annotated[bool, typer.Option(help="Make one and print it, instead of asking.")] = False,
) -> None:
    """Set a member of staff's password; the first one makes the account."""
    parts = Parts(settings_from_environment())
    person = parts.directory.person(staff_id)
    chosen = (
        secrets.token_urlsafe(12) if generate else typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    with parts.database.transaction() as tx:
        accounts.set_password(tx, person.id, chosen, now=parts.clock.now())
    console.print(f"password of {person.id} ({person.name}) set{f': {chosen}' if generate else ''}", highlight=False)
