"""A raw mail into the tree of its parts, within bounds, whatever its state.

Guarantees: never raises on any bytes; time and memory grow linearly with the mail times its depth; what a bound cuts
off stays whole in the part where it was met, with a note. Understands RFC 2046 and forgives: missing or wrong
boundaries, no closing delimiter, bare LF, an mbox line on top, junk between headers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from channels.limits import MailBounds
from channels.mail_headers import parameters
from channels.mail_transfer import undo

_HEADER = re.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", re.DOTALL)
_MBOX_LINE = re.compile(rb"^>?From [^:\s][^\n]*\n")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_GUESSED = re.compile(rb"(?:^|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n")
_WELL_KNOWN = re.compile(rb"(?:From|To|Subject|Date|Message-ID|Received|MIME-Version|Content-Type) ?:", re.IGNORECASE)
_LINES_AHEAD = 30
_LONGEST_BOUNDARY = 500


@dataclass(slots=True)
class Part:
    """One part of a mail.

    Attributes:
        headers: lower-case names with raw unfolded values, in order.
        body: undecoded bytes of a leaf or a nested mail; empty for a multipart.
        media_type: lower case; `text/plain` when nothing is said (RFC 2045 §5.2).
        options: parameters of Content-Type, decoded.
        children: parts of a multipart, or the one mail in a message/rfc822.
    """

    headers: list[tuple[str, bytes]]
    body: bytes
    media_type: str
    options: dict[str, str]
    children: list[Part] = field(default_factory=list)

    def header(self, name: str) -> bytes:
        """The first value under `name`, or empty."""
        return next((value for key, value in self.headers if key == name), b"")

    def content(self) -> bytes:
        """The body with its transfer encoding undone."""
        return undo(self.body, self.header("content-transfer-encoding"))

    def named(self, name: str) -> list[bytes]:
        """All values under `name`."""
        return [value for key, value in self.headers if key == name]


class Tree:
    """Grows the tree of one mail.

    Attributes:
        notes: which bounds were met, in words for a person.
    """

    def __init__(self, bounds: MailBounds) -> None:
        self._bounds = bounds
        self._parts = 0
        self.notes: list[str] = []

    def grow(self, raw: bytes) -> Part:
        """The mail's outermost part."""
        return self._mail(_without_mbox_line(_with_line_feeds(raw)), 0)

    def _mail(self, raw: bytes, depth: int) -> Part:
        return self._part(raw.lstrip(b"\r\n"), depth, "text/plain")

    def _part(self, raw: bytes, depth: int, default_type: str) -> Part:
        self._parts += 1
        headers, body = split_headers(raw, self._bounds.header_bytes)
        declared = next((value for name, value in headers if name == "content-type"), b"")
        media_type, options = parameters(declared)
        if media_type.count("/") != 1:
            media_type = default_type
        part = Part(headers, body, media_type, options)
        if media_type.startswith("multipart/"):
            self._divide(part, depth)
        elif media_type in ("message/rfc822", "message/global") and self._may_go_deeper(depth):
            part.children = [self._mail(part.content(), depth + 1)]
        return part

    def _divide(self, part: Part, depth: int) -> None:
        if not self._may_go_deeper(depth):
            return
        pieces = _between(part.body, part.options.get("boundary", "").encode("latin-1", "replace"))
        if not pieces:
            guessed = _GUESSED.search(part.body)
            pieces = _between(part.body, guessed[1].removesuffix(b"--")) if guessed else []
        if not pieces:
            return  # stays a leaf: the whole content is shown
        default_type = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
        for number, piece in enumerate(pieces, start=1):
            if self._parts >= self._bounds.parts:
                left = len(pieces) - number + 1
                self._note(f"the mail has more than {self._bounds.parts} parts; {left} left out here")
                break
            part.children.append(self._part(piece, depth + 1, default_type))
        part.body = b""

    def _may_go_deeper(self, depth: int) -> bool:
        if depth < self._bounds.depth and self._parts < self._bounds.parts:
            return True
        self._note(f"parts lie deeper than {self._bounds.depth} levels; what is below was not opened")
        return False

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)


def split_headers(raw: bytes, longest: int) -> tuple[list[tuple[str, bytes]], bytes]:
    """A part's headers and the rest. A line that is no header is skipped if headers follow it, else the rest begins."""
    headers: list[tuple[str, bytes]] = []
    current = b""
    place = 0

    def close() -> None:
        match = _HEADER.match(current)
        if match is not None:
            value = _FOLD.sub(b"", match[2]).strip()
            headers.append((match[1].decode("ascii").lower(), value))

    while place < len(raw):
        line = _line_at(raw, place)
        bare = line.rstrip(b"\r\n")
        if not bare:
            close()
            return headers, raw[place + len(line) :]
        if line[:1] in (b" ", b"\t") and current:
            current += line if len(current) < longest else b""
        elif _HEADER.match(bare) and place <= longest:
            close()
            current = line
        elif not _headers_go_on(raw, place + len(line)) or place > longest:
            close()
            return headers, raw[place:]
        place += len(line)
    close()
    return headers, b""


def _headers_go_on(raw: bytes, place: int) -> bool:
    """Whether a header follows at once, or a well-known one within some lines and before an empty one."""
    for ahead in range(_LINES_AHEAD):
        line = _line_at(raw, place)
        following = line.rstrip(b"\r\n")
        if not following:
            return False
        if (_HEADER if not ahead else _WELL_KNOWN).match(following) is not None:
            return True
        place += len(line)
    return False


def _line_at(raw: bytes, place: int) -> bytes:
    end = raw.find(b"\n", place)
    return raw[place:] if end < 0 else raw[place : end + 1]


def _between(body: bytes, boundary: bytes) -> list[bytes]:
    """The parts between delimiter lines; the line end before a delimiter belongs to it (RFC 2046 §5.1.1)."""
    boundary = boundary.rstrip()[:_LONGEST_BOUNDARY]
    if not boundary:
        return []
    delimiter = re.compile(rb"(?:^|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)")
    pieces: list[bytes] = []
    start = -1
    for match in delimiter.finditer(body):
        if start >= 0:
            pieces.append(body[start : match.start()])
        start = -1 if match[1] else _after_line_end(body, match.end())
    if start >= 0:
        pieces.append(body[start:])
    return pieces


def _after_line_end(body: bytes, place: int) -> int:
    # the line end is left in place for the next match when the part is empty
    end = body.find(b"\n", place)
    return len(body) if end < 0 else end + 1


def _with_line_feeds(raw: bytes) -> bytes:
    """A mail whose lines end in a bare CR, as very old programs send it."""
    return raw if b"\n" in raw[:10_000] or b"\r" not in raw else raw.replace(b"\r", b"\n")


def _without_mbox_line(raw: bytes) -> bytes:
    raw = raw.lstrip(b"\r\n")
    return _MBOX_LINE.sub(b"", raw, count=1)
