"""Submissions as lists show them, for the command line and the show; read only.

Names are given as they are; who may see them is decided by the caller.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gateway.domain.lifecycle import FINAL, State
from gateway.domain.submission import Channel
from gateway.store.schema import originals, submissions


@dataclass(frozen=True, slots=True)
class Listed:
    """One submission in a line."""

    id: int
    number: str
    channel: Channel
    sender: str
    title: str
    state: State
    unit_code: str
    handler_id: str
    unverified: bool
    received_at: datetime


def latest(tx: Connection, *, limit: int = 50, also_final: bool = False) -> tuple[Listed, ...]:
    """Open submissions, newest first; with `also_final`, finished ones too."""
    table = submissions.c
    query = (
        sa.select(
            table.id, table.number, table.channel, table.contact_name, table.title, table.state, table.unit_code,
            table.handler_id, table.unverified, table.received_at,
        )
        .order_by(table.id.desc())
        .limit(limit)
    )  # fmt: skip
    if not also_final:
        query = query.where(table.state.not_in(list(FINAL)))
    return tuple(
        Listed(
            r.id, r.number, Channel(r.channel), r.contact_name, r.title, State(r.state), r.unit_code, r.handler_id,
            r.unverified, r.received_at,
        )
        for r in tx.execute(query)
    )  # fmt: skip


def numbers_of_files(tx: Connection, digests: Iterable[str]) -> dict[str, str]:
    """Receipt numbers by SHA-256 of a file that came with them; a file that came twice counts for its last."""
    rows = tx.execute(
        sa.select(originals.c.sha256, submissions.c.number)
        .join(submissions, submissions.c.id == originals.c.submission_id)
        .where(originals.c.sha256.in_(list(digests)))
        .order_by(submissions.c.id),
    )
    return {row.sha256: row.number for row in rows}
