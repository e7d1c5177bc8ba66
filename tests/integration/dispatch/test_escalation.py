"""The sweeps before a promise lapses and when it has, and the clocks in rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from dispatch.escalation import hand_over_before_c1, mark_breaches
from dispatch.stage import UNVERIFIED
from gateway.domain.clocks import ClockName, ClockStart
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.store import clocks, jobs
from gateway.store.schema import jobs as jobs_table
from tests.dispatch_case import Case


def sweep(case: Case) -> int:
    return hand_over_before_c1(case.database, case.clock, case.directory.charter.calendar)


def test_what_has_no_handler_ten_minutes_before_c1_lapses_is_handed_over_once(case: Case) -> None:
    case.accept()
    case.clock.at += timedelta(minutes=19)
    assert sweep(case) == 0
    case.clock.at += timedelta(minutes=1)
    assert sweep(case) == 1
    assert sweep(case) == 0
    assert case.queued(JobKind.ASSIGN) == [UNVERIFIED]


def test_a_doubtful_reading_is_handed_over_too_and_goes_where_its_words_point(case: Case) -> None:
    case.accept(title="", text="")
    case.read(event=Event.READ_DOUBTFULLY)
    case.clock.at += timedelta(minutes=25)
    assert sweep(case) == 1
    with case.database.transaction() as tx:
        job_id = tx.execute(sa.select(jobs_table.c.id).where(jobs_table.c.kind == JobKind.ASSIGN)).scalar_one()
        lease = jobs.claim(tx, job_id, now=case.clock.at)
    assert lease is not None
    case.assignment(lease)
    assert (case.now().state, case.now().unverified, case.now().handler_id) == (State.ASSIGNED, True, "safety-01")
    assert case.clocks()[ClockName.C1].satisfied_at == case.clock.at
    assert sweep(case) == 0


def test_at_night_nothing_is_handed_over_but_shortly_before_the_morning_lapses(case: Case) -> None:
    case.clock.at = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)  # Friday 20:00 in Seoul: C1 lapses Monday 09:30
    case.accept()
    assert sweep(case) == 0
    case.clock.at = datetime(2026, 11, 23, 0, 19, tzinfo=UTC)
    assert sweep(case) == 0
    case.clock.at = datetime(2026, 11, 23, 0, 20, tzinfo=UTC)
    assert sweep(case) == 1


def test_an_assignment_that_waits_or_is_stuck_is_not_doubled(case: Case) -> None:
    case.accept()
    lease = case.lease(UNVERIFIED)
    case.clock.at += timedelta(minutes=25)
    assert sweep(case) == 0
    with case.database.transaction() as tx:
        tx.execute(jobs_table.update().where(jobs_table.c.id == lease.job_id).values(state=jobs.JobState.STUCK))
    assert sweep(case) == 0


def test_a_breach_is_marked_once_with_a_note(case: Case) -> None:
    case.accept()
    case.clock.at += timedelta(minutes=30)
    assert mark_breaches(case.database, case.clock) == 0  # the last moment still keeps the promise
    case.clock.at += timedelta(seconds=1)
    assert mark_breaches(case.database, case.clock) == 1
    assert mark_breaches(case.database, case.clock) == 0
    assert case.clocks()[ClockName.C1].breached_at == case.clock.at
    assert case.events().count("promise_breached") == 1
    assert case.last_why() == "C1 (30min)"
    case.clock.at += timedelta(days=1)
    assert mark_breaches(case.database, case.clock) == 1  # C2


# clocks in rows


def test_clocks_are_satisfied_once_and_a_satisfied_one_is_not_set_anew(case: Case) -> None:
    case.accept()
    at = case.clock.at
    with case.database.transaction() as tx:
        assert [clock.name for clock in clocks.due_before(tx, at + timedelta(days=1))] == [ClockName.C1, ClockName.C2]
        assert clocks.satisfy(tx, case.id, ClockName.C1, at=at)
        assert not clocks.satisfy(tx, case.id, ClockName.C1, at=at + timedelta(minutes=1))
        assert not clocks.mark_breached(tx, case.id, ClockName.C1, at=at)
        assert not clocks.satisfy(tx, case.id, ClockName.PERIOD, at=at)
        clocks.start(tx, case.id, ClockStart(ClockName.C1, "1h", at + timedelta(hours=1)), at=at)
        clocks.start(tx, case.id, ClockStart(ClockName.C2, "1h", at + timedelta(hours=1)), at=at)
        remaining = clocks.due_before(tx, at + timedelta(days=1), names=[ClockName.C1, ClockName.C2])
    assert [(clock.name, clock.rule) for clock in remaining] == [(ClockName.C2, "1h")]
    assert case.clocks()[ClockName.C1].rule == "30min"
