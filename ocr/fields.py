"""Who sent it, how to reach them, how they want the answer: found in the lines of forms, letters and mails.

Guarantees: pure; at most one field a name, each with its normal form, confidence (0-1), reason in words for the clerk
and place. The office's own numbers, domains and addresses are never taken for the citizen's. Labels are found with
their value behind them, in the cell to the right or below; ticked options by the signs that `ocr.marks` read from the
pixels; sign-offs (드림, 올림) and lone numbers come last. A field is only as sure as the line it was read from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.domain.personal import phone_digits
from gateway.domain.transcript import Field, FieldName, Line, Page
from ocr import values
from ocr.labels import is_label, labels_in

_N = FieldName
_BEHIND, _RIGHT, _BELOW, _SIGNED, _HEADED, _SAID, _ALONE = 1.0, 1.0, 0.95, 0.95, 0.9, 0.85, 0.8
_HEAD_LINES, _TITLE_LENGTHS = 6, (8, 50)
_CLEARLY = 0.05  # so much surer must a later find be to replace the first
_BELOW_REACH = 2.5  # line heights
_BULLET = re.compile(r"^\s*(?:\d{1,2}[.)]|[가-하][.)]|[-–·○●ㅇ◦■□▶*①-⑮])\s*")
_SIGN_OFF = re.compile(r"(?:^|[\s,])([가-힣](?:\s?[가-힣]){1,3})\s*(?:드림|올림|배상|拜上)\s*[.]?$")
_I_AM = re.compile(r"(?:^|\s)([가-힣]{2,4})(?:입니다|이라고\s?합니다|라고\s?합니다)")
_INTRODUCES = re.compile(r"저는|안녕하")
_FAX_HEADER = re.compile(r"^(?:FROM|TO|발신|수신|TEL|FAX)\b|\bP\s?[.:]?\s?\d+\s?/\s?\d+", re.IGNORECASE)
_HEADING = re.compile(
    r"(?:신고|요청|건의|문의|민원|질의|제안|청구|진정|탄원|신청|호소|촉구)(?:의\s?건|\s?건|합니다|드립니다)?\s?[.]?"
)
_TICKED = re.compile(r"[☑☒■✔✓√▣◼]|[\[(]\s?[√vVxXoOㅇ○●✓✔]\s?[\])]")
_UNTICKED = re.compile(r"[☐□]|\[\s?\]")
_WISH = re.compile(
    r"(?:결과|회신|답변|통지|회답|답장).{0,15}?((?:전자\s?우편|이메일|메일|인터넷|팩스|우편|등기|방문)\S{0,4}?)(?:으로|로|을|를|하여|에서|해)"
)
_VALUES: dict[FieldName, Callable[[str], str]] = {
    _N.NAME: values.name, _N.BIRTH_DATE: values.birth_date, _N.RESIDENT_NUMBER: values.resident_number,
    _N.PHONE: values.phone, _N.FAX: values.phone, _N.EMAIL: values.email, _N.ADDRESS: values.address,
    _N.POSTCODE: values.postcode, _N.TITLE: values.title, _N.DATE: values.date,
    _N.RETURN_CHANNEL: values.return_channel,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnContacts:
    """The office's own ways to be reached, which stand on its forms and letters.

    Attributes:
        phones: phone and fax numbers in any form.
        emails: e-mail addresses, lower case.
        domains: e-mail domains, when nobody but the office has addresses there.
        addresses: parts of its addresses that tell them apart, `군청로 1`.
    """

    phones: frozenset[str] = field(default_factory=frozenset)
    emails: frozenset[str] = field(default_factory=frozenset)
    domains: frozenset[str] = field(default_factory=frozenset)
    addresses: frozenset[str] = field(default_factory=frozenset)

    def holds(self, name: FieldName, value: str) -> bool:
        """Whether a value is the office's own."""
        if name in {_N.PHONE, _N.FAX}:
            return phone_digits(value) in {phone_digits(p) for p in self.phones}
        if name is _N.EMAIL:
            return value in self.emails or value.rpartition("@")[2] in self.domains
        if name is _N.ADDRESS:
            packed = value.replace(" ", "")
            return any(part.replace(" ", "") in packed for part in self.addresses if part.strip())
        return False


_NOBODY = OwnContacts()


