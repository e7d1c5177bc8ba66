"""Returns from the decision to the closed case, over a real database, Typst, a mail folder and a scripted fax line."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import deliveries, jobs, ledger, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from notifications import internet
from notifications.delivering import NO_FAX_LINE, sweep_in_doubt
from notifications.mail import FolderWay
from notifications.ports import FaxState
from notifications.press import LetterPress
from tests.parts import arrival
from tests.returns_office import FULL_CONTACT, REFUSED, Returns, ScriptedLine, pdf_text

S = DeliveryState
BY_MAIL_ONLY = Contact("홍가람", email="garam@citizen.example")


def mails(mailbox: Path) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in (mailbox / "new").glob("*.eml")
    ]
    return [m for m in found if isinstance(m, EmailMessage)]


def states(returns: Returns, submission_id: int, *purposes: Purpose) -> list[tuple[Route, S]]:
    return [(d.route, d.state) for d in returns.sent(submission_id, *purposes)]


def events(returns: Returns, submission_id: int) -> list[str]:
    with returns.database.reading() as tx:
        assert ledger.verify_all(tx) == {}
        return [str(entry.event) for entry, _ in ledger.history(tx, submission_id)]


def test_an_acknowledgement_goes_out_at_once_with_the_receipt_slip(
    returns: Returns, intake: Intake, mailbox: Path
) -> None:
    submission_id = returns.assigned(intake)
    returns.work()
    assert states(returns, submission_id) == [(Route.INTERNET, S.SENT), (Route.EMAIL, S.SENT)]
    (mail,) = mails(mailbox)
    assert mail["Auto-Submitted"] == "auto-replied"
    (letter,) = mail.iter_attachments()
    text = pdf_text(letter.get_content())
    case = returns.submission(submission_id)
    assert case.number in text
    assert "서다온" in text  # the intake desk's, before and after there is a handler
    page, sent = returns.sent(submission_id)
    assert page.document_number == sent.document_number == "민원봉사과-1"
    assert sent.proof["attempt"] == mail["Message-ID"]


def test_a_second_acknowledgement_job_sends_nothing(returns: Returns, intake: Intake, mailbox: Path) -> None:
    submission_id = returns.assigned(intake)
    with returns.database.transaction() as tx:
        jobs.add(tx, JobKind.ACKNOWLEDGE, submission_id, now=returns.clock.now())
    returns.work()
    assert len(mails(mailbox)) == 1


def test_a_plan_names_its_handler_and_a_second_handler_tells_it_anew(
    returns: Returns, intake: Intake, mailbox: Path
) -> None:
    submission_id = returns.assigned(intake, channel=Channel.EMAIL, contact=BY_MAIL_ONLY, return_channel=None)
    returns.tell(submission_id)
    returns.work()
    with returns.database.transaction() as tx:
        jobs.add(tx, JobKind.COMPOSE, submission_id, subject=Purpose.PLAN, now=returns.clock.now())
    returns.work()
    plans = returns.sent(submission_id, Purpose.PLAN)
    assert [(d.route, d.position) for d in plans] == [
        (Route.INTERNET, 1), (Route.EMAIL, 1), (Route.INTERNET, 2), (Route.EMAIL, 2),
    ]  # fmt: skip
    assert len({d.document_number for d in plans}) == 2
    told = [m for m in mails(mailbox) if "처리계획" in m["Subject"]]
    assert len(told) == 2
    assert all(m["Auto-Submitted"] == "auto-generated" for m in told)


def test_an_internet_result_closes_the_case_and_its_opening_is_kept(returns: Returns, intake: Intake) -> None:
    submission_id = returns.assigned(intake)
    returns.decide(submission_id)
    returns.work()
    case = returns.submission(submission_id)
    assert case.state is State.CLOSED
    assert case.closed_at == returns.clock.now()
    page = returns.sent(submission_id, Purpose.RESULT)[0]
    opened = [
        internet.opened(returns.database, submission_id, delivery_id=page.id, at=returns.clock.now()) for _ in range(2)
    ]
    assert opened == [True, False]
    assert returns.sent(submission_id, Purpose.RESULT)[0].state is S.DELIVERED
    assert events(returns, submission_id).count("delivery_delivered") == 1


def test_the_page_of_another_case_cannot_be_opened(returns: Returns, intake: Intake) -> None:
    first, second = returns.assigned(intake, key="a"), returns.assigned(intake, key="b")
    returns.work()
    page = returns.sent(first)[0]
    assert not internet.opened(returns.database, second, delivery_id=page.id, at=returns.clock.now())


def test_a_refusal_is_a_letter_of_its_own_kind(returns: Returns, intake: Intake, blobs: FileBlobs) -> None:
    submission_id = returns.assigned(intake)
    returns.decide(submission_id, REFUSED)
    returns.work()
    page = returns.sent(submission_id, Purpose.REFUSAL)[0]
    assert page.document_sha256 is not None
    assert "".join(REFUSED.remedy.split()) in pdf_text(blobs.read(page.document_sha256))
    assert returns.submission(submission_id).state is State.CLOSED


def test_a_fax_is_submitted_once_polled_and_proven_by_its_pages(
    returns: Returns, intake: Intake, line: ScriptedLine
) -> None:
    line.state = FaxState.ACTIVE
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None)
    returns.decide(submission_id)
    returns.work()
    for _ in range(3):
        returns.later(timedelta(seconds=10))
    assert states(returns, submission_id, Purpose.RESULT) == [(Route.FAX, S.SENDING)]
    line.state = FaxState.DONE
    returns.later(timedelta(seconds=10))
    (fax,) = returns.sent(submission_id, Purpose.RESULT)
    assert fax.state is S.DELIVERED
    assert fax.proof["pages"] == "1/1"
    assert [number for _, number, key in line.submitted if key == fax.proof["attempt"]] == ["0632907777"]
    assert returns.submission(submission_id).state is State.CLOSED


def test_a_fax_whose_answer_was_lost_is_found_by_its_key_and_not_sent_again(
    returns: Returns, intake: Intake, line: ScriptedLine
) -> None:
    line.loses_answers = True
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None)
    returns.work()
    returns.later(timedelta(minutes=1))
    assert states(returns, submission_id) == [(Route.FAX, S.DELIVERED)]
    assert len(line.submitted) == 1


def test_a_fax_server_out_of_reach_is_tried_until_it_is_back(
    returns: Returns, intake: Intake, line: ScriptedLine
) -> None:
    line.reachable = False
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None)
    for _ in range(10):
        returns.later(timedelta(minutes=1))
    line.reachable = True
    for _ in range(30):
        returns.later(timedelta(minutes=1))
    assert states(returns, submission_id) == [(Route.FAX, S.DELIVERED)]
    assert len(line.submitted) == 1


def test_a_fax_that_fails_for_good_goes_on_by_mail(returns: Returns, intake: Intake, line: ScriptedLine) -> None:
    line.state, line.retryable = FaxState.FAILED, False
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=ReturnChannel.FAX)
    returns.decide(submission_id)
    returns.later(timedelta(seconds=5))
    returns.later(timedelta(seconds=5))
    assert states(returns, submission_id, Purpose.RESULT) == [(Route.FAX, S.FAILED), (Route.EMAIL, S.SENT)]
    fax, mail = returns.sent(submission_id, Purpose.RESULT)
    assert fax.document_number == mail.document_number
    assert fax.document_sha256 != mail.document_sha256  # the mail's letter has no fax cover
    assert returns.submission(submission_id).state is State.CLOSED


def test_a_busy_number_is_tried_again_and_then_falls_back(returns: Returns, intake: Intake, line: ScriptedLine) -> None:
    line.state = FaxState.FAILED
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None)
    returns.tell(submission_id)
    for _ in range(60):
        returns.later(timedelta(minutes=1))
    assert states(returns, submission_id, Purpose.PLAN)[-1] == (Route.EMAIL, S.SENT)
    keys = [key for _, _, key in line.submitted]
    assert len(keys) > 2
    assert len(set(keys)) == len(keys)


def test_without_a_line_a_fax_waits_in_the_tray_with_the_reason(
    database: Database, blobs: FileBlobs, clock: FixedClock, press: LetterPress, mailbox: Path, intake: Intake
) -> None:
    returns = Returns(database, blobs, clock, press, FolderWay(mailbox))
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None)
    returns.work()
    (fax,) = returns.sent(submission_id)
    assert (fax.state, fax.reason) == (S.WAITING, NO_FAX_LINE)
    assert fax.document_sha256 is not None


def test_nothing_known_of_the_citizen_waits_in_the_tray(returns: Returns, intake: Intake) -> None:
    submission_id = returns.assigned(intake, channel=Channel.POST, return_channel=None, contact=Contact())
    returns.work()
    (letter,) = returns.sent(submission_id)
    assert (letter.route, letter.state) == (Route.POST, S.WAITING)
    assert "우편 주소" in letter.reason
    assert "return_rerouted" in events(returns, submission_id)


def test_an_acknowledgement_waits_for_the_reading_of_a_letter_without_address(returns: Returns, intake: Intake) -> None:
    came = replace(arrival(channel=Channel.POST, return_channel=None), contact=Contact())
    submission_id = intake.accept(came).submission_id
    for _ in range(20):
        returns.later(timedelta(minutes=1))
    assert returns.sent(submission_id) == ()
    with returns.database.transaction() as tx:
        case = submissions.get(tx, submission_id)
        columns = submissions.contact_columns(FULL_CONTACT)
        submissions.change(tx, case, **columns)
    returns.later(timedelta(minutes=1))
    assert [d.route for d in returns.sent(submission_id)] == [Route.POST]


def test_no_way_left_makes_the_case_undeliverable_and_shows_it(
    returns: Returns, intake: Intake, line: ScriptedLine
) -> None:
    line.state, line.retryable = FaxState.FAILED, False
    contact = Contact("홍가람", fax="063-290-7777")
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None, contact=contact)
    returns.decide(submission_id)
    returns.work()
    returns.later(timedelta(seconds=5))
    assert states(returns, submission_id, Purpose.RESULT) == [(Route.FAX, S.WAITING)]
    assert returns.submission(submission_id).state is State.UNDELIVERABLE


def test_a_handlers_notice_names_no_citizen(returns: Returns, intake: Intake, mailbox: Path) -> None:
    submission_id = returns.assigned(intake, channel=Channel.POST, return_channel=None)
    with returns.database.transaction() as tx:
        jobs.add(tx, JobKind.COMPOSE, submission_id, subject=Purpose.HANDLER_NOTICE, now=returns.clock.now())
    returns.work()
    (mail,) = mails(mailbox)
    assert mail["To"] == "bir@onnuri.example"
    body = mail.get_body()
    assert body is not None
    assert FULL_CONTACT.name not in body.get_content()
    assert list(mail.iter_attachments()) == []
    assert not {"return_rerouted", "not_told"} & set(events(returns, submission_id))


@pytest.mark.parametrize("channel", list(ReturnChannel))
def test_a_case_withdrawn_before_sending_sends_nothing(
    returns: Returns, intake: Intake, mailbox: Path, line: ScriptedLine, channel: ReturnChannel
) -> None:
    submission_id = returns.assigned(intake, return_channel=channel)
    returns.tell(submission_id)
    with returns.database.transaction() as tx:
        submissions.move(
            tx, submissions.get(tx, submission_id), Event.WITHDRAWN, actor="citizen", at=returns.clock.now()
        )
    returns.work()
    assert [d.state for d in returns.sent(submission_id, Purpose.PLAN)] == []
    assert line.submitted == []
    assert [m["Subject"] for m in mails(mailbox) if "계획" in m["Subject"]] == []


class Crash(BaseException):
    """The worker dies."""


class DyingWay:
    """Mail that leaves, and a worker that dies before it can say so."""

    def __init__(self, folder: Path) -> None:
        self.sent = 0
        self._way = FolderWay(folder)

    def send(self, message: EmailMessage, recipient: str, *, reverse_path: str, key: str) -> None:
        self._way.send(message, recipient, reverse_path=reverse_path, key=key)
        self.sent += 1
        raise Crash


def test_a_crash_between_sending_and_recording_is_in_doubt_and_never_sent_again(
    database: Database, blobs: FileBlobs, clock: FixedClock, press: LetterPress, mailbox: Path, intake: Intake
) -> None:
    way = DyingWay(mailbox)
    returns = Returns(database, blobs, clock, press, way)  # type: ignore[arg-type]  # it never returns
    submission_id = returns.assigned(intake)
    with pytest.raises(Crash):
        returns.work()
    assert states(returns, submission_id)[1] == (Route.EMAIL, S.SENDING)
    for _ in range(10):
        returns.later(timedelta(minutes=1))
    assert states(returns, submission_id)[1] == (Route.EMAIL, S.IN_DOUBT)
    assert way.sent == 1
    assert returns.due() == []


def test_the_sweep_finds_what_no_job_will_ever_find(returns: Returns, intake: Intake) -> None:
    submission_id = returns.assigned(intake, contact=BY_MAIL_ONLY)
    now = returns.clock.now()
    with returns.database.transaction() as tx:
        delivery = deliveries.create(
            tx, submission_id, purpose=Purpose.PLAN, route=Route.EMAIL, actor="a", at=now, address="a@b.example"
        )
        deliveries.begin_attempt(tx, delivery, key="k", until=now + timedelta(minutes=5), actor="a", at=now)
    assert sweep_in_doubt(returns.database, returns.clock) == 0
    returns.clock.at += timedelta(minutes=6)
    assert sweep_in_doubt(returns.database, returns.clock) == 1
    assert sweep_in_doubt(returns.database, returns.clock) == 0
    assert returns.sent(submission_id, Purpose.PLAN)[0].state is S.IN_DOUBT


class DyingBlobs(FileBlobs):
    """A worker that dies when it keeps its first letter."""

    def put(self, content: bytes) -> str:
        raise Crash(len(content))


def test_a_crash_between_opening_a_round_and_its_letters_keeps_the_number(
    returns: Returns, intake: Intake, tmp_path: Path, mailbox: Path, press: LetterPress
) -> None:
    submission_id = returns.assigned(intake, contact=BY_MAIL_ONLY)
    returns.decide(submission_id)
    dying = Returns(returns.database, DyingBlobs(tmp_path / "blobs"), returns.clock, press, FolderWay(mailbox))
    with pytest.raises(Crash):
        dying.work()
    before = {d.id: d.document_number for d in returns.sent(submission_id)}
    assert before
    returns.later(timedelta(minutes=3))
    after = {d.id: d.document_number for d in returns.sent(submission_id)}
    assert before.items() <= after.items()
    assert returns.submission(submission_id).state is State.CLOSED


def test_a_letter_can_be_rebuilt_byte_for_byte(returns: Returns, intake: Intake, blobs: FileBlobs) -> None:
    submission_id = returns.assigned(intake)
    returns.decide(submission_id)
    returns.work()
    returns.clock.at += timedelta(days=400)
    from notifications.composing import Composer, read_matter  # noqa: PLC0415 (the one test that composes by hand)

    composer = Composer(LetterPress(), blobs, returns.directory)
    for delivery in returns.sent(submission_id):
        with returns.database.reading() as tx:
            matter = read_matter(tx, submission_id)
        assert composer.compose(matter, delivery).document_sha256 == delivery.document_sha256
