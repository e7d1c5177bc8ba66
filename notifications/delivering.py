"""The stage that sends: `Delivering` does DELIVER jobs, one attempt at one delivery by mail or fax.

Guarantees: the attempt is committed before anything leaves; what a crash leaves open is settled by the peer (a fax
server is asked for our key) or becomes in doubt, and is never sent again by itself. Each end is committed together with
what follows: the case closed, another try, another way, or a person. Fails by raising; the job stays in the queue.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import assert_never

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.errors import LostLease, TransientError
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import State
from gateway.domain.times import Clock
from gateway.store import deliveries, jobs, submissions
from gateway.store.blobs import Blobs
from gateway.store.database import Database
from gateway.store.deliveries import Attempt, Delivery
from notifications import closing, retry
from notifications.addressing import Way, course
from notifications.closing import ACTOR
from notifications.composing import Composer, read_matter
from notifications.faxing import FaxAttempts, FaxStep
from notifications.mail import build, new_message_id
from notifications.ports import Attempted, FaxLine, MailWay, Outcome, Signatories

ATTEMPT = timedelta(minutes=5)  # longer than all time-outs of one SMTP exchange together
_COMMIT_TRIES = 3
NO_FAX_LINE = "팩스 회선이 연결되어 있지 않습니다. 인쇄하여 팩스로 보내거나 다른 방법을 고르십시오."
_IN_DOUBT = "보내는 중에 멈추어 전달 여부를 알 수 없습니다. 받는 쪽에 확인해 주십시오."
_TO = {
    Outcome.SENT: DeliveryState.SENT,
    Outcome.DELIVERED: DeliveryState.DELIVERED,
    Outcome.IN_DOUBT: DeliveryState.IN_DOUBT,
}


class Delivering:
    """Does DELIVER jobs; the job's subject is the delivery's id.

    Args:
        database: rows.
        blobs: letters.
        clock: the present.
        composer: writes what fell back to another way.
        signatories: the office, for the head of mails.
        mail: how mail leaves.
        fax: the fax line; None when the office has none.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        clock: Clock,
        composer: Composer,
        signatories: Signatories,
        mail: MailWay,
        fax: FaxLine | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._composer = composer
        self._signatories = signatories
        self._mail = mail
        self._fax = None if fax is None else FaxAttempts(fax)

    def __call__(self, lease: Lease) -> None:
        """Do one job."""
        with self._database.reading() as tx:
            delivery = deliveries.get(tx, int(lease.subject))
            attempt = deliveries.open_attempt(tx, delivery.id)
        if delivery.state is DeliveryState.SENDING and attempt is not None:
            self._resume(lease, delivery, attempt)
        elif delivery.state is not DeliveryState.QUEUED:
            self._complete(lease)
        elif delivery.route is Route.EMAIL:
            self._send_mail(lease, self._filled(delivery))
        elif delivery.route is Route.FAX:
            self._send_fax(lease, self._filled(delivery))
        else:
            self._place(lease, self._filled(delivery))

    def _filled(self, delivery: Delivery) -> Delivery:
        """The delivery with its words and letter; one that fell back to this way has none yet."""
        if delivery.subject:
            return delivery
        with self._database.reading() as tx:
            matter = read_matter(tx, delivery.submission_id)
        made = self._composer.compose(matter, delivery)
        with self._database.transaction() as tx:
            return deliveries.fill(
                tx, delivery, subject=made.subject, body=made.body, document_sha256=made.document_sha256,
            )  # fmt: skip

    def _place(self, lease: Lease, delivery: Delivery) -> None:
        with self._database.transaction() as tx:
            now = self._clock.now()
            closing.place(tx, delivery, actor=ACTOR, at=now)
            jobs.complete(tx, lease, now=now)

    def _send_mail(self, lease: Lease, delivery: Delivery) -> None:
        office = self._signatories.office
        key = new_message_id(office.email.rpartition("@")[2])
        replying = delivery.purpose is Purpose.ACKNOWLEDGEMENT
        attachment = None
        if delivery.document_sha256 is not None:
            attachment = (f"{delivery.document_number}.pdf", self._blobs.read(delivery.document_sha256))
        message = build(
            office=office, to=delivery.address, subject=delivery.subject, body=delivery.body, message_id=key,
            date=self._clock.now(), replying=replying, attachment=attachment,
        )  # fmt: skip
        begun = self._begin(lease, delivery, key)
        if begun is None:
            return
        delivery, attempt = begun
        # RFC 3834 §3.3: an automatic answer has no way back; a letter has one, so that bounces reach the office
        reverse_path = "" if replying else office.email
        attempted = self._mail.send(message, delivery.address, reverse_path=reverse_path, key=key.strip("<>"))
        self._conclude(lease, delivery, attempt, attempted)

    def _send_fax(self, lease: Lease, delivery: Delivery) -> None:
        if self._fax is None or delivery.document_sha256 is None:
            with self._database.transaction() as tx:
                now = self._clock.now()
                closing.to_tray(tx, delivery, why=NO_FAX_LINE, actor=ACTOR, at=now)
                jobs.complete(tx, lease, now=now)
            return
        with self._database.reading() as tx:
            key = f"gw-{delivery.id}-{len(deliveries.attempts(tx, delivery.id)) + 1}"
        pdf = self._blobs.read(delivery.document_sha256)
        begun = self._begin(lease, delivery, key)
        if begun is not None:
            self._fax_step(lease, *begun, self._fax.submit(pdf, delivery.address, begun[1], self._clock.now()))

    def _resume(self, lease: Lease, delivery: Delivery, attempt: Attempt) -> None:
        """An attempt stands open: a fax on its way, or what a crash left."""
        now = self._clock.now()
        if delivery.route is Route.FAX and self._fax is not None:
            self._fax_step(lease, delivery, attempt, self._fax.look(attempt, now))
        elif attempt.until > now:  # its worker may still be at it
            with self._database.transaction() as tx:
                jobs.postpone(tx, lease, until=attempt.until, why="another attempt is under way")
        else:
            self._conclude(lease, delivery, attempt, Attempted(Outcome.IN_DOUBT, _IN_DOUBT))

    def _fax_step(self, lease: Lease, delivery: Delivery, attempt: Attempt, fax: FaxStep) -> None:
        if fax.ended is not None:
            self._conclude(lease, delivery, attempt, fax.ended)
            return
        with self._database.transaction() as tx:
            if fax.job_id and fax.job_id != attempt.detail:
                deliveries.keep_attempt_open(tx, attempt, until=fax.until, detail=fax.job_id)
                submissions.note(
                    tx, delivery.submission_id, "fax_handed_to_server", actor=ACTOR, at=self._clock.now(),
                    facts={"delivery": str(delivery.id), "attempt": attempt.key, "fax_job": fax.job_id},
                )  # fmt: skip
            jobs.postpone(tx, lease, until=fax.look_again_at, why=fax.why)

    def _begin(self, lease: Lease, delivery: Delivery, key: str) -> tuple[Delivery, Attempt] | None:
        """Commit the attempt and keep the job for as long as it may last; None when the case was withdrawn."""
        with self._database.transaction() as tx:
            now = self._clock.now()
            if submissions.get(tx, delivery.submission_id).state is State.WITHDRAWN:
                deliveries.move(tx, delivery, DeliveryState.CANCELLED, actor=ACTOR, at=now, why="취하된 민원입니다.")
                jobs.complete(tx, lease, now=now)
                return None
            jobs.renew(tx, lease, now=now, by=ATTEMPT)
            return deliveries.begin_attempt(tx, delivery, key=key, until=now + ATTEMPT, actor=ACTOR, at=now)

    def _conclude(self, lease: Lease, delivery: Delivery, attempt: Attempt, attempted: Attempted) -> None:
        """Commit how an attempt ended and what follows; what is known now must not be lost to a busy database."""
        for remaining in reversed(range(_COMMIT_TRIES)):
            try:
                with self._database.transaction() as tx:
                    self._record(tx, lease, delivery, attempt, attempted)
            except LostLease:
                raise
            except TransientError:
                if not remaining:
                    raise
            else:
                return

    def _record(
        self, tx: Connection, lease: Lease, delivery: Delivery, attempt: Attempt, attempted: Attempted
    ) -> None:  # fmt: skip
        now = self._clock.now()
        if attempted.outcome in _TO:
            ended = self._end(tx, delivery, attempt, attempted, _TO[attempted.outcome], now)
            closing.follow(tx, ended, actor=ACTOR, at=now)
            jobs.complete(tx, lease, now=now)
            return
        decision = self._decide(tx, delivery, attempted, now)
        if isinstance(decision, retry.Again):
            self._end(tx, delivery, attempt, attempted, DeliveryState.QUEUED, now)
            jobs.postpone(tx, lease, until=decision.at, why=attempted.detail)
            return
        ended = self._end(tx, delivery, attempt, attempted, DeliveryState.FAILED, now)
        if isinstance(decision, retry.FallBack):
            closing.send_another_way(tx, ended, decision.way, actor=ACTOR, at=now)
        elif isinstance(decision, retry.ToPerson):
            closing.to_tray(tx, ended, why=decision.why, actor=ACTOR, at=now)
            closing.gave_up(tx, ended, why=decision.why, actor=ACTOR, at=now)
        else:
            assert_never(decision)
        jobs.complete(tx, lease, now=now)

    def _end(
        self,
        tx: Connection,
        delivery: Delivery,
        attempt: Attempt,
        attempted: Attempted,
        to: DeliveryState,
        now: datetime,
    ) -> Delivery:
        return deliveries.end_attempt(
            tx, delivery, attempt, to=to, outcome=attempted.outcome, actor=ACTOR, at=now,
            detail=attempted.detail, proof=attempted.proof,
        )  # fmt: skip

    def _decide(self, tx: Connection, delivery: Delivery, attempted: Attempted, now: datetime) -> retry.Decision:
        tries = deliveries.attempts(tx, delivery.id)
        return retry.decide(
            delivery.purpose, attempted, tries=len(tries), first_at=tries[0].started_at, now=now,
            fallbacks=_fallbacks(tx, delivery),
        )  # fmt: skip

    def _complete(self, lease: Lease) -> None:
        with self._database.transaction() as tx:
            jobs.complete(tx, lease, now=self._clock.now())


