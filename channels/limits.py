"""How much one mail and one connection may take; every number can be set by the office.

Guarantees: each limit is positive. A limit of the edge (`SmtpLimits`) is answered with an SMTP code and nothing is
kept; a limit of unfolding (`MailBounds`) stops the unfolding there, with a note for a person, and the whole mail stays.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Limits of the SMTP edge.

    Attributes:
        message_bytes: largest mail, announced by SIZE (RFC 1870); a larger one is answered 552 5.3.4.
        recipients: most addresses in one mail (RFC 5321 §4.5.3.1.8 asks for 100); more are answered 452 4.5.3.
        connections: open at the same time; more are answered 421 4.3.2.
        per_client: open at the same time from one client address; more are answered 421 4.7.0.
        commands: of one kind in one connection; more are answered 421 4.7.0.
        idle_s: seconds without a byte from the client (RFC 5321 §4.5.3.2.7 asks for five minutes).
        message_s: seconds one mail's content may take altogether.
        commit_s: seconds acceptance may take; after that 451, and the client tries again.
        in_memory_bytes: content up to here is held in memory, the rest goes to the spool folder, so that memory stays
            below `connections` times this.
    """

    message_bytes: int = 50 * MEGABYTE
    recipients: int = 100
    connections: int = 200
    per_client: int = 50
    commands: int = 10_000
    idle_s: float = 300.0
    message_s: float = 1800.0
    commit_s: float = 120.0
    in_memory_bytes: int = 256 * 1024

    def __post_init__(self) -> None:
        _positive(self)


@dataclass(frozen=True, slots=True)
class MailBounds:
    """Limits of unfolding one mail.

    Attributes:
        depth: multiparts and mails within one another.
        parts: in one mail, at all depths.
        header_bytes: of one part's header block; what follows is not read as headers.
        decoded_bytes: all files of one mail together after transfer decoding.
        text_chars: of one text that is read for people (body, HTML turned into text).
        name_chars: of a file name, a subject, a person's name.
        wall_s: seconds for one mail.
        memory_bytes: address space of the child process that parses.
    """

    depth: int = 12
    parts: int = 400
    header_bytes: int = 256 * 1024
    decoded_bytes: int = 200 * MEGABYTE
    text_chars: int = 2_000_000
    name_chars: int = 200
    wall_s: float = 60.0
    memory_bytes: int = 1024 * MEGABYTE

    def __post_init__(self) -> None:
        _positive(self)


def _positive(limits: SmtpLimits | MailBounds) -> None:
    if min(astuple(limits)) <= 0:
        raise ValueError(f"limits must be positive: {limits}")
