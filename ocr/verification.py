"""The clerk's word: what was read is corrected and confirmed.

Guarantees: in the caller's transaction the transcript's fields become verified, the contact columns follow, the ledger
names the fields that were changed (not what they say), and a submission that waited for this goes on to routing. Fails
with `IllegalTransition` when the submission is past correcting, `StaleSubmission` when it changed since the clerk
looked, and `PermanentError` for a return channel that does not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from gateway.domain.errors import PermanentError
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.domain.submission import Contact, ReturnChannel
from gateway.domain.transcript import Field, FieldName, Transcript
from gateway.store import jobs, submissions
from gateway.store.submissions import StaleSubmission, Submission
from ocr import values

_REASON = "직원이 확인함"
_NORMAL = {
    FieldName.PHONE: values.phone, FieldName.FAX: values.phone, FieldName.EMAIL: values.email,
    FieldName.BIRTH_DATE: values.birth_date, FieldName.DATE: values.date, FieldName.POSTCODE: values.postcode,
}  # fmt: skip
_WAITING = frozenset({State.AWAITING_VERIFICATION, State.QUARANTINED})


def confirm(
    tx: Connection,
    submission_id: int,
    corrections: Mapping[FieldName, str],
    *,
    actor: str,
    at: datetime,
    kind_code: str = "",
    version: int | None = None,
) -> Submission:
    """Confirm what was read, as corrected.

    Args:
        tx: the caller's writing transaction.
        submission_id: which submission.
        corrections: the fields as the clerk left them; an empty text removes a value, a name that is not given stays as
            it was read.
        actor: `staff:...`.
        at: the present.
        kind_code: the petition kind the clerk chose; empty leaves it.
        version: the submission's version the clerk saw; None does not ask.

    Returns:
        The submission as it stands now.

    Raises:
        IllegalTransition: its state allows no correction any more.
        StaleSubmission: it changed since the clerk looked.
        PermanentError: the return channel is none of ours.
        NotFound: no such submission.
    """
    submission = submissions.get(tx, submission_id)
    if version is not None and submission.version != version:
        raise StaleSubmission(f"submission {submission.number} is at version {submission.version}, not {version}")
    before = submissions.transcript(tx, submission_id) or Transcript()
    wanted = {name: normal(name, text) for name, text in corrections.items()}
    changed = sorted(name for name, value in wanted.items() if value != before.value(name))
    after = replace(before, fields=_fields(before, wanted), doubts=())
    columns = {**_columns(submission, wanted), **({"kind_code": kind_code} if kind_code else {}), "unverified": False}
    waited = submission.state in _WAITING
    moved = submissions.move(
        tx, submission, Event.VERIFIED, actor=actor, at=at, facts={"corrected": " ".join(changed)}, **columns
    )
    submissions.set_transcript(tx, submission_id, after, at=at)
    if waited:
        jobs.add(tx, JobKind.ASSIGN, submission_id, now=at)
    return moved


def normal(name: FieldName, typed: str) -> str:
    """A typed value in its normal form; what has none stays as typed, personal numbers masked.

    Raises:
        PermanentError: a return channel that does not exist.
    """
    text = values.masked(" ".join(typed.split()))
    if name is FieldName.RETURN_CHANNEL and text and text not in set(ReturnChannel):
        raise PermanentError(f"no such return channel: {text}")
    return _NORMAL[name](text) or text if name in _NORMAL else text


def _fields(before: Transcript, wanted: Mapping[FieldName, str]) -> tuple[Field, ...]:
    """The fields with the clerk's values; each keeps its place on the page while its value is the one read."""
    read = {found.name: found for found in before.fields}
    for name, value in wanted.items():
        found = read.pop(name, None)
        if not value:
            continue
        if found is not None and found.value == value:
            read[name] = replace(found, verified=True)
        else:
            place = {"original_id": found.original_id, "page": found.page, "box": found.box} if found else {}
            read[name] = Field(name, value, 1.0, _REASON, verified=True, **place)  # type: ignore[arg-type] # three kinds of value in one dict
    return tuple(read[name] for name in FieldName if name in read)


def _columns(submission: Submission, wanted: Mapping[FieldName, str]) -> dict[str, Any]:
    """The submission's own columns after the correction; fields that were not shown keep theirs."""
    known = submission.contact
    contact = Contact(
        name=wanted.get(FieldName.NAME, known.name),
        phone=wanted.get(FieldName.PHONE, known.phone),
        fax=wanted.get(FieldName.FAX, known.fax),
        email=wanted.get(FieldName.EMAIL, known.email),
        address=wanted.get(FieldName.ADDRESS, known.address),
        postcode=wanted.get(FieldName.POSTCODE, known.postcode),
    )
    columns: dict[str, Any] = dict(submissions.contact_columns(contact))
    if FieldName.TITLE in wanted:
        columns["title"] = wanted[FieldName.TITLE]
    if FieldName.RETURN_CHANNEL in wanted:
        columns["return_channel"] = wanted[FieldName.RETURN_CHANNEL]
    return columns
