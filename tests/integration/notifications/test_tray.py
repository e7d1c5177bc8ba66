"""What staff do with what waits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.intake import Intake
from gateway.store import ledger, submissions
from gateway.store.deliveries import Delivery
from notifications.addressing import NoAddress
from notifications.pickup import IdentityNotChecked
from notifications.ports import FaxState
from notifications.post import NotRegistered
from notifications.tray import Tray
from tests.returns_office import FULL_CONTACT, Returns, ScriptedLine

S = DeliveryState
CLERK = "staff:clerk-01"


@pytest.fixture
def tray(returns: Returns) -> Tray:
    return Tray(returns.database, returns.clock)


def result_by(returns: Returns, intake: Intake, channel: ReturnChannel, contact: Contact = FULL_CONTACT) -> Delivery:
    submission_id = returns.assigned(intake, return_channel=channel, contact=contact)
    returns.decide(submission_id)
    returns.work()
    return returns.sent(submission_id, Purpose.RESULT)[-1]


def test_a_posted_result_closes_the_case_with_its_number(returns: Returns, intake: Intake, tray: Tray) -> None:
    letter = result_by(returns, intake, ReturnChannel.POST)
    assert letter.state is S.WAITING
    assert letter.document_sha256 is not None
    for wrong in ("", "123", "12345678901234"):
        with pytest.raises(NotRegistered):
            tray.confirm_posted(letter.id, registered_number=wrong, actor=CLERK)
    posted = tray.confirm_posted(letter.id, registered_number="1234567890123", actor=CLERK)
    assert posted.proof["registered_number"] == "12345-6789-0123"
    case = returns.submission(letter.submission_id)
    assert case.state is State.CLOSED
    with returns.database.reading() as tx:
        entry = [e for e, _ in ledger.history(tx, case.id) if e.event == "delivery_sent"][-1]
    assert (entry.actor, entry.facts["registered_number"]) == (CLERK, "12345-6789-0123")


def test_a_notice_may_go_by_ordinary_mail(returns: Returns, intake: Intake, tray: Tray) -> None:
    submission_id = returns.assigned(intake, return_channel=ReturnChannel.POST)
    returns.work()
    (slip,) = returns.sent(submission_id)
    assert tray.confirm_posted(slip.id, registered_number="", actor=CLERK).state is S.SENT


def test_a_letter_that_came_back_can_be_sent_to_the_corrected_address(
    returns: Returns, intake: Intake, tray: Tray
) -> None:
    letter = result_by(returns, intake, ReturnChannel.POST)
    tray.confirm_posted(letter.id, registered_number="1234567890123", actor=CLERK)
    with pytest.raises(PermanentError):
        tray.came_back(letter.id, why=" ", actor=CLERK)
    assert tray.came_back(letter.id, why="수취인불명", actor=CLERK).reason == "수취인불명"
    with returns.database.transaction() as tx:
        case = submissions.get(tx, letter.submission_id)
        submissions.change(tx, case, contact_address="온누리읍 새벽길 21")
    again = tray.retry_delivery(letter.id, actor=CLERK)
    returns.work()
    assert again.position == letter.position + 1
    assert "새벽길 21" in again.address
    sent = returns.sent(letter.submission_id, Purpose.RESULT)
    assert [d.state for d in sent] == [S.CANCELLED, S.WAITING]
    assert sent[0].document_number == sent[1].document_number


def test_a_pickup_is_announced_and_handed_over_only_with_identity(returns: Returns, intake: Intake, tray: Tray) -> None:
    result = result_by(returns, intake, ReturnChannel.PICKUP)
    assert result.state is S.WAITING
    notice = returns.sent(result.submission_id, Purpose.PICKUP_NOTICE)
    assert [(d.route, d.state) for d in notice] == [(Route.EMAIL, S.SENT)]
    for collector, identity in (("홍가람", ""), ("홍가람", "smile"), (" ", "passport")):
        with pytest.raises(IdentityNotChecked):
            tray.hand_over(result.id, collector=collector, identity=identity, actor=CLERK)
    with pytest.raises(IllegalTransition):
        tray.confirm_told(result.id, how="전화", actor=CLERK)
    handed = tray.hand_over(result.id, collector="홍가람", identity="resident_card", actor=CLERK)
    assert (handed.state, handed.proof["identity"]) == (S.COLLECTED, "resident_card")
    assert returns.submission(result.submission_id).state is State.CLOSED
    with pytest.raises(IllegalTransition):
        tray.hand_over(result.id, collector="홍가람", identity="resident_card", actor=CLERK)


def test_a_notice_by_telephone_is_confirmed_by_who_called(returns: Returns, intake: Intake, tray: Tray) -> None:
    contact = Contact("홍가람", phone="010-0000-1234")
    result = result_by(returns, intake, ReturnChannel.PICKUP, contact)
    (call,) = returns.sent(result.submission_id, Purpose.PICKUP_NOTICE)
    assert call.state is S.WAITING
    assert "010-0000-1234" in call.reason
    with pytest.raises(IllegalTransition):
        tray.hand_over(call.id, collector="홍가람", identity="passport", actor=CLERK)
    assert tray.confirm_told(call.id, how="11:20 전화로 본인에게 알림", actor=CLERK).state is S.DELIVERED


def test_an_undeliverable_result_sent_by_another_way_closes_the_case(
    returns: Returns, intake: Intake, tray: Tray, line: ScriptedLine
) -> None:
    line.state, line.retryable = FaxState.FAILED, False
    contact = Contact("홍가람", fax="063-290-7777")
    submission_id = returns.assigned(intake, channel=Channel.FAX, return_channel=None, contact=contact)
    returns.decide(submission_id)
    returns.work()
    returns.later(timedelta(seconds=5))
    (fax,) = returns.sent(submission_id, Purpose.RESULT)
    assert returns.submission(submission_id).state is State.UNDELIVERABLE
    with pytest.raises(NoAddress):
        tray.send_by(fax.id, route=Route.POST, actor=CLERK)
    with returns.database.transaction() as tx:
        submissions.change(tx, submissions.get(tx, submission_id), contact_email="garam@citizen.example")
    tray.send_by(fax.id, route=Route.EMAIL, actor=CLERK, why="전화로 주소를 확인함")
    assert returns.submission(submission_id).state is State.RETURNING
    returns.work()
    assert returns.submission(submission_id).state is State.CLOSED


@pytest.mark.parametrize("arrived", [True, False])
def test_what_is_in_doubt_is_settled_by_a_person(
    returns: Returns, intake: Intake, tray: Tray, line: ScriptedLine, *, arrived: bool
) -> None:
    line.state = FaxState.ACTIVE
    fax = result_by(returns, intake, ReturnChannel.FAX)
    line.forgotten = True
    returns.later(timedelta(minutes=1))
    with pytest.raises(IllegalTransition):
        tray.retry_delivery(fax.id, actor=CLERK)
    with pytest.raises(PermanentError):
        tray.settle_in_doubt(fax.id, arrived=arrived, actor=CLERK, why="")
    settled = tray.settle_in_doubt(fax.id, arrived=arrived, actor=CLERK, why="민원인과 통화함")
    assert settled.state is (S.DELIVERED if arrived else S.WAITING)
    expected = State.CLOSED if arrived else State.RETURNING
    assert returns.submission(fax.submission_id).state is expected


def test_cancelling_needs_a_reason_and_closes_nothing_by_itself(returns: Returns, intake: Intake, tray: Tray) -> None:
    letter = result_by(returns, intake, ReturnChannel.POST)
    with pytest.raises(PermanentError):
        tray.cancel(letter.id, actor=CLERK, why="")
    assert tray.cancel(letter.id, actor=CLERK, why="방문하여 직접 받아 감").state is S.CANCELLED
    assert returns.submission(letter.submission_id).state is State.RETURNING
