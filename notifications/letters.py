"""Official letters (시행문): what one says, as plain values; `notifications.press` sets them in type.

Guarantees: a `Letter` always names unit, handler and superior with their phones (`Signers` refuses to exist without
them, C6) and carries no personal number unmasked; `inputs` gives the same text for the same letter. Fails with
`IncompleteDocument` when a kind lacks the part it is about.
Source of the layout: 행정업무의 운영 및 혁신에 관한 규정 시행규칙, 별지 제1호서식 (기안문·시행문).
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.domain.errors import IncompleteDocument
from gateway.domain.office import OfficeFacts
from gateway.domain.people import Signers
from gateway.domain.personal import mask
from gateway.domain.result import Outcome, Result
from gateway.domain.submission import grouped
from gateway.domain.times import aware, korean_date, korean_moment


class LetterKind(StrEnum):
    """Which template sets the letter; the value is the template's file name."""

    RECEIPT_SLIP = "receipt_slip"  # 접수증
    PLAN = "plan"  # 처리계획 안내 (C2)
    RESULT = "result"  # 처리결과 통지 (C3)
    REFUSAL = "refusal"  # 처리 불능 통지 (C4)
    PICKUP_NOTICE = "pickup_notice"  # 방문수령 안내
    FAX_COVER = "fax_cover"  # 팩스 표지 alone


class Disclosure(StrEnum):
    """Disclosure class as the foot prints it (공공기관의 정보공개에 관한 법률 §9)."""

    OPEN = "대국민공개"
    PARTLY_OPEN = "부분공개(6)"
    CLOSED = "비공개(6)"


