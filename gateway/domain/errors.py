"""The tree of errors. A class's docstring is its public text; the private cause goes to the log, never to a citizen.

`code` is stable and machine readable. `transient` says whether trying again later can help. An operator's error carries
a `remedy`: what to do, in one sentence.
"""

from __future__ import annotations


class GatewayError(Exception):
    """The request could not be completed."""

    code = "gateway_error"
    transient = False
    text_ko = "요청을 처리하지 못했습니다."

    def __init__(self, cause: str = "", *, remedy: str = "") -> None:
        super().__init__(cause or (type(self).__doc__ or "").strip())
        self.cause = cause
        self.remedy = remedy

    @property
    def public_text(self) -> str:
        """What anyone may be told, in English."""
        return (type(self).__doc__ or "").strip()


class TransientError(GatewayError):
    """The service is busy; please try again later."""

    code = "try_later"
    transient = True
    text_ko = "지금은 처리할 수 없습니다. 잠시 후 다시 시도해 주십시오."


class StorageUnavailable(TransientError):
    """The submission could not be stored safely; please send it again later."""

    code = "storage_unavailable"
    text_ko = "지금은 안전하게 접수할 수 없습니다. 잠시 후 다시 보내 주십시오."


class PermanentError(GatewayError):
    """The request cannot be accepted as it is."""

    code = "not_acceptable"
    text_ko = "이대로는 처리할 수 없습니다."


class TooLarge(PermanentError):
    """The submission is larger than this office accepts."""

    code = "too_large"
    text_ko = "접수할 수 있는 크기를 넘었습니다. 나누어 보내거나 우편·방문으로 제출해 주십시오."


class UnknownAddress(PermanentError):
    """This address does not belong to this office."""

    code = "unknown_address"
    text_ko = "이 기관의 접수 주소가 아닙니다."


class NotFound(PermanentError):
    """There is no such record, or the access code does not match."""

    code = "not_found"
    text_ko = "접수번호 또는 확인번호가 맞지 않습니다."


class Forbidden(PermanentError):
    """Your role does not allow this."""

    code = "forbidden"
    text_ko = "권한이 없습니다."


class IllegalTransition(PermanentError):
    """The submission is not in a state that allows this step."""

    code = "illegal_transition"
    text_ko = "지금 단계에서는 할 수 없는 처리입니다."


class IncompleteDocument(PermanentError):
    """An outgoing document lacks a part that it must name (unit, handler, superior or a phone number)."""

    code = "incomplete_document"
    text_ko = "발송 문서에 처리부서, 담당자, 상급자 또는 전화번호가 빠져 있습니다."


class Unreadable(PermanentError):
    """The file could not be read and was put before a person with its original untouched."""

    code = "unreadable"
    text_ko = "파일을 읽을 수 없어 직원이 확인합니다. 원본은 그대로 보관됩니다."


class LostLease(TransientError):
    """Another worker has taken this job over; nothing was written."""

    code = "lost_lease"
    text_ko = "다른 작업자가 처리하고 있습니다."


class ConfigurationError(GatewayError):
    """The gateway's configuration is not valid."""

    code = "configuration"
    text_ko = "설정이 올바르지 않습니다."


class MissingPart(ConfigurationError):
    """A program or file that the gateway needs is not installed."""

    code = "missing_part"
    text_ko = "필요한 프로그램이 설치되어 있지 않습니다."
