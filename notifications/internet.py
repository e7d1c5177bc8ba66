"""The page as a way of return: a letter laid out behind receipt number and access code.

Guarantees: a letter is laid out in one transaction with its ledger entries; its first opening is recorded once, as
proof of delivery. Fails like any transaction.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Route
from gateway.store import deliveries
from gateway.store.database import Database
from gateway.store.deliveries import Delivery
from notifications.ports import Outcome

_NOW = timedelta(seconds=1)


def lay_out(tx: Connection, delivery: Delivery, *, actor: str, at: datetime) -> Delivery:
    """Lay a queued letter out on the citizen's page; it counts as handed over (전자문서의 게시)."""
    sending, attempt = deliveries.begin_attempt(
        tx, delivery, key=f"page-{delivery.id}", until=at + _NOW, actor=actor, at=at,
    )  # fmt: skip
    return deliveries.end_attempt(
        tx, sending, attempt, to=DeliveryState.SENT, outcome=Outcome.SENT, actor=actor, at=at,
        proof={"laid_out": "page"},
    )  # fmt: skip


def opened(database: Database, submission_id: int, *, delivery_id: int, at: datetime) -> bool:
    """Record that the citizen opened a letter on the page; whether this was the first time.

    Reads first, so that later openings take no write lock. A delivery of another submission, or one that is not laid
    out, is left alone.
    """
    with database.reading() as tx:
        if not _unopened(tx, submission_id, delivery_id):
            return False
    with database.transaction() as tx:
        found = _unopened(tx, submission_id, delivery_id)
        for delivery in found:
            deliveries.move(
                tx, delivery, DeliveryState.DELIVERED, actor="citizen", at=at, proof={"opened": at.isoformat()},
            )  # fmt: skip
        return bool(found)


def _unopened(tx: Connection, submission_id: int, delivery_id: int) -> list[Delivery]:
    return [
        d
        for d in deliveries.for_submission(tx, submission_id)
        if d.id == delivery_id and d.route is Route.INTERNET and d.state is DeliveryState.SENT
    ]
