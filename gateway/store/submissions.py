"""Submissions, originals and transcripts in rows.

Guarantees: `move` is the only way a stored submission changes state; it checks the transition table and the version
read before, and appends the ledger entry in the same transaction. Fails with `NotFound`, `IllegalTransition`, or
`StaleSubmission` when someone else changed the submission in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from gateway.domain.errors import NotFound, TransientError
from gateway.domain.lifecycle import Event, State, advance
from gateway.domain.result import Outcome, Result
from gateway.domain.submission import Channel, Contact, Original, ReturnChannel, Role
from gateway.domain.transcript import Transcript
from gateway.store import ledger
from gateway.store.schema import originals as originals_table
from gateway.store.schema import submissions as table
from gateway.store.schema import transcripts


class StaleSubmission(TransientError):
    """Someone else changed this submission in the meantime; please look at it again."""

    code = "stale"
    text_ko = "그사이 다른 사람이 이 건을 변경했습니다. 새로 고친 뒤 다시 처리해 주십시오."


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as it stands in the database (columns of `schema.submissions`)."""

    id: int
    number: str
    access_code: str
    channel: Channel
    arrived_at: datetime
    received_at: datetime
    state: State
    version: int
    title: str
    text: str
    kind_code: str
    return_channel: ReturnChannel | None
    contact: Contact
    facts: Mapping[str, str] = field(default_factory=dict)
    unit_code: str = ""
    handler_id: str = ""
    route_reason: str = ""
    unverified: bool = False
    assigned_at: datetime | None = None
    first_seen_at: datetime | None = None
    told_at: datetime | None = None
    plan: str = ""
    result: Result | None = None
    decided_at: datetime | None = None
    closed_at: datetime | None = None


def get(tx: Connection, submission_id: int) -> Submission:
    """One submission.

    Raises:
        NotFound: no such row.
    """
    return _one(tx, table.c.id == submission_id)


def by_number(tx: Connection, number: str) -> Submission:
    """One submission by its receipt number.

    Raises:
        NotFound: no such number.
    """
    return _one(tx, table.c.number == number)


def originals(tx: Connection, submission_id: int) -> tuple[Original, ...]:
    """All files of a submission in order."""
    rows = tx.execute(
        sa.select(originals_table)
        .where(originals_table.c.submission_id == submission_id)
        .order_by(originals_table.c.position),
    ).all()
    return tuple(_original(r) for r in rows)


def original(tx: Connection, original_id: int) -> Original:
    """One file.

    Raises:
        NotFound: no such row.
    """
    row = tx.execute(sa.select(originals_table).where(originals_table.c.id == original_id)).first()
    if row is None:
        raise NotFound(f"no original {original_id}")
    return _original(row)


def add_original(
    tx: Connection,
    submission_id: int,
    *,
    sha256: str,
    size: int,
    role: Role,
    name: str = "",
    media_type: str = "",
    parent_id: int | None = None,
    trouble: str = "",
) -> int:
    """Register a stored blob as the submission's next file; its row number. The blob must be durable already."""
    last = tx.execute(
        sa.select(sa.func.coalesce(sa.func.max(originals_table.c.position), 0)).where(
            originals_table.c.submission_id == submission_id,
        ),
    ).scalar_one()
    return int(
        tx.execute(
            originals_table.insert()
            .values(
                submission_id=submission_id,
                position=last + 1,
                parent_id=parent_id,
                role=role,
                sha256=sha256,
                size=size,
                name=name,
                media_type=media_type,
                trouble=trouble,
            )
            .returning(originals_table.c.id),
        ).scalar_one(),
    )


def describe_original(
    tx: Connection,
    original_id: int,
    *,
    media_type: str | None = None,
    pages: int | None = None,
    rendition_sha256: str | None = None,
    trouble: str | None = None,
) -> None:
    """Record what became known about a file. The file itself, its name and its digest never change."""
    known = {
        "media_type": media_type, "pages": pages, "rendition_sha256": rendition_sha256, "trouble": trouble,
    }  # fmt: skip
    values = {name: value for name, value in known.items() if value is not None}
    if values:
        tx.execute(originals_table.update().where(originals_table.c.id == original_id).values(**values))


