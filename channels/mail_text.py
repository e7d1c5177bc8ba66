"""HTML of a mail as plain text for reading and routing.

Guarantees: never raises, fetches nothing, runs nothing; scripts, styles and hidden parts are left out; block elements
begin new lines, links keep their address when it differs from their text. Input beyond the bound is cut.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from channels.charsets import storable

_SILENT = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "svg"})
_VOID = frozenset({"br", "hr", "img", "meta", "link", "input", "col", "area", "base", "wbr", "source", "embed"})
_BLOCKS = frozenset(
    {
        "p", "div", "br", "hr", "tr", "table", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote",
        "pre", "section", "article", "header", "footer", "address", "dl", "dt", "dd", "form", "center",
    },
)  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "blockquote", "pre", "table", "ul", "ol"})
_COMMENTS = re.compile(r"<!--.*?(?:-->|$)|<!\[[^>]*>|<\?[^>]*>", re.DOTALL)


def plain(html: str, longest: int) -> str:
    """The readable text of `html`, at most `longest` characters of either."""
    reader = _Reader()
    try:
        reader.feed(_COMMENTS.sub("", html[: 4 * longest]))
        reader.close()
    except (AssertionError, ValueError, RecursionError):  # the library's own complaints about impossible markup
        pass
    return tidy(reader.text)[:longest]


def tidy(text: str) -> str:
    """`text` with unified line ends, without trailing blanks and without more than one empty line in a row."""
    lines = [line.rstrip() for line in storable(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0
        self._link = ""
        self._link_start = 0

    @property
    def text(self) -> str:
        return re.sub(r"[ \t]*\n[ \t]*", "\n", "".join(self._pieces))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        if tag == "body":
            self._silent = 0  # a head that was never closed
        self._break(tag)
        if tag == "li":
            self._pieces.append("- ")
        elif tag in ("td", "th"):
            self._pieces.append(" ")
        elif tag == "a":
            self._link = next((value or "" for name, value in attrs if name == "href"), "")
            self._link_start = len(self._pieces)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag == "a" and self._link.startswith(("http://", "https://")):
            if self._link not in "".join(self._pieces[self._link_start :]):
                self._pieces.append(f" <{self._link}>")
            self._link = ""
        if tag not in _VOID:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(re.sub(r"[\s\xa0]+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._pieces.append("\n\n")
        elif tag in _BLOCKS:
            self._pieces.append("\n")
