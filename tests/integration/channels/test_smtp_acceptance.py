"""Mail over real SMTP through the real door into SQLite and blobs on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from channels.limits import SmtpLimits
from gateway.domain.submission import Channel, Role
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import ledger, schema, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.mailroom import CITIZEN, OURS, MailRoom, running, wire
from tests.parts import OpenAlways

MAIL = (
    b"From: =?utf-8?B?7ZmN6rCA656M?= <garam@citizen.example>\r\nTo: minwon@onnuri.example\r\n"
    b"Subject: street lamp\r\nMessage-ID: <1@citizen.example>\r\n\r\nThe lamp is dark.\r\n"
)


@pytest.fixture
def room(intake: Intake, clock: FixedClock, tmp_path: Path) -> Iterator[MailRoom]:
    with running(intake, clock, tmp_path / "spool") as room:
        yield room


def count(database: Database) -> int:
    with database.reading() as tx:
        return int(tx.execute(sa.select(sa.func.count()).select_from(schema.submissions)).scalar_one())


def test_250_carries_the_receipt_number_of_a_submission_that_holds_the_mail_byte_for_byte(
    room: MailRoom, database: Database, blobs: FileBlobs, clock: FixedClock
) -> None:
    code, text = room.send(MAIL)
    assert code == 250
    number = text.split()[-1]
    with database.reading() as tx:
        submission = submissions.by_number(tx, number)
        (original,) = submissions.originals(tx, submission.id)
        jobs = tx.execute(sa.select(schema.jobs.c.kind)).scalars().all()
        assert ledger.verify_all(tx) == {}
    assert blobs.read(original.sha256) == MAIL
    assert (original.role, original.name) == (Role.ENVELOPE, "message.eml")
    assert (submission.channel, submission.arrived_at) == (Channel.EMAIL, clock.now())
    assert submission.contact.email == CITIZEN
    assert submission.facts["mail_to"] == OURS
    assert submission.facts["helo"] == "client.example"
    assert jobs == ["unfold"]


def test_a_mail_redelivered_after_a_lost_250_gets_the_same_number(room: MailRoom, database: Database) -> None:
    first = room.send(MAIL)[1]
    again = room.send(MAIL)[1]
    assert first.split()[3] == again.split()[3]
    assert "had been received before" in again
    assert count(database) == 1


def test_one_message_id_with_different_content_is_two_submissions(room: MailRoom, database: Database) -> None:
    with room.smtp() as one, room.smtp() as other:
        for client, body in ((one, MAIL), (other, MAIL + b"And the bench is broken.\r\n")):
            assert client.sendmail(CITIZEN, [OURS], body) == {}
    assert count(database) == 2


def test_the_same_text_from_two_citizens_is_two_submissions(room: MailRoom, database: Database) -> None:
    room.send(MAIL)
    room.send(MAIL, sender="naru@citizen.example")
    assert count(database) == 2


def test_a_mail_to_two_of_our_addresses_is_one_submission(room: MailRoom, database: Database) -> None:
    with room.smtp() as client:
        client.sendmail(CITIZEN, [OURS, "Fax@Onnuri.example"], MAIL)
    assert count(database) == 1


def test_an_empty_mail_is_a_submission(room: MailRoom, database: Database, blobs: FileBlobs) -> None:
    with wire(room.port) as connection:
        connection.begin()
        assert connection.say(b".").startswith(b"250 2.0.0")
    with database.reading() as tx:
        (original,) = submissions.originals(tx, 1)
    assert blobs.read(original.sha256) == b""


def test_a_bounce_is_taken_too(room: MailRoom, database: Database) -> None:
    assert room.send(MAIL, sender="")[0] == 250
    with database.reading() as tx:
        assert submissions.get(tx, 1).contact.email == ""


def test_addresses_in_raw_euc_kr_and_control_characters_do_not_stop_acceptance(
    room: MailRoom, database: Database
) -> None:
    with wire(room.port) as connection:
        connection.say("EHLO 온누리".encode("euc-kr") + b"\x00x")
        sender = b"MAIL FROM:<" + "홍가람".encode("euc-kr") + b"@citizen.example>"
        assert connection.say(sender).startswith(b"250")
        assert connection.say(f"RCPT TO:<{OURS}>".encode()).startswith(b"250")
        assert connection.say(b"DATA").startswith(b"354")
        assert connection.say(b"hello\r\n.").startswith(b"250")
    assert count(database) == 1


def test_an_address_that_is_not_ours_is_refused_and_nothing_is_ever_relayed(room: MailRoom, database: Database) -> None:
    for stranger in ("someone@elsewhere.example", "nobody@onnuri.example", f"{OURS}.evil.example", f"x%{OURS}"):
        code, text = room.send(MAIL, to=stranger)
        assert (code, text[:5]) == (550, "5.1.1")
    assert count(database) == 0


def test_the_postmaster_is_one_of_us(room: MailRoom) -> None:
    assert room.send(MAIL, to="postmaster@onnuri.example")[0] == 250


def test_a_mail_over_the_limit_is_refused_and_the_connection_goes_on(
    intake: Intake, clock: FixedClock, tmp_path: Path, database: Database
) -> None:
    limits = SmtpLimits(message_bytes=200_000, in_memory_bytes=10_000)
    with running(intake, clock, tmp_path / "spool", limits=limits) as room:
        with room.smtp() as client:
            client.ehlo()
            assert client.esmtp_features["size"] == "200000"
            assert client.docmd("MAIL", f"FROM:<{CITIZEN}> SIZE=200001")[0] == 552
            client.mail(CITIZEN)
            client.rcpt(OURS)
            code, text = client.data(b"x" * 76 + b"\r\n" + b"y" * 300_000)
            assert (code, text[:5]) == (552, b"5.3.4")
            assert client.sendmail(CITIZEN, [OURS], MAIL) == {}
        assert list((tmp_path / "spool").glob("*")) == []
    assert count(database) == 1


def test_a_large_mail_goes_through_the_spool_and_leaves_nothing_there(
    intake: Intake, clock: FixedClock, tmp_path: Path, database: Database, blobs: FileBlobs
) -> None:
    # lines beyond 1,000 bytes (which aiosmtpd itself refuses) and dots at every place a piece may be cut
    body = b"".join(b"." * (n % 7) + bytes([97 + n % 26]) * (n * 13 % 5000) + b"\r\n" for n in range(400))
    mail = b"Subject: large\r\n\r\n" + body
    with running(intake, clock, tmp_path / "spool", limits=SmtpLimits(in_memory_bytes=20_000)) as room:
        assert room.send(mail)[0] == 250
    with database.reading() as tx:
        (original,) = submissions.originals(tx, 1)
    assert blobs.read(original.sha256) == mail
    assert list((tmp_path / "spool").glob("*")) == []


def test_a_locked_database_is_451_and_nothing_is_registered(room: MailRoom, database: Database, tmp_path: Path) -> None:
    lock = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        code, text = room.send(MAIL)
        assert (code, text[:5]) == (451, "4.3.0")
        assert "database" not in text
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert count(database) == 0
    assert room.send(MAIL)[0] == 250
    assert count(database) == 1


def test_a_blob_folder_that_cannot_be_written_is_451(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_bytes(b"a file where the folder should be")
    intake = Intake(database, FileBlobs(tmp_path / "occupied"), clock, OpenAlways())
    with running(intake, clock, tmp_path / "spool") as room:
        assert room.send(MAIL)[0] == 451
    assert count(database) == 0


def test_a_spool_that_cannot_be_written_is_452_and_small_mails_still_pass(
    intake: Intake, clock: FixedClock, tmp_path: Path, database: Database
) -> None:
    (tmp_path / "spool").write_bytes(b"a file where the folder should be")
    with running(intake, clock, tmp_path / "spool", limits=SmtpLimits(in_memory_bytes=1000)) as room:
        code, text = room.send(b"z" * 70_000 + b"\r\n")
        assert (code, text[:5]) == (452, "4.3.1")
        assert room.send(MAIL)[0] == 250
    assert count(database) == 1
