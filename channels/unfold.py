"""The stage that unfolds a mail into its body and attachments, and lets it be read.

Guarantees: whatever the mail is, the submission goes on to be read: an empty or broken mail with its envelope alone,
the envelope then marked for a person. New originals, the ledger entry, the next jobs and the job's completion commit
together; unfolding again after a crash adds nothing twice. An acknowledgement is queued only when RFC 3834 allows it.
Fails with `TransientError` when storage is not there; the job is then taken up again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.engine import Connection

from channels import mail_answering
from channels.mime import Kind, MailReader, UnfoldedFile, UnfoldedMail
from gateway.domain.errors import Unreadable
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.personal import mask
from gateway.domain.submission import Contact, Original, Role
from gateway.domain.times import Clock
from gateway.store import jobs, submissions
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.submissions import Submission

ACTOR = "system:unfold"
UNREADABLE_TEXT = "메일을 풀어 읽을 수 없습니다. 원본을 직접 확인해 주십시오."
CUT_TEXT = "메일의 일부를 풀지 않았습니다. 원본을 확인해 주십시오."
_LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file of the mail whose bytes are durable."""

    sha256: str
    size: int
    role: Role
    name: str
    media_type: str


class Unfolding:
    """The stage for `JobKind.UNFOLD`.

    Args:
        database: where rows are.
        blobs: where files are.
        clock: the present.
        reader: understands mails in a child process.
        own_addresses: the office's own, never answered by a machine.
        work: folder for files on their way; None takes the system's temporary folder.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        reader: MailReader,
        *,
        own_addresses: Collection[str],
        work: Path | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._reader = reader
        self._own = frozenset(own_addresses)
        self._work = work

    def __call__(self, lease: Lease) -> None:
        """Unfold the mail of one submission.

        Raises:
            LostLease: another worker took over; nothing was written.
            TransientError: storage is not there at the moment.
        """
        with self._database.reading() as tx:
            submission = submissions.get(tx, lease.submission_id)
            originals = submissions.originals(tx, lease.submission_id)
        envelope = next((o for o in originals if o.role is Role.ENVELOPE), None)
        if envelope is None or any(o.parent_id == envelope.id for o in originals):
            self._commit(lease, submission, None, None, (), "")  # no mail, or unfolded before: on to the reading
            return
        if self._work is not None:
            self._work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._work, prefix="mail-") as folder:
            try:
                mail = self._reader.read(self._blobs.path(envelope.sha256), Path(folder))
            except Unreadable as error:
                self._commit(lease, submission, envelope, None, (), str(error))
                return
            kept = self._keep(mail)
        self._commit(lease, submission, envelope, mail, kept, "")

    def _keep(self, mail: UnfoldedMail) -> tuple[_Kept, ...]:
        """Make text and files durable; without rows yet they belong to nobody and harm nothing."""
        kept = []
        if mail.text_path is not None:
            sha256, size = self._blobs.put_file(mail.text_path)
            kept.append(_Kept(sha256, size, Role.BODY, "본문.txt", "text/plain; charset=utf-8"))
        for file in mail.files:
            sha256, size = self._blobs.put_file(file.path)
            kept.append(_Kept(sha256, size, Role.ATTACHMENT, file.name, _media_type(file)))
        return tuple(kept)

    def _commit(
        self,
        lease: Lease,
        submission: Submission,
        envelope: Original | None,
        mail: UnfoldedMail | None,
        kept: tuple[_Kept, ...],
        trouble: str,
    ) -> None:
        now = self._clock.now()
        with self._database.transaction() as tx:
            jobs.complete(tx, lease, now=now)
            if envelope is None:
                jobs.add(tx, JobKind.TRANSCRIBE, submission.id, now=now)
                return
            for file in kept:
                submissions.add_original(
                    tx,
                    submission.id,
                    sha256=file.sha256,
                    size=file.size,
                    role=file.role,
                    name=file.name,
                    media_type=file.media_type,
                    parent_id=envelope.id,
                )
            if mail is None:
                submissions.describe_original(tx, envelope.id, trouble=UNREADABLE_TEXT)
                submissions.note(
                    tx, submission.id, "could_not_be_unfolded", actor=ACTOR, at=now, why=mask(trouble)[:_LONGEST_WHY]
                )
            else:
                self._tell(tx, submission, envelope, mail, kept)
            jobs.add(tx, JobKind.TRANSCRIBE, submission.id, now=now)

    def _tell(
        self, tx: Connection, submission: Submission, envelope: Original, mail: UnfoldedMail, kept: tuple[_Kept, ...]
    ) -> None:
        """What the mail says of its sender, the ledger entry, and the acknowledgement if one is allowed."""
        now = self._clock.now()
        contact = contact_of(submission.contact, mail)
        title = submission.title or mask(mail.subject)
        if (contact, title) != (submission.contact, submission.title):
            submissions.change(tx, submission, title=title, **submissions.contact_columns(contact))
        if mail.notes:
            submissions.describe_original(tx, envelope.id, trouble=CUT_TEXT)
        silent = self._why_silent(submission, mail)
        submissions.note(
            tx,
            submission.id,
            "unfolded",
            actor=ACTOR,
            at=now,
            why=mask("; ".join(mail.notes))[:_LONGEST_WHY],
            facts={
                "files": str(len(kept)),
                "message_id": mask(mail.message_id),
                **({"not_acknowledged": mask(silent)} if silent else {}),
                **{f"sha256:{number}": file.sha256 for number, file in enumerate(kept, start=1)},
            },
        )
        if not silent:
            jobs.add(tx, JobKind.ACKNOWLEDGE, submission.id, now=now)

    def _why_silent(self, submission: Submission, mail: UnfoldedMail) -> str:
        mail_from = submission.facts.get("mail_from", "")
        why = mail_answering.why_not(
            mail_from=mail_from,
            sender=mail.sender.email or mail_from,
            machine=mail.machine,
            media_type=mail.media_type,
            own=self._own,
        )
        if not why and mail.sender.email and not mail_answering.related(mail.sender.email, mail_from):
            # RFC 3834 §4: an answer goes to who really sent it; a From of another domain may be anybody's
            why = f"the From address is not of the domain that sent the mail ({mail_from.rpartition('@')[2]})"
        return why


def contact_of(known: Contact, mail: UnfoldedMail) -> Contact:
    """The submitter as the mail names one: From is the person, the envelope sender only where it came from."""
    contact = known.filled_from(Contact(name=mask(mail.sender.name), email=mail.sender.email))
    return replace(contact, email=mail.sender.email) if "@" in mail.sender.email else contact


def _media_type(file: UnfoldedFile) -> str:
    return "text/plain; charset=utf-8" if file.kind is Kind.MESSAGE else file.media_type
