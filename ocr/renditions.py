"""Any original to a PDF a person can read (변환본).

Guarantees: the kind is decided from the content; the original is only read; a PDF is passed on as it is and scans keep
their own compressed bytes. What cannot be turned into a PDF has no rendition and a trouble text, never an exception for
a bad file. Runs inside the sandbox child only.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.domain import filetypes
from gateway.domain.errors import Unreadable
from ocr import troubles
from ocr.rendition_images import image_to_pdf
from ocr.rendition_office import hangul_to_pdf, office_to_pdf
from ocr.rendition_texts import text_of, text_to_pdf

_TEXTS = frozenset({filetypes.TEXT, filetypes.HTML, filetypes.EML})


@dataclass(frozen=True, slots=True)
class Rendition:
    """What became of an original.

    Attributes:
        kind: media type by content.
        pdf: the rendition; None when there is none.
        pages: how many pages it has.
        trouble: for the clerk; empty when all is well.
        text: the text itself when the original was text, so that it need not be read back from the PDF.
    """

    kind: str
    pdf: Path | None = None
    pages: int = 0
    trouble: str = ""
    text: str | None = None


def render(source: Path, name: str, folder: Path) -> Rendition:
    """Make the rendition of one original.

    Args:
        source: the original, only read.
        name: its name as the sender gave it.
        folder: empty work folder; the rendition is written there.
    """
    kind = filetypes.sniff_file(source, name=name)
    target = folder / "rendition.pdf"
    try:
        trouble, text = _write(source, kind, target)
        return Rendition(kind, target, count_pages(target), trouble, text)
    except Unreadable as refused:
        return Rendition(kind, trouble=refused.cause or troubles.NOT_CONVERTED)


def count_pages(pdf: Path) -> int:
    """How many pages a PDF has.

    Raises:
        Unreadable: it is encrypted or damaged beyond repair.
    """
    import pypdfium2  # noqa: PLC0415 - loaded on first use

    try:
        with pypdfium2.PdfDocument(pdf) as document:
            pages = len(document)
    except pypdfium2.PdfiumError as refused:
        raise Unreadable(troubles.ENCRYPTED if "assword" in str(refused) else troubles.DAMAGED) from refused
    if not pages:
        raise Unreadable(troubles.DAMAGED)
    return pages


def _write(source: Path, kind: str, target: Path) -> tuple[str, str | None]:
    """Write the rendition; trouble and, for texts, the text."""
    if kind == filetypes.PDF:
        return _pdf(source, target), None
    if kind in filetypes.IMAGES:
        return image_to_pdf(source, kind, target), None
    if kind in filetypes.HANGUL_OFFICE:
        return hangul_to_pdf(source, kind, target), None
    if kind in filetypes.OFFICE:
        return office_to_pdf(source, kind, target), None
    if kind in _TEXTS:
        text = text_of(source.read_bytes(), kind)
        text_to_pdf(text, target)
        return "", text
    raise Unreadable({
        filetypes.EMPTY: troubles.EMPTY,
        filetypes.LOCKED_OFFICE: troubles.ENCRYPTED,
        filetypes.ZIP: troubles.ARCHIVE,
    }.get(kind, troubles.UNKNOWN))  # fmt: skip


def _pdf(source: Path, target: Path) -> str:
    """A PDF as it is; one that PDFium refuses is written anew when pypdf can still find its pages."""
    try:
        count_pages(source)
    except Unreadable as refused:
        if refused.cause == troubles.ENCRYPTED:
            raise
        _repaired(source, target)
        return troubles.PARTLY_DAMAGED
    shutil.copyfile(source, target)
    return ""


def _repaired(source: Path, target: Path) -> None:
    import pypdf  # noqa: PLC0415 - loaded on first use

    try:
        pypdf.PdfWriter(clone_from=pypdf.PdfReader(source, strict=False)).write(target)
        count_pages(target)
    except Exception as broken:
        raise Unreadable(troubles.DAMAGED) from broken
