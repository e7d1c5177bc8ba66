"""Ledger rows: append only, chained per submission (see `gateway.domain.ledger`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gateway.domain.ledger import GENESIS, Entry, verify
from gateway.domain.personal import mask
from gateway.store.schema import ledger


def first_entry(
    submission_id: int, event: str, *, actor: str, at: datetime, why: str = "", facts: Mapping[str, str] | None = None,
) -> Entry:  # fmt: skip
    """The entry that opens a submission's history; text masked."""
    return Entry(submission_id, 1, at, actor, event, mask(why), {k: mask(v) for k, v in (facts or {}).items()})


def append(
    tx: Connection,
    submission_id: int,
    event: str,
    *,
    actor: str,
    at: datetime,
    why: str = "",
    facts: Mapping[str, str] | None = None,
) -> Entry:
    """Add the next entry. Text is masked before it is chained.

    Two writers for one submission cannot both succeed: the second one's sequence number is taken.
    """
    last = tx.execute(
        sa.select(ledger.c.sequence, ledger.c.digest)
        .where(ledger.c.submission_id == submission_id)
        .order_by(ledger.c.sequence.desc())
        .limit(1),
    ).first()
    entry = Entry(
        submission_id=submission_id,
        sequence=1 if last is None else last.sequence + 1,
        at=at,
        actor=actor,
        event=event,
        why=mask(why),
        facts={key: mask(value) for key, value in (facts or {}).items()},
        previous=GENESIS if last is None else last.digest,
    )
    tx.execute(ledger.insert().values(row(entry)))
    return entry


def row(entry: Entry) -> dict[str, object]:
    """An entry as the table keeps it."""
    return {
        "submission_id": entry.submission_id,
        "sequence": entry.sequence,
        "at": entry.at,
        "actor": entry.actor,
        "event": entry.event,
        "why": entry.why,
        "facts": dict(entry.facts),
        "previous": entry.previous,
        "digest": entry.digest(),
    }


def history(tx: Connection, submission_id: int) -> tuple[tuple[Entry, str], ...]:
    """A submission's entries in order, each with its stored digest."""
    rows = tx.execute(
        sa.select(ledger).where(ledger.c.submission_id == submission_id).order_by(ledger.c.sequence),
    ).all()
    return tuple(
        (Entry(r.submission_id, r.sequence, r.at, r.actor, r.event, r.why, r.facts, r.previous), r.digest) for r in rows
    )


def verify_all(tx: Connection) -> dict[int, list[str]]:
    """Submissions whose chain is broken, with what is wrong; empty when all are intact."""
    broken: dict[int, list[str]] = {}
    for submission_id in tx.execute(sa.select(ledger.c.submission_id).distinct().order_by("submission_id")).scalars():
        if wrong := verify(history(tx, submission_id)):
            broken[submission_id] = wrong
    return broken
