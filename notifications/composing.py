"""From a stored case to the words and the letter of one delivery.

Guarantees: composing the same delivery again gives the same words and the same bytes (date and register number are
those of the delivery's round), so a crash between composing and committing changes nothing. Fails with
`IncompleteDocument` when the directory or the case lacks a part that a letter must name.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.engine import Connection

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Purpose, Route
from gateway.domain.errors import NotFound
from gateway.domain.people import Signers
from gateway.domain.submission import Role
from gateway.domain.times import korean_moment
from gateway.store import clocks, submissions
from gateway.store.blobs import Blobs
from gateway.store.deliveries import Delivery
from gateway.store.submissions import Submission
from notifications import drafting, texts
from notifications.addressing import Way
from notifications.drafting import Counter
from notifications.letters import Letter, Window
from notifications.ports import Signatories
from notifications.press import LetterPress
from notifications.texts import MailText

_WITHOUT_LETTER = frozenset({Purpose.HANDLER_NOTICE})


@dataclass(frozen=True, slots=True)
class Matter:
    """What a letter is made from, read in one view of the database.

    Attributes:
        submission: the case.
        files: names of what was received, in order.
        period_due_at: when the kind's period ends, once it runs.
    """

    submission: Submission
    files: tuple[str, ...]
    period_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Composed:
    """Words and letter of one delivery; the letter is durable already."""

    subject: str
    body: str
    document_sha256: str | None


@dataclass(frozen=True, slots=True)
class Stationery:
    """What an office sets once for all its letters.

    Attributes:
        window: where the window envelope shows the address.
        counter: where and when results are collected.
        seal_svg: picture of the seal; empty leaves its place to be stamped.
    """

    window: Window = field(default_factory=Window)
    counter: Counter = field(default_factory=Counter)
    seal_svg: str = ""


def read_matter(tx: Connection, submission_id: int) -> Matter:
    """Everything a letter needs from the database.

    Raises:
        NotFound: no such submission.
    """
    submission = submissions.get(tx, submission_id)
    files = tuple(
        f.name or "이름 없는 문서"
        for f in submissions.originals(tx, submission_id)
        if f.role in {Role.ATTACHMENT, Role.PAGES}
    )
    due = (c.due_at for c in clocks.of_submission(tx, submission_id) if c.name is ClockName.PERIOD)
    return Matter(submission, files, next(due, None))


class Composer:
    """Writes mails and letters.

    Args:
        press: sets letters in type.
        blobs: where letters are kept.
        signatories: office and signers.
        stationery: the office's window, counter and seal.
    """

    def __init__(
        self, press: LetterPress, blobs: Blobs, signatories: Signatories, stationery: Stationery | None = None
    ) -> None:
        self._press = press
        self._blobs = blobs
        self._signatories = signatories
        self._stationery = stationery or Stationery()

    def unit_name(self, purpose: Purpose, submission: Submission) -> str:
        """Whose register a letter stands in.

        Raises:
            IncompleteDocument: the directory cannot name the signers.
        """
        return self._signers(purpose, submission).unit_name

    def compose(self, matter: Matter, delivery: Delivery) -> Composed:
        """Words and letter for one delivery, stored.

        Raises:
            IncompleteDocument: a part is missing.
            StorageUnavailable: the letter could not be kept.
        """
        if delivery.purpose in _WITHOUT_LETTER:
            words = self._handler_notice(matter)
            return Composed(words.subject, words.body, None)
        letter = self.letter(matter, delivery)
        words = texts.mail_text(delivery.purpose, letter)
        made = self._press.compose(drafting.LETTER_KINDS[delivery.purpose], letter)
        wanted = delivery.route is Route.EMAIL  # only a mail has words beside its letter
        return Composed(words.subject, words.body if wanted else "", self._blobs.put(made))

    def letter(self, matter: Matter, delivery: Delivery) -> Letter:
        """The letter of one delivery, before it is set in type.

        Raises:
            IncompleteDocument: a part is missing.
        """
        submission, purpose = matter.submission, delivery.purpose
        decided = submission.decided_at if purpose in {Purpose.RESULT, Purpose.REFUSAL} else None
        letter = drafting.draft(
            purpose,
            submission,
            office=self._signatories.office,
            signers=self._signers(purpose, submission),
            register=delivery.document_number,
            dated_at=decided or delivery.created_at,
            kind_name=self._kind_name(submission.kind_code),
            files=matter.files,
            due_at=matter.period_due_at,
            counter=self._stationery.counter,
        )
        letter = replace(letter, window=self._stationery.window, seal_svg=self._stationery.seal_svg)
        return drafting.for_way(letter, Way(delivery.route, delivery.address))

    def handler_address(self, submission: Submission) -> str:
        """Where the case handler reads mail; empty when there is no such address."""
        return self._signatories.mail_address(submission.handler_id) if submission.handler_id else ""

    def _signers(self, purpose: Purpose, submission: Submission) -> Signers:
        # The receipt slip is the intake desk's, before and after a handler is known; so it can be rebuilt.
        if purpose is Purpose.ACKNOWLEDGEMENT or not submission.handler_id:
            return self._signatories.desk()
        return self._signatories.signers(submission.handler_id)

    def _handler_notice(self, matter: Matter) -> MailText:
        submission, office = matter.submission, self._signatories.office
        return texts.handler_notice(
            office_name=office.name,
            public_url=office.public_url,
            number=submission.number,
            kind_name=self._kind_name(submission.kind_code),
            received=korean_moment(submission.received_at),
            due=drafting.due_words(matter.period_due_at),
            unverified=submission.unverified,
        )

    def _kind_name(self, code: str) -> str:
        if not code:
            return ""
        try:
            return self._signatories.kind(code).name
        except NotFound:
            return ""  # the kind was taken from the office's table since; the letter says nothing about it
