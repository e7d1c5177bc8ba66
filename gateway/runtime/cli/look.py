"""Commands that submit, show and check."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.domain.errors import ConfigurationError, GatewayError
from gateway.domain.ledger import verify
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, ReturnChannel, Role, grouped
from gateway.runtime import checks
from gateway.runtime.bootstrap import Parts, settings_from_environment
from gateway.runtime.cli.output import as_json, console, moment, table
from gateway.store import deliveries, jobs, ledger, listing, queues, submissions
from gateway.store.submissions import Submission

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    for command in (submit, queue, show, history, doctor):
        app.command()(command)


def submit(
    files: Annotated[list[Path], typer.Argument(help="The files, in order.", exists=True, dir_okay=False)],
    *,
    name: Annotated[str, typer.Option(help="The submitter's name.")] = "",
    phone: Annotated[str, typer.Option(help="Phone number.")] = "",
    email: Annotated[str, typer.Option(help="Mail address.")] = "",
    title: Annotated[str, typer.Option(help="What it is about.")] = "",
    reply: Annotated[ReturnChannel | None, typer.Option(help="How the result is to come back.")] = None,
    channel: Annotated[Channel, typer.Option(help="How the files came to the office.")] = Channel.POST,
    json: Json = False,
) -> None:
    """Register files by hand; submitting the same files again changes nothing."""
    parts = _parts()
    digest = hashlib.sha256()
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    receipt = parts.intake.accept(
        Arrival(
            channel=channel,
            key=f"cli:{digest.hexdigest()}",
            arrived_at=parts.clock.now(),
            files=tuple(ArrivedFile(path.name, role=Role.PAGES, path=path) for path in files),
            contact=Contact(name=name, phone=phone, email=email),
            title=title,
            return_channel=reply,
        ),
    )
    if json:
        as_json(asdict(receipt))
    else:
        again = " (registered before)" if receipt.repeated else ""
        console.print(f"{receipt.number}  code {grouped(receipt.access_code)}{again}")


def queue(
    *,
    limit: Annotated[int, typer.Option(help="Most rows.")] = 50,
    json: Json = False,
) -> None:
    """Show open submissions, newest first, and the state of the work."""
    parts = _parts()
    with parts.database.reading() as tx:
        shown = listing.latest(tx, limit=limit)
        unfinished, stuck = jobs.unfinished(tx), jobs.stuck(tx)
    if json:
        as_json(
            {"submissions": [asdict(w) for w in shown], "jobs": unfinished, "stuck": [asdict(job) for job in stuck]}
        )
        return
    people = parts.directory.people
    table(
        "Open submissions",
        ("number", "by", "received", "state", "title", "unit", "handler"),
        (
            (
                w.number, w.channel, moment(w.received_at), w.state, w.title or "-", w.unit_code or "-",
                people[w.handler_id].name if w.handler_id in people else "-",
            )
            for w in shown
        ),
    )  # fmt: skip
    console.print(f"{unfinished} jobs waiting or under way, {len(stuck)} stuck")
    for job in stuck:
        console.print(f"  stuck: job {job.id} {job.kind} of submission {job.submission_id}: {job.last_error}")


def show(number: Annotated[str, typer.Argument(help="Receipt number, 2026-0000123.")], *, json: Json = False) -> None:
    """Show one submission: facts, files, clocks, deliveries."""
    parts = _parts()
    with parts.database.reading() as tx:
        submission = submissions.by_number(tx, number)
        files = submissions.originals(tx, submission.id)
        clocks = queues.clocks_of(tx, submission.id)
        leaving = deliveries.for_submission(tx, submission.id)
    if json:
        as_json(
            {
                "submission": asdict(submission),
                "files": [asdict(file) for file in files],
                "clocks": [asdict(clock) for clock in clocks.values()],
                "deliveries": [asdict(delivery) for delivery in leaving],
            },
        )
        return
    table(f"Submission {number}", ("what", "is"), _facts(submission))
    table(
        "Files",
        ("#", "role", "name", "type", "bytes", "pages", "trouble"),
        ((f.position, f.role, f.name, f.media_type, f.size, f.pages or "-", f.trouble or "-") for f in files),
    )
    table(
        "Clocks",
        ("clock", "rule", "due", "satisfied", "breached"),
        ((c.name, c.rule, moment(c.due_at), moment(c.satisfied_at), moment(c.breached_at)) for c in clocks.values()),
    )
    table(
        "Deliveries",
        ("#", "purpose", "route", "state", "reason", "changed"),
        ((d.id, d.purpose, d.route, d.state, d.reason or "-", moment(d.changed_at)) for d in leaving),
    )


def history(
    number: Annotated[str, typer.Argument(help="Receipt number, 2026-0000123.")], *, json: Json = False
) -> None:
    """Show one submission's ledger, and whether its chain is intact."""
    parts = _parts()
    with parts.database.reading() as tx:
        entries = ledger.history(tx, submissions.by_number(tx, number).id)
    wrong = verify(entries)
    if json:
        as_json({"entries": [asdict(entry) | {"digest": digest} for entry, digest in entries], "wrong": wrong})
    else:
        table(
            f"Ledger of {number}",
            ("#", "at", "who", "what", "why"),
            ((e.sequence, moment(e.at), e.actor, e.event, e.why or _brief(e.facts)) for e, _ in entries),
        )
        console.print("chain intact" if not wrong else "\n".join(wrong))
    if wrong:
        raise GatewayError(
            f"the ledger of {number} was changed", remedy="Compare with the last backup; docs/operations.md says how."
        )


def doctor(*, json: Json = False) -> None:
    """Check everything the gateway needs, and say what to do about what is wrong."""
    found = checks.all_checks(_parts())
    if json:
        as_json([asdict(finding) for finding in found])
    else:
        table(
            "Checks",
            ("", "check", "finding", "remedy"),
            (("ok" if f.ok else "WRONG", f.id, f.finding, "" if f.ok else f.hint) for f in found),
        )
    wrong = [f.id for f in found if not f.ok]
    if wrong:
        raise ConfigurationError(f"{len(wrong)} of {len(found)} checks failed: {', '.join(wrong)}")


def _parts() -> Parts:
    return Parts(settings_from_environment())


def _brief(facts: object) -> str:
    return ", ".join(f"{name}={value}" for name, value in dict(facts).items() if not name.startswith("sha256"))  # type: ignore[call-overload] # a mapping


def _facts(s: Submission) -> list[tuple[str, object]]:
    return [
        ("channel", s.channel),
        ("state", f"{s.state}{' (unverified)' if s.unverified else ''}"),
        ("arrived", moment(s.arrived_at)),
        ("received", moment(s.received_at)),
        ("from", s.contact.name or "-"),
        ("title", s.title or "-"),
        ("reply by", s.return_channel or "-"),
        ("kind", s.kind_code or "-"),
        ("unit", s.unit_code or "-"),
        ("handler", s.handler_id or "-"),
        ("why there", s.route_reason or "-"),
        ("assigned", moment(s.assigned_at)),
        ("first seen", moment(s.first_seen_at)),
        ("plan told", moment(s.told_at)),
        ("decided", moment(s.decided_at)),
        ("closed", moment(s.closed_at)),
    ]
