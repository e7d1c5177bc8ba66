"""Collection at the counter: the result lies ready, identity is checked, the handover is recorded.

Guarantees: nothing is handed over without a record of who came and how the identity was checked. Fails with
`IdentityNotChecked`.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Route
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.store import deliveries
from gateway.store.deliveries import Delivery

REASON = "창구에서 본인 확인 후 내어 주십시오."
REASON_BY_PHONE = "전화로 알려 주십시오."


class IdentityCheck(StrEnum):
    """How the identity of whoever collects was checked."""

    RESIDENT_CARD = "resident_card"  # 주민등록증
    DRIVING_LICENCE = "driving_licence"  # 운전면허증
    PASSPORT = "passport"  # 여권
    FOREIGNER_CARD = "foreigner_card"  # 외국인등록증
    OTHER_CARD = "other_card"  # 그 밖의 신분증
    PROXY = "proxy"  # 대리인: 위임장과 대리인 신분증


class IdentityNotChecked(PermanentError):
    """A result is handed over only to a person whose identity was checked."""

    code = "identity_not_checked"
    text_ko = "찾아온 분의 이름과 본인 확인 방법을 적어야 내어 줄 수 있습니다."


def identity_check(chosen: str) -> IdentityCheck:
    """The check that was made.

    Raises:
        IdentityNotChecked: none, or an unknown one.
    """
    try:
        return IdentityCheck(chosen)
    except ValueError:
        raise IdentityNotChecked(f"no such check: {chosen!r}") from None


def hand_over(
    tx: Connection, delivery: Delivery, *, collector: str, identity: str, actor: str, at: datetime,
) -> Delivery:  # fmt: skip
    """Record the handover of a result at the counter.

    Args:
        tx: the caller's transaction.
        delivery: lies at the counter.
        collector: name of who came.
        identity: a value of `IdentityCheck`.
        actor: who handed it over.
        at: when.

    Raises:
        IdentityNotChecked: no name, or no check.
        IllegalTransition: it does not lie at the counter.
    """
    check = identity_check(identity)
    if not collector.strip():
        raise IdentityNotChecked("no name of who collected")
    if delivery.route is not Route.PICKUP or delivery.address:  # an address is a phone number to call
        raise IllegalTransition(f"delivery {delivery.id} does not lie at the counter")
    return deliveries.move(
        tx, delivery, DeliveryState.COLLECTED, actor=actor, at=at,
        proof={"collector": collector.strip(), "identity": check},
    )  # fmt: skip
