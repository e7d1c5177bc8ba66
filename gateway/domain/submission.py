"""Arrival, Submission, Original, Receipt: what one citizen sent, by whatever channel.

Guarantees: an `Arrival` names its channel, its unique key there and an aware arrival time; a file is either bytes in
memory or a path the channel keeps in place until acceptance has committed. Fails with ValueError on anything else.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from gateway.domain.times import aware

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0/O, 1/I/L, U: read aloud and typed from paper
_CODE_LENGTH = 12


class Channel(StrEnum):
    """How a submission came in."""

    EMAIL = "email"
    FAX = "fax"
    POST = "post"
    WEB = "web"


class ReturnChannel(StrEnum):
    """How the citizen wants the result (회신 방법)."""

    INTERNET = "internet"
    FAX = "fax"
    POST = "post"
    PICKUP = "pickup"


class Role(StrEnum):
    """What one original is within its submission."""

    ENVELOPE = "envelope"  # the whole mail as it came; its parts are unfolded into the others
    BODY = "body"
    ATTACHMENT = "attachment"
    PAGES = "pages"  # a fax or a scan


@dataclass(frozen=True, slots=True)
class Contact:
    """How the submitter (민원인) can be reached; every part may be missing, a submission is registered all the same."""

    name: str = ""
    phone: str = ""
    fax: str = ""
    email: str = ""
    address: str = ""
    postcode: str = ""

    def filled_from(self, other: Contact) -> Contact:
        """This contact with its empty parts taken from `other`."""
        return Contact(
            name=self.name or other.name,
            phone=self.phone or other.phone,
            fax=self.fax or other.fax,
            email=self.email or other.email,
            address=self.address or other.address,
            postcode=self.postcode or other.postcode,
        )


@dataclass(frozen=True, slots=True)
class ArrivedFile:
    """One file of an arrival. Exactly one of `content` and `path` is given.

    Attributes:
        name: the file's name as the sender gave it (NFC), for people; never used as a path.
        media_type: what the sender claimed, or empty; `channels.sniff` decides from the content.
        role: what the file is within the submission.
        content: the bytes, for small files.
        path: where the bytes lie on disk, for large ones; the file stays until acceptance has committed.
    """

    name: str
    media_type: str = ""
    role: Role = Role.ATTACHMENT
    content: bytes | None = None
    path: Path | None = None

    def __post_init__(self) -> None:
        if (self.content is None) == (self.path is None):
            raise ValueError("an arrived file has either content or a path")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One channel's normalised bundle of files and facts.

    Attributes:
        channel: where it came in.
        key: unique within the channel for this one arrival; presenting the same key again gives the same receipt.
        arrived_at: the instant it entered our system (전자문서법 §6); never changed afterwards.
        files: what came, in order; at least one, or a text.
        contact: what the channel knows about the submitter.
        title: subject line or form title, may be empty.
        text: text the citizen typed (web form), may be empty.
        kind_code: petition kind when the citizen chose one.
        return_channel: how the citizen wants the result, when the channel knows.
        facts: further facts of the channel for the ledger and for routing (e.g. `tsi`, `dialled`, `mail_to`).
    """

    channel: Channel
    key: str
    arrived_at: datetime
    files: tuple[ArrivedFile, ...] = ()
    contact: Contact = field(default_factory=Contact)
    title: str = ""
    text: str = ""
    kind_code: str = ""
    return_channel: ReturnChannel | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        aware(self.arrived_at, "arrived_at")
        if not self.key:
            raise ValueError("an arrival needs a key")
        if not self.files and not self.text:
            raise ValueError("an arrival needs a file or a text")


@dataclass(frozen=True, slots=True)
class Original:
    """One file exactly as it arrived (원본), addressed by its content.

    Attributes:
        id: row number.
        submission_id: whose it is.
        sha256: hex digest; the blob's address.
        size: bytes.
        position: 1-based order within the submission.
        parent_id: the envelope it was unfolded from.
        pages: how many, once transcribed.
        rendition_sha256: the PDF made from it (변환본), once there is one.
        trouble: why a person must look at it; empty when it was read.
    """

    id: int
    submission_id: int
    sha256: str
    name: str
    media_type: str
    size: int
    role: Role
    position: int
    parent_id: int | None = None
    pages: int | None = None
    rendition_sha256: str | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What acceptance hands back.

    Attributes:
        submission_id: row number.
        number: receipt number (접수번호), `2026-0000123`.
        access_code: what the citizen types beside the number to see the case; 12 letters, about 59 bits.
        arrived_at: when it entered our system.
        received_at: when the office counts it as received (접수).
        repeated: this arrival had been accepted before; nothing was added.
    """

    submission_id: int
    number: str
    access_code: str
    arrived_at: datetime
    received_at: datetime
    repeated: bool = False


def receipt_number(year: int, serial: int) -> str:
    """The number the office and the citizen both quote: `2026-0000123`."""
    return f"{year:04d}-{serial:07d}"


def new_access_code() -> str:
    """A fresh unguessable access code (확인번호), shown in groups of four by `grouped`."""
    return "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))


def grouped(code: str) -> str:
    """An access code as people read it: `ABCD-EFGH-JKMN`."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))


def clean_code(typed: str) -> str:
    """An access code as it was typed, without spaces and hyphens, in capitals."""
    return "".join(c for c in typed.upper() if c.isalnum())
