"""What follows when a delivery is done or cannot be done: a promise is kept, the case closes, or a person must look.

Guarantees: a case closes only when every delivery of its result is done or was replaced by one that is. All within the
caller's transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.engine import Connection

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DONE, DeliveryState, Purpose, Route
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.store import clocks, deliveries, jobs, submissions
from gateway.store.deliveries import Delivery
from notifications import internet, pickup, post
from notifications.addressing import Way

ACTOR = "system:returns"
RESULTS = (Purpose.RESULT, Purpose.REFUSAL)
_TELLS_HANDLER = frozenset({Purpose.PLAN, *RESULTS})  # each names handler and phone (C6)
_OPEN = frozenset(
    {
        DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.WAITING, DeliveryState.IN_DOUBT,
        DeliveryState.RETURNED,
    },
)  # fmt: skip


def follow(tx: Connection, delivery: Delivery, *, actor: str, at: datetime) -> None:
    """What a settled delivery brings with it: the citizen has been told (C2), or the case closes."""
    if delivery.state in DONE and delivery.purpose in _TELLS_HANDLER:
        clocks.satisfy(tx, delivery.submission_id, ClockName.C2, at=at)
    if delivery.purpose in RESULTS:
        close_if_returned(tx, delivery.submission_id, actor=actor, at=at)


def close_if_returned(tx: Connection, submission_id: int, *, actor: str, at: datetime) -> bool:
    """Close the case when its result is with the citizen by every way it was sent; whether it was closed now."""
    submission = submissions.get(tx, submission_id)
    if submission.state not in {State.RETURNING, State.UNDELIVERABLE}:
        return False
    states = {d.state for d in deliveries.for_submission(tx, submission_id, RESULTS)}
    if states & _OPEN or not states & DONE:
        return False
    submissions.move(tx, submission, Event.RETURNED, actor=actor, at=at, closed_at=at)
    return True


def to_tray(tx: Connection, delivery: Delivery, *, why: str, actor: str, at: datetime) -> Delivery:
    """Put a delivery before a person, with the reason."""
    return deliveries.move(tx, delivery, DeliveryState.WAITING, actor=actor, at=at, why=why)


def gave_up(tx: Connection, delivery: Delivery, *, why: str, actor: str, at: datetime) -> None:
    """No way is left for a result: the case stands as undeliverable until a person helps."""
    if delivery.purpose not in RESULTS:
        return
    submission = submissions.get(tx, delivery.submission_id)
    if submission.state is State.RETURNING:
        submissions.move(tx, submission, Event.RETURN_FAILED, actor=actor, at=at, why=why)


def place(tx: Connection, delivery: Delivery, *, actor: str, at: datetime) -> Delivery:
    """Send a composed delivery on its way: onto the page, into the tray, or to the stage that sends."""
    if delivery.route is Route.INTERNET:
        placed = internet.lay_out(tx, delivery, actor=actor, at=at)
        follow(tx, placed, actor=actor, at=at)
        return placed
    if delivery.route is Route.POST:
        return to_tray(tx, delivery, why=post.REASON, actor=actor, at=at)
    if delivery.route is Route.PICKUP:
        why = f"{pickup.REASON_BY_PHONE} ({delivery.address})" if delivery.address else pickup.REASON
        return to_tray(tx, delivery, why=why, actor=actor, at=at)
    jobs.add(tx, JobKind.DELIVER, delivery.submission_id, subject=str(delivery.id), now=at)
    return delivery


def send_another_way(tx: Connection, delivery: Delivery, way: Way, *, actor: str, at: datetime) -> Delivery:
    """The same message by another way, under the same register number; its sheet is set when it is sent."""
    position = 1 + max(d.position for d in deliveries.for_submission(tx, delivery.submission_id, (delivery.purpose,)))
    other = deliveries.create(
        tx, delivery.submission_id, purpose=delivery.purpose, route=way.route, position=position,
        address=way.address, document_number=delivery.document_number, actor=actor, at=at,
    )  # fmt: skip
    jobs.add(tx, JobKind.DELIVER, other.submission_id, subject=str(other.id), now=at)
    return other
