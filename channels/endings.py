"""Does a file have its end? Cheap checks on the first and last bytes, nothing decoded.

Guarantees: a few bounded reads whatever the size; the kind is told from the content, never from the name. A PDF, TIFF,
JPEG, PNG or HEIF that was cut short is told as such in nearly every case; for other kinds nothing can be said.
Fails by returning a reason, never by raising on content. Sources: ISO 32000-1 §7.5.5, ITU-T T.81 §B.1, PNG §11.2.5,
ISO/IEC 14496-12 §4.2.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from channels.tiffdir import is_tiff, read_directories

_TAIL = 64 * 1024
_PDF_TAIL = 4096
_HEAD = 1024
_MAX_SEGMENTS = 2000
_MAX_BOXES = 2000
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"})


@dataclass(frozen=True, slots=True)
class Ending:
    """What the first and last bytes tell.

    Attributes:
        media_type: from the content; empty when it is none of the kinds known here.
        fault: why the file looks cut short; empty when it looks whole or when the kind is unknown.
    """

    media_type: str
    fault: str = ""


def look(file: BinaryIO) -> Ending:
    """Check one opened file."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD)
    for media_type, belongs, fault in _KINDS:
        if belongs(head):
            return Ending(media_type, fault(file, size))
    return Ending("", "" if size else "it is empty")


def _pdf(file: BinaryIO, size: int) -> str:
    head = _read(file, 0, _HEAD)
    tail = _read(file, max(0, size - _PDF_TAIL), _PDF_TAIL)
    end = tail.rfind(b"%%EOF")
    if end < 0:
        return "its end (%%EOF) is missing"
    linear = re.search(rb"/Linearized\b[^>]*?/L\s+(\d+)", head)
    if linear and int(linear[1]) > size:
        return f"it says it is {int(linear[1])} bytes long and has {size}"
    starts = re.findall(rb"startxref\s+(\d+)\s+", tail[:end])
    if not starts:
        return "its cross-reference position is missing"
    shift = max(0, head.find(b"%PDF-"))  # some devices put bytes before the header and count from it
    for offset in (int(starts[-1]), int(starts[-1]) + shift):
        if re.match(rb"\s*(?:xref|\d+\s+\d+\s+obj)", _read(file, offset, 64)):
            return ""
    return "its cross-reference table is not where it should be"


def _tiff(file: BinaryIO, size: int) -> str:
    return read_directories(file, size).fault


def _jpeg(file: BinaryIO, size: int) -> str:
    """Walk the segments to the scan, then look for the end marker after it (a thumbnail has an end marker too)."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        marker = _read(file, at, 4)
        if len(marker) < 4 or marker[0] != 0xFF:  # noqa: PLR2004 - T.81 §B.1.1.2: a marker is FF and a code
            return "its header is cut or damaged"
        if marker[1] == 0xDA:  # noqa: PLR2004 - T.81 table B.1: start of scan
            break
        at += 2 + struct.unpack(">H", marker[2:])[0]
    else:
        return "its header has no end"
    return "" if b"\xff\xd9" in _read(file, max(at, size - _TAIL), _TAIL) else "its end marker is missing"


def _png(file: BinaryIO, size: int) -> str:
    return "" if b"IEND\xaeB`\x82" in _read(file, max(8, size - _PDF_TAIL), _PDF_TAIL) else "its end chunk is missing"


def _heif(file: BinaryIO, size: int) -> str:
    at = 0
    for _ in range(_MAX_BOXES):
        if at == size:
            return ""
        box = _read(file, at, 16)
        if len(box) < 8:  # noqa: PLR2004 - 14496-12 §4.2: a box has a length and a type
            return "its last box is cut"
        length = struct.unpack(">I", box[:4])[0]
        if length == 0:  # the last box, up to the end of the file
            return ""
        if length == 1 and len(box) == 16:  # noqa: PLR2004 - 14496-12 §4.2: a 64-bit length follows
            length = struct.unpack(">Q", box[8:])[0]
        if length < 8 or at + length > size:  # noqa: PLR2004 - shorter than its own header
            return "a box reaches beyond its end"
        at += length
    return "it has too many boxes"


def _read(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


_KINDS: tuple[tuple[str, Callable[[bytes], bool], Callable[[BinaryIO, int], str]], ...] = (
    ("application/pdf", lambda head: b"%PDF-" in head, _pdf),
    ("image/tiff", is_tiff, _tiff),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff"), _jpeg),
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    ("image/heic", lambda head: head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS, _heif),
)