def find_fields(pages: Sequence[Page], own: OwnContacts = _NOBODY) -> tuple[Field, ...]:
    """The fields of one submission.

    Args:
        pages: of all its originals and of its typed text, in order.
        own: what belongs to the office.

    Returns:
        The best find of each name, in the order of `FieldName`.
    """
    best: dict[FieldName, Field] = {}
    for page in pages:
        for found in _candidates(page):
            if not found.value or own.holds(found.name, found.value):
                continue
            before = best.get(found.name)
            if before is None or found.confidence > before.confidence + 0.05:
                best[found.name] = found
    _born_from_number(best)
    return tuple(best[name] for name in FieldName if name in best)


def _candidates(page: Page) -> Iterator[Field]:
    lines = [Line(_BULLET.sub("", line.text), line.confidence, line.box) for line in page.lines]
    yield from _ticked(page, lines)
    for number, line in enumerate(lines):
        for name, value, start in labels_in(line.text):
            yield from _value_of(page, lines, number, name, value, at_start=start)
    yield from _unlabelled(page, lines)
    yield from _headed(page, lines)


def _value_of(
    page: Page, lines: list[Line], number: int, name: FieldName, value: str, *, at_start: bool
) -> Iterator[Field]:
    line = lines[number]
    if value:
        yield from _checked(page, name, value, line, _BEHIND, "항목 이름 바로 뒤에 적혀 있음")
        return
    if not at_start:
        return
    right, below = _right_of(lines, line), _below(lines, line)
    if line.box is None and number + 1 < len(lines):
        below = lines[number + 1]
    for other, share, reason in ((right, _RIGHT, "항목 이름의 오른쪽 칸"), (below, _BELOW, "항목 이름의 아래 줄")):
        if other is None or is_label(other.text):
            continue
        if name is _N.RETURN_CHANNEL and _options_beside(lines, other) > 1:
            return  # a choice: only a tick decides
        fields = list(_checked(page, name, other.text, other, share, reason))
        yield from fields
        if fields:
            return


def _options_beside(lines: Iterable[Line], line: Line) -> int:
    """How many return channels are named in a line's row."""
    box = line.box
    if box is None:
        return len(values.channels(line.text))
    middle = (box.top + box.bottom) / 2
    return sum(len(values.channels(o.text)) for o in lines if o.box and o.box.top < middle < o.box.bottom)


def _checked(page: Page, name: FieldName, text: str, line: Line, share: float, reason: str) -> Iterator[Field]:
    """The value as a field, when it is one; an address brings its postcode along."""
    if name is _N.RETURN_CHANNEL and (_TICKED.search(text) or _UNTICKED.search(text)):
        return  # tick boxes are judged together
    value = _VALUES[name](text)
    if value:
        yield _field(page, name, value, line, share, reason)
    if name is _N.ADDRESS and values.postcode(text):
        yield _field(page, _N.POSTCODE, values.postcode(text), line, share, "주소와 함께 적혀 있음")
    if name is _N.NAME and "@" in text:
        yield from _checked(page, _N.EMAIL, text, line, share, reason)


def _field(page: Page, name: FieldName, value: str, line: Line, share: float, reason: str) -> Field:
    return Field(name, value, round(line.confidence * share, 3), reason, page.original_id, page.number, line.box)


def _right_of(lines: Iterable[Line], label: Line) -> Line | None:
    """The nearest line to the right in the same row."""
    box = label.box
    if box is None:
        return None
    row = [
        line
        for line in lines
        if line.box is not None
        and line.box.left >= box.right - 0.005
        and min(line.box.bottom, box.bottom) - max(line.box.top, box.top) > 0.4 * (box.bottom - box.top)
    ]
    return min(row, key=lambda line: line.box.left if line.box else 1.0, default=None)


def _below(lines: Iterable[Line], label: Line) -> Line | None:
    """The nearest line straight below."""
    box = label.box
    if box is None:
        return None
    reach = box.bottom + _BELOW_REACH * (box.bottom - box.top)
    under = [
        line
        for line in lines
        if line.box is not None
        and box.bottom - 0.002 <= line.box.top <= reach
        and line.box.left < box.right
        and line.box.right > box.left
    ]
    return min(under, key=lambda line: line.box.top if line.box else 1.0, default=None)


