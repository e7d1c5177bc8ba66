"""The one transition table of a submission.

Guarantees: `TABLE` holds every step a submission can take; `advance` is the only way to a new state, and everything
that changes a state goes through it. Fails with `IllegalTransition`, which names the state and the event.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.errors import IllegalTransition


class State(StrEnum):
    """Where a submission stands."""

    RECEIVED = "received"
    TRANSCRIBING = "transcribing"
    AWAITING_VERIFICATION = "awaiting_verification"
    TRANSCRIBED = "transcribed"
    QUARANTINED = "quarantined"
    ASSIGNED = "assigned"
    PLANNED = "planned"
    ON_HOLD = "on_hold"
    DECIDED = "decided"
    RETURNING = "returning"
    UNDELIVERABLE = "undeliverable"
    TRANSFERRED_OUT = "transferred_out"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"


class Event(StrEnum):
    """What happened to it."""

    READING_STARTED = "reading_started"
    READ = "read"
    READ_DOUBTFULLY = "read_doubtfully"
    COULD_NOT_BE_READ = "could_not_be_read"
    VERIFIED = "verified"
    ASSIGNED = "assigned"
    ASSIGNED_UNVERIFIED = "assigned_unverified"
    REASSIGNED = "reassigned"
    PLAN_TOLD = "plan_told"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    SUPPLEMENT_ARRIVED = "supplement_arrived"
    DECIDED = "decided"
    REFUSED = "refused"
    RETURN_STARTED = "return_started"
    RETURN_FAILED = "return_failed"
    RETURNED = "returned"
    TRANSFERRED_OUT = "transferred_out"
    WITHDRAWN = "withdrawn"


_S, _E = State, Event
_BEFORE_DECISION = (
    _S.RECEIVED, _S.TRANSCRIBING, _S.AWAITING_VERIFICATION, _S.TRANSCRIBED, _S.QUARANTINED, _S.ASSIGNED, _S.PLANNED,
    _S.ON_HOLD,
)  # fmt: skip

TABLE: dict[tuple[State, Event], State] = {
    (_S.RECEIVED, _E.READING_STARTED): _S.TRANSCRIBING,
    (_S.TRANSCRIBING, _E.READING_STARTED): _S.TRANSCRIBING,  # a worker died; another reads again
    (_S.TRANSCRIBING, _E.READ): _S.TRANSCRIBED,
    (_S.TRANSCRIBING, _E.READ_DOUBTFULLY): _S.AWAITING_VERIFICATION,
    (_S.TRANSCRIBING, _E.COULD_NOT_BE_READ): _S.QUARANTINED,
    (_S.RECEIVED, _E.COULD_NOT_BE_READ): _S.QUARANTINED,
    (_S.AWAITING_VERIFICATION, _E.VERIFIED): _S.TRANSCRIBED,
    (_S.QUARANTINED, _E.VERIFIED): _S.TRANSCRIBED,
    (_S.QUARANTINED, _E.READING_STARTED): _S.TRANSCRIBING,  # a person asked for another try
    (_S.TRANSCRIBED, _E.ASSIGNED): _S.ASSIGNED,
    # the 30-minute promise (C1) outranks the reading: best guess or triage, marked unverified
    (_S.RECEIVED, _E.ASSIGNED_UNVERIFIED): _S.ASSIGNED,
    (_S.TRANSCRIBING, _E.ASSIGNED_UNVERIFIED): _S.ASSIGNED,
    (_S.AWAITING_VERIFICATION, _E.ASSIGNED_UNVERIFIED): _S.ASSIGNED,
    (_S.QUARANTINED, _E.ASSIGNED_UNVERIFIED): _S.ASSIGNED,
    # a clerk's correction or a late reading after the handover changes fields, not the state
    (_S.ASSIGNED, _E.VERIFIED): _S.ASSIGNED,
    (_S.PLANNED, _E.VERIFIED): _S.PLANNED,
    (_S.ON_HOLD, _E.VERIFIED): _S.ON_HOLD,
    (_S.ASSIGNED, _E.REASSIGNED): _S.ASSIGNED,
    (_S.PLANNED, _E.REASSIGNED): _S.ASSIGNED,  # the new handler tells the plan anew
    (_S.ASSIGNED, _E.PLAN_TOLD): _S.PLANNED,
    (_S.ASSIGNED, _E.SUPPLEMENT_REQUESTED): _S.ON_HOLD,
    (_S.PLANNED, _E.SUPPLEMENT_REQUESTED): _S.ON_HOLD,
    (_S.ON_HOLD, _E.SUPPLEMENT_ARRIVED): _S.PLANNED,
    (_S.ASSIGNED, _E.DECIDED): _S.DECIDED,  # what is done at once (즉시) needs no plan
    (_S.PLANNED, _E.DECIDED): _S.DECIDED,
    (_S.ASSIGNED, _E.REFUSED): _S.DECIDED,
    (_S.PLANNED, _E.REFUSED): _S.DECIDED,
    (_S.ON_HOLD, _E.REFUSED): _S.DECIDED,
    (_S.DECIDED, _E.RETURN_STARTED): _S.RETURNING,
    (_S.RETURNING, _E.RETURNED): _S.CLOSED,
    (_S.RETURNING, _E.RETURN_FAILED): _S.UNDELIVERABLE,
    (_S.UNDELIVERABLE, _E.RETURN_STARTED): _S.RETURNING,
    (_S.UNDELIVERABLE, _E.RETURNED): _S.CLOSED,
    (_S.ASSIGNED, _E.TRANSFERRED_OUT): _S.TRANSFERRED_OUT,
    (_S.PLANNED, _E.TRANSFERRED_OUT): _S.TRANSFERRED_OUT,
    **{(state, _E.WITHDRAWN): _S.WITHDRAWN for state in (*_BEFORE_DECISION, _S.DECIDED)},
}

FINAL = frozenset({State.CLOSED, State.TRANSFERRED_OUT, State.WITHDRAWN})


def advance(state: State, event: Event) -> State:
    """The state after `event`.

    Raises:
        IllegalTransition: the table has no such step.
    """
    try:
        return TABLE[state, event]
    except KeyError:
        raise IllegalTransition(f"no step '{event}' from state '{state}'") from None


def allows(state: State, event: Event) -> bool:
    """Whether `event` is a legal step from `state`."""
    return (state, event) in TABLE
