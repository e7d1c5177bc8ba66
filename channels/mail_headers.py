"""Header fields of mail as they really come: encoded words, raw 8-bit text, addresses and parameters.

Guarantees: never raises on any bytes; returns text in NFC on one line. Follows RFC 5322, RFC 2047 (encoded words) and
RFC 2231 (parameters) and forgives what breaks them: words split inside a character, missing padding or end, encoded
words in quotes, 8-bit text without a charset, file names given in three ways at once.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from channels.charsets import decode, guess, one_line

_WORD = re.compile(r"=\?([^?\s=]{1,60})\?([bBqQ])\?(.*?)(?:\?=|$)", re.DOTALL)
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_BARE_ADDRESS = re.compile(r"[^\s<>\"(),;:\[\]]+@[^\s<>\"(),;:]+")
_COMMENT = re.compile(r"\(((?:[^()\\]|\\.)*)\)")
_PARAMETER = re.compile(
    r""";\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|"((?:[^"\\]|\\.)*)$|([^;]*))""", re.DOTALL
)  # name, quoted, quoted without end, bare
_CONTINUED = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_LONGEST_VALUE = 20_000
_MOST_PIECES = 100


@dataclass(frozen=True, slots=True)
class Address:
    """A person in a header.

    Attributes:
        name: as written, decoded; may be empty.
        email: `local@domain`; may be empty.
    """

    name: str
    email: str


def text(raw: bytes, longest: int = 0) -> str:
    """An unstructured field (a subject) as people read it."""
    return one_line(_words(_letters(raw)), longest)


def address(raw: bytes) -> Address:
    """The first address of a field such as From; empty parts where nothing was found."""
    for one in addresses(raw):
        return one
    return Address("", "")


def addresses(raw: bytes) -> list[Address]:
    """All addresses of a field, in order."""
    found = (_address(piece) for piece in _split_outside_quotes(_letters(raw), ",;"))
    return [one for one in found if one.name or one.email]


def parameters(raw: bytes) -> tuple[str, dict[str, str]]:
    """A structured field such as Content-Type: its value in lower case, its parameters decoded, by lower-case name."""
    whole = _letters(raw)
    value, _, _ = whole.partition(";")
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for match in list(_PARAMETER.finditer(whole[len(value) :]))[:_MOST_PIECES]:
        name = _CONTINUED.match(match[1].strip().lower())
        if name is None:
            continue
        quoted = match[2] if match[2] is not None else match[3]
        written = _QUOTED_PAIR.sub(r"\1", quoted) if quoted is not None else match[4].strip().strip("'")
        pieces.setdefault(name[1], []).append((int(name[2] or -1), name[3] is not None, written))
    return one_line(value).lower(), {name: _joined(parts) for name, parts in pieces.items()}


def _joined(parts: list[tuple[int, bool, str]]) -> str:
    """One parameter from its pieces; RFC 2231 continuations win over a plain value, encoded ones over plain ones."""
    numbered = sorted((p for p in parts if p[0] >= 0), key=lambda p: p[0])
    single = [p for p in parts if p[0] < 0]
    chosen = numbered or sorted(single, key=lambda p: not p[1])[:1]
    if not any(encoded for _, encoded, _ in chosen):
        joined = "".join(written for _, _, written in chosen)
        return one_line(_percent(joined) if _looks_percent(joined) else _words(joined))
    charset, raw = "", b""
    for position, (_, encoded, written) in enumerate(chosen):
        rest = written
        if position == 0 and encoded and rest.count("'") >= 2:  # noqa: PLR2004  # charset'language'text
            charset, _, rest = rest.split("'", 2)
        raw += unquote_to_bytes(_bytes(rest)) if encoded else _bytes(rest)
    decoded = decode(raw, charset)
    return one_line(_words(decoded) if "=?" in decoded else decoded)


def _looks_percent(written: str) -> bool:
    """Whether a plain value is percent-encoded text, as some Korean webmail sends it."""
    return written.count("%") >= 3 and re.fullmatch(r"(?:%[0-9A-Fa-f]{2}|[\w.\-+() \[\]])+", written) is not None  # noqa: PLR2004  # one Hangul letter


def _percent(written: str) -> str:
    return guess(unquote_to_bytes(_bytes(written)))


def _address(piece: str) -> Address:
    piece = piece.strip()
    start = _angle(piece)
    if start >= 0:
        inside, _, _ = piece[start + 1 :].partition(">")
        name = piece[:start]
        bare = _BARE_ADDRESS.search(inside)
        email = bare[0] if bare else inside.strip() if "@" in inside else ""
        group, colon, rest = name.partition(":")
        return Address(_name(rest if colon and '"' not in group else name), _email(email))
    bare = _BARE_ADDRESS.search(_COMMENT.sub(" ", piece)) or _BARE_ADDRESS.search(piece)
    comment = _COMMENT.search(piece)
    if bare is None:
        return Address(_name(comment[1] if comment else piece), "")
    name = comment[1] if comment else piece.replace(bare[0], " ")
    return Address(_name(name), _email(bare[0]))


def _angle(piece: str) -> int:
    """Where the angle bracket of the address opens: the last one outside quotes, else the last one, else -1."""
    quoted, place = False, -1
    for position, letter in enumerate(piece):
        if letter == '"' and piece[position - 1 : position] != "\\":
            quoted = not quoted
        elif letter == "<" and not quoted:
            place = position
    return place if place >= 0 or "@" not in piece else piece.rfind("<")


def _name(written: str) -> str:
    name = written.strip()
    if name.startswith('"'):
        name = name.rstrip().removesuffix('"')[1:]
    name = _QUOTED_PAIR.sub(r"\1", name) if "\\" in name and "=?" not in name else name
    return one_line(_words(name)).strip("\"' ")


def _email(written: str) -> str:
    return one_line(_words(written)).replace(" ", "").strip("'\".,")


def _split_outside_quotes(whole: str, separators: str) -> list[str]:
    """Split at separators that stand outside quotes, angle brackets and encoded words."""
    protected = _WORD.sub(lambda m: "\x01" * len(m[0]), whole)
    pieces, start, quoted, depth = [], 0, False, 0
    for position, letter in enumerate(protected):
        if letter == '"' and protected[position - 1 : position] != "\\":
            quoted = not quoted
        elif letter in "<(" and not quoted:
            depth += 1
        elif letter in ">)" and not quoted:
            depth = max(0, depth - 1)
        elif letter in separators and not quoted and not depth:
            pieces.append(whole[start:position])
            start = position + 1
    return [*pieces, whole[start:]]


def _letters(raw: bytes) -> str:
    """Bytes as letters one to one (Latin-1), so that patterns work before any charset is known."""
    return raw[:_LONGEST_VALUE].decode("latin-1")


def _bytes(letters: str) -> bytes:
    return letters.encode("latin-1", "replace")


def _words(letters: str) -> str:
    """RFC 2047: encoded words decoded, neighbours of one charset joined as bytes first, the rest guessed."""
    runs: list[tuple[str, bytes]] = []  # charset ("" outside words), bytes
    end = 0
    for match in _WORD.finditer(letters):
        gap = letters[end : match.start()]
        follows_word = bool(runs) and end > 0
        if gap and not (follows_word and not gap.strip()):
            runs.append(("", _bytes(gap)))
        charset = match[1].split("*")[0].lower() or "us-ascii"
        content = _decoded_word(match[2], match[3])
        if runs and runs[-1][0] == charset:
            runs[-1] = (charset, runs[-1][1] + content)
        else:
            runs.append((charset, content))
        end = match.end()
    runs.append(("", _bytes(letters[end:])))
    return "".join(decode(content, charset) if charset else guess(content) for charset, content in runs)


def _decoded_word(encoding: str, encoded: str) -> bytes:
    if encoding in "bB":
        digits = _NOT_BASE64.sub("", encoded)
        # Words that end in the middle and words with padding inside are both decoded as far as they go.
        usable = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
        try:
            return base64.b64decode(usable + "=" * (-len(usable) % 4))
        except binascii.Error:
            return _bytes(encoded)
    return binascii.a2b_qp(_bytes(encoded.replace(" ", "_").replace("\r", "").replace("\n", "")), header=True)