def _ticked(page: Page, lines: list[Line]) -> Iterator[Field]:
    """The return channel whose tick box is marked, among boxes before options that name return channels."""
    options: list[tuple[str, bool, Line]] = []
    for line in lines:
        marks = sorted([*_TICKED.finditer(line.text), *_UNTICKED.finditer(line.text)], key=lambda m: m.start())
        for number, mark in enumerate(marks):
            end = marks[number + 1].start() if number + 1 < len(marks) else len(line.text)
            named = values.channels(line.text[mark.end() : end])
            if named:
                options.append((named[0], _TICKED.fullmatch(mark[0]) is not None, line))
    chosen = [(channel, line) for channel, ticked, line in options if ticked]
    if len(chosen) == 1 and len(options) > 1:
        yield _field(page, _N.RETURN_CHANNEL, chosen[0][0], chosen[0][1], 1.0, "선택 칸에 표시되어 있음")
    elif chosen:
        share = 1.0 if len({channel for channel, _ in chosen}) == 1 else 0.5
        reason = "선택 칸에 표시되어 있음" if share == 1.0 else "선택 칸이 여러 개 표시되어 있음"
        yield _field(page, _N.RETURN_CHANNEL, chosen[0][0], chosen[0][1], share, reason)


def _unlabelled(page: Page, lines: list[Line]) -> Iterator[Field]:
    taken = {line.text for line in lines if _is_value(lines, line)}
    for line in lines:
        signed = _SIGN_OFF.search(line.text)
        if signed and values.name(signed[1]):
            yield _field(page, _N.NAME, values.name(signed[1]), line, _SIGNED, "맺음말(드림/올림) 앞의 이름")
        said = _I_AM.search(line.text) if _INTRODUCES.search(line.text) else None
        if said and values.name(said[1]):
            yield _field(page, _N.NAME, values.name(said[1]), line, _ALONE, "본문에서 스스로 밝힌 이름")
        wish = _WISH.search(line.text)
        if wish and values.return_channel(wish[1]):
            yield _field(page, _N.RETURN_CHANNEL, values.return_channel(wish[1]), line, _SAID, "본문에서 밝힌 희망")
        if not any(labels_in(line.text)) and not _FAX_HEADER.search(line.text) and line.text not in taken:
            yield _field(page, _N.PHONE, values.phone(line.text), line, _ALONE, "항목 이름 없이 적힌 번호")
            yield _field(page, _N.EMAIL, values.email(line.text), line, _ALONE, "항목 이름 없이 적힌 전자우편")
            yield _field(page, _N.ADDRESS, values.lone_address(line.text), line, _ALONE, "항목 이름 없이 적힌 주소")
    dated = [line for line in lines if values.DATE.fullmatch(line.text.strip(" .일"))]
    if dated:  # a letter's own date stands alone near its end
        yield _field(page, _N.DATE, values.date(dated[-1].text), dated[-1], 1.0, "따로 적힌 날짜")


def _headed(page: Page, lines: list[Line]) -> Iterator[Field]:
    """A letter's title without a label: an early short line that ends as titles of petitions do."""
    for line in lines[:_HEAD_LINES] if page.number == 1 else ():
        words = line.text.strip()
        ending = list(_HEADING.finditer(words))
        if _TITLE_LENGTHS[0] <= len(words) <= _TITLE_LENGTHS[1] and ending and ending[-1].end() == len(words):
            yield _field(page, _N.TITLE, values.title(words), line, _HEADED, "글머리의 제목으로 보임")
            return


def _is_value(lines: list[Line], line: Line) -> bool:
    """Whether a line is the cell of a label to its left."""
    return any(is_label(other.text) and _right_of(lines, other) is line for other in lines)


def _born_from_number(best: dict[FieldName, Field]) -> None:
    """A birth date from the resident number's open digits, when none is written."""
    number = best.get(_N.RESIDENT_NUMBER)
    if number is None or _N.BIRTH_DATE in best:
        return
    century = {"1": "19", "2": "19", "5": "19", "6": "19", "3": "20", "4": "20", "7": "20", "8": "20"}
    digits = re.sub(r"\D", "", number.value)
    born = values.date(f"{century.get(digits[6:7], '')}{digits[:2]}-{digits[2:4]}-{digits[4:6]}")
    if born:
        best[_N.BIRTH_DATE] = Field(
            _N.BIRTH_DATE, born, number.confidence, "주민등록번호 앞자리", number.original_id, number.page, number.box
        )
