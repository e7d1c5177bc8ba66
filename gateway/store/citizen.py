"""What a citizen may see of a case, in one reading.

Guarantees: only what belongs to the citizen leaves here: no handler notices, no letter that is not laid out for reading
on the internet. Fails with `NotFound`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import NotFound
from gateway.domain.submission import Original, Role
from gateway.store import schema, submissions
from gateway.store.submissions import Submission

_HIDDEN_PURPOSES = (Purpose.HANDLER_NOTICE,)
_LAID_OUT = (DeliveryState.SENT, DeliveryState.DELIVERED)
_RESULTS = (Purpose.RESULT, Purpose.REFUSAL)


@dataclass(frozen=True, slots=True)
class CitizenDelivery:
    """One message or letter to the citizen (columns of `schema.deliveries`)."""

    id: int
    purpose: Purpose
    route: Route
    state: DeliveryState
    address: str
    document_sha256: str | None
    document_number: str
    proof: Mapping[str, str]
    created_at: datetime
    changed_at: datetime

    @property
    def laid_out(self) -> bool:
        """Whether its letter can be read on the internet page."""
        return self.route is Route.INTERNET and self.state in _LAID_OUT and self.document_sha256 is not None


@dataclass(frozen=True, slots=True)
class CitizenClock:
    """One promise of the office about this case."""

    name: ClockName
    due_at: datetime
    satisfied_at: datetime | None


@dataclass(frozen=True, slots=True)
class CitizenCase:
    """A case as its citizen sees it.

    Attributes:
        submission: the case itself.
        files: what the citizen sent; the typed text is not among them.
        deliveries: what was or will be told, oldest first.
        clocks: promises with their due moments.
        reached: when each ledger event happened last.
        why: the reason recorded with each ledger event's last entry.
    """

    submission: Submission
    files: tuple[Original, ...]
    deliveries: tuple[CitizenDelivery, ...]
    clocks: tuple[CitizenClock, ...]
    reached: Mapping[str, datetime]
    why: Mapping[str, str]

    @property
    def result_letter(self) -> CitizenDelivery | None:
        """The result's or refusal's letter, once it is laid out for reading."""
        return next((d for d in reversed(self.deliveries) if d.purpose in _RESULTS and d.laid_out), None)

    def letter(self, delivery_id: int) -> CitizenDelivery:
        """A letter laid out for this citizen.

        Raises:
            NotFound: there is none of that number, or it is not to be read on the internet.
        """
        for delivery in self.deliveries:
            if delivery.id == delivery_id and delivery.laid_out:
                return delivery
        raise NotFound(f"no letter {delivery_id} laid out")

    def due(self, name: ClockName) -> datetime | None:
        """When a promise lapses, or None when it does not run for this case."""
        return next((clock.due_at for clock in self.clocks if clock.name is name), None)


def case(tx: Connection, number: str) -> CitizenCase:
    """The case with this receipt number; whoever asks has been checked.

    Raises:
        NotFound: no such number.
    """
    submission = submissions.by_number(tx, number)
    events = tx.execute(
        sa.select(schema.ledger.c.event, schema.ledger.c.at, schema.ledger.c.why)
        .where(schema.ledger.c.submission_id == submission.id)
        .order_by(schema.ledger.c.sequence),
    ).all()
    files = submissions.originals(tx, submission.id)
    return CitizenCase(
        submission=submission,
        files=tuple(f for f in files if f.role not in {Role.BODY, Role.ENVELOPE}),
        deliveries=_deliveries(tx, submission.id),
        clocks=_clocks(tx, submission.id),
        reached={e.event: e.at for e in events},
        why={e.event: e.why for e in events},
    )


def access_code(tx: Connection, number: str) -> str | None:
    """The code that opens a case, for comparing; None when there is no such number."""
    return tx.execute(
        sa.select(schema.submissions.c.access_code).where(schema.submissions.c.number == number),
    ).scalar_one_or_none()


def _deliveries(tx: Connection, submission_id: int) -> tuple[CitizenDelivery, ...]:
    table = schema.deliveries
    rows = tx.execute(
        sa.select(table)
        .where(
            table.c.submission_id == submission_id,
            table.c.purpose.not_in(_HIDDEN_PURPOSES),
            table.c.state != DeliveryState.CANCELLED,
        )
        .order_by(table.c.id),
    ).all()
    return tuple(
        CitizenDelivery(
            id=r.id,
            purpose=Purpose(r.purpose),
            route=Route(r.route),
            state=DeliveryState(r.state),
            address=r.address,
            document_sha256=r.document_sha256,
            document_number=r.document_number,
            proof=r.proof or {},
            created_at=r.created_at,
            changed_at=r.changed_at,
        )
        for r in rows
    )


def _clocks(tx: Connection, submission_id: int) -> tuple[CitizenClock, ...]:
    table = schema.clocks
    rows = tx.execute(sa.select(table).where(table.c.submission_id == submission_id).order_by(table.c.due_at)).all()
    return tuple(CitizenClock(ClockName(r.name), r.due_at, r.satisfied_at) for r in rows)
