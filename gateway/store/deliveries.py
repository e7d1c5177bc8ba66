"""Outgoing deliveries and the attempts at them, in rows.

Guarantees: a delivery changes state only by `domain.delivery.step`, by one conditional update, with a ledger entry in
the same transaction; `begin_attempt` is committed before anything leaves, so that what a crash leaves behind is an
open attempt, which becomes `in_doubt` and is never sent again by itself. Fails with `NotFound`, `IllegalTransition`,
or `StaleDelivery` when someone else changed the delivery in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Row

from gateway.domain.delivery import DONE, DeliveryState, Purpose, Route, step
from gateway.domain.errors import NotFound, TransientError
from gateway.domain.personal import mask
from gateway.domain.times import SEOUL
from gateway.store import ledger
from gateway.store.schema import deliveries as table
from gateway.store.schema import delivery_attempts, serials

_SERIAL_NAME_LENGTH = 64
_SHOWN = 2
_S = DeliveryState


class StaleDelivery(TransientError):
    """Someone else changed this delivery in the meantime; please look at it again."""

    code = "stale_delivery"
    text_ko = "그사이 다른 사람이 이 발송 건을 변경했습니다. 새로 고친 뒤 다시 처리해 주십시오."


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outgoing message as it stands in the database (columns of `schema.deliveries`)."""

    id: int
    submission_id: int
    purpose: Purpose
    route: Route
    position: int
    state: DeliveryState
    address: str
    subject: str
    body: str
    document_sha256: str | None
    document_number: str
    reason: str
    proof: Mapping[str, str]
    created_at: datetime
    changed_at: datetime

    @property
    def masked_address(self) -> str:
        """Where it goes, as the ledger may keep it."""
        return masked_address(self.route, self.address)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a delivery.

    Attributes:
        key: ours, unique, known to the peer (Message-ID, JOBINFO); written before anything leaves.
        until: an attempt still open after this is in doubt.
        ended_at: None while it is open.
        outcome: how it ended; empty while open.
        detail: the peer's job number while open, its words afterwards.
    """

    id: int
    delivery_id: int
    key: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    outcome: str
    detail: str


def create(
    tx: Connection,
    submission_id: int,
    *,
    purpose: Purpose,
    route: Route,
    actor: str,
    at: datetime,
    position: int = 1,
    address: str = "",
    document_number: str = "",
) -> Delivery:
    """A new queued delivery, or the one there is already for this submission, purpose, route and position."""
    values = {
        "submission_id": submission_id, "purpose": purpose, "route": route, "position": position,
        "state": _S.QUEUED, "address": address, "document_number": document_number, "proof": {},
        "created_at": at, "changed_at": at,
    }  # fmt: skip
    made = _insert_ignoring(tx, table, values)
    delivery = _one(
        tx,
        sa.and_(
            table.c.submission_id == submission_id,
            table.c.purpose == purpose,
            table.c.route == route,
            table.c.position == position,
        ),
    )
    if made:
        _ledger(tx, delivery, "delivery_queued", actor=actor, at=at)
    return delivery


def get(tx: Connection, delivery_id: int) -> Delivery:
    """One delivery.

    Raises:
        NotFound: no such row.
    """
    return _one(tx, table.c.id == delivery_id)


def for_submission(tx: Connection, submission_id: int, purposes: Iterable[Purpose] = Purpose) -> tuple[Delivery, ...]:
    """A submission's deliveries for the given purposes, oldest first."""
    rows = tx.execute(
        sa.select(table)
        .where(table.c.submission_id == submission_id, table.c.purpose.in_(list(purposes)))
        .order_by(table.c.id),
    )
    return tuple(_delivery(r) for r in rows)


def waiting(tx: Connection, *, limit: int = 200) -> tuple[Delivery, ...]:
    """The outgoing tray: what waits for a person, came back or is in doubt, longest first."""
    rows = tx.execute(
        sa.select(table)
        .where(table.c.state.in_([_S.WAITING, _S.IN_DOUBT, _S.RETURNED]))
        .order_by(table.c.changed_at, table.c.id)
        .limit(limit),
    )
    return tuple(_delivery(r) for r in rows)


