"""Hangul (HWP, HWPX) and office documents to PDF.

Guarantees: HWP goes through hwp-ingest and rsvg-convert, and the result is compared with the text a second parser
finds: a rendition that lost its text is replaced by that text alone, and told. Office formats go through LibreOffice
when it is installed, without macros or network. Fails with `Unreadable` whose cause is a text of `troubles`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

from gateway.domain import filetypes
from gateway.domain.errors import Unreadable
from ocr import troubles
from ocr.rendition_texts import text_to_pdf

_HANGUL = re.compile(r"[가-힣]")
_ENOUGH = 0.8  # share of the parser's letters that the rendition must hold
_OFFICE_TIMEOUT_S = 90
_EXTENSIONS = {
    filetypes.DOC: "doc", filetypes.XLS: "xls", filetypes.PPT: "ppt", filetypes.DOCX: "docx", filetypes.XLSX: "xlsx",
    filetypes.PPTX: "pptx", filetypes.ODT: "odt", filetypes.ODS: "ods", filetypes.ODP: "odp", filetypes.RTF: "rtf",
}  # fmt: skip


def hangul_to_pdf(source: Path, kind: str, target: Path) -> str:
    """Write the PDF of an HWP or HWPX document.

    Args:
        source: the document.
        kind: `filetypes.HWP` or `HWPX`.
        target: where to write.

    Returns:
        Trouble for the clerk; empty when all is well.

    Raises:
        Unreadable: encrypted, or neither parser can make anything of it.
    """
    text = _hangul_text(source, kind, target.parent)
    import hwp_ingest  # noqa: PLC0415 - only for this format

    try:
        target.write_bytes(hwp_ingest.to_pdf_bytes(source.read_bytes()))
        whole = share_of(text, _pdf_text(target)) >= _ENOUGH if text else _has_ink(target)
    except (hwp_ingest.HwpIngestError, OSError, RuntimeError, ValueError):
        whole = False
    if whole:
        return ""
    if not text:
        raise Unreadable(troubles.NOT_CONVERTED)
    text_to_pdf(text, target)
    return troubles.TEXT_ONLY


def office_to_pdf(source: Path, kind: str, target: Path) -> str:
    """Write the PDF of an office document.

    Args:
        source: the document.
        kind: one of `filetypes.OFFICE`.
        target: where to write.

    Returns:
        Trouble for the clerk; empty when all is well.

    Raises:
        Unreadable: LibreOffice is missing or could not convert it.
    """
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None:
        raise Unreadable(troubles.NO_OFFICE)
    work = target.parent / "office"
    work.mkdir(exist_ok=True)
    document = work / f"document.{_EXTENSIONS[kind]}"
    shutil.copyfile(source, document)
    command = [
        program, f"-env:UserInstallation={(work / 'profile').as_uri()}", "--headless", "--norestore", "--nologo",
        "--convert-to", "pdf", "--outdir", str(work), str(document),
    ]  # fmt: skip
    try:
        subprocess.run(command, capture_output=True, timeout=_OFFICE_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as slow:
        raise Unreadable(troubles.TOO_SLOW) from slow
    made = work / "document.pdf"
    if not made.is_file():
        raise Unreadable(troubles.NOT_CONVERTED)
    shutil.move(made, target)
    return ""


def share_of(wanted: str, found: str) -> float:
    """How much of the Hangul in one text is in another, each letter counted as often as it stands, 0-1."""
    want, have = Counter(_HANGUL.findall(wanted)), Counter(_HANGUL.findall(found))
    return sum((want & have).values()) / total if (total := sum(want.values())) else 1.0


def _hangul_text(source: Path, kind: str, folder: Path) -> str:
    from hwp_hwpx_parser import ExtractOptions, ImageMarkerStyle, Reader, TableStyle  # noqa: PLC0415 - as above

    named = folder / ("document.hwpx" if kind == filetypes.HWPX else "document.hwp")  # the parser goes by the name
    shutil.copyfile(source, named)
    options = ExtractOptions(
        table_style=TableStyle.INLINE, image_marker=ImageMarkerStyle.NONE, paragraph_separator="\n"
    )
    text, locked = "", False
    try:
        with Reader(named) as reader:
            locked = bool(reader.is_encrypted)
            text = "" if locked else str(reader.extract_text(options)).strip()
    except Exception:  # noqa: BLE001 - whatever the second parser raises, the first may still succeed
        text = ""
    if locked:
        raise Unreadable(troubles.ENCRYPTED)
    return text


def _pdf_text(path: Path) -> str:
    import pypdfium2  # noqa: PLC0415 - as above

    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(str(page.get_textpage().get_text_range()) for page in document)


def _has_ink(path: Path) -> bool:
    """Whether any page shows something."""
    import pypdfium2  # noqa: PLC0415 - as above

    with pypdfium2.PdfDocument(path) as document:
        return any(int(page.render(scale=0.5, grayscale=True).to_numpy().min()) < 200 for page in document)  # noqa: PLR2004 - darker than paper
