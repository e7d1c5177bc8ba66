"""How many letters a second the press sets, how large they are, and whether its memory stays bounded.

    .venv/bin/python bench/letters.py [--letters 10000] [--json]

Letters differ in every word that can differ, so nothing is remembered from one to the next. Peak memory is read after
a tenth of the letters and at the end: the two are close when memory is bounded. One process, one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers
from gateway.domain.result import Outcome, Result
from notifications.letters import Addressee, CaseFacts, Letter, LetterKind, Medium
from notifications.press import LetterPress

AT = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
LETTER = Letter(
    office=OfficeFacts(
        "온누리군청", "온누리군수", "55999", "전북특별자치도 온누리군 온누리읍 군청로 100",
        "www.onnuri.example", "063-290-2000", "063-290-2109", "minwon@onnuri.example", "https://minwon.onnuri.example",
    ),
    signers=Signers(
        "안전건설과", "063-290-2200", "백이랑", "주무관", "063-290-2210", "강도윤", "도로안전팀장", "063-290-2201",
    ),
    to=Addressee("홍가람", "전북특별자치도 온누리군 온누리읍 새벽길 12", "55914"),
    case=CaseFacts("2026-0000001", "ABCDEFGHJKMN", AT, "가로등 고장 신고", "인터넷", "우편"),
    dated_at=AT,
    register="안전건설과-1",
    title="민원 처리결과 통지",
    summary="가로등 수리 결과를 알림.",
    keywords=("가로등", "처리결과"),
    medium=Medium.POST,
)  # fmt: skip


def varied(number: int) -> Letter:
    """One letter like no other."""
    lines = (
        f"{mark}. 제{number}호 현장을 {place}번 확인하여 고쳤습니다." for place, mark in enumerate("가나다라마", 1)
    )
    return replace(
        LETTER,
        dated_at=AT + timedelta(seconds=number),
        register=f"안전건설과-{number}",
        to=replace(LETTER.to, name=f"홍가람 {number}"),
        case=replace(LETTER.case, number=f"2026-{number:07d}", title=f"가로등 {number}호 고장 신고"),
        result=Result(Outcome.GRANTED, "\n".join(lines)),
    )


def main() -> int:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--letters", type=int, default=1000)
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    process = psutil.Process()
    began = time.perf_counter()
    press = LetterPress()
    press.compose(LetterKind.RESULT, varied(0))
    first_s = time.perf_counter() - began
    sizes: list[int] = []
    early_mb = 0.0
    began = time.perf_counter()
    for number in range(1, chosen.letters + 1):
        sizes.append(len(press.compose(LetterKind.RESULT, varied(number))))
        if number == max(chosen.letters // 10, 1):
            early_mb = process.memory_info().rss / 1e6
    took_s = time.perf_counter() - began
    found = {
        "letters": chosen.letters,
        "letters_per_second": round(chosen.letters / took_s, 1),
        "first_letter_s": round(first_s, 2),
        "median_kb": round(statistics.median(sizes) / 1000, 1),
        "memory_after_a_tenth_mb": round(early_mb),
        "memory_at_the_end_mb": round(process.memory_info().rss / 1e6),
    }
    print(json.dumps(found) if chosen.json else "\n".join(f"{name:>26}  {value}" for name, value in found.items()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
