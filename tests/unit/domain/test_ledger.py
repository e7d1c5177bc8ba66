"""The hash chain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.ledger import GENESIS, Entry, verify

AT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def chain(length: int) -> list[tuple[Entry, str]]:
    entries: list[tuple[Entry, str]] = []
    before = GENESIS
    for n in range(1, length + 1):
        entry = Entry(7, n, AT + timedelta(seconds=n), "staff:kim", f"event-{n}", "왜", {"a": str(n)}, before)
        before = entry.digest()
        entries.append((entry, before))
    return entries


def test_an_untouched_chain_is_intact() -> None:
    assert verify(chain(5)) == []


@given(
    place=st.integers(0, 4),
    field=st.sampled_from(["actor", "event", "why", "at", "facts"]),
)
def test_a_change_of_any_field_is_found(place: int, field: str) -> None:
    entries = chain(5)
    entry, digest = entries[place]
    other: dict[str, object] = {
        "actor": "staff:lee",
        "event": "decided",
        "why": "아무 이유",
        "at": AT,
        "facts": {"a": "0"},
    }
    entries[place] = (replace(entry, **{field: other[field]}), digest)  # type: ignore[arg-type] # one field of several types
    assert verify(entries)


@given(place=st.integers(0, 3))
def test_a_removed_entry_is_found_unless_it_was_the_last(place: int) -> None:
    entries = chain(5)
    del entries[place]
    assert verify(entries)


def test_two_swapped_entries_are_found() -> None:
    entries = chain(5)
    entries[1], entries[2] = entries[2], entries[1]
    assert verify(entries)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Entry(1, 1, datetime(2026, 11, 23), "a", "b")  # noqa: DTZ001 (the naive time is the point)
