"""A case in the sample office with the stage and the acts that work on it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from dispatch.directory import Directory
from dispatch.handling import Handling
from dispatch.stage import Assignment
from gateway.domain.clocks import ClockName
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import Event
from gateway.domain.times import FixedClock
from gateway.domain.transcript import Line, Page, Source, Transcript
from gateway.intake import Intake
from gateway.store import clocks, jobs, ledger, submissions
from gateway.store.database import Database
from gateway.store.schema import jobs as jobs_table
from gateway.store.submissions import Submission
from tests.parts import arrival

OFFICE = Path(__file__).resolve().parents[1] / "office"
LAMP = "온누리읍 행복로 12 앞 가로등이 사흘째 꺼져 있습니다."


class Case:
    """One submission and the parts that move it."""

    def __init__(self, database: Database, intake: Intake, directory: Directory, clock: FixedClock) -> None:
        self.database, self.clock, self.directory, self._intake = database, clock, directory, intake
        self.assignment = Assignment(database, directory, clock)
        self.handling = Handling(database, directory, clock)
        self.id = 0

    def accept(self, key: str = "key-1", *, text: str = LAMP, title: str = "가로등 고장") -> None:
        self.id = self._intake.accept(arrival(key, text=text, title=title, arrived_at=self.clock.at)).submission_id

    def read(self, text: str = LAMP, *, event: Event = Event.READ) -> None:
        page = Page(1, 1, 595, 842, Source.PLAIN, (Line(text, 1.0),))
        with self.database.transaction() as tx:
            at = self.clock.at
            started = submissions.move(tx, self.now(), Event.READING_STARTED, actor="system:ocr", at=at)
            submissions.set_transcript(tx, self.id, Transcript((page,)), at=at)
            submissions.move(tx, started, event, actor="system:ocr", at=at)

    def lease(self, subject: str = "") -> Lease:
        with self.database.transaction() as tx:
            job_id = jobs.add(tx, JobKind.ASSIGN, self.id, subject=subject, now=self.clock.at)
            lease = jobs.claim(tx, job_id, now=self.clock.at)
        assert lease is not None
        return lease

    def assign(self, subject: str = "") -> None:
        self.assignment(self.lease(subject))

    def assigned(self) -> None:
        self.accept()
        self.read()
        self.assign()

    def now(self) -> Submission:
        with self.database.reading() as tx:
            return submissions.get(tx, self.id)

    def clocks(self) -> dict[ClockName, clocks.StoredClock]:
        with self.database.reading() as tx:
            return {clock.name: clock for clock in clocks.of_submission(tx, self.id)}

    def events(self) -> list[str]:
        with self.database.reading() as tx:
            assert ledger.verify_all(tx) == {}
            return [entry.event for entry, _ in ledger.history(tx, self.id)]

    def last_why(self) -> str:
        with self.database.reading() as tx:
            return ledger.history(tx, self.id)[-1][0].why

    def queued(self, kind: JobKind = JobKind.COMPOSE) -> list[str]:
        with self.database.reading() as tx:
            return list(
                tx.execute(
                    sa.select(jobs_table.c.subject)
                    .where(jobs_table.c.submission_id == self.id, jobs_table.c.kind == kind)
                    .where(jobs_table.c.state == jobs.JobState.WAITING)
                    .order_by(jobs_table.c.id)
                ).scalars()
            )
