"""What the show prints: the live table, and at the end where to look on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Group
from rich.table import Table
from rich.text import Text

from gateway.domain.lifecycle import FINAL, State
from gateway.domain.times import SEOUL
from gateway.runtime.bootstrap import Parts
from gateway.runtime.cli.output import console
from gateway.settings import Settings
from gateway.store import deliveries, listing, queues
from gateway.store.deliveries import Delivery
from gateway.store.listing import Listed

_BY = {"email": "e-mail", "fax": "fax", "post": "post", "web": "web"}
_COLOUR = {
    State.AWAITING_VERIFICATION: "yellow",
    State.QUARANTINED: "red",
    State.ASSIGNED: "cyan",
    State.PLANNED: "blue",
    State.CLOSED: "green",
    State.UNDELIVERABLE: "magenta",
}
_NOTES = 6
_COLUMNS = (("number", 3), ("in by", 2), ("from", 2), ("about", 5), ("state", 4), ("handler", 5), ("went out", 6))


def table(parts: Parts, notes: Sequence[str]) -> Group:
    """Where every submission stands now, and the last things people did."""
    with parts.database.reading() as tx:
        cases = sorted(listing.latest(tx, limit=100, also_final=True), key=lambda case: case.number)
        leaving = {case.id: deliveries.for_submission(tx, case.id) for case in cases}
    shown = Table(title="Submissions on their way", title_justify="left", header_style="bold", expand=True)
    for column, ratio in (
        ("number", 3),
        ("in by", 2),
        ("from", 2),
        ("about", 5),
        ("state", 4),
        ("handler", 5),
        ("went out", 6),
    ):
        shown.add_column(column, ratio=ratio, overflow="fold")
    for case in cases:
        shown.add_row(
            case.number,
            _BY[case.channel],
            case.sender or "-",
            case.title or "-",
            Text(case.state, style=_COLOUR.get(case.state, "")),
            _handler(parts, case),
            _deliveries(leaving[case.id]),
        )
    return Group(shown, *(Text(note, style="dim") for note in list(notes)[-_NOTES:]))


def _handler(parts: Parts, case: Listed) -> str:
    directory = parts.directory
    if case.handler_id not in directory.people:
        return "-"
    person = directory.people[case.handler_id]
    return f"{directory.units[person.unit_code].name} {person.name} {person.phone}"


def _deliveries(leaving: Iterable[Delivery]) -> str:
    return ", ".join(f"{d.purpose} by {d.route}: {d.state}" for d in leaving if d.purpose != "handler_notice") or "-"


def farewell(base: str, settings: Settings, logins: Iterable[tuple[str, str]], password: str, parts: Parts) -> None:
    """Print what came of it, addresses and log-ins."""
    with parts.database.reading() as tx:
        cases = listing.latest(tx, limit=100, also_final=True)
        waiting = queues.outgoing(tx)
        kept = queues.promises(tx, since=datetime(2000, 1, 1, tzinfo=SEOUL), now=parts.clock.now())
    closed = sum(case.state in FINAL for case in cases)
    console.print(f"\n[bold]{closed} of {len(cases)} submissions answered and closed.[/]")
    for promise in kept:
        percent = "-" if promise.percent is None else f"{promise.percent:.0f} %"
        console.print(
            f"  promise {promise.name}: kept {promise.kept}, late {promise.late}, running {promise.running} ({percent})"
        )
    for delivery in waiting:
        console.print(f"  outgoing tray: {delivery.number} {delivery.purpose} by {delivery.route}: {delivery.reason}")
    console.print(f"\ncitizens' pages  {base}/\nstaff pages      {base}/staff")
    console.print(f"mail             smtp://127.0.0.1:{settings.smtp_port} (to {_mail_address(parts)})")
    console.print(f"hot folder       {settings.scan_folder / 'in'}\nfax queue        {settings.fax_queue_folder}")
    console.print(f"mails that left  {_mailbox(settings)}")
    shown = Table(title="Log-ins", title_justify="left", header_style="bold")
    for column in ("who", "log-in", "password"):
        shown.add_column(column)
    for staff_id, what in logins:
        shown.add_row(f"{parts.directory.people[staff_id].name} ({what})", staff_id, password)
    console.print(shown)


def _mail_address(parts: Parts) -> str:
    return min(parts.directory.charter.intake_addresses)


def _mailbox(settings: Settings) -> str:
    folder = Path(settings.smart_host_url.removeprefix("folder://"))
    return f"{folder / 'new'} ({len(list((folder / 'new').glob('*.eml')))} so far)"
