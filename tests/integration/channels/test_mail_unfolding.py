"""An accepted mail unfolded by the real stage: real child process, SQLite and blobs."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.limits import MailBounds
from channels.mime import MailReader, sandbox_limits
from channels.unfold import UNREADABLE_TEXT, Unfolding
from gateway.domain.errors import LostLease
from gateway.domain.jobs import Lease
from gateway.domain.submission import Arrival, ArrivedFile, Channel, Contact, Original, Role
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.sandbox import Sandbox
from gateway.store import jobs, ledger, schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database

OURS = "minwon@onnuri.example"
CITIZEN = "garam@citizen.example"


class Desk:
    """Accepts mails and unfolds them as a worker would."""

    def __init__(self, intake: Intake, database: Database, clock: FixedClock, unfolding: Unfolding) -> None:
        self._intake = intake
        self._database = database
        self._clock = clock
        self._unfolding = unfolding

    def accept(self, raw: bytes, mail_from: str = CITIZEN) -> int:
        return self._intake.accept(
            Arrival(
                channel=Channel.EMAIL,
                key=f"key-{hash(raw)}",
                arrived_at=self._clock.now(),
                files=(ArrivedFile("message.eml", "message/rfc822", Role.ENVELOPE, raw),),
                contact=Contact(email=mail_from),
                facts={"mail_from": mail_from, "mail_to": OURS},
            )
        ).submission_id

    def claim(self) -> Lease:
        with self._database.transaction() as tx:
            job = (
                tx.execute(
                    sa.select(schema.jobs.c.id).where(schema.jobs.c.kind == "unfold").order_by(schema.jobs.c.id.desc())
                )
                .scalars()
                .first()
            )
            assert job is not None
            lease = jobs.claim(tx, job, now=self._clock.now())
        assert lease is not None
        return lease

    def unfold(self, mail: EmailMessage | bytes, mail_from: str = CITIZEN) -> int:
        submission_id = self.accept(mail.as_bytes() if isinstance(mail, EmailMessage) else mail, mail_from)
        self._unfolding(self.claim())
        return submission_id

    def originals(self, submission_id: int) -> tuple[Original, ...]:
        with self._database.reading() as tx:
            assert ledger.verify_all(tx) == {}
            return submissions.originals(tx, submission_id)

    def next_jobs(self, submission_id: int) -> list[str]:
        with self._database.reading() as tx:
            rows = tx.execute(
                sa.select(schema.jobs.c.kind)
                .where(schema.jobs.c.submission_id == submission_id, schema.jobs.c.state == "waiting")
                .order_by(schema.jobs.c.id)
            )
            return list(rows.scalars())

    def told(self, submission_id: int) -> dict[str, str]:
        """Facts of the last ledger entry."""
        with self._database.reading() as tx:
            entry, _ = ledger.history(tx, submission_id)[-1]
        return {**entry.facts, "event": entry.event}


def desk_with(
    bounds: MailBounds, intake: Intake, database: Database, blobs: FileBlobs, clock: FixedClock, work: Path
) -> tuple[Desk, Sandbox]:
    child = Sandbox("channels.mime_child", **sandbox_limits(bounds))
    unfolding = Unfolding(database, blobs, clock, MailReader(child, bounds), own_addresses=[OURS], work=work)
    return Desk(intake, database, clock, unfolding), child


@pytest.fixture
def desk(intake: Intake, database: Database, blobs: FileBlobs, clock: FixedClock, tmp_path: Path) -> Iterator[Desk]:
    desk, child = desk_with(MailBounds(), intake, database, blobs, clock, tmp_path / "work")
    yield desk
    child.close()
    assert list((tmp_path / "work").glob("*")) == []


def letter(sender: str = f"홍가람 <{CITIZEN}>") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["Subject"] = "가로등 고장 신고 900101-1234567"
    mail.set_content("가로등이 꺼졌습니다.")
    return mail


def test_a_mail_with_attachments_becomes_its_parts_and_goes_on(
    desk: Desk, database: Database, blobs: FileBlobs
) -> None:
    mail = letter()
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="신청서.pdf")
    mail.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="신청서.pdf")
    submission_id = desk.unfold(mail)
    envelope, body, first, second = desk.originals(submission_id)
    assert [o.role for o in (body, first, second)] == [Role.BODY, Role.ATTACHMENT, Role.ATTACHMENT]
    assert {o.parent_id for o in (body, first, second)} == {envelope.id}
    assert blobs.read(body.sha256).decode() == "가로등이 꺼졌습니다."
    assert (first.name, second.name, first.sha256 == second.sha256) == ("신청서.pdf", "신청서.pdf", True)
    with database.reading() as tx:
        submission = submissions.get(tx, submission_id)
    assert (submission.contact.name, submission.contact.email) == ("홍가람", CITIZEN)
    assert submission.title == "가로등 고장 신고 900101-1******"
    assert desk.next_jobs(submission_id) == ["acknowledge", "transcribe"]
    assert desk.told(submission_id)["event"] == "unfolded"


def test_a_mail_of_raw_euc_kr_with_an_attachment_named_in_it(desk: Desk, database: Database) -> None:
    name = "민원 신청서.hwp".encode("euc-kr")
    raw = (
        b"From: " + "홍가람".encode("euc-kr") + b" <garam@citizen.example>\r\nSubject: " + "도로 파손".encode("euc-kr")
        + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
        + "도로가 파였습니다".encode("euc-kr") + b'\r\n--b\r\nContent-Type: application/x-hwp; name="' + name
        + b'"\r\n\r\nHWP\r\n--b--\r\n'
    )  # fmt: skip
    submission_id = desk.unfold(raw)
    _, body, file = desk.originals(submission_id)
    assert (file.name, file.media_type, body.name) == ("민원 신청서.hwp", "application/x-hwp", "본문.txt")
    with database.reading() as tx:
        assert submissions.get(tx, submission_id).title == "도로 파손"


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"Subject: only\r\n\r\n"])
def test_an_empty_mail_is_still_a_submission_that_goes_on(desk: Desk, raw: bytes) -> None:
    submission_id = desk.unfold(raw)
    (envelope,) = desk.originals(submission_id)
    assert envelope.trouble == ""
    assert "transcribe" in desk.next_jobs(submission_id)


def test_a_bounce_a_list_mail_our_own_mail_and_a_forged_sender_are_not_acknowledged(desk: Desk) -> None:
    listed = letter()
    listed["List-Id"] = "<news.citizen.example>"
    for mail, mail_from in (
        (letter(), ""),
        (listed, CITIZEN),
        (letter(OURS), CITIZEN),
        (letter("someone@elsewhere.example"), CITIZEN),
    ):
        submission_id = desk.unfold(mail, mail_from)
        assert desk.next_jobs(submission_id) == ["transcribe"]
        assert desk.told(submission_id)["not_acknowledged"]


@pytest.mark.parametrize("bounds", [MailBounds(memory_bytes=160 << 20), MailBounds(wall_s=1.0)], ids=["memory", "time"])
def test_a_mail_the_child_cannot_bear_keeps_its_envelope_and_goes_before_a_person(
    bounds: MailBounds, intake: Intake, database: Database, blobs: FileBlobs, clock: FixedClock, tmp_path: Path
) -> None:
    # more text than the child may hold, or may read in its time
    raw = b"Content-Type: text/html; charset=utf-8\r\n\r\n" + b"<p>&nbsp;<b " * 4_000_000
    desk, child = desk_with(bounds, intake, database, blobs, clock, tmp_path / "work")
    try:
        submission_id = desk.unfold(raw)
        (envelope,) = desk.originals(submission_id)
        assert envelope.trouble == UNREADABLE_TEXT
        assert blobs.read(envelope.sha256) == raw
        assert desk.next_jobs(submission_id) == ["transcribe"]
        assert desk.told(submission_id)["event"] == "could_not_be_unfolded"
        assert len(desk.originals(desk.unfold(letter()))) == 2  # the next mail is read as ever
    finally:
        child.close()


def test_a_worker_that_lost_its_lease_writes_nothing_and_the_other_adds_nothing_twice(
    desk: Desk, clock: FixedClock
) -> None:
    submission_id = desk.accept(letter().as_bytes())
    slow = desk.claim()
    clock.at += jobs.LEASE * 2
    desk._unfolding(desk.claim())
    with pytest.raises(LostLease):
        desk._unfolding(slow)
    assert len(desk.originals(submission_id)) == 2
    assert desk.next_jobs(submission_id) == ["acknowledge", "transcribe"]
