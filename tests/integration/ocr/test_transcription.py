"""The stage and the clerk's word on a real database, real blobs and a real child."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.domain.errors import LostLease, PermanentError
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import Event, State
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, ReturnChannel, Role
from gateway.domain.times import FixedClock
from gateway.domain.transcript import FieldName, Source
from gateway.intake import Intake
from gateway.store import jobs, ledger, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.store.schema import jobs as jobs_table
from ocr import troubles
from ocr.fields import OwnContacts
from ocr.reader import Reader
from ocr.stage import Transcription
from ocr.verification import confirm

OWN = OwnContacts(phones=frozenset({"063-290-2114", "063-290-2115"}))


class Desk:
    """Accepts files and reads them, as the runtime would."""

    def __init__(
        self, database: Database, blobs: FileBlobs, clock: FixedClock, intake: Intake, reader: Reader, work: Path
    ) -> None:
        self.database, self.clock, self.intake = database, clock, intake
        self.stage = Transcription(database, blobs, clock, reader=reader, own=OWN, work=work)

    def accept(
        self, *files: tuple[str, bytes], channel: Channel = Channel.POST, text: str = "", contact: Contact | None = None
    ) -> int:
        arrived = tuple(ArrivedFile(name, "", Role.PAGES, content) for name, content in files)
        return self.intake.accept(
            Arrival(channel, f"key-{files}-{text}"[:150], self.clock.now(), arrived, contact or Contact(), text=text)
        ).submission_id

    def lease(self, submission_id: int) -> Lease:
        """Claim the submission's reading, queued anew when it was done before."""
        with self.database.transaction() as tx:
            if not jobs.outstanding(tx, submission_id, JobKind.TRANSCRIBE):
                jobs.add(tx, JobKind.TRANSCRIBE, submission_id, now=self.clock.now())
            job_id = tx.execute(
                jobs_table.select()
                .where(jobs_table.c.submission_id == submission_id, jobs_table.c.kind == JobKind.TRANSCRIBE)
                .order_by(jobs_table.c.id.desc())
            ).first()
            assert job_id is not None
            lease = jobs.claim(tx, job_id.id, now=self.clock.now())
        assert lease is not None
        return lease

    def read(self, submission_id: int) -> submissions.Submission:
        self.stage(self.lease(submission_id))
        return self.submission(submission_id)

    def submission(self, submission_id: int) -> submissions.Submission:
        with self.database.reading() as tx:
            return submissions.get(tx, submission_id)

    def routing_is_queued(self, submission_id: int) -> bool:
        with self.database.reading() as tx:
            return jobs.outstanding(tx, submission_id, JobKind.ASSIGN)

    def events(self, submission_id: int) -> list[str]:
        with self.database.reading() as tx:
            return [entry.event for entry, _ in ledger.history(tx, submission_id)]


@pytest.fixture
def desk(
    database: Database, blobs: FileBlobs, clock: FixedClock, intake: Intake, reader: Reader, tmp_path: Path
) -> Desk:
    return Desk(database, blobs, clock, intake, reader, tmp_path / "work")


TYPED = "성명: 김하늘\n연락처: 010-0000-4821\n회신은 우편으로 보내 주세요.\n주소: 전북 온누리군 새빛읍 들꽃로 27"


def test_a_clean_form_by_post_is_read_and_goes_on_to_routing(desk: Desk, samples: Path, blobs: FileBlobs) -> None:
    case = desk.accept(("clean.png", (samples / "clean.png").read_bytes()))
    after = desk.read(case)
    assert after.state in {State.TRANSCRIBED, State.AWAITING_VERIFICATION}
    assert desk.routing_is_queued(case) is (after.state is State.TRANSCRIBED)
    assert after.contact.name == "김하늘"
    assert after.contact.phone == "010-0000-4821"
    assert after.return_channel is ReturnChannel.POST
    assert after.title == "들꽃로 가로등 고장 수리 요청"
    with desk.database.reading() as tx:
        (original,) = submissions.originals(tx, case)
        transcript = submissions.transcript(tx, case)
    assert (original.pages, original.media_type, original.trouble) == (1, "image/png", "")
    assert original.rendition_sha256 is not None
    assert blobs.read(original.rendition_sha256).startswith(b"%PDF-")
    assert transcript is not None
    assert {page.original_id for page in transcript.pages} == {original.id}


def test_typed_text_needs_no_recognition_and_what_the_channel_knows_stays(desk: Desk) -> None:
    case = desk.accept(channel=Channel.WEB, text=TYPED, contact=Contact(name="김하늘", phone="010-0000-9999"))
    after = desk.read(case)
    assert after.state is State.TRANSCRIBED
    assert after.contact.phone == "010-0000-9999"
    assert after.contact.address == "전북 온누리군 새빛읍 들꽃로 27"
    assert after.return_channel is ReturnChannel.POST
    assert desk.routing_is_queued(case)
    with desk.database.reading() as tx:
        transcript = submissions.transcript(tx, case)
    assert transcript is not None
    assert {page.source for page in transcript.pages} == {Source.PLAIN}


