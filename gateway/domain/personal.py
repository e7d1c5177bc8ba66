"""Masking of personal numbers (개인정보 보호법 §24, §24조의2).

Guarantees: a resident or foreigner registration number in any text that passes through `mask` keeps its first seven
digits and loses the last six. Fails towards masking: anything of that shape with a plausible birth date is masked,
check digit or not.
"""

from __future__ import annotations

import re

_RESIDENT_NUMBER = re.compile(
    r"(?<!\d)(\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))([ \t]?[-–—‐‑−－~]?[ \t]?)([0-9])\d{6}(?!\d)",
)
_DIGITS = 3
_SHORT_NAME = 2


def mask(text: str) -> str:
    """Return `text` with every resident registration number shown as `900101-1******`."""
    return _RESIDENT_NUMBER.sub(lambda m: f"{m[1]}{m[2] or '-'}{m[3]}******", text)


def holds_resident_number(text: str) -> bool:
    """Whether `text` holds something that must be masked."""
    return _RESIDENT_NUMBER.search(text) is not None


def mask_name(name: str) -> str:
    """A name as lists show it to those who need not know it: `홍*동`, `김*`."""
    name = name.strip()
    if len(name) < _SHORT_NAME:
        return name
    if len(name) == _SHORT_NAME:
        return name[0] + "*"
    return name[0] + "*" * (len(name) - _SHORT_NAME) + name[-1]


def phone_digits(text: str) -> str:
    """Only the digits of a phone number, the Korean country code turned into the leading zero."""
    digits = re.sub(r"\D", "", text)
    if digits.startswith("82") and len(digits) > len("82") + _DIGITS:
        digits = "0" + digits[2:].removeprefix("0")
    return digits
