"""Submissions in rows, on both databases."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.domain.errors import IllegalTransition, NotFound
from gateway.domain.lifecycle import Event, State
from gateway.domain.result import Outcome, Result
from gateway.domain.submission import Contact, Role
from gateway.domain.times import FixedClock
from gateway.domain.transcript import Line, Page, Source, Transcript
from gateway.intake import Intake
from gateway.store import ledger, schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.parts import OpenAlways, arrival


@pytest.fixture
def submission(any_database: Database, blobs: FileBlobs, clock: FixedClock) -> submissions.Submission:
    intake = Intake(any_database, blobs, clock, OpenAlways())
    receipt = intake.accept(arrival(text="가로등이 꺼졌습니다. 900101-1234567"))
    with any_database.reading() as tx:
        return submissions.get(tx, receipt.submission_id)


def test_what_was_accepted_is_read_back_whole(any_database: Database, submission: submissions.Submission) -> None:
    assert submission.state is State.RECEIVED
    assert submission.contact == Contact(name="홍가람", phone="010-0000-1234", email="garam@citizen.example")
    assert submission.text == "가로등이 꺼졌습니다. 900101-1******"
    with any_database.reading() as tx:
        assert submissions.by_number(tx, submission.number) == submission
        assert [(o.role, o.name) for o in submissions.originals(tx, submission.id)] == [
            (Role.BODY, "본문.txt"),
            (Role.ATTACHMENT, "petition.pdf"),
        ]
        with pytest.raises(NotFound):
            submissions.by_number(tx, "2026-9999999")


def test_a_step_changes_the_state_and_the_ledger_together(
    any_database: Database, submission: submissions.Submission, clock: FixedClock
) -> None:
    with any_database.transaction() as tx:
        moved = submissions.move(
            tx, submission, Event.READING_STARTED, actor="system:ocr", at=clock.now(), why="새 파일", title="제목"
        )
    assert (moved.state, moved.version, moved.title) == (State.TRANSCRIBING, 2, "제목")
    with any_database.reading() as tx:
        entries = [entry for entry, _ in ledger.history(tx, submission.id)]
        assert ledger.verify_all(tx) == {}
    assert [entry.event for entry in entries] == ["received", "reading_started"]
    assert entries[1].facts == {"from": "received", "to": "transcribing"}


def test_an_illegal_step_writes_nothing(
    any_database: Database, submission: submissions.Submission, clock: FixedClock
) -> None:
    with pytest.raises(IllegalTransition), any_database.transaction() as tx:
        submissions.move(tx, submission, Event.RETURNED, actor="staff:kim", at=clock.now())
    with any_database.reading() as tx:
        assert len(ledger.history(tx, submission.id)) == 1


def test_of_two_who_read_the_same_version_the_second_is_told_so(
    any_database: Database, submission: submissions.Submission, clock: FixedClock
) -> None:
    with any_database.transaction() as tx:
        submissions.change(tx, submission, title="먼저")
    with pytest.raises(submissions.StaleSubmission), any_database.transaction() as tx:
        submissions.move(tx, submission, Event.READING_STARTED, actor="system:ocr", at=clock.now())
    with any_database.reading() as tx:
        assert submissions.get(tx, submission.id).title == "먼저"
        assert len(ledger.history(tx, submission.id)) == 1


def test_the_state_cannot_be_set_beside_the_table(any_database: Database, submission: submissions.Submission) -> None:
    with pytest.raises(ValueError, match="move"), any_database.transaction() as tx:
        submissions.change(tx, submission, state=State.CLOSED)


def test_a_tampered_ledger_row_is_found(any_database: Database, submission: submissions.Submission) -> None:
    with any_database.transaction() as tx:
        tx.execute(schema.ledger.update().values(actor="nobody"))
        assert list(ledger.verify_all(tx)) == [submission.id]


def test_files_transcripts_and_results_are_kept(
    any_database: Database, submission: submissions.Submission, clock: FixedClock
) -> None:
    whole = Transcript((Page(1, 1, 595, 842, Source.OCR, (Line("가로등", 0.9),)),), (), ("흐림",))
    result = Result(Outcome.ANSWERED, "고쳤습니다.")
    with any_database.transaction() as tx:
        added = submissions.add_original(tx, submission.id, sha256="a" * 64, size=3, role=Role.ATTACHMENT, name="b.txt")
        submissions.describe_original(tx, added, pages=2, trouble="암호가 걸려 있습니다.")
        submissions.set_transcript(tx, submission.id, Transcript(), at=clock.now())
        submissions.set_transcript(tx, submission.id, whole, at=clock.now())
        submissions.change(tx, submission, result=submissions.result_column(result))
    with any_database.reading() as tx:
        third = submissions.original(tx, added)
        assert (third.position, third.pages, third.trouble) == (3, 2, "암호가 걸려 있습니다.")
        assert submissions.transcript(tx, submission.id) == whole
        assert submissions.get(tx, submission.id).result == result


def test_migrations_make_exactly_the_declared_schema(any_database: Database) -> None:
    with any_database.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), schema.metadata) == []
        assert sa.inspect(tx).has_table("submissions")
