"""Where a case stands, in plain words; decides, touches nothing.

Guarantees: six steps in their order, each done with its moment, current, or still to come; a deadline is named only
while it runs, and an overdue one is called overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.clocks import ClockName
from gateway.domain.lifecycle import FINAL, Event, State
from gateway.store.citizen import CitizenCase


class Standing(StrEnum):
    """Whether a step has been taken."""

    DONE = "done"
    CURRENT = "current"
    TO_COME = "to_come"


class Step(StrEnum):
    """The steps of a case as the citizen knows them; the values are the words."""

    RECEIVED = "접수"
    READ = "내용 확인"
    ASSIGNED = "담당자 배정"
    PLANNED = "처리계획 안내"
    DECIDED = "처리 결정"
    RETURNED = "결과 회신"


@dataclass(frozen=True, slots=True)
class StepTaken:
    """One step with where it stands and, once done, when."""

    step: Step
    standing: Standing
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """The next promise that lapses."""

    name: ClockName
    due_at: datetime
    overdue: bool


_READ_EVENTS = (Event.READ, Event.VERIFIED, Event.ASSIGNED_UNVERIFIED)


def steps(case: CitizenCase) -> tuple[StepTaken, ...]:
    """The six steps of this case."""
    submission = case.submission
    moments: dict[Step, datetime | None] = {
        Step.RECEIVED: submission.arrived_at,  # received_at may lie in the next office hours, after later steps
        Step.READ: _first(case, *_READ_EVENTS) or submission.assigned_at,
        Step.ASSIGNED: submission.assigned_at,
        Step.PLANNED: submission.told_at,
        Step.DECIDED: submission.decided_at,
        Step.RETURNED: submission.closed_at if submission.state is State.CLOSED else None,
    }
    last_done = max(index for index, step in enumerate(Step) if moments[step])
    stopped = submission.state in FINAL
    taken = []
    for index, step in enumerate(Step):
        if index <= last_done:
            if moments[step] is None:
                continue  # skipped: decided at once without a plan of its own
            taken.append(StepTaken(step, Standing.DONE, moments[step]))
        elif not stopped:
            taken.append(StepTaken(step, Standing.CURRENT if index == last_done + 1 else Standing.TO_COME))
    return tuple(taken)


def next_deadline(case: CitizenCase, now: datetime) -> Deadline | None:
    """The promise to the citizen that lapses next; None when none runs."""
    if case.submission.state in FINAL or case.submission.state is State.ON_HOLD:
        return None
    kept = {ClockName.C1}  # a promise inside the office; the citizen is told of the other two
    if case.submission.told_at is not None:
        kept.add(ClockName.C2)
    if case.submission.decided_at is not None:
        kept.update(ClockName)
    running = [clock for clock in case.clocks if clock.satisfied_at is None and clock.name not in kept]
    if not running:
        return None
    first = min(running, key=lambda clock: clock.due_at)
    return Deadline(first.name, first.due_at, first.due_at < now)


def _first(case: CitizenCase, *events: Event) -> datetime | None:
    moments = [case.reached[event] for event in events if event in case.reached]
    return min(moments) if moments else None
