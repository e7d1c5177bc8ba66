"""What states, ways and messages are called on the citizen's pages. Korean; `i18n` has the English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.lifecycle import State
from gateway.domain.submission import Channel, ReturnChannel

CHANNEL_TEXTS: Final[Mapping[Channel, str]] = {
    Channel.EMAIL: "전자우편",
    Channel.FAX: "팩스",
    Channel.POST: "우편",
    Channel.WEB: "인터넷",
}
RETURN_TEXTS: Final[Mapping[ReturnChannel, str]] = {
    ReturnChannel.INTERNET: "인터넷",
    ReturnChannel.FAX: "팩스",
    ReturnChannel.POST: "우편",
    ReturnChannel.PICKUP: "방문 수령",
}
_RETURN_BY_CHANNEL: Final[Mapping[Channel, ReturnChannel]] = {
    Channel.FAX: ReturnChannel.FAX,
    Channel.POST: ReturnChannel.POST,
}
STATE_TEXTS: Final[Mapping[State, tuple[str, str]]] = {  # words and the badge's colour
    State.RECEIVED: ("접수", "information"),
    State.TRANSCRIBING: ("내용 확인 중", "information"),
    State.AWAITING_VERIFICATION: ("내용 확인 중", "information"),
    State.TRANSCRIBED: ("담당자 배정 중", "information"),
    State.QUARANTINED: ("내용 확인 중", "information"),
    State.ASSIGNED: ("담당자 검토 중", "primary"),
    State.PLANNED: ("처리 중", "primary"),
    State.ON_HOLD: ("보완 기다림", "warning"),
    State.DECIDED: ("결과 회신 준비", "primary"),
    State.RETURNING: ("결과 회신 중", "primary"),
    State.UNDELIVERABLE: ("회신 안 됨", "danger"),
    State.TRANSFERRED_OUT: ("다른 기관으로 이송", "gray"),
    State.WITHDRAWN: ("취하", "gray"),
    State.CLOSED: ("처리 완료", "success"),
}
PURPOSE_TEXTS: Final[Mapping[Purpose, str]] = {
    Purpose.ACKNOWLEDGEMENT: "접수 알림",
    Purpose.PLAN: "담당자·처리계획 안내",
    Purpose.RESULT: "처리 결과",
    Purpose.REFUSAL: "처리 결과(처리 불능)",
    Purpose.PICKUP_NOTICE: "방문 수령 안내",
}
ROUTE_TEXTS: Final[Mapping[Route, str]] = {
    Route.EMAIL: "전자우편",
    Route.FAX: "팩스",
    Route.POST: "우편",
    Route.PICKUP: "방문 수령",
    Route.INTERNET: "이 누리집",
}
DELIVERY_TEXTS: Final[Mapping[DeliveryState, tuple[str, str]]] = {
    DeliveryState.QUEUED: ("보낼 준비 중", "information"),
    DeliveryState.SENDING: ("보내는 중", "information"),
    DeliveryState.SENT: ("보냄", "success"),
    DeliveryState.DELIVERED: ("전달됨", "success"),
    DeliveryState.COLLECTED: ("수령하심", "success"),
    DeliveryState.FAILED: ("전달 안 됨", "danger"),
    DeliveryState.RETURNED: ("되돌아옴", "danger"),
    DeliveryState.IN_DOUBT: ("전달 확인 중", "warning"),
    DeliveryState.WAITING: ("직원이 준비 중", "information"),
}


def return_channel_of(chosen: ReturnChannel | None, came_by: Channel) -> ReturnChannel:
    """How the result goes out: as chosen, else the way the submission came (`notifications.addressing`)."""
    return chosen or _RETURN_BY_CHANNEL.get(came_by, ReturnChannel.INTERNET)
