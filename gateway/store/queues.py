"""What waits for whom: the desk's queue, handlers' inboxes, the outgoing tray, and the figures of the charter.

Guarantees: reads only; every list is ordered by what lapses first and is cut at `limit`, never silently: ask for one
more than is shown. Names of citizens are given as they are; who may see them is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.lifecycle import FINAL, Event, State
from gateway.domain.submission import Channel
from gateway.store.clocks import StoredClock
from gateway.store.schema import clocks, deliveries, ledger, originals, submissions

HANDED_OVER = (State.ASSIGNED, State.PLANNED, State.ON_HOLD)
WITH_HANDLER = (*HANDED_OVER, State.DECIDED, State.RETURNING, State.UNDELIVERABLE)
NEEDS_PERSON = (DeliveryState.WAITING, DeliveryState.IN_DOUBT, DeliveryState.RETURNED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A submission in somebody's list.

    Attributes:
        why: why it stands here (why the reading is doubtful, why a person must look); may be empty.
        pages: of all its files together.
        clocks: by name; empty until they start.
    """

    submission_id: int
    number: str
    channel: Channel
    sender: str
    title: str
    state: State
    kind_code: str
    unit_code: str
    handler_id: str
    unverified: bool
    received_at: datetime
    first_seen_at: datetime | None
    why: str
    pages: int
    clocks: Mapping[ClockName, StoredClock]

    def due(self, name: ClockName) -> datetime | None:
        """When a running clock lapses; None when there is none or it has been satisfied."""
        clock = self.clocks.get(name)
        return None if clock is None or clock.satisfied_at is not None else clock.due_at


@dataclass(frozen=True, slots=True)
class Leaving:
    """A delivery in the outgoing tray."""

    id: int
    submission_id: int
    number: str
    sender: str
    title: str
    purpose: Purpose
    route: Route
    state: DeliveryState
    address: str
    document_number: str
    has_document: bool
    reason: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """How one promise was kept.

    Attributes:
        kept: satisfied in time.
        late: satisfied too late, or still running past its due time.
        running: still in time.
    """

    name: ClockName
    kept: int
    late: int
    running: int

    @property
    def percent(self) -> float | None:
        """Share kept of all that came due or were satisfied, 0-100; None when there are none yet."""
        ended = self.kept + self.late
        return None if ended == 0 else 100 * self.kept / ended


def desk(tx: Connection, *, limit: int = 200) -> tuple[Waiting, ...]:
    """What clerks must look at: doubtful readings and quarantined ones, then those handed over unverified.

    The first due C1 comes first; those whose C1 has been satisfied already follow.
    """
    c1 = clocks.alias()
    rows = tx.execute(
        sa.select(submissions)
        .outerjoin(c1, sa.and_(c1.c.submission_id == submissions.c.id, c1.c.name == ClockName.C1))
        .where(
            sa.or_(
                submissions.c.state.in_([State.AWAITING_VERIFICATION, State.QUARANTINED]),
                sa.and_(submissions.c.unverified, submissions.c.state.in_(HANDED_OVER)),
            ),
        )
        .order_by(c1.c.satisfied_at.is_not(None), c1.c.due_at.is_(None), c1.c.due_at, submissions.c.id)
        .limit(limit),
    ).all()
    return _waiting(tx, rows)


def next_on_desk(tx: Connection, *, after_id: int) -> str | None:
    """The receipt number a clerk should see after having dealt with `after_id`; None when the desk is clear."""
    return next((w.number for w in desk(tx, limit=2) if w.submission_id != after_id), None)


def inbox(tx: Connection, *, handler_ids: Iterable[str] = (), unit_codes: Iterable[str] = (), limit: int = 200,
          closed: bool = False) -> tuple[Waiting, ...]:  # fmt: skip
    """What lies with these handlers or units, the next due first; or what is finished, newest first."""
    states = FINAL if closed else frozenset(WITH_HANDLER)
    next_due = (
        sa.select(sa.func.min(clocks.c.due_at))
        .where(
            clocks.c.submission_id == submissions.c.id,
            clocks.c.satisfied_at.is_(None),
            clocks.c.name.in_([ClockName.C2, ClockName.PERIOD]),
        )
        .scalar_subquery()
    )
    order: tuple[sa.ColumnElement[Any], ...] = (next_due.is_(None), next_due, submissions.c.id)
    if closed:
        order = (submissions.c.closed_at.desc(), submissions.c.id.desc())
    rows = tx.execute(
        sa.select(submissions)
        .where(
            submissions.c.state.in_(states),
            sa.or_(submissions.c.handler_id.in_(list(handler_ids)), submissions.c.unit_code.in_(list(unit_codes))),
        )
        .order_by(*order)
        .limit(limit),
    ).all()
    return _waiting(tx, rows)


def outgoing(tx: Connection, *, limit: int = 200) -> tuple[Leaving, ...]:
    """Deliveries that wait for a person, longest waiting first."""
    return _leaving(tx, deliveries.c.state.in_(NEEDS_PERSON), deliveries.c.changed_at, limit)


def posted(tx: Connection, *, limit: int = 30) -> tuple[Leaving, ...]:
    """Letters that were posted and could still come back, latest first."""
    sent = sa.and_(deliveries.c.state == DeliveryState.SENT, deliveries.c.route == Route.POST)
    return _leaving(tx, sent, deliveries.c.changed_at.desc(), limit)


