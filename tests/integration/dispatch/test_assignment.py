"""The stage that gives submissions to handlers, over a real database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dispatch.stage import UNVERIFIED
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Purpose
from gateway.domain.errors import LostLease
from gateway.domain.jobs import JobKind
from gateway.domain.lifecycle import Event, State
from gateway.store import jobs, staffing
from tests.dispatch_case import Case


def test_a_read_submission_is_assigned_with_reason_clocks_and_notice(case: Case) -> None:
    case.accept()
    case.read()
    case.clock.at += timedelta(minutes=12)
    case.assign()
    now = case.now()
    assert (now.state, now.unit_code, now.handler_id, now.kind_code, now.unverified) == (
        State.ASSIGNED, "safety", "safety-01", "streetlight", False,
    )  # fmt: skip
    assert now.assigned_at == case.clock.at
    assert "가로등" in now.route_reason
    running = case.clocks()
    assert running[ClockName.C1].satisfied_at == case.clock.at
    assert running[ClockName.C2].satisfied_at is None
    assert (running[ClockName.PERIOD].rule, running[ClockName.PERIOD].due_at) == (
        "2d", datetime(2026, 11, 25, 1, 30, tzinfo=UTC),
    )  # fmt: skip
    assert case.queued() == [Purpose.HANDLER_NOTICE]
    assert case.queued(JobKind.ASSIGN) == []
    assert case.events()[-1] == Event.ASSIGNED


def test_a_second_assignment_changes_nothing(case: Case) -> None:
    case.assigned()
    before = case.now()
    case.assign()
    case.assign(UNVERIFIED)
    assert case.now() == before
    assert case.queued() == [Purpose.HANDLER_NOTICE]


def test_a_lost_lease_writes_nothing(case: Case) -> None:
    case.accept()
    case.read()
    lease = case.lease()
    with case.database.transaction() as tx:
        case.clock.at += timedelta(hours=1)
        assert jobs.claim(tx, lease.job_id, now=case.clock.at) is not None
    with pytest.raises(LostLease):
        case.assignment(lease)
    assert case.now().state is State.TRANSCRIBED
    assert case.queued() == []


def test_an_unread_submission_is_left_alone_unless_it_may_go_unverified(case: Case) -> None:
    case.accept()
    case.assign()
    assert case.now().state is State.RECEIVED
    case.assign(UNVERIFIED)
    assert (case.now().state, case.now().unverified) == (State.ASSIGNED, True)
    assert case.events()[-1] == Event.ASSIGNED_UNVERIFIED


def test_the_open_cases_of_a_unit_are_shared_out(case: Case) -> None:
    handlers = []
    for number in range(4):
        case.accept(f"key-{number}", title="세무회계과 귀중", text="문의합니다")
        case.read("세무회계과 귀중\n문의합니다")
        case.assign()
        handlers.append(case.now().handler_id)
    assert sorted(handlers) == ["tax-01", "tax-01", "tax-02", "tax-02"]


def test_a_recorded_absence_sends_new_work_to_the_deputy(case: Case) -> None:
    with case.database.transaction() as tx:
        staffing.add_absence(tx, "safety-01", away_from=case.clock.at, deputy_id="safety-03", why="병가")
    case.assigned()
    assert case.now().handler_id == "safety-03"
    assert "백이랑 부재, 대행자: 채아라" in case.now().route_reason
