"""Korean words for what staff see: states, events, channels, purposes, and how much time is left.

Guarantees: every member of each enumeration has a word (a test compares); an event that is not known here is shown by
its own name rather than left out. Texts are looked up again in `texts/en_staff.toml` by the template's `t`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from dispatch.calendar import OfficeCalendar
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.domain.people import StaffRole
from gateway.domain.result import Outcome
from gateway.domain.submission import Channel, ReturnChannel, Role
from gateway.domain.transcript import FieldName, Source
from notifications.pickup import IdentityCheck

STATES: Final[Mapping[State, str]] = {
    State.RECEIVED: "접수됨",
    State.TRANSCRIBING: "읽는 중",
    State.AWAITING_VERIFICATION: "확인 대기",
    State.TRANSCRIBED: "배정 대기",
    State.QUARANTINED: "읽지 못함",
    State.ASSIGNED: "배정됨",
    State.PLANNED: "처리 중",
    State.ON_HOLD: "보완 대기",
    State.DECIDED: "결정됨",
    State.RETURNING: "회신 중",
    State.UNDELIVERABLE: "회신 못함",
    State.TRANSFERRED_OUT: "타 기관 이송",
    State.WITHDRAWN: "취하",
    State.CLOSED: "종결",
}
STATE_COLOURS: Final[Mapping[State, str]] = {
    State.AWAITING_VERIFICATION: "warning",
    State.QUARANTINED: "danger",
    State.ASSIGNED: "information",
    State.PLANNED: "primary",
    State.ON_HOLD: "warning",
    State.DECIDED: "success",
    State.RETURNING: "success",
    State.UNDELIVERABLE: "danger",
    State.CLOSED: "gray",
}
CHANNELS: Final[Mapping[Channel, str]] = {
    Channel.EMAIL: "전자우편",
    Channel.FAX: "팩스",
    Channel.POST: "우편",
    Channel.WEB: "인터넷",
}
RETURN_CHANNELS: Final[Mapping[ReturnChannel, str]] = {
    ReturnChannel.INTERNET: "인터넷",
    ReturnChannel.FAX: "팩스",
    ReturnChannel.POST: "우편",
    ReturnChannel.PICKUP: "방문수령",
}
ROLES: Final[Mapping[StaffRole, str]] = {
    StaffRole.CLERK: "접수담당",
    StaffRole.HANDLER: "담당자",
    StaffRole.SUPERIOR: "상급자",
    StaffRole.ADMINISTRATOR: "관리자",
    StaffRole.AUDITOR: "감사담당",
}
FILE_ROLES: Final[Mapping[Role, str]] = {
    Role.ENVELOPE: "받은 편지 전체",
    Role.BODY: "본문",
    Role.ATTACHMENT: "첨부",
    Role.PAGES: "받은 면",
}
FIELDS: Final[Mapping[FieldName, str]] = {
    FieldName.NAME: "이름",
    FieldName.BIRTH_DATE: "생년월일",
    FieldName.RESIDENT_NUMBER: "주민등록번호",
    FieldName.PHONE: "전화",
    FieldName.FAX: "팩스",
    FieldName.EMAIL: "전자우편",
    FieldName.ADDRESS: "주소",
    FieldName.POSTCODE: "우편번호",
    FieldName.TITLE: "제목",
    FieldName.RETURN_CHANNEL: "회신 방법",
    FieldName.DATE: "작성일",
}
SOURCES: Final[Mapping[Source, str]] = {
    Source.TEXT_LAYER: "문서 자체의 글",
    Source.OCR: "그림에서 읽음",
    Source.PLAIN: "글 파일",
    Source.PERSON: "직원이 적음",
    Source.NONE: "읽은 글 없음",
}
PURPOSES: Final[Mapping[Purpose, str]] = {
    Purpose.ACKNOWLEDGEMENT: "접수 알림",
    Purpose.PLAN: "처리계획 안내",
    Purpose.RESULT: "처리결과",
    Purpose.REFUSAL: "처리 불능 통지",
    Purpose.PICKUP_NOTICE: "방문수령 안내",
    Purpose.HANDLER_NOTICE: "담당자 알림",
}
ROUTES: Final[Mapping[Route, str]] = {
    Route.EMAIL: "전자우편",
    Route.FAX: "팩스",
    Route.POST: "우편",
    Route.PICKUP: "방문수령",
    Route.INTERNET: "인터넷",
}
DELIVERY_STATES: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.QUEUED: "발송 대기",
    DeliveryState.SENDING: "발송 중",
    DeliveryState.SENT: "보냄",
    DeliveryState.DELIVERED: "전달됨",
    DeliveryState.COLLECTED: "수령함",
    DeliveryState.FAILED: "실패",
    DeliveryState.RETURNED: "반송됨",
    DeliveryState.IN_DOUBT: "발송 여부 불확실",
    DeliveryState.WAITING: "직원 처리 대기",
    DeliveryState.CANCELLED: "취소됨",
}
DELIVERY_COLOURS: Final[Mapping[DeliveryState, str]] = {
    DeliveryState.SENT: "information",
    DeliveryState.DELIVERED: "success",
    DeliveryState.COLLECTED: "success",
    DeliveryState.FAILED: "danger",
    DeliveryState.RETURNED: "danger",
    DeliveryState.IN_DOUBT: "warning",
    DeliveryState.WAITING: "warning",
}
IDENTITY_WORDS: Final[Mapping[IdentityCheck, str]] = {
    IdentityCheck.RESIDENT_CARD: "주민등록증",
    IdentityCheck.DRIVING_LICENCE: "운전면허증",
    IdentityCheck.PASSPORT: "여권",
    IdentityCheck.FOREIGNER_CARD: "외국인등록증",
    IdentityCheck.OTHER_CARD: "그 밖의 신분증",
    IdentityCheck.PROXY: "대리인(위임장과 대리인 신분증)",
}
OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.GRANTED: "처리함",
    Outcome.ANSWERED: "답변함",
    Outcome.UNPROCESSABLE: "처리 불능",
}
CLOCKS: Final[Mapping[ClockName, str]] = {
    ClockName.C1: "담당자 전달",
    ClockName.C2: "담당자·처리계획 안내",
    ClockName.PERIOD: "처리기간",
}
JOBS: Final[Mapping[JobKind, str]] = {
    JobKind.UNFOLD: "받은 편지 펼치기",
    JobKind.TRANSCRIBE: "문서 읽기",
    JobKind.ASSIGN: "배정",
    JobKind.ACKNOWLEDGE: "접수 알림",
    JobKind.COMPOSE: "문서 작성",
    JobKind.DELIVER: "발송",
}
_FACTS_OF_THE_LEDGER: Final[Mapping[str, str]] = {
    "received": "민원을 접수했습니다",
    "unfolded": "편지에서 본문과 첨부를 꺼냈습니다",
    "could_not_be_unfolded": "받은 편지를 펼치지 못했습니다",
    "read_late": "담당자에게 넘어간 뒤에 읽었습니다",
    "reading_asked_again": "읽기를 다시 시켰습니다",
    "clerk_note": "접수담당이 남긴 말",
    "fax_handed_to_server": "팩스 서버에 맡겼습니다",
    "first_seen": "담당자가 처음 열어 보았습니다",
    "job_retried": "멈춘 작업을 다시 시도하게 했습니다",
    "promise_breached": "약속한 시간을 넘겼습니다",
    "not_told": "알릴 방법이 없어 알리지 못했습니다",
    "return_rerouted": "고른 방법으로 보낼 수 없어 다른 방법으로 보냅니다",
    "delivery_queued": "발송을 준비했습니다",
    "delivery_attempted": "발송을 시도했습니다",
    "delivery_sent": "보냈습니다",
    "delivery_delivered": "전달됐습니다",
    "delivery_collected": "창구에서 교부했습니다",
    "delivery_waiting": "직원이 보내기를 기다립니다",
    "delivery_in_doubt": "전달됐는지 알 수 없어 직원이 확인합니다",
    "delivery_failed": "보내지 못했습니다",
    "delivery_returned": "되돌아왔습니다",
    "delivery_cancelled": "발송을 취소했습니다",
    "result_opened": "민원인이 결과를 열어 보았습니다",
    "letter_opened": "민원인이 문서를 열어 보았습니다",
    "opened": "민원인이 결과를 열어 보았습니다",
}
EVENTS: Final[Mapping[str, str]] = {
    **_FACTS_OF_THE_LEDGER,
    Event.READING_STARTED: "읽기 시작했습니다",
    Event.READ: "읽었습니다",
    Event.READ_DOUBTFULLY: "읽었으나 확인이 필요합니다",
    Event.COULD_NOT_BE_READ: "읽지 못해 직원에게 넘겼습니다",
    Event.VERIFIED: "직원이 읽은 내용을 확인했습니다",
    Event.ASSIGNED: "담당자에게 배정했습니다",
    Event.ASSIGNED_UNVERIFIED: "확인 전에 담당자에게 먼저 전했습니다",
    Event.REASSIGNED: "다른 담당자에게 배정했습니다",
    Event.PLAN_TOLD: "처리계획을 안내했습니다",
    Event.SUPPLEMENT_REQUESTED: "보완을 요구했습니다",
    Event.SUPPLEMENT_ARRIVED: "보완 자료가 도착했습니다",
    Event.DECIDED: "처리결과를 결정했습니다",
    Event.REFUSED: "처리 불능으로 결정했습니다",
    Event.RETURN_STARTED: "결과 회신을 시작했습니다",
    Event.RETURN_FAILED: "결과를 전하지 못했습니다",
    Event.RETURNED: "결과를 전했습니다",
    Event.TRANSFERRED_OUT: "다른 기관으로 이송했습니다",
    Event.WITHDRAWN: "민원인이 취하했습니다",
}
ACCESSES: Final[Mapping[str, str]] = {
    "logged_in": "로그인",
    "logged_out": "로그아웃",
    "login_refused": "로그인 거부",
    "opened_verification": "확인 화면 열람",
    "verified": "읽은 내용 확인",
    "opened_case": "민원 열람",
    "opened_original": "원본 내려받기",
    "opened_rendition": "변환본 열람",
    "opened_letter": "발송 문서 열람",
    "planned": "처리계획 안내",
    "decided": "처리결과 결정",
    "transferred": "이관",
    "withdrawn": "취하 처리",
    "reread": "다시 읽기",
    "listed": "목록 열람",
    "listed_accesses": "접속기록 열람",
    "changed_delivery": "발송 처리",
}
_ALL: Final[tuple[Mapping[StrEnum, str], ...]] = (
    STATES, CHANNELS, RETURN_CHANNELS, ROLES, FILE_ROLES, FIELDS, SOURCES, PURPOSES, ROUTES, DELIVERY_STATES,
    OUTCOMES, CLOCKS, JOBS,
)  # type: ignore[assignment]  # fmt: skip
_BY_TYPE: Final = {type(next(iter(words))): words for words in _ALL}
_MINUTES_A_DAY: Final = 8 * 60
_SOON_MINUTES: Final = {ClockName.C1: 10, ClockName.C2: 60, ClockName.PERIOD: _MINUTES_A_DAY}


def word(value: StrEnum | str | None) -> str:
    """The Korean word for a member of an enumeration; an empty text for none."""
    if not value:
        return ""
    words = _BY_TYPE.get(type(value)) if isinstance(value, StrEnum) else None
    return words.get(value, str(value)) if words is not None and isinstance(value, StrEnum) else str(value)


def event_word(event: str) -> str:
    """What an entry of the ledger says, as a sentence."""
    return EVENTS.get(event, event)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """Working time until a clock lapses.

    Attributes:
        template: text to translate, with `{days}`, `{hours}` and `{minutes}`.
        days: whole working days of eight hours.
        hours: of the rest.
        minutes: of the rest.
        level: `ok`, `soon` or `late`.
    """

    template: str
    days: int
    hours: int
    minutes: int
    level: str


def time_left(due: datetime, now: datetime, name: ClockName, calendar: OfficeCalendar) -> TimeLeft:
    """How much working time is left, or has passed since."""
    late = now > due
    total = abs(round(calendar.working_minutes(now, due)))
    days, rest = divmod(total, _MINUTES_A_DAY)
    hours, minutes = divmod(rest, 60)
    if days:
        amount = "{days}일 {hours}시간" if hours else "{days}일"
    elif hours:
        amount = "{hours}시간 {minutes}분" if minutes else "{hours}시간"
    else:
        amount = "{minutes}분"
    level = "late" if late else "soon" if total <= _SOON_MINUTES[name] else "ok"
    return TimeLeft(f"{amount} {'지남' if late else '남음'}", days, hours, minutes, level)
