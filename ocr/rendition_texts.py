"""Plain text, HTML and mail bodies: decoded, stripped of everything active, and set as a PDF with Typst.

Guarantees: Korean legacy encodings are recognised; HTML loses scripts, styles and all references, nothing is fetched;
the text is handed to Typst as a file it reads, never as markup. `decode` and `html_to_text` are pure and never fail.
"""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

from gateway.domain import filetypes

_ENCODINGS = ("utf-8", "cp949", "iso2022_kr", "utf-16")
_SKIPPED = frozenset({"script", "style", "head", "template", "noscript", "object", "iframe", "svg"})
_BREAKING = frozenset({
    "p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "blockquote", "hr", "pre",
    "section", "article", "header", "footer", "dt", "dd", "title",
})  # fmt: skip
_MOST_CHARACTERS = 400_000
_TYPST = """#set page(paper: "a4", margin: 20mm, numbering: "1 / 1")
#set text(font: ("NanumGothic", "NanumBarunGothic", "Noto Sans CJK KR"), size: 10.5pt, lang: "ko")
#set par(leading: 0.8em)
#for line in read("body.txt").split("\\n") [#par[#if line == "" { sym.zws } else { line }]]
"""


def text_of(content: bytes, kind: str) -> str:
    """The text of a text-like file.

    Args:
        content: the file.
        kind: `filetypes.TEXT`, `HTML` or `EML`.
    """
    if kind == filetypes.EML:
        return _mail_text(content)
    text = decode(content)
    return html_to_text(text) if kind == filetypes.HTML else _clean(text)


def decode(content: bytes) -> str:
    """Bytes as text, in the first encoding that fits."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    if content.startswith(b"\xef\xbb\xbf"):
        return content.decode("utf-8-sig", "replace")
    for encoding in _ENCODINGS[:3] if b"\x1b$)C" not in content[:200] else ("iso2022_kr",):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("cp949", "replace")


def html_to_text(markup: str) -> str:
    """What a reader sees of an HTML page, a line each paragraph; links keep their words only."""
    stripper = _Stripper()
    stripper.feed(markup[: 10 * _MOST_CHARACTERS])
    stripper.close()
    return _clean("".join(stripper.parts))


def text_to_pdf(text: str, target: Path) -> None:
    """Write the text as a PDF that people can read.

    Args:
        text: lines.
        target: where to write; a fresh folder beside it is used for the work.

    Raises:
        RuntimeError: Typst could not set it.
    """
    import typst  # noqa: PLC0415 - tens of megabytes, only for texts

    root = target.with_suffix(".typ.d")
    root.mkdir()
    (root / "body.txt").write_text(text, encoding="utf-8")
    (root / "main.typ").write_text(_TYPST, encoding="utf-8")
    target.write_bytes(typst.compile(root / "main.typ", root=root, format="pdf"))


def _clean(text: str) -> str:
    text = text[:_MOST_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    text = re.sub(r"[\x00-\x08\x0b\x0e-\x1f\x7f\u200b\ufeff]", "", text)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()


def _mail_text(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=email.policy.default)
    head = [f"{label}: {message.get(name, '')}" for label, name in (("제목", "subject"), ("보낸 사람", "from"))]
    body = message.get_body(("plain", "html")) if isinstance(message, EmailMessage) else None
    text = ""
    if body is not None:
        raw = body.get_payload(decode=True)
        text = decode(raw) if isinstance(raw, bytes) else ""
        if body.get_content_type() == filetypes.HTML:
            text = html_to_text(text)
    return _clean("\n".join([*head, "", text]))


class _Stripper(HTMLParser):
    """Gathers text, drops what runs, looks or fetches."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._skipping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin an element; attributes, and with them all addresses, are dropped."""
        del attrs
        if tag in _SKIPPED:
            self._skipping.append(tag)
        elif tag in _BREAKING:
            self.parts.append("\n")
        elif tag in {"td", "th"}:
            self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """End an element."""
        if tag in self._skipping:
            del self._skipping[self._skipping.index(tag) :]
        elif tag in _BREAKING:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._skipping:
            self.parts.append(re.sub(r"\s+", " ", data))
