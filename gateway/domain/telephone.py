"""Telephone and fax numbers as Korea writes them, and which of them may be dialled.

Guarantees: `dialable` gives digits only (a foreign number keeps its leading `+`), the Korean country code turned into
the leading zero; what is not plainly one public number (an extension, a premium or an emergency number, letters)
raises `NotDialable`, so that nothing of the kind ever reaches a modem. Numbering: 전기통신번호 관리세칙; ITU-T E.164.
"""

from __future__ import annotations

import re
import unicodedata

from gateway.domain.errors import PermanentError

_SIGNS = re.compile(r"[\s\-.‐‑–—−]+")
_AREA = re.compile(r"\(?(0\d{1,3})\)")  # "(063) 290-4600", "02) 123-4567"; brackets elsewhere hold an extension
_KOREAN = re.compile(
    r"02\d{7,8}"  # Seoul
    r"|0[3-6][1-4]\d{7,8}"  # provinces: 031-033, 041-044, 051-055, 061-064
    r"|055\d{7,8}"
    r"|01[016789]\d{7,8}"  # mobile
    r"|0(?:50\d|70|80)\d{7,8}"  # personal, internet and freephone numbers
    r"|1[5-9]\d{6}",  # nationwide numbers without an area code
)
_FOREIGN = re.compile(r"\+[1-9]\d{7,14}")
_KOREAN_CODE = "+82"


class NotDialable(PermanentError):
    """This is not a fax number that can be dialled."""

    code = "not_dialable"
    text_ko = "팩스를 보낼 수 있는 번호가 아닙니다. 번호를 확인해 주십시오."


def dialable(written: str) -> str:
    """The digits to dial: `0632901234` for `063-290-1234`, `+82 63 290 1234` or `(063) 290-1234`.

    Returns:
        Digits only for a Korean number; `+` and digits for a foreign one.

    Raises:
        NotDialable: it is not plainly one number, or one that an office must not dial.
    """
    number = _SIGNS.sub("", unicodedata.normalize("NFKC", written))
    if area := _AREA.match(number):
        number = area[1] + number[area.end() :]
    if number.startswith(_KOREAN_CODE):
        number = "0" + number.removeprefix(_KOREAN_CODE).removeprefix("0")
    if _KOREAN.fullmatch(number) or _FOREIGN.fullmatch(number):
        return number
    raise NotDialable(f"not a number to dial: {written[:40]!r}", remedy="correct the number on the case page")


def number_or_empty(written: str) -> str:
    """`dialable`, or nothing when it is not a number; for what lines and machines claim about themselves."""
    try:
        return dialable(written)
    except NotDialable:
        pass
    digits = re.sub(r"\D", "", written)
    try:  # a fax machine often sends "82 63 290 1234", the plus sign lost
        return dialable(f"+{digits}") if digits.startswith("82") else dialable(digits)
    except NotDialable:
        return ""


def spaced(number: str) -> str:
    """A Korean number as people read it: `063-290-1234`; anything else unchanged."""
    if not number.isdigit():
        return number
    if number.startswith("1"):
        return f"{number[:4]}-{number[4:]}"
    head = 2 if number.startswith("02") else 4 if number.startswith("050") else 3
    return f"{number[:head]}-{number[head:-4]}-{number[-4:]}"