def move(
    tx: Connection,
    submission: Submission,
    event: Event,
    *,
    actor: str,
    at: datetime,
    why: str = "",
    facts: Mapping[str, str] | None = None,
    **columns: Any,
) -> Submission:
    """Take one step of the transition table, with the ledger entry and further column values.

    Returns:
        The submission as it stands now.

    Raises:
        IllegalTransition: the table has no such step.
        StaleSubmission: it was changed since it was read.
    """
    state = advance(submission.state, event)
    ledger.append(
        tx, submission.id, event, actor=actor, at=at, why=why,
        facts={"from": submission.state, "to": state, **(facts or {})},
    )  # fmt: skip
    return _write(tx, submission, {"state": state, **columns})


def change(tx: Connection, submission: Submission, **columns: Any) -> Submission:
    """Set column values that are not the state.

    Raises:
        StaleSubmission: it was changed since it was read.
    """
    if "state" in columns:
        raise ValueError("the state changes through move() only")
    return _write(tx, submission, columns)


def contact_columns(contact: Contact) -> dict[str, str]:
    """A contact as column values for `move` or `change`."""
    return {
        "contact_name": contact.name,
        "contact_phone": contact.phone,
        "contact_fax": contact.fax,
        "contact_email": contact.email,
        "contact_address": contact.address,
        "contact_postcode": contact.postcode,
    }


def result_column(result: Result) -> dict[str, str]:
    """A result as the `result` column keeps it."""
    return {
        "outcome": result.outcome,
        "text": result.text,
        "reason": result.reason,
        "solution": result.solution,
        "remedy": result.remedy,
    }


note = ledger.append
"""A ledger entry that changes no state."""


def transcript(tx: Connection, submission_id: int) -> Transcript | None:
    """What was read, or None when nothing was yet."""
    text = tx.execute(
        sa.select(transcripts.c.content).where(transcripts.c.submission_id == submission_id),
    ).scalar_one_or_none()
    return None if text is None else Transcript.from_json(text)


def set_transcript(tx: Connection, submission_id: int, content: Transcript, *, at: datetime) -> None:
    """Keep what was read, in place of an earlier reading."""
    tx.execute(transcripts.delete().where(transcripts.c.submission_id == submission_id))
    tx.execute(transcripts.insert().values(submission_id=submission_id, content=content.to_json(), read_at=at))


def _one(tx: Connection, condition: sa.ColumnElement[bool]) -> Submission:
    row = tx.execute(sa.select(table).where(condition)).first()
    if row is None:
        raise NotFound("no such submission")
    return from_row(row)


def from_row(r: Row[Any]) -> Submission:
    """A full row of `schema.submissions` as a Submission."""
    return Submission(
        id=r.id,
        number=r.number,
        access_code=r.access_code,
        channel=Channel(r.channel),
        arrived_at=r.arrived_at,
        received_at=r.received_at,
        state=State(r.state),
        version=r.version,
        title=r.title,
        text=r.text,
        kind_code=r.kind_code,
        return_channel=ReturnChannel(r.return_channel) if r.return_channel else None,
        contact=Contact(
            r.contact_name, r.contact_phone, r.contact_fax, r.contact_email, r.contact_address, r.contact_postcode,
        ),
        facts=r.facts,
        unit_code=r.unit_code,
        handler_id=r.handler_id,
        route_reason=r.route_reason,
        unverified=r.unverified,
        assigned_at=r.assigned_at,
        first_seen_at=r.first_seen_at,
        told_at=r.told_at,
        plan=r.plan,
        result=Result(**{**r.result, "outcome": Outcome(r.result["outcome"])}) if r.result else None,
        decided_at=r.decided_at,
        closed_at=r.closed_at,
    )  # fmt: skip


def _write(tx: Connection, submission: Submission, columns: Mapping[str, Any]) -> Submission:
    changed = tx.execute(
        table.update()
        .where(table.c.id == submission.id, table.c.version == submission.version)
        .values(version=submission.version + 1, **columns),
    )
    if changed.rowcount != 1:
        raise StaleSubmission(f"submission {submission.number} changed since version {submission.version}")
    return get(tx, submission.id)


def _original(r: Row[Any]) -> Original:
    return Original(
        id=r.id,
        submission_id=r.submission_id,
        sha256=r.sha256,
        name=r.name,
        media_type=r.media_type,
        size=r.size,
        role=Role(r.role),
        position=r.position,
        parent_id=r.parent_id,
        pages=r.pages,
        rendition_sha256=r.rendition_sha256,
        trouble=r.trouble,
    )
