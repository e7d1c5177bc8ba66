"""What a value must look like, and its one written form: phones, dates, addresses, names, return channels.

Guarantees: pure; every function returns the normal form, or an empty text when the words are no such value. Personal
numbers come out masked. Patterns follow the numbering plan (지역번호 2-3 digits, 010) and the road-name addresses.
"""

from __future__ import annotations

import datetime as dt
import re

from gateway.domain.personal import mask, phone_digits
from gateway.domain.submission import ReturnChannel

PHONE = re.compile(
    r"(?<![\d-])(?:\+?82[-. ]{0,2}\(?0?\)?|\(?0)(?:2|[3-6]\d|70|50\d|1[016789])\)?"
    r"[-. )~]{0,3}\d{3,4}[-. ~]{0,2}\d{4}(?![\d-])",
)
EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*\s?@\s?[A-Za-z0-9-]+(?:\s?\.\s?[A-Za-z0-9-]+)*\s?\.\s?[A-Za-z]{2,}")
_BETWEEN = r"[\s년월.\-/:,]{1,4}"  # OCR doubles a full stop or makes a colon of it
DATE = re.compile(rf"((?:19|20)\d{{2}}){_BETWEEN}(1[0-2]|0?[1-9]){_BETWEEN}(3[01]|[12]\d|0?[1-9])(?!\d)")
_SHORT_DATE = re.compile(rf"(\d{{2}})(?:{_BETWEEN})?(1[0-2]|0?[1-9])(?:{_BETWEEN})?(3[01]|[12]\d|0?[1-9])\s*[.일]?")
RESIDENT = re.compile(r"\d{6}\s?[-–~]?\s?\d[\d*]{6}")
_LOOSE_RESIDENT = re.compile(
    r"(?<!\d)(\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))(\s?[-–—~]\s?)([0-9OIl|])[0-9OoIl|SB]{6}(?!\w)",
)
_POSTCODE = re.compile(r"(?:우편번호|우)?\s*[(\[]?\s*(?:우|〒)?\s*[:)]?\s*(?<![\d-])(\d{5})(?![\d-])\s*[)\]]?")
_ADDRESS = re.compile(
    r"[가-힣]{1,6}(?:특별자치도|특별자치시|특별시|광역시|도|시|군|구)\b.*?[가-힣0-9]+(?:읍|면|동|리|로|길|가)\b"
)
_ROAD = re.compile(r"[가-힣0-9·]+(?:로|길)\s?\d+|[가-힣0-9]+(?:동|리|가)\s?\d+")
_NAME = re.compile(r"[가-힣]{2,5}")
_FIRM = re.compile(
    r"\(주\)|㈜|\(유\)|\(사\)|주식회사|유한회사|법인|조합|협회|연합회|위원회|상사|건설|마을회|상인회|부녀회|단체"
)
_LATIN_NAME = re.compile(r"[A-Z][A-Za-z'.-]+(?: [A-Z][A-Za-z'.-]+){1,3}")
_SEAL = r"(?:서명\s*(?:또는|이나)\s*(?:날인|인)|서명|날인|인|印)"
_SIGNED = re.compile(rf"\(\s*{_SEAL}?\s*\)?\s*$|\s+{_SEAL}\s*\)?\s*$")
_NO_NAME = re.compile(
    r"군수|시장|구청|군청|시청|귀하|귀중|번호|연락|전화|주소|생년|성명|이름|서명|신청|내용|제목|민원|개인|정보|없음"
)
_LONGEST_NAME, _LONGEST_TITLE, _LONGEST_ADDRESS = 30, 200, 120
_SEOUL = "02"
_YOUNGEST = 29  # two-digit years up to this one are 20xx
_CHANNELS = (
    (
        re.compile(r"전자\s?우편|이\s?메일|메일|e-?mail|인터넷|온라인|홈페이지|전자문서|누리집", re.IGNORECASE),
        ReturnChannel.INTERNET,
    ),
    (re.compile(r"팩스|모사전송|fax", re.IGNORECASE), ReturnChannel.FAX),
    (re.compile(r"방문|직접\s?수령|창구"), ReturnChannel.PICKUP),
    (re.compile(r"우편|등기"), ReturnChannel.POST),
)  # fmt: skip
_DIGIT_LOOKALIKES = str.maketrans("OoQDIl|", "0000111")


