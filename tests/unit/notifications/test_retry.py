"""What follows a failed attempt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.delivery import Purpose, Route
from notifications.addressing import Way
from notifications.ports import Attempted, Outcome
from notifications.retry import PATIENCE, Again, FallBack, ToPerson, decide

FIRST = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
POST = Way(Route.POST, "온누리읍")


def test_what_could_help_is_tried_again_with_growing_pauses() -> None:
    busy = Attempted(Outcome.TRANSIENT, "busy")
    pauses = []
    for tries in (1, 2, 3):
        found = decide(Purpose.RESULT, busy, tries=tries, first_at=FIRST, now=FIRST, fallbacks=(POST,))
        assert isinstance(found, Again)
        pauses.append(found.at - FIRST)
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[-1]


def test_what_cannot_help_falls_to_the_next_way_or_to_a_person() -> None:
    no = Attempted(Outcome.PERMANENT, "550 no such user")
    assert decide(Purpose.RESULT, no, tries=1, first_at=FIRST, now=FIRST, fallbacks=(POST,)) == FallBack(
        POST, "550 no such user"
    )
    assert decide(Purpose.RESULT, no, tries=1, first_at=FIRST, now=FIRST, fallbacks=()) == ToPerson("550 no such user")


def test_what_may_have_left_goes_to_a_person_even_with_other_ways_open() -> None:
    doubt = Attempted(Outcome.IN_DOUBT, "lost")
    assert decide(Purpose.RESULT, doubt, tries=1, first_at=FIRST, now=FIRST, fallbacks=(POST,)) == ToPerson("lost")


@given(st.sampled_from(Purpose), st.integers(1, 500))
def test_patience_ends_for_every_purpose(purpose: Purpose, tries: int) -> None:
    busy = Attempted(Outcome.TRANSIENT, "busy")
    late = FIRST + PATIENCE[purpose]
    assert decide(purpose, busy, tries=tries, first_at=FIRST, now=late, fallbacks=(POST,)) == FallBack(POST, "busy")


def test_a_plan_leaves_time_for_another_way_within_its_three_hours() -> None:
    assert PATIENCE[Purpose.PLAN] * 3 <= timedelta(hours=3)
    assert PATIENCE[Purpose.REFUSAL] * 3 <= timedelta(hours=3)


def test_a_success_needs_no_decision() -> None:
    with pytest.raises(ValueError, match="success"):
        decide(Purpose.PLAN, Attempted(Outcome.SENT), tries=1, first_at=FIRST, now=FIRST, fallbacks=())
