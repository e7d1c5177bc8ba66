"""What was read from a submission: pages, lines, fields, how sure.

Shapes: a `Box` is in fractions of the page (0-1, origin top left), so it fits any rendering of it. Confidence is 0-1.
`Transcript.to_json` and `from_json` are inverse; the store keeps that text.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum


class FieldName(StrEnum):
    """What is looked for in a document."""

    NAME = "name"
    BIRTH_DATE = "birth_date"
    RESIDENT_NUMBER = "resident_number"  # always masked
    PHONE = "phone"
    FAX = "fax"
    EMAIL = "email"
    ADDRESS = "address"
    POSTCODE = "postcode"
    TITLE = "title"
    RETURN_CHANNEL = "return_channel"  # one of ReturnChannel's values
    DATE = "date"


class Source(StrEnum):
    """Where a page's text came from."""

    TEXT_LAYER = "text_layer"
    OCR = "ocr"
    PLAIN = "plain"  # text file, mail body, office document
    PERSON = "person"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page, in fractions of its width and height from the top left."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left <= self.right <= 1 and 0 <= self.top <= self.bottom <= 1):
            raise ValueError(f"not a box within the page: {self}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text in reading order."""

    text: str
    confidence: float
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of one original.

    Attributes:
        original_id: which original; 0 until the store has given it a number.
        number: 1-based within the original's rendition.
        width_pt: page width in points (1/72 inch).
        height_pt: page height in points.
        source: where the text came from.
        lines: in reading order.
        blank: the page carries no ink.
        missed_ink: share of the page's ink outside all found lines, 0-1; a lost line shows only here.
    """

    original_id: int
    number: int
    width_pt: float
    height_pt: float
    source: Source
    lines: tuple[Line, ...] = ()
    blank: bool = False
    missed_ink: float = 0.0

    @property
    def text(self) -> str:
        """The page's text, a line each."""
        return "\n".join(line.text for line in self.lines)

    @property
    def confidence(self) -> float:
        """Mean confidence weighted by length, 0-1; 1.0 for a page that needs none."""
        weight = sum(len(line.text) for line in self.lines)
        if not weight:
            return 1.0
        return sum(line.confidence * len(line.text) for line in self.lines) / weight


@dataclass(frozen=True, slots=True)
class Field:
    """One thing found in a document.

    Attributes:
        name: what it is.
        value: normalised text; personal numbers masked.
        confidence: 0-1.
        reason: why this was chosen, in words for the clerk.
        original_id: where it stands; 0 for facts of the channel.
        page: 1-based; 0 when it has no place.
        box: where on the page.
        verified: a person confirmed it.
    """

    name: FieldName
    value: str
    confidence: float
    reason: str = ""
    original_id: int = 0
    page: int = 0
    box: Box | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was read from one submission.

    Attributes:
        pages: of all originals, in order.
        fields: at most one per name, the best found.
        doubts: why a person should look, in words for the clerk; empty when the reading stands by itself.
    """

    pages: tuple[Page, ...] = ()
    fields: tuple[Field, ...] = ()
    doubts: tuple[str, ...] = field(default_factory=tuple)

    @property
    def text(self) -> str:
        """All pages' text."""
        return "\n".join(page.text for page in self.pages if page.lines)

    def value(self, name: FieldName) -> str:
        """The value of a field, or an empty text."""
        return next((f.value for f in self.fields if f.name == name), "")

    def to_json(self) -> str:
        """Text that `from_json` reads back."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Transcript:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        return cls(
            pages=tuple(
                Page(
                    **{
                        **page,
                        "source": Source(page["source"]),
                        "lines": tuple(Line(**{**line, "box": _box(line["box"])}) for line in page["lines"]),
                    },
                )
                for page in raw["pages"]
            ),
            fields=tuple(
                Field(**{**found, "name": FieldName(found["name"]), "box": _box(found["box"])})
                for found in raw["fields"]
            ),
            doubts=tuple(raw["doubts"]),
        )


def _box(raw: dict[str, float] | None) -> Box | None:
    return None if raw is None else Box(**raw)
