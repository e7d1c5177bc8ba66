"""The words that forms and letters put before a value.

Guarantees: pure; blanks between syllables (`성   명`, and what OCR splits) do not matter; a label counts only at the
start of a line or after a blank or bullet, and only when a colon, a blank or the line's end follows, so 주소지
is no 주소.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gateway.domain.transcript import FieldName

_N = FieldName
_WORDS: dict[FieldName, tuple[str, ...]] = {
    _N.RETURN_CHANNEL: (
        "회신방법", "회신희망방법", "통지방법", "수령방법", "답변방법", "결과통지방법", "결과회신방법", "결과수령방법",
        "처리결과통지방법", "처리결과회신방법", "처리결과수령방법", "처리결과통보방법", "처리결과방법", "희망회신방법",
    ),
    _N.RESIDENT_NUMBER: ("주민등록번호", "주민번호", "외국인등록번호"),
    _N.BIRTH_DATE: ("생년월일", "생일"),
    _N.EMAIL: (
        "전자우편", "전자우편주소", "이메일", "이메일주소", "메일", "메일주소", "E-mail", "Email", "E-MAIL", "EMAIL",
    ),
    _N.FAX: ("팩스", "팩스번호", "모사전송", "FAX", "Fax", "fax", "F."),
    _N.PHONE: (
        "연락처", "전화", "전화번호", "휴대전화", "휴대전화번호", "휴대폰", "휴대폰번호", "핸드폰", "휴대번호",
        "TEL", "Tel", "Tel.", "T.", "HP", "H.P", "H.P.", "Mobile", "C.P.",
    ),
    _N.POSTCODE: ("우편번호",),
    _N.ADDRESS: ("주소", "도로명주소", "거주지", "소재지", "사는곳"),
    _N.TITLE: ("제목", "민원제목", "신청제목", "건의제목", "건명", "민원명", "민원요지"),
    _N.DATE: ("신청일", "신청일자", "작성일", "작성일자", "제출일", "제출일자"),
    _N.NAME: (
        "성명", "이름", "성함", "신청인", "신청인성명", "민원인", "민원인성명", "신고인", "청구인", "진정인", "건의자",
        "제출자", "작성자", "신청자", "보내는사람", "보낸사람", "발신인", "대표자", "대표자성명",
    ),
}  # fmt: skip


class Labelled(NamedTuple):
    """A label in a line: what it announces, the words up to the next label, whether the line begins with it."""

    name: FieldName
    value: str
    at_start: bool


def _spaced(word: str) -> str:
    return r"\s{0,3}".join(re.escape(ch) for ch in word) if re.fullmatch(r"[가-힣]+", word) else re.escape(word)


_LABEL = re.compile(
    r"(?:^|(?<=[\s·○●ㅇ◦■□▶*,/①-⑮]))(?:"
    + "|".join(
        f"(?P<{name}>{'|'.join(_spaced(word) for word in sorted(words, key=len, reverse=True))})"
        for name, words in _WORDS.items()
    )
    + r")(?P<aside>\s?\([^)\d]{0,20}\))?(?:\s*[:：]\s*|\s+|$)",
)


def labels_in(line: str) -> Iterator[Labelled]:
    """The labels of a line in order, each with the words behind it.

    Args:
        line: text, bullet taken off.
    """
    found = list(_LABEL.finditer(line))
    for number, match in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(line)
        name = next(name for name in _WORDS if match[name] is not None)
        yield Labelled(name, line[match.end() : end].strip(), match.start() == 0)


def is_label(line: str) -> bool:
    """Whether a line begins with a label."""
    return _LABEL.match(line) is not None
