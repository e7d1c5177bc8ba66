"""One outgoing message or letter and its way to the citizen.

Guarantees: `TABLE` holds every step of a delivery; an attempt is recorded before anything leaves (`sending`), and what
a crash leaves in `sending` becomes `in_doubt`, never a second attempt by itself.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.errors import IllegalTransition


class Purpose(StrEnum):
    """What is being told."""

    ACKNOWLEDGEMENT = "acknowledgement"  # 접수 알림
    PLAN = "plan"  # C2 처리계획 안내
    RESULT = "result"  # C3 처리결과
    REFUSAL = "refusal"  # C4 처리 불능
    PICKUP_NOTICE = "pickup_notice"  # 방문수령 안내
    HANDLER_NOTICE = "handler_notice"  # to the case handler inside the office


class Route(StrEnum):
    """By which way one delivery goes; a return channel can need several."""

    EMAIL = "email"
    FAX = "fax"
    POST = "post"
    PICKUP = "pickup"
    INTERNET = "internet"  # laid out behind number and code


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"  # handed over; not yet proven delivered
    DELIVERED = "delivered"
    COLLECTED = "collected"
    FAILED = "failed"
    RETURNED = "returned"
    IN_DOUBT = "in_doubt"
    WAITING = "waiting"  # in the outgoing tray, for a person
    CANCELLED = "cancelled"


_D = DeliveryState
TABLE: dict[DeliveryState, frozenset[DeliveryState]] = {
    _D.QUEUED: frozenset({_D.SENDING, _D.WAITING, _D.FAILED, _D.CANCELLED, _D.DELIVERED}),
    _D.SENDING: frozenset({_D.SENT, _D.DELIVERED, _D.FAILED, _D.QUEUED, _D.IN_DOUBT}),
    _D.SENT: frozenset({_D.DELIVERED, _D.RETURNED, _D.FAILED}),
    _D.WAITING: frozenset({_D.SENT, _D.DELIVERED, _D.COLLECTED, _D.QUEUED, _D.CANCELLED, _D.RETURNED}),
    _D.IN_DOUBT: frozenset({_D.SENT, _D.DELIVERED, _D.QUEUED, _D.FAILED, _D.WAITING}),
    _D.FAILED: frozenset({_D.QUEUED, _D.WAITING, _D.CANCELLED}),
    _D.RETURNED: frozenset({_D.QUEUED, _D.WAITING, _D.CANCELLED}),
    _D.DELIVERED: frozenset({_D.RETURNED}),
    _D.COLLECTED: frozenset(),
    _D.CANCELLED: frozenset(),
}

DONE = frozenset({DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.COLLECTED})


def step(state: DeliveryState, to: DeliveryState) -> DeliveryState:
    """The new state.

    Raises:
        IllegalTransition: the table has no such step.
    """
    if to not in TABLE[state]:
        raise IllegalTransition(f"a delivery cannot go from '{state}' to '{to}'")
    return to
