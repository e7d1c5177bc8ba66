"""The stage that gives a submission to its case handler (C1).

Guarantees: kind, unit, handler and the reason, the ledger entry, the satisfied C1, the started period and the handler's
notice commit together with the job. A submission that has been assigned meanwhile, or is withdrawn, is left as it is.
Fails with `StaleSubmission` (tried again) when somebody changed it in between.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.engine import Connection

from dispatch.deadlines import due
from dispatch.directory import Absence, Directory
from dispatch.routing import Decision, Matter, Router
from gateway.domain.clocks import ClockName, ClockStart
from gateway.domain.delivery import Purpose
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import Event, State, allows
from gateway.domain.times import Clock
from gateway.domain.transcript import FieldName, Transcript
from gateway.store import clocks, jobs, staffing, submissions
from gateway.store.database import Database

ACTOR = "system:dispatch"
UNVERIFIED = "unverified"
"""Subject of an ASSIGN job that may hand over what nobody has read or verified yet."""


class Assignment:
    """Gives submissions to handlers.

    Args:
        database: where submissions lie.
        directory: the office.
        clock: the present.
    """

    def __init__(self, database: Database, directory: Directory, clock: Clock) -> None:
        self._database = database
        self._directory = directory
        self._router = Router(directory)
        self._clock = clock
        self._handlers = tuple(
            person.id for unit_code in directory.units for person in directory.handlers_of(unit_code)
        )

    def __call__(self, lease: Lease) -> None:
        """Do one ASSIGN job.

        Raises:
            LostLease: another worker does it; nothing was written.
            StaleSubmission: somebody changed the submission; nothing was written.
        """
        now = self._clock.now()
        with self._database.reading() as tx:
            submission = submissions.get(tx, lease.submission_id)
            event = event_for(submission.state, lease.subject)
            decision = self._decide(tx, submission, now) if event else None
        with self._database.transaction() as tx:
            if event and decision:
                self._commit(tx, submission, event, decision, now)
            jobs.complete(tx, lease, now=now)

    def _decide(self, tx: Connection, submission: submissions.Submission, now: datetime) -> Decision:
        matter = matter_of(submission, submissions.transcript(tx, submission.id) or Transcript())
        load = staffing.open_cases(tx, self._handlers)
        return self._router.decide(matter, at=now, load=load, absences=recorded_absences(tx, now))

    def _commit(
        self, tx: Connection, submission: submissions.Submission, event: Event, decision: Decision, now: datetime
    ) -> None:
        submissions.move(
            tx,
            submission,
            event,
            actor=ACTOR,
            at=now,
            why=decision.reason,
            facts={
                "unit": decision.unit_code,
                "handler": decision.handler_id,
                "kind": decision.kind_code,
                "confident": "yes" if decision.confident else "no",
                "candidates": ", ".join(f"{code} {score:.3f}" for code, score in decision.candidates),
            },
            kind_code=decision.kind_code,
            unit_code=decision.unit_code,
            handler_id=decision.handler_id,
            route_reason=decision.reason,
            unverified=event is Event.ASSIGNED_UNVERIFIED,
            assigned_at=now,
        )
        clocks.satisfy(tx, submission.id, ClockName.C1, at=now)
        start_period(tx, self._directory, submission, decision.kind_code)
        jobs.add(tx, JobKind.COMPOSE, submission.id, subject=Purpose.HANDLER_NOTICE, now=now)


def event_for(state: State, subject: str) -> Event | None:
    """The step an ASSIGN job takes from `state`; None when there is nothing left for it to do."""
    if allows(state, Event.ASSIGNED):
        return Event.ASSIGNED
    if subject == UNVERIFIED and allows(state, Event.ASSIGNED_UNVERIFIED):
        return Event.ASSIGNED_UNVERIFIED
    return None


def matter_of(submission: submissions.Submission, transcript: Transcript) -> Matter:
    """What routing may know of a submission."""
    return Matter(
        kind_code=submission.kind_code,
        title=submission.title or transcript.value(FieldName.TITLE),
        text="\n".join(part for part in (submission.text, transcript.text) if part),
        mail_to=submission.facts.get("mail_to", ""),
        dialled=submission.facts.get("dialled", ""),
    )


def recorded_absences(tx: Connection, now: datetime) -> tuple[Absence, ...]:
    """Who is away at the present by what was recorded beside `staff.csv`."""
    return tuple(
        Absence(found.staff_id, found.away_from, found.away_until, found.deputy_id)
        for found in staffing.absences_at(tx, now)
    )


def start_period(tx: Connection, directory: Directory, submission: submissions.Submission, kind_code: str) -> None:
    """Start the kind's own period, counted from receipt; a period that runs already is set anew."""
    rule = directory.kind(kind_code).rule
    due_at = due(rule, submission.received_at, directory.charter.calendar).astimezone(UTC)
    clocks.start(
        tx, submission.id, ClockStart(ClockName.PERIOD, str(rule), due_at), at=submission.received_at
    )  # fmt: skip
