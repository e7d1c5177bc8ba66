"""Assignment, the handler's acts and the sweeps, on a real database file, through the one door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from dispatch.directory import Directory, load_directory
from dispatch.escalation import hand_over_before_c1, mark_breaches
from dispatch.handling import Handling, WordsMissing
from dispatch.promises import OfficePromises
from dispatch.stage import UNVERIFIED, Assignment
from gateway.domain.clocks import ClockName, ClockStart
from gateway.domain.delivery import Purpose
from gateway.domain.errors import Forbidden, IllegalTransition, LostLease, NotFound
from gateway.domain.jobs import JobKind, Lease
from gateway.domain.lifecycle import Event, State
from gateway.domain.result import Outcome, Result
from gateway.domain.times import FixedClock
from gateway.domain.transcript import Line, Page, Source, Transcript
from gateway.intake import Intake
from gateway.store import clocks, jobs, ledger, staffing, submissions
from gateway.store.blobs import FileBlobs
from gateway.store.database import Database
from gateway.store.schema import jobs as jobs_table
from gateway.store.submissions import StaleSubmission, Submission
from tests.parts import arrival

OFFICE = Path(__file__).parents[3] / "office"
LAMP = "온누리읍 행복로 12 앞 가로등이 사흘째 꺼져 있습니다."


@pytest.fixture(scope="module")
def directory() -> Directory:
    return load_directory(OFFICE, public_url="http://localhost")


class Case:
    """One submission and the parts that move it."""

    def __init__(self, database: Database, intake: Intake, directory: Directory, clock: FixedClock) -> None:
        self.database, self.clock, self.directory, self._intake = database, clock, directory, intake
        self.assignment = Assignment(database, directory, clock)
        self.handling = Handling(database, directory, clock)
        self.id = 0

    def accept(self, key: str = "key-1", *, text: str = LAMP, title: str = "가로등 고장") -> None:
        self.id = self._intake.accept(arrival(key, text=text, title=title, arrived_at=self.clock.at)).submission_id

    def read(self, text: str = LAMP, *, event: Event = Event.READ) -> None:
        page = Page(1, 1, 595, 842, Source.PLAIN, (Line(text, 1.0),))
        with self.database.transaction() as tx:
            at = self.clock.at
            started = submissions.move(tx, self.now(), Event.READING_STARTED, actor="system:ocr", at=at)
            submissions.set_transcript(tx, self.id, Transcript((page,)), at=at)
            submissions.move(tx, started, event, actor="system:ocr", at=at)

    def lease(self, subject: str = "") -> Lease:
        with self.database.transaction() as tx:
            job_id = jobs.add(tx, JobKind.ASSIGN, self.id, subject=subject, now=self.clock.at)
            lease = jobs.claim(tx, job_id, now=self.clock.at)
        assert lease is not None
        return lease

    def assign(self, subject: str = "") -> None:
        self.assignment(self.lease(subject))

    def assigned(self) -> None:
        self.accept()
        self.read()
        self.assign()

    def now(self) -> Submission:
        with self.database.reading() as tx:
            return submissions.get(tx, self.id)

    def clocks(self) -> dict[ClockName, clocks.StoredClock]:
        with self.database.reading() as tx:
            return {clock.name: clock for clock in clocks.of_submission(tx, self.id)}

    def events(self) -> list[str]:
        with self.database.reading() as tx:
            assert ledger.verify_all(tx) == {}
            return [entry.event for entry, _ in ledger.history(tx, self.id)]

    def last_why(self) -> str:
        with self.database.reading() as tx:
            return ledger.history(tx, self.id)[-1][0].why

    def queued(self, kind: JobKind = JobKind.COMPOSE) -> list[str]:
        with self.database.reading() as tx:
            return list(
                tx.execute(
                    sa.select(jobs_table.c.subject)
                    .where(jobs_table.c.submission_id == self.id, jobs_table.c.kind == kind)
                    .where(jobs_table.c.state == jobs.JobState.WAITING)
                    .order_by(jobs_table.c.id)
                ).scalars()
            )


@pytest.fixture
def case(any_database: Database, blobs: FileBlobs, clock: FixedClock, directory: Directory) -> Iterator[Case]:
    intake = Intake(any_database, blobs, clock, OfficePromises(directory.charter))
    yield Case(any_database, intake, directory, clock)
    intake.close()


# assignment


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


# handling


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
