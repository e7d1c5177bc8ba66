"""The outgoing tray: what staff do with deliveries that wait, came back or are in doubt.

Guarantees: each call is one transaction with its ledger entry, and closes the case when it settles the last delivery
of its result. Fails with `NotFound`, `IllegalTransition`, `StaleDelivery`, or what says which words, number or check
is missing (`ReasonMissing`, `NotRegistered`, `IdentityNotChecked`, `NoAddress`).
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import IllegalTransition
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.domain.times import Clock
from gateway.store import deliveries, jobs, submissions
from gateway.store.database import Database
from gateway.store.deliveries import Delivery
from notifications import closing, pickup, post
from notifications.addressing import way_by
from notifications.closing import RESULTS
from notifications.reasons import required

_S = DeliveryState


class Tray:
    """What staff can do.

    Args:
        database: rows.
        clock: the present.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def confirm_posted(self, delivery_id: int, *, registered_number: str, actor: str) -> Delivery:
        """A letter was posted; a result needs its registered mail number (13 digits), others may go by ordinary mail.

        Raises:
            NotRegistered: a result without, or with a wrong, number.
            IllegalTransition: it is no letter for the post, or does not wait.
        """
        return self._settle(
            delivery_id,
            actor,
            lambda tx, d: post.confirm_posted(tx, d, number=registered_number, actor=actor, at=self._clock.now()),
        )

    def came_back(self, delivery_id: int, *, why: str, actor: str) -> Delivery:
        """The post brought a letter back; the reason is kept and the delivery is in the tray again.

        Raises:
            ReasonMissing: no reason.
            IllegalTransition: it was not sent.
        """
        return self._settle(
            delivery_id, actor, lambda tx, d: post.came_back(tx, d, why=why, actor=actor, at=self._clock.now()),
        )  # fmt: skip

    def hand_over(self, delivery_id: int, *, collector: str, identity: str, actor: str) -> Delivery:
        """A result was handed over at the counter; `identity` is a value of `pickup.IdentityCheck`.

        Raises:
            IdentityNotChecked: nobody named, or no check.
            IllegalTransition: it does not lie at the counter.
        """
        return self._settle(
            delivery_id,
            actor,
            lambda tx, d: pickup.hand_over(
                tx, d, collector=collector, identity=identity, actor=actor, at=self._clock.now()
            ),
        )

    def confirm_told(self, delivery_id: int, *, how: str, actor: str) -> Delivery:
        """A person brought the message to the citizen otherwise: by telephone, or faxed by hand.

        Raises:
            ReasonMissing: it is not said how.
            IllegalTransition: it does not wait, or is a result that must be handed over or posted.
        """
        words = required(how, "how the citizen was told")

        def told(tx: Connection, delivery: Delivery) -> Delivery:
            at_counter = delivery.route is Route.PICKUP and not delivery.address
            if delivery.state is not _S.WAITING or (delivery.purpose in RESULTS and at_counter):
                raise IllegalTransition(f"delivery {delivery.id} is not to be told by a person")
            return deliveries.move(
                tx, delivery, _S.DELIVERED, actor=actor, at=self._clock.now(), proof={"told_by_person": words},
            )  # fmt: skip

        return self._settle(delivery_id, actor, told)

    def retry_delivery(self, delivery_id: int, *, actor: str, why: str = "") -> Delivery:
        """Send it again by the same way, to the address the case has now.

        Raises:
            NoAddress: the case has no address for this way.
            IllegalTransition: it neither waits nor came back; what is in doubt is settled first.
        """
        return self.send_by(delivery_id, route=None, actor=actor, why=why)

    def send_by(self, delivery_id: int, *, route: Route | None, actor: str, why: str = "") -> Delivery:
        """Send it by another way (None: by the same) to the address the case has now; the waiting one is cancelled.

        Raises:
            NoAddress: the case has no address for this way.
            IllegalTransition: it neither waits nor came back.
        """
        with self._database.transaction() as tx:
            now = self._clock.now()
            delivery = deliveries.get(tx, delivery_id)
            if delivery.state not in {_S.WAITING, _S.RETURNED}:  # what failed was replaced by another way already
                raise IllegalTransition(f"delivery {delivery.id} is {delivery.state}")
            submission = submissions.get(tx, delivery.submission_id)
            way = way_by(route or delivery.route, submission.contact)
            cancelled = deliveries.move(tx, delivery, _S.CANCELLED, actor=actor, at=now, why=why or "다시 보냅니다.")
            if delivery.purpose in RESULTS and submission.state is State.UNDELIVERABLE:
                submissions.move(tx, submission, Event.RETURN_STARTED, actor=actor, at=now, why=why)
            other = closing.send_another_way(tx, cancelled, way, actor=actor, at=now)
            if other.route is Route.PICKUP and other.purpose in RESULTS:
                self._announce_pickup(tx, other)
            return other

    def settle_in_doubt(self, delivery_id: int, *, arrived: bool, actor: str, why: str) -> Delivery:
        """A person found out whether something in doubt arrived; when not, it waits in the tray to be sent again.

        Raises:
            ReasonMissing: it is not said how this was found out.
            IllegalTransition: it is not in doubt.
        """
        words = required(why, "how this was found out")

        def settle(tx: Connection, delivery: Delivery) -> Delivery:
            if delivery.state is not _S.IN_DOUBT:
                raise IllegalTransition(f"delivery {delivery.id} is not in doubt")
            to = _S.DELIVERED if arrived else _S.WAITING
            return deliveries.move(
                tx, delivery, to, actor=actor, at=self._clock.now(), why=words, proof={"settled": words},
            )  # fmt: skip

        return self._settle(delivery_id, actor, settle)

    def cancel(self, delivery_id: int, *, actor: str, why: str) -> Delivery:
        """Take a delivery out of the tray for good.

        Raises:
            ReasonMissing: no reason.
            IllegalTransition: it is on its way or done.
        """
        words = required(why, "why it is cancelled")
        return self._settle(
            delivery_id,
            actor,
            lambda tx, d: deliveries.move(tx, d, _S.CANCELLED, actor=actor, at=self._clock.now(), why=words),
        )

    def _settle(self, delivery_id: int, actor: str, change: Callable[[Connection, Delivery], Delivery]) -> Delivery:
        with self._database.transaction() as tx:
            changed = change(tx, deliveries.get(tx, delivery_id))
            closing.follow(tx, changed, actor=actor, at=self._clock.now())
            return changed

    def _announce_pickup(self, tx: Connection, delivery: Delivery) -> None:
        jobs.add(
            tx, JobKind.COMPOSE, delivery.submission_id, subject=Purpose.PICKUP_NOTICE, now=self._clock.now(),
        )  # fmt: skip
