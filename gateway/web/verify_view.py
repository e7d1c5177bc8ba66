"""What the verifying page shows, worked out from a transcript: pages with boxes, fields with reasons, lines of text.

Guarantees: does no I/O; a field or line is `doubtful` below `SURE` unless a person has confirmed it; boxes are in
thousandths of the page, so they fit any picture of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.domain.submission import Contact, Original, ReturnChannel
from gateway.domain.transcript import Box, Field, FieldName, Line, Page, Transcript
from gateway.store.submissions import Submission
from gateway.web.documents import drawable
from gateway.web.staff_words import FIELDS, RETURN_CHANNELS
from ocr.quality import SURE

PICTURE_WIDTH: Final = 1400
_A4_RATIO: Final = 297 / 210
_SCALE: Final = 1000
_SMALLEST: Final = 4.0
EDITABLE: Final = (
    FieldName.NAME, FieldName.PHONE, FieldName.TITLE, FieldName.ADDRESS, FieldName.POSTCODE, FieldName.RETURN_CHANNEL,
    FieldName.EMAIL, FieldName.FAX,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BoxMark:
    """A rectangle on a page; `target` is what it belongs to."""

    target: str
    level: str
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Sheet:
    """One page as a picture."""

    original_id: int
    number: int
    name: str
    width: int
    height: int
    boxes: list[BoxMark] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field of the form."""

    name: str
    label: str
    value: str
    reason: str
    percent: int | None
    doubtful: bool
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line of read text."""

    text: str
    doubtful: bool
    target: str


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of one page."""

    name: str
    number: int
    source: str
    percent: int | None
    lines: tuple[LineRow, ...]


@dataclass(frozen=True, slots=True)
class VerifyView:
    """Everything beside the submission itself."""

    sheets: tuple[Sheet, ...]
    fields: tuple[FieldRow, ...]
    pages: tuple[PageText, ...]
    doubts: tuple[str, ...]


def build(
    case: Submission,
    originals: Sequence[Original],
    transcript: Transcript | None,
    typed: Mapping[FieldName, str] | None = None,
) -> VerifyView:
    """What the page shows for this submission; what a clerk has `typed` already stands in place of what was read."""
    read = transcript or Transcript()
    names = {o.id: o.name for o in originals}
    return VerifyView(
        sheets=_sheets(originals, read),
        fields=tuple(_row(name, read, case, typed or {}) for name in EDITABLE),
        pages=tuple(_page_text(page, names) for page in read.pages if page.lines),
        doubts=tuple(dict.fromkeys((*read.doubts, *(o.trouble for o in originals if o.trouble)))),
    )


def typed_fields(form: Mapping[str, object]) -> dict[FieldName, str]:
    """The fields as the clerk left them."""
    return {name: str(form[f"field-{name}"]).strip() for name in EDITABLE if f"field-{name}" in form}


def corrections(
    case: Submission, transcript: Transcript | None, typed: Mapping[FieldName, str]
) -> dict[FieldName, str]:
    """What of the typed fields is the clerk's word: all that was read, and all that was known otherwise and changed."""
    read, known = {f.name for f in transcript.fields} if transcript else set(), _known(case)
    return {name: text for name, text in typed.items() if name in read or text != known[name]}


def _row(name: FieldName, read: Transcript, case: Submission, typed: Mapping[FieldName, str]) -> FieldRow:
    found = next((f for f in read.fields if f.name == name), None)
    known = _known(case)[name]
    if found and known and _is_doubtful(found):
        found = None  # what the channel knows outweighs a doubtful reading
    value = typed.get(name, found.value if found else known)
    choices: tuple[tuple[str, str], ...] = ()
    if name is FieldName.RETURN_CHANNEL:
        choices = (("", "정하지 않음"), *((c.value, RETURN_CHANNELS[c]) for c in ReturnChannel))
        value = value if any(value == code for code, _ in choices) else ""
    return FieldRow(
        name=name.value,
        label=FIELDS[name],
        value=value,
        reason=_reason(found, known),
        percent=round(100 * found.confidence) if found else None,
        doubtful=_is_doubtful(found),
        choices=choices,
    )


def _reason(found: Field | None, known: str) -> str:
    if found:
        return found.reason
    return "보낸 경로에서 알게 된 값" if known else "문서에서 찾지 못함"


def _is_doubtful(found: Field | None) -> bool:
    return found is not None and not found.verified and found.confidence < SURE


def _known(case: Submission) -> dict[FieldName, str]:
    """What the submission says already, by the channel or an earlier confirmation."""
    contact: Contact = case.contact
    return {
        FieldName.NAME: contact.name,
        FieldName.PHONE: contact.phone,
        FieldName.FAX: contact.fax,
        FieldName.EMAIL: contact.email,
        FieldName.ADDRESS: contact.address,
        FieldName.POSTCODE: contact.postcode,
        FieldName.TITLE: case.title,
        FieldName.RETURN_CHANNEL: case.return_channel.value if case.return_channel else "",
    }


def _sheets(originals: Sequence[Original], read: Transcript) -> tuple[Sheet, ...]:
    sheets: list[Sheet] = []
    for original in originals:
        if not drawable(original):
            continue
        pages = {page.number: page for page in read.pages if page.original_id == original.id}
        for number in range(1, max(original.pages or 1, *pages, 1) + 1):
            page = pages.get(number)
            ratio = page.height_pt / page.width_pt if page and page.width_pt > 0 else _A4_RATIO
            sheet = Sheet(original.id, number, original.name, PICTURE_WIDTH, round(PICTURE_WIDTH * ratio))
            sheet.boxes += _line_boxes(page) if page else []
            sheet.boxes += [
                _mark(f"field-{f.name}", "doubtful" if _is_doubtful(f) else "sure", f.box)
                for f in read.fields
                if f.box and f.original_id == original.id and f.page == number
            ]
            sheets.append(sheet)
    return tuple(sheets)


def _line_boxes(page: Page) -> list[BoxMark]:
    return [
        _mark(_line_target(page, i), "doubtful", line.box)
        for i, line in enumerate(page.lines)
        if line.box and _unsure(line)
    ]


def _page_text(page: Page, names: Mapping[int, str]) -> PageText:
    sure = any(line.confidence < 1 for line in page.lines)
    return PageText(
        name=names.get(page.original_id, ""),
        number=page.number,
        source=page.source,
        percent=round(100 * page.confidence) if sure else None,
        lines=tuple(LineRow(ln.text, _unsure(ln), _line_target(page, i)) for i, ln in enumerate(page.lines)),
    )


def _unsure(line: Line) -> bool:
    return line.confidence < SURE


def _line_target(page: Page, index: int) -> str:
    return f"line-{page.original_id}-{page.number}-{index}"


def _mark(target: str, level: str, box: Box) -> BoxMark:
    width = max((box.right - box.left) * _SCALE, _SMALLEST)
    height = max((box.bottom - box.top) * _SCALE, _SMALLEST)
    return BoxMark(
        target, level, round(box.left * _SCALE, 1), round(box.top * _SCALE, 1), round(width, 1), round(height, 1)
    )
