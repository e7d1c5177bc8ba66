"""The stages that begin a return: `Acknowledging` and `Composing`. `Delivering` is in its own module.

Guarantees: a round of deliveries (purpose, ways, register number) is committed before its letters are made, so a
crash in between goes on with the same round and number; letters, deliveries, the case's next state and the job's
completion are then committed together. Fails by raising; the job stays in the queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.engine import Connection

from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import Event, State
from gateway.domain.times import Clock
from gateway.store import deliveries, jobs, submissions
from gateway.store.database import Database
from gateway.store.deliveries import Delivery
from gateway.store.submissions import Submission
from notifications import closing
from notifications.addressing import Course, Way, course
from notifications.closing import ACTOR, RESULTS
from notifications.composing import Composed, Composer, read_matter
from notifications.drafting import purpose_of

_NEEDS_ADDRESS = frozenset({Route.EMAIL, Route.FAX, Route.POST})


_BEING_READ = frozenset(
    {State.RECEIVED, State.TRANSCRIBING, State.AWAITING_VERIFICATION, State.QUARANTINED, State.TRANSCRIBED},
)
_LOOK_AGAIN = timedelta(seconds=20)


class Composing:
    """Does COMPOSE jobs: letters and deliveries for one purpose; the job's subject is the purpose.

    Args:
        database: rows.
        clock: the present.
        composer: writes words and letters.
    """

    def __init__(self, database: Database, clock: Clock, composer: Composer) -> None:
        self._database = database
        self._clock = clock
        self._composer = composer

    def __call__(self, lease: Lease) -> None:
        """Do one job."""
        self.run(lease, Purpose(lease.subject))

    def run(self, lease: Lease, asked: Purpose) -> None:
        """Open a round for the purpose, write its letters, send its deliveries on their way."""
        with self._database.transaction() as tx:
            round_ = self._open_round(tx, lease.submission_id, asked)
            if not round_:
                jobs.complete(tx, lease, now=self._clock.now())
                return
            matter = read_matter(tx, lease.submission_id)
        composed = [self._composer.compose(matter, delivery) for delivery in round_]
        with self._database.transaction() as tx:
            self._send_off(tx, round_, composed)
            jobs.complete(tx, lease, now=self._clock.now())

    def put_off_unknown(self, lease: Lease, purpose: Purpose) -> bool:
        """Put the job off while the sender is still being read; whether that was done."""
        with self._database.reading() as tx:
            submission = submissions.get(tx, lease.submission_id)
        if submission.state not in _BEING_READ or not self._course(purpose, submission).trouble:
            return False
        with self._database.transaction() as tx:
            jobs.postpone(tx, lease, until=self._clock.now() + _LOOK_AGAIN, why="the sender is not known yet")
        return True

    def _open_round(self, tx: Connection, submission_id: int, asked: Purpose) -> tuple[Delivery, ...]:
        submission = submissions.get(tx, submission_id)
        purpose = purpose_of(asked, submission)
        earlier = deliveries.for_submission(tx, submission_id, (purpose,))
        begun = tuple(d for d in earlier if d.state is DeliveryState.QUEUED and not d.subject)
        begun = tuple(d for d in begun if not jobs.outstanding(tx, submission_id, JobKind.DELIVER, str(d.id)))
        if begun:
            return begun  # a crash left the round without its letters
        if not _called_for(purpose, submission, earlier):
            return ()
        how = self._course(purpose, submission)
        if not how.ways:
            self._note_untold(tx, submission, purpose, how)
            return ()
        return self._create(tx, submission, purpose, how, earlier)

    def _create(
        self,
        tx: Connection,
        submission: Submission,
        purpose: Purpose,
        how: Course,
        earlier: Sequence[Delivery],
    ) -> tuple[Delivery, ...]:
        now = self._clock.now()
        number = ""
        if purpose is not Purpose.HANDLER_NOTICE:
            number = deliveries.register_number(tx, self._composer.unit_name(purpose, submission), at=now)
        if how.trouble:
            submissions.note(tx, submission.id, "return_rerouted", actor=ACTOR, at=now, why=how.trouble)
        position = 1 + max((d.position for d in earlier), default=0)
        return tuple(
            deliveries.create(
                tx, submission.id, purpose=purpose, route=way.route, position=position, address=way.address,
                document_number=number, actor=ACTOR, at=now,
            )
            for way in how.ways
        )  # fmt: skip

    def _course(self, purpose: Purpose, submission: Submission) -> Course:
        if purpose is Purpose.HANDLER_NOTICE:
            address = self._composer.handler_address(submission)
            if address:
                return Course((Way(Route.EMAIL, address),))
            return Course((), trouble="담당자의 전자우편 주소가 없습니다.")
        return course(purpose, submission.channel, submission.return_channel, submission.contact)

    def _note_untold(self, tx: Connection, submission: Submission, purpose: Purpose, how: Course) -> None:
        submissions.note(
            tx, submission.id, "not_told", actor=ACTOR, at=self._clock.now(), why=how.trouble,
            facts={"purpose": purpose},
        )  # fmt: skip

    def _send_off(self, tx: Connection, round_: Sequence[Delivery], composed: Sequence[Composed]) -> None:
        now = self._clock.now()
        filled = [
            deliveries.fill(tx, d, subject=c.subject, body=c.body, document_sha256=c.document_sha256)
            for d, c in zip(round_, composed, strict=True)
        ]
        first = filled[0]
        if first.purpose in RESULTS:
            submission = submissions.get(tx, first.submission_id)
            if submission.state is State.DECIDED:
                submissions.move(
                    tx, submission, Event.RETURN_STARTED, actor=ACTOR, at=now,
                    facts={"document": first.document_number},
                )  # fmt: skip
        for delivery in filled:
            if delivery.route in _NEEDS_ADDRESS and not delivery.address:
                closing.to_tray(tx, delivery, why=_no_address(delivery), actor=ACTOR, at=now)
            else:
                closing.place(tx, delivery, actor=ACTOR, at=now)
        if first.purpose in RESULTS and any(d.route is Route.PICKUP for d in filled):
            jobs.add(tx, JobKind.COMPOSE, first.submission_id, subject=Purpose.PICKUP_NOTICE, now=now)


class Acknowledging:
    """Does ACKNOWLEDGE jobs: tells the citizen number, code, what was received and how it goes on (민원처리법 §9).

    A fax or a scanned letter often names its sender only on paper: while it is still being read and there is no address
    for the way it came, the acknowledgement waits. C1 ends that wait: with a handler it goes out, or into the tray.
    """

    def __init__(self, composing: Composing) -> None:
        self._composing = composing

    def __call__(self, lease: Lease) -> None:
        """Do one job."""
        if not self._composing.put_off_unknown(lease, Purpose.ACKNOWLEDGEMENT):
            self._composing.run(lease, Purpose.ACKNOWLEDGEMENT)


def _called_for(purpose: Purpose, submission: Submission, earlier: Sequence[Delivery]) -> bool:
    """Whether to open a round: each notice once, a plan anew for each new handler, a result once decided."""
    if purpose in RESULTS:
        return submission.state is State.DECIDED and submission.result is not None
    if purpose is Purpose.PICKUP_NOTICE:
        return not earlier and submission.state in {State.RETURNING, State.UNDELIVERABLE}
    if purpose is Purpose.ACKNOWLEDGEMENT:
        return not earlier
    return submission.state not in {State.WITHDRAWN, State.TRANSFERRED_OUT, State.CLOSED}


def _no_address(delivery: Delivery) -> str:
    wanted = {Route.EMAIL: "전자우편 주소", Route.FAX: "팩스 번호"}.get(delivery.route, "우편 주소")
    return f"{wanted}를 알 수 없습니다. 민원인의 연락처를 확인해 주십시오."