def phone(text: str) -> str:
    """`063-290-1234` from the first phone number in the words."""
    found = PHONE.search(text) or PHONE.search(text.translate(_DIGIT_LOOKALIKES))
    return hyphened(phone_digits(found[0])) if found else ""


def hyphened(digits: str) -> str:
    """A number's digits with hyphens where Koreans write them."""
    area = 2 if digits.startswith(_SEOUL) else 4 if digits.startswith("050") else 3
    return f"{digits[:area]}-{digits[area:-4]}-{digits[-4:]}"


def email(text: str) -> str:
    """The first e-mail address, without the blanks that OCR puts in."""
    found = EMAIL.search(text)
    return re.sub(r"\s", "", found[0]).lower() if found else ""


def date(text: str) -> str:
    """The first date as `2026-11-23`; empty when there is no such day."""
    found = DATE.search(text)
    return _iso(int(found[1]), int(found[2]), int(found[3])) if found else ""


def birth_date(text: str) -> str:
    """A birth date, also in the short forms `85. 3. 14.` and `850314`."""
    full = date(text)
    if full:
        return full
    found = _SHORT_DATE.fullmatch(text.strip())
    if not found:
        return ""
    year = int(found[1])
    century = 2000 if year <= _YOUNGEST else 1900
    return _iso(century + year, int(found[2]), int(found[3]))


def resident_number(text: str) -> str:
    """A resident registration number, masked."""
    found = RESIDENT.search(text)
    return masked(found[0].replace(" ", "")) if found else ""


def masked(text: str) -> str:
    """`personal.mask`, and also what OCR made of such a number when it took a digit for a letter."""
    return _LOOSE_RESIDENT.sub(lambda m: f"{m[1]}{m[2]}{m[3]}******", mask(text))


def postcode(text: str) -> str:
    """The first five-digit postcode."""
    found = _POSTCODE.search(text)
    return found[1] if found else ""


def address(text: str) -> str:
    """An address without its postcode; empty when the words name no place with a number."""
    clean = re.sub(r"\s+", " ", _POSTCODE.sub(" ", text, count=1)).strip(" ,:()[]")
    if len(clean) > _LONGEST_ADDRESS or not (_ADDRESS.search(clean) or _ROAD.search(clean)):
        return ""
    return masked(clean) if re.search(r"\d", clean) else ""


def lone_address(line: str) -> str:
    """An address that is a line by itself, and no sentence that names a place."""
    sentence = re.search(r"(?:다|요|까|오|은|는|이|가|을|를|에|서)\s?[.?!]?$", line.strip())
    return "" if sentence or not _ADDRESS.match(_POSTCODE.sub(" ", line, count=1).strip(" ,:()[]")) else address(line)


def name(text: str) -> str:
    """A person's or a firm's name; signs for signature and seal taken off."""
    clean = _SIGNED.sub("", text.strip()).strip(" :,.·-")
    clean = re.sub(r"\s*(?:님|씨|귀하)$", "", clean)
    packed = re.sub(r"\s", "", clean)
    if _FIRM.search(clean) and len(clean) <= _LONGEST_NAME:
        return clean
    if _NAME.fullmatch(packed) and not _NO_NAME.search(packed):
        return packed
    found = re.match(r"([가-힣]{2,4})\s*[(\[/,]", clean)
    if found and not _NO_NAME.search(found[1]):
        return found[1]
    return clean if _LATIN_NAME.fullmatch(clean) else ""


def title(text: str) -> str:
    """A title, of bounded length, masked."""
    return masked(text.strip(" :\"'"))[:_LONGEST_TITLE]


def return_channel(text: str) -> str:
    """The one return channel that the words name; empty for none or several."""
    named = channels(text)
    return named[0] if len(set(named)) == 1 else ""


def channels(text: str) -> list[ReturnChannel]:
    """All return channels the words name."""
    found: list[ReturnChannel] = []
    for pattern, channel in _CHANNELS:
        if pattern.search(text):
            found.append(channel)
            text = pattern.sub(" ", text)  # 전자우편 holds 우편
    return found


def _iso(year: int, month: int, day: int) -> str:
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""
