"""What a person does with a delivery carries words: why, or how it was found out."""

from __future__ import annotations

from gateway.domain.errors import PermanentError


class ReasonMissing(PermanentError):
    """Please say why, or how this was found out."""

    code = "reason_missing"
    text_ko = "사유나 확인한 방법을 적어 주십시오."


def required(text: str, what: str) -> str:
    """The words without surrounding space.

    Raises:
        ReasonMissing: there are none.
    """
    if not text.strip():
        raise ReasonMissing(f"it is not said {what}")
    return text.strip()
