"""Likeness of words by pairs and triples of characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatch.words import Likeness, compact, grams

LIKENESS = Likeness({"lamps": "가로등 보안등 고장 수리", "tax": "재산세 자동차세 고지서 환급", "pets": "유기동물 보호"})


def test_spacing_and_composition_of_letters_do_not_matter() -> None:
    assert compact("가로 등 고장!") == compact("가로등 고장") == "가로등고장"
    assert grams("가로등") == {"가로": 1, "로등": 1, "가로등": 1}


def test_likeness_finds_nouns_with_particles_and_what_is_unknown_is_like_nothing() -> None:
    assert next(iter(LIKENESS.scores("재산세가 두 번"))) == "tax"
    assert max(LIKENESS.scores("zzz 12345").values()) == 0
    assert LIKENESS.scores("가로등", among=["tax"]) == {"tax": 0}


def test_shared_words_give_the_reason() -> None:
    assert LIKENESS.shared_words("가로등이 고장 났어요", "lamps") == ["가로등", "고장"]


@given(st.text(max_size=200))
def test_scores_are_fractions_that_leave_room_for_doubt(text: str) -> None:
    scores = LIKENESS.scores(text)
    assert all(0 <= score < 1 for score in scores.values())
    assert sum(scores.values()) < 1
    assert list(scores.values()) == pytest.approx(sorted(scores.values(), reverse=True))
