"""The ledger: what happened to a submission, chained by hash.

Guarantees: an entry's digest covers its content and the digest of the entry before it for the same submission, so that
a changed, removed or reordered entry is found by `verify`. `GENESIS` stands before the first.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.domain.times import aware, to_text

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry.

    Attributes:
        submission_id: whose history it is.
        sequence: 1, 2, 3 ... within the submission.
        at: when.
        actor: who: `system:smtp`, `staff:kim`, `citizen`.
        event: a `lifecycle.Event` or the name of a fact that changes no state (`delivery_attempted`).
        why: the reason in words, may be empty.
        facts: what else is worth keeping; plain text values, personal numbers masked.
        previous: digest of the entry before.
    """

    submission_id: int
    sequence: int
    at: datetime
    actor: str
    event: str
    why: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    previous: str = GENESIS

    def __post_init__(self) -> None:
        aware(self.at, "at")

    def digest(self) -> str:
        """SHA-256 over a canonical form, hex."""
        form = [
            self.submission_id, self.sequence, to_text(self.at), self.actor, self.event, self.why,
            sorted(self.facts.items()), self.previous,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(form, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def verify(entries: Iterable[tuple[Entry, str]]) -> list[str]:
    """Check one submission's entries in order, each with its stored digest.

    Returns:
        What is wrong, one sentence each; empty when the chain is intact.
    """
    wrong: list[str] = []
    before = GENESIS
    for expected, (entry, stored) in enumerate(entries, start=1):
        if entry.sequence != expected:
            wrong.append(f"entry {entry.sequence} stands where {expected} should")
        if entry.previous != before:
            wrong.append(f"entry {entry.sequence} does not follow the one before it")
        if entry.digest() != stored:
            wrong.append(f"entry {entry.sequence} was changed")
        before = stored
    return wrong
