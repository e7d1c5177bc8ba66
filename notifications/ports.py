"""What the returns need from outside: a fax line, a way for mail, and who signs.

Guarantees: nothing here does I/O; `dispatch.directory` implements `Signatories`, `notifications.fax.HylafaxLine`
implements `FaxLine`, `notifications.mail` implements `MailWay`. A port fails with `TransientError` when asking again
later can help and with `PermanentError` when it cannot; what may have left already is `Outcome.IN_DOUBT`, not an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import StrEnum
from typing import Protocol

from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers


class Outcome(StrEnum):
    """How one attempt ended."""

    SENT = "sent"  # handed over to the next station
    DELIVERED = "delivered"  # the far end confirmed it
    TRANSIENT = "transient"  # did not leave; another try can help
    PERMANENT = "permanent"  # did not leave and will not this way
    IN_DOUBT = "in_doubt"  # may have left; never sent again by itself


@dataclass(frozen=True, slots=True)
class Attempted:
    """The end of one attempt, with its proof.

    Attributes:
        outcome: how it ended.
        detail: in words, for the ledger and the tray.
        proof: what proves it: the peer's reply, job id, pages; plain text, personal numbers masked.
    """

    outcome: Outcome
    detail: str = ""
    proof: Mapping[str, str] = field(default_factory=dict)


class FaxState(StrEnum):
    """Where a fax job stands at the fax server."""

    WAITING = "waiting"  # accepted, not dialled yet or to be dialled again
    ACTIVE = "active"  # on the line
    DONE = "done"  # every page confirmed by the far end (ITU-T T.30 MCF)
    FAILED = "failed"  # the server has given up

    @property
    def final(self) -> bool:
        """Whether nothing more will happen."""
        return self in {FaxState.DONE, FaxState.FAILED}


@dataclass(frozen=True, slots=True)
class FaxJob:
    """One job as the fax server tells it.

    Attributes:
        id: the server's job number.
        key: our own key, given at submission.
        state: where it stands.
        code: the server's status code, `000` when all went well.
        detail: the server's words.
        pages_sent: confirmed so far.
        pages_total: of the document; 0 when not known yet.
        dials: calls made so far.
        retryable: a failure after which dialling the same number again can help (busy, no answer).
    """

    id: str
    key: str
    state: FaxState
    code: str = ""
    detail: str = ""
    pages_sent: int = 0
    pages_total: int = 0
    dials: int = 0
    retryable: bool = True


class FaxLine(Protocol):
    """A way to send faxes."""

    def submit(self, pdf: bytes, number: str, key: str) -> str:
        """Hand one document over and return the server's job id; `find(key)` must have been asked before.

        Args:
            pdf: the whole document, cover included, black on white.
            number: digits as dialled inside the country.
            key: our own, unique for the attempt; kept by the server so that `find` meets it again.

        Raises:
            TransientError: the server does not answer; it may or may not have the job, so ask `find` again.
            PermanentError: the server refuses the document or the number.
        """
        ...

    def find(self, key: str) -> FaxJob | None:
        """The job submitted under `key`, finished ones included; None when the server answers and has none.

        Raises:
            TransientError: the server does not answer.
        """
        ...

    def outcome(self, job_id: str) -> FaxJob | None:
        """How the job stands now; None when the server no longer knows it.

        Raises:
            TransientError: the server does not answer.
        """
        ...


class MailWay(Protocol):
    """A way to hand over one mail."""

    def send(self, message: EmailMessage, recipient: str, *, reverse_path: str, key: str) -> Attempted:
        """Hand over one mail to one recipient; never raises for what the peer does.

        Args:
            message: complete, its Message-ID recorded before.
            recipient: envelope address.
            reverse_path: envelope sender; empty for automatic answers (RFC 3834 §3.3).
            key: envelope id for delivery reports (RFC 3461 §4.4).
        """
        ...


class NamedKind(Protocol):
    """A kind of petition, as far as a letter needs it."""

    @property
    def name(self) -> str:
        """What people call it."""
        ...


class Signatories(Protocol):
    """Who stands behind a letter; the directory of units and staff implements it."""

    @property
    def office(self) -> OfficeFacts:
        """The office's own facts."""
        ...

    def signers(self, handler_id: str) -> Signers:
        """Unit, handler and superior of one case handler.

        Raises:
            IncompleteDocument: a name or phone is missing in the directory, or there is no such handler.
        """
        ...

    def desk(self) -> Signers:
        """Those who answer for the intake desk before a case has a handler (receipt slip, 접수증).

        Raises:
            IncompleteDocument: as for `signers`.
        """
        ...

    def mail_address(self, handler_id: str) -> str:
        """The handler's e-mail address; empty when there is none."""
        ...

    def kind(self, code: str) -> NamedKind:
        """One kind of petition.

        Raises:
            NotFound: there is none of this code.
        """
        ...
