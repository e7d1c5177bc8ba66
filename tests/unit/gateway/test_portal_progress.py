from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.domain.clocks import ClockName
from gateway.domain.lifecycle import Event, State
from gateway.domain.submission import Channel, Contact, ReturnChannel
from gateway.store.citizen import CitizenCase, CitizenClock
from gateway.store.submissions import Submission
from gateway.web.portal.progress import Standing, Step, next_deadline, steps

AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
RECEIVED = Submission(
    id=1, number="2026-0000001", access_code="ABCDEFGHJKMN", channel=Channel.WEB, arrived_at=AT, received_at=AT,
    state=State.RECEIVED, version=1, title="제목", text="", kind_code="", return_channel=ReturnChannel.INTERNET,
    contact=Contact(),
)  # fmt: skip
CLOCKS = (
    CitizenClock(ClockName.C1, AT + HOUR / 2, None),
    CitizenClock(ClockName.C2, AT + 3 * HOUR, None),
    CitizenClock(ClockName.PERIOD, AT + 48 * HOUR, None),
)


def case(submission: Submission, *reached: Event) -> CitizenCase:
    return CitizenCase(submission, (), (), CLOCKS, dict.fromkeys(reached, AT), {})


def standings(found: CitizenCase) -> dict[Step, Standing]:
    return {taken.step: taken.standing for taken in steps(found)}


def test_a_fresh_case_is_being_read() -> None:
    found = standings(case(RECEIVED))
    assert found[Step.RECEIVED] is Standing.DONE
    assert found[Step.READ] is Standing.CURRENT
    assert list(found.values()).count(Standing.TO_COME) == 4


def test_an_assigned_case_waits_for_its_plan() -> None:
    found = standings(case(replace(RECEIVED, state=State.ASSIGNED, assigned_at=AT + HOUR), Event.READ))
    assert found[Step.ASSIGNED] is Standing.DONE
    assert found[Step.PLANNED] is Standing.CURRENT


def test_a_case_decided_at_once_shows_no_plan_that_never_was() -> None:
    decided = replace(RECEIVED, state=State.DECIDED, assigned_at=AT, decided_at=AT + HOUR)
    found = standings(case(decided, Event.READ))
    assert Step.PLANNED not in found
    assert found[Step.RETURNED] is Standing.CURRENT


def test_a_withdrawn_case_has_nothing_to_come() -> None:
    found = standings(case(replace(RECEIVED, state=State.WITHDRAWN, assigned_at=AT), Event.READ))
    assert set(found.values()) == {Standing.DONE}


def test_the_next_deadline_is_the_first_promise_to_the_citizen() -> None:
    deadline = next_deadline(case(RECEIVED), AT)
    assert deadline is not None
    assert (deadline.name, deadline.overdue) == (ClockName.C2, False)


def test_once_the_plan_is_told_the_period_counts() -> None:
    deadline = next_deadline(case(replace(RECEIVED, state=State.PLANNED, told_at=AT)), AT)
    assert deadline is not None
    assert deadline.name is ClockName.PERIOD


def test_a_missed_deadline_is_called_missed() -> None:
    deadline = next_deadline(case(RECEIVED), AT + 4 * HOUR)
    assert deadline is not None
    assert deadline.overdue


def test_no_deadline_is_named_while_the_citizen_has_to_act_or_after_the_end() -> None:
    for state in (State.ON_HOLD, State.WITHDRAWN, State.CLOSED, State.TRANSFERRED_OUT):
        assert next_deadline(case(replace(RECEIVED, state=state)), AT) is None
    assert next_deadline(case(replace(RECEIVED, state=State.DECIDED, decided_at=AT)), AT) is None
