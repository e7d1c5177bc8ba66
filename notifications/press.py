"""Sets letters in type: Typst templates in, PDF/A-2b with PDF/UA-1 tags out.

Guarantees: the same letter gives the same bytes (the file's creation time is the letter's date); words reach the
template as JSON input and are never spliced into its source; a sign that the fonts do not hold is printed as `〓`
instead of making the whole letter fail (PDF/A forbids missing glyphs, ISO 19005-2 §6.2.11). Fails with `MissingPart`
when the fonts are not installed, `IncompleteDocument` when the letter lacks a part, `TemplateBroken` when a template
an office edited does not compile.
"""

from __future__ import annotations

import threading
from datetime import UTC
from pathlib import Path

import typst
from fontTools.ttLib import TTFont

from gateway.domain.errors import ConfigurationError, MissingPart
from notifications.letters import Letter, LetterKind, inputs

TEMPLATES = Path(__file__).parent / "templates"
FONTS = Path("/usr/share/fonts/truetype/nanum")  # Debian's fonts-nanum
_FAMILIES = ("NanumMyeongjo", "NanumGothic")
_FILES = ("NanumMyeongjo.ttf", "NanumMyeongjoBold.ttf", "NanumGothic.ttf", "NanumGothicBold.ttf")
_MISSING_SIGN = "〓"
_STANDARDS: list[typst.PDFStandard] = ["a-2b", "ua-1"]


class TemplateBroken(ConfigurationError):
    """A letter template does not compile."""

    code = "template_broken"
    text_ko = "문서 서식에 오류가 있습니다."


class LetterPress:
    """One loaded set of fonts and templates; threads may share it (letters are set one after another).

    Args:
        fonts: folder with the Nanum fonts.
        templates: folder with one `.typ` per `LetterKind` and `base.typ`.

    Raises:
        MissingPart: the fonts are not there.
    """

    def __init__(self, fonts: Path = FONTS, templates: Path = TEMPLATES) -> None:
        missing = [name for name in _FILES if not (fonts / name).is_file()]
        if missing:
            raise MissingPart(f"fonts not found in {fonts}: {', '.join(missing)}", remedy="apt-get install fonts-nanum")
        self._templates = templates
        self._printable = frozenset.intersection(*(_glyphs(fonts / name) for name in _FILES))
        self._lock = threading.Lock()
        loaded = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        self._compiler = typst.Compiler(root=str(templates), font_paths=loaded, ignore_system_fonts=True)

    def compose(self, kind: LetterKind, letter: Letter) -> bytes:
        """The letter as PDF/A-2b.

        Raises:
            IncompleteDocument: the letter lacks what its kind is about.
            TemplateBroken: the template does not compile.
        """
        told = self._printable_only(inputs(kind, letter))
        moment = letter.dated_at.astimezone(UTC).replace(microsecond=0)
        with self._lock:
            try:
                made = self._compiler.compile(
                    input=str(self._templates / f"{kind}.typ"),
                    format="pdf",
                    sys_inputs={"letter": told},
                    pdf_standards=_STANDARDS,
                    timestamp=int(moment.timestamp()),
                )
            except typst.TypstError as error:
                raise TemplateBroken(
                    f"{kind}.typ: {error.diagnostic or error.message}",
                    remedy=f"Correct the template in {self._templates}.",
                ) from error
        if not isinstance(made, bytes):  # the binding gives a list only for formats with one file per page
            raise TemplateBroken(f"{kind}.typ gave no single document")
        return made

    def _printable_only(self, text: str) -> str:
        return "".join(c if c.isspace() or c in self._printable else _MISSING_SIGN for c in text)


def _glyphs(font: Path) -> frozenset[str]:
    with TTFont(font, lazy=True) as opened:
        return frozenset(map(chr, opened.getBestCmap()))