def test_one_bad_file_among_good_ones_goes_to_the_clerk_with_its_reason(desk: Desk) -> None:
    case = desk.accept(("빈 스캔.pdf", b""), ("글.txt", TYPED.encode()))
    after = desk.read(case)
    assert after.state is State.AWAITING_VERIFICATION
    assert not desk.routing_is_queued(case)
    assert after.contact.name == "김하늘"
    with desk.database.reading() as tx:
        empty, text = submissions.originals(tx, case)
        transcript = submissions.transcript(tx, case)
    assert (empty.trouble, empty.rendition_sha256, text.trouble) == (troubles.EMPTY, None, "")
    assert transcript is not None
    assert transcript.doubts == (f"빈 스캔.pdf: {troubles.EMPTY}",)


def test_when_nothing_can_be_read_it_is_quarantined_and_a_person_may_ask_again(desk: Desk) -> None:
    case = desk.accept(("x.pdf", b"%PDF-1.7 broken"))
    assert desk.read(case).state is State.QUARANTINED
    assert desk.read(case).state is State.QUARANTINED
    assert desk.events(case)[-4:] == ["reading_started", "could_not_be_read"] * 2
    with desk.database.reading() as tx:
        (original,) = submissions.originals(tx, case)
    assert original.trouble == troubles.DAMAGED


def test_a_submission_handed_over_meanwhile_still_gets_its_transcript(desk: Desk) -> None:
    case = desk.accept(("글.txt", TYPED.encode()))
    lease = desk.lease(case)
    with desk.database.transaction() as tx:
        submission = submissions.get(tx, case)
        submissions.move(
            tx, submission, Event.ASSIGNED_UNVERIFIED, actor="system:sweep", at=desk.clock.now(), unverified=True
        )
    desk.stage(lease)
    after = desk.submission(case)
    assert after.state is State.ASSIGNED
    assert after.contact.name == "김하늘"
    assert "read_late" in desk.events(case)
    assert not desk.routing_is_queued(case)


def test_a_worker_that_lost_its_lease_writes_nothing(desk: Desk) -> None:
    case = desk.accept(("글.txt", TYPED.encode()))
    lost = desk.lease(case)
    desk.clock.at += timedelta(minutes=10)
    desk.read(case)
    before = desk.events(case)
    with pytest.raises(LostLease):
        desk.stage(lost)
    assert desk.events(case) == before


def test_a_good_reading_is_not_repeated(desk: Desk) -> None:
    case = desk.accept(("글.txt", TYPED.encode()), ("빈.pdf", b""))
    desk.read(case)
    with desk.database.reading() as tx:
        before = submissions.transcript(tx, case)
    desk.read(case)
    with desk.database.reading() as tx:
        assert submissions.transcript(tx, case) == before


def test_the_clerks_word_verifies_fills_the_contact_and_queues_routing(desk: Desk) -> None:
    case = desk.accept(("빈.pdf", b""), ("글.txt", TYPED.encode()))
    seen = desk.read(case)
    with desk.database.transaction() as tx:
        after = confirm(
            tx, case,
            {
                FieldName.NAME: "김하늘", FieldName.PHONE: "010 0000 1111", FieldName.FAX: "",
                FieldName.RETURN_CHANNEL: "pickup",
            },
            actor="staff:kim", at=desk.clock.now(), kind_code="inquiry", version=seen.version,
        )  # fmt: skip
        transcript = submissions.transcript(tx, case)
    assert after.state is State.TRANSCRIBED
    assert (after.contact.phone, after.return_channel, after.kind_code) == (
        "010-0000-1111",
        ReturnChannel.PICKUP,
        "inquiry",
    )
    assert desk.routing_is_queued(case)
    assert transcript is not None
    assert transcript.doubts == ()
    verified = {f.name for f in transcript.fields if f.verified}
    assert verified == {FieldName.NAME, FieldName.PHONE, FieldName.RETURN_CHANNEL}
    with desk.database.reading() as tx:
        entry, _ = ledger.history(tx, case)[-1]
    assert (entry.event, entry.actor) == (Event.VERIFIED, "staff:kim")
    assert entry.facts["corrected"] == "phone return_channel"


def test_two_clerks_cannot_both_confirm_and_a_wrong_channel_is_refused(desk: Desk) -> None:
    case = desk.accept(("빈.pdf", b""), ("글.txt", TYPED.encode()))
    seen = desk.read(case)
    with pytest.raises(PermanentError, match="pigeon"), desk.database.transaction() as tx:
        confirm(tx, case, {FieldName.RETURN_CHANNEL: "pigeon"}, actor="staff:a", at=desk.clock.now())
    with desk.database.transaction() as tx:
        confirm(tx, case, {FieldName.NAME: "김하늘"}, actor="staff:a", at=desk.clock.now(), version=seen.version)
    with pytest.raises(submissions.StaleSubmission), desk.database.transaction() as tx:
        confirm(tx, case, {FieldName.NAME: "이두리"}, actor="staff:b", at=desk.clock.now(), version=seen.version)
