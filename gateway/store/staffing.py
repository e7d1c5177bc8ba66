"""Who is away, and how much lies with whom.

Guarantees: reads only what the asker needs: absences that touch a moment, and open cases of the handlers named.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gateway.domain.lifecycle import State
from gateway.store.schema import absences, submissions

_OPEN = (State.ASSIGNED, State.PLANNED, State.ON_HOLD)


@dataclass(frozen=True, slots=True)
class StoredAbsence:
    """One absence as it was recorded."""

    staff_id: str
    away_from: datetime
    away_until: datetime | None
    deputy_id: str
    why: str


def add_absence(
    tx: Connection,
    staff_id: str,
    *,
    away_from: datetime,
    away_until: datetime | None = None,
    deputy_id: str = "",
    why: str = "",
) -> int:
    """Record that somebody is away (C5); its row number."""
    return int(
        tx.execute(
            absences.insert()
            .values(staff_id=staff_id, away_from=away_from, away_until=away_until, deputy_id=deputy_id, why=why)
            .returning(absences.c.id),
        ).scalar_one(),
    )


def absences_at(tx: Connection, moment: datetime) -> tuple[StoredAbsence, ...]:
    """Who is away at `moment`, by what was recorded."""
    rows = tx.execute(
        sa.select(absences)
        .where(absences.c.away_from <= moment, sa.or_(absences.c.away_until.is_(None), absences.c.away_until > moment))
        .order_by(absences.c.id),
    )
    return tuple(StoredAbsence(r.staff_id, r.away_from, r.away_until, r.deputy_id, r.why) for r in rows)


def open_cases(tx: Connection, staff_ids: Collection[str]) -> dict[str, int]:
    """How many undecided cases lie with each of these handlers."""
    rows = tx.execute(
        sa.select(submissions.c.handler_id, sa.func.count())
        .where(submissions.c.handler_id.in_(list(staff_ids)), submissions.c.state.in_(_OPEN))
        .group_by(submissions.c.handler_id),
    )
    found = {handler_id: int(count) for handler_id, count in rows}
    return {staff_id: found.get(staff_id, 0) for staff_id in staff_ids}
