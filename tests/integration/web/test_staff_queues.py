"""The staff's lists and accounts on both databases."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gateway.domain.clocks import ClockName
from gateway.domain.delivery import DeliveryState, Purpose, Route
from gateway.domain.lifecycle import Event, State
from gateway.domain.submission import Channel
from gateway.domain.times import FixedClock
from gateway.intake import Intake
from gateway.store import accounts, clocks, deliveries, queues, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from tests.conftest import NOON
from tests.parts import OpenAlways, arrival

PASSWORD = "a long enough password"


def received(database: Database, folder: Path, count: int) -> list[str]:
    """So many submissions, ten minutes apart, the newest now; their numbers."""
    clock = FixedClock(NOON)
    intake = Intake(database, FileBlobs(folder / "blobs"), clock, OpenAlways())
    came = [
        arrival(f"k-{i}", channel=Channel.WEB if i else Channel.EMAIL, arrived_at=NOON - timedelta(minutes=10 * i))
        for i in reversed(range(count))
    ]
    return [intake.accept(one).number for one in came]


def test_the_desk_lists_what_lapses_first_with_its_reason(any_database: Database, tmp_path: Path) -> None:
    early, late = received(any_database, tmp_path, 2)
    with any_database.transaction() as tx:
        for number in (late, early):
            case = submissions.by_number(tx, number)
            case = submissions.move(tx, case, Event.READING_STARTED, actor="system:ocr", at=NOON)
            submissions.move(tx, case, Event.READ_DOUBTFULLY, actor="system:ocr", at=NOON, why="unsure")
        desk = queues.desk(tx)
        assert [(w.number, w.why) for w in desk] == [(early, "unsure"), (late, "unsure")]
        assert desk[0].due(ClockName.C1) == NOON + timedelta(minutes=20)
        assert queues.next_on_desk(tx, after_id=desk[0].submission_id) == late
        assert queues.next_on_desk(tx, after_id=desk[1].submission_id) == early


def test_the_inbox_is_ordered_by_what_is_due_next(any_database: Database, tmp_path: Path) -> None:
    numbers = received(any_database, tmp_path, 3)
    with any_database.transaction() as tx:
        for number in numbers:
            case = submissions.by_number(tx, number)
            submissions.move(
                tx, case, Event.ASSIGNED_UNVERIFIED, actor="system:dispatch", at=NOON,
                handler_id="safety-01", unit_code="safety",
            )  # fmt: skip
        first = submissions.by_number(tx, numbers[0])
        clocks.satisfy(tx, first.id, ClockName.C2, at=NOON)  # nothing is due any more: last
        assert [w.number for w in queues.inbox(tx, handler_ids=["safety-01"])] == [*numbers[1:], numbers[0]]
        assert [w.number for w in queues.inbox(tx, unit_codes=["safety"], limit=1)] == [numbers[1]]
        assert queues.inbox(tx, handler_ids=["env-01"]) == ()
        assert queues.inbox(tx, unit_codes=["safety"], closed=True) == ()


def test_promises_are_counted_as_kept_late_and_running(any_database: Database, tmp_path: Path) -> None:
    kept, late, running = received(any_database, tmp_path, 3)
    with any_database.transaction() as tx:
        for number, minutes in ((kept, 5), (late, 40)):
            case = submissions.by_number(tx, number)
            clocks.satisfy(tx, case.id, ClockName.C1, at=case.received_at + timedelta(minutes=minutes))
        assert submissions.by_number(tx, running)
        c1 = queues.promises(tx, since=NOON - timedelta(days=1), now=NOON)[0]
        assert (c1.kept, c1.late, c1.running, c1.percent) == (1, 1, 1, 50.0)
        later = queues.promises(tx, since=NOON - timedelta(days=1), now=NOON + timedelta(hours=1))[0]
        assert (later.kept, later.late, later.running) == (1, 2, 0)
        assert queues.promises(tx, since=NOON + timedelta(days=1), now=NOON)[0].percent is None


def test_intake_is_counted_by_channel_and_state(any_database: Database, tmp_path: Path) -> None:
    received(any_database, tmp_path, 3)
    with any_database.reading() as tx:
        since = NOON - timedelta(minutes=15)
        assert queues.count_by_channel(tx, since=since) == {
            Channel.EMAIL: 1, Channel.WEB: 1, Channel.FAX: 0, Channel.POST: 0,
        }  # fmt: skip
        assert queues.count_by_state(tx)[State.RECEIVED] == 3


def test_the_tray_lists_what_waits_and_what_was_posted(any_database: Database, tmp_path: Path) -> None:
    (number,) = received(any_database, tmp_path, 1)
    with any_database.transaction() as tx:
        case = submissions.by_number(tx, number)
        letter = deliveries.create(tx, case.id, purpose=Purpose.PLAN, route=Route.POST, actor="system:returns", at=NOON)
        waiting = deliveries.move(tx, letter, DeliveryState.WAITING, actor="system:returns", at=NOON, why="print")
        assert [(d.number, d.reason, d.has_document) for d in queues.outgoing(tx)] == [(number, "print", False)]
        deliveries.move(tx, waiting, DeliveryState.SENT, actor="staff:clerk-01", at=NOON)
        assert queues.outgoing(tx) == ()
        assert [d.id for d in queues.posted(tx)] == [letter.id]


def test_an_account_locks_and_opens_alike_on_both(any_database: Database) -> None:
    with any_database.transaction() as tx:
        accounts.set_password(tx, "clerk-01", PASSWORD, now=NOON)
        hashes = [accounts.begin_attempt(tx, "clerk-01", now=NOON) for _ in range(6)]
        assert [bool(h) for h in hashes] == [True] * 5 + [False]
        again = accounts.begin_attempt(tx, "clerk-01", now=NOON + accounts.LOCKED_FOR)
        assert accounts.password_matches(again, PASSWORD)
        token = accounts.attempt_succeeded(tx, "clerk-01", address="127.0.0.1", now=NOON)
        opened = accounts.session(tx, token, now=NOON)
        assert opened
        assert opened.staff_id == "clerk-01"
        assert accounts.session(tx, token, now=NOON + accounts.IDLE) is None
        assert accounts.forget_idle(tx, now=NOON + accounts.IDLE) == 1
        accounts.log_access(tx, "clerk-01", "listed", now=NOON)
        assert [a.what for a in accounts.accesses(tx, staff_id="clerk-01")] == ["listed"]
        assert accounts.accesses(tx, number="2026-0000001") == ()