def _fallbacks(tx: Connection, delivery: Delivery) -> tuple[Way, ...]:
    """Ways not tried yet for this purpose, by what is known of the citizen now."""
    if delivery.purpose is Purpose.HANDLER_NOTICE:
        return ()
    submission = submissions.get(tx, delivery.submission_id)
    used = {d.route for d in deliveries.for_submission(tx, submission.id, (delivery.purpose,))}
    planned = course(delivery.purpose, submission.channel, submission.return_channel, submission.contact)
    return tuple(way for way in planned.fallbacks if way.route not in used)


def sweep_in_doubt(database: Database, clock: Clock) -> int:
    """Settle attempts that outlived their time; how many there were.

    A fax is asked about again (its server knows our key); anything else becomes in doubt, for a person.
    """
    with database.reading() as tx:
        if not deliveries.lapsed(tx, now=clock.now(), limit=1):
            return 0
    with database.transaction() as tx:
        now = clock.now()
        found = deliveries.lapsed(tx, now=now)
        for delivery, attempt in found:
            if delivery.route is Route.FAX:
                subject = str(delivery.id)
                if not jobs.outstanding(tx, delivery.submission_id, JobKind.DELIVER, subject):
                    jobs.add(tx, JobKind.DELIVER, delivery.submission_id, subject=subject, now=now)
                continue
            deliveries.end_attempt(
                tx, delivery, attempt, to=DeliveryState.IN_DOUBT, outcome=Outcome.IN_DOUBT, actor=ACTOR, at=now,
                detail=_IN_DOUBT,
            )  # fmt: skip
        return len(found)