class Medium(StrEnum):
    """What the sheet is for; it decides address block, seal and blackness, never the words."""

    SCREEN = "screen"
    POST = "post"  # address in the envelope's window, fold marks, room for the stamped seal
    COUNTER = "counter"  # printed and stamped like a posted one, without envelope
    FAX = "fax"  # cover page, no grey, no colour


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who the letter is to."""

    name: str = ""
    address: str = ""
    postcode: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """Where a window envelope shows the address, in mm from the sheet's top left; an office sets its own envelope.

    The default fits the Korean postal standard window of a 220 x 105 mm envelope with the sheet folded in three.
    """

    left_mm: float = 20.0
    top_mm: float = 48.0
    width_mm: float = 90.0
    height_mm: float = 38.0
    folds_mm: tuple[float, ...] = (99.0, 198.0)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a letter says about the case.

    Attributes:
        number: receipt number.
        access_code: for the status page; printed only where the citizen needs it.
        received_at: 접수 일시.
        title: of the submission, as the citizen put it.
        channel: how it came in, in Korean words.
        return_channel: how the result will go out, in Korean words.
        kind: petition kind in Korean words, may be empty.
        files: what was received, a line each.
        due: expected time in Korean words, may be empty.
    """

    number: str
    access_code: str
    received_at: datetime
    title: str
    channel: str
    return_channel: str
    kind: str = ""
    files: tuple[str, ...] = ()
    due: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter before it is set in type.

    Attributes:
        office: head and foot.
        signers: unit, handler and superior, each with a phone.
        to: addressee.
        case: what it is about.
        dated_at: date of the document and creation time of the file.
        register: register number without its date: `민원봉사과-123`.
        title: 제목.
        text: plan or further words; paragraphs parted by blank lines.
        result: for result and refusal.
        attachments: 붙임, a line each.
        place: where to collect (pickup notice).
        until: until when to collect, in Korean words (pickup notice).
        summary: 문서요지, one or two sentences.
        keywords: 핵심어.
        disclosure: disclosure class.
        approver_title: who approved when it was not the superior.
        approver_name: as above.
        medium: what the sheet is for.
        window: envelope window (post).
        fax_number: of the addressee (fax).
        seal_svg: picture of the office's seal; without one the place for it is marked.
    """

    office: OfficeFacts
    signers: Signers
    to: Addressee
    case: CaseFacts
    dated_at: datetime
    register: str
    title: str
    text: str = ""
    result: Result | None = None
    attachments: tuple[str, ...] = ()
    place: str = ""
    until: str = ""
    summary: str = ""
    keywords: tuple[str, ...] = ()
    disclosure: Disclosure = Disclosure.PARTLY_OPEN
    approver_title: str = ""
    approver_name: str = ""
    medium: Medium = Medium.SCREEN
    window: Window = field(default_factory=Window)
    fax_number: str = ""
    seal_svg: str = ""

    def __post_init__(self) -> None:
        aware(self.dated_at, "dated_at")
        missing = [part for part in ("register", "title") if not getattr(self, part).strip()]
        if missing:
            raise IncompleteDocument(f"the letter lacks: {', '.join(missing)}")


def check(kind: LetterKind, letter: Letter) -> None:
    """Refuse a letter that lacks what its kind is about.

    Raises:
        IncompleteDocument: names the missing part.
    """
    refused = letter.result is not None and letter.result.outcome is Outcome.UNPROCESSABLE
    wanted: dict[LetterKind, tuple[bool, str]] = {
        LetterKind.PLAN: (bool(letter.text.strip()), "the plan's words"),
        LetterKind.RESULT: (letter.result is not None and not refused, "a result that is not a refusal"),
        LetterKind.REFUSAL: (refused, "reason, solution and remedy"),
        LetterKind.PICKUP_NOTICE: (bool(letter.place.strip()), "the place to collect at"),
        LetterKind.FAX_COVER: (bool(letter.fax_number.strip()), "the fax number"),
    }
    there, part = wanted.get(kind, (True, ""))
    if not there:
        raise IncompleteDocument(f"a letter of kind {kind} lacks {part}")
    if letter.medium is Medium.FAX and not letter.fax_number.strip():
        raise IncompleteDocument("a letter for fax lacks the fax number")


# Signs an official document numbers its parts with, outermost first (같은 규정 시행규칙 §2).
_MARKS = (
    re.compile(r"^(\d{1,2}\.)\s+(.+)$", re.DOTALL),
    re.compile(r"^([가나다라마바사아자차카타파하]\.)\s+(.+)$", re.DOTALL),
    re.compile(r"^(\d{1,2}\))\s+(.+)$", re.DOTALL),
    re.compile(r"^([가나다라마바사아자차카타파하]\))\s+(.+)$", re.DOTALL),
    re.compile(r"^([-·ㆍ•○□※])\s+(.+)$", re.DOTALL),
)


def paragraphs(text: str) -> list[dict[str, str | int]]:
    """Text as written by a person, parted into lines with their mark and depth: `{"mark", "text", "depth"}`.

    Every line break is kept. A line that opens with a mark of official numbering hangs from it, as deep as that mark
    stands in the order of marks; one without a mark stands as it is (depth -1).
    """
    lines: list[dict[str, str | int]] = []
    for line in (raw.strip() for raw in text.splitlines()):
        if not line:
            continue
        for depth, pattern in enumerate(_MARKS):
            if found := pattern.match(line):
                lines.append({"mark": found[1], "text": found[2], "depth": depth})
                break
        else:
            lines.append({"mark": "", "text": line, "depth": -1})
    return lines


def clean(text: str) -> str:
    """Text fit to be printed: NFC, no control characters, personal numbers masked."""
    composed = unicodedata.normalize("NFC", text)
    return mask(
        "".join(c for c in composed if c == "\n" or unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    )


def inputs(kind: LetterKind, letter: Letter) -> str:
    """Everything the template needs, as one JSON text; the template's only source of words from outside.

    Raises:
        IncompleteDocument: as `check`.
    """
    check(kind, letter)
    result = letter.result
    told = {
        "kind": kind,
        "medium": letter.medium,
        "office": asdict(letter.office),
        "signers": asdict(letter.signers),
        "approver": {"title": letter.approver_title, "name": letter.approver_name},
        "to": asdict(letter.to),
        "case": {
            **asdict(letter.case),
            "received_at": korean_moment(letter.case.received_at),
            "received_on": korean_date(letter.case.received_at),
            "access_code": grouped(letter.case.access_code),
        },
        "date": korean_date(letter.dated_at),
        "register": letter.register,
        "title": letter.title,
        "text": paragraphs(letter.text),
        "result": None
        if result is None
        else {
            part: paragraphs(getattr(result, part)) for part in ("text", "reason", "solution", "remedy")
        },
        "attachments": list(letter.attachments),
        "place": letter.place,
        "until": letter.until,
        "summary": letter.summary,
        "keywords": list(letter.keywords),
        "disclosure": letter.disclosure,
        "window": asdict(letter.window),
        "fax_number": letter.fax_number,
    }  # fmt: skip
    words = {part: _cleaned(value) for part, value in told.items()}
    return json.dumps({**words, "seal_svg": letter.seal_svg}, ensure_ascii=False, separators=(",", ":"))


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {key: _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value
