"""Kinds of work the database queue holds, and the lease under which a worker does one piece of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class JobKind(StrEnum):
    """What a job asks for; each kind belongs to one stage."""

    UNFOLD = "unfold"  # channels: a mail into its body and attachments
    TRANSCRIBE = "transcribe"  # ocr: renditions, text, fields
    ASSIGN = "assign"  # dispatch: kind, unit, handler
    ACKNOWLEDGE = "acknowledge"  # notifications: number and code to the citizen
    COMPOSE = "compose"  # notifications: a letter and its deliveries; subject = delivery.Purpose
    DELIVER = "deliver"  # notifications: one attempt; subject = delivery id


@dataclass(frozen=True, slots=True)
class Lease:
    """One claimed job.

    Attributes:
        job_id: row number.
        kind: which stage does it.
        submission_id: for which submission.
        subject: what exactly, meaning given by the kind.
        token: names this claim; completion under another token is refused.
        attempts: claims so far, this one included.
        until: when the lease lapses unless renewed.
    """

    job_id: int
    kind: JobKind
    submission_id: int
    subject: str
    token: str
    attempts: int
    until: datetime


Stage = Callable[[Lease], None]
