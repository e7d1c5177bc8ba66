"""The handler's acts, over a real database."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatch.escalation import mark_breaches
from dispatch.handling import WordsMissing
from gateway.domain.clocks import ClockName
from gateway.domain.delivery import Purpose
from gateway.domain.errors import Forbidden, IllegalTransition, NotFound
from gateway.domain.lifecycle import Event, State
from gateway.domain.result import Outcome, Result
from gateway.store import staffing
from gateway.store.submissions import StaleSubmission
from tests.dispatch_case import Case


def test_the_first_look_of_the_handler_is_recorded_once(case: Case) -> None:
    case.assigned()
    case.handling.see(case.id, "tax-01")
    assert case.now().first_seen_at is None
    case.handling.see(case.id, "safety-01")
    seen = case.now().first_seen_at
    case.clock.at += timedelta(minutes=5)
    case.handling.see(case.id, "safety-lead")
    assert case.now().first_seen_at == seen == case.clock.at - timedelta(minutes=5)
    assert case.events().count("first_seen") == 1


def test_a_told_plan_queues_the_notice_and_c2_runs_until_it_has_left(case: Case) -> None:
    case.assigned()
    case.clock.at += timedelta(minutes=40)
    case.handling.tell_plan(case.id, "safety-01", "현장을 확인하고 2일 안에 수리하겠습니다. 900101-1234567")
    now = case.now()
    assert (now.state, now.told_at, now.first_seen_at) == (State.PLANNED, case.clock.at, case.clock.at)
    assert now.plan.endswith("900101-1******")
    assert case.clocks()[ClockName.C2].satisfied_at is None
    assert case.queued()[-1] == Purpose.PLAN


def test_a_decision_keeps_the_period_and_queues_the_result(case: Case) -> None:
    case.assigned()
    case.handling.tell_plan(case.id, "safety-lead", "확인하겠습니다.")
    decided = case.handling.decide(case.id, "safety-02", Result(Outcome.GRANTED, "등을 새것으로 바꾸었습니다."))
    assert (decided.state, decided.result) == (State.DECIDED, Result(Outcome.GRANTED, "등을 새것으로 바꾸었습니다."))
    assert case.clocks()[ClockName.PERIOD].satisfied_at == case.clock.at
    assert case.queued()[-1] == Purpose.RESULT


def test_a_refusal_without_a_plan_queues_its_letter_with_the_reason(case: Case) -> None:
    case.assigned()
    refusal = Result(
        Outcome.UNPROCESSABLE, "처리할 수 없습니다.", "사유지입니다.", "소유자와 협의", "60일 안에 이의신청"
    )
    case.handling.decide(case.id, "safety-01", refusal)
    assert case.queued()[-1] == Purpose.REFUSAL
    assert case.events()[-1] == Event.REFUSED
    assert case.last_why() == "사유지입니다."


def test_a_transfer_names_its_reason_and_restarts_the_period_of_another_kind(case: Case) -> None:
    case.assigned()
    case.handling.transfer(case.id, "safety-01", "env-01", "쓰레기 문제입니다", kind_code="dumping")
    now = case.now()
    assert (now.handler_id, now.unit_code, now.kind_code) == ("env-01", "env", "dumping")
    assert "쓰레기 문제" in now.route_reason
    assert case.clocks()[ClockName.PERIOD].rule == "3d"
    assert case.queued() == [Purpose.HANDLER_NOTICE, Purpose.HANDLER_NOTICE]
    with pytest.raises(Forbidden):
        case.handling.tell_plan(case.id, "safety-01", "늦었습니다")
    case.handling.tell_plan(case.id, "env-02", "대행자가 안내합니다")


def test_a_transfer_to_someone_absent_goes_to_the_deputy(case: Case) -> None:
    case.assigned()
    with case.database.transaction() as tx:
        staffing.add_absence(tx, "env-01", away_from=case.clock.at, away_until=case.clock.at + timedelta(days=1))
    case.handling.transfer(case.id, "safety-01", "env-01", "쓰레기 문제입니다")
    assert case.now().handler_id == "env-02"


def test_a_withdrawal_voids_what_still_runs(case: Case) -> None:
    case.assigned()
    case.handling.withdraw(case.id, "safety-01", "전화로 취하 요청")
    assert (case.now().state, case.now().closed_at) == (State.WITHDRAWN, case.clock.at)
    assert set(case.clocks()) == {ClockName.C1}
    case.clock.at += timedelta(days=30)
    assert mark_breaches(case.database, case.clock) == 0


def test_a_clerk_may_record_a_withdrawal_before_there_is_a_handler(case: Case) -> None:
    case.accept()
    with pytest.raises(Forbidden):
        case.handling.withdraw(case.id, "safety-01", "취하")
    case.handling.withdraw(case.id, "clerk-01", "창구에서 취하")
    assert case.now().state is State.WITHDRAWN


@pytest.mark.parametrize("actor", ["tax-01", "safety-03", "clerk-01", "city-lead", "nobody"])
def test_only_handler_deputy_and_superiors_act(case: Case, actor: str) -> None:
    case.assigned()
    before = case.now()
    with pytest.raises(Forbidden):
        case.handling.tell_plan(case.id, actor, "제가 하겠습니다")
    with pytest.raises(Forbidden):
        case.handling.decide(case.id, actor, Result(Outcome.ANSWERED, "답변"))
    with pytest.raises(Forbidden):
        case.handling.transfer(case.id, actor, "tax-01", "제가 하겠습니다")
    with pytest.raises(Forbidden):
        case.handling.withdraw(case.id, actor, "취하")
    assert case.now() == before


def test_illegal_steps_name_the_rule_and_write_nothing(case: Case) -> None:
    case.assigned()
    case.handling.decide(case.id, "safety-01", Result(Outcome.ANSWERED, "답변 드립니다."))
    before, queued = case.now(), case.queued()
    with pytest.raises(IllegalTransition, match="C2"):
        case.handling.tell_plan(case.id, "safety-01", "계획")
    with pytest.raises(IllegalTransition, match="제27조"):
        case.handling.decide(case.id, "safety-01", Result(Outcome.ANSWERED, "다시"))
    with pytest.raises(IllegalTransition, match="제13조"):
        case.handling.transfer(case.id, "safety-01", "tax-01", "이송")
    assert (case.now(), case.queued()) == (before, queued)


def test_missing_words_wrong_people_and_stale_pages_are_refused(case: Case) -> None:
    case.assigned()
    seen = case.now().version
    with pytest.raises(WordsMissing):
        case.handling.tell_plan(case.id, "safety-01", " ")
    with pytest.raises(WordsMissing):
        case.handling.transfer(case.id, "safety-01", "env-01", "")
    with pytest.raises(Forbidden, match="handles no cases"):
        case.handling.transfer(case.id, "safety-01", "clerk-01", "접수담당에게")
    with pytest.raises(NotFound):
        case.handling.transfer(case.id, "safety-01", "nobody", "모르는 사람")
    with pytest.raises(IllegalTransition, match="already"):
        case.handling.transfer(case.id, "safety-lead", "safety-01", "같은 사람")
    case.handling.see(case.id, "safety-01")
    with pytest.raises(StaleSubmission):
        case.handling.tell_plan(case.id, "safety-01", "계획", version=seen)
    case.handling.tell_plan(case.id, "safety-01", "계획", version=case.now().version)


# sweeps
