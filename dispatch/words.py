"""How alike a text is to descriptions, by the character pairs and triples of its words.

Korean joins particles to nouns and a bad scan breaks words, so whole words seldom match; pairs and triples within words
do. A description that holds many common ones gains nothing by it: each counts by how few descriptions hold it (idf).
Guarantees: scores are 0-1 and sum to less than 1 over all descriptions; a text of which little is known scores low for
all. Pure; never fails.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

_WORD = re.compile(r"[가-힣]+|[a-z]+")
_NOT_TEXT = re.compile(r"[^0-9a-z가-힣]+")
_PAIR, _TRIPLE = 2, 3
_TRIPLE_COUNTS = 1.6  # a triple says more than the two pairs in it
_PRIOR = 5.0  # evidence, in units of idf, that must be outweighed before a score comes near 1
_MOST = 3  # a word repeated on every page counts no more than so often


def words(text: str) -> list[str]:
    """The words of a text, lower case, NFC."""
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def compact(text: str) -> str:
    """A text without spaces and signs, for comparing what was typed or scanned with odd spacing."""
    return _NOT_TEXT.sub("", unicodedata.normalize("NFC", text).lower())


def grams(text: str) -> Counter[str]:
    """Pairs and triples of characters within words, each counted at most three times."""
    counted: Counter[str] = Counter()
    for word in words(text):
        for size in (_PAIR, _TRIPLE):
            counted.update(word[i : i + size] for i in range(len(word) - size + 1))
    return Counter({gram: min(count, _MOST) for gram, count in counted.items()})


class Likeness:
    """Compares texts with a fixed set of descriptions.

    Args:
        descriptions: by code.
        prior: how much evidence it takes to be sure.
    """

    def __init__(self, descriptions: Mapping[str, str], *, prior: float = _PRIOR) -> None:
        self._prior = prior
        self._grams = {code: frozenset(grams(text)) for code, text in descriptions.items()}
        self._words = {code: tuple(dict.fromkeys(words(text))) for code, text in descriptions.items()}
        held = Counter(gram for found in self._grams.values() for gram in found)
        total = len(descriptions)
        self._weight = {
            gram: math.log((total + 1) / (count + 0.5)) * (_TRIPLE_COUNTS if len(gram) == _TRIPLE else 1.0)
            for gram, count in held.items()
            if count <= total / 2 or total == 1
        }

    def scores(self, text: str, *, among: Iterable[str] | None = None) -> dict[str, float]:
        """How alike `text` is to each description (or to those `among`), 0-1, best first."""
        codes = list(self._grams if among is None else among)
        evidence = dict.fromkeys(codes, 0.0)
        for gram, count in grams(text).items():
            weight = self._weight.get(gram, 0.0) * math.sqrt(count)
            if weight:
                for code in codes:
                    if gram in self._grams[code]:
                        evidence[code] += weight
        whole = sum(evidence.values()) + self._prior
        return dict(sorted(((code, found / whole) for code, found in evidence.items()), key=lambda pair: -pair[1]))

    def shared_words(self, text: str, code: str, *, limit: int = 3) -> list[str]:
        """Words of the description that stand in `text`, for a reason people can follow; the rarest first."""
        plain = compact(text)
        found = [word for word in self._words[code] if len(word) > 1 and word in plain]
        return sorted(found, key=lambda word: -sum(self._weight.get(gram, 0.0) for gram in grams(word)))[:limit]