def register_number(tx: Connection, unit_name: str, *, at: datetime) -> str:
    """The next register number of a unit's outgoing documents: `민원봉사과-123`, yearly (공공기록물법 시행령 §20).

    Taken in the caller's transaction; the row that keeps it must be written in the same one.
    """
    name = f"document:{at.astimezone(SEOUL).year}:{unit_name}"[:_SERIAL_NAME_LENGTH]
    _insert_ignoring(tx, serials, {"name": name, "last": 0})
    last = tx.execute(
        serials.update().where(serials.c.name == name).values(last=serials.c.last + 1).returning(serials.c.last),
    ).scalar_one()
    return f"{unit_name}-{last}"


def fill(
    tx: Connection, delivery: Delivery, *, subject: str = "", body: str = "", document_sha256: str | None = None,
) -> Delivery:  # fmt: skip
    """Give a queued delivery its words and its letter; the letter's blob must be durable already.

    Raises:
        StaleDelivery: it is no longer queued.
    """
    values = {"subject": subject, "body": body, "document_sha256": document_sha256}
    changed = tx.execute(
        table.update().where(table.c.id == delivery.id, table.c.state == _S.QUEUED).values(**values),
    )
    if changed.rowcount != 1:
        raise StaleDelivery(f"delivery {delivery.id} is no longer queued")
    return get(tx, delivery.id)


def move(
    tx: Connection,
    delivery: Delivery,
    to: DeliveryState,
    *,
    actor: str,
    at: datetime,
    why: str = "",
    proof: Mapping[str, str] | None = None,
) -> Delivery:
    """Take one step of the delivery table, with the ledger entry; `proof` is added to what is known already.

    Raises:
        IllegalTransition: the table has no such step.
        StaleDelivery: it was changed since it was read.
    """
    state = step(delivery.state, to)
    added = {name: mask(value) for name, value in (proof or {}).items()}
    # The reason says why a person must look; what went its way needs none.
    reason = "" if state in DONE or state is _S.SENDING else mask(why)
    changed = tx.execute(
        table.update()
        .where(table.c.id == delivery.id, table.c.state == delivery.state, table.c.changed_at == delivery.changed_at)
        .values(state=state, reason=reason, proof={**delivery.proof, **added}, changed_at=at),
    )
    if changed.rowcount != 1:
        raise StaleDelivery(f"delivery {delivery.id} changed since it was read")
    event = "delivery_attempted" if state is _S.SENDING else f"delivery_{state}"
    _ledger(tx, delivery, event, actor=actor, at=at, why=why, proof=added)
    return get(tx, delivery.id)


def begin_attempt(
    tx: Connection, delivery: Delivery, *, key: str, until: datetime, actor: str, at: datetime,
) -> tuple[Delivery, Attempt]:  # fmt: skip
    """Record that something is about to leave. The caller commits this before it lets anything out.

    Raises:
        IllegalTransition: the delivery is not queued.
        StaleDelivery: someone else has it.
    """
    sending = move(tx, delivery, _S.SENDING, actor=actor, at=at, proof={"attempt": key})
    attempt_id = tx.execute(
        delivery_attempts.insert()
        .values(delivery_id=delivery.id, key=key, started_at=at, until=until)
        .returning(delivery_attempts.c.id),
    ).scalar_one()
    return sending, Attempt(int(attempt_id), delivery.id, key, at, until, None, "", "")


def keep_attempt_open(tx: Connection, attempt: Attempt, *, until: datetime, detail: str) -> None:
    """The peer has it and will tell how it ended: remember its job number and wait longer."""
    tx.execute(
        delivery_attempts.update()
        .where(delivery_attempts.c.id == attempt.id, delivery_attempts.c.ended_at.is_(None))
        .values(until=until, detail=detail),
    )


def end_attempt(
    tx: Connection,
    delivery: Delivery,
    attempt: Attempt,
    *,
    to: DeliveryState,
    outcome: str,
    actor: str,
    at: datetime,
    detail: str = "",
    proof: Mapping[str, str] | None = None,
) -> Delivery:
    """Record how an attempt ended and take the delivery's next step.

    Raises:
        StaleDelivery: the attempt was ended by another (a sweep called it in doubt).
        IllegalTransition: the table has no such step.
    """
    ended = tx.execute(
        delivery_attempts.update()
        .where(delivery_attempts.c.id == attempt.id, delivery_attempts.c.ended_at.is_(None))
        .values(ended_at=at, outcome=outcome, detail=mask(detail)),
    )
    if ended.rowcount != 1:
        raise StaleDelivery(f"attempt {attempt.key} was ended by another")
    return move(tx, delivery, to, actor=actor, at=at, why=detail, proof=proof)


