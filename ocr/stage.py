"""The stage that reads: every original of a submission to rendition, text and fields.

Guarantees: load, read outside any transaction, then one commit with transcript, renditions, contact, ledger entry and
the next job. A file that cannot be read never stops the others and lands before a clerk with its reason; a submission
that was handed over in the meantime (C1) still gets its transcript. Only surely read values fill the contact columns,
and only empty ones. Fails with `MissingPart` when a program is not installed, and as the store does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.engine import Connection

from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import FINAL, Event, State, allows
from gateway.domain.personal import mask
from gateway.domain.submission import Original, ReturnChannel, Role
from gateway.domain.times import Clock
from gateway.domain.transcript import Field, FieldName, Page, Transcript
from gateway.store import jobs, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from ocr.fields import OwnContacts, find_fields
from ocr.quality import SURE, doubts, sure_contact
from ocr.reader import Reader, plain_page, reading_sandbox

ACTOR = "system:ocr"
_HELD = timedelta(minutes=5)  # one piece of reading takes up to two
_WHY_LENGTH = 500
_NO_ONE = OwnContacts()


@dataclass(frozen=True, slots=True)
class _OriginalRead:
    """One original with what was read from it; `media_type` is what its content says."""

    original: Original
    pages: tuple[Page, ...]
    media_type: str | None
    page_count: int
    rendition_sha256: str | None
    trouble: str


class Transcription:
    """Reads submissions.

    Args:
        database: rows.
        blobs: originals and renditions.
        clock: the present.
        reader: reads one original; by default through a sandbox of its own, closed with this object.
        own: the office's own numbers and addresses, never taken for a citizen's.
        work: folder for temporary files; the system's own when None.
    """

    def __init__(
        self,
        database: Database,
        blobs: FileBlobs,
        clock: Clock,
        *,
        reader: Reader | None = None,
        own: OwnContacts = _NO_ONE,
        work: Path | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._sandbox = None if reader else reading_sandbox()
        self._reader = reader or Reader(self._sandbox or reading_sandbox())
        self._own = own
        self._work = work

    def close(self) -> None:
        """End the reading child, if this object started one."""
        if self._sandbox is not None:
            self._sandbox.close()

    def __call__(self, lease: Lease) -> None:
        """Read the submission of one job.

        Raises:
            LostLease: another worker has the job; nothing was written.
            MissingPart: a program needed for reading is not installed.
            StorageUnavailable: the database or the blob folder cannot be used now.
        """
        with self._database.transaction() as tx:
            jobs.renew(tx, lease, now=self._clock.now(), by=_HELD)
            submission = submissions.get(tx, lease.submission_id)
            if allows(submission.state, Event.READING_STARTED):
                submissions.move(tx, submission, Event.READING_STARTED, actor=ACTOR, at=self._clock.now())
            files = submissions.originals(tx, submission.id)
            before = submissions.transcript(tx, submission.id) or Transcript()
        if submission.state in FINAL:
            self._leave(lease)
            return
        # a mail is read through its parts; one that could not be unfolded whole is read itself and keeps its trouble
        to_read = [original for original in files if original.role is not Role.ENVELOPE or original.trouble]
        found = [self._read(lease, original, before) for original in to_read]
        with self._database.transaction() as tx:
            self._commit(tx, lease, found, before)

    def _leave(self, lease: Lease) -> None:
        with self._database.transaction() as tx:
            jobs.complete(tx, lease, now=self._clock.now())

    def _read(self, lease: Lease, original: Original, before: Transcript) -> _OriginalRead:
        if original.pages is not None and not original.trouble:  # read before, and well
            pages = tuple(p for p in before.pages if p.original_id == original.id)
            return _OriginalRead(original, pages, None, original.pages, original.rendition_sha256, "")
        if self._work:
            self._work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._work, prefix="read-") as folder:
            reading = self._reader.read(
                self._blobs.path(original.sha256).resolve(),  # the child has another working folder
                original.name,
                Path(folder).resolve(),
                beat=lambda: self._beat(lease),
            )
            rendition = self._blobs.put_file(reading.pdf)[0] if reading.pdf else None
        return _OriginalRead(
            original,
            tuple(replace(page, original_id=original.id) for page in reading.pages),
            reading.kind or None,
            reading.page_count,
            rendition,
            _joined(original.trouble, reading.troubles),
        )

    def _beat(self, lease: Lease) -> None:
        """Keep the lease between pieces of work."""
        with self._database.transaction() as tx:
            jobs.renew(tx, lease, now=self._clock.now(), by=_HELD)

    def _commit(self, tx: Connection, lease: Lease, found: list[_OriginalRead], before: Transcript) -> None:
        now = self._clock.now()
        submission = submissions.get(tx, lease.submission_id)
        transcript = self._judge(submission, found, before)
        for one in found:
            submissions.describe_original(
                tx, one.original.id, media_type=one.media_type, pages=one.page_count,
                rendition_sha256=one.rendition_sha256, trouble=one.trouble,
            )  # fmt: skip
        submissions.set_transcript(tx, submission.id, transcript, at=now)
        facts = _facts(found, transcript)
        event = _event(found, transcript)
        why = mask(" ".join(transcript.doubts))[:_WHY_LENGTH]
        columns = _columns(submission, transcript)
        if submission.state is State.TRANSCRIBING:
            submissions.move(tx, submission, event, actor=ACTOR, at=now, why=why, facts=facts, **columns)
            if event is Event.READ:
                jobs.add(tx, JobKind.ASSIGN, submission.id, now=now)
        else:  # handed over, withdrawn or read already while this was going on
            submissions.note(tx, submission.id, "read_late", actor=ACTOR, at=now, why=why, facts=facts)
            if columns and submission.state not in FINAL:
                submissions.change(tx, submission, **columns)
        jobs.complete(tx, lease, now=now)

    def _judge(self, submission: submissions.Submission, found: list[_OriginalRead], before: Transcript) -> Transcript:
        """All pages, the best fields, and why a person should look."""
        pages = [page for one in found for page in one.pages]
        if submission.text and not any(one.original.role is Role.BODY for one in found):
            pages.insert(0, plain_page(submission.text))
        confirmed = {f.name: f for f in before.fields if f.verified}
        fields = tuple(confirmed.get(f.name, f) for f in find_fields(pages, self._own))
        fields += tuple(f for name, f in confirmed.items() if name not in {g.name for g in fields})
        why = doubts(
            pages,
            fields,
            troubles=_troubles(found),
            known=submission.contact,
            channel=submission.channel,
            return_channel=submission.return_channel,
            cut=bool(submission.facts.get("incomplete")),
        )
        return Transcript(tuple(pages), fields, why)


def _joined(before: str, new: tuple[str, ...]) -> str:
    """Earlier trouble (of the channel, or of a first try) and the new one, each sentence once."""
    kept = [before] if before and not any(trouble in before for trouble in new) else []
    return " ".join(dict.fromkeys([*kept, *new]))


def _troubles(found: list[_OriginalRead]) -> Mapping[str, str]:
    return {mask(one.original.name) or f"파일 {one.original.position}": one.trouble for one in found if one.trouble}


def _event(found: list[_OriginalRead], transcript: Transcript) -> Event:
    if found and not any(page.lines for page in transcript.pages):
        return Event.COULD_NOT_BE_READ
    return Event.READ_DOUBTFULLY if transcript.doubts else Event.READ


def _facts(found: list[_OriginalRead], transcript: Transcript) -> dict[str, str]:
    """For the ledger: how much was read and which fields were found, not what they say."""
    return {
        "files": str(len(found)),
        "pages": str(len(transcript.pages)),
        "fields": " ".join(f.name for f in transcript.fields),
        "unreadable": str(sum(one.rendition_sha256 is None for one in found)),
    }


def _columns(submission: submissions.Submission, transcript: Transcript) -> dict[str, Any]:
    """What the reading adds to the submission: surely read values, where nothing is known yet."""
    sure: dict[FieldName, Field] = {f.name: f for f in transcript.fields if f.confidence >= SURE}
    contact = submission.contact.filled_from(sure_contact(transcript.fields))
    columns: dict[str, Any] = dict(submissions.contact_columns(contact)) if contact != submission.contact else {}
    if not submission.title and FieldName.TITLE in sure:
        columns["title"] = sure[FieldName.TITLE].value
    if submission.return_channel is None and FieldName.RETURN_CHANNEL in sure:
        columns["return_channel"] = ReturnChannel(sure[FieldName.RETURN_CHANNEL].value)
    return columns