def clocks_of(tx: Connection, submission_id: int) -> dict[ClockName, StoredClock]:
    """A submission's clocks by name."""
    return _clocks(tx, [submission_id]).get(submission_id, {})


def count_by_channel(tx: Connection, *, since: datetime) -> dict[Channel, int]:
    """How many arrived since then, for every channel."""
    rows = tx.execute(
        sa.select(submissions.c.channel, sa.func.count())
        .where(submissions.c.arrived_at >= since)
        .group_by(submissions.c.channel),
    )
    found: dict[str, int] = {name: count for name, count in rows}  # noqa: C416 (a Row is not a tuple to mypy)
    return {channel: found.get(channel, 0) for channel in Channel}


def count_by_state(tx: Connection) -> dict[State, int]:
    """How many stand in each state, for every state."""
    rows = tx.execute(sa.select(submissions.c.state, sa.func.count()).group_by(submissions.c.state))
    found: dict[str, int] = {name: count for name, count in rows}  # noqa: C416 (a Row is not a tuple to mypy)
    return {state: found.get(state, 0) for state in State}


def promises(tx: Connection, *, since: datetime, now: datetime) -> tuple[Kept, ...]:
    """How each promise was kept for clocks that started since then."""
    ended = sa.func.coalesce(clocks.c.satisfied_at, sa.bindparam("now", now, type_=clocks.c.due_at.type))
    in_time = ended <= clocks.c.due_at
    rows = tx.execute(
        sa.select(
            clocks.c.name,
            sa.func.sum(sa.case((sa.and_(clocks.c.satisfied_at.is_not(None), in_time), 1), else_=0)).label("kept"),
            sa.func.sum(sa.case((sa.not_(in_time), 1), else_=0)).label("late"),
            sa.func.sum(sa.case((sa.and_(clocks.c.satisfied_at.is_(None), in_time), 1), else_=0)).label("running"),
        )
        .where(clocks.c.started_at >= since)
        .group_by(clocks.c.name),
    ).all()
    by_name = {r.name: Kept(ClockName(r.name), int(r.kept), int(r.late), int(r.running)) for r in rows}
    return tuple(by_name.get(name, Kept(name, 0, 0, 0)) for name in ClockName)


def _waiting(tx: Connection, rows: Iterable[Row[Any]]) -> tuple[Waiting, ...]:
    found = list(rows)
    ids = [r.id for r in found]
    all_clocks, why, pages = _clocks(tx, ids), _reasons(tx, ids), _pages(tx, ids)
    return tuple(
        Waiting(
            submission_id=r.id,
            number=r.number,
            channel=Channel(r.channel),
            sender=r.contact_name,
            title=r.title,
            state=State(r.state),
            kind_code=r.kind_code,
            unit_code=r.unit_code,
            handler_id=r.handler_id,
            unverified=r.unverified,
            received_at=r.received_at,
            first_seen_at=r.first_seen_at,
            why=why.get(r.id, ""),
            pages=pages.get(r.id, 0),
            clocks=all_clocks.get(r.id, {}),
        )
        for r in found
    )


def _clocks(tx: Connection, ids: list[int]) -> dict[int, dict[ClockName, StoredClock]]:
    found: dict[int, dict[ClockName, StoredClock]] = {}
    for r in tx.execute(sa.select(clocks).where(clocks.c.submission_id.in_(ids)).order_by(clocks.c.id)):
        clock = StoredClock(
            r.submission_id, ClockName(r.name), r.rule, r.started_at, r.due_at, r.satisfied_at, r.breached_at,
        )  # fmt: skip
        found.setdefault(r.submission_id, {})[clock.name] = clock
    return found


def _reasons(tx: Connection, ids: list[int]) -> dict[int, str]:
    """Why the latest reading was doubtful or failed, from the ledger."""
    rows = tx.execute(
        sa.select(ledger.c.submission_id, ledger.c.why)
        .where(
            ledger.c.submission_id.in_(ids),
            ledger.c.event.in_([Event.READ_DOUBTFULLY, Event.COULD_NOT_BE_READ]),
        )
        .order_by(ledger.c.sequence),
    )
    return {r.submission_id: r.why for r in rows}


def _pages(tx: Connection, ids: list[int]) -> dict[int, int]:
    rows = tx.execute(
        sa.select(originals.c.submission_id, sa.func.coalesce(sa.func.sum(originals.c.pages), 0))
        .where(originals.c.submission_id.in_(ids))
        .group_by(originals.c.submission_id),
    )
    return {submission_id: int(pages) for submission_id, pages in rows}


def _leaving(
    tx: Connection, condition: sa.ColumnElement[bool], order: sa.ColumnElement[Any], limit: int
) -> tuple[Leaving, ...]:
    rows = tx.execute(
        sa.select(deliveries, submissions.c.number, submissions.c.contact_name, submissions.c.title)
        .join(submissions, submissions.c.id == deliveries.c.submission_id)
        .where(condition)
        .order_by(order, deliveries.c.id)
        .limit(limit),
    )
    return tuple(
        Leaving(
            id=r.id,
            submission_id=r.submission_id,
            number=r.number,
            sender=r.contact_name,
            title=r.title,
            purpose=Purpose(r.purpose),
            route=Route(r.route),
            state=DeliveryState(r.state),
            address=r.address,
            document_number=r.document_number,
            has_document=r.document_sha256 is not None,
            reason=r.reason,
            changed_at=r.changed_at,
        )
        for r in rows
    )
