"""What a handler decided, and what a refusal must carry.

Guarantees: a refusal (처리 불능, C4) cannot be built without reason, solution and remedy procedure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.errors import PermanentError


class IncompleteResult(PermanentError):
    """A result needs its text; a refusal needs reason, solution and remedy procedure."""

    code = "incomplete_result"
    text_ko = "처리 결과 내용을 모두 적어 주십시오. 처리 불능은 사유, 해결 방안, 구제 절차가 모두 필요합니다."


class Outcome(StrEnum):
    """How it ended."""

    GRANTED = "granted"
    ANSWERED = "answered"
    UNPROCESSABLE = "unprocessable"


@dataclass(frozen=True, slots=True)
class Result:
    """A decision in words.

    Attributes:
        outcome: how it ended.
        text: what the citizen is told; paragraphs parted by blank lines.
        reason: why it cannot be processed (refusals).
        solution: what the citizen can do instead (refusals).
        remedy: how to object, where and until when (refusals; 민원처리법 §35: 60 days).
    """

    outcome: Outcome
    text: str
    reason: str = ""
    solution: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise IncompleteResult("no text")
        if self.outcome is Outcome.UNPROCESSABLE and not all(
            part.strip() for part in (self.reason, self.solution, self.remedy)
        ):
            raise IncompleteResult("a refusal lacks reason, solution or remedy")
