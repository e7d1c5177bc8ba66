"""The transition table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import IllegalTransition
from gateway.domain.lifecycle import FINAL, TABLE, Event, State, advance, allows


def test_a_petition_walks_from_receipt_to_closing() -> None:
    state = State.RECEIVED
    for event in (
        Event.READING_STARTED,
        Event.READ_DOUBTFULLY,
        Event.VERIFIED,
        Event.ASSIGNED,
        Event.PLAN_TOLD,
        Event.DECIDED,
        Event.RETURN_STARTED,
        Event.RETURNED,
    ):
        state = advance(state, event)
    assert state is State.CLOSED


def test_nothing_leaves_a_final_state() -> None:
    assert not [pair for pair in TABLE if pair[0] in FINAL]


def test_every_state_can_be_reached_and_every_open_one_can_be_left() -> None:
    reached = {State.RECEIVED, *TABLE.values()}
    left = {state for state, _ in TABLE}
    assert reached == set(State)
    assert set(State) - left == FINAL


def test_what_is_not_yet_assigned_can_always_be_handed_over_unverified() -> None:
    for state in (State.RECEIVED, State.TRANSCRIBING, State.AWAITING_VERIFICATION, State.QUARANTINED):
        assert advance(state, Event.ASSIGNED_UNVERIFIED) is State.ASSIGNED


@given(st.sampled_from(State), st.sampled_from(Event))
def test_a_step_that_is_not_in_the_table_is_refused_by_name(state: State, event: Event) -> None:
    if allows(state, event):
        assert advance(state, event) in State
    else:
        with pytest.raises(IllegalTransition, match=str(event)):
            advance(state, event)
