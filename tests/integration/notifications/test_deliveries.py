"""Deliveries in rows, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import IllegalTransition, NotFound
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import deliveries, ledger
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.store.deliveries import Delivery, StaleDelivery, masked_address
from tests.conftest import NOON
from tests.parts import OpenAlways, arrival
from tests.returns_office import ONNURI

S = DeliveryState


@pytest.fixture
def submission_id(any_database: Database, blobs: FileBlobs) -> int:
    return Intake(any_database, blobs, FixedClock(NOON), OpenAlways()).accept(arrival()).submission_id


def created(database: Database, submission_id: int, route: Route = Route.EMAIL, position: int = 1) -> Delivery:
    with database.transaction() as tx:
        return deliveries.create(
            tx, submission_id, purpose=Purpose.RESULT, route=route, position=position, actor="system:returns",
            at=NOON, address="garam@citizen.example" if route is Route.EMAIL else "", document_number="x-1",
        )  # fmt: skip


def test_a_delivery_is_created_once_and_noted_once(any_database: Database, submission_id: int) -> None:
    first = created(any_database, submission_id)
    assert created(any_database, submission_id) == first
    assert created(any_database, submission_id, position=2).id != first.id
    with any_database.reading() as tx:
        entries = [entry for entry, _ in ledger.history(tx, submission_id) if entry.event == "delivery_queued"]
        assert [d.position for d in deliveries.for_submission(tx, submission_id)] == [1, 2]
    assert len(entries) == 2
    assert entries[0].facts["address"] == "g***@citizen.example"


def test_an_attempt_is_there_before_and_after_with_its_proof(any_database: Database, submission_id: int) -> None:
    delivery = created(any_database, submission_id)
    with any_database.transaction() as tx:
        sending, attempt = deliveries.begin_attempt(
            tx, delivery, key="<key@x>", until=NOON + timedelta(minutes=5), actor="a", at=NOON
        )
    assert sending.state is S.SENDING
    with any_database.transaction() as tx:
        assert deliveries.open_attempt(tx, delivery.id) == attempt
        sent = deliveries.end_attempt(
            tx, sending, attempt, to=S.SENT, outcome="sent", actor="a", at=NOON, proof={"reply": "250 ok"}
        )
    assert sent.proof == {"attempt": "<key@x>", "reply": "250 ok"}
    with any_database.reading() as tx:
        assert deliveries.open_attempt(tx, delivery.id) is None
        assert ledger.verify_all(tx) == {}
        events = [entry.event for entry, _ in ledger.history(tx, submission_id)]
    assert events[-2:] == ["delivery_attempted", "delivery_sent"]


def test_two_who_read_the_same_delivery_cannot_both_send_it(any_database: Database, submission_id: int) -> None:
    delivery = created(any_database, submission_id)
    until = NOON + timedelta(minutes=5)
    with any_database.transaction() as tx:
        deliveries.begin_attempt(tx, delivery, key="one", until=until, actor="a", at=NOON)
    with pytest.raises(StaleDelivery), any_database.transaction() as tx:
        deliveries.begin_attempt(tx, delivery, key="two", until=until, actor="a", at=NOON)
    with any_database.reading() as tx:
        assert [a.key for a in deliveries.attempts(tx, delivery.id)] == ["one"]


def test_an_attempt_ends_once(any_database: Database, submission_id: int) -> None:
    delivery = created(any_database, submission_id)
    with any_database.transaction() as tx:
        sending, attempt = deliveries.begin_attempt(tx, delivery, key="k", until=NOON, actor="a", at=NOON)
        deliveries.end_attempt(tx, sending, attempt, to=S.IN_DOUBT, outcome="in_doubt", actor="a", at=NOON)
    with pytest.raises(StaleDelivery), any_database.transaction() as tx:
        deliveries.end_attempt(tx, sending, attempt, to=S.SENT, outcome="sent", actor="a", at=NOON)


def test_only_steps_of_the_table_are_taken(any_database: Database, submission_id: int) -> None:
    delivery = created(any_database, submission_id)
    with pytest.raises(IllegalTransition), any_database.transaction() as tx:
        deliveries.move(tx, delivery, S.COLLECTED, actor="a", at=NOON)
    with pytest.raises(NotFound), any_database.reading() as tx:
        deliveries.get(tx, delivery.id + 99)


def test_lapsed_attempts_are_found_and_the_tray_holds_what_waits(any_database: Database, submission_id: int) -> None:
    delivery, other = created(any_database, submission_id), created(any_database, submission_id, Route.POST)
    with any_database.transaction() as tx:
        deliveries.begin_attempt(tx, delivery, key="k", until=NOON + timedelta(minutes=5), actor="a", at=NOON)
        deliveries.move(tx, other, S.WAITING, actor="a", at=NOON, why="인쇄")
    with any_database.reading() as tx:
        assert deliveries.lapsed(tx, now=NOON + timedelta(minutes=4)) == ()
        assert [d.id for d, _ in deliveries.lapsed(tx, now=NOON + timedelta(minutes=5))] == [delivery.id]
        assert [(d.id, d.reason) for d in deliveries.waiting(tx)] == [(other.id, "인쇄")]


def test_register_numbers_are_yearly_per_unit_and_without_gaps(any_database: Database) -> None:
    with any_database.transaction() as tx:
        numbers = [deliveries.register_number(tx, unit, at=NOON) for unit in ("민원봉사과", "민원봉사과", "세무회계과")]
    with any_database.engine.connect() as undone:
        deliveries.register_number(undone, "민원봉사과", at=NOON)
        undone.rollback()
    with any_database.transaction() as tx:
        numbers.append(deliveries.register_number(tx, "민원봉사과", at=NOON))
        numbers.append(deliveries.register_number(tx, "민원봉사과", at=NOON + timedelta(days=60)))
    assert numbers == ["민원봉사과-1", "민원봉사과-2", "세무회계과-1", "민원봉사과-3", "민원봉사과-1"]


def test_addresses_are_masked_by_their_kind() -> None:
    assert masked_address(Route.FAX, "0632907777") == "0632****77"
    assert masked_address(Route.EMAIL, ONNURI.email) == "m***@onnuri.example"
    assert masked_address(Route.POST, "전북특별자치도 온누리군 새벽길 12 홍가람") == "전북특별자치도 온누리군 ***"
    assert masked_address(Route.INTERNET, "") == ""


def test_a_stale_copy_of_a_delivery_is_refused(any_database: Database, submission_id: int) -> None:
    delivery = created(any_database, submission_id)
    with any_database.transaction() as tx:
        deliveries.move(tx, delivery, S.WAITING, actor="a", at=NOON)
    with pytest.raises(StaleDelivery), any_database.transaction() as tx:
        deliveries.move(tx, replace(delivery), S.CANCELLED, actor="b", at=NOON)
