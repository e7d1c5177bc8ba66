"""One attempt by fax: submit, look how it stands, and say what that means.

Guarantees: a job is looked up by our key before anything is submitted again; a job the server has forgotten, or that
outlives its time there, is in doubt, never sent again. Reads and writes nothing but the line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.errors import PermanentError, TransientError
from gateway.store.deliveries import Attempt
from notifications.ports import Attempted, FaxJob, FaxLine, FaxState, Outcome

PATIENCE = timedelta(hours=3)  # longer than the server dials (HylaFAX LASTTIME)
_UNREACHABLE_PAUSE = timedelta(seconds=30)
# The longer a job takes, the less often it is asked about.
_LOOKS = (
    (timedelta(minutes=1), timedelta(seconds=2)),
    (timedelta(minutes=10), timedelta(seconds=10)),
)
_RARELY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class FaxStep:
    """Where an attempt by fax stands.

    Attributes:
        look_again_at: when to ask next; of no meaning once it ended.
        until: how long the attempt may stay open.
        ended: how it ended; None while it goes on.
        job_id: the server's job, once known.
        why: what is being waited for.
    """

    look_again_at: datetime
    until: datetime
    ended: Attempted | None = None
    job_id: str = ""
    why: str = ""


class FaxAttempts:
    """Attempts on one fax line."""

    def __init__(self, line: FaxLine) -> None:
        self._line = line

    def submit(self, pdf: bytes, number: str, attempt: Attempt, now: datetime) -> FaxStep:
        """Hand a document to the fax server under the attempt's key, unless it has a job of that key already."""
        try:
            known = self._line.find(attempt.key)
        except TransientError as error:  # nothing was handed over, and that is certain
            return _ended(attempt, now, Outcome.TRANSIENT, f"팩스 서버가 응답하지 않습니다: {error}")
        if known is not None:
            return _meaning(known, attempt, now)
        try:
            job_id = self._line.submit(pdf, number, attempt.key)
        except TransientError as error:  # it may have the job: the next look asks for the key
            return FaxStep(now + _UNREACHABLE_PAUSE, attempt.until, why=f"팩스 서버가 응답하지 않습니다: {error}")
        except PermanentError as error:
            return _ended(attempt, now, Outcome.PERMANENT, f"팩스를 보낼 수 없습니다: {error}")
        return FaxStep(now + _LOOKS[0][1], now + PATIENCE, job_id=job_id, why="팩스 서버가 보내고 있습니다.")

    def look(self, attempt: Attempt, now: datetime) -> FaxStep:
        """Ask how an open attempt stands."""
        try:
            job = self._line.outcome(attempt.detail) if attempt.detail else self._line.find(attempt.key)
        except TransientError as error:
            if now >= attempt.started_at + PATIENCE:
                return _ended(
                    attempt, now, Outcome.IN_DOUBT, f"팩스 서버가 응답하지 않아 결과를 알 수 없습니다: {error}"
                )
            return FaxStep(now + _UNREACHABLE_PAUSE, attempt.until, why=f"팩스 서버가 응답하지 않습니다: {error}")
        if job is not None:
            return _meaning(job, attempt, now)
        if attempt.detail:
            return _ended(attempt, now, Outcome.IN_DOUBT, f"팩스 서버에 작업 {attempt.detail} 기록이 없습니다.")
        if attempt.until > now:  # whoever was submitting may not have finished
            return FaxStep(
                min(attempt.until, now + _UNREACHABLE_PAUSE), attempt.until, why="팩스 접수를 확인하고 있습니다."
            )
        return _ended(attempt, now, Outcome.TRANSIENT, "팩스 서버에 전달되지 않았습니다.")


def _meaning(job: FaxJob, attempt: Attempt, now: datetime) -> FaxStep:
    proof = {
        "fax_job": job.id, "fax_code": job.code, "pages": f"{job.pages_sent}/{job.pages_total}",
        "dials": str(job.dials),
    }  # fmt: skip
    if job.state is FaxState.DONE:
        return _ended(attempt, now, Outcome.DELIVERED, "상대 팩스가 모두 받았습니다.", proof)
    if job.state is FaxState.FAILED:
        outcome = Outcome.TRANSIENT if job.retryable else Outcome.PERMANENT
        words = f"팩스가 가지 않았습니다: {job.detail or job.code} ({job.pages_sent}/{job.pages_total}쪽)"
        return _ended(attempt, now, outcome, words, proof)
    if attempt.detail and attempt.until <= now:
        return _ended(
            attempt, now, Outcome.IN_DOUBT, "팩스가 제시간에 끝나지 않았습니다. 팩스 서버를 확인해 주십시오.", proof
        )
    age = now - attempt.started_at
    pause = next((pause for up_to, pause in _LOOKS if age < up_to), _RARELY)
    until = attempt.until if attempt.detail else now + PATIENCE
    return FaxStep(now + pause, until, job_id=job.id, why=f"팩스 서버가 보내고 있습니다 ({job.state}).")


def _ended(
    attempt: Attempt, now: datetime, outcome: Outcome, words: str, proof: dict[str, str] | None = None
) -> FaxStep:  # fmt: skip
    return FaxStep(now, attempt.until, ended=Attempted(outcome, words, proof or {}))
