"""Letters by post: printed from the outgoing tray, confirmed when they were posted, or when they came back.

Guarantees: a result is posted with its registered mail number, which is kept as proof; the number's form is checked.
Fails with `NotRegistered` on a number that is none.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import IllegalTransition, PermanentError
from gateway.store import deliveries
from gateway.store.deliveries import Delivery
from notifications.reasons import required

REASON = "인쇄하여 우편으로 보내 주십시오."
_NUMBER = re.compile(r"\d{13}")
_RESULTS = frozenset({Purpose.RESULT, Purpose.REFUSAL})


class NotRegistered(PermanentError):
    """A registered mail number has 13 digits; a result goes by registered mail."""

    code = "not_registered"
    text_ko = "등기번호는 숫자 13자리입니다. 처리결과는 등기우편으로 보내야 합니다."


def registered_number(written: str) -> str:
    """A registered mail number as printed, 5-4-4.

    Raises:
        NotRegistered: it does not have 13 digits.
    """
    digits = re.sub(r"[\s-]", "", written)
    if not _NUMBER.fullmatch(digits):
        raise NotRegistered(f"not a registered mail number: {written!r}")
    return f"{digits[:5]}-{digits[5:9]}-{digits[9:]}"


def confirm_posted(tx: Connection, delivery: Delivery, *, number: str, actor: str, at: datetime) -> Delivery:
    """Record that a letter was posted.

    Args:
        tx: the caller's transaction.
        delivery: waits in the tray.
        number: registered mail number; may be empty for what is no result (ordinary mail).
        actor: who posted it.
        at: when.

    Raises:
        NotRegistered: a result without, or with a wrong, number.
        IllegalTransition: it is no letter for the post, or does not wait.
    """
    if delivery.route is not Route.POST:
        raise IllegalTransition(f"delivery {delivery.id} goes by {delivery.route}, not by post")
    proof = {"posted_by": "ordinary mail"}
    if number.strip() or delivery.purpose in _RESULTS:
        proof = {"registered_number": registered_number(number)}
    return deliveries.move(tx, delivery, DeliveryState.SENT, actor=actor, at=at, proof=proof)


def came_back(tx: Connection, delivery: Delivery, *, why: str, actor: str, at: datetime) -> Delivery:
    """Record that the post returned a letter, with its reason (폐문부재, 수취인불명 ...).

    Raises:
        ReasonMissing: no reason was given.
        IllegalTransition: it was not sent.
    """
    words = required(why, "why the post brought it back")
    return deliveries.move(tx, delivery, DeliveryState.RETURNED, actor=actor, at=at, why=words)