def attempts(tx: Connection, delivery_id: int) -> tuple[Attempt, ...]:
    """All tries at a delivery, oldest first."""
    rows = tx.execute(
        sa.select(delivery_attempts)
        .where(delivery_attempts.c.delivery_id == delivery_id)
        .order_by(delivery_attempts.c.id),
    )
    return tuple(_attempt(r) for r in rows)


def open_attempt(tx: Connection, delivery_id: int) -> Attempt | None:
    """The try under way, or left behind by a crash."""
    return next((a for a in reversed(attempts(tx, delivery_id)) if a.ended_at is None), None)


def lapsed(tx: Connection, *, now: datetime, limit: int = 100) -> tuple[tuple[Delivery, Attempt], ...]:
    """Deliveries whose open attempt has outlived its time, with that attempt."""
    rows = tx.execute(
        sa.select(delivery_attempts)
        .join(table, table.c.id == delivery_attempts.c.delivery_id)
        .where(
            delivery_attempts.c.ended_at.is_(None),
            delivery_attempts.c.until <= now,
            table.c.state == _S.SENDING,
        )
        .order_by(delivery_attempts.c.id)
        .limit(limit),
    ).all()
    return tuple((get(tx, r.delivery_id), _attempt(r)) for r in rows)


def masked_address(route: Route, address: str) -> str:
    """An address as the ledger and lists may show it: `h***@onnuri.example`, `0632****77`, a place's first words."""
    if not address:
        return ""
    if route is Route.EMAIL:
        local, _, domain = address.rpartition("@")
        return f"{local[:1]}***@{domain}"
    if route is Route.FAX:
        return address[:4] + "*" * max(len(address) - 4 - _SHOWN, 0) + address[-_SHOWN:]
    words = address.split()
    return " ".join(words[:_SHOWN]) + (" ***" if len(words) > _SHOWN else "")


def _insert_ignoring(tx: Connection, into: sa.Table, values: Mapping[str, object]) -> bool:
    """Insert unless the row is there already; whether it was inserted."""
    dialect = sqlite if tx.dialect.name == "sqlite" else postgresql
    # RETURNING tells on both databases whether there was an insertion; psycopg's row count does not.
    query = dialect.insert(into).values(**values).on_conflict_do_nothing().returning(*into.primary_key.columns)
    return tx.execute(query).first() is not None


def _ledger(
    tx: Connection,
    delivery: Delivery,
    event: str,
    *,
    actor: str,
    at: datetime,
    why: str = "",
    proof: Mapping[str, str] | None = None,
) -> None:
    facts = {
        "delivery": str(delivery.id),
        "purpose": str(delivery.purpose),
        "route": str(delivery.route),
        "address": delivery.masked_address,
        "document": delivery.document_number,
    }
    ledger.append(
        tx, delivery.submission_id, event, actor=actor, at=at, why=why,
        facts={name: value for name, value in {**facts, **(proof or {})}.items() if value},
    )  # fmt: skip


def _one(tx: Connection, condition: sa.ColumnElement[bool]) -> Delivery:
    row = tx.execute(sa.select(table).where(condition)).first()
    if row is None:
        raise NotFound("no such delivery")
    return _delivery(row)


def _delivery(r: Row[Any]) -> Delivery:
    return Delivery(
        id=r.id,
        submission_id=r.submission_id,
        purpose=Purpose(r.purpose),
        route=Route(r.route),
        position=r.position,
        state=DeliveryState(r.state),
        address=r.address,
        subject=r.subject,
        body=r.body,
        document_sha256=r.document_sha256,
        document_number=r.document_number,
        reason=r.reason,
        proof=r.proof,
        created_at=r.created_at,
        changed_at=r.changed_at,
    )


def _attempt(r: Row[Any]) -> Attempt:
    return Attempt(r.id, r.delivery_id, r.key, r.started_at, r.until, r.ended_at, r.outcome, r.detail)
